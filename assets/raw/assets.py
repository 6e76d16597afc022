"""One raw asset a source: what has landed and what is fetched for the day becomes immutable objects and a manifest.

All of them are one step: services are asked at once, each host at its own pace, and a day waits for the slowest of them
and not for their sum.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from assets.sources import SOURCES
from orchestration import versions
from orchestration.partitions import DAYS, ONE_RUN_A_DAY
from orchestration.resources.installation import Installation
from orchestration.resources.raw_store import ManifestEntry
from orchestration.run_metadata import OWNERS, step, table_of

RAW_KEYS = tuple(dg.AssetKey(["raw", source.name]) for source in SOURCES)


@dg.multi_asset(
    name="raw",
    specs=[
        dg.AssetSpec(
            ["raw", source.name],
            description=source.description,
            group_name="raw",
            kinds={"s3"},
            owners=OWNERS,
            code_version=versions.RAW,
            skippable=False,
        )
        for source in SOURCES
    ],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN_A_DAY,
    can_subset=True,
)
def raw_assets(context: dg.AssetExecutionContext, litlake: dg.ResourceParam[Installation]) -> Iterator[Any]:
    """Fetches what is due for the day, takes in what has landed, and writes each source's manifest of the day."""
    dt = date.fromisoformat(context.partition_key)
    chosen = [source for source in SOURCES if dg.AssetKey(["raw", source.name]) in context.selected_asset_keys]
    with step(context):
        litlake.services.fetch_due(dt, {source.name for source in chosen})
        fetched = litlake.services.pages(dt)
        manifests = {source.name: litlake.raw.ingest(source, dt, fetched.get(source.name, ())) for source in chosen}
    for name, entries in manifests.items():
        yield dg.MaterializeResult(asset_key=["raw", name], metadata=_described(entries))


def _described(entries: list[ManifestEntry]) -> dict[str, Any]:
    if not entries:
        return {"dagster/row_count": 0}
    return {
        "dagster/row_count": sum(entry.records for entry in entries),
        "objects": len(entries),
        "bytes": sum(entry.raw.size for entry in entries),
        "manifest": table_of(
            {
                "name": entry.raw.name,
                "query": entry.request["query"] if entry.request else None,
                "records": entry.records,
                "bytes": entry.raw.size,
                "sha256": entry.raw.sha256[:12],
                "fetched_at": entry.raw.fetched_at.isoformat(timespec="seconds"),
            }
            for entry in entries
        ),
    }
