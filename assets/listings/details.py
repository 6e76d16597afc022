"""What records carry beyond their canonical columns, as frames of their own: bibliography, full text, attention.

Rows name their listing; the listing names the work. What does not belong here: canonical records
(`assets.listings.records`), how a source is read (`assets.sources`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import polars as pl

from assets.sources.base import Record
from assets.sources.bibliography import BIBLIOGRAPHY_COLUMNS
from assets.sources.columns import frame_of

_LISTING: dict[str, Any] = {
    "listing_id": pl.String,
    "dt": pl.Date,
    "source": pl.String,
    "source_id": pl.String,
    "version": pl.String,
}
_PLACE: dict[str, Any] = {"raw_key": pl.String, "record_index": pl.Int64}

#: One row a listing whose source says more of it than the canonical columns hold.
BIBLIOGRAPHY_SCHEMA: dict[str, Any] = {**_LISTING, **BIBLIOGRAPHY_COLUMNS, **_PLACE}

#: One row a paragraph of a full text.
PASSAGES_SCHEMA: dict[str, Any] = {
    **_LISTING,
    "passage_index": pl.Int64,
    "kind": pl.String,
    "section_path": pl.List(pl.String),
    "text": pl.String,
    "licence": pl.String,
    **_PLACE,
}

#: One row a figure or table of a full text.
FIGURES_SCHEMA: dict[str, Any] = {
    **_LISTING,
    "figure_index": pl.Int64,
    "figure_id": pl.String,
    "kind": pl.String,
    "label": pl.String,
    "caption": pl.String,
    "graphic": pl.String,
    "cited_by": pl.List(pl.String),
    "licence": pl.String,
    **_PLACE,
}

#: One row a listing and fetch: what readers had made of it by then.
TRENDING_SCHEMA: dict[str, Any] = {
    **_LISTING,
    "arxiv_id": pl.String,
    "title": pl.String,
    "upvotes": pl.Int64,
    "comments": pl.Int64,
    "rank": pl.Int64,
    "fetched_at": pl.Datetime("us", "UTC"),
    **_PLACE,
}

#: Schema of each frame, by the name of its table.
DETAIL_SCHEMAS: dict[str, dict[str, Any]] = {
    "bibliography": BIBLIOGRAPHY_SCHEMA,
    "passages": PASSAGES_SCHEMA,
    "figures": FIGURES_SCHEMA,
    "trending": TRENDING_SCHEMA,
}

#: Columns that are those of the listing, wherever they stand.
LISTING_COLUMNS = (*_LISTING, *_PLACE, "licence", "arxiv_id", "title", "fetched_at")

#: A figure that drifts is worth every fetch; all else is told by the listing that is kept.
_EVERY_FETCH = frozenset({"trending"})


#: What each frame takes from the canonical row of its listing, beside the columns of its own.
_OF_LISTING = {
    name: [column for column in schema if column in LISTING_COLUMNS] for name, schema in DETAIL_SCHEMAS.items()
}


def detail_columns(records: Sequence[Record]) -> dict[str, pl.DataFrame]:
    """The columns of each frame that the records themselves fill, with ``row``, the record's place among them."""
    frames = {name: _columns(rows(records), _own(name)) for name, rows in _ROWS.items()}
    told = [(row, record.bibliography) for row, record in enumerate(records) if record.bibliography]
    columns: dict[str, Sequence[Any]] = {
        name: [said.get(name) or None for _, said in told] for name in BIBLIOGRAPHY_COLUMNS
    }
    columns["row"] = [row for row, _ in told]
    frames["bibliography"] = frame_of(columns, _own("bibliography"))
    return frames


def with_listing(name: str, details: pl.DataFrame, listings: pl.DataFrame) -> pl.DataFrame:
    """Rows of one frame whose listings are there, in the columns of its table.

    Args:
        name: Of the frame.
        details: Its rows as `detail_columns` made them.
        listings: Canonical records with the ``row`` that they stood in.
    """
    known = listings.select("row", *_OF_LISTING[name])
    return details.join(known, on="row", how="inner", maintain_order="left").select(DETAIL_SCHEMAS[name].keys())


def of_kept(name: str, frame: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The rows of the listings that the day keeps, in their order; of a frame of figures that drift, all."""
    if name not in _EVERY_FETCH:
        frame = frame.join(records.select(*_PLACE), on=list(_PLACE), how="semi")
    return frame.sort([column for column in _ORDER if column in frame.columns], maintain_order=True)


_ORDER = ("listing_id", "fetched_at", "raw_key", "record_index", "passage_index", "figure_index")


def _passages(records: Sequence[Record]) -> Iterator[tuple[Any, ...]]:
    for row, record in enumerate(records):
        for index, each in enumerate(record.passages):
            yield row, index, each.kind, each.section_path, each.text


def _figures(records: Sequence[Record]) -> Iterator[tuple[Any, ...]]:
    for row, record in enumerate(records):
        for index, each in enumerate(record.figures):
            yield row, index, each.figure_id, each.kind, each.label, each.caption, each.graphic, each.cited_by


def _trending(records: Sequence[Record]) -> Iterator[tuple[Any, ...]]:
    for row, record in enumerate(records):
        if record.attention is not None:
            yield row, record.attention.upvotes, record.attention.comments, record.attention.rank


#: Rows of the own columns of a frame, in the order of its schema.
_ROWS: dict[str, Callable[[Sequence[Record]], Iterator[tuple[Any, ...]]]] = {
    "passages": _passages,
    "figures": _figures,
    "trending": _trending,
}


def _own(name: str) -> dict[str, Any]:
    """Columns that a record itself fills."""
    taken = _OF_LISTING[name]
    return {"row": pl.Int64} | {column: kind for column, kind in DETAIL_SCHEMAS[name].items() if column not in taken}


def _columns(rows: Iterator[tuple[Any, ...]], schema: dict[str, Any]) -> pl.DataFrame:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return frame_of(dict(zip(schema, columns, strict=True)), schema)
