"""Byte streams of raw objects: gzip recognised by content, damage named, size bounded, lines of bounded length."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from assets.sources.base import StreamDamaged

GZIP_MAGIC = b"\x1f\x8b"

#: A gzip may unpack to at most this many times its size plus a constant: XML listings compress 5- to 12-fold, a
#: bomb a thousandfold.
MAX_EXPANSION = 200
EXPANSION_ALLOWANCE = 64 * 1024 * 1024

#: Longest line that is kept in memory. The longest line of any listing seen is under 100 kB.
MAX_LINE_BYTES = 8 * 1024 * 1024


class _Unpacked(io.RawIOBase):
    """A gzip stream that raises `StreamDamaged` for truncation, corruption and bombs."""

    def __init__(self, packed: BinaryIO, packed_size: int) -> None:
        self._members = gzip.GzipFile(fileobj=packed, mode="rb")
        self._left = packed_size * MAX_EXPANSION + EXPANSION_ALLOWANCE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            block = self._members.read1(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
            raise StreamDamaged(f"gzip stream is damaged: {fault}") from fault
        self._left -= len(block)
        if self._left < 0:
            raise StreamDamaged(f"gzip stream unpacks to more than {MAX_EXPANSION} times its size")
        buffer[: len(block)] = block
        return len(block)


def open_stream(received: BinaryIO, size: int) -> BinaryIO:
    """The bytes to parse: unpacked if they begin like gzip, otherwise as received.

    Args:
        received: Seekable stream at its start.
        size: Bytes in ``received``, which bound what a gzip may unpack to.

    Raises:
        StreamDamaged: by a later ``read``, at the place where the stream breaks.
    """
    head = received.read(len(GZIP_MAGIC))
    received.seek(0)
    if head != GZIP_MAGIC:
        return received
    return cast(BinaryIO, io.BufferedReader(_Unpacked(received, size), buffer_size=256 * 1024))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a stream.

    Attributes:
        number: From 1.
        content: Bytes without the line end; cut to `MAX_LINE_BYTES` where ``too_long``.
        too_long: The line is longer than `MAX_LINE_BYTES`; its rest was skipped.
        damaged: The stream broke before this line was complete; the cause. It is the last line.
    """

    number: int
    content: bytes
    too_long: bool = False
    damaged: str | None = None


def lines(stream: BinaryIO, limit: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """Lines of a stream in bounded memory. A damaged stream ends with one line that says so, even an empty one."""
    number = 0
    while True:
        number += 1
        content, length, fault, ended = b"", 0, None, False
        while not ended:
            try:
                part = stream.readline(limit)
            except StreamDamaged as damage:
                fault = str(damage)
                break
            ended = not part or part.endswith(b"\n")
            length += len(part)
            if not content:
                content = part
            elif len(content) < limit:
                content += part[: limit - len(content)]
        if fault is not None:
            yield Line(number, content, too_long=length > limit, damaged=fault)
            return
        if not length:
            return
        yield Line(number, content.rstrip(b"\r\n"), too_long=length > limit + 2)
