"""The suites, one module a table: data, not logic."""

from __future__ import annotations

from expectations.suite import Suite
from expectations.suites import annotations as annotations_suite
from expectations.suites import embeddings, papers, records, resources

#: Every suite, in the order in which a day's tables come to be.
SUITES: tuple[Suite, ...] = (
    records.SUITE,
    papers.SUITE,
    embeddings.SUITE,
    annotations_suite.SUITE,
    resources.SUITE,
)
