"""The suites, one module a table: data, not logic."""

from __future__ import annotations

from expectations.suite import Suite
from expectations.suites.annotations import SUITE as ANNOTATIONS
from expectations.suites.embeddings import SUITE as EMBEDDINGS
from expectations.suites.papers import SUITE as PAPERS
from expectations.suites.records import SUITE as RECORDS
from expectations.suites.resources import SUITE as RESOURCES

#: Every suite, in the order in which a day's tables come to be.
SUITES: tuple[Suite, ...] = (RECORDS, PAPERS, RESOURCES, EMBEDDINGS, ANNOTATIONS)
