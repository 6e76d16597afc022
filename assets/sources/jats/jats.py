"""The source ``jats``: full texts in JATS or NLM XML, one article a file or any number in a set.

Every article is parsed alone, so damage, an undefined entity or a bomb costs one record. What does not belong here:
how a file is cut (`assets.sources.jats.split`), what an article says (`assets.sources.jats.metadata`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.dates import publication_fault
from assets.sources.faults import Unlistable
from assets.sources.jats.count import count
from assets.sources.jats.metadata import read_article
from assets.sources.jats.split import Cut, Splitter
from assets.sources.jats.text import with_plain_names
from assets.sources.xml_encoding import Utf8Blocks
from assets.sources.xml_record import RecordParser, check_encoding


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Articles of a file in order; see `assets.sources.base.Parser`."""
    blocks = Utf8Blocks(stream)
    parser = RecordParser()
    for index, cut in enumerate(Splitter(blocks)):
        try:
            yield _read(cut, index, raw, parser, blocks.encoding or "utf-8")
        except Unlistable as fault:
            place = f"record {index} at byte {cut.offset}" if cut.is_article else ""
            yield fault.quarantined(index, place, cut.content)


def _read(cut: Cut, index: int, raw: RawObject, parser: RecordParser, encoding: str) -> Record:
    if cut.fault is not None:
        raise Unlistable(cut.fault, cut.detail)
    check_encoding(cut.content, encoding, at_end=cut.at_end)
    element = parser.element(cut.content, at_end=cut.at_end)
    try:
        record = read_article(with_plain_names(element), index)
    except RecursionError as error:
        raise Unlistable("nesting_too_deep", "the elements are nested too deeply to be read") from error
    if fault := publication_fault(record.published_on, raw):
        raise Unlistable("implausible_date", f"article {record.source_id or record.title!r}: {fault}")
    return record


SOURCE = Source(
    name="jats",
    description="Full texts in JATS or NLM XML, one or many a file; the day is that of the file.",
    extension="xml",
    count=count,
    parse=parse,
)
