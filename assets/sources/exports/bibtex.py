"""The source ``bibtex``: BibTeX and BibLaTeX files, one entry a record.

The file is cut into entries here, so that a lost brace costs one entry and memory stays bounded; each entry is then
taken apart by bibtexparser, which holds a whole file. ``@comment``, ``@preamble``, ``@string`` and text between entries
are no records. What an entry would inherit by ``crossref`` is left out: parents stand after their children. What does
not belong here: what the fields mean (`assets.sources.exports.bibtex_records`).
"""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Iterator
from typing import BinaryIO

from bibtexparser.model import DuplicateFieldKeyBlock, Entry, ParsingFailedBlock, String
from bibtexparser.splitter import Splitter

from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.exports.bibtex_records import MONTHS, read_record
from assets.sources.exports.bibtex_values import value_text
from assets.sources.faults import Unlistable
from assets.sources.text_lines import Cut, TextLine, after_last, text_lines
from assets.sources.xml_encoding import Utf8Blocks

#: What bibtexparser stops at: braces without a backslash, and the begin of a block.
_MARK = re.compile(rb"(?<!\\)[{}\")]|@\w*[ \t]*(?=[{(])")
_FIELD = re.compile(rb"\b[A-Za-z][\w-]*\s*=\s*[{\"0-9]")
_DECLARED = re.compile(rb"\s*%+\s*Encoding:\s*([\w.-]{1,30})", re.IGNORECASE)
_ONE_BYTE = re.compile(r"cp125\d|iso8859-\d+|mac-roman")

#: Definitions of abbreviations that are kept for the entries after them. Files of whole fields have some thousands.
_MAX_STRINGS = 20_000
_MAX_STRING_CHARACTERS = 2_000

