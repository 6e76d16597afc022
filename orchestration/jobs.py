"""The one job: a day, from what has landed to the marts."""

from __future__ import annotations

import dagster as dg

JOB_NAME = "day"

day_job = dg.define_asset_job(
    JOB_NAME,
    selection=dg.AssetSelection.all(),
    description="One listing day through to the marts: raw, listings, day models, enrichment, gate, release, marts.",
)
