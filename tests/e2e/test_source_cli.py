"""``litlake source`` as a user meets it, against a local service."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e.conftest import Cli, command
from preprints import Preprints, preprint
from replay import Answer, Asked, ReplayServer

from assets.connectors import CONNECTORS

DAY = "2026-01-08"


@dataclass
class Home:
    """A home that asks a local bioRxiv."""

    cli: Cli
    path: Path
    service: Preprints
    server: ReplayServer
    added: str  # what `litlake source add` said of the saved query biorxiv.all

    def asked(self) -> list[str]:
        """Cursors that were asked for since the last call."""
        cursors = [asked.path.removesuffix("/json").rpartition("/")[2] for asked in self.server.asked]
        self.server.asked.clear()
        return cursors


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, make_cli: Callable[[Path], Cli]) -> Iterator[Home]:
    path = tmp_path_factory.mktemp("sources") / "home"
    path.mkdir()
    service = Preprints([preprint(number) for number in range(5)])
    with service.serve() as server:
        (path / "litlake.toml").write_text(f'contact = "ada@example.org"\n\n[endpoints]\nbiorxiv = "{server.url}"\n')
        cli = make_cli(path)
        try:
            yield Home(cli, path, service, server, cli("source", "add", "biorxiv", "--name", "all").stdout)
        finally:
            cli("down")


def test_one_line_switches_a_source_on_and_its_day_is_released(home: Home) -> None:
    assert f"added biorxiv.all to {home.path / 'sources.toml'}" in home.added
    assert "next: litlake source check biorxiv.all" in home.added
    listed = home.cli("source", "list").stdout
    assert all(name in listed for name in CONNECTORS)
    queries = json.loads(home.cli("source", "list", "--json").stdout)["queries"]
    assert [(query["service"], query["name"]) for query in queries] == [("biorxiv", "all")]

    assert f"announces 5 records for {DAY}" in home.cli("source", "check", "--day", DAY).stdout
    assert home.asked() == ["0"]
    told = home.cli("source", "fetch", "biorxiv.all", DAY, "--dry-run").stdout
    assert "would ask: it has not been fetched yet" in told
    assert f"{home.server.url}/details/biorxiv/{DAY}/{DAY}/0" in told
    assert home.asked() == []

    told = home.cli("source", "fetch", "biorxiv", DAY).stdout
    assert "5 records of 5 announced, 3 pages" in told
    assert f"next: litlake run {DAY}" in told
    assert home.asked() == ["0", "2", "4"]
    assert "it was fetched on" in home.cli("source", "fetch", "biorxiv", DAY).stdout
    assert json.loads(home.cli("status", "--json").stdout)["days"][0]["state"] == "waiting"
    assert "released" in home.cli("run", DAY).stdout
    assert home.asked() == []
    rows = json.loads(home.cli("sql", "select announced, fetched from ops.fetches", "--format", "json").stdout)
    assert rows == [{"announced": 5, "fetched": 5}]


def test_a_fetch_that_is_killed_goes_on_after_its_last_complete_page(home: Home) -> None:
    """kill -9 while the third page is on its way."""
    day = "2026-01-09"
    home.service.rows += [preprint(number, day) for number in range(10, 17)]
    reached, go_on = threading.Event(), threading.Event()

    def held(asked: Asked) -> Answer | None:
        if asked.path.removesuffix("/json").endswith(f"{day}/4") and not go_on.is_set():
            reached.set()
            go_on.wait(60)
        return None

    home.service.instead = held
    line, environment = command(home.path, "source", "fetch", "biorxiv.all", day)
    process = subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert reached.wait(60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    go_on.set()
    assert home.asked() == ["0", "2", "4"]
    assert "7 records of 7 announced, 4 pages" in home.cli("source", "fetch", "biorxiv.all", day).stdout
    assert home.asked() == ["4", "6"]


def test_a_day_that_does_not_come_is_told_and_the_others_are_fetched(home: Home) -> None:
    days = ["2026-01-10", "2026-01-11"]
    home.service.rows += [preprint(number, days[number % 2]) for number in range(20, 24)]
    home.service.instead = lambda asked: Answer(b"not for you", status=403) if days[0] in asked.path else None
    done = home.cli("source", "fetch", "biorxiv.all", *days, check=False)
    home.service.instead = lambda asked: None
    assert done.returncode == 1
    assert "HTTP 403: not for you" in done.stderr
    assert f"{days[1]}  biorxiv.all  2 records of 2 announced" in done.stdout
    assert f"next: litlake source fetch biorxiv.all {days[0]} {days[1]}" in done.stdout
    answer = home.cli("source", "fetch", "biorxiv.all", *days, "--json").stdout
    assert [row["due"] for row in json.loads(answer)["fetches"]] == [True, False]


def test_a_list_that_comes_short_says_what_the_gate_will_do(home: Home) -> None:
    day = "2026-01-12"
    home.service.rows += [preprint(number, day) for number in range(30, 33)]
    home.service.total = 4
    told = home.cli("source", "fetch", "biorxiv.all", day).stdout
    home.service.total = None
    assert "3 of 4 announced: the gate will refuse the day" in told


def test_the_doctor_names_a_host_that_is_away(home: Home) -> None:
    assert "host of biorxiv" in home.cli("doctor").stdout
    file = home.path / "litlake.toml"
    kept = file.read_text()
    file.write_text(kept.replace(home.server.url, "http://127.0.0.1:9"))
    done = home.cli("doctor", check=False)
    file.write_text(kept)
    assert done.returncode == 1
    assert "host of biorxiv: 127.0.0.1:9 cannot be reached: it does not accept connections" in done.stdout


def test_progress_is_shown_on_a_terminal_while_pages_come(home: Home) -> None:
    day = "2026-01-13"
    home.service.rows += [preprint(number, day) for number in range(40, 48)]
    seen = threading.Event()

    def slow(asked: Asked) -> Answer | None:
        if asked.path.removesuffix("/json").endswith(f"{day}/6"):
            seen.wait(30)
        return None

    home.service.instead = slow
    parent, child = pty.openpty()
    line, environment = command(home.path, "source", "fetch", "biorxiv.all", day)
    process = subprocess.Popen(
        line, env={**environment, "TERM": "xterm", "COLUMNS": "120"}, stdin=child, stdout=child, stderr=child
    )
    os.close(child)
    shown = b""
    deadline = time.monotonic() + 60
    while b"6/8" not in shown and time.monotonic() < deadline:
        shown += os.read(parent, 65536)
    seen.set()
    home.service.instead = lambda asked: None
    while _read(parent):
        pass
    os.close(parent)
    assert process.wait() == 0
    assert b"6/8" in shown
    assert f"{day} biorxiv.all".encode() in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "a service that there is not": (("source", "add", "pubmde"), "no service is called 'pubmde'; there are "),
    "a field that there is not": (("source", "add", "biorxiv", "--name", "x", "--set", "lok_back=3"), "no such field"),
    "a value that cannot be": (("source", "add", "biorxiv", "--name", "x", "--set", "look_back=-1"), "look_back"),
    "a name that is taken": (("source", "add", "biorxiv", "--name", "all"), "is there already"),
    "a name that is none": (("source", "add", "biorxiv", "--name", "../x"), "is no name"),
    "a query that is not saved": (("source", "fetch", "biorxiv.nope", DAY), "no query is saved as 'biorxiv.nope'"),
    "a setting without a sign": (("source", "add", "biorxiv", "--name", "x", "--set", "look_back"), "FIELD=VALUE"),
    "a day that is none": (("source", "fetch", "biorxiv.all", "yesterday"), "YYYY-MM-DD"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_changes_nothing(home: Home, name: str) -> None:
    arguments, told = MISTAKES[name]
    before = (home.path / "sources.toml").read_text()
    done = home.cli(*arguments, check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert (home.path / "sources.toml").read_text() == before
