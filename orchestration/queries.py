"""SQL of users on the lake: read only, no file, no network but the lake's own data, no settings changed."""

from __future__ import annotations

import csv
import json
import math
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
from orchestration.statements import objection

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
            connection.execute("SET python_enable_replacements = false")  # a name is a table, never a variable of ours
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
    try:
        if reason := objection(connection, statements[0].query):
            raise QueryError(reason)
        return connection.execute(statements[0])
    except duckdb.Error as fault:
        raise QueryError(_one_line(fault)) from fault


def print_table(answer: duckdb.DuckDBPyConnection, out: IO[str]) -> None:
    """The first rows as a table for people. Cells are data: markup in a title is shown, not obeyed."""
    console = Console(file=out)
    names = _names(answer)
    rows = next(_batches(answer, TABLE_ROWS + 1), [])
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
    for rows in _batches(answer):
        for row in rows:
            out.write(("" if first else ",") + "\n" + _json(dict(zip(names, row, strict=True))))
            first = False
    out.write("\n]\n")


def print_csv(answer: duckdb.DuckDBPyConnection, out: IO[str]) -> None:
    """All rows as CSV with a header; nested values as JSON."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_names(answer))
    for rows in _batches(answer):
        writer.writerows(
            [_json(value) if isinstance(value, list | tuple | dict) else value for value in row] for row in rows
        )


def write_parquet(answer: duckdb.DuckDBPyConnection, out: IO[str]) -> None:
    """All rows as Parquet on standard output, which must not be a terminal."""
    if out.isatty():
        raise QueryError("Parquet is binary: send it to a file, `litlake sql … --format parquet > FILE`.")
    import pyarrow.parquet as pq

    try:
        table = answer.to_arrow_table()
    except duckdb.Error as fault:
        raise QueryError(_one_line(fault)) from fault
    pq.write_table(table.rename_columns(_names(answer)), sys.stdout.buffer, compression="zstd")


FORMATS: dict[str, Callable[[duckdb.DuckDBPyConnection, IO[str]], None]] = {
    "table": print_table,
    "json": print_json,
    "csv": print_csv,
    "parquet": write_parquet,
}


def _batches(answer: duckdb.DuckDBPyConnection, rows: int = 1000) -> Iterator[list[tuple[Any, ...]]]:
    """The answer in parts. It is computed as it is fetched, so a fault may show only here."""
    try:
        while batch := answer.fetchmany(rows):
            yield batch
    except duckdb.Error as fault:
        raise QueryError(_one_line(fault)) from fault


def _names(answer: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the columns, each once: a join may bring one name twice."""
    names: list[str] = []
    for column in answer.description or []:
        name, number = column[0], 0
        while name in names:
            number += 1
            name = f"{column[0]}_{number}"
        names.append(name)
    return names


def _cell(value: object) -> str:
    text = _shown(value)
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"


def _json(value: object) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_shown(item)}" for name, item in value.items())
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    """A value in JSON's own types; keys of a map need not be text, and JSON knows no NaN."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
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
