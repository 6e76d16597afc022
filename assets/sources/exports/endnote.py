"""The source ``endnote``: EndNote XML as EndNote, Zotero and others export it.

The file, often a single line, is cut at its ``record`` elements and each is parsed alone, so memory stays bounded and
damage costs one record. What does not belong here: what the elements mean (`assets.sources.exports.endnote_records`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from lxml import etree

from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.exports.endnote_records import read_record
from assets.sources.faults import Unlistable
from assets.sources.text_lines import EXCERPT_BYTES, MAX_RECORD_BYTES
from assets.sources.xml_encoding import Utf8Blocks
from assets.sources.xml_record import RecordParser, check_encoding

_MARK = re.compile(rb"<(/?)(records?)(?=[ \t\r\n/>])[^<>]{0,200}>")
#: A mark that begins further from the end of what has been read is known to its end.
_LONGEST_MARK = 256


@dataclass(frozen=True, slots=True)
class _Cut:
    """The bytes of one record, or what is in place of one: then ``fault`` and ``detail`` say why."""

    content: bytes
    offset: int
    fault: str | None = None
    detail: str = ""
    at_end: bool = False


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Records in order; see `assets.sources.base.Parser`."""
    parser = RecordParser()
    for index, cut in enumerate(_cuts(Utf8Blocks(stream))):
        try:
            yield read_record(_element(cut, parser), index, raw)
        except Unlistable as fault:
            place = f"record {index} at byte {cut.offset}" if cut.offset else ""
            yield fault.quarantined(index, place, cut.content)


def count(stream: BinaryIO) -> int:
    """Begin tags of records, and what is in place of one at the end; see `assets.sources.base.Counter`."""
    return sum(1 for _ in _cuts(Utf8Blocks(stream)))


def _element(cut: _Cut, parser: RecordParser) -> etree._Element:
    if cut.fault is not None:
        raise Unlistable(cut.fault, cut.detail)
    check_encoding(cut.content, at_end=cut.at_end)
    return parser.element(cut.content, at_end=cut.at_end)


def _cuts(blocks: Utf8Blocks) -> Iterator[_Cut]:
    """From each begin tag of a record to its end tag, or to the next begin tag where it was lost."""
    cutter = _Cutter()
    for block in blocks:
        yield from cutter.feed(block, final=False)
    yield from cutter.feed(b"", final=True)
    yield from cutter.rest(blocks)


class _Cutter:
    """Finds the marks of records in blocks."""

    def __init__(self) -> None:
        self._data = b""
        self._base = 0  # bytes before `_data`
        self._pos = 0  # marks before it are dealt with
        self._begin: int | None = None  # of the open record, in the file
        self._head = b""  # start of an open record that is too large
        self._found = 0
        self._listing = False  # between <records> and </records>

    def feed(self, block: bytes, *, final: bool) -> Iterator[_Cut]:
        """The records that end in what has come so far."""
        self._data += block
        for mark in _MARK.finditer(self._data, self._pos):
            if not final and mark.start() > len(self._data) - _LONGEST_MARK:
                break  # with more of the file it may turn out another one
            self._pos = mark.end()
            ends, name = bool(mark[1]), mark[2]
            if name == b"records":
                self._listing = not ends
            if self._begin is not None:
                yield self._cut(mark.end() if ends and name == b"record" else mark.start())
            if name == b"record" and not ends:
                self._begin = self._base + mark.start()
                if mark[0].endswith(b"/>"):
                    yield self._cut(mark.end())
        self._pos = max(self._pos, len(self._data) - _LONGEST_MARK)
        self._forget()

    def _cut(self, end: int) -> _Cut:
        assert self._begin is not None
        begin, self._begin = self._begin, None
        self._found += 1
        head, self._head = self._head, b""
        if head or self._base + end - begin > MAX_RECORD_BYTES:
            shown = head or self._data[begin - self._base :][:EXCERPT_BYTES]
            return _Cut(shown, begin, "record_too_large", f"larger than {MAX_RECORD_BYTES // 1024**2} MiB")
        return _Cut(self._data[begin - self._base : end], begin)

    def _forget(self) -> None:
        """Lets go of what is no longer needed: all but the open record, unless that is too large."""
        keep = self._pos
        if self._begin is not None and not self._head:
            start = self._begin - self._base
            if len(self._data) - start > MAX_RECORD_BYTES:
                self._head = self._data[start:][:EXCERPT_BYTES]
            else:
                keep = min(keep, start)
        self._data = self._data[keep:]
        self._base += keep
        self._pos -= keep

    def rest(self, blocks: Utf8Blocks) -> Iterator[_Cut]:
        """What is in place of a record at the end of the file."""
        length, before = self._base + len(self._data), f"{self._found} records came before"
        shown = self._data[-EXCERPT_BYTES:]
        if self._begin is not None:
            cut = self._cut(len(self._data))
            fault = "truncated_gzip" if blocks.damage else cut.fault
            yield _Cut(cut.content, cut.offset, fault, blocks.damage or cut.detail, at_end=True)
        elif blocks.damage is not None:
            yield _Cut(shown, length, "truncated_gzip", f"{blocks.damage}; {before}")
        elif self._listing:
            yield _Cut(shown, length, "truncated_xml", f"the file ends without </records>; {before}")
        elif not self._found:
            yield _no_records(blocks)


def _no_records(blocks: Utf8Blocks) -> _Cut:
    head = blocks.head
    if blocks.unknown is not None:
        return _Cut(head, 0, "unknown_encoding", f"the declared encoding {blocks.unknown!r} is none that can be read")
    shown = head.decode(blocks.encoding or "utf-8", errors="replace").lstrip("\ufeff \t\r\n\0")
    if not shown:
        return _Cut(head, 0, "empty_file", "the file holds nothing but white space")
    if not shown.startswith("<") or re.match(r"<!doctype\s+html|<html", shown, re.IGNORECASE):
        return _Cut(head, 0, "not_xml", "the file does not begin like XML and holds no EndNote record")
    return _Cut(head, 0, "no_records", "the XML holds no EndNote record")


SOURCE = Source(
    name="endnote",
    description="EndNote XML as reference managers export it; the day is the one it is landed for.",
    extension="xml",
    count=count,
    parse=parse,
)
