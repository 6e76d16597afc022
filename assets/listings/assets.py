"""The day's records: every raw object parsed, cleaned and listed, or quarantined with its reason."""

from datetime import date

import dagster as dg
import polars as pl

from assets.fetching.table import fetches_frame
from assets.listings.records import read_day
from assets.raw.assets import RAW_KEYS
from assets.sources import SOURCES_BY_NAME
from orchestration import versions
from orchestration.partitions import DAYS, ONE_RUN_A_DAY
from orchestration.resources.installation import Installation
from orchestration.resources.raw_store import ManifestEntry
from orchestration.run_metadata import OWNERS, sample_of, step, table_of

#: Columns of ``ops.raw_objects``.
RAW_OBJECTS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "dt": pl.Date,
    "source": pl.String,
    "raw_key": pl.String,
    "raw_sha256": pl.String,
    "size": pl.Int64,
    "name": pl.String,
    "records": pl.Int64,
    "fetched_at": pl.Datetime("us", "UTC"),
}


@dg.asset(
    deps=RAW_KEYS,
    group_name="listings",
    kinds={"polars", "parquet"},
    owners=OWNERS,
    code_version=versions.LISTINGS,
    partitions_def=DAYS,
    backfill_policy=ONE_RUN_A_DAY,
)
def listings(context: dg.AssetExecutionContext, litlake: dg.ResourceParam[Installation]) -> dg.MaterializeResult[None]:
    """Canonical records of every source's raw objects of the day; what cannot be read is quarantined."""
    dt = date.fromisoformat(context.partition_key)
    with step(context):
        entries = litlake.raw.day(dt)
        day = read_day(
            (entry.raw, SOURCES_BY_NAME[entry.raw.source].read, litlake.raw.open(entry.raw)) for entry in entries
        )
        raw_objects = _raw_objects(entries)
        stage = litlake.staging.write
        objects = stage(dt, context.run.run_id, "raw_objects", raw_objects)
        stage(dt, context.run.run_id, "records", day.records, made_from=[objects])
        stage(dt, context.run.run_id, "quarantine", day.quarantine, made_from=[objects])
        for name, frame in day.details.items():
            stage(dt, context.run.run_id, name, frame, made_from=[objects])
        stage(dt, context.run.run_id, "fetches", fetches_frame(litlake.services.current(dt)), made_from=[objects])
    read = int(raw_objects["records"].sum())
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": day.records.height,
            "records read": read,
            "listed": day.records.height,
            "quarantined": day.quarantine.height,
            "with abstract": day.records.height - day.records["abstract"].null_count(),
            **{name: frame.height for name, frame in day.details.items() if frame.height},
            "by source": table_of(_by_source(raw_objects, day.records, day.quarantine).iter_rows(named=True)),
            "sample": sample_of(day.records, "source", "source_id", "title"),
            "quarantine": sample_of(day.quarantine, "source", "record_index", "reason", "detail"),
        }
    )


def _raw_objects(entries: list[ManifestEntry]) -> pl.DataFrame:
    rows = [
        {
            "dt": entry.raw.dt,
            "source": entry.raw.source,
            "raw_key": entry.raw.key,
            "raw_sha256": entry.raw.sha256,
            "size": entry.raw.size,
            "name": entry.raw.name,
            "records": entry.records,
            "fetched_at": entry.raw.fetched_at,
        }
        for entry in entries
    ]
    return pl.DataFrame(rows, schema=RAW_OBJECTS_SCHEMA).sort("raw_key")


def _by_source(read: pl.DataFrame, listed: pl.DataFrame, quarantined: pl.DataFrame) -> pl.DataFrame:
    counts = read.group_by("source").agg(read=pl.col("records").sum())
    for name, frame in (("listed", listed), ("quarantined", quarantined)):
        counts = counts.join(frame.group_by("source").agg(pl.len().alias(name)), on="source", how="left")
    return counts.fill_null(0).sort("source")
