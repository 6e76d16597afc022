"""Links in one day's papers."""

from __future__ import annotations

import polars as pl

from expectations.formats import HTTP_URL
from expectations.suite import IN_SET, MATCH, NOT_NULL, Expectation, Suite

#: What a link is to its paper.
ROLES = ("code", "data", "model", "demo", "project", "api", "leaderboard", "other")

SUITE = Suite(
    table="resources",
    key=("paper_id",),
    derived={
        "url_or_blank": pl.col("url").fill_null(""),
        "role_or_blank": pl.col("role").fill_null(""),
        "host_or_null": pl.when(pl.col("host").str.strip_chars() != "").then(pl.col("host")),
    },
    expectations=(
        Expectation(
            check="url_http",
            kind=MATCH,
            kwargs={"column": "url_or_blank", "regex": HTTP_URL},
            expected="Every link is an http or https address",
            show=("url",),
        ),
        Expectation(
            check="host_not_null",
            kind=NOT_NULL,
            kwargs={"column": "host_or_null"},
            expected="Every link names its host",
            show=("url",),
        ),
        Expectation(
            check="known_role",
            kind=IN_SET,
            kwargs={"column": "role_or_blank", "value_set": list(ROLES)},
            expected=f"The role of a link is one of {', '.join(ROLES)}",
            show=("role", "url"),
        ),
    ),
)
