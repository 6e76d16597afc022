"""Vectors of one day's texts by one model.

Great Expectations never sees a vector: what is asked of it is computed here as one number a row.
"""

from __future__ import annotations

import polars as pl

from assets.enrichment.embedding import UNIT_TOLERANCE
from expectations.formats import SHA256
from expectations.suite import BETWEEN, IN_SET, MATCH, UNIQUE, Expectation, Parameter, Suite

DIM = Parameter("dim")

#: In double precision, so that summing the squares adds no error of its own.
_NUMBERS = pl.col("vector").cast(pl.List(pl.Float64))

SUITE = Suite(
    table="embeddings",
    key=("text_sha256",),
    derived={
        "text_sha256_or_blank": pl.col("text_sha256").fill_null(""),
        "dim_or_zero": pl.col("dim").fill_null(0),
        "vector_length": _NUMBERS.list.len().fill_null(0),
        # Infinite for a vector that is missing or holds NaN: pandas would take NaN for a null, and Great
        # Expectations would pass over it.
        "vector_norm": _NUMBERS.list.eval(pl.element() ** 2)
        .list.sum()
        .sqrt()
        .fill_nan(float("inf"))
        .fill_null(float("inf")),
        "finite": _NUMBERS.list.eval(pl.element().is_finite().fill_null(False)).list.all().fill_null(False),
    },
    expectations=(
        Expectation(
            check="unique_texts",
            kind=UNIQUE,
            kwargs={"column": "text_sha256"},
            expected="A text has one vector",
        ),
        Expectation(
            check="text_sha256_format",
            kind=MATCH,
            kwargs={"column": "text_sha256_or_blank", "regex": SHA256},
            expected="Every vector names its text by SHA-256, 64 lower-case hex digits",
        ),
        Expectation(
            check="dimension_of_the_model",
            kind=IN_SET,
            kwargs={"column": "dim_or_zero", "value_set": [DIM]},
            expected="The dimension that is recorded is the model's",
            show=("dim",),
        ),
        Expectation(
            check="vectors_dimension",
            kind=IN_SET,
            kwargs={"column": "vector_length", "value_set": [DIM]},
            expected="A vector has as many numbers as the model's dimension",
        ),
        Expectation(
            check="vectors_finite",
            kind=IN_SET,
            kwargs={"column": "finite", "value_set": [True]},
            expected="No number of a vector is missing, infinite or not a number",
        ),
        Expectation(
            check="vectors_unit_length",
            kind=BETWEEN,
            kwargs={"column": "vector_norm", "min_value": 1 - UNIT_TOLERANCE, "max_value": 1 + UNIT_TOLERANCE},
            expected=f"A vector has length 1 within {UNIT_TOLERANCE:g}",
        ),
    ),
)
