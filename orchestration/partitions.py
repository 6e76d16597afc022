"""The one partitioning of everything daily: listing days in UTC, today included."""

from __future__ import annotations

from datetime import UTC, date, datetime

import dagster as dg

from orchestration.settings import load_settings

#: A file may be landed for today, and its day be run, before the day is over.
DAYS = dg.DailyPartitionsDefinition(start_date=load_settings().first_day, timezone="UTC", end_offset=1)

#: A ranged run would record checks without their day, and verdicts are per day.
ONE_RUN_A_DAY = dg.BackfillPolicy.multi_run(1)


class DayError(ValueError):
    """A text that names no day of this installation; says which days there are."""


def first_day() -> date:
    """The first daily partition."""
    return DAYS.start.date()


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
