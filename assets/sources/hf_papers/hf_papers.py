"""The source ``hf_papers``: pages of the daily papers as the Hugging Face interface lists them.

A page is a JSON list of items (https://huggingface.co/.well-known/openapi.json, ``/api/daily_papers``, 2026); an empty
list is a day without papers. Its order is that of publication and says nothing of attention: the rank of a paper stands
on the listing page only. What does not belong here: what an item says (`assets.sources.hf_papers.items`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from assets.sources import json_rows
from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.faults import Unlistable
from assets.sources.hf_papers.items import read_item
from assets.sources.json_rows import Broken, Page, decoded, read_page, split


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """The papers of a page, in order; see `assets.sources.base.Parser`."""
    yield from papers(read_page(stream), None, raw, ranked=False)


def count(stream: BinaryIO) -> int:
    """Items of the list; see `assets.sources.base.Counter`."""
    return json_rows.count(read_page(stream), None)


def papers(page: Page, key: bytes | None, raw: RawObject, *, ranked: bool) -> Iterator[Record | Quarantined]:
    """The items of a JSON document.

    Args:
        page: Its bytes.
        key: Key of their list; None where the document is the list.
        raw: The object that holds the document.
        ranked: Whether their order is one of attention.
    """
    for index, row in enumerate(split(page, key)):
        try:
            if isinstance(row, Broken):
                raise Unlistable(row.reason, row.detail)
            yield read_item(decoded(row), index, raw, index + 1 if ranked else None)
        except Unlistable as fault:
            yield fault.quarantined(index, f"item {index}", row.content)


SOURCE: Final = Source(
    name="hf_papers",
    description="The Hugging Face daily papers with their up-votes; the day is the one whose list they stand in.",
    extension="json",
    count=count,
    parse=parse,
)
