"""The gate's memory and its rule: verdicts per content hash, and what they allow.

A Dagster check blocks only within its own run; the release may be started alone, in another run, on another machine.
So the release step asks this ledger, and where the ledger is silent the answer is no.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime

import polars as pl

from expectations.verdicts import Verdict
from orchestration.resources.object_store import ObjectStore

#: Columns of ``ops.verdicts``.
VERDICT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "dt": pl.Date,
    "asset": pl.String,
    "check": pl.String,
    "required": pl.Boolean,
    "passed": pl.Boolean,
    "severity": pl.String,
    "observed": pl.String,
    "expected": pl.String,
    "content_hash": pl.String,
    "run_id": pl.String,
    "checked_at": pl.Datetime("us", "UTC"),
}


class Ledger:
    """Verdicts in object storage, one object a day, content and run, never overwritten by another run's."""

    def __init__(self, store: ObjectStore) -> None:
        """Wrap an object store."""
        self._store = store

    def record(self, dt: date, content_hash: str, run_id: str, verdicts: Sequence[Verdict]) -> None:
        """Keep what the gate said about one content."""
        now = datetime.now(UTC)
        entry = {
            "run_id": run_id,
            "checked_at": now.isoformat(timespec="microseconds"),
            "verdicts": [asdict(verdict) for verdict in verdicts],
        }
        self._store.put_json(f"{_prefix(dt, content_hash)}{now:%Y%m%dT%H%M%S%f}-{run_id}.json", entry)

    def verdicts(self, dt: date, content_hash: str) -> pl.DataFrame:
        """The newest verdicts on this very content (`VERDICT_SCHEMA`); empty if the gate never saw it."""
        keys = [key for key, _ in self._store.list(_prefix(dt, content_hash))]
        if not keys:
            return pl.DataFrame(schema=VERDICT_SCHEMA)
        entry = self._store.get_json(max(keys))
        about = {
            "dt": dt,
            "content_hash": content_hash,
            "run_id": entry["run_id"],
            "checked_at": datetime.fromisoformat(entry["checked_at"]),
        }
        return pl.DataFrame([verdict | about for verdict in entry["verdicts"]], schema=VERDICT_SCHEMA)


def objections(verdicts: pl.DataFrame, required: Collection[tuple[str, str]]) -> list[str]:
    """Why a day must not be released: each required check that failed or has no verdict. Empty: it may be.

    Args:
        verdicts: `VERDICT_SCHEMA`, all on one content.
        required: Asset and name of every check that must have passed, whatever the ledger calls required.
    """
    failed = verdicts.filter(pl.col("required") & ~pl.col("passed"))
    reasons = [f"{row['asset']}.{row['check']}: {row['observed']}" for row in failed.iter_rows(named=True)]
    known = set(verdicts.select("asset", "check").iter_rows())
    reasons += [f"{asset}.{check}: no verdict" for asset, check in sorted(required) if (asset, check) not in known]
    demoted = verdicts.filter(~pl.col("required") & ~pl.col("passed"))
    reasons += [
        f"{row['asset']}.{row['check']}: {row['observed']}"
        for row in demoted.iter_rows(named=True)
        if (row["asset"], row["check"]) in required
    ]
    return reasons


def _prefix(dt: date, content_hash: str) -> str:
    return f"ops/verdicts/dt={dt.isoformat()}/{content_hash}/"
