"""Canonical records of one day, before dbt."""

from __future__ import annotations

from datetime import date
from typing import get_args

import polars as pl

from assets.sources.base import Status
from expectations.formats import (
    ARXIV_ID_FORMAT,
    DOI_FORMAT,
    HTTP_URL,
    LANGUAGE,
    LISTING_ID,
    PMID_FORMAT,
    RAW_KEY,
    SHA256,
    visible,
)
from expectations.suite import IN_SET, MATCH, NO_MATCH, NOT_NULL, UNIQUE, Expectation, Parameter, Suite

DAY = Parameter("day")

#: The first journals appeared in 1665; an earlier date is a parser's mistake.
EARLIEST_PUBLICATION = date(1600, 1, 1)

#: Issues are dated ahead, but not by more than this.
LATEST_PUBLICATION = "2y"

#: What listing pages glue to titles: the newsletter line, and a button's "Subscribe" with no space after it.
PAGE_FURNITURE = r"[Gg]et trending papers|^\s*Subscribe(?:[A-Z0-9]|\s*\Z)"

SUITE = Suite(
    table="records",
    key=("source", "source_id"),
    defaults={"min_abstract_share": 0.6},
    derived={
        # A deletion names a record and says nothing else of it.
        "listed": pl.col("status").ne_missing("deleted"),
        "visible_title": visible("title"),
        "visible_abstract": visible("abstract"),
        "dt_or_blank": pl.col("dt").cast(pl.String).fill_null(""),
        "status_or_blank": pl.col("status").fill_null(""),
        "raw_key_or_blank": pl.col("raw_key").fill_null(""),
        "text_sha256_or_blank": pl.col("text_sha256").fill_null(""),
        "lower_url": pl.col("url").str.to_lowercase(),
        # The later of the two bounds the future: an old day that is landed today lists papers of today.
        "latest_publication": pl.max_horizontal(DAY.column, pl.col("fetched_at").dt.date()).dt.offset_by(
            LATEST_PUBLICATION
        ),
        "published_plausibly": pl.col("published_on").is_between(EARLIEST_PUBLICATION, pl.col("latest_publication")),
    },
    expectations=(
        Expectation(
            check="listing_id_not_null",
            kind=NOT_NULL,
            kwargs={"column": "listing_id"},
            expected="Every listing has an id",
            show=("raw_key",),
        ),
        Expectation(
            check="unique_listing_ids",
            kind=UNIQUE,
            kwargs={"column": "listing_id"},
            expected="No two listings of the day have the same id",
        ),
        Expectation(
            check="listing_id_format",
            kind=MATCH,
            kwargs={"column": "listing_id", "regex": LISTING_ID},
            expected="A listing id is 32 lower-case hex digits",
        ),
        Expectation(
            check="source_not_null",
            kind=NOT_NULL,
            kwargs={"column": "source"},
            expected="Every listing names its source",
        ),
        Expectation(
            check="source_id_not_null",
            kind=NOT_NULL,
            kwargs={"column": "source_id"},
            expected="Every listing has an identifier within its source",
        ),
        Expectation(
            check="dt_is_the_day",
            kind=IN_SET,
            kwargs={"column": "dt_or_blank", "value_set": [DAY]},
            expected="Every listing is of the day that is checked",
            show=("dt",),
        ),
        Expectation(
            check="title_not_empty",
            kind=NOT_NULL,
            kwargs={"column": "visible_title"},
            expected="Every listing that is not a deletion has a title with something to read in it",
            where="listed",
        ),
        Expectation(
            check="no_page_furniture",
            kind=NO_MATCH,
            kwargs={"column": "title", "regex": PAGE_FURNITURE},
            expected="No title carries words of the page around it: a newsletter line, a button",
            where="listed",
        ),
        Expectation(
            check="abstract_share",
            kind=NOT_NULL,
            kwargs={"column": "visible_abstract", "mostly": Parameter("min_abstract_share")},
            expected="Of the listings that are not deletions, at least this share has an abstract",
            where="listed",
            show=(),
        ),
        Expectation(
            check="plausible_dates",
            kind=IN_SET,
            kwargs={"column": "published_plausibly", "value_set": [True]},
            expected=(
                "A publication date, where there is one, is between 1600 and two years after the day or the fetch, "
                "whichever is later"
            ),
            show=("published_on",),
        ),
        Expectation(
            check="fetched_at_not_null",
            kind=NOT_NULL,
            kwargs={"column": "fetched_at"},
            expected="Every listing says when its bytes were fetched",
        ),
        Expectation(
            check="text_sha256_format",
            kind=MATCH,
            kwargs={"column": "text_sha256_or_blank", "regex": SHA256},
            expected="Every listing that is not a deletion has the SHA-256 of its text, 64 lower-case hex digits",
            where="listed",
            show=("text_sha256",),
        ),
        Expectation(
            check="raw_key_format",
            kind=MATCH,
            kwargs={"column": "raw_key_or_blank", "regex": RAW_KEY},
            expected="Every listing names the raw object it came from, under raw/",
            show=("raw_key",),
        ),
        Expectation(
            check="known_status",
            kind=IN_SET,
            kwargs={"column": "status_or_blank", "value_set": list(get_args(Status))},
            expected=f"The status of a listing is one of {', '.join(get_args(Status))}",
            show=("status",),
        ),
        DOI_FORMAT,
        PMID_FORMAT,
        ARXIV_ID_FORMAT,
        Expectation(
            check="language_format",
            kind=MATCH,
            kwargs={"column": "language", "regex": LANGUAGE},
            expected="A language, where there is one, is an ISO 639 code of two or three lower-case letters",
            required=False,
        ),
        Expectation(
            check="url_http",
            kind=MATCH,
            kwargs={"column": "lower_url", "regex": HTTP_URL},
            expected="A landing page, where there is one, is an http or https address",
            show=("url",),
        ),
    ),
)
