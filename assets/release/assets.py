"""The release: the only step that touches the catalog of what users see, serially, and only if the ledger allows it."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import dagster as dg

from orchestration import versions
from orchestration.partitions import DAYS, ONE_RUN_A_DAY
from orchestration.publication import release_day
from orchestration.resources.installation import Installation
from orchestration.run_metadata import OWNERS, step


def release_asset(manifest: Mapping[str, Any], pool: str | None) -> dg.AssetsDefinition:
    """The release step, in a pool of one where there is one."""

    @dg.asset(
        deps=["gate"],
        group_name="release",
        kinds={"ducklake"},
        owners=OWNERS,
        code_version=versions.RELEASE,
        partitions_def=DAYS,
        backfill_policy=ONE_RUN_A_DAY,
        pool=pool,
    )
    def release(
        context: dg.AssetExecutionContext, litlake: dg.ResourceParam[Installation]
    ) -> dg.MaterializeResult[None]:
        """Replaces the day in the lake in one transaction, or refuses and leaves the last good release as it was."""
        dt = date.fromisoformat(context.partition_key)
        with step(context):
            outcome = release_day(litlake, dt, context.run.run_id, manifest)
        metadata = {
            "state": outcome.state,
            "listings": outcome.listings,
            "content_hash": outcome.content_hash,
            "release": outcome.release_seq or 0,
        }
        if outcome.state == "refused":
            reasons = "\n".join(f"- {reason}" for reason in outcome.reasons)
            raise dg.Failure(
                f"{dt} is refused: {'; '.join(outcome.reasons)}",
                metadata={**metadata, "reasons": dg.MetadataValue.md(reasons), "why": json.dumps(outcome.reasons)},
                allow_retries=False,
            )
        return dg.MaterializeResult(metadata={**metadata, "dagster/row_count": outcome.listings})

    return release
