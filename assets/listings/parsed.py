"""What parsers yield, as columns a batch at a time: the first half of a day, before anything is cleaned.

Objects of one batch live only until its columns are made; as objects, a large day would not fit in memory. What does
not belong here: canonical records (`assets.listings.records`).
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import polars as pl

from assets.listings.details import detail_columns
from assets.sources.base import Quarantined, RawObject, Reader, Record
from assets.sources.columns import RECORD_COLUMNS, Columns, frame_of
from assets.sources.streams import open_stream

#: Columns of a quarantined record.
QUARANTINE_SCHEMA: dict[str, Any] = {
    "dt": pl.Date,
    "source": pl.String,
    "raw_key": pl.String,
    "record_index": pl.Int64,
    "reason": pl.String,
    "detail": pl.String,
    "excerpt": pl.String,
}

#: Items of one batch: fewer cost time, since every batch makes a hundred columns, and more cost memory.
BATCH_ITEMS = 400

#: A batch ends early with this much text, roughly: full texts, and records of thousands of authors, are large.
BATCH_CHARACTERS = 16_000_000


@dataclass(frozen=True, slots=True)
class ParsedBatch:
    """Items that parsers yielded one after the other.

    Attributes:
        records: One row a record (`RECORD_COLUMNS`), in order.
        raws: The raw object of each.
        details: What the records carry beyond these columns, by the name of its table; ``row`` is the record's place
            in this batch.
        quarantine: One row a record that could not be listed (`QUARANTINE_SCHEMA`).
    """

    records: pl.DataFrame
    raws: list[RawObject]
    details: Mapping[str, pl.DataFrame]
    quarantine: pl.DataFrame


def parsed_batches(objects: Iterable[tuple[RawObject, Reader, BinaryIO]]) -> Iterator[ParsedBatch]:
    """Everything that raw objects say, in order.

    Args:
        objects: Each object with the reader of its source and its bytes as received, at their start. Streams are
            closed here, one after the other, so that at most one is open.
    """
    items = _items(objects)
    while True:
        with _collector_paused():  # until the batch's objects are gone
            batches = _next_batches(items)
        if not batches:
            return
        yield from batches


def quarantine_frame(faults: Iterable[tuple[RawObject, Quarantined]]) -> pl.DataFrame:
    """One row a fault."""
    rows = [
        (raw.dt, raw.source, raw.key, fault.record_index, fault.reason, fault.detail, fault.excerpt)
        for raw, fault in faults
    ]
    return (
        frame_of(dict(zip(QUARANTINE_SCHEMA, zip(*rows, strict=True), strict=True)), QUARANTINE_SCHEMA)
        if rows
        else (pl.DataFrame(schema=QUARANTINE_SCHEMA))
    )


_Item = tuple[RawObject, "Columns | Record | Quarantined"]


def _items(objects: Iterable[tuple[RawObject, Reader, BinaryIO]]) -> Iterator[_Item]:
    for raw, read, received in objects:
        with received:
            for item in read(open_stream(received, raw.size), raw):
                yield raw, item


def _next_batches(items: Iterator[_Item]) -> list[ParsedBatch]:
    """What is made of items until there are enough of them: their batch, or that of columns that came between."""
    raws: list[RawObject] = []
    records: list[Record] = []
    faults: list[tuple[RawObject, Quarantined]] = []
    batches: list[ParsedBatch] = []
    characters = 0
    for raw, item in items:
        if isinstance(item, Record):
            raws.append(raw)
            records.append(item)
            characters += _size(item)
        elif isinstance(item, Quarantined):
            faults.append((raw, item))
        elif item.records.height:
            details = {name: frame for name, frame in detail_columns(()).items() if name != "bibliography"}
            details["bibliography"] = item.bibliography.with_row_index("row").cast({"row": pl.Int64})
            batches.append(ParsedBatch(item.records, [raw] * item.records.height, details, quarantine_frame(())))
        if batches or len(records) + len(faults) >= BATCH_ITEMS or characters >= BATCH_CHARACTERS:
            break
    if records or faults:
        columns = {name: [getattr(record, name) for record in records] for name in RECORD_COLUMNS}
        frames = frame_of(columns, RECORD_COLUMNS), raws, detail_columns(records), quarantine_frame(faults)
        batches.append(ParsedBatch(*frames))
    return batches


def _size(record: Record) -> int:
    """Characters of what makes a record large, roughly."""
    said = record.bibliography or {}
    rows = len(record.authors) + len(said.get("references", ())) + len(said.get("investigators", ()))
    text = len(record.abstract or "") + sum([len(passage.text) for passage in record.passages])
    return text + 400 * rows


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No search for reference cycles: rows have none, and to search them again and again costs a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
