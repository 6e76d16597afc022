"""The lake's tables as `dbt_project/models/tables.yml` declares them, made where they lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

TABLES_FILE = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "tables.yml"

#: `curated.resources` is a view: it can never disagree with the works that name the links.
_RESOURCES_VIEW = """
    SELECT paper_id, last_listed_on AS dt, link.url_raw AS url_raw, link.url AS url, link.host AS host,
        link."role" AS "role", NULL::VARCHAR AS licence
    FROM (SELECT paper_id, last_listed_on, unnest(links) AS link FROM lake.curated.papers)
    QUALIFY row_number() OVER (PARTITION BY paper_id, link.url ORDER BY link.url_raw) = 1
"""


@dataclass(frozen=True, slots=True)
class LakeTable:
    """One table that users query.

    Attributes:
        columns: DuckDB type of each column, in order.
        partitioned_by: Columns that its files are laid out by.
        is_view: Whether it is computed when it is queried.
    """

    schema: str
    name: str
    columns: Mapping[str, str]
    partitioned_by: tuple[str, ...] = ()
    is_view: bool = False

    @property
    def qualified(self) -> str:
        """``lake.schema.name``."""
        return f"lake.{self.schema}.{self.name}"


@cache
def lake_tables() -> tuple[LakeTable, ...]:
    """Every table and view of the schemas curated, enriched and ops."""
    declared: dict[str, Any] = yaml.safe_load(TABLES_FILE.read_text())
    return tuple(
        LakeTable(
            schema=source["schema"],
            name=table["name"],
            columns={column["name"]: column["data_type"] for column in table["columns"]},
            partitioned_by=tuple(table.get("meta", {}).get("partitioned_by", ())),
            is_view=bool(table.get("meta", {}).get("view")),
        )
        for source in declared["sources"]
        for table in source["tables"]
    )


def missing_statements(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """SQL that brings a lake to the declared tables: new tables and new columns; columns are never dropped."""
    there: dict[tuple[str, str], set[str]] = {}
    rows = connection.execute(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE database_name = 'lake'"
    ).fetchall()
    for schema, table, column in rows:
        there.setdefault((schema, table), set()).add(column)
    schemas = {
        row[0]
        for row in connection.execute(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'lake'"
        ).fetchall()
    }
    statements = [
        f"CREATE SCHEMA lake.{schema}"
        for schema in dict.fromkeys([*(table.schema for table in lake_tables()), "marts"])
        if schema not in schemas
    ]
    for table in lake_tables():
        known = there.get((table.schema, table.name))
        if known is None:
            statements += _create(table)
        elif not table.is_view:
            statements += [
                f'ALTER TABLE {table.qualified} ADD COLUMN "{name}" {kind}'
                for name, kind in table.columns.items()
                if name not in known
            ]
    return statements


def _create(table: LakeTable) -> list[str]:
    if table.is_view:
        return [f"CREATE VIEW {table.qualified} AS {_RESOURCES_VIEW}"]
    columns = ", ".join(f'"{name}" {kind}' for name, kind in table.columns.items())
    statements = [f"CREATE TABLE {table.qualified} ({columns})"]
    if table.partitioned_by:
        statements.append(f"ALTER TABLE {table.qualified} SET PARTITIONED BY ({', '.join(table.partitioned_by)})")
    return statements
