"""Canonical records of one day: every source's records in one frame, and beside it what could not be listed.

Sources yield records in their own words; here, once for all of them, text is cleaned, links are found, identities of
listings are given, and repeats within the day are set aside. Conservation holds by construction and is checked again
by the gate: every record of every raw object ends in exactly one of the two frames.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

import polars as pl

from assets.listings.details import DETAIL_SCHEMAS, of_kept, with_listing
from assets.listings.links import find_links
from assets.listings.parsed import QUARANTINE_SCHEMA, ParsedBatch, parsed_batches, quarantine_frame
from assets.listings.text import clean, normalised_title, text_sha256
from assets.sources.base import Quarantined, RawObject, Reader, excerpt
from assets.sources.columns import RECORD_COLUMNS, column_of

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
    "abstract_sections": RECORD_COLUMNS["abstract_sections"],
    "authors": RECORD_COLUMNS["authors"],
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


def read_day(objects: Iterable[tuple[RawObject, Reader, BinaryIO]]) -> DayRecords:
    """Read every raw object of a day.

    Args:
        objects: Each object with the reader of its source and its bytes as received, at their start. Streams are
            closed here, one after the other, so that at most one is open.
    """
    frames: dict[str, list[pl.DataFrame]] = {name: [pl.DataFrame(schema=dict(kind))] for name, kind in _SCHEMAS.items()}
    for batch in parsed_batches(objects):
        for name, frame in _canonical(batch).items():
            frames[name].append(frame)
    whole = {name: pl.concat(parts) for name, parts in frames.items()}
    records, repeats = _separate_repeats(whole["records"])
    quarantine = pl.concat([whole["quarantine"], repeats])
    return DayRecords(
        records.sort("source", "source_id", "version", "listing_id", nulls_last=False),
        quarantine.sort("source", "raw_key", "record_index"),
        {name: of_kept(name, whole[name], records) for name in DETAIL_SCHEMAS},
    )


_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "records": RECORD_SCHEMA,
    "quarantine": QUARANTINE_SCHEMA,
    **DETAIL_SCHEMAS,
}


def _canonical(batch: ParsedBatch) -> dict[str, pl.DataFrame]:
    """The frames that one batch adds: its records cleaned and identified, what they carry, what cannot be listed."""
    parsed = batch.records.with_columns(pl.int_range(pl.len()).alias("row"))
    records = parsed.with_columns(*_of_objects(batch.raws), *_cleaned(batch)).select(*RECORD_SCHEMA, "row")
    listable = (pl.col("status") == "deleted") | (pl.col("title").fill_null("") != "")
    untitled = [
        (batch.raws[row], _without_title(batch.raws[row], index, title))
        for row, index, title in parsed.filter(~records.select(listable).to_series())
        .select("row", "record_index", "title")
        .iter_rows()
    ]
    listings = records.filter(listable)
    return {
        "records": listings.drop("row"),
        "quarantine": pl.concat([batch.quarantine, quarantine_frame(untitled)]),
        **{name: with_listing(name, details, listings) for name, details in batch.details.items()},
    }


def _of_objects(raws: Sequence[RawObject]) -> list[pl.Series]:
    """What the raw objects of the rows say of them."""
    columns: dict[str, Sequence[Any]] = {
        "source": [raw.source for raw in raws],
        "dt": [raw.dt for raw in raws],
        "raw_key": [raw.key for raw in raws],
        "raw_sha256": [raw.sha256 for raw in raws],
        "fetched_at": [raw.fetched_at for raw in raws],
    }
    return [column_of(name, values, RECORD_SCHEMA[name]) for name, values in columns.items()]


def _cleaned(batch: ParsedBatch) -> list[pl.Series]:
    """Columns that are computed record by record: clean texts, identity, links."""
    columns: dict[str, list[Any]] = {name: [] for name in _COMPUTED}
    for raw, row in zip(batch.raws, batch.records.select(_CLEANED_FROM).iter_rows(), strict=True):
        for name, value in zip(_COMPUTED, _computed(raw, *row), strict=True):
            columns[name].append(value)
    return [column_of(name, values, RECORD_SCHEMA[name]) for name, values in columns.items()]


_CLEANED_FROM = ("source_id", "version", "title", "abstract", "abstract_sections", "comment")
_COMPUTED = ("listing_id", "source_id", "title", "title_raw", "title_key", "abstract", "abstract_raw", "text_changes",
             "text_sha256", "abstract_sections", "links")  # fmt: skip


def _computed(
    raw: RawObject,
    source_id: str | None,
    version: str | None,
    title_raw: str | None,
    abstract_raw: str | None,
    sections: list[dict[str, str]],
    comment: str | None,
) -> tuple[Any, ...]:
    """The values of `_COMPUTED` for one record."""
    title = clean(title_raw, kind="title") if title_raw is not None else None
    abstract = clean(abstract_raw, kind="abstract") if abstract_raw is not None else None
    title_key = normalised_title(title.text) if title else ""
    known_as = source_id or f"title-{_short_hash(title_key)}"
    texts = title.text if title else None, (abstract.text or None) if abstract else None
    words = "\n".join(part for part in (title_raw, abstract_raw, comment) if part)
    return (
        _short_hash("\x1f".join([raw.source, known_as, version or "", raw.dt.isoformat()])),
        known_as,
        texts[0],
        title_raw if title and title.text != title_raw else None,
        title_key,
        texts[1],
        abstract_raw if abstract and abstract.text != abstract_raw else None,
        sorted({*(title.changes if title else ()), *(abstract.changes if abstract else ())}),
        text_sha256(*texts),
        [{"label": each["label"], "text": clean(each["text"], kind="abstract").text} for each in sections],
        [asdict(link) for link in find_links(words)],
    )


def _without_title(raw: RawObject, index: int, title: str | None) -> Quarantined:
    detail = f"record {index} of {raw.name}: nothing is left of its title once cleaned"
    return Quarantined(record_index=index, reason="missing_title", detail=detail, excerpt=excerpt(title or ""))


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
