"""Small days to release: frames of every released table, with the columns and types that the lake declares."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any

import duckdb
import polars as pl

from assets.listings.text import text_sha256
from assets.release.publish import DayRelease
from assets.release.tables import lake_tables
from orchestration.gate import VERDICT_SCHEMA
from orchestration.resources.raw_store import ManifestEntry

#: The lake's table whose columns each released table has.
LAKE_TABLE_OF = {
    "day_listings": "listings",
    "day_papers": "papers_daily",
    "day_resources": "resources",
    "embeddings": "embeddings",
    "annotations": "annotations",
    "quarantine": "quarantine",
    "raw_objects": "raw_objects",
    "fetches": "fetches",
    "bibliography": "bibliography",
    "passages": "passages",
    "figures": "figures",
    "trending": "trending",
}


@dataclass(frozen=True)
class Listing:
    """One listing in a few words.

    Attributes:
        work: What the listing is of; equal words, equal work.
        more: Further columns of the listing and of its work.
    """

    work: str
    title: str = ""
    source: str = "jsonl"
    status: str = "new"
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def paper_id(self) -> str:
        """Identity of the work."""
        return paper_id(self.work)

    def row(self, dt: date) -> dict[str, Any]:
        """The listing as a row of ``curated.listings``."""
        title = self.title or f"A study of {self.work}"
        abstract = f"What was found about {self.work}."
        return {
            "listing_id": f"{self.source}-{self.work}-{dt}",
            "paper_id": self.paper_id,
            "paper_key": f"{self.source}:{self.work}",
            "source": self.source,
            "source_id": self.work,
            "dt": dt,
            "status": self.status,
            "title": title,
            "abstract": abstract,
            "text_sha256": text_sha256(title, abstract),
            "raw_key": _raw_key(dt),
            "raw_sha256": _hex(_raw_key(dt)),
            "record_index": 0,
            "fetched_at": datetime.combine(dt, time(6), UTC),
            "is_retracted": False,
            "is_withdrawn": self.status == "withdrawn",
        } | dict(self.more)


def paper_id(work: str) -> str:
    """Identity of a work by its word."""
    return f"w-{work}"


def day_release(
    dt: date,
    listings: Sequence[Listing],
    *,
    quarantined: Sequence[str] = (),
    annotator_version: str = "1",
    revision: str = "r1",
    raw: Iterable[ManifestEntry] | None = None,
    versions: Mapping[str, str] | None = None,
    content: str = "",
    details: Mapping[str, list[dict[str, Any]]] | None = None,
    at: datetime | None = None,
) -> DayRelease:
    """A day of these listings, with a vector and a label for each work.

    Args:
        quarantined: Reason of each quarantined record.
        revision: Of the embedding model.
        raw: The day's raw objects; None for one that is nowhere.
        content: Told apart in the content hash.
        details: Rows of tables beside the listings, by name.
    """
    rows = [listing.row(dt) for listing in listings]
    papers = _papers(rows)
    texts = {paper["text_sha256"]: paper for paper in papers}
    about = {"model": "hash-2", "revision": revision, "dim": 2, "vector": [0.6, 0.8]}
    label = {"scheme": "domain", "label": "clinical", "score": 0.9, "annotator": "student"}
    label |= {"annotator_version": annotator_version}
    tables: dict[str, list[dict[str, Any]]] = {
        "day_listings": rows,
        "day_papers": papers,
        "day_resources": [],
        "embeddings": [{"text_sha256": text} | about for text in texts],
        "annotations": [
            {"paper_id": paper["paper_id"], "text_sha256": paper["text_sha256"]} | label for paper in papers
        ],
        "quarantine": [
            {"dt": dt, "source": "jsonl", "raw_key": _raw_key(dt), "record_index": index, "reason": reason}
            for index, reason in enumerate(quarantined, start=len(rows))
        ],
        "raw_objects": _raw_objects(dt, len(rows) + len(quarantined)) if raw is None else [_raw_row(r) for r in raw],
        "fetches": [],
        "bibliography": [],
        "passages": [],
        "figures": [],
        "trending": [],
        **(details or {}),
    }
    return DayRelease(
        dt=dt,
        tables={name: frame_of(name, table) for name, table in tables.items()},
        verdicts=verdicts(dt),
        content_hash=_hex(f"{dt}{content}{rows}"),
        input_hash=_hex(f"inputs of {dt}"),
        run_id="run",
        at=at or datetime.now(UTC),
        versions=versions or {"release": "1"},
    )


def verdicts(dt: date, *, passed: bool = True, required: bool = True) -> pl.DataFrame:
    """One verdict on a day."""
    row = {"dt": dt, "asset": "records", "check": "conservation", "required": required, "passed": passed}
    row |= {"severity": "error", "observed": "seen", "expected": "asked", "content_hash": "c", "run_id": "run"}
    return pl.DataFrame([row | {"checked_at": datetime.now(UTC)}], schema=VERDICT_SCHEMA)


def frame_of(table: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows as a frame of a released table; columns that a row lacks are null."""
    schema = _schema(LAKE_TABLE_OF[table])
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


@cache
def _schema(table: str) -> pl.Schema:
    """Polars' types of the columns that the lake declares, by DuckDB's own translation."""
    (declared,) = (known for known in lake_tables() if known.name == table)
    columns = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in declared.columns.items())
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(f"SELECT {columns}").pl().schema


def _papers(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a work: its first listing speaks for it."""
    papers: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["status"] != "deleted":
            paper = papers.setdefault(row["paper_id"], {**row, "sources": []})
            paper["sources"] = sorted({*paper["sources"], row["source"]})
    return list(papers.values())


def _raw_objects(dt: date, records: int) -> list[dict[str, Any]]:
    key = _raw_key(dt)
    return [{"dt": dt, "source": "jsonl", "raw_key": key, "raw_sha256": _hex(key), "records": records}]


def _raw_row(entry: ManifestEntry) -> dict[str, Any]:
    raw = entry.raw
    told = {"dt": raw.dt, "source": raw.source, "raw_key": raw.key, "raw_sha256": raw.sha256, "size": raw.size}
    return told | {"name": raw.name, "records": entry.records, "fetched_at": raw.fetched_at}


def _raw_key(dt: date) -> str:
    return f"raw/jsonl/dt={dt}/object.jsonl"


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
