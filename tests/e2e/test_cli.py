"""The command line as a user meets it: what it prints, how it exits, what it leaves running."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
from e2e.conftest import Cli, command

from demo.days import DAYS
from tests.listings import papers


def test_the_demo_releases_every_day_but_the_faulty_one_and_says_why(demo_home: Path) -> None:
    told = (demo_home.parent / "demo.txt").read_text()
    for day in DAYS:
        line = next(line for line in told.splitlines() if line.startswith(day.dt.isoformat()))
        assert day.expected in line
    assert "abstract_share" in told
    assert told.count("SELECT") >= 3
    assert "Look further" in told


def test_the_demo_again_changes_nothing_and_runs_nothing(demo: Cli) -> None:
    before = demo("sql", "select max(snapshot_id) from snapshots()", "--format", "csv").stdout
    assert "released" not in demo("demo").stdout.replace("what was released", "")
    assert demo("sql", "select max(snapshot_id) from snapshots()", "--format", "csv").stdout == before


def test_counts_of_the_demo_are_those_of_its_files(demo: Cli) -> None:
    query = "select dt, sum(listings) as listed, sum(quarantined) as quarantined from marts.daily_overview group by dt"
    rows = {row["dt"]: row for row in json.loads(demo("sql", query, "--format", "json").stdout)}
    for day in DAYS:
        if day.expected == "released":
            assert (rows[f"{day.dt}"]["listed"], rows[f"{day.dt}"]["quarantined"]) == (day.listed, day.quarantined)
        else:
            assert f"{day.dt}" not in rows


def test_status_tells_machines_the_state_and_reasons_of_every_day(demo: Cli) -> None:
    days = {day["dt"]: day for day in json.loads(demo("status", "--json").stdout)["days"]}
    refused = days["2025-06-24"]
    assert refused["state"] == "refused"
    assert any("abstract_share" in reason for reason in refused["reasons"])
    assert all(day["state"] == "released" for dt, day in days.items() if dt != "2025-06-24")


def test_a_refused_day_exits_with_3_and_healing_keeps_saying_so(demo: Cli) -> None:
    for arguments in (("run", "2025-06-24"), ("heal",)):
        done = demo(*arguments, check=False)
        assert done.returncode == 3
        assert "abstract_share" in done.stdout


def test_the_doctor_finds_the_installation_healthy(demo: Cli) -> None:
    assert json.loads(demo("doctor", "--json").stdout)["healthy"]


def test_credentials_can_be_read_by_their_user_alone(demo_home: Path) -> None:
    mode = stat.S_IMODE((demo_home / "store" / "credentials.json").stat().st_mode)
    assert mode == 0o600


MISTAKES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "a day that is none": (("run", "2025-13-01"), 2, "YYYY-MM-DD"),
    "a day to come": (("run", "2199-01-01"), 2, "outside the days"),
    "a source that is none": (("land", "nope", "2025-01-01", "x"), 2, "pubmed_xml"),
    "a file that is not there": (("land", "jsonl", "2025-01-01", "no/such/file"), 2, "no file"),
    "no file at all": (("land", "jsonl", "2025-01-01"), 2, "FILE"),
    "no argument at all": (("land", "jsonl"), 2, "--help"),
    "an option that is none": (("run", "2025-01-01", "--fast"), 2, "--fast"),
    "days in the wrong order": (("backfill", "2025-02-01", "2025-01-01"), 2, "after"),
    "a query that writes": (("sql", "drop table curated.papers"), 2, "read only"),
    "a query with a wrong name": (("sql", "select nope from curated.papers"), 2, "nope"),
    "a format that is none": (("sql", "select 1", "--format", "yaml"), 2, "json"),
    "a snapshot that is none": (("sql", "select 1", "--at", "999999"), 2, "snapshot"),
    "search, which is not built": (("search", "cells"), 1, "not built yet"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_that_names_the_next_step(demo: Cli, name: str) -> None:
    arguments, code, told = MISTAKES[name]
    done = demo(*arguments, check=False)
    assert done.returncode == code
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_every_command_explains_itself(demo: Cli) -> None:
    listed = demo("--help").stdout
    commands = ["demo", "dev", "land", "run", "backfill", "heal", "status", "sql", "search", "down", "doctor", "train"]
    for name in commands:
        assert name in listed
        assert "Usage" in demo(name, "--help").stdout


@pytest.fixture
def own(tmp_path: Path, make_cli: Callable[[Path], Cli]) -> Iterator[tuple[Cli, Path]]:
    """A home of the test's own."""
    cli = make_cli(tmp_path / "home")
    yield cli, tmp_path
    cli("down")


TABLES = {
    "curated.listings": "listing_id, paper_id, source_id, dt, status, title, abstract, text_sha256, record_index",
    "curated.papers": "paper_id, title, first_listed_on, last_listed_on, sources, text_sha256",
    "enriched.embeddings": "text_sha256, model, revision, vector",
    "enriched.annotations": "paper_id, scheme, label, score, annotator_version",
    "marts.corpus": "paper_id, document_type, domain, educational_quality",
}


def tables(cli: Cli) -> dict[str, list[dict[str, Any]]]:
    """What users see, without the times and the keys that follow from them."""
    return {
        table: json.loads(cli("sql", f"select {columns} from {table} order by all", "--format", "json").stdout)
        for table, columns in TABLES.items()
    }


def test_a_run_that_is_killed_and_repeated_leaves_the_same_tables_as_one_that_was_not(
    own: tuple[Cli, Path], make_cli: Callable[[Path], Cli]
) -> None:
    killed, folder = own
    listing = folder / "papers.jsonl"
    listing.write_bytes(papers(150))
    killed("land", "jsonl", "2025-06-20", str(listing))
    line, environment = command(folder / "home", "run", "2025-06-20")
    process = subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_vectors(folder / "home", process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert json.loads(killed("status", "--json").stdout)["days"][0]["state"] == "incomplete"
    killed("run", "2025-06-20")
    assert not unfinished_runs(folder / "home")
    whole = make_cli(folder / "other")
    try:
        whole("land", "jsonl", "2025-06-20", str(listing))
        whole("run", "2025-06-20")
        assert tables(killed) == tables(whole)
    finally:
        whole("down")


def unfinished_runs(home: Path) -> list[str]:
    """Runs that Dagster takes to be going on."""
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        return [run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))]


def wait_for_vectors(home: Path, process: subprocess.Popen[bytes]) -> None:
    """Until the run has kept its first vectors: it is in the middle of encoding."""
    from orchestration.resources.installation import Installation
    from orchestration.settings import load_settings

    store = Installation(load_settings(home=home)).store
    deadline = time.monotonic() + 300
    while not any(store.list("cache/vectors/")):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_down_stops_what_the_home_started_and_nothing_else(own: tuple[Cli, Path], demo_home: Path) -> None:
    cli, folder = own
    cli("sql", "select 1")
    mine, theirs = (
        json.loads((home / "store" / "server.json").read_text())["pid"] for home in (folder / "home", demo_home)
    )
    assert mine != theirs
    assert "object store" in cli("down").stdout
    assert not psutil.pid_exists(mine)
    assert psutil.pid_exists(theirs)
    assert "nothing was running" in cli("down").stdout


def test_output_is_plain_where_no_terminal_reads_it(demo: Cli) -> None:
    done = demo("run", "2025-06-19")
    assert "\x1b" not in done.stdout + done.stderr
    assert os.linesep in done.stdout
