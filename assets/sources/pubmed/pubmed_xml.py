"""The source ``pubmed_xml``: PubMed and MEDLINE XML, from efetch or from NLM's baseline and update files.

Every record is parsed alone, so damage, an undefined entity or a bomb costs one record. What does not belong here: how
a file is cut (`assets.sources.pubmed.split`), what an element means (`assets.sources.pubmed.records`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from xml2arrow.exceptions import Xml2ArrowError

from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.columns import Columns
from assets.sources.dates import publication_fault
from assets.sources.faults import Unlistable
from assets.sources.pubmed.books import read_book
from assets.sources.pubmed.count import count
from assets.sources.pubmed.records import read_article, read_deletion
from assets.sources.pubmed.regular import regular
from assets.sources.pubmed.split import DELETION, Cut, Splitter
from assets.sources.pubmed.tabular import read_columns
from assets.sources.xml_encoding import Utf8Blocks
from assets.sources.xml_record import RecordParser, check_encoding

_READERS = {
    b"PubmedArticle": read_article,
    b"MedlineCitation": read_article,
    b"PubmedBookArticle": read_book,
    DELETION: read_deletion,
}
#: Records that are read at a time, and bytes of them.
RUN_RECORDS = 1_000
RUN_BYTES = 6 * 1024 * 1024


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Records of a PubMed file in order; see `assets.sources.base.Parser`."""
    for run in _runs(stream):
        for index, cut in run.cuts:
            yield _item(cut, index, raw, run)


def read(stream: BinaryIO, raw: RawObject) -> Iterator[Columns | Record | Quarantined]:
    """The same records, most of them as columns; see `assets.sources.base.Reader`."""
    for run in _runs(stream):
        likely = [(index, cut) for index, cut in run.cuts if cut.element == b"PubmedArticle" and cut.fault is None]
        flags = regular([cut.content for _, cut in likely])
        read_already: set[int] = set()
        for columns, indexes in _columns([each for each, flag in zip(likely, flags, strict=True) if flag], raw):
            yield columns
            read_already |= indexes
        for index, cut in run.cuts:
            if index not in read_already:
                yield _item(cut, index, raw, run)


@dataclass(frozen=True, slots=True)
class _RunOfCuts:
    """Records that stand one after the other, with their places in the file."""

    cuts: list[tuple[int, Cut]]
    encoding: str
    parser: RecordParser


def _runs(stream: BinaryIO) -> Iterator[_RunOfCuts]:
    blocks = Utf8Blocks(stream)
    parser = RecordParser()
    cuts: list[tuple[int, Cut]] = []
    size = 0
    for index, cut in enumerate(Splitter(blocks)):
        cuts.append((index, cut))
        size += len(cut.content)
        if len(cuts) >= RUN_RECORDS or size >= RUN_BYTES:
            yield _RunOfCuts(cuts, blocks.encoding or "utf-8", parser)
            cuts, size = [], 0
    if cuts:
        yield _RunOfCuts(cuts, blocks.encoding or "utf-8", parser)


def _columns(cuts: list[tuple[int, Cut]], raw: RawObject) -> Iterator[tuple[Columns, set[int]]]:
    """Columns with the places that they hold. One record that native code refuses costs the others some time only."""
    if not cuts:
        return
    indexes = [index for index, _ in cuts]
    try:
        columns, slow = read_columns([cut.content for _, cut in cuts], indexes, raw)
    except (Xml2ArrowError, ValueError):
        half = len(cuts) // 2
        if half:
            yield from _columns(cuts[:half], raw)
            yield from _columns(cuts[half:], raw)
        return
    yield columns, set(indexes) - {indexes[place] for place in slow}


def _item(cut: Cut, index: int, raw: RawObject, run: _RunOfCuts) -> Record | Quarantined:
    try:
        return _read(cut, index, raw, run.parser, run.encoding)
    except Unlistable as fault:
        place = f"record {index} at byte {cut.offset}" if cut.element else ""
        return fault.quarantined(index, place, cut.content)


def _read(cut: Cut, index: int, raw: RawObject, parser: RecordParser, encoding: str) -> Record:
    if cut.fault is not None:
        raise Unlistable(cut.fault, cut.detail)
    check_encoding(cut.content, encoding, at_end=cut.at_end)
    element = parser.element(cut.content, at_end=cut.at_end)
    record = _READERS[cut.element](element, index)
    if fault := publication_fault(record.published_on, raw):
        raise Unlistable("implausible_date", f"PMID {record.pmid}: {fault}")
    return record


SOURCE = Source(
    name="pubmed_xml",
    description="PubMed and MEDLINE XML as efetch or NLM's update files give it; the day is that of the fetch.",
    extension="xml",
    count=count,
    parse=parse,
    read_columns=read,
)
