"""Cuts a stream of PubMed or MEDLINE XML into one piece of bytes a record, without an XML parser.

A record is a ``PubmedArticle``, a ``PubmedBookArticle``, a ``MedlineCitation`` outside a ``PubmedArticle``, or a
``PMID`` inside ``DeleteCitation`` or ``DeleteDocument``. Cutting first keeps memory bounded and damage local: the
prolog and its entities reach no parser, and a record whose end tag is lost ends where the next record begins. What
does not belong here: what a record says (`assets.sources.pubmed.records`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assets.sources.xml_encoding import Utf8Blocks

#: Citations with thousands of authors stay under 2 MB.
MAX_RECORD_BYTES = 16 * 1024 * 1024

#: A comment, CDATA section, processing instruction or document type longer than this is read as plain text: one that
#: was opened by damage and never closed must not swallow the rest of the file.
MAX_SKIP_BYTES = 64 * 1024

DELETION = b"PMID"
_ARTICLES = (b"PubmedArticle", b"PubmedBookArticle", b"MedlineCitation")
_DELETING = (b"DeleteCitation", b"DeleteDocument")
_SETS = (b"PubmedArticleSet", b"PubmedBookArticleSet", b"MedlineCitationSet")

_NAMES = b"|".join((*_SETS, *_ARTICLES, *_DELETING, DELETION))
_MARK = re.compile(
    rb"<(?:(?P<opener>!--|!\[CDATA\[|!DOCTYPE|\?)"
    rb"|(?P<end>/?)(?P<name>" + _NAMES + rb")(?:[ \t\r\n]{0,8}>|(?=[ \t\r\n/>])))"
)
#: No mark is longer, so one that begins further from the end of what has been read is known to its end.
_LONGEST_MARK = len(b"</PubmedBookArticleSet") + 9

_CLOSERS = {b"!--": b"-->", b"![CDATA[": b"]]>", b"?": b"?>"}
_SUBSET_END = re.compile(rb"\][ \t\r\n]*>")

#: What makes the short cut from begin tag to end tag unsafe, and a rarer part of it that is faster to look for. Mere
#: text that holds these words costs a slower look, nothing else.
_DISTURBANCES = (
    (b"PubmedArticle", b""),  # a begin tag, an end tag, those of the set
    (b"PubmedBookArticle", b""),
    (b"MedlineCitationSet", b""),
    (b"DeleteCitation", b""),
    (b"DeleteDocument", b""),
    (b"<!", b"!"),
    (b"<?", b"?"),
)

_EXCERPT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Cut:
    """The bytes of one record, or what stands for records that cannot be told apart.

    Attributes:
        element: Name of the record's element; `DELETION` for a deleted PMID; empty for a fault of the file.
        content: UTF-8 from the record's begin tag on, if it is valid at all. Its start only, for a fault of the file
            and for ``record_too_large``.
        offset: Where it begins in the unpacked text, in bytes of UTF-8.
        fault: The reason for quarantine if it is known already.
        detail: The cause of the fault.
        at_end: The file ended before the record did.
    """

    element: bytes
    content: bytes
    offset: int
    fault: str | None = None
    detail: str = ""
    at_end: bool = False


class Splitter:
    """Iterates over the cuts of one stream; at least one for any stream."""

    def __init__(self, blocks: Utf8Blocks) -> None:
        """Takes the blocks to cut; reads none yet."""
        self._text = blocks
        self._blocks = iter(blocks)
        self._data = b""  # the window: what has been read and is still needed
        self._base = 0  # offset of the window in the stream
        self._pos = 0  # how far the window has been read
        self._ended = False
        self._open: bytes | None = None  # the record whose end tag is awaited
        self._begin = 0  # where it begins in the window
        self._too_large: Cut | None = None  # stands for the open record once it is too large to keep
        self._deleting = False
        self._set: bytes | None = None
        self._found = 0
        self._searched: dict[bytes, int] = {}

    def __iter__(self) -> Iterator[Cut]:
        """The cuts in order."""
        while mark := self._next_mark():
            if closed := self._close(mark):
                yield closed
            if self._opens(mark) and (whole := self._short_cut()):
                yield whole
        yield from self._at_end()

    # -- marks ---------------------------------------------------------------------------------------------------

    def _next_mark(self) -> re.Match[bytes] | None:
        """The next tag that may begin or end a record; the position is left behind it."""
        while True:
            mark = _MARK.search(self._data, self._pos)
            if not self._ended and (mark is None or len(self._data) - mark.start() < _LONGEST_MARK):
                self._pos = mark.start() if mark else max(self._pos, len(self._data) - _LONGEST_MARK)
                self._fill()
            elif mark is None:
                return None
            elif mark["opener"]:
                self._pos = mark.start()
                self._pos = self._skipped(mark["opener"])
            else:
                self._pos = mark.end()
                return mark

    def _skipped(self, opener: bytes) -> int:
        """End of the comment (and the like) at the position; of its opener alone if it is not closed."""
        while not self._ended and len(self._data) - self._pos < len(opener) + 1 + MAX_SKIP_BYTES:
            self._fill()
        start = self._pos + 1 + len(opener)
        stop = start + MAX_SKIP_BYTES
        if closer := _CLOSERS.get(opener):
            end = self._find(closer, start, stop)
            return start if end < 0 else end + len(closer)
        end = self._data.find(b">", start, stop)
        if self._data.find(b"[", start, end if end >= 0 else stop) >= 0:
            subset_end = _SUBSET_END.search(self._data, start, stop)
            return subset_end.end() if subset_end else start
        return start if end < 0 else end + 1

    def _find(self, needle: bytes, start: int, stop: int) -> int:
        """As ``bytes.find``, never searching a place twice: hostile input stays linear. Starts only ever grow."""
        start = max(start, self._searched.get(needle, 0) - self._base)
        at = self._data.find(needle, start, stop)
        unmatched = max(start, min(stop, len(self._data)) - len(needle) + 1)
        self._searched[needle] = self._base + (at if at >= 0 else unmatched)
        return at

    def _fill(self) -> None:
        """Reads one more block and lets go of what is no longer needed."""
        if self._open and not self._too_large and self._pos - self._begin > MAX_RECORD_BYTES:
            self._too_large = self._oversized(self._data[self._begin : self._begin + _EXCERPT_BYTES])
        keep = self._begin if self._open and not self._too_large else self._pos
        block = next(self._blocks, b"")
        self._ended = not block
        self._data = self._data[keep:] + block
        self._base += keep
        self._pos -= keep
        self._begin -= keep

    # -- records -------------------------------------------------------------------------------------------------

    def _close(self, mark: re.Match[bytes]) -> Cut | None:
        """Ends the open record if this mark does: its own end tag, or any tag that cannot stand inside it."""
        name, end = mark["name"], bool(mark["end"])
        if self._open is None:
            return None
        if end and name == self._open:
            return self._cut(mark.end())
        foreign = name in _SETS or name in _DELETING or (not end and self._begins_record(name))
        return self._cut(mark.start()) if foreign else None

    def _opens(self, mark: re.Match[bytes]) -> bool:
        """Takes note of what this mark begins or ends beside records; whether it begins a record."""
        name, end = mark["name"], bool(mark["end"])
        if name in _SETS:
            self._set = None if end else name
            self._deleting = False
        elif name in _DELETING:
            self._deleting = not end
        elif not end and self._begins_record(name):
            self._open, self._begin = name, mark.start()
            self._deleting = self._deleting and name == DELETION
            self._found += 1
            return True
        return False

    def _begins_record(self, name: bytes) -> bool:
        if name == DELETION:
            return self._deleting
        return not (name == b"MedlineCitation" and self._open == b"PubmedArticle")

    def _short_cut(self) -> Cut | None:
        """The open record if it runs to its end tag undisturbed, as nearly all do; else None and nothing happened."""
        if self._open is None or self._open == DELETION:
            return None
        end_tag = b"</" + self._open + b">"
        while (end := self._find(end_tag, self._pos, len(self._data))) < 0:
            if self._ended or len(self._data) - self._begin > MAX_RECORD_BYTES:
                return None
            self._fill()
        if self._disturbed(self._pos, end):
            return None
        self._pos = end + len(end_tag)
        return self._cut(self._pos)

    def _disturbed(self, start: int, end: int) -> bool:
        find = self._data.find
        if self._open != b"PubmedArticle" and find(b"MedlineCitation", start, end) >= 0:
            return True
        for sign, part in _DISTURBANCES:
            if (not part or find(part, start, end) >= 0) and find(sign, start, end) >= 0:
                return True
        return False

    def _cut(self, end: int) -> Cut:
        assert self._open is not None
        if self._too_large is None and end - self._begin > MAX_RECORD_BYTES:
            self._too_large = self._oversized(self._data[self._begin : self._begin + _EXCERPT_BYTES])
        cut = self._too_large or Cut(self._open, self._data[self._begin : end], self._base + self._begin)
        self._open = self._too_large = None
        return cut

    def _oversized(self, start: bytes) -> Cut:
        detail = f"larger than {MAX_RECORD_BYTES // 1024**2} MiB"
        return Cut(self._open or b"", start, self._base + self._begin, "record_too_large", detail)

    # -- the end of the file -------------------------------------------------------------------------------------

    def _at_end(self) -> Iterator[Cut]:
        damage, length = self._text.damage, self._base + len(self._data)
        if self._open is not None:
            cut = self._cut(len(self._data))
            reason = "truncated_gzip" if damage else cut.fault
            yield Cut(cut.element, cut.content, cut.offset, reason, damage or cut.detail, at_end=True)
        elif damage is not None:
            rest = self._data[-_EXCERPT_BYTES:]
            yield Cut(b"", rest, length, "truncated_gzip", f"{damage}; {self._found} records came before")
        elif self._set is not None:
            detail = f"the file ends without </{self._set.decode()}>; {self._found} records came before"
            yield Cut(b"", self._data[-_EXCERPT_BYTES:], length, "truncated_xml", detail)
        elif not self._found:
            yield self._no_records()

    def _no_records(self) -> Cut:
        head = self._text.head
        if self._text.unknown is not None:
            detail = f"the declared encoding {self._text.unknown!r} is none that can be read"
            return Cut(b"", head, 0, "unknown_encoding", detail)
        encoding = self._text.encoding or "utf-8"
        shown = head.decode(encoding, errors="replace").lstrip("\ufeff \t\r\n")
        if not shown and not self._data.strip():
            return Cut(b"", head, 0, "empty_file", "the file holds nothing but white space")
        if not shown.startswith("<") or re.match(r"<!doctype\s+html|<html", shown, re.IGNORECASE):
            return Cut(b"", head, 0, "not_xml", "the file does not begin like XML and holds no PubMed record")
        return Cut(b"", head, 0, "no_records", "the XML holds no PubMed record, citation, book record or deletion")
