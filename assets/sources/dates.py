"""Dates as sources write them, read to the first day of what they name, and what is plausible for one.

Every reader here returns None for what it cannot read; none raises. What does not belong here: which field of a source
holds which date, and whether an implausible one is a fault of the record (`assets.sources.<source>`).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from assets.sources.base import RawObject

#: Nothing that is listed was published before this day: the first journals are of 1665.
EARLIEST = date(1600, 1, 1)

#: Journals date their issues ahead, seldom by more than a year. Two years, whichever of them are leap years.
PUBLICATION_HORIZON = timedelta(days=2 * 366)

#: A listing may be dated by a clock east of ours.
LISTING_HORIZON = timedelta(days=1)

_DAY = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_MONTH = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})")
_YEAR = re.compile(r"[0-9]{4}")
_TIMESTAMP = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}(?:[T ][0-9:.,]+ ?(?:Z|[+-][0-9:]+)?)?", re.IGNORECASE)

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}

#: The months that PubMed itself sorts seasons by (PubMed help, "Publication date").
_SEASONS = {"winter": 1, "spring": 4, "summer": 7, "fall": 10, "autumn": 10}

_ISSUE_YEAR = re.compile(r"(?<![0-9])([0-9]{4})(?![0-9])")
_NAMED_MONTH = re.compile(r"\b(" + "|".join(_MONTHS) + r")[a-z]*\b\.?(?:\s+([0-9]{1,2})(?![0-9]))?", re.IGNORECASE)
_SEASON = re.compile(r"\b(" + "|".join(_SEASONS) + r")\b", re.IGNORECASE)
_QUARTER = re.compile(r"\b([1-4])(?:st|nd|d|rd|th)?\s+quart", re.IGNORECASE)
_NUMBERED_MONTH = re.compile(r"[\s/-]+([0-9]{1,2})(?![0-9])(?:[\s/-]+([0-9]{1,2})(?![0-9]))?")


def parse_day(value: object) -> date | None:
    """The day that an ISO date or datetime names, in UTC where it names a zone.

    Numbers are refused: a number could be a year, an epoch in seconds or one in milliseconds. So are months and years,
    which name no day.
    """
    if not isinstance(value, str):
        return None
    text = value.strip()
    if parts := _DAY.fullmatch(text):
        return _exact_day(*map(int, parts.groups()))
    if not _TIMESTAMP.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r" (?=Z|[+-])", "", text))
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):  # the 31st of April; a zone that leads out of the years 1 to 9999
        return None


def parse_date(value: object) -> date | None:
    """As `parse_day`, and the first day of a month (``2025-03``) or a year (``2025``, also as a number)."""
    if isinstance(value, float) and value.is_integer():  # 2021.0: exported tables
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    if isinstance(value, int):
        return _exact_day(value, 1, 1) if 1000 <= value <= 9999 else None
    text = value.strip()
    if _YEAR.fullmatch(text):
        return _exact_day(int(text), 1, 1)
    if parts := _MONTH.fullmatch(text):
        return _exact_day(int(parts[1]), int(parts[2]), 1)
    return parse_day(text)


def parse_issue_date(text: str | None) -> date | None:
    """First day of what the date of a journal issue names, as NLM writes it.

    Reads ``1998 Dec-1999 Jan``, ``2000 Spring``, ``2000 Dec 23-30``, ``2001 3d Quart``, ``2009 02 14``, ``1944-1945``.
    An impossible day falls back to its month, an impossible month to its year: the rest of the date still holds.
    """
    found = _ISSUE_YEAR.search(text or "")
    if text is None or found is None:
        return None
    year = int(found[1])
    if named := _NAMED_MONTH.search(text):
        return _nearest_day(year, _MONTHS[named[1].lower()], int(named[2] or 1))
    if season := _SEASON.search(text):
        return _nearest_day(year, _SEASONS[season[1].lower()], 1)
    if quarter := _QUARTER.search(text):
        return _nearest_day(year, 3 * int(quarter[1]) - 2, 1)
    if numbered := _NUMBERED_MONTH.match(text, found.end()):
        return _nearest_day(year, int(numbered[1]), int(numbered[2] or 1))
    return _exact_day(year, 1, 1)


def publication_fault(published: date | None, raw: RawObject) -> str | None:
    """Why a publication date cannot be true, given when its listing came; None where it can."""
    return _fault("publication date", published, raw, PUBLICATION_HORIZON)


def listing_fault(listed: date | None, raw: RawObject) -> str | None:
    """Why a record's own listing date cannot be true, given when its listing came; None where it can."""
    return _fault("listing date", listed, raw, LISTING_HORIZON)


def usable_day(value: object, today: date) -> date | None:
    """The listing day that a field names, or None where it names none that could be one on ``today``."""
    day = parse_day(value)
    return day if day is not None and EARLIEST <= day <= _after(today, LISTING_HORIZON) else None


def _fault(kind: str, day: date | None, raw: RawObject, horizon: timedelta) -> str | None:
    if day is None:
        return None
    if day < EARLIEST:
        return f"{kind} {day} lies before {EARLIEST.year}"
    latest = _after(max(raw.dt, raw.fetched_at.date()), horizon)
    return f"{kind} {day} lies after {latest}, too far ahead of the listing" if day > latest else None


def _after(day: date, span: timedelta) -> date:
    return day + span if day <= date.max - span else date.max


def _exact_day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _nearest_day(year: int, month: int, day: int) -> date | None:
    return _exact_day(year, month, day) or _exact_day(year, month, 1) or _exact_day(year, 1, 1)
