"""Papers of one day, as the dbt day models make them: one row a work."""

from __future__ import annotations

import polars as pl

from expectations.formats import ARXIV_ID_FORMAT, DOI_FORMAT, MATCH, PMCID_FORMAT, PMID_FORMAT, SHA256
from expectations.suite import Expectation, Suite
from expectations.suites.records import INVISIBLE

NOT_NULL = "expect_column_values_to_not_be_null"

_VISIBLE_TITLE = pl.col("title").str.replace_all(INVISIBLE, " ").str.strip_chars()

SUITE = Suite(
    table="papers",
    key=("paper_id",),
    derived={
        "visible_title": pl.when(_VISIBLE_TITLE != "").then(_VISIBLE_TITLE),
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
            kind="expect_column_values_to_be_unique",
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
