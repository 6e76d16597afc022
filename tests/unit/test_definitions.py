"""What Dagster is told of the project."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import build_defs
from orchestration.partitions import DAYS, ONE_RUN_A_DAY
from orchestration.resources.installation import Installation
from orchestration.saved_queries import add_query
from orchestration.settings import load_settings

FLOW = ("raw", "listings", "day_models", "enrichment", "gate", "release", "marts")


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_defs({"litlake": Installation(load_settings(home=tmp_path_factory.mktemp("home")))})


def test_every_asset_is_daily_in_one_run_a_day_with_a_group_of_the_flow_an_owner_and_a_version(
    defs: dg.Definitions,
) -> None:
    for assets in defs.assets or ():
        assert isinstance(assets, dg.AssetsDefinition)
        assert assets.partitions_def == DAYS
        assert assets.backfill_policy == ONE_RUN_A_DAY
        for spec in assets.specs:
            assert spec.group_name in FLOW
            assert spec.owners
            assert spec.kinds
            assert spec.code_version, spec.key


def test_every_check_is_a_check_of_its_day(defs: dg.Definitions) -> None:
    checks = [spec for assets in defs.assets or () for spec in assets.check_specs]  # type: ignore[union-attr]
    assert len(checks) > 60  # the gate's own, and dbt's data tests on their models
    assert all(spec.partitions_def == DAYS for spec in checks)


def test_the_columns_of_the_day_models_reach_dagster_with_their_meaning(defs: dg.Definitions) -> None:
    spec = next(spec for spec in defs.resolve_all_asset_specs() if spec.key == dg.AssetKey("day_papers"))
    columns = {column.name: column.description for column in spec.metadata["dagster/column_schema"].columns}
    assert columns["paper_id"] == "The work."


def test_every_step_that_writes_the_lake_is_in_the_pool_of_one(defs: dg.Definitions) -> None:
    pools = {assets.op.name: assets.op.pool for assets in defs.assets or ()}  # type: ignore[union-attr]
    assert {name for name, pool in pools.items() if pool == "lake"} == {"release", "marts"}


def morning(defs: dg.Definitions, home: Path) -> list[tuple[str | None, str | None]]:
    """Partition and key of the runs that one morning's tick asks for."""
    tick = dg.build_schedule_context(
        scheduled_execution_time=datetime(2025, 6, 20, 6, tzinfo=UTC),
        repository_def=defs.get_repository_def(),
        resources={"litlake": Installation(load_settings(home=home))},
    )
    requests = defs.resolve_schedule_def("yesterday").evaluate_tick(tick).run_requests or ()
    return [(request.partition_key, request.run_key) for request in requests]


def test_the_morning_schedule_runs_yesterday_once(defs: dg.Definitions, tmp_path: Path) -> None:
    assert morning(defs, tmp_path) == [("2025-06-19", "2025-06-19")]


def test_the_morning_schedule_runs_the_days_that_saved_queries_look_back_on(
    defs: dg.Definitions, tmp_path: Path
) -> None:
    add_query(tmp_path / "sources.toml", "pmc_oa", "a", {"look_back": 2})
    add_query(tmp_path / "sources.toml", "pmc_oa", "b", {"look_back": 1})
    assert morning(defs, tmp_path) == [
        ("2025-06-19", "2025-06-19"),
        ("2025-06-18", "2025-06-18 on 2025-06-20"),
        ("2025-06-17", "2025-06-17 on 2025-06-20"),
    ]


def test_definitions_load_without_the_heavy_libraries(tmp_path: Path) -> None:
    script = (
        "import sys, orchestration.definitions as d; d.build_defs(); "
        "print([m for m in ('torch', 'great_expectations', 'sentence_transformers', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"LITLAKE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
