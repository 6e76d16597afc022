"""The checks of a whole day: each passes good frames and refuses its own fault, by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from inspect import getmembers, isfunction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations import day_checks
from expectations.day_checks import (
    DAY_CHECKS,
    conservation,
    every_paper_annotated,
    every_paper_embedded,
    fetched_as_announced,
    lineage,
    plausible_dt,
    quarantined_share,
    something_listed,
    volume,
)
from expectations.verdicts import MAX_CHARACTERS, ExpectationError, Verdict

DAY = date(2026, 3, 14)
PLACES = {"raw_key": pl.String, "record_index": pl.Int64}
READ = {"source": pl.String, "raw_key": pl.String, "record_count": pl.Int64}
SCHEMES = ("domain", "document_type")


def key(number: int) -> str:
    return f"raw/pubmed_xml/dt={DAY}/{number:064x}.xml.gz"


def read(*counts: int | None) -> pl.DataFrame:
    rows = [("pubmed_xml", key(number), count) for number, count in enumerate(counts)]
    return pl.DataFrame(rows, schema=READ, orient="row")


def places(*placed: tuple[int, int | None]) -> pl.DataFrame:
    rows = [(key(number), index) for number, index in placed]
    return pl.DataFrame(rows, schema=PLACES, orient="row")


# Conservation: two objects of three and two records, one of them in quarantine.

LISTED = ((0, 0), (0, 2), (1, 0), (1, 1))
SET_ASIDE = ((0, 1),)


def test_a_day_whose_records_are_all_listed_or_quarantined_conserves_them() -> None:
    verdict = conservation(read(3, 2), places(*LISTED), places(*SET_ASIDE))
    assert verdict.passed
    assert verdict.observed == "5 records in 2 raw objects, each listed or quarantined once"


@pytest.mark.parametrize(
    ("listed", "set_aside", "told"),
    [
        pytest.param(LISTED[1:], SET_ASIDE, "listed 1 + quarantined 1 of 3; missing 0", id="in neither"),
        pytest.param(LISTED, (*SET_ASIDE, (0, 2)), "listed 2 + quarantined 2 of 3; repeated 2", id="in both"),
        pytest.param((*LISTED, (0, 0)), SET_ASIDE, "listed 3 + quarantined 1 of 3; repeated 0", id="listed twice"),
        pytest.param(
            ((0, 0), (0, 0), *LISTED[2:]),
            SET_ASIDE,
            "listed 2 + quarantined 1 of 3; missing 2, repeated 0",
            id="counts agree, positions do not",
        ),
        pytest.param(((0, 0), (0, 3), *LISTED[2:]), SET_ASIDE, "missing 2, outside 3", id="beyond the end"),
        pytest.param(((0, 0), (0, -1), *LISTED[2:]), SET_ASIDE, "missing 2, outside -1", id="before the start"),
        pytest.param(((0, 0), (0, None), *LISTED[2:]), SET_ASIDE, "missing 2, outside null", id="no position"),
    ],
)
def test_a_record_that_is_not_in_one_place_exactly_is_named(
    listed: tuple[tuple[int, int | None], ...], set_aside: tuple[tuple[int, int | None], ...], told: str
) -> None:
    verdict = conservation(read(3, 2), places(*listed), places(*set_aside))
    assert not verdict.passed
    assert verdict.observed.startswith("1 of 2 raw objects differ: pubmed_xml/00000000….xml.gz: listed")
    assert verdict.observed.endswith(told)


def test_an_object_of_which_nothing_came_is_a_loss() -> None:
    verdict = conservation(read(3, 2), places((1, 0), (1, 1)), places())
    assert not verdict.passed
    assert verdict.observed.endswith("listed 0 + quarantined 0 of 3; missing 0 1 2")


def test_records_of_an_object_that_was_never_read_are_refused() -> None:
    verdict = conservation(read(1), places((0, 0), (1, 0)), places())
    assert not verdict.passed
    assert verdict.observed.endswith("listed 1 + quarantined 0, but never counted")


def test_records_that_name_no_object_are_refused() -> None:
    nameless = pl.DataFrame({"raw_key": [None], "record_index": [0]}, schema=PLACES)
    verdict = conservation(read(1), pl.concat([places((0, 0)), nameless]), places())
    assert not verdict.passed
    assert verdict.observed.endswith("no raw_key: listed 1 + quarantined 0, but never counted")


@pytest.mark.parametrize("listed", [places(), places((0, 0))])
def test_an_object_whose_records_were_not_counted_is_refused(listed: pl.DataFrame) -> None:
    verdict = conservation(read(None), listed, places())
    assert not verdict.passed
    assert "never counted" in verdict.observed


def test_an_object_that_stands_twice_in_what_was_read_is_refused() -> None:
    assert not conservation(pl.concat([read(1), read(1)]), places((0, 0)), places()).passed


def test_of_many_objects_that_differ_five_are_named_and_the_rest_counted() -> None:
    verdict = conservation(read(*[30_000] * 8), places(), places())
    assert verdict.observed.startswith("8 of 8 raw objects differ: ")
    assert verdict.observed.count("pubmed_xml/") == 5
    assert verdict.observed.endswith("and 3 more")
    assert len(verdict.observed) < MAX_CHARACTERS


def test_an_object_whose_key_has_another_form_is_named_by_the_start_of_it() -> None:
    foreign = pl.DataFrame([("s", "raw/elsewhere", 1)], schema=READ, orient="row")
    assert "differ: raw/elsewhere: listed 0" in conservation(foreign, places(), places()).observed


def test_a_day_without_raw_objects_loses_nothing() -> None:
    assert conservation(read(), places(), places()).passed


@given(st.lists(st.lists(st.booleans(), max_size=6), max_size=4), st.data())
def test_conservation_holds_for_every_split_and_for_none_that_lacks_a_record(
    objects: list[list[bool]], data: st.DataObject
) -> None:
    everywhere = [(n, i, kept) for n, kinds in enumerate(objects) for i, kept in enumerate(kinds)]
    counts = read(*map(len, objects))

    def check(rows: list[tuple[int, int, bool]]) -> Verdict:
        listed = places(*((n, i) for n, i, kept in rows if kept))
        return conservation(counts, listed, places(*((n, i) for n, i, kept in rows if not kept)))

    assert check(everywhere).passed
    if everywhere:
        lost = data.draw(st.sampled_from(everywhere))
        assert not check([row for row in everywhere if row != lost]).passed
        assert not check([*everywhere, lost]).passed


# Something is listed.


@pytest.mark.parametrize(
    ("counts", "listed", "passed"), [((3,), ((0, 0),), True), ((3,), (), False), ((), (), True), ((0,), (), True)]
)
def test_a_day_that_read_records_and_listed_none_is_refused(
    counts: tuple[int, ...], listed: tuple[tuple[int, int], ...], passed: bool
) -> None:
    verdict = something_listed(read(*counts), places(*listed))
    assert verdict.passed is passed
    assert verdict.observed == f"{sum(counts)} read, {len(listed)} listed"


# Volume.


WEEK = [90, 100, 5000, 80, 120, 100, 100]


@pytest.mark.parametrize(
    ("listed", "passed"), [(20, True), (19, False), (500, True), (501, False), (100, True), (0, False)]
)
def test_a_volume_is_compared_with_the_median_of_released_days(listed: int, passed: bool) -> None:
    verdict = volume(listed, WEEK, low=0.2, high=5.0)
    assert verdict.passed is passed
    assert "the median 100 of 7 released days" in verdict.observed
    assert verdict.expected.endswith("(low = 0.2, high = 5.0)")


@pytest.mark.parametrize("trailing", [[], [100], [100] * 6])
def test_less_than_a_week_of_released_days_is_no_measure_and_the_verdict_says_so(trailing: list[int]) -> None:
    verdict = volume(1, trailing, low=0.2, high=5.0)
    assert verdict.passed
    assert f"{len(trailing)} released days before it are too few" in verdict.observed


def test_days_of_a_handful_of_listings_are_no_measure_and_the_verdict_says_so() -> None:
    verdict = volume(1000, [0, 0, 0, 5, 19, 19, 19], low=0.2, high=5.0)
    assert verdict.passed
    assert "too little to compare" in verdict.observed


def test_the_ratios_of_a_volume_can_be_set_but_not_crossed() -> None:
    assert not volume(89, [100] * 7, low=0.9, high=1.1).passed
    with pytest.raises(ValueError, match="low <= high"):
        volume(100, [100] * 7, low=2, high=1)


# The day itself.


def fetched(*times: datetime | None) -> pl.DataFrame:
    return pl.DataFrame(
        {"listing_id": [f"{i:032x}" for i in range(len(times))], "fetched_at": list(times)},
        schema={"listing_id": pl.String, "fetched_at": pl.Datetime("us", "UTC")},
    )


def test_a_day_may_be_fetched_later_or_where_it_began_before_utc() -> None:
    late, ahead = datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 3, 13, 11, tzinfo=UTC)
    assert plausible_dt(DAY, fetched(late, ahead, None)).passed
    assert plausible_dt(DAY, fetched()).passed


def test_a_day_that_was_fetched_before_it_began_is_refused() -> None:
    verdict = plausible_dt(DAY, fetched(datetime(2026, 3, 12, 23, 59, tzinfo=UTC), datetime(2026, 3, 15, tzinfo=UTC)))
    assert not verdict.passed
    assert f"1 of 2 records fetched before the day: {'0' * 32} (fetched_at 2026-03-12" in verdict.observed


def test_a_day_before_printed_journals_is_refused() -> None:
    assert not plausible_dt(date(1, 1, 1), fetched()).passed


# Quarantine.


def quarantine(*reasons: str | None) -> pl.DataFrame:
    return pl.DataFrame({"reason": list(reasons)}, schema={"reason": pl.String})


def test_a_share_of_damaged_records_above_the_limit_warns_with_its_reasons() -> None:
    damaged = quarantine("missing_title", "malformed_xml", "missing_title", None)
    verdict = quarantined_share(places(*((0, i) for i in range(6))), damaged)
    assert not verdict.passed
    assert not verdict.required
    assert verdict.severity == "warn"
    assert verdict.observed == "4 of 10 records quarantined (40.0%): missing_title 2; malformed_xml 1; no reason 1"
    assert quarantined_share(places(*((0, i) for i in range(6))), damaged, high=0.4).passed


@pytest.mark.parametrize("reason", ["repeated_listing", "superseded_listing"])
def test_records_that_are_only_repeated_are_not_counted(reason: str) -> None:
    verdict = quarantined_share(places((0, 0)), quarantine(*[reason] * 9))
    assert verdict.passed
    assert verdict.observed == "0 of 1 records quarantined (0.0%)"


def test_a_day_without_records_has_no_quarantined_share() -> None:
    assert quarantined_share(places(), quarantine()).observed == "no rows"


# Enrichment.


def papers() -> pl.DataFrame:
    return pl.DataFrame({"paper_id": ["p0", "p1"], "text_sha256": ["a", "b"]})


def embeddings() -> pl.DataFrame:
    return pl.DataFrame(
        {"text_sha256": ["a", "b", "c"], "model": ["m"] * 3, "revision": ["r"] * 3, "dim": [4] * 3},
        schema_overrides={"dim": pl.Int32},
    )


def labelled() -> pl.DataFrame:
    labels = pl.DataFrame({"scheme": SCHEMES, "label": ["clinical", "study"]})
    return papers().join(labels, how="cross")


def test_papers_that_all_have_vectors_of_the_model_pass() -> None:
    assert every_paper_embedded(papers(), embeddings(), "m", "r", 4).passed
    assert every_paper_embedded(papers().clear(), embeddings().clear(), "m", "r", 4).passed


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda frame: frame.filter(pl.col("text_sha256") != "b"), id="no vector"),
        pytest.param(lambda frame: _where_b(frame, "model", "n"), id="another model"),
        pytest.param(lambda frame: _where_b(frame, "revision", "s"), id="another revision"),
        pytest.param(lambda frame: _where_b(frame, "dim", 5), id="another dimension"),
    ],
)
def test_a_paper_without_a_vector_of_the_model_is_named(change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    verdict = every_paper_embedded(papers(), change(embeddings()), "m", "r", 4)
    assert not verdict.passed
    assert verdict.observed == "2 papers, 1 without a vector: p1"
    assert verdict.expected.endswith("(model = m, revision = r, dim = 4)")


def test_a_paper_without_a_text_has_no_vector() -> None:
    textless = papers().with_columns(text_sha256=pl.lit(None, dtype=pl.String))
    nothing = embeddings().with_columns(text_sha256=pl.lit(None, dtype=pl.String))
    assert not every_paper_embedded(textless, nothing, "m", "r", 4).passed


def test_papers_with_a_label_in_every_scheme_pass() -> None:
    assert every_paper_annotated(papers(), labelled(), SCHEMES).passed
    assert every_paper_annotated(papers().clear(), labelled().clear(), SCHEMES).passed


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda frame: frame.filter(~_b_in_domain()), id="no label"),
        pytest.param(lambda frame: _change(frame, _b_in_domain(), "text_sha256", "old"), id="label of an earlier text"),
        pytest.param(lambda frame: _change(frame, _b_in_domain(), "label", None), id="empty label"),
    ],
)
def test_a_paper_that_lacks_a_label_is_named_with_its_scheme(change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    verdict = every_paper_annotated(papers(), change(labelled()), SCHEMES)
    assert not verdict.passed
    assert verdict.observed == "2 papers in 2 schemes, 1 labels lacking: p1 (domain)"


def test_a_gate_that_asks_for_no_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one scheme"):
        every_paper_annotated(papers(), labelled(), ())


def _b_in_domain() -> pl.Expr:
    return (pl.col("paper_id") == "p1") & (pl.col("scheme") == "domain")


def _change(frame: pl.DataFrame, rows: pl.Expr, column: str, value: object) -> pl.DataFrame:
    replaced = pl.when(rows).then(pl.lit(value)).otherwise(pl.col(column))
    return frame.with_columns(replaced.cast(frame.schema[column]).alias(column))


def _where_b(frame: pl.DataFrame, column: str, value: object) -> pl.DataFrame:
    return _change(frame, pl.col("text_sha256") == "b", column, value)


# Lineage.


def test_tables_that_were_made_from_each_other_pass() -> None:
    assert lineage([]).passed


def test_tables_that_were_made_from_earlier_ones_are_refused_by_name() -> None:
    verdict = lineage(["day_papers", "embeddings"])
    assert not verdict.passed
    assert verdict.observed.endswith("day_papers; embeddings")


# All of them.


@pytest.mark.parametrize(
    ("check", "column"),
    [
        (lambda: conservation(read(1).drop("record_count"), places((0, 0)), places()), "record_count"),
        (lambda: conservation(read(1), places((0, 0)).drop("record_index"), places()), "record_index"),
        (lambda: conservation(read(1), places((0, 0)), places().drop("raw_key")), "raw_key"),
        (lambda: something_listed(read(1).drop("record_count"), places()), "record_count"),
        (lambda: plausible_dt(DAY, fetched().drop("fetched_at")), "fetched_at"),
        (lambda: quarantined_share(places(), quarantine().drop("reason")), "reason"),
        (lambda: every_paper_embedded(papers().drop("text_sha256"), embeddings(), "m", "r", 4), "text_sha256"),
        (lambda: every_paper_embedded(papers(), embeddings().drop("revision"), "m", "r", 4), "revision"),
        (lambda: every_paper_annotated(papers().drop("paper_id"), labelled(), SCHEMES), "paper_id"),
        (lambda: every_paper_annotated(papers(), labelled().drop("scheme"), SCHEMES), "scheme"),
    ],
)
def test_a_missing_column_is_no_verdict_but_a_fault_that_names_it(check: Callable[[], Verdict], column: str) -> None:
    with pytest.raises(ExpectationError, match=column):
        check()


def test_every_declared_check_of_a_day_is_a_function_of_that_name() -> None:
    functions = {
        name
        for name, function in getmembers(day_checks, isfunction)
        if function.__module__ == day_checks.__name__ and not name.startswith("_")
    }
    assert functions == {check.check for check in DAY_CHECKS}


# Fetched as announced.

FETCHES = {"service": pl.String, "query": pl.String, "part": pl.String}
COUNTS = {"announced": pl.Int64, "fetched": pl.Int64, "absent": pl.Int64}


def fetches(*rows: tuple[str, int | None, int | None, int]) -> pl.DataFrame:
    return pl.DataFrame([("pubmed", "neuro", *row) for row in rows], schema=FETCHES | COUNTS, orient="row")


def test_lists_of_which_every_announced_record_came_pass() -> None:
    verdict = fetched_as_announced(fetches(("", 120, 120, 0), ("a:b", 7, 5, 2), ("", 0, 0, 0)))
    assert verdict.passed
    assert verdict.observed == "3 lists, 3 of them announced with 127 records"


@pytest.mark.parametrize("fetched", [95, 121, 0])
def test_a_list_that_came_short_or_over_refuses_the_day_by_name(fetched: int) -> None:
    verdict = fetched_as_announced(fetches(("q-bio", 120, fetched, 0), ("cs", 7, 7, 0)))
    assert not verdict.passed and verdict.required
    assert f"pubmed.neuro q-bio: {fetched} of 120" in verdict.observed


def test_a_list_that_is_not_announced_or_not_counted_is_held_against_nothing() -> None:
    assert fetched_as_announced(fetches(("", None, 40, 0), ("file", 1, None, 0))).passed
    assert fetched_as_announced(fetches()).passed
