"""When days run by themselves."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from orchestration.jobs import day_job
from orchestration.resources.installation import Installation


#: The day before, every morning: sources close their day at midnight UTC or some hours later. The job's partitions
#: include the current day, which is not over: two days back from the end is yesterday.
@dg.schedule(
    name="yesterday",
    job=day_job,
    cron_schedule="0 6 * * *",
    execution_timezone="UTC",
    description="Every morning (06:00 UTC), the day before, and the days that saved queries look back on.",
)
def daily_schedule(
    context: dg.ScheduleEvaluationContext, litlake: dg.ResourceParam[Installation]
) -> Iterator[dg.RunRequest]:
    """Runs of the days before the tick; one run a day and morning, however often the tick is evaluated."""
    tick = context.scheduled_execution_time.date()
    longest = max((query.config.look_back for query in litlake.services.queries), default=0)
    for age in range(1, 2 + longest):
        day = (tick - timedelta(days=age)).isoformat()
        yield dg.RunRequest(run_key=day if age == 1 else f"{day} on {tick}", partition_key=day)
