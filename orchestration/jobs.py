"""The one job: a day, from what has landed to the marts."""

from __future__ import annotations

import dagster as dg

from orchestration.partitions import DAYS

JOB_NAME = "day"

day_job = dg.define_asset_job(
    JOB_NAME,
    selection=dg.AssetSelection.all(),
    partitions_def=DAYS,
    description="One listing day through to the marts: raw, listings, day models, enrichment, gate, release, marts.",
)
