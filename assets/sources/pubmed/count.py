"""Counts the records of PubMed XML by their tags alone: what the parser's own figure is checked against.

Shares with the parser how bytes become UTF-8, and nothing else: not the splitter, not the XML library. The rules are
those that `assets.sources.pubmed.split` states; a difference between the two is a bug in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import BinaryIO

from assets.sources.pubmed.split import MAX_SKIP_BYTES
from assets.sources.xml_encoding import Utf8Blocks

_TOKEN = re.compile(
    rb"<(?:(!--|!\[CDATA\[|!DOCTYPE|\?)"
    rb"|(/?(?:Pubmed(?:Book)?Article(?:Set)?|MedlineCitation(?:Set)?|Delete(?:Citation|Document)|PMID))[ \t\r\n/>])"
)
_CLOSER = {b"!--": b"-->", b"![CDATA[": b"]]>", b"?": b"?>"}
_SUBSET_END = re.compile(rb"\][ \t\r\n]*>")

#: A token, and whatever it makes us skip, ends within this many bytes.
_OVERLAP = MAX_SKIP_BYTES + 64
_WINDOW = 1024 * 1024


def count(stream: BinaryIO) -> int:
    """Records in the stream, at least 1; see `assets.sources.base.Counter`."""
    blocks = Utf8Blocks(stream)
    tally = _Tally()
    for tag in _tags(blocks):
        if tag.startswith(b"/"):
            tally.end(tag[1:])
        else:
            tally.begin(tag)
    broken_off = tally.inside is None and (blocks.damage is not None or tally.in_set)
    return max(1, tally.records + broken_off)


class _Tally:
    """Which tags begin a record, given those before."""

    def __init__(self) -> None:
        self.records = 0
        self.inside: bytes | None = None
        self.in_set = False
        self._deletions = False

    def begin(self, name: bytes) -> None:
        if name.endswith(b"Set"):
            self.inside, self.in_set, self._deletions = None, True, False
        elif name.startswith(b"Delete"):
            self.inside, self._deletions = None, True
        elif name == b"PMID":
            if self._deletions:
                self.records += 1
                self.inside = name
        elif (name, self.inside) != (b"MedlineCitation", b"PubmedArticle"):
            self.records += 1
            self.inside, self._deletions = name, False

    def end(self, name: bytes) -> None:
        if name.endswith(b"Set"):
            self.inside, self.in_set, self._deletions = None, False, False
        elif name.startswith(b"Delete"):
            self.inside, self._deletions = None, False
        elif name == self.inside:
            self.inside = None


def _tags(blocks: Utf8Blocks) -> Iterator[bytes]:
    """Names of the tags that matter, a slash before those of end tags, comments and the like left out."""
    window = b""
    for block in blocks:
        window += block
        if len(window) > _WINDOW + _OVERLAP:
            window = window[(yield from _tags_before(window, len(window) - _OVERLAP)) :]
    yield from _tags_before(window, len(window))


def _tags_before(window: bytes, limit: int) -> Generator[bytes, None, int]:
    """Tags that begin before a limit; returns how far the window has been read."""
    at = 0
    barren: dict[bytes, int] = {}  # up to where a closer has been looked for in vain
    while (token := _TOKEN.search(window, at)) and token.start() < limit:
        if opener := token[1]:
            at = _behind(window, token.end(), opener, barren)
        else:
            yield token[2]
            at = token.end()
    return max(at, limit)


def _behind(window: bytes, start: int, opener: bytes, barren: dict[bytes, int]) -> int:
    stop = min(start + MAX_SKIP_BYTES, len(window))
    if opener not in _CLOSER:
        end = window.find(b">", start, stop)
        bracket = window.find(b"[", start, stop if end < 0 else end)
        if bracket >= 0:
            subset = _SUBSET_END.search(window, bracket, stop)
            end = subset.end() - 1 if subset else -1
        return end + 1 if end >= 0 else start
    closer = _CLOSER[opener]
    found = window.find(closer, max(start, barren.get(closer, 0)), stop)
    if found < 0:
        barren[closer] = max(start, stop - len(closer) + 1)
        return start
    return found + len(closer)
