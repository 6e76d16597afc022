"""Dates are read to the first day of what they name; nothing that a source writes makes a reader raise."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.sources.base import RawObject
from assets.sources.dates import (
    listing_fault,
    parse_date,
    parse_day,
    parse_issue_date,
    publication_fault,
    usable_day,
)


def raw(dt: date, fetched: date) -> RawObject:
    moment = datetime(fetched.year, fetched.month, fetched.day, 12, tzinfo=UTC)
    return RawObject("jsonl", dt, "raw/jsonl/x", "0" * 64, 1, "x.jsonl", moment)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2025-03-14", date(2025, 3, 14)),
        (" 2025/3/4 ", date(2025, 3, 4)),
        ("20250314", date(2025, 3, 14)),
        ("2025-03-14T23:30:00", date(2025, 3, 14)),
        ("2025-03-14T23:30:00Z", date(2025, 3, 14)),
        ("2025-03-14T23:30:00-02:00", date(2025, 3, 15)),
        ("2025-03-14 00:30:00 +01:00", date(2025, 3, 13)),
        ("2025-03-14T10:00:00.123456789Z", date(2025, 3, 14)),
        ("2025-02-30", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2025-03", None),
        ("2025", None),
        ("14 March 2025", None),
        ("2025-W11-5", None),
        ("", None),
        (20250314, None),
        (1741910400, None),
        (None, None),
        (True, None),
        (["2025-03-14"], None),
    ],
)
def test_a_day_is_read_only_where_one_is_named(value: object, day: date | None) -> None:
    assert parse_day(value) == day


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2025-03-14", date(2025, 3, 14)),
        ("2025-03", date(2025, 3, 1)),
        ("2025", date(2025, 1, 1)),
        (2025, date(2025, 1, 1)),
        (2025.0, date(2025, 1, 1)),
        (2025.5, None),
        (float("nan"), None),
        (float("inf"), None),
        (1741910400, None),
        (1741910400000, None),
        (10**400, None),
        (True, None),
        ("2025-13", None),
        ("0000", None),
        ("10.1101/2021.01.01.425001", None),
        ({"year": 2025}, None),
    ],
)
def test_a_date_may_be_a_month_or_a_year_but_no_epoch(value: object, day: date | None) -> None:
    assert parse_date(value) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1998 Dec-1999 Jan", date(1998, 12, 1)),
        ("2000 Spring", date(2000, 4, 1)),
        ("Fall 2018", date(2018, 10, 1)),
        ("2000 Spring-Summer", date(2000, 4, 1)),
        ("2000 Dec 23- 30", date(2000, 12, 23)),
        ("2019 Jan - Feb", date(2019, 1, 1)),
        ("1978 1st Quart", date(1978, 1, 1)),
        ("2001 3d Quart", date(2001, 7, 1)),
        ("1944-1945", date(1944, 1, 1)),
        ("2009 02 14", date(2009, 2, 14)),
        ("2009 2", date(2009, 2, 1)),
        ("2011 September 5", date(2011, 9, 5)),
        ("2008", date(2008, 1, 1)),
        ("2015 Feb 30", date(2015, 2, 1)),
        ("2015 13 01", date(2015, 1, 1)),
        ("2015 Christmas", date(2015, 1, 1)),
        ("0000 Jan", None),
        ("no date", None),
        ("", None),
        (None, None),
    ],
)
def test_an_issue_date_is_the_first_day_of_what_it_names(text: str | None, day: date | None) -> None:
    assert parse_issue_date(text) == day


def test_a_publication_may_be_dated_two_years_ahead_of_its_listing_and_no_more() -> None:
    listing = raw(date(2024, 2, 29), date(2024, 1, 1))
    assert publication_fault(date(2026, 2, 28), listing) is None
    assert "too far ahead" in (publication_fault(date(2026, 3, 5), listing) or "")
    assert "before 1600" in (publication_fault(date(1599, 12, 31), listing) or "")
    assert publication_fault(None, listing) is None


def test_a_listing_fetched_late_allows_later_dates() -> None:
    assert publication_fault(date(2027, 1, 1), raw(date(2024, 1, 1), date(2026, 1, 1))) is None
    assert publication_fault(date.max, raw(date.max, date(2026, 1, 1))) is None


def test_a_record_may_be_listed_one_day_ahead_and_no_more() -> None:
    listing = raw(date(2025, 3, 14), date(2025, 3, 14))
    assert listing_fault(date(2025, 3, 15), listing) is None
    assert listing_fault(date(2025, 3, 16), listing) is not None


def test_a_day_to_split_by_lies_between_1600_and_tomorrow() -> None:
    today = date(2025, 3, 14)
    assert usable_day("2025-03-15", today) == date(2025, 3, 15)
    assert usable_day("2025-03-16", today) is None
    assert usable_day("1599-12-31", today) is None
    assert usable_day("2025-03", today) is None


@given(
    st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.lists(st.text())),
    st.text(alphabet="0123456789 -/JanFebDecSpring.:TZ+", max_size=30),
)
def test_no_value_makes_a_reader_raise(value: object, text: str) -> None:
    for given_value in (value, text):
        parse_day(given_value)
        parse_date(given_value)
    parse_issue_date(text)


@given(st.datetimes(min_value=datetime(1600, 1, 2), max_value=datetime(2999, 1, 1)), st.integers(-14, 14))
def test_a_moment_with_a_zone_is_its_day_in_utc(moment: datetime, hours: int) -> None:
    written = f"{moment:%Y-%m-%dT%H:%M:%S}{hours:+03d}:00"
    assert parse_day(written) == datetime.fromisoformat(written).astimezone(UTC).date()
