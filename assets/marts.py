"""dbt on the lake: what users query, brought up to date with the releases."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from assets.day_models import LitlakeTranslator, described
from orchestration.partitions import DAYS, ONE_RUN_A_DAY
from orchestration.publication import MART_SELECTION, build_marts
from orchestration.resources.dbt import dagster_events
from orchestration.resources.installation import Installation
from orchestration.run_metadata import step


def mart_assets(manifest: Mapping[str, Any], pool: str | None) -> dg.AssetsDefinition:
    """The marts as assets of the day that was released last; every run brings all of them up to date."""
    translator = LitlakeTranslator()

    @dbt_assets(
        manifest=manifest,
        select=MART_SELECTION,
        name="marts",
        partitions_def=DAYS,
        backfill_policy=ONE_RUN_A_DAY,
        dagster_dbt_translator=translator,
        pool=pool,
    )
    def marts(context: dg.AssetExecutionContext, litlake: dg.ResourceParam[Installation]) -> Iterator[Any]:
        with step(context):
            built = build_marts(litlake)
            seen = _seen(litlake)
        if built is None:
            for key in context.selected_asset_keys:
                yield dg.MaterializeResult(asset_key=key, metadata={**seen.get(key.path[-1], {}), "state": "current"})
            return
        run = dagster_events(built, context=context, manifest=manifest, translator=translator)
        yield from described(run, seen)

    return marts


def _seen(litlake: Installation) -> dict[str, dict[str, Any]]:
    counts = {}
    with litlake.lake.connect() as connection:
        for mart in ("corpus", "daily_overview"):
            row = connection.execute(f"SELECT count(*) FROM lake.marts.{mart}").fetchone()
            counts[mart] = {"dagster/row_count": row[0] if row else 0}
    return counts
