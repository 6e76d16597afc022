"""dbt on the lake: what users query, brought up to date with the releases."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from assets.day_models import LitlakeTranslator, described
from assets.release.assets import LAKE_POOL
from orchestration.partitions import DAYS, ONE_RUN_A_DAY
from orchestration.resources.dbt import DbtRun, dagster_events, project_fingerprint
from orchestration.resources.installation import Installation
from orchestration.run_metadata import step

MART_SELECTION = "fqn:litlake.marts.*"

#: What the marts were last built from.
BUILT_FROM = "ops/marts.json"


def mart_assets(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """The marts as assets of the day that was released last; every run brings all of them up to date."""
    translator = LitlakeTranslator()

    @dbt_assets(
        manifest=manifest,
        select=MART_SELECTION,
        name="marts",
        partitions_def=DAYS,
        backfill_policy=ONE_RUN_A_DAY,
        dagster_dbt_translator=translator,
        pool=LAKE_POOL,
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


def build_marts(litlake: Installation) -> DbtRun | None:
    """Bring the marts up to date with the newest release; nothing is run, and no snapshot written, if they are."""
    with litlake.lake.writing():
        newest, built_from = _newest(litlake), litlake.store.get_json(BUILT_FROM)
        if built_from == newest:
            return None
        rebuild = built_from is not None and built_from["code"] != newest["code"]
        with litlake.dbt.session(lake=litlake.lake, attach_lake=True) as dbt:
            run = dbt.run(MART_SELECTION, {}, full_refresh=rebuild)
        litlake.store.put_json(BUILT_FROM, newest)
    return run


def marts_are_current(litlake: Installation) -> bool:
    """Whether the marts hold the newest release, made by the code that is here."""
    return bool(litlake.store.get_json(BUILT_FROM) == _newest(litlake))


def _newest(litlake: Installation) -> dict[str, Any]:
    with litlake.lake.connect() as connection:
        row = connection.execute("SELECT max(release_seq) FROM lake.ops.releases").fetchone()
    return {"release_seq": row[0] if row else None, "code": project_fingerprint("models/marts", "macros")}


def _seen(litlake: Installation) -> dict[str, dict[str, Any]]:
    counts = {}
    with litlake.lake.connect() as connection:
        for mart in ("corpus", "daily_overview"):
            row = connection.execute(f"SELECT count(*) FROM lake.marts.{mart}").fetchone()
            counts[mart] = {"dagster/row_count": row[0] if row else 0}
    return counts
