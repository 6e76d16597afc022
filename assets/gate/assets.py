"""The gate as an asset: its checks are asset checks of the day, its verdicts go to the ledger."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import dagster as dg
import duckdb

from assets.gate.checks import SUITE_TABLES, DayContent, check_day
from assets.release.publish import RELEASED_TABLES
from expectations.required import ALL_CHECKS
from expectations.verdicts import Verdict
from orchestration import versions
from orchestration.partitions import DAYS, ONE_RUN_A_DAY
from orchestration.resources.installation import Installation
from orchestration.resources.staging import StagedTable, content_hash
from orchestration.run_metadata import OWNERS, step, table_of

REFUSES, WARNS = "Required: a failure refuses the day.", "A failure is a warning."

#: Every staged table that the gate looks at.
CHECKED_TABLES = tuple(sorted({*RELEASED_TABLES, *SUITE_TABLES.values(), "dbt_tests"}))


def gate_asset(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """The gate, with an asset check for each of its own; dbt's data tests are checks of their models already."""
    specs = [
        dg.AssetCheckSpec(
            check_name(asset, name),
            asset="gate",
            description=f"{check.description}. {REFUSES if check.required else WARNS}",
            partitions_def=DAYS,
        )
        for (asset, name), check in ALL_CHECKS.items()
    ]

    @dg.asset(
        deps=["day_listings", "day_papers", "day_resources", "embeddings", "annotations"],
        check_specs=specs,
        group_name="gate",
        kinds={"greatexpectations", "dbt"},
        owners=OWNERS,
        code_version=versions.GATE,
        partitions_def=DAYS,
        backfill_policy=ONE_RUN_A_DAY,
    )
    def gate(context: dg.AssetExecutionContext, litlake: dg.ResourceParam[Installation]) -> Iterator[Any]:
        """Every check on the day's staged content; verdicts go to the ledger that the release step asks."""
        dt = date.fromisoformat(context.partition_key)
        with step(context):
            staged = {table.table: table for table in litlake.staging.current(dt, *CHECKED_TABLES)}
            content = _content(litlake, dt, staged)
            verdicts = check_day(content, manifest)
            content_id = content_hash(staged, RELEASED_TABLES)
            litlake.ledger.record(dt, content_id, context.run.run_id, verdicts)
        faults = [verdict for verdict in verdicts if not verdict.passed]
        yield dg.MaterializeResult(
            check_results=[_result(verdict) for verdict in verdicts if (verdict.asset, verdict.check) in ALL_CHECKS],
            metadata={
                "verdict": "refused" if any(fault.required for fault in faults) else "may be released",
                "checks": len(verdicts),
                "failed": len(faults),
                "content_hash": content_id,
                "failures": table_of(_row(fault) for fault in faults),
            },
        )

    return gate


def check_name(asset: str, check: str) -> str:
    """Name of a verdict's asset check."""
    return f"{asset}__{check}"


def _content(litlake: Installation, dt: date, staged: Mapping[str, StagedTable]) -> DayContent:
    settings = litlake.settings.gate
    now = {name: table.sha256 for name, table in staged.items()}
    stale = sorted(
        name
        for name, table in staged.items()
        if any(now.get(source) != sha256 for source, sha256 in table.inputs.items() if source in now)
    )
    with litlake.lake.connect() as connection:
        trailing = trailing_volumes(connection, dt, settings.trailing_days)
    return DayContent(
        dt=dt,
        tables={name: litlake.staging.read(table) for name, table in staged.items()},
        stale=stale,
        trailing=trailing,
        model=litlake.model,
        min_abstract_share=settings.min_abstract_share,
        volume_ratios=(settings.min_volume_ratio, settings.max_volume_ratio),
    )


def trailing_volumes(connection: duckdb.DuckDBPyConnection, dt: date, days: int) -> list[int]:
    """Listings of the newest release of each of the last released days before a day, newest day first."""
    rows = connection.execute(
        'SELECT max_by("rows", release_seq) FROM lake.ops.releases WHERE dt < ? GROUP BY dt ORDER BY dt DESC LIMIT ?',
        [dt, days],
    ).fetchall()
    return [row[0] for row in rows]


def _result(verdict: Verdict) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.ERROR if verdict.required else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        passed=verdict.passed,
        asset_key="gate",
        check_name=check_name(verdict.asset, verdict.check),
        severity=severity,
        metadata={"observed": verdict.observed, "expected": verdict.expected},
    )


def _row(verdict: Verdict) -> dict[str, Any]:
    return {
        "check": f"{verdict.asset}.{verdict.check}",
        "required": verdict.required,
        "observed": verdict.observed,
        "expected": verdict.expected,
    }
