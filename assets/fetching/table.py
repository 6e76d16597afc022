"""Finished fetches as rows of ``ops.fetches``: one a list, as announced and as it came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from assets.fetching.fetched import Fetch

FETCHES_SCHEMA: dict[str, Any] = {
    "dt": pl.Date,
    "source": pl.String,
    "service": pl.String,
    "query": pl.String,
    "part": pl.String,
    "announced": pl.Int64,
    "fetched": pl.Int64,
    "absent": pl.Int64,
    "pages": pl.Int64,
    "bytes": pl.Int64,
    "fetch_id": pl.String,
    "config_hash": pl.String,
    "started_at": pl.Datetime("us", "UTC"),
    "finished_at": pl.Datetime("us", "UTC"),
}


def fetches_frame(fetches: Iterable[Fetch]) -> pl.DataFrame:
    """One row a list (`FETCHES_SCHEMA`), in the order in which they were fetched."""
    rows = [
        {
            "dt": fetch.dt,
            "source": fetch.source,
            "service": fetch.connector,
            "query": fetch.name,
            "part": part.name,
            "announced": part.announced,
            "fetched": part.fetched,
            "absent": part.absent,
            "pages": len(fetch.pages),
            "bytes": fetch.bytes,
            "fetch_id": fetch.fetch_id,
            "config_hash": fetch.config_hash,
            "started_at": fetch.started_at,
            "finished_at": fetch.finished_at,
        }
        for fetch in fetches
        for part in fetch.parts
    ]
    return pl.DataFrame(rows, schema=FETCHES_SCHEMA)
