"""Which SQL of users is let through: what reads the lake, and names no file, no address and no setting.

DuckDB's own switches leave gaps (seen in 1.5.5): ``EXPLAIN ANALYZE COPY …`` runs the COPY, a file of an allowed folder
that is named with ``?s3_endpoint=HOST`` is asked for at HOST, and table functions of DuckLake and of the catalog's
scanners write from within a SELECT. So the syntax tree is looked at before anything runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

#: Table functions that read nothing but the lake, its history, and what the query itself says.
TABLE_FUNCTIONS = frozenset(
    {
        *("generate_series", "json_each", "json_tree", "range", "repeat", "unnest"),
        *("snapshots", "current_snapshot", "table_changes", "table_deletions", "table_insertions", "table_info"),
        *("ducklake_snapshots", "ducklake_current_snapshot", "ducklake_list_files", "ducklake_table_info"),
        *("ducklake_table_changes", "ducklake_table_deletions", "ducklake_table_insertions"),
        *("duckdb_columns", "duckdb_functions", "duckdb_schemas", "duckdb_tables", "duckdb_types", "duckdb_views"),
        *("pragma_table_info", "pragma_version"),
    }
)

#: Views that tell where the catalog is, and with which password.
HIDDEN_VIEWS = frozenset({"duckdb_databases", "pragma_database_list"})

_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(?:ANALYZE\s+)?", re.IGNORECASE)
_FILE_NAME = re.compile(r"[/\\:.*?]")


def objection(connection: duckdb.DuckDBPyConnection, statement: str) -> str | None:
    """Why a statement must not run; None if it may.

    Args:
        connection: Parses the statement; nothing of it is run.
        statement: One statement that DuckDB can parse.
    """
    answer = connection.execute("SELECT json_serialize_sql(?)", [_EXPLAIN.sub("", statement, count=1)]).fetchone()
    assert answer is not None  # one row by construction
    try:
        tree = json.loads(answer[0])
    except RecursionError:
        return "the query is nested too deeply."
    if tree["error"]:
        return "the lake is read only: SELECT, WITH, FROM, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN or VALUES."
    return next((reason for node in _nodes(tree) if (reason := _fault(node))), None)


def _fault(node: dict[str, Any]) -> str | None:
    if node.get("type") == "TABLE_FUNCTION":
        name = node["function"]["function_name"].lower()
        if name not in TABLE_FUNCTIONS:
            return f"the table function {name} is not open to queries: they read the lake, no files and no services."
    if node.get("type") == "BASE_TABLE":
        name = node["table_name"]
        if name.lower() in HIDDEN_VIEWS:
            return f"{name} is not open to queries."
        if _FILE_NAME.search(name):
            return f"{name!r} is no table: queries read the lake, no files and no services."
    return None


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    """Every object of a tree, without recursion: a long sum is a deep tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
