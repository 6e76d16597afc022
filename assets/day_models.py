"""dbt on one day: the records become the day's listings, works and links, built and tested in memory of their own.

The models read the day's staged records and nothing else; what they write is staged, not released.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import dagster as dg
import polars as pl
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from orchestration.partitions import DAYS, ONE_RUN_A_DAY
from orchestration.resources.dbt import DbtRun, dagster_events
from orchestration.resources.installation import Installation
from orchestration.run_metadata import OWNERS, sample_of, step

#: By name in the project, not by path: a kept manifest knows no folder of this machine.
DAY_SELECTION = "fqn:litlake.day.*"

DAY_MODELS = ("day_listings", "day_papers", "day_resources")

#: Outcome of each data test, staged for the gate.
DBT_TESTS_SCHEMA = {"model": pl.String, "test": pl.String, "passed": pl.Boolean, "failures": pl.Int64}


class LitlakeTranslator(DagsterDbtTranslator):
    """dbt's nodes as assets of this house: sources of the lake are what the release step writes."""

    def __init__(self) -> None:
        """One asset releases every table of the lake, so that many dbt sources have its key."""
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Models by name; every table of the lake is the asset that releases it."""
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey("release")
        return dg.AssetKey(dbt_resource_props["name"])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """By the model's folder; a table of the lake belongs to the release."""
        if dbt_resource_props["resource_type"] == "source":
            return "release"
        return "day_models" if dbt_resource_props["fqn"][1] == "day" else "marts"

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """The house's owners."""
        return OWNERS

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        """The day's models are made from the records, which dbt does not know of."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        if spec.key == dg.AssetKey("day_listings"):
            return spec.replace_attributes(deps=[dg.AssetKey("listings")])
        return spec

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        """A data test is a check of its day."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(partitions_def=DAYS)


def day_model_assets(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """The dbt models of one day as assets, their data tests as checks of that day."""
    translator = LitlakeTranslator()

    @dbt_assets(
        manifest=manifest,
        select=DAY_SELECTION,
        name="day_models",
        partitions_def=DAYS,
        backfill_policy=ONE_RUN_A_DAY,
        dagster_dbt_translator=translator,
    )
    def day_models(context: dg.AssetExecutionContext, litlake: dg.ResourceParam[Installation]) -> Iterator[Any]:
        dt = date.fromisoformat(context.partition_key)
        with step(context):
            (records,) = litlake.staging.current(dt, "records")
            variables = {
                "dt": dt.isoformat(),
                "staged_records": litlake.store.url(records.key),
                "stage_to": litlake.staging.folder(context.run.run_id),
            }
            with litlake.dbt.session(lake=litlake.lake, attach_lake=False) as dbt:
                built = dbt.run(DAY_SELECTION, variables)
                tested = dbt.test(DAY_SELECTION, variables)
            staged = {name: litlake.staging.adopt(dt, context.run.run_id, name, [records]) for name in DAY_MODELS}
            litlake.staging.write(dt, context.run.run_id, "dbt_tests", _outcomes(tested), staged.values())
            papers = litlake.staging.read(staged["day_papers"])
        seen: dict[str, dict[str, Any]] = {
            "day_listings": {"dagster/row_count": staged["day_listings"].rows},
            "day_papers": {
                "dagster/row_count": papers.height,
                "sample": sample_of(papers, "paper_key", "title", "published_on"),
            },
            "day_resources": {"dagster/row_count": staged["day_resources"].rows},
        }
        merged = DbtRun([*built.events, *tested.events], [])
        yield from described(dagster_events(merged, context=context, manifest=manifest, translator=translator), seen)

    return day_models


def described(events: Iterator[Any], metadata: Mapping[str, Mapping[str, Any]]) -> Iterator[Any]:
    """Dbt's events with what was seen of each table."""
    for event in events:
        if isinstance(event, dg.Output):
            more = metadata.get(event.output_name, {})
            yield dg.Output(
                None, event.output_name, metadata={**event.metadata, **more}, data_version=event.data_version
            )
        elif isinstance(event, dg.AssetMaterialization):
            more = metadata.get(event.asset_key.path[-1], {})
            yield event._replace(metadata={**event.metadata, **more})
        else:
            yield event


def _outcomes(tested: DbtRun) -> pl.DataFrame:
    rows = [
        {"model": test.model, "test": test.name, "passed": test.passed, "failures": test.failures}
        for test in tested.tests
    ]
    return pl.DataFrame(rows, schema=DBT_TESTS_SCHEMA).sort("model", "test")
