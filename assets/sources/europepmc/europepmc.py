"""The source ``europepmc``: pages of Europe PMC's search as JSON, with all that its ``core`` results tell.

What does not belong here: how a page is cut into rows (`assets.sources.json_rows`), what a result says
(`assets.sources.europepmc.records`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from assets.sources import json_rows
from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.dates import publication_fault
from assets.sources.europepmc.records import read_result
from assets.sources.faults import Unlistable
from assets.sources.json_rows import Broken, Row, decoded, read_page, split

#: ``{"resultList": {"result": […]}}``
_KEY, _WITHIN = b"result", 2

#: A paper of fifteen thousand authors, each with an affiliation (there are such), is about 8 MB.
MAX_RESULT_BYTES = 16 * 1024 * 1024


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Results of a page in order; see `assets.sources.base.Parser`."""
    for index, row in enumerate(split(read_page(stream), _KEY, _WITHIN)):
        try:
            yield _read(row, index, raw)
        except Unlistable as fault:
            yield fault.quarantined(index, f"result {index}", row.content)


def count(stream: BinaryIO) -> int:
    """Results of the list; see `assets.sources.base.Counter`."""
    return json_rows.count(read_page(stream), _KEY, _WITHIN)


def _read(row: Row | Broken, index: int, raw: RawObject) -> Record:
    if isinstance(row, Broken):
        raise Unlistable(row.reason, row.detail)
    record = read_result(decoded(row, MAX_RESULT_BYTES), index)
    if fault := publication_fault(record.published_on, raw):
        raise Unlistable("implausible_date", f"{record.source_id}: {fault}")
    return record


SOURCE = Source(
    name="europepmc",
    description="Europe PMC: PubMed, PMC, preprints, patents and more by query; the day is that of first indexing.",
    extension="json",
    count=count,
    parse=parse,
)
