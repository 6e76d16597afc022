"""``litlake source …``: which services there are, what is saved, whether they answer, and a fetch by hand."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.days import days_between, parse_day, today
from orchestration.progress import console, display
from orchestration.resources.installation import Installation
from orchestration.settings import load_settings

app = typer.Typer(name="source", help="Listing services: saved queries, checks, fetches.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Query = Annotated[str, typer.Argument(metavar="QUERY", help="A saved query, SERVICE.NAME, or SERVICE for all of its.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every service that can be asked, what its day means, and the saved queries."""
    from assets.connectors import CONNECTORS

    services = Installation(load_settings()).services
    saved = services.queries
    if as_json:
        print(json.dumps({"services": [_service(c) for c in CONNECTORS.values()], "queries": _saved(saved)}, indent=1))
        return
    table = Table("service", "lists", "its day", "saved queries", header_style="bold", show_lines=True)
    for connector in CONNECTORS.values():
        own = "\n".join(query.name for query in saved if query.connector is connector)
        table.add_row(connector.name, Text(connector.description), Text(connector.day), Text(own or "–"))
    Console().print(table)
    _say(f"saved queries: {services.file}")
    if not saved:
        _say("next: litlake source add SERVICE --name NAME")


@app.command()
def add(
    service: Annotated[str, typer.Argument(help="One of `litlake source list`.")],
    name: Annotated[str, typer.Option(help="Name of the query: a-z, 0-9, - and _.")] = "default",
    query: Annotated[str | None, typer.Option(help="What to ask for, in the service's own search language.")] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Any other field of the query; again.")
    ] = None,
) -> None:
    """Save a query: from then on its listings come with every day."""
    from orchestration.saved_queries import add_query, typed_values

    given = ({} if query is None else {"query": query}) | typed_values(values or ())
    settings = load_settings()
    saved = add_query(settings.sources_file, service, name, given)
    _say(f"added {saved.title} to {settings.sources_file}")
    if settings.contact is None:
        _say("before it can be fetched: set LITLAKE_CONTACT to your e-mail address, services ask who calls")
    _say(f"next: litlake source check {saved.title}")


@app.command()
def check(
    query: Annotated[str | None, typer.Argument(metavar="[QUERY]", help="SERVICE.NAME or SERVICE; all.")] = None,
    day: Annotated[str | None, typer.Option(metavar="DATE", help="Ask for this day; yesterday.")] = None,
    as_json: Json = False,
) -> None:
    """Ask each service for the first page of a day and say what it announces; nothing is kept. 0 if all answer."""
    services = Installation(load_settings()).services
    dt = parse_day(day) if day else today() - timedelta(days=1)
    with display():
        checked = [services.check(saved, dt) for saved in services.named(query)]
    if as_json:
        print(json.dumps({"dt": dt.isoformat(), "queries": [asdict(one) for one in checked]}, indent=1))
    for one in [] if as_json else checked:
        mark = Text("ok  ", style="green") if one.answers else Text("ill ", style="red")
        Console().print(mark + Text(f"{one.query}: {one.seen}"), soft_wrap=True)
    if not checked and not as_json:
        _say("no query is saved: litlake source add SERVICE --name NAME")
    raise typer.Exit(0 if all(one.answers for one in checked) else 1)


@app.command()
def fetch(
    query: Query,
    first: Annotated[str, typer.Argument(metavar="DATE", help="Listing day (UTC).")],
    last: Annotated[str | None, typer.Argument(metavar="[TO]", help="Last listing day, included.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked for; ask for nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Fetch days again that are fetched.")] = False,
    as_json: Json = False,
) -> None:
    """Fetch days of a saved query and keep the pages, for `litlake run`. Days that are fetched are passed over.

    Exit code 0 if every day came, 1 if one did not: the others are kept, and the next call goes on where it broke off.
    """
    from assets.fetching.client import FetchFailed, ServiceRefuses, ServiceUnreachable

    services = Installation(load_settings()).services
    days = days_between(parse_day(first), parse_day(last or first))
    told: list[dict[str, Any]] = []
    with display():
        for saved in services.named(query):
            for dt in days:
                plan = services.plan(saved, dt)
                row = {"query": saved.title, "dt": dt.isoformat(), **asdict(plan)}
                if not dry_run and (plan.due or force):
                    try:
                        row |= _fetched(services.fetch(saved, dt))
                    except (FetchFailed, ServiceRefuses, ServiceUnreachable) as fault:
                        row["failed"] = str(fault)  # the other days and queries may well come
                told.append(row)
                if not as_json:
                    _tell(saved.title, dt, row, dry_run)
    failed = any("failed" in row for row in told)
    if as_json:
        print(json.dumps({"fetches": told}, indent=1, default=str))
    elif not dry_run:
        span = f"run {first}" if last is None else f"backfill {first} {last}"
        _say(
            f"next: litlake source fetch {query} {first}{f' {last}' if last else ''}"
            if failed
            else f"next: litlake {span}"
        )
    raise typer.Exit(1 if failed else 0)


def _service(connector: Any) -> dict[str, Any]:
    return {
        "name": connector.name,
        "source": connector.source,
        "description": connector.description,
        "day": connector.day,
        "endpoints": {endpoint.name: endpoint.url for endpoint in connector.endpoints},
        "seconds_between_requests": {endpoint.name: endpoint.seconds_between for endpoint in connector.endpoints},
        "fields": {name: field.description or "" for name, field in connector.config.model_fields.items()},
    }


def _saved(queries: Any) -> list[dict[str, Any]]:
    return [
        {"service": query.connector.name, "name": query.name, **query.config.model_dump(mode="json")}
        for query in queries
    ]


def _fetched(done: Any) -> dict[str, Any]:
    return {
        "fetch_id": done.fetch_id,
        "pages": len(done.pages),
        "bytes": done.bytes,
        "announced": done.announced,
        "fetched": done.fetched,
        "unchanged": done.same_as is not None,
        "shortfalls": done.shortfalls(),
    }


def _tell(title: str, dt: date, row: dict[str, Any], dry_run: bool) -> None:
    if dry_run:
        _say(f"{dt}  {title}  {'would ask' if row['due'] else 'would not ask'}: {row['why']}\n    {row['url']}")
    elif "failed" in row:
        console.print(Text(f"{dt}  {title}  {row['failed']}", style="red"), soft_wrap=True)
    elif "pages" not in row:
        _say(f"{dt}  {title}  {row['why']}")
    else:
        announced = "" if row["announced"] is None else f" of {row['announced']} announced"
        unchanged = ", the same as before" if row["unchanged"] else ""
        _say(f"{dt}  {title}  {row['fetched']} records{announced}, {row['pages']} pages{unchanged}")
        for shortfall in row["shortfalls"]:
            _say(f"    {shortfall}: the gate will refuse the day until it is fetched whole")


def _say(line: str) -> None:
    Console().print(Text(line), soft_wrap=True)
