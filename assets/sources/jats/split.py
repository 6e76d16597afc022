"""Cuts a stream of JATS or NLM XML into one piece of bytes an article, without an XML parser.

A record is an ``article`` element, whatever its namespace prefix and whatever stands around it: one alone, or any
number in a set or in the records of an OAI answer. JATS allows no article inside an article (a ``sub-article`` or a
``response`` is another element and stays with its article), so that a record whose end tag is lost ends where the next
one begins. What does not belong here: what an article says (`assets.sources.jats.metadata` and its neighbours).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assets.sources.xml_encoding import Utf8Blocks

#: Articles with tables of thousands of rows stay under 20 MB.
MAX_ARTICLE_BYTES = 64 * 1024 * 1024

#: A comment, CDATA section, processing instruction or document type longer than this is read as plain text: one that
#: was opened by damage and never closed must not swallow the rest of the file.
MAX_SKIP_BYTES = 64 * 1024

#: No tag that is looked for is longer; a prefix longer than this is none.
_LONGEST_MARK = 64
_MARK = re.compile(
    rb"<(?:(?P<opener>!--|!\[CDATA\[|!DOCTYPE|\?)"
    rb"|(?P<end>/?)(?:[A-Za-z_][\w.-]{0,23}:)?(?P<name>article|pmc-articleset|articleset|article-set)"
    rb"(?:(?P<closed>[ \t\r\n]{0,8}>)|(?=[ \t\r\n/>])))"
)
_CLOSERS = {b"!--": b"-->", b"![CDATA[": b"]]>", b"?": b"?>"}
_DOCTYPE_END = re.compile(rb"[^\[>]*(?:>|\[.*?\][ \t\r\n]*>)", re.DOTALL)

_EXCERPT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Cut:
    """The bytes of one article, or what stands for articles that cannot be told apart.

    Attributes:
        content: UTF-8 from the begin tag on, if it is valid at all. Its start only, where ``fault`` says that it is
            no whole article.
        offset: Where it begins in the unpacked text, in bytes of UTF-8.
        is_article: It began as an article; otherwise it stands for a fault of the file.
        fault: The reason for quarantine if it is known already.
        detail: The cause of the fault.
        at_end: The file ended before the article did.
    """

    content: bytes
    offset: int
    is_article: bool = True
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
        self._begin: int | None = None  # where the open article begins in the window
        self._too_large: Cut | None = None  # stands for the open article once it is too large to keep
        self._set: str | None = None
        self._found = 0
        self._doctype_seen = False
        self._searched: dict[bytes, int] = {}

    def __iter__(self) -> Iterator[Cut]:
        """The cuts in order."""
        while mark := self._next_mark():
            name, is_end = mark["name"], bool(mark["end"])
            if self._begin is not None:
                yield self._cut(mark.end() if is_end and name == b"article" else mark.start())
            if name != b"article":
                self._set = None if is_end else name.decode()
            elif not is_end:
                self._begin = mark.start()
                self._found += 1
        yield from self._at_end()

    # -- marks ---------------------------------------------------------------------------------------------------

    def _next_mark(self) -> re.Match[bytes] | None:
        """The next tag that begins or ends an article or a set; the position is left behind it."""
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
        if (
            self._doctype_seen
        ):  # a document has one; to look for the ends of many would take hostile input to its square
            return start
        self._doctype_seen = True
        doctype = _DOCTYPE_END.match(self._data, start, stop)
        return doctype.end() if doctype else start

    def _find(self, needle: bytes, start: int, stop: int) -> int:
        """As ``bytes.find``, never searching a place twice: hostile input stays linear. Starts only ever grow."""
        start = max(start, self._searched.get(needle, 0) - self._base)
        at = self._data.find(needle, start, stop)
        unmatched = max(start, min(stop, len(self._data)) - len(needle) + 1)
        self._searched[needle] = self._base + (at if at >= 0 else unmatched)
        return at

    def _fill(self) -> None:
        """Reads one more block and lets go of what is no longer needed."""
        if self._begin is not None and not self._too_large and self._pos - self._begin > MAX_ARTICLE_BYTES:
            self._too_large = self._oversized(self._begin)
        keep = self._pos if self._begin is None or self._too_large else self._begin
        block = next(self._blocks, b"")
        self._ended = not block
        self._data = self._data[keep:] + block
        self._base += keep
        self._pos -= keep
        if self._begin is not None:
            self._begin -= keep

    # -- articles ------------------------------------------------------------------------------------------------

    def _cut(self, end: int) -> Cut:
        begin = self._begin
        assert begin is not None
        if self._too_large is None and end - begin > MAX_ARTICLE_BYTES:
            self._too_large = self._oversized(begin)
        cut = self._too_large or Cut(self._data[begin:end], self._base + begin)
        self._begin = self._too_large = None
        return cut

    def _oversized(self, begin: int) -> Cut:
        start = self._data[begin : begin + _EXCERPT_BYTES]
        detail = f"larger than {MAX_ARTICLE_BYTES // 1024**2} MiB"
        return Cut(start, self._base + begin, fault="record_too_large", detail=detail)

    # -- the end of the file -------------------------------------------------------------------------------------

    def _at_end(self) -> Iterator[Cut]:
        damage, length = self._text.damage, self._base + len(self._data)
        rest = self._data[-_EXCERPT_BYTES:]
        if self._begin is not None:
            cut = self._cut(len(self._data))
            reason = "truncated_gzip" if damage else cut.fault
            yield Cut(cut.content, cut.offset, fault=reason, detail=damage or cut.detail, at_end=True)
        elif damage is not None:
            detail = f"{damage}; {self._found} articles came before"
            yield Cut(rest, length, is_article=False, fault="truncated_gzip", detail=detail)
        elif self._set is not None:
            detail = f"the file ends without </{self._set}>; {self._found} articles came before"
            yield Cut(rest, length, is_article=False, fault="truncated_xml", detail=detail)
        elif not self._found:
            yield self._no_articles()

    def _no_articles(self) -> Cut:
        head = self._text.head
        shown = head.decode(self._text.encoding or "utf-8", errors="replace").lstrip("\ufeff \t\r\n")
        if self._text.unknown is not None:
            fault, detail = "unknown_encoding", f"the declared encoding {self._text.unknown!r} is none that can be read"
        elif not shown and not self._data.strip():
            fault, detail = "empty_file", "the file holds nothing but white space"
        elif not shown.startswith("<") or re.match(r"<!doctype\s+html|<html", shown, re.IGNORECASE):
            fault, detail = "not_xml", "the file does not begin like XML and holds no article"
        else:
            fault, detail = "no_records", "the XML holds no article element"
        return Cut(head, 0, is_article=False, fault=fault, detail=detail)
