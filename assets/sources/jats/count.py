"""Counts the articles of JATS XML by their tags alone: what the parser's own figure is checked against.

Shares with the parser how bytes become UTF-8, and nothing else: not the splitter, not the XML library. The rules are
those that `assets.sources.jats.split` states; a difference between the two is a bug in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import BinaryIO

from assets.sources.jats.split import MAX_SKIP_BYTES
from assets.sources.xml_encoding import Utf8Blocks

_TOKEN = re.compile(
    rb"<(?:(!--|!\[CDATA\[|!DOCTYPE|\?)"
    rb"|(/?)(?:[A-Za-z_][\w.-]{0,23}:)?(article|(?:pmc-)?articleset|article-set)[ \t\r\n/>])"
)
_CLOSER = {b"!--": b"-->", b"![CDATA[": b"]]>", b"?": b"?>"}
_SUBSET_END = re.compile(rb"\][ \t\r\n]*>")

#: A token, and whatever it makes us skip, ends within this many bytes.
_OVERLAP = MAX_SKIP_BYTES + 64
_WINDOW = 1024 * 1024


def count(stream: BinaryIO) -> int:
    """Articles in the stream, at least 1; see `assets.sources.base.Counter`."""
    blocks = Utf8Blocks(stream)
    articles, inside, in_set = 0, False, False
    for slash, name in _Tags(blocks):
        inside = name == b"article" and not slash
        articles += inside
        if name != b"article":
            in_set = not slash
    broken_off = not inside and (blocks.damage is not None or in_set)
    return max(1, articles + broken_off)


class _Tags:
    """Iterates over (slash, name) of the tags that matter; comments and the like are left out."""

    def __init__(self, blocks: Utf8Blocks) -> None:
        self._blocks = blocks
        self._doctype_left = True
        self._barren: dict[bytes, int] = {}  # up to where in the window a closer has been looked for in vain

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        window = b""
        for block in self._blocks:
            window += block
            if len(window) > _WINDOW + _OVERLAP:
                window = window[(yield from self._before(window, len(window) - _OVERLAP)) :]
        yield from self._before(window, len(window))

    def _before(self, window: bytes, limit: int) -> Generator[tuple[bytes, bytes], None, int]:
        """Tags that begin before a limit; returns how far the window has been read."""
        at = 0
        self._barren.clear()
        while (token := _TOKEN.search(window, at)) and token.start() < limit:
            if opener := token[1]:
                at = self._behind(window, token.end(), opener)
            else:
                yield token[2], token[3]
                at = token.end() - 1
        return max(at, limit)

    def _behind(self, window: bytes, start: int, opener: bytes) -> int:
        stop = min(start + MAX_SKIP_BYTES, len(window))
        if opener == b"!DOCTYPE":
            first, self._doctype_left = self._doctype_left, False
            return _behind_doctype(window, start, stop) if first else start
        closer = _CLOSER[opener]
        found = window.find(closer, max(start, self._barren.get(closer, 0)), stop)
        if found < 0:
            self._barren[closer] = max(start, stop - len(closer) + 1)
            return start
        return found + len(closer)


def _behind_doctype(window: bytes, start: int, stop: int) -> int:
    end = window.find(b">", start, stop)
    bracket = window.find(b"[", start, stop if end < 0 else end)
    if bracket >= 0:
        subset = _SUBSET_END.search(window, bracket, stop)
        end = subset.end() - 1 if subset else -1
    return end + 1 if end >= 0 else start
