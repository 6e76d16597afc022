"""What all assets share: owners, retries of the network, small tables for the Dagster UI."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
import polars as pl

from assets.fetching.client import ServiceUnreachable
from orchestration.progress import work
from orchestration.resources.lake import LakeError
from orchestration.resources.object_store import ObjectStoreError

OWNERS = ["team:litlake"]

#: One step at a time writes the lake: DuckLake's conflicts are per table, and every day writes the same tables.
LAKE_POOL = "lake"

#: An event log is never pruned by itself: tables in it stay small.
TABLE_ROWS = 20
CELL_CHARACTERS = 120

#: boto3 has tried five times before a fault gets here.
NETWORK_RETRIES = 2


def table_of(rows: Iterable[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """The first rows as a table of short cells, for the Dagster UI."""
    cells = [
        {name: value if isinstance(value, int | float | bool) else _cell(value) for name, value in row.items()}
        for row, _ in zip(rows, range(TABLE_ROWS), strict=False)
    ]
    if not cells:
        return dg.MetadataValue.table([], schema=dg.TableSchema([dg.TableColumn("nothing", "string")]))
    return dg.MetadataValue.table([dg.TableRecord(row) for row in cells])


def sample_of(frame: pl.DataFrame, *columns: str) -> dg.TableMetadataValue:
    """A few rows of a frame as a table."""
    return table_of(frame.select(columns).head(10).iter_rows(named=True))


@contextmanager
def step(context: dg.AssetExecutionContext) -> Iterator[None]:
    """The work of one step: shown while it goes on, tried again when store, catalog or a service cannot be reached.

    Any other fault fails the step at once: trying again would not mend it.
    """
    try:
        with work(f"{context.partition_key} {context.op_execution_context.op.name.replace('__', ' ')}"):
            yield
    except (ObjectStoreError, LakeError, ServiceUnreachable) as fault:
        context.log.warning(str(fault))
        raise dg.RetryRequested(max_retries=NETWORK_RETRIES, seconds_to_wait=2 ** (context.retry_number + 1)) from fault


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"
