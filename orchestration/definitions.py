"""Everything Dagster knows of this project, put together in one place.

Loading takes a few seconds: torch, Great Expectations and dbt's own modules are imported by the steps that need them,
and dbt's manifest is parsed only when the project's files have changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration.settings import load_settings, quiet_libraries

quiet_libraries()

from assets.day_models import day_model_assets  # noqa: E402  (telemetry is off before these import anything)
from assets.enrichment.assets import ENRICHMENT_ASSETS  # noqa: E402
from assets.gate.assets import gate_asset  # noqa: E402
from assets.listings.assets import listings  # noqa: E402
from assets.marts import mart_assets  # noqa: E402
from assets.raw.assets import raw_assets  # noqa: E402
from assets.release.assets import release_asset  # noqa: E402
from orchestration.jobs import day_job  # noqa: E402
from orchestration.resources.installation import Installation  # noqa: E402
from orchestration.run_metadata import LAKE_POOL  # noqa: E402
from orchestration.schedules import daily_schedule  # noqa: E402


def build_defs(overrides: Mapping[str, Any] | None = None, *, pool: str | None = LAKE_POOL) -> dg.Definitions:
    """The definitions of one installation.

    Args:
        overrides: Resources that take the place of the installation's own; ``litlake`` is an `Installation`.
        pool: Dagster pool of the steps that write the lake. None where runs go in process: a killed run would keep
            its slot until the daemon frees it, a waiting one would spin, and the lake's own lock serialises anyway.
    """
    resources: dict[str, Any] = {"litlake": Installation(load_settings()), **(overrides or {})}
    installation = resources["litlake"]
    manifest = installation.dbt.manifest
    return dg.Definitions(
        assets=[
            raw_assets,
            listings,
            day_model_assets(manifest),
            *ENRICHMENT_ASSETS,
            gate_asset(manifest),
            release_asset(manifest, pool),
            mart_assets(manifest, pool),
        ],
        jobs=[day_job],
        schedules=[daily_schedule],
        resources=resources,
        executor=dg.in_process_executor,
    )


@dg.definitions
def litlake() -> dg.Definitions:
    """What ``dagster dev -m orchestration.definitions`` loads: the installation that the environment names."""
    return build_defs()
