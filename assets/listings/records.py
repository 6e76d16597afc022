"""Canonical records of one day: every source's records in one frame, and beside it what could not be listed.

Sources yield records in their own words; here, once for all of them, text is cleaned, links are found, identities of
listings are given, and repeats within the day are set aside. Conservation holds by construction and is checked again
by the gate: every record of every raw object ends in exactly one of the two frames.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

import polars as pl

from assets.listings.details import DETAIL_SCHEMAS, detail_rows, of_kept
from assets.listings.links import find_links
from assets.listings.text import clean, normalised_title, text_sha256
from assets.sources.base import Parser, Quarantined, RawObject, Record, excerpt
from assets.sources.streams import open_stream

_AUTHOR = pl.Struct({"name": pl.String, "orcid": pl.String, "affiliation": pl.String})
_SECTION = pl.Struct({"label": pl.String, "text": pl.String})
_LINK = pl.Struct({"url_raw": pl.String, "url": pl.String, "host": pl.String, "role": pl.String})

#: Columns of a canonical record. ``title_raw`` and ``abstract_raw`` are null where cleaning changed nothing.
RECORD_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "listing_id": pl.String,
    "source": pl.String,
    "source_id": pl.String,
    "version": pl.String,
    "dt": pl.Date,
    "status": pl.String,
    "title": pl.String,
    "title_raw": pl.String,
    "title_key": pl.String,
    "abstract": pl.String,
    "abstract_raw": pl.String,
    "text_changes": pl.List(pl.String),
    "text_sha256": pl.String,
    "abstract_sections": pl.List(_SECTION),
    "authors": pl.List(_AUTHOR),
    "journal": pl.String,
    "published_on": pl.Date,
    "language": pl.String,
    "doi": pl.String,
    "pmid": pl.String,
    "pmcid": pl.String,
    "arxiv_id": pl.String,
    "licence": pl.String,
    "publication_types": pl.List(pl.String),
    "mesh": pl.List(pl.String),
    "keywords": pl.List(pl.String),
    "categories": pl.List(pl.String),
    "comment": pl.String,
    "url": pl.String,
    "links": pl.List(_LINK),
    "raw_key": pl.String,
    "raw_sha256": pl.String,
    "record_index": pl.Int64,
    "fetched_at": pl.Datetime("us", "UTC"),
}

#: Columns of a quarantined record.
QUARANTINE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "dt": pl.Date,
    "source": pl.String,
    "raw_key": pl.String,
    "record_index": pl.Int64,
    "reason": pl.String,
    "detail": pl.String,
    "excerpt": pl.String,
}

#: Fields of a record that become columns as they are.
_AS_THEY_ARE = tuple(
    set(RECORD_SCHEMA) & set(Record.__dataclass_fields__) - {"title", "abstract", "abstract_sections", "authors"}
)

#: Rows of one frame that are held as Python objects.
BATCH_ROWS = 5_000

#: Reasons that set a record aside without a fault in it: the same listing stands in the day once already.
REPEAT_REASONS = frozenset({"repeated_listing", "superseded_listing"})


@dataclass(frozen=True)
class DayRecords:
    """What the raw objects of one day say.

    Attributes:
        records: One row a listing (`RECORD_SCHEMA`), ordered by source, source_id, version.
        quarantine: One row a record that could not be listed (`QUARANTINE_SCHEMA`), ordered by object and place.
        details: What the records carry beyond these columns (`assets.listings.details`), by the name of its table.
    """

    records: pl.DataFrame
    quarantine: pl.DataFrame
    details: Mapping[str, pl.DataFrame]


def read_day(objects: Iterable[tuple[RawObject, Parser, BinaryIO]]) -> DayRecords:
    """Read every raw object of a day.

    Args:
        objects: Each object with the parser of its source and its bytes as received, at their start. Streams are
            closed here, one after the other, so that at most one is open.
    """
    frames = _Frames()
    for raw, parse, received in objects:
        with received:
            for item in parse(open_stream(received, raw.size), raw):
                frames.add(item, raw)
    records, repeats = _separate_repeats(frames.frame("records"))
    quarantine = pl.concat([frames.frame("quarantine"), repeats])
    return DayRecords(
        records.sort("source", "source_id", "version", "listing_id", nulls_last=False),
        quarantine.sort("source", "raw_key", "record_index"),
        {name: of_kept(name, frames.frame(name), records) for name in DETAIL_SCHEMAS},
    )


class _Frames:
    """Rows that become columns a batch at a time: as Python objects, a large day would not fit in memory."""

    _SCHEMAS: Mapping[str, Mapping[str, Any]] = {
        "records": RECORD_SCHEMA,
        "quarantine": QUARANTINE_SCHEMA,
        **DETAIL_SCHEMAS,
    }

    def __init__(self) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in self._SCHEMAS}
        self._frames: dict[str, list[pl.DataFrame]] = {name: [] for name in self._SCHEMAS}

    def add(self, item: Record | Quarantined, raw: RawObject) -> None:
        """Put what a parser yielded where it belongs."""
        if isinstance(item, Record):
            row = _canonical(item, raw)
            if item.status == "deleted" or row["title"]:
                self._append("records", row)
                for name, rows in detail_rows(item, row, raw).items():
                    for detail in rows:
                        self._append(name, detail)
                return
            item = _without_title(item, raw)
        self._append("quarantine", _quarantine_row(raw, item))

    def frame(self, name: str) -> pl.DataFrame:
        """Every row of one frame."""
        self._flush(name)
        return pl.concat([pl.DataFrame(schema=dict(self._SCHEMAS[name])), *self._frames[name]])

    def _append(self, name: str, row: dict[str, Any]) -> None:
        self._rows[name].append(row)
        if len(self._rows[name]) >= BATCH_ROWS:
            self._flush(name)

    def _flush(self, name: str) -> None:
        if self._rows[name]:
            self._frames[name].append(pl.DataFrame(self._rows[name], schema=dict(self._SCHEMAS[name])))
            self._rows[name] = []


def _without_title(record: Record, raw: RawObject) -> Quarantined:
    detail = f"record {record.record_index} of {raw.name}: nothing is left of its title once cleaned"
    return Quarantined(
        record_index=record.record_index, reason="missing_title", detail=detail, excerpt=excerpt(record.title or "")
    )


def _canonical(record: Record, raw: RawObject) -> dict[str, Any]:
    """One record as a row of `RECORD_SCHEMA`."""
    title = clean(record.title, kind="title") if record.title is not None else None
    abstract = clean(record.abstract, kind="abstract") if record.abstract is not None else None
    title_key = normalised_title(title.text) if title else ""
    source_id = record.source_id or f"title-{_short_hash(title_key)}"
    changes = sorted({*(title.changes if title else ()), *(abstract.changes if abstract else ())})
    words = "\n".join(part for part in (record.title, record.abstract, record.comment) if part)
    row: dict[str, Any] = {name: getattr(record, name) for name in _AS_THEY_ARE}
    row.update(
        listing_id=_short_hash("\x1f".join([raw.source, source_id, record.version or "", raw.dt.isoformat()])),
        source=raw.source,
        source_id=source_id,
        dt=raw.dt,
        title=title.text if title else None,
        title_raw=record.title if title and title.text != record.title else None,
        title_key=title_key,
        abstract=(abstract.text or None) if abstract else None,
        abstract_raw=record.abstract if abstract and abstract.text != record.abstract else None,
        text_changes=changes,
        abstract_sections=[
            {"label": section.label, "text": clean(section.text, kind="abstract").text}
            for section in record.abstract_sections
        ],
        authors=[
            {"name": author.name, "orcid": author.orcid, "affiliation": author.affiliation} for author in record.authors
        ],
        links=[asdict(link) for link in find_links(words)],
        raw_key=raw.key,
        raw_sha256=raw.sha256,
        fetched_at=raw.fetched_at,
    )
    row["text_sha256"] = text_sha256(row["title"], row["abstract"])
    return row


def _quarantine_row(raw: RawObject, fault: Quarantined) -> dict[str, Any]:
    return {"dt": raw.dt, "source": raw.source, "raw_key": raw.key, **asdict(fault)}


def _separate_repeats(records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep the latest record of each listing; the others become quarantine rows that name it.

    Sources repeat themselves within a day (an arXiv paper stands once under each of its categories), and a file may
    be landed again with corrections: the object that arrived last, and in it the last record, wins.
    """
    place = pl.struct("fetched_at", "raw_key", "record_index")
    ranked = records.with_columns(
        _last=place == place.sort().last().over("listing_id"),
        _text=pl.col("text_sha256").sort_by(place).last().over("listing_id"),
        _kept=pl.format("{} #{}", "raw_key", "record_index").sort_by(place).last().over("listing_id"),
    )
    kept = ranked.filter("_last").select(RECORD_SCHEMA.keys())
    same = pl.col("text_sha256") == pl.col("_text")
    repeats = ranked.filter(~pl.col("_last")).select(
        "dt",
        "source",
        "raw_key",
        "record_index",
        reason=pl.when(same).then(pl.lit("repeated_listing")).otherwise(pl.lit("superseded_listing")),
        detail=pl.format("{} is listed again on this day by {}, which is kept", "source_id", "_kept"),
        excerpt=pl.col("title").fill_null("").str.slice(0, 300),
    )
    return kept, repeats


def _short_hash(text: str) -> str:
    """128 bits as 32 hex digits: a collision among a billion listings has a chance below 1e-20."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
