"""One page of arXiv's services in memory, and its pieces: one ``record`` of OAI-PMH or one ``entry`` of Atom each.

Pieces are cut by their tags alone, whatever the namespace prefix, so that the prolog and its entities reach no parser
and damage costs one record: a record whose end tag is lost ends where the next one begins. What does not belong here:
what a record says (`assets.sources.arxiv.records`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from assets.sources.xml_encoding import Utf8Blocks

#: A page of OAI-PMH holds 1,300 records in 3.4 MB (measured in September 2026 by others); the interface's largest
#: answer, 30,000 entries, is over 15 MB by its manual.
MAX_PAGE_BYTES = 64 * 1024 * 1024

_EXCERPT_BYTES = 4096

_PREFIX = rb"(?:[A-Za-z_][\w.-]{0,23}:)?"
_NAMES = rb"record|entry|ListRecords|GetRecord|feed"
_END = rb"(?P<end>/)" + _PREFIX + rb"(?P<ended>" + _NAMES + rb")[ \t\r\n]*>"
_BEGIN = _PREFIX + rb"(?P<begun>" + _NAMES + rb")(?:(?P<closed>[ \t\r\n]*/>)|(?=[ \t\r\n/>]))"
_MARK = re.compile(rb"<(?:" + _END + rb"|" + _BEGIN + rb")")
_RECORDS = frozenset({b"record", b"entry"})

#: How a page says itself that it lists nothing: the error of OAI-PMH for an empty list, a total of nought.
_EMPTY = re.compile(
    rb"<" + _PREFIX + rb"error\s[^<>]{0,200}?code\s*=\s*[\"']noRecordsMatch[\"']"
    rb"|<" + _PREFIX + rb"totalResults(?:\s[^<>]{0,200})?>\s*0+\s*<"
)
_ERROR = re.compile(rb"<" + _PREFIX + rb"error\s[^<>]{0,200}?code\s*=\s*[\"'](\w{1,40})[\"']")


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one page.

    Attributes:
        text: UTF-8, if it is valid at all.
        head: The first bytes as received, for messages.
        damage: Why the stream broke off, if it did.
        unknown: The declared encoding, if it cannot be read; then there is no text.
        too_large: It is larger than `MAX_PAGE_BYTES`; the text is its start.
    """

    text: bytes
    head: bytes
    damage: str | None
    unknown: str | None
    too_large: bool

    @property
    def lists_nothing(self) -> bool:
        """Whether the page says so itself. Asked of pages without a record."""
        return self.damage is None and _EMPTY.search(self.text) is not None


@dataclass(frozen=True, slots=True)
class Piece:
    """The bytes of one record, or what stands for records that cannot be told apart.

    Attributes:
        content: From the begin tag on.
        offset: Where it begins in the page, in bytes of UTF-8.
        fault: The reason for quarantine if it is known already.
        detail: The cause of the fault.
        at_end: The page ended before the record did.
    """

    content: bytes
    offset: int
    fault: str | None = None
    detail: str = ""
    at_end: bool = False


def read_page(stream: BinaryIO) -> Page:
    """The page that a stream holds, read to its end or to the largest size a page may have."""
    blocks = Utf8Blocks(stream)
    parts: list[bytes] = []
    left = MAX_PAGE_BYTES
    for block in blocks:
        parts.append(block[:left])
        left -= len(block)
        if left < 0:
            break
    return Page(b"".join(parts), blocks.head, blocks.damage, blocks.unknown, left < 0)


def pieces(page: Page) -> Iterator[Piece]:
    """The records of a page in order; none only where it says itself that it lists nothing."""
    if page.too_large:
        detail = f"larger than {MAX_PAGE_BYTES // 1024**2} MiB, which no page of arXiv is"
        yield Piece(page.text[:_EXCERPT_BYTES], 0, "file_too_large", detail)
        return
    text = page.text
    begin: int | None = None
    listing, found = False, 0
    for mark in _MARK.finditer(text):
        name = mark["ended"] or mark["begun"]
        if begin is not None:
            yield Piece(text[begin : mark.end() if mark["end"] and name in _RECORDS else mark.start()], begin)
            begin = None
        if name not in _RECORDS:
            listing = not mark["end"] and not mark["closed"]
        elif mark["begun"]:
            found += 1
            if mark["closed"]:
                yield Piece(mark[0], mark.start())
            else:
                begin = mark.start()
    if begin is not None:
        fault = "truncated_gzip" if page.damage else None
        yield Piece(text[begin:], begin, fault, page.damage or "", at_end=True)
    elif page.damage is not None:
        yield Piece(text[-_EXCERPT_BYTES:], len(text), "truncated_gzip", f"{page.damage}; {found} records came before")
    elif listing and not (found == 0 and page.lists_nothing):
        detail = f"the page ends before its list does; {found} records came before"
        yield Piece(text[-_EXCERPT_BYTES:], len(text), "truncated_xml", detail)
    elif not found and not page.lists_nothing:
        yield _no_records(page)


def _no_records(page: Page) -> Piece:
    if page.unknown is not None:
        detail = f"the declared encoding {page.unknown!r} is none that can be read"
        return Piece(page.head, 0, "unknown_encoding", detail)
    shown = page.text[:_EXCERPT_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n\0")
    if not page.text.strip(b"\xef\xbb\xbf \t\r\n\0"):
        return Piece(page.head, 0, "empty_file", "the page holds nothing but white space")
    if not shown.startswith(b"<") or re.match(rb"<!doctype\s+html|<html", shown, re.IGNORECASE):
        return Piece(page.head, 0, "not_xml", "the page does not begin like XML and holds no record of arXiv")
    if error := _ERROR.search(page.text):
        return Piece(page.head, 0, "error_answer", f"arXiv answered with the error {error[1].decode()}")
    return Piece(page.head, 0, "no_records", "the XML holds neither an OAI-PMH record nor an Atom entry")
