"""XML bytes of any encoding as blocks of UTF-8, in bounded memory, before anything is parsed.

What does not belong here: where records begin and end (`assets.sources.pubmed.split`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from assets.sources.base import StreamDamaged

BLOCK_BYTES = 256 * 1024

#: An XML declaration stands at the very start and is short.
_HEAD_BYTES = 1024
_DECLARED = re.compile(rb"""\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"'>]*)["']""")

#: The longer marks come first: that of UTF-32-LE begins with that of UTF-16-LE.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: UTF-16 without a mark shows by the first characters of its declaration (XML 1.0, appendix F).
_UNMARKED = ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"))

#: Python also knows "encodings" that unpack or evaluate. Only these are character encodings that documents come in.
_READABLE = re.compile(r"ascii|utf-8|iso8859-\d+|cp125\d|cp437|cp850|cp932|koi8-[ru]|mac-roman|gbk?|gb2312|gb18030|"
                       r"big5|shift_jis|euc_jp|euc_kr|euc_jis_2004|iso2022_jp|tis-620")  # fmt: skip

#: What cannot be decoded becomes a byte that no UTF-8 text holds, so that the record around it is found to be damaged.
_UNDECODABLE = "\udcff"
_UNDECODABLE_HANDLER = "litlake.undecodable"


def _mark_undecodable(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    return _UNDECODABLE, fault.end


codecs.register_error(_UNDECODABLE_HANDLER, _mark_undecodable)


class Utf8Blocks:
    """The text of an XML stream as non-empty blocks of UTF-8 without byte order mark. Read once.

    Valid UTF-8 is not promised: bytes of a UTF-8 stream come as they are, and what cannot be decoded from another
    encoding comes as a byte that is no UTF-8.

    Attributes:
        encoding: The encoding that was read, None before the first block.
        unknown: The declared encoding if it cannot be read; then there are no blocks.
        damage: Once exhausted: why the stream broke off, or None if it came to its end.
        head: The first bytes as received, for messages.
    """

    def __init__(self, stream: BinaryIO) -> None:
        """Takes the stream at its start; reads nothing yet."""
        self.encoding: str | None = None
        self.unknown: str | None = None
        self.damage: str | None = None
        self.head = b""
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        """The blocks, once."""
        received = self._received()
        head = b""
        for block in received:
            head += block
            if len(head) >= _HEAD_BYTES:
                break
        self.head = head[:_HEAD_BYTES]
        mark_length = self._recognise(head)
        if self.unknown is not None:
            return
        if self.encoding == "utf-8":
            if head[mark_length:]:
                yield head[mark_length:]
            yield from received
            return
        yield from self._transcoded(head[mark_length:], received)

    def _received(self) -> Iterator[bytes]:
        # read1 asks the stream below once: what came before the break is not lost with it, as it would be in read.
        read = getattr(self._stream, "read1", self._stream.read)
        try:
            while block := read(BLOCK_BYTES):
                yield block
        except StreamDamaged as damage:
            self.damage = str(damage)

    def _recognise(self, head: bytes) -> int:
        """Sets the encoding; returns the length of the byte order mark."""
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                self.encoding = encoding
                return len(mark)
        for start, encoding in _UNMARKED:
            if head.startswith(start):
                self.encoding = encoding
                return 0
        self.encoding = "utf-8"
        declared = _DECLARED.match(head[:_HEAD_BYTES])
        if declared is None:
            return 0
        name = declared[1].decode("ascii", errors="replace")
        try:
            known = codecs.lookup(name).name
        except (LookupError, ValueError):  # ValueError: a NUL in the name
            self.unknown = name
            return 0
        # A declaration that could be read byte by byte stands in no UTF-16 or UTF-32: some programs say so of UTF-8.
        if not known.startswith(("utf-16", "utf-32")):
            if not _READABLE.fullmatch(known):
                self.unknown = name
            self.encoding = "utf-8" if known == "ascii" else known
        return 0

    def _transcoded(self, head: bytes, received: Iterator[bytes]) -> Iterator[bytes]:
        assert self.encoding is not None
        decoder = codecs.getincrementaldecoder(self.encoding)(errors=_UNDECODABLE_HANDLER)
        for block in chain((head,), received, (b"",)):
            if text := decoder.decode(block, final=not block):
                yield text.encode("utf-8", errors="surrogatepass")
