"""The state of every day: what is released, what was refused and why, what waits, what is stale."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from orchestration.resources.installation import Installation
from orchestration.versions import versions

#: In the order of what a user should look at first.
State = Literal["refused", "incomplete", "waiting", "stale", "released"]

#: Files that have landed; fetched pages lie in a folder of their own and are told by their fetch.
_DAY_IN_KEY = re.compile(r"^(?:raw|landing)/[^/]+/dt=(\d{4}-\d\d-\d\d)/([0-9a-f]{64})[.-]")


@dataclass(slots=True)
class DayStatus:
    """One day.

    Attributes:
        state: "refused": its newest content was refused; "incomplete": raw objects have neither been released nor
            refused, a run failed or was cut; "waiting": files wait in landing, or fetched pages for a run; "stale":
            released by other code or models than are here; "released".
        release_seq: Number of its newest release; None where it was never released: users see the release whatever
            the state.
        reasons: Why the newest content was refused.
    """

    dt: str
    state: State = "incomplete"
    release_seq: int | None = None
    released_at: str | None = None
    listings: int = 0
    quarantined: int = 0
    records_read: int = 0
    raw_objects: int = 0
    reasons: list[str] = field(default_factory=list)


def day_states(installation: Installation) -> list[DayStatus]:
    """Every day that has landed, has raw objects, or was released or refused, in order."""
    raw, landing = _objects(installation, "raw/"), _objects(installation, "landing/")
    fetched = installation.services.log.newest()
    with installation.lake.connect() as connection:
        releases = _by_day(connection, "SELECT DISTINCT ON (dt) * FROM ops.releases ORDER BY dt, release_seq DESC")
        refusals = _by_day(connection, "SELECT DISTINCT ON (dt) * FROM ops.refusals ORDER BY dt, refused_at DESC")
        known = _by_day(
            connection,
            "SELECT dt, list(raw_sha256) FILTER (raw_key NOT LIKE '%/fetched/%') AS objects, count(*) AS number, "
            "sum(records)::BIGINT AS records FROM ops.raw_objects GROUP BY dt",
        )
        listed = _by_day(connection, "SELECT dt, list(DISTINCT fetch_id) AS fetches FROM ops.fetches GROUP BY dt")
        quarantined = _by_day(connection, "SELECT dt, count(*) AS rows FROM ops.quarantine GROUP BY dt")
    made_with = json.dumps(versions(installation), sort_keys=True)
    days = []
    for dt in sorted({*raw, *landing, *fetched, *releases, *refusals}):
        release, refusal = releases.get(dt), refusals.get(dt)
        refused = refusal is not None and (release is None or refusal["refused_at"] > release["released_at"])
        day = DayStatus(dt, raw_objects=len(raw.get(dt, ())))
        unseen = fetched.get(dt, set()) - set(listed.get(dt, {"fetches": ()})["fetches"])
        if release is not None:
            day.release_seq, day.listings = release["release_seq"], release["rows"]
            day.released_at = release["released_at"].isoformat(timespec="seconds")
        if dt in known:
            day.records_read = known[dt]["records"]
            day.raw_objects = max(day.raw_objects, known[dt]["number"])
            day.quarantined = quarantined.get(dt, {"rows": 0})["rows"]
        if landing.get(dt) or unseen:
            day.state = "waiting"
        elif refusal is not None and refused:
            day.state, day.reasons = "refused", list(refusal["reasons"])
        elif release is None or set(known.get(dt, {}).get("objects") or ()) != raw.get(dt, set()):
            day.state = "incomplete"
        else:
            day.state = "released" if release["versions"] == made_with else "stale"
        days.append(day)
    return days


def to_heal(days: list[DayStatus]) -> list[date]:
    """Days that are not released as they should be."""
    return [date.fromisoformat(day.dt) for day in days if day.state != "released"]


def as_json(days: list[DayStatus]) -> dict[str, Any]:
    """For machines: every day, and how many are in each state."""
    counts: dict[str, int] = {}
    for day in days:
        counts[day.state] = counts.get(day.state, 0) + 1
    return {"days": [asdict(day) for day in days], "states": counts}


def _objects(installation: Installation, prefix: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key, _ in installation.store.list(prefix):
        if match := _DAY_IN_KEY.match(key):
            found.setdefault(match[1], set()).add(match[2])
    return found


def _by_day(connection: Any, query: str) -> dict[str, Mapping[str, Any]]:
    answer = connection.execute(query)
    names = [column[0] for column in answer.description]
    rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    return {_day(row["dt"]): row for row in rows}


def _day(value: date | datetime) -> str:
    return value.isoformat()[:10]
