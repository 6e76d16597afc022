"""``litlake demo``: the bundled sample days through the whole platform, told as they go."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from assets.sources import SOURCES_BY_NAME
from demo.days import DAYS, QUESTIONS, DemoDay, files
from orchestration.landing import land_whole
from orchestration.progress import display, work
from orchestration.queries import ask, print_table, read_only_session
from orchestration.running import DayResult, Runner
from orchestration.settings import Settings

_OUT = Console(soft_wrap=True, highlight=False)


def demonstrate(settings: Settings) -> int:
    """Land, run and query the sample days; 0 if every day became what it should, else 1."""
    runner = Runner(settings)
    _OUT.print(Text(f"Litlake demo: {len(DAYS)} days of real papers, in {settings.home}", style="bold"))
    with display(), work("starting the object store"):
        runner.installation.lake  # noqa: B018  (starts the store and makes the tables)
    _land(runner)
    results = []
    for day, result in zip(DAYS, runner.run_many([day.dt for day in DAYS]), strict=True):
        results.append(result)
        _tell(runner, day, result)
    surprises = _surprises(results)
    for surprise in surprises:
        _OUT.print(Text(f"not as expected: {surprise}", style="bold red"))
    _answer(runner)
    _point_on()
    return 1 if surprises else 0


def _land(runner: Runner) -> None:
    with display(), work("landing", len(DAYS)) as advance:
        for day in DAYS:
            for source, path in files(day):
                land_whole(runner.installation.raw, SOURCES_BY_NAME[source], day.dt, [path])
            advance(1)


def _tell(runner: Runner, day: DemoDay, result: DayResult) -> None:
    style = {"released": "green", "unchanged": "green", "refused": "red"}.get(result.state, "bold red")
    line = Text(f"{result.dt}  ") + Text(f"{result.state:<10}", style=style)
    if result.state == "refused":
        line.append("nothing of it is visible:")
    elif result.state != "failed":
        set_aside = _quarantined(runner, day)
        line.append(f"{day.listed} listings, {len(set_aside)} quarantined")
        for reason, detail in set_aside:
            line.append(f"\n              {reason}: {detail}", style="dim")
    for reason in result.reasons:
        line.append(f"\n              {reason}", style="red")
    _OUT.print(line)


def _quarantined(runner: Runner, day: DemoDay) -> Sequence[tuple[str, str]]:
    with runner.installation.lake.connect() as connection:
        return connection.execute(
            "SELECT reason, detail FROM ops.quarantine WHERE dt = ? ORDER BY source, record_index", [day.dt]
        ).fetchall()


def _surprises(results: Sequence[DayResult]) -> list[str]:
    """Every day that did not become what `demo.days` says it should."""
    found = []
    for day, result in zip(DAYS, results, strict=True):
        became = "released" if result.state == "unchanged" else result.state
        if became != day.expected:
            found.append(f"{day.dt} is {result.state}, it should be {day.expected}: {'; '.join(result.reasons)}")
        elif day.because and not any(day.because in reason for reason in result.reasons):
            found.append(f"{day.dt} is refused, but not because of {day.because}: {'; '.join(result.reasons)}")
    return found


def _answer(runner: Runner) -> None:
    for question, query in QUESTIONS:
        _OUT.print(Text(f"\n{question}", style="bold"))
        _OUT.print(Text(query, style="dim"))
        with read_only_session(runner.installation.lake) as connection:
            print_table(ask(connection, query), sys.stdout)


def _point_on() -> None:
    _OUT.print(Text("\nLook further", style="bold"))
    for command, what in (
        ("litlake status", "every day, its state and reasons"),
        ('litlake sql "from marts.daily_overview order by dt, source"', "what each source brought"),
        ('litlake sql "select reason, detail, excerpt from ops.quarantine"', "what could not be listed, and why"),
        ("litlake dev", "the Dagster UI: assets, checks, backfills"),
        ("litlake land jsonl 2025-06-26 FILE && litlake run 2025-06-26", "a day of your own"),
        ("litlake down", "stop the object store"),
    ):
        _OUT.print(Text(f"  {command:<64} ", style="cyan") + Text(what))
    _OUT.print(Text("  (in this checkout: .venv/bin/litlake …; another home: LITLAKE_HOME=…)", style="dim"))
