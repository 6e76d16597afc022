"""Labels on one day's papers."""

from __future__ import annotations

import polars as pl

from assets.enrichment.taxonomy import SCHEMES
from expectations.suite import BETWEEN, IN_SET, NOT_NULL, UNIQUE_TOGETHER, Expectation, Suite

#: Between scheme and label; no scheme has it in its name.
_SEPARATOR = ": "

SUITE = Suite(
    table="annotations",
    key=("paper_id", "scheme"),
    derived={
        "paper_id_or_blank": pl.col("paper_id").fill_null(""),
        "scheme_or_blank": pl.col("scheme").fill_null(""),
        "known_scheme": pl.col("scheme").is_in(list(SCHEMES)),
        "scheme_and_label": pl.concat_str(pl.col("scheme"), pl.col("label").fill_null(""), separator=_SEPARATOR),
        # Outside 0 to 1 where there is none: a null would be passed over.
        "score_or_less": pl.col("score").fill_nan(None).fill_null(-1.0),
    },
    expectations=(
        Expectation(
            check="paper_id_not_null",
            kind=NOT_NULL,
            kwargs={"column": "paper_id"},
            expected="Every annotation names its paper",
            show=("label",),
        ),
        Expectation(
            check="known_scheme",
            kind=IN_SET,
            kwargs={"column": "scheme_or_blank", "value_set": list(SCHEMES)},
            expected=f"The scheme is one of {', '.join(SCHEMES)}",
            show=("label",),
        ),
        Expectation(
            check="label_of_the_scheme",
            kind=IN_SET,
            kwargs={
                "column": "scheme_and_label",
                "value_set": [f"{name}{_SEPARATOR}{label}" for name in SCHEMES for label in SCHEMES[name].labels],
            },
            expected="A label is one of its scheme's",
            where="known_scheme",
            show=("label",),
        ),
        Expectation(
            check="score_between_0_and_1",
            kind=BETWEEN,
            kwargs={"column": "score_or_less", "min_value": 0, "max_value": 1},
            expected="Every annotation has a score between 0 and 1",
            show=("score",),
        ),
        Expectation(
            check="one_label_an_annotator",
            kind=UNIQUE_TOGETHER,
            kwargs={"column_list": ["paper_id", "scheme", "annotator"]},
            expected="An annotator gives a paper one label a scheme",
            show=("annotator", "label"),
        ),
    ),
)
