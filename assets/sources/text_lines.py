"""Lines of text files in which a record takes several lines: any line end, any Unicode encoding, bounded memory.

What does not belong here: what a line says (the sources that cut records from lines), and sources of one record a line
(`assets.sources.streams.lines`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from assets.sources.base import EXCERPT_CHARACTERS
from assets.sources.faults import Unlistable
from assets.sources.xml_encoding import Utf8Blocks

#: A record of a reference manager is a few kB; one with a pasted full text stays under 1 MB.
MAX_RECORD_BYTES = 8 * 1024 * 1024

#: What a line costs in memory beside its bytes, so that a record of nothing but line ends is bounded, too.
_LINE_COST = 16

#: Bytes of a damaged record that messages may need: characters of up to four bytes.
EXCERPT_BYTES = 4 * EXCERPT_CHARACTERS

_LINE_END = re.compile(rb"\r\n|\n|\r")


class TextLine(NamedTuple):
    """One line: its number from 1, its bytes without the line end, and whether its rest was too long to be kept."""

    number: int
    content: bytes
    cut: bool


@dataclass(slots=True)
class Cut:
    """The lines of one record, or what is in place of one.

    Attributes:
        line: Number of its first line.
        lines: Its lines; dropped beyond `MAX_RECORD_BYTES`, then ``fault`` says so.
        fault: Reason word if it cannot be read, else None; then ``detail`` says more.
    """

    line: int
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    fault: str | None = None
    detail: str = ""

    def add(self, line: TextLine) -> None:
        """Takes one more line, or notes that the record is too large."""
        self.size += len(line.content) + _LINE_COST
        if line.cut or self.size > MAX_RECORD_BYTES:
            self.lines = [self.content[:EXCERPT_BYTES] or line.content[:EXCERPT_BYTES]]
            self.fault, self.detail = "record_too_large", f"larger than {MAX_RECORD_BYTES // 1024**2} MiB"
        elif self.fault is None:
            self.lines.append(line.content)

    @property
    def content(self) -> bytes:
        """Its lines as one text."""
        return b"\n".join(self.lines)

    @property
    def place(self) -> str:
        """Where it begins, for people."""
        return f"line {self.line}" if self.line else ""

    def text(self) -> str:
        """The record as text without NUL characters, which mean nothing and trouble databases.

        Raises:
            Unlistable: The cut carries a fault, or is not valid UTF-8. Other encodings are not guessed: what reads as
                cp1252 may be cp1250, and wrong letters in names would never be noticed.
        """
        if self.fault is not None:
            raise Unlistable(self.fault, self.detail)
        try:
            return self.content.decode("utf-8").replace("\0", "")
        except UnicodeDecodeError as fault:
            cause = f"not valid UTF-8 at byte {fault.start} of the record; save the file as UTF-8"
            raise Unlistable("invalid_utf8", cause) from fault


def text_lines(blocks: Iterable[bytes], limit: int = MAX_RECORD_BYTES) -> Iterator[TextLine]:
    """Lines of blocks of UTF-8, ended by LF, CR LF or CR. What follows the last line end is a line if it is not empty.

    Args:
        blocks: Non-empty blocks, cut anywhere.
        limit: Bytes of a line that are kept.
    """
    number, line, held = 0, _Line(limit), b""
    for block in blocks:
        block = held + block
        held = b"\r" if block.endswith(b"\r") else b""  # it may be half of a line end
        first, *others = _LINE_END.split(block[: len(block) - len(held)])
        line.add(first)
        for content in others:
            number += 1
            yield line.taken(number)
            line.add(content)
    if line.size or held:
        yield line.taken(number + 1)


class _Line:
    """The line that is open: what a block adds to it costs the block, not what is held."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self.size = 0

    def add(self, content: bytes) -> None:
        if content and self.size < self._limit:
            self._parts.append(content[: self._limit - self.size])
        self.size += len(content)

    def taken(self, number: int) -> TextLine:
        line = TextLine(number, b"".join(self._parts), self.size > self._limit)
        self._parts, self.size = [], 0
        return line


def after_last(blocks: Utf8Blocks, cut: Cut | None, found: int, holds: str) -> Cut | None:
    """The last cut of an exhausted file: the open record, whatever a break took, or a file without any record.

    Args:
        blocks: The exhausted blocks.
        cut: The record that was open at the end, if any.
        found: Records before it.
        holds: What a file of the source holds, for messages.
    """
    if blocks.damage is not None:
        cut = cut or Cut(0)
        cut.fault, cut.detail = "truncated_gzip", f"{blocks.damage}; {found} records came before"
        return cut
    if cut is not None or found:
        return cut
    if blocks.unknown is not None:
        return _whole(blocks, "unknown_encoding", f"the declared encoding {blocks.unknown!r} is none that can be read")
    if not blocks.head.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        return _whole(blocks, "empty_file", "the file holds nothing but white space")
    return _whole(blocks, "no_records", f"the file holds no {holds}")


def _whole(blocks: Utf8Blocks, reason: str, detail: str) -> Cut:
    return Cut(0, [blocks.head[:EXCERPT_BYTES]], fault=reason, detail=detail)
