"""Papers of one day, as the dbt day models make them: one row a work."""

from __future__ import annotations

import polars as pl

from expectations.formats import ARXIV_ID_FORMAT, DOI_FORMAT, PMCID_FORMAT, PMID_FORMAT, SHA256, visible
from expectations.suite import MATCH, NOT_NULL, UNIQUE, Expectation, Suite

SUITE = Suite(
    table="papers",
    key=("paper_id",),
    derived={
        "visible_title": visible("title"),
        "text_sha256_or_blank": pl.col("text_sha256").fill_null(""),
    },
    expectations=(
        Expectation(
            check="paper_id_not_null",
            kind=NOT_NULL,
            kwargs={"column": "paper_id"},
            expected="Every paper has an id",
            show=("title",),
        ),
        Expectation(
            check="unique_paper_ids",
            kind=UNIQUE,
            kwargs={"column": "paper_id"},
            expected="A work stands once among the papers of a day",
            show=("title",),
        ),
        Expectation(
            check="title_not_empty",
            kind=NOT_NULL,
            kwargs={"column": "visible_title"},
            expected="Every paper has a title with something to read in it",
            show=("title",),
        ),
        Expectation(
            check="text_sha256_format",
            kind=MATCH,
            kwargs={"column": "text_sha256_or_blank", "regex": SHA256},
            expected="Every paper has the SHA-256 of its text, 64 lower-case hex digits",
            show=("text_sha256",),
        ),
        DOI_FORMAT,
        PMID_FORMAT,
        PMCID_FORMAT,
        ARXIV_ID_FORMAT,
    ),
)
