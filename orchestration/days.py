"""The days of this installation: which there are, and how a user names one. Knows nothing of Dagster, so that the
command line answers at once.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from orchestration.settings import load_settings


class DayError(ValueError):
    """A text that names no day of this installation; says which days there are."""


def first_day() -> date:
    """The first listing day that can be run."""
    return load_settings().first_day


def today() -> date:
    """The current day (UTC): the last daily partition."""
    return datetime.now(UTC).date()


def parse_day(text: str) -> date:
    """A day of this installation.

    Raises:
        DayError: No date, a day before the first partition, or a day to come.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as invalid:
        raise DayError(f"{text!r} is no day: write it as YYYY-MM-DD.") from invalid
    if not first_day() <= day <= today():
        raise DayError(
            f"{text} is outside the days of this installation, {first_day()} to {today()}: "
            "LITLAKE_FIRST_DAY moves the first one."
        )
    return day


def days_between(first: date, last: date) -> list[date]:
    """Every day from first to last, both included; none if last is before first."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
