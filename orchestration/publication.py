"""What becomes visible and when: a day's release or refusal, and the marts that follow from the releases.

The two steps that write the lake, as plain functions; the assets `release` and `marts` call them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from assets.gate.checks import declared_checks
from assets.release.publish import (
    RELEASED_TABLES,
    DayRelease,
    Refused,
    last_refusal,
    last_release,
    publish,
    refuse,
)
from expectations.day_checks import FETCHED_AS_ANNOUNCED
from orchestration import versions
from orchestration.gate import objections
from orchestration.resources.dbt import DbtRun, project_fingerprint
from orchestration.resources.installation import Installation
from orchestration.resources.staging import content_hash

MART_SELECTION = "fqn:litlake.marts.*"

#: What the marts were last built from.
BUILT_FROM = "ops/marts.json"

State = Literal["released", "unchanged", "refused", "empty"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a day's release.

    Attributes:
        state: "empty" is a day for which no source has listed anything.
        listings: Listings in the content.
        reasons: Why it was refused.
        release_seq: Number of the release, where one was made.
    """

    state: State
    content_hash: str
    listings: int
    reasons: tuple[str, ...] = ()
    release_seq: int | None = None


def release_day(litlake: Installation, dt: date, run_id: str, manifest: Mapping[str, Any]) -> Outcome:
    """Publish what is staged for a day if every required check has passed on exactly these bytes.

    Fails closed: a required check that failed, or has no verdict on this content, refuses the day.

    Raises:
        NotStagedError: Nothing is staged for the day, or not all of it.
    """
    staged = {table.table: table for table in litlake.staging.current(dt, *RELEASED_TABLES)}
    content_id = content_hash(staged, RELEASED_TABLES)
    listings = staged["day_listings"].rows
    verdicts = litlake.ledger.verdicts(dt, content_id)
    reasons = objections(verdicts, declared_required(manifest))
    if staged["raw_objects"].rows == 0:
        # Nothing was listed: a quiet day, unless a service announced what did not come.
        reasons = [reason for reason in reasons if reason.startswith(f"{FETCHED_AS_ANNOUNCED.asset}.")]
        if not reasons:
            litlake.staging.sweep(dt)
            return Outcome("empty", content_id, 0)
    made_with = versions.versions(litlake)
    entries = litlake.raw.day(dt)
    release = DayRelease(
        dt=dt,
        tables={name: litlake.staging.read(table) for name, table in staged.items()},
        verdicts=verdicts,
        content_hash=content_id,
        input_hash=versions.input_hash(dt, entries, made_with),
        versions=made_with,
        run_id=run_id,
        at=datetime.now(UTC),
    )
    if reasons:
        _record_refusal(litlake, release, reasons)
        return Outcome("refused", content_id, listings, tuple(reasons))
    with litlake.lake.connect() as connection:
        released = last_release(connection, dt)
    unchanged = released is not None and released.content_hash == content_id
    sequence = None
    if not unchanged:
        details = json.dumps({"dt": dt.isoformat(), "run_id": run_id, "content_hash": content_id})
        sequence = litlake.lake.commit(
            lambda connection: publish(connection, release), f"release {dt} ({listings} listings)", details
        )
    litlake.store.put_json(current_key(dt), {"content_hash": content_id, "input_hash": release.input_hash})
    litlake.staging.sweep(dt)
    return Outcome("unchanged" if unchanged else "released", content_id, listings, release_seq=sequence)


def is_current(litlake: Installation, dt: date, input_hash: str) -> bool:
    """Whether what is released of a day was made from, or found equal to what is made from, these very inputs."""
    with litlake.lake.connect() as connection:
        released = last_release(connection, dt)
    if released is None:
        return False
    known = litlake.store.get_json(current_key(dt))
    return bool(known == {"content_hash": released.content_hash, "input_hash": input_hash})


def current_key(dt: date) -> str:
    """Object that says which inputs the day's release is known to follow from."""
    return f"ops/current/dt={dt.isoformat()}.json"


def declared_required(manifest: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Every check without whose pass no day is released."""
    return {name for name, check in declared_checks(manifest).items() if check.required}


def _record_refusal(litlake: Installation, release: DayRelease, reasons: list[str]) -> None:
    """The same content refused again for the same reasons is no news, and writes no snapshot."""
    with litlake.lake.connect() as connection:
        known = last_refusal(connection, release.dt)
    if known == Refused(release.content_hash, release.input_hash, reasons):
        return
    details = json.dumps({"dt": release.dt.isoformat(), "run_id": release.run_id, "content_hash": release.content_hash})
    litlake.lake.commit(
        lambda connection: refuse(connection, release, reasons), f"refuse {release.dt}: {reasons[0][:200]}", details
    )


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
