"""SQL of users on the lake: read only, no file, no network but the lake's own data, no settings changed."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

import duckdb
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.resources.lake import Lake, LakeError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Rows and characters a cell that a terminal table shows; other formats show all.
TABLE_ROWS = 200
CELL_CHARACTERS = 200


class QueryError(ValueError):
    """A query that cannot be answered; the first line of DuckDB's message."""


@contextmanager
def read_only_session(lake: Lake, at: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A session for SQL that nobody has read: it sees the lake and nothing else.

    Args:
        lake: Whose tables it sees.
        at: Snapshot to see; None for the newest.

    Raises:
        QueryError: There is no such snapshot.
    """
    try:
        with lake.connect(at=at) as connection:
            connection.execute(f"SET allowed_directories = ['{lake.data_path}']")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            yield connection
    except LakeError as fault:
        if at is None:
            raise
        raise QueryError(f"no snapshot {at}: `litlake sql 'select * from snapshots()'` lists them.") from fault


def ask(connection: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyConnection:
    """Run one statement that reads.

    Raises:
        QueryError: It is no single reading statement, or DuckDB refuses it.
    """
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as fault:
        raise QueryError(_one_line(fault)) from fault
    if len(statements) != 1:
        raise QueryError(f"one statement is asked for, there are {len(statements)}.")
    if statements[0].type not in READING:
        raise QueryError("the lake is read only: SELECT, WITH, FROM, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN or VALUES.")
    try:
        return connection.execute(statements[0])
    except duckdb.Error as fault:
        raise QueryError(_one_line(fault)) from fault


READING = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.RELATION}


def print_table(answer: duckdb.DuckDBPyConnection, out: IO[str]) -> None:
    """The first rows as a table for people. Cells are data: markup in a title is shown, not obeyed."""
    console = Console(file=out)
    names = _names(answer)
    rows = answer.fetchmany(TABLE_ROWS + 1)
    table = Table(header_style="bold")
    for name in names:
        table.add_column(Text(name))
    for row in rows[:TABLE_ROWS]:
        table.add_row(*(Text(_cell(value)) for value in row))
    console.print(table)
    if len(rows) > TABLE_ROWS:
        console.print(f"the first {TABLE_ROWS} rows; --format json, csv or parquet gives all")


def print_json(answer: duckdb.DuckDBPyConnection, out: IO[str]) -> None:
    """All rows as one JSON list of objects."""
    names = _names(answer)
    out.write("[")
    first = True
    while rows := answer.fetchmany(1000):
        for row in rows:
            out.write(
                ("" if first else ",")
                + "\n"
                + json.dumps(dict(zip(names, row, strict=True)), default=_plain, ensure_ascii=False)
            )
            first = False
    out.write("\n]\n")


def print_csv(answer: duckdb.DuckDBPyConnection, out: IO[str]) -> None:
    """All rows as CSV with a header; nested values as JSON."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_names(answer))
    while rows := answer.fetchmany(1000):
        writer.writerows(
            [
                json.dumps(value, default=_plain, ensure_ascii=False) if isinstance(value, list | dict) else value
                for value in row
            ]
            for row in rows
        )


def write_parquet(answer: duckdb.DuckDBPyConnection, out: IO[str]) -> None:
    """All rows as Parquet on standard output, which must not be a terminal."""
    if out.isatty():
        raise QueryError("Parquet is binary: send it to a file, `litlake sql … --format parquet > FILE`.")
    import pyarrow.parquet as pq

    pq.write_table(answer.to_arrow_table(), sys.stdout.buffer, compression="zstd")


FORMATS: dict[str, Callable[[duckdb.DuckDBPyConnection, IO[str]], None]] = {
    "table": print_table,
    "json": print_json,
    "csv": print_csv,
    "parquet": write_parquet,
}


def _names(answer: duckdb.DuckDBPyConnection) -> list[str]:
    return [column[0] for column in answer.description or []]


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _one_line(fault: Exception) -> str:
    lines = [line.strip() for line in str(fault).splitlines() if line.strip() and not line.startswith("LINE")]
    return " ".join(line for line in lines if set(line) != {"^"})[:400]
