"""One raw asset a source: what has landed for the day becomes immutable objects and a manifest."""

from datetime import date

import dagster as dg

from assets.sources import SOURCES
from assets.sources.base import Source
from orchestration import versions
from orchestration.partitions import DAYS, ONE_RUN_A_DAY
from orchestration.resources.installation import Installation
from orchestration.run_metadata import OWNERS, step, table_of


def raw_asset(source: Source) -> dg.AssetsDefinition:
    """The raw asset of one source."""

    @dg.asset(
        name=source.name,
        key_prefix="raw",
        description=source.description,
        group_name="raw",
        kinds={"s3"},
        owners=OWNERS,
        code_version=versions.RAW,
        partitions_def=DAYS,
        backfill_policy=ONE_RUN_A_DAY,
    )
    def ingest(
        context: dg.AssetExecutionContext, litlake: dg.ResourceParam[Installation]
    ) -> dg.MaterializeResult[None]:
        with step(context):
            entries = litlake.raw.ingest(source, date.fromisoformat(context.partition_key))
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(entry.records for entry in entries),
                "objects": len(entries),
                "bytes": sum(entry.raw.size for entry in entries),
                "manifest": table_of(
                    {
                        "name": entry.raw.name,
                        "records": entry.records,
                        "bytes": entry.raw.size,
                        "sha256": entry.raw.sha256[:12],
                        "fetched_at": entry.raw.fetched_at.isoformat(timespec="seconds"),
                    }
                    for entry in entries
                ),
            }
        )

    return ingest


RAW_ASSETS = [raw_asset(source) for source in SOURCES]
