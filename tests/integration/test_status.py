"""The state of every day, told from storage and ledgers alone."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from day_content import Listing, day_release

from assets.release.publish import DayRelease, publish, refuse
from assets.sources import jsonl
from orchestration.resources.installation import Installation
from orchestration.resources.raw_store import ManifestEntry
from orchestration.status import DayStatus, as_json, day_states, to_heal
from orchestration.versions import versions

DAY, NEXT = date(2025, 6, 1), date(2025, 6, 2)
NOON = datetime(2025, 6, 11, 12, tzinfo=UTC)


def land(installation: Installation, title: str, dt: date = DAY) -> None:
    content = json.dumps({"title": title}).encode()
    installation.raw.land(jsonl.SOURCE, dt, io.BytesIO(content), f"{title}.jsonl")


def take_in(installation: Installation, title: str, dt: date = DAY) -> list[ManifestEntry]:
    land(installation, title, dt)
    return installation.raw.ingest(jsonl.SOURCE, dt)


def content(
    installation: Installation, raw: Sequence[ManifestEntry], dt: date = DAY, minutes: int = 0, code: str | None = None
) -> DayRelease:
    """A day of one listing and one quarantined record, made from these objects by this code or by other code."""
    made_with = versions(installation) | ({"listings": code} if code else {})
    at = NOON + timedelta(minutes=minutes)
    return day_release(dt, [Listing("a")], quarantined=["missing_title"], raw=raw, versions=made_with, at=at)


def release(installation: Installation, day: DayRelease) -> None:
    installation.lake.commit(lambda connection: publish(connection, day), "release", "{}")


def refusal(installation: Installation, day: DayRelease) -> None:
    installation.lake.commit(lambda connection: refuse(connection, day, ["records.volume: 3"]), "refuse", "{}")


def state(installation: Installation, dt: date = DAY) -> DayStatus:
    (found,) = (day for day in day_states(installation) if day.dt == dt.isoformat())
    return found


def test_an_installation_without_days_has_no_states(installation: Installation) -> None:
    assert day_states(installation) == []
    assert as_json([]) == {"days": [], "states": {}}


def test_a_day_goes_from_waiting_over_incomplete_to_released(installation: Installation) -> None:
    land(installation, "One")
    assert state(installation).state == "waiting"
    raw = installation.raw.ingest(jsonl.SOURCE, DAY)
    seen = state(installation)
    assert (seen.state, seen.raw_objects, seen.release_seq) == ("incomplete", 1, None)
    release(installation, content(installation, raw))
    seen = state(installation)
    assert (seen.state, seen.release_seq, seen.listings, seen.quarantined) == ("released", 1, 1, 1)
    assert (seen.records_read, seen.released_at) == (1, "2025-06-11T12:00:00+00:00")
    assert to_heal([seen]) == []


def test_a_released_day_to_which_a_file_was_added_waits_and_then_is_incomplete(installation: Installation) -> None:
    release(installation, content(installation, take_in(installation, "One")))
    land(installation, "Two")
    seen = state(installation)
    assert (seen.state, seen.release_seq) == ("waiting", 1)
    raw = installation.raw.ingest(jsonl.SOURCE, DAY)
    assert state(installation).state == "incomplete"
    release(installation, content(installation, raw, minutes=1))
    seen = state(installation)
    assert (seen.state, seen.release_seq, seen.raw_objects) == ("released", 2, 2)


def test_a_refused_day_tells_its_reasons_until_it_is_released(installation: Installation) -> None:
    raw = take_in(installation, "One")
    refusal(installation, content(installation, raw))
    seen = state(installation)
    assert (seen.state, seen.reasons, seen.release_seq) == ("refused", ["records.volume: 3"], None)
    assert (seen.records_read, seen.quarantined, seen.listings) == (1, 1, 0)
    release(installation, content(installation, raw, minutes=1))
    seen = state(installation)
    assert (seen.state, seen.reasons) == ("released", [])


def test_a_released_day_whose_newer_content_was_refused_is_refused_and_users_see_the_release(
    installation: Installation,
) -> None:
    release(installation, content(installation, take_in(installation, "One")))
    refusal(installation, content(installation, take_in(installation, "Two"), minutes=1))
    seen = state(installation)
    assert (seen.state, seen.release_seq, seen.listings) == ("refused", 1, 1)


def test_a_refused_day_to_which_a_file_was_added_is_no_longer_only_refused(installation: Installation) -> None:
    refusal(installation, content(installation, take_in(installation, "One")))
    land(installation, "Two")
    assert state(installation).state == "waiting"


def test_a_day_that_other_code_released_is_stale(installation: Installation) -> None:
    release(installation, content(installation, take_in(installation, "One"), code="of another time"))
    seen = state(installation)
    assert seen.state == "stale" and to_heal([seen]) == [DAY]


def test_days_are_told_in_order_and_counted_by_their_states(installation: Installation) -> None:
    land(installation, "One", NEXT)
    release(installation, content(installation, take_in(installation, "Two")))
    told = as_json(day_states(installation))
    assert [day["dt"] for day in told["days"]] == ["2025-06-01", "2025-06-02"]
    assert told["states"] == {"released": 1, "waiting": 1}
    assert json.loads(json.dumps(told)) == told
    assert to_heal(day_states(installation)) == [NEXT]


@pytest.mark.parametrize("key", ["raw/jsonl/notes.txt", "landing/jsonl/dt=2025-06-01/readme", "raw/jsonl/dt=x/a.jsonl"])
def test_objects_that_are_no_listings_make_no_day(installation: Installation, key: str) -> None:
    installation.store.put(key, b"")
    assert day_states(installation) == []
