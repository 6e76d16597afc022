"""What records carry beyond their canonical columns, as frames of their own: bibliography, full text, attention.

Rows name their listing; the listing names the work. What does not belong here: canonical records
(`assets.listings.records`), how a source is read (`assets.sources`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from assets.sources.base import RawObject, Record
from assets.sources.bibliography import BIBLIOGRAPHY_COLUMNS

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

#: A figure that drifts is worth every fetch; all else is told by the listing that is kept.
_EVERY_FETCH = frozenset({"trending"})


def detail_rows(record: Record, listing: dict[str, Any], raw: RawObject) -> dict[str, list[dict[str, Any]]]:
    """Rows of each frame for one record.

    Args:
        record: As parsed.
        listing: Its canonical row.
        raw: The object that holds it.
    """
    of_listing = {name: listing[name] for name in (*_LISTING, *_PLACE)}
    return {name: [{**of_listing, **row} for row in rows(record, listing, raw)] for name, rows in _ROWS.items()}


def of_kept(name: str, frame: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The rows of the listings that the day keeps, in their order; of a frame of figures that drift, all."""
    if name not in _EVERY_FETCH:
        frame = frame.join(records.select(*_PLACE), on=list(_PLACE), how="semi")
    return frame.sort([column for column in _ORDER if column in frame.columns], maintain_order=True)


_ORDER = ("listing_id", "fetched_at", "raw_key", "record_index", "passage_index", "figure_index")


def _bibliography(record: Record, listing: dict[str, Any], raw: RawObject) -> Iterator[dict[str, Any]]:
    if record.bibliography:
        yield dict(record.bibliography)


def _passages(record: Record, listing: dict[str, Any], raw: RawObject) -> Iterator[dict[str, Any]]:
    for index, passage in enumerate(record.passages):
        yield {
            "passage_index": index,
            "kind": passage.kind,
            "section_path": passage.section_path,
            "text": passage.text,
            "licence": listing["licence"],
        }


def _figures(record: Record, listing: dict[str, Any], raw: RawObject) -> Iterator[dict[str, Any]]:
    for index, figure in enumerate(record.figures):
        yield {
            "figure_index": index,
            "figure_id": figure.figure_id,
            "kind": figure.kind,
            "label": figure.label,
            "caption": figure.caption,
            "graphic": figure.graphic,
            "cited_by": figure.cited_by,
            "licence": listing["licence"],
        }


def _trending(record: Record, listing: dict[str, Any], raw: RawObject) -> Iterator[dict[str, Any]]:
    if record.attention is not None:
        yield {
            "arxiv_id": listing["arxiv_id"],
            "title": listing["title"],
            "upvotes": record.attention.upvotes,
            "comments": record.attention.comments,
            "rank": record.attention.rank,
            "fetched_at": raw.fetched_at,
        }


_ROWS: dict[str, Callable[[Record, dict[str, Any], RawObject], Iterator[dict[str, Any]]]] = {
    "bibliography": _bibliography,
    "passages": _passages,
    "figures": _figures,
    "trending": _trending,
}
