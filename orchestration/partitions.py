"""The one partitioning of everything daily: listing days in UTC, today included."""

from __future__ import annotations

import dagster as dg

from orchestration.days import first_day

#: A file may be landed for today, and its day be run, before the day is over.
DAYS = dg.DailyPartitionsDefinition(start_date=first_day().isoformat(), timezone="UTC", end_offset=1)

#: A ranged run would record checks without their day, and verdicts are per day.
ONE_RUN_A_DAY = dg.BackfillPolicy.multi_run(1)