# It logs every damaged entry with its text; here that becomes a row of quarantine.
logging.getLogger("bibtexparser.splitter").setLevel(logging.CRITICAL)


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Entries in order; see `assets.sources.base.Parser`."""
    blocks = Utf8Blocks(stream)
    strings = dict(MONTHS)
    index = 0
    for kind, cut in _blocks(blocks):
        encoding = _encoding(blocks)
        if kind == b"string":
            _define(strings, cut, encoding)
            continue
        try:
            yield read_record(*_entry(cut, encoding, strings), index, raw)
        except Unlistable as fault:
            yield fault.quarantined(index, cut.place, cut.content)
        index += 1


def count(stream: BinaryIO) -> int:
    """Entries, at least 1; see `assets.sources.base.Counter`. Only braces tell them apart, so both count alike."""
    return sum(kind != b"string" for kind, _ in _blocks(Utf8Blocks(stream)))


def _blocks(blocks: Utf8Blocks) -> Iterator[tuple[bytes, Cut]]:
    """Entries and definitions of strings in order, with their kind in lower case.

    A block begins at ``@name{`` outside of another one, and at the begin of a line wherever it stands: the block before
    has then lost a brace. Text after a block, up to the next one, comes with it.
    """
    cutter = _Cutter()
    entries = 0
    for line in text_lines(blocks):
        for kind, cut in cutter.feed(line):
            entries += kind != b"string"
            yield kind, cut
    open_cut = cutter.finish()
    if open_cut is not None and open_cut[0] == b"string":
        yield open_cut
        open_cut = None
    if last := after_last(blocks, open_cut[1] if open_cut else None, entries, "BibTeX entry"):
        yield b"entry", last


class _Cutter:
    """Where blocks begin and end. Mirrors what bibtexparser takes for a block, line by line."""

    def __init__(self) -> None:
        self._cut: Cut | None = None
        self._kind = b""
        self._depth = 0  # open braces of the block; 0: outside of any
        self._opening = False  # the block's own brace comes next
        self._round = False  # the block is one in parentheses
        self._quoted = False

    def feed(self, line: TextLine) -> Iterator[tuple[bytes, Cut]]:
        """The blocks that this line ends."""
        begun = 0
        content = line.content
        margin = len(content) - len(content.lstrip())
        for mark in _MARK.finditer(content):
            if mark[0].startswith(b"@"):
                if self._depth and mark.start() > margin:
                    continue  # within a value: "LeQua @ {CLEF}"
                self._take(line, content[begun : mark.start()])
                if done := self.finish():
                    yield done
                self._begin(line, mark, content)
                begun = mark.start()
            elif self._depth or self._opening:
                self._step(mark[0])
        self._take(line, content[begun:])

    def finish(self) -> tuple[bytes, Cut] | None:
        """The block so far, if it is an entry or a definition."""
        cut, self._cut = self._cut, None
        if cut is None or self._kind in (b"comment", b"preamble"):
            return None
        if self._depth and cut.fault is None:
            cut.fault, cut.detail = "unbalanced_braces", "the entry is not closed before the next one or the end"
        self._depth = 0
        return self._kind, cut

    def _begin(self, line: TextLine, mark: re.Match[bytes], content: bytes) -> None:
        self._cut, self._kind = Cut(line.number), mark[0][1:].strip().lower()
        self._round = content[mark.end() : mark.end() + 1] == b"("
        # The opening brace is the next mark; an opening parenthesis is none.
        self._depth, self._quoted = int(self._round), False
        self._opening = not self._round

    def _step(self, mark: bytes) -> None:
        if mark == b"{":
            self._depth, self._opening = self._depth + 1, False
        elif mark == b"}" and self._depth > int(self._round):
            self._depth -= 1
        elif self._round and self._depth == 1:
            if mark == b'"':
                self._quoted = not self._quoted
            elif mark == b")" and not self._quoted:
                self._depth = 0

    def _take(self, line: TextLine, part: bytes) -> None:
        if self._cut is not None:
            self._cut.add(TextLine(line.number, part, line.cut))


def _encoding(blocks: Utf8Blocks) -> str:
    """The encoding that JabRef declares in the first line, where it is one of a byte a character; else UTF-8."""
    declared = _DECLARED.match(blocks.head)
    if declared and blocks.encoding == "utf-8":
        try:
            name = codecs.lookup(declared[1].decode()).name
        except LookupError:
            return "utf-8"
        if _ONE_BYTE.fullmatch(name):
            return name
    return "utf-8"


def _text(cut: Cut, encoding: str) -> str:
    if cut.fault is None and encoding != "utf-8":
        try:
            return cut.content.decode(encoding).replace("\0", "")
        except UnicodeDecodeError as fault:
            cause = f"not valid {encoding}, which the file declares, at byte {fault.start} of the entry"
            raise Unlistable("invalid_encoding", cause) from fault
    return cut.text()


def _entry(cut: Cut, encoding: str, strings: dict[str, str]) -> tuple[str, str, dict[str, str]]:
    """Type, citation key and fields of an entry.

    Raises:
        Unlistable: The cut carries a fault or is no BibTeX entry.
    """
    text = _text(cut, encoding)
    found = Splitter(text).split().blocks
    block = found[0] if found else None
    if isinstance(block, DuplicateFieldKeyBlock):
        block = block.ignore_error_block
    if isinstance(block, ParsingFailedBlock):
        cause = getattr(block.error, "abort_reason", None) or "the entry cannot be read"
        raise Unlistable("malformed_entry", " ".join(str(cause).split())[:300])
    if not isinstance(block, Entry):
        raise Unlistable("malformed_entry", "the entry cannot be read")
    if len(found) > 1 and _FIELD.search(text[len(block.raw or "") :].encode()):
        raise Unlistable("unbalanced_braces", "fields follow after the brace that closes the entry")
    fields: dict[str, str] = {}
    for field in block.fields:
        value = value_text(field.value, strings)
        if value and not fields.get(field.key.lower()):
            fields[field.key.lower()] = value
    return block.entry_type, block.key, fields


def _define(strings: dict[str, str], cut: Cut, encoding: str) -> None:
    """Takes an abbreviation; a damaged one defines nothing, and its name stands where it is used."""
    try:
        found = Splitter(_text(cut, encoding)).split().blocks
    except Unlistable:
        return
    if found and isinstance(found[0], String) and len(strings) < _MAX_STRINGS:
        strings[found[0].key.strip().lower()] = value_text(found[0].value, strings)[:_MAX_STRING_CHARACTERS]


SOURCE = Source(
    name="bibtex",
    description="BibTeX or BibLaTeX as reference managers export it; the day is the one it is landed for.",
    extension="bib",
    count=count,
    parse=parse,
)
