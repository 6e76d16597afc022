"""The source ``jats``: full texts in JATS or NLM XML, one article a file or any number in a set.

Every article is parsed alone, so damage, an undefined entity or a bomb costs one record. What does not belong here:
how a file is cut (`assets.sources.jats.split`), what an article says (`assets.sources.jats.metadata`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.dates import publication_fault
from assets.sources.faults import Unlistable
from assets.sources.jats.count import count
from assets.sources.jats.metadata import read_article
from assets.sources.jats.split import Cut, Splitter
from assets.sources.jats.text import with_plain_names
from assets.sources.xml_encoding import Utf8Blocks

_UNDEFINED_ENTITY = 26  # libxml2: XML_ERR_UNDECLARED_ENTITY
_UNDEFINED_PREFIX = 201  # libxml2: XML_NS_ERR_UNDEFINED_NAMESPACE


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=recover,
        remove_comments=True,
        remove_pis=True,
    )


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Articles of a file in order; see `assets.sources.base.Parser`."""
    blocks = Utf8Blocks(stream)
    for index, cut in enumerate(Splitter(blocks)):
        try:
            yield _read(cut, index, raw, blocks.encoding or "utf-8")
        except Unlistable as fault:
            place = f"record {index} at byte {cut.offset}" if cut.is_article else ""
            yield fault.quarantined(index, place, cut.content)


def _read(cut: Cut, index: int, raw: RawObject, encoding: str) -> Record:
    if cut.fault is not None:
        raise Unlistable(cut.fault, cut.detail)
    _check_encoding(cut, encoding)
    try:
        record = read_article(with_plain_names(_tree(cut)), index)
    except RecursionError as error:
        raise Unlistable("nesting_too_deep", "the elements are nested too deeply to be read") from error
    if fault := publication_fault(record.published_on, raw):
        raise Unlistable("implausible_date", f"article {record.source_id or record.title!r}: {fault}")
    return record


def _tree(cut: Cut) -> etree._Element:
    parser = _parser(recover=False)
    try:
        return etree.fromstring(cut.content, parser)
    except etree.XMLSyntaxError as error:
        kinds = {entry.type for entry in parser.error_log}
        if kinds != {_UNDEFINED_PREFIX}:
            reason = "truncated_xml" if cut.at_end else "malformed_xml"
            if _UNDEFINED_ENTITY in kinds and not cut.at_end:
                reason = "undefined_entity"
            detail = " ".join((error.msg or "not well-formed").split())
            raise Unlistable(reason, f"{detail} (within the record)") from error
        # Nothing is wrong but namespace prefixes that the file's root declares: recovering loses nothing.
        return etree.fromstring(cut.content, _parser(recover=True))


def _check_encoding(cut: Cut, encoding: str) -> None:
    try:
        cut.content.decode("utf-8")
    except UnicodeDecodeError as error:
        # At the very end of a file that broke off, half a character is part of the break.
        reason = "truncated_xml" if cut.at_end and error.end == len(cut.content) else "invalid_utf8"
        raise Unlistable(reason, f"not valid {encoding} at byte {error.start} of the article") from error


SOURCE = Source(
    name="jats",
    description="Full texts in JATS or NLM XML, one or many a file; the day is that of the file.",
    extension="xml",
    count=count,
    parse=parse,
)
