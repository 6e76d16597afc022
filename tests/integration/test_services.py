"""Services that are asked, through the whole platform: due days, released days, refused lists, hosts that are away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from integration.conftest import NewInstallation
from preprints import Preprints, preprint
from replay import Answer, ReplayServer

from assets.fetching.fetched import Fetch, Part
from orchestration.days import today
from orchestration.doctor import examine
from orchestration.resources.installation import Installation
from orchestration.running import DayResult, Runner
from orchestration.saved_queries import add_query
from orchestration.settings import SettingsError, load_settings
from orchestration.status import day_states

#: Of the last days, since a day to look back on must be young.
DAY = today() - timedelta(days=3)


@dataclass
class Asking:
    """An installation that asks a local service."""

    runner: Runner
    service: Preprints
    server: ReplayServer

    def save(self, service: str = "biorxiv", name: str = "q", **values: Any) -> None:
        add_query(self.runner.settings.sources_file, service, name, values)

    def run(self) -> DayResult:
        return self.runner.run(DAY)

    def fetch(self, title: str = "biorxiv.q") -> Any:
        services = self.runner.installation.services
        return services.fetch(services.named(title)[0], DAY)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.runner.installation.lake.connect() as connection:
            return connection.execute(query).fetchall()

    def state(self) -> str:
        (day,) = day_states(self.runner.installation)
        return day.state

    def cursors(self) -> list[str]:
        """What was asked for since the last call."""
        asked = [asked.path.removesuffix("/json").rpartition("/")[2] for asked in self.server.asked]
        self.server.asked.clear()
        return asked


NewAsking = Callable[[Preprints], AbstractContextManager[Asking]]


@pytest.fixture
def new_asking(new_installation: NewInstallation, tmp_path: Path) -> NewAsking:
    @contextmanager
    def new(service: Preprints) -> Iterator[Asking]:
        with new_installation(tmp_path / "home") as installation, service.serve() as server:
            endpoints = dict.fromkeys(("biorxiv", "hf_papers"), server.url)
            settings = installation.settings.model_copy(update={"contact": "ada@example.org", "endpoints": endpoints})
            runner = Runner(settings)
            yield Asking(runner, service, server)
            runner.instance.dispose()

    return new


def five() -> list[dict[str, Any]]:
    return [preprint(number, DAY.isoformat()) for number in range(5)]


def test_a_saved_query_comes_with_its_day_and_is_not_asked_again(new_asking: NewAsking) -> None:
    with new_asking(Preprints(five())) as asking:
        asking.save()
        done = asking.run()
        assert (done.state, done.listings) == ("released", 5), done.reasons
        assert asking.cursors() == ["0", "2", "4"]
        assert asking.run().state == "unchanged"
        assert asking.cursors() == []
        query = "SELECT service, query, announced, fetched, absent, pages FROM ops.fetches"
        assert asking.rows(query) == [("biorxiv", "q", 5, 5, 0, 3)]
        store = asking.runner.installation.store
        manifest = store.get_json(f"raw/biorxiv/dt={DAY}/manifest.json")
        assert [thing["records"] for thing in manifest["objects"]] == [2, 2, 1]
        request = manifest["objects"][0]["request"]
        assert (request["service"], request["query"], request["status"]) == ("biorxiv", "q", 200)
        assert request["url"].startswith(asking.server.url)
        assert request["headers"]["content-type"] == "application/json"
        (key,) = asking.rows("SELECT DISTINCT raw_key FROM curated.listings WHERE source_id LIKE '%000000'")
        kept = json.loads(store.get(key[0]) or b"")
        assert kept["collection"] == asking.service.rows[:2]


def test_a_list_that_was_cut_short_refuses_the_day_until_it_comes_whole(new_asking: NewAsking) -> None:
    with new_asking(Preprints(five(), total=6)) as asking:
        asking.save()
        done = asking.run()
        assert done.state == "refused"
        assert any("fetched_as_announced" in reason and "5 of 6" in reason for reason in done.reasons)
        assert asking.rows("SELECT count(*) FROM curated.listings") == [(0,)]
        assert asking.state() == "refused"
        asking.service.total = None
        assert asking.run().state == "released"
        assert asking.state() == "released"
        assert asking.rows("SELECT fetched FROM ops.fetches") == [(5,)]


def test_a_day_looked_back_on_is_listed_again_only_if_it_says_something_else(new_asking: NewAsking) -> None:
    with new_asking(Preprints(five())) as asking:
        asking.save()
        assert asking.run().state == "released"
        assert asking.fetch().same_as is not None
        assert asking.run().state == "unchanged"
        other = "Another ending: the marker did not occur at all, in none of the small cohorts that we looked at."
        asking.service.rows[1] = preprint(1, DAY.isoformat(), abstract=other)
        asking.service.rows.append(preprint(5, DAY.isoformat()))
        assert asking.fetch().same_as is None
        assert asking.state() == "waiting"
        done = asking.run()
        assert (done.state, done.listings) == ("released", 6)
        assert asking.rows("SELECT fetched, pages FROM ops.fetches") == [(6, 3)]
        assert asking.rows("SELECT count(*) FROM curated.papers") == [(6,)]


def test_a_service_that_is_away_fails_its_day_in_one_line_and_goes_on_from_what_came(new_asking: NewAsking) -> None:
    with new_asking(Preprints(five())) as asking:
        asking.save()
        asking.service.instead = lambda asked: Answer(status=404) if asked.path.endswith(("/4", "/4/json")) else None
        done = asking.run()
        assert done.state == "failed"
        assert any("refuses the request, HTTP 404" in reason for reason in done.reasons)
        assert "4" in asking.cursors()
        asking.service.instead = lambda asked: None
        assert asking.run().state == "released"
        assert asking.cursors() == ["4"]


def test_a_day_of_nothing_is_asked_once_and_releases_nothing(new_asking: NewAsking) -> None:
    with new_asking(Preprints()) as asking:
        asking.save()
        assert asking.run().state == "empty"
        assert asking.cursors() == ["0"]
        assert asking.run().state == "empty"
        assert asking.cursors() == []
        assert asking.rows("SELECT count(*) FROM curated.listings") == [(0,)]


def test_a_day_of_which_records_were_announced_and_none_came_is_refused_and_not_taken_for_a_quiet_one(
    new_asking: NewAsking,
) -> None:
    with new_asking(Preprints()) as asking:
        log = asking.runner.installation.services.log
        begun = log.begin(DAY, "biorxiv", "q", "hash")
        now = begun.started_at
        log.finish(
            Fetch(
                begun.fetch_id, "biorxiv", "biorxiv", "q", DAY, "hash", now, now, (Part("", 5, 0),), (), 1, 0, "print"
            )
        )
        assert asking.state() == "waiting"
        done = asking.runner.run(DAY, force=True)
        assert done.state == "refused"
        assert [reason for reason in done.reasons if "fetched_as_announced" in reason and "0 of 5" in reason]


def test_nothing_is_asked_by_someone_whom_nobody_could_write_to(new_asking: NewAsking) -> None:
    with new_asking(Preprints(five())) as asking:
        asking.save()
        anonymous = Runner(asking.runner.settings.model_copy(update={"contact": None}))
        with pytest.raises(SettingsError, match="LITLAKE_CONTACT"):
            anonymous.installation.services.client  # noqa: B018
        done = anonymous.run(DAY)
        assert done.state == "failed"
        assert any("LITLAKE_CONTACT" in reason for reason in done.reasons)
        assert asking.cursors() == []
        anonymous.instance.dispose()


def test_the_doctor_names_a_host_that_cannot_be_reached(new_asking: NewAsking) -> None:
    with new_asking(Preprints(five())) as asking:
        asking.save()
        found = {finding.part: finding for finding in examine(asking.runner.installation)}
        assert found["host of biorxiv"].healthy
        elsewhere = Installation(asking.runner.settings)
    gone = {finding.part: finding for finding in examine(elsewhere) if "host" in finding.part}
    assert not gone["host of biorxiv"].healthy
    assert "127.0.0.1" in gone["host of biorxiv"].seen


def test_settings_name_another_address_of_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITLAKE_ENDPOINTS", '{"biorxiv": "http://127.0.0.1:1/api/"}')
    assert load_settings(home=tmp_path).endpoints == {"biorxiv": "http://127.0.0.1:1/api"}
