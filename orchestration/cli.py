"""The command line: arguments in, one call, one answer out, exit codes as documented.

A user's mistake is one line on stderr that names the cause and the next step, never a traceback.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer._click.exceptions import NoArgsIsHelpError, UsageError  # typer 0.29 carries a click of its own

from assets.enrichment.embedding import ModelUnusable
from assets.enrichment.heads import HeadsUnusable
from orchestration.days import DayError, days_between, parse_day
from orchestration.progress import console, display, work
from orchestration.resources.dbt import DbtError
from orchestration.resources.installation import Installation
from orchestration.resources.lake import LakeError
from orchestration.resources.object_store import ObjectStoreError
from orchestration.settings import SettingsError, load_settings, quiet_libraries
from orchestration.source_commands import app as source_app

app = typer.Typer(
    name="litlake",
    help="Follow, curate and query the biomedical literature: raw listings in, released days out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(source_app)

USAGE, FAILED = 2, 1

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Force = Annotated[bool, typer.Option("--force", help="Run it even if nothing has changed since its release.")]


def main() -> None:
    """Entry point of the ``litlake`` command."""
    quiet_libraries()
    with _one_line_errors():
        sys.exit(app(standalone_mode=False) or 0)


@app.command()
def land(
    source: Annotated[str, typer.Argument(help="Kind of listing: pubmed_xml, jsonl, csv, ris, jats and others.")],
    arguments: Annotated[
        list[str], typer.Argument(metavar="[DATE] FILE…", help="The listing day (UTC), then the files.")
    ],
    split_by: Annotated[
        str | None, typer.Option(help="Field of the records that names their day; then no DATE.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="TOML file that says which of the file's fields is which (csv, jsonl).")
    ] = None,
) -> None:
    """Put files into landing for a day, or for the days that a field of the records names."""
    from orchestration.landing import land_split, land_whole, mapping_of, named_source

    kind = named_source(source)
    mapped = mapping_of(kind, mapping)
    if split_by is None:
        day, files = parse_day(arguments[0]), [Path(argument) for argument in arguments[1:]]
    else:
        day, files = None, [Path(argument) for argument in arguments]
    if not files:
        _fail("no file is named: `litlake land SOURCE DATE FILE…`.", USAGE)
    installation = _installation()
    with display():
        if day is not None:
            landed = land_whole(installation.raw, kind, day, files, mapped)
        else:
            assert split_by is not None
            landed = land_split(installation.raw, kind, split_by, files, mapped)
    new = [part for part in landed if part.is_new]
    days = sorted({part.dt for part in landed})
    span = f"{days[0]}" if len(days) == 1 else f"{len(days)} days, {days[0]} to {days[-1]}"
    _say(f"landed {len(new)} new of {len(landed)} objects for {source}: {span}")
    undated = sum(part.undated for part in landed)
    if undated:
        _say(f"{undated} records name no usable day: they are kept with {days[-1]}, where they will be quarantined")
    _say(f"next: litlake run {days[0]}" if len(days) == 1 else f"next: litlake backfill {days[0]} {days[-1]}")


@app.command()
def run(
    day: Annotated[str, typer.Argument(metavar="DATE", help="Listing day (UTC), YYYY-MM-DD.")],
    force: Force = False,
    as_json: Json = False,
) -> None:
    """One day through to the marts, in process. Exit code 0 released or unchanged, 3 refused, 1 failed."""
    dt = parse_day(day)
    _finish(_run_days([dt], 1, force, as_json), as_json)


@app.command()
def backfill(
    first: Annotated[str, typer.Argument(metavar="FROM", help="First listing day.")],
    last: Annotated[str, typer.Argument(metavar="TO", help="Last listing day, included.")],
    parallel: Annotated[
        int, typer.Option(min=1, max=64, help="Days that are computed at once; releases stay serial.")
    ] = 1,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Days as a backfill, oldest first. Exit code 0 all released, 3 some refused, 1 some failed."""
    days = days_between(parse_day(first), parse_day(last))
    if not days:
        _fail(f"{first} is after {last}: name the first day first.", USAGE)
    _finish(_run_days(days, parallel, force, as_json), as_json)


