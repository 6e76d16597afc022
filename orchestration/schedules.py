"""When days run by themselves."""

from datetime import timedelta

import dagster as dg

from orchestration.jobs import day_job


#: The day before, every morning: sources close their day at midnight UTC or some hours later. The job's partitions
#: include the current day, which is not over: two days back from the end is yesterday.
@dg.schedule(
    name="yesterday",
    job=day_job,
    cron_schedule="0 6 * * *",
    execution_timezone="UTC",
    description="Every morning (06:00 UTC), the day before.",
)
def daily_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """A run of the day before the tick; one run a day, however often the tick is evaluated."""
    day = (context.scheduled_execution_time.date() - timedelta(days=1)).isoformat()
    return dg.RunRequest(run_key=day, partition_key=day)
