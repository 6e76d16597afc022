"""The source ``arxiv``: pages of arXiv's OAI-PMH service and Atom feeds of its search interface.

Every record is parsed alone, so damage, an undefined entity or a bomb costs one record. What does not belong here: how
a page is cut (`assets.sources.arxiv.pages`), what a record says (`assets.sources.arxiv.records`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from assets.sources.arxiv.count import count
from assets.sources.arxiv.pages import Piece, pieces, read_page
from assets.sources.arxiv.records import read_element
from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.dates import publication_fault
from assets.sources.faults import Unlistable
from assets.sources.xml_record import RecordParser, check_encoding

#: The namespaces that the root of a page declares, for a record on its own.
_BEGIN = (
    b'<page xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:arxiv="http://arxiv.org/schemas/atom"'
    b' xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
)
_END = b"</page>"


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Records of a page in order; see `assets.sources.base.Parser`."""
    parser = RecordParser()
    for index, piece in enumerate(pieces(read_page(stream))):
        try:
            yield _read(piece, index, raw, parser)
        except Unlistable as fault:
            place = f"record {index} at byte {piece.offset}" if piece.offset else ""
            yield fault.quarantined(index, place, piece.content)


def _read(piece: Piece, index: int, raw: RawObject, parser: RecordParser) -> Record:
    if piece.fault is not None:
        raise Unlistable(piece.fault, piece.detail)
    check_encoding(piece.content, at_end=piece.at_end)
    record = read_element(_element(piece, parser), index)
    if fault := publication_fault(record.published_on, raw):
        raise Unlistable("implausible_date", f"arXiv:{record.source_id}: {fault}")
    return record


def _element(piece: Piece, parser: RecordParser) -> etree._Element:
    page = parser.element(_BEGIN + piece.content + _END, at_end=piece.at_end)
    element: etree._Element | None = next(page.iterchildren(tag=etree.Element), None)
    if element is None:
        raise Unlistable("malformed_xml", "the record cannot be read (within the record)")
    return element


SOURCE = Source(
    name="arxiv",
    description="arXiv as its services list it: all changes of categories (arxiv) or a query (arxiv_search).",
    extension="xml",
    count=count,
    parse=parse,
)