@app.command()
def heal(
    parallel: Annotated[
        int, typer.Option(min=1, max=64, help="Days that are computed at once; releases stay serial.")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Run again exactly the days that failed, were refused, wait or are stale. Exit codes as backfill."""
    from orchestration.status import day_states, to_heal

    days = to_heal(day_states(_installation()))
    if not days and not as_json:
        _say("every day is released as it should be")
    _finish(_run_days(days, parallel, False, as_json), as_json)


@app.command()
def status(as_json: Json = False) -> None:
    """Every day: its state, counts and reasons."""
    from orchestration import status as states

    days = states.day_states(_installation())
    if as_json:
        print(json.dumps(states.as_json(days), indent=1))
        return
    if not days:
        _say("no day has landed yet: `litlake land SOURCE DATE FILE`, or try `litlake demo`")
        return
    table = Table("day", "state", "release", "listings", "quarantined", "read", "reasons", header_style="bold")
    for day in days:
        style = {"released": "green", "refused": "red", "incomplete": "red"}.get(day.state, "yellow")
        numbers = (day.release_seq or "–", day.listings, day.quarantined, day.records_read)
        reasons = "\n".join(day.reasons)
        table.add_row(day.dt, Text(day.state, style=style), *(str(number) for number in numbers), Text(reasons))
    Console().print(table)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help='One statement that reads, e.g. "from marts.daily_overview".')],
    format: Annotated[str, typer.Option(help="table, json, csv or parquet.")] = "table",
    at: Annotated[int | None, typer.Option(metavar="SNAPSHOT", help="See the lake as it was at this snapshot.")] = None,
) -> None:
    """Read-only SQL (DuckDB's) on the lake: schemas curated, enriched, marts, ops."""
    from orchestration.queries import FORMATS, ask, read_only_session

    if format not in FORMATS:
        _fail(f"no format is called {format!r}; there are {', '.join(FORMATS)}.", USAGE)
    with read_only_session(_installation().lake, at) as connection:
        FORMATS[format](ask(connection, query), sys.stdout)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Words or a question.")],
    k: Annotated[int, typer.Option("-k", min=1, help="Hits.")] = 10,
    mode: Annotated[str, typer.Option(help="lexical, vector or hybrid.")] = "hybrid",
    as_json: Json = False,
) -> None:
    """Search the released works. Not there yet: this command says so."""
    _fail(
        "search is not built yet. Until then: "
        "litlake sql \"select paper_id, title from curated.papers where title ilike '%word%'\"",
        FAILED,
    )


@app.command()
def demo() -> None:
    """The main job on bundled sample days, one of them faulty and refused; exit code 0 when as expected."""
    from orchestration.demonstration import demonstrate

    raise typer.Exit(demonstrate(load_settings()))


@app.command()
def train(
    labels: Annotated[Path, typer.Argument(help="JSON lines, one labelled text each (.gz too).")],
    out: Annotated[Path | None, typer.Option(help="Folder for the trained heads and their card.")] = None,
    cards: Annotated[Path | None, typer.Option(help="Labels of the papers of --page, to train on too.")] = None,
    page: Annotated[Path | None, typer.Option(help="A listing page: lines of title and abstract in turn.")] = None,
) -> None:
    """Train the student heads (document_type, domain, educational_quality) from labelled texts."""
    from orchestration.training import train_heads

    if (cards is None) != (page is None):
        raise typer.BadParameter("--cards and --page go together")
    train_heads(_installation(), labels, out, (cards, page) if cards and page else None)


@app.command()
def dev(
    port: Annotated[int | None, typer.Option(help="Port of the Dagster UI; a free one if it is taken.")] = None,
) -> None:
    """Object store, Dagster UI and daemon, until stopped with Ctrl-C or `litlake down`."""
    from orchestration.dev import free_port, serve

    installation = _installation()
    installation.lake  # noqa: B018  (start the store and make the tables before the UI asks for them)
    chosen = free_port(installation.settings.ui_port if port is None else port)
    _say(f"Dagster UI: http://127.0.0.1:{chosen}   object store: {installation.address.endpoint}   stop: Ctrl-C")
    raise typer.Exit(serve(installation.settings, chosen))


@app.command()
def down() -> None:
    """Stop what this home started: object store, Dagster UI and daemon."""
    from orchestration.dev import stop

    installation = _installation()
    with display(), work("stopping"):
        stopped = [
            name
            for name, done in (
                ("Dagster", stop(installation.settings)),
                ("object store", installation.embedded_store.stop()),
            )
            if done
        ]
    _say(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check the installation: store, catalog, models, versions. Exit code 0 healthy."""
    from dataclasses import asdict

    from orchestration.doctor import examine

    findings = []
    for finding in examine(_installation()):
        findings.append(finding)
        if not as_json:
            mark = Text("ok  ", style="green") if finding.healthy else Text("ill ", style="red")
            Console().print(mark + Text(f"{finding.part}: {finding.seen}"), soft_wrap=True)
    if as_json:
        print(
            json.dumps(
                {"healthy": all(f.healthy for f in findings), "findings": [asdict(f) for f in findings]}, indent=1
            )
        )
    raise typer.Exit(0 if all(finding.healthy for finding in findings) else FAILED)


def _run_days(days: list[date], parallel: int, force: bool, as_json: bool) -> list[Any]:
    from orchestration.running import DayResult, Runner

    results: list[DayResult] = []
    for result in Runner(load_settings()).run_many(days, parallel=parallel, force=force):
        results.append(result)
        if not as_json and (result.state != "empty" or len(days) == 1):
            _tell(result)
    return results


def _tell(result: Any) -> None:
    style = {"released": "green", "unchanged": "dim", "refused": "red", "failed": "bold red"}.get(
        result.state, "yellow"
    )
    numbers = {
        "released": f"{result.listings} listings, {result.seconds:.1f} s",
        "empty": "no source has listed anything",
    }.get(result.state, "")
    console_out = Console()
    console_out.print(Text(f"{result.dt}  ") + Text(f"{result.state:<10}", style=style) + Text(numbers), soft_wrap=True)
    for reason in result.reasons:
        console_out.print(Text(f"    {reason}"), soft_wrap=True)


def _finish(results: list[Any], as_json: bool) -> NoReturn:
    from dataclasses import asdict

    from orchestration.running import worst

    counts: dict[str, int] = {}
    for result in results:
        counts[result.state] = counts.get(result.state, 0) + 1
    if as_json:
        print(json.dumps({"days": [asdict(result) for result in results], "states": counts}, indent=1))
    elif len(results) > 1:
        _say(f"{len(results)} days: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    raise typer.Exit(worst(results))


def _installation() -> Installation:
    return Installation(load_settings())


def _say(line: str) -> None:
    Console().print(Text(line), soft_wrap=True)


def _fail(message: str, code: int) -> NoReturn:
    console.print(Text(f"litlake: {message}"), soft_wrap=True)
    raise typer.Exit(code)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Errors with a cause that the user can mend become one line; anything else is a defect and shows itself."""
    from assets.enrichment.training import LabelsUnusable
    from assets.fetching.client import FetchFailed, ServiceRefuses, ServiceUnreachable
    from orchestration.landing import LandingError
    from orchestration.queries import QueryError
    from orchestration.saved_queries import SavedQueryError

    try:
        yield
    except NoArgsIsHelpError as bare:
        bare.show()
        sys.exit(USAGE)
    except UsageError as mistake:
        where = mistake.ctx.command_path if mistake.ctx else "litlake"
        console.print(Text(f"litlake: {mistake.format_message()} Try `{where} --help`."), soft_wrap=True)
        sys.exit(USAGE)
    except typer.Abort:
        sys.exit(FAILED)
    except (DayError, LandingError, QueryError, SavedQueryError, SettingsError) as mistake:
        console.print(Text(f"litlake: {mistake}"), soft_wrap=True)
        sys.exit(USAGE)
    except (DbtError, HeadsUnusable, LabelsUnusable, LakeError, ModelUnusable, ObjectStoreError) as fault:
        console.print(Text(f"litlake: {fault}"), soft_wrap=True)
        sys.exit(FAILED)
    except (FetchFailed, ServiceRefuses, ServiceUnreachable) as fault:
        console.print(Text(f"litlake: {fault}"), soft_wrap=True)
        sys.exit(FAILED)
    except BrokenPipeError:  # the reader of our output has left, e.g. `| head`
        sys.exit(0)
