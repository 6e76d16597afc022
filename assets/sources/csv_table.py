"""The source ``csv``: a table with a header, one row a record; commas, semicolons, tabs or bars between cells.

The header's names are those of `assets.sources.jsonl_records.FIELDS` in any case and with blanks or hyphens for
underscores, or those that a mapping file gives. What does not belong here: the meaning of fields.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from assets.sources.base import EXCERPT_CHARACTERS, Quarantined, RawObject, Record, Source
from assets.sources.faults import Unlistable
from assets.sources.jsonl_records import FIELDS, read_fields
from assets.sources.text_lines import MAX_RECORD_BYTES, text_lines
from assets.sources.xml_encoding import Utf8Blocks

#: Longest cell: a full text may stand in one. The csv module keeps one limit for the whole process.
MAX_CELL_CHARACTERS = 4 * 1024 * 1024

_DELIMITERS = ",\t;|"
_NO_DELIMITER = "\x1f"

#: What exports of R and pandas write for a missing value.
_MISSING = frozenset({"NA", "NaN", "nan", "NULL", "<NA>"})

_TOO_LARGE = "a row or cell too large to be read, or a quote that is never closed"

_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: where it begins, its cells, its text for messages, or why it has no cells."""

    line: int
    cells: list[str]
    shown: str
    fault: Unlistable | None = None


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Rows below the header in order; see `assets.sources.base.Parser`. Rows without any text are none."""
    header: _Header | None = None
    index = 0
    for row in _rows(stream):
        try:
            if row.fault is not None:
                raise row.fault
            if header is None:
                header = _Header(row.cells, raw)
                continue
            yield read_row(header, row, index, raw)
        except Unlistable as fault:
            yield fault.quarantined(index, f"line {row.line}" if row.line else "", row.shown)
        index += 1


def read_row(header: _Header, row: _Row, index: int, raw: RawObject) -> Record:
    """The listing that one row makes.

    Raises:
        Unlistable: More or fewer cells than the header has, bytes that are no UTF-8, or as `read_fields`.
    """
    if any(_LONE_SURROGATE.search(cell) for cell in row.cells):
        raise Unlistable("invalid_utf8", "the row is not valid UTF-8; save the file as UTF-8")
    try:
        return read_fields(header.entry(row.cells), index, raw)
    except Unlistable as fault:
        if fault.reason != "missing_title":
            raise
        raise Unlistable("missing_title", f"{fault}; {header.titles}") from fault


def count(stream: BinaryIO) -> int:
    """Rows below the header with any text, at least 1; see `assets.sources.base.Counter`."""
    return sum(1 for place, row in enumerate(_rows(stream)) if place or row.fault is not None)


class _Header:
    """The names of the columns as our fields."""

    def __init__(self, names: list[str], raw: RawObject) -> None:
        mapping = dict(raw.mapping)
        self.width = len(names)
        self._columns = _columns(names, mapping)
        shown = ", ".join(repr(name[:40]) for name in names[:20])
        sought = repr(mapping["title"]) + " (of the mapping)" if "title" in mapping else "'title'"
        found = "" if FIELDS["title"][0] in self._columns else f"no column {sought}; "
        self.titles = f"{found}the header names {shown}"[:600]

    def entry(self, cells: list[str]) -> Mapping[str, object]:
        """The cells of a row by the first name of each field."""
        extra = cells[self.width :]
        if len(cells) < self.width or any(cell.strip() for cell in extra):
            raise Unlistable("wrong_cells", f"{len(cells)} cells where the header has {self.width}")
        named: dict[str, object] = {}
        for name, places in self._columns.items():
            values = (cells[place] for place in places)
            named[name] = next((value for value in values if value.strip() and value.strip() not in _MISSING), None)
        return named


def _columns(names: list[str], mapping: Mapping[str, str]) -> dict[str, list[int]]:
    """Name that `read_fields` knows -> places of the columns that may hold it, the first with a value wins."""
    spelled: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        spelled.setdefault(_spelling(name), []).append(place)
    columns: dict[str, list[int]] = {}
    for field, known in FIELDS.items():
        if field in mapping:
            exact = [place for place, name in enumerate(names) if name.strip() == mapping[field]]
            if places := exact or spelled.get(_spelling(mapping[field]), []):
                columns[known[0]] = places
        else:
            columns |= {name: spelled[name] for name in known if name in spelled}
    return columns


def _spelling(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


# -- rows --------------------------------------------------------------------------------------------------------------


class _RowTooLarge(ValueError):
    """A row, or one of its lines, is too large to be read."""


class _Lines:
    """The text of the lines, for csv.reader; it notes where the row that is being read began."""

    def __init__(self, blocks: Utf8Blocks) -> None:
        self._lines = text_lines(blocks)
        self._size = 0
        self.first = 0
        self.shown = ""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        # Bytes that are no UTF-8 pass the reader as lone surrogates and are found in the row.
        text = line.content.decode("utf-8", errors="surrogateescape").replace("\0", "")
        self.first = self.first or line.number
        self._size += len(line.content)
        if len(self.shown) < EXCERPT_CHARACTERS:
            self.shown += text[:EXCERPT_CHARACTERS] + "\n"
        if line.cut or self._size > MAX_RECORD_BYTES:
            raise _RowTooLarge
        return text + "\n"

    def restart(self) -> None:
        """The next line begins a row."""
        self.first, self._size, self.shown = 0, 0, ""


def _rows(stream: BinaryIO) -> Iterator[_Row]:
    """The header and the rows below it; what a broken stream took, or a file without rows, as a row with a fault."""
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    blocks = Utf8Blocks(stream)
    lines = _Lines(blocks)
    rows = 0
    for row in _cells(lines):
        if blocks.damage is not None:  # known with the last line only, which the break has cut
            break
        yield row
        rows += 1
        if rows == 1 and row.fault is not None:
            return  # without a header no row can be read
    if blocks.damage is not None:
        yield _Row(
            lines.first, [], lines.shown, Unlistable("truncated_gzip", f"{blocks.damage}; {rows} rows came before")
        )
    elif rows < 2:
        yield _no_rows(blocks, rows)


def _cells(lines: _Lines) -> Iterator[_Row]:
    """Rows with any text, in bounded memory. A row that is too large ends with the line at which it became so."""
    try:
        head, delimiter = _head(lines)
    except (_RowTooLarge, csv.Error):
        yield _Row(lines.first, [], lines.shown, Unlistable("record_too_large", _TOO_LARGE))
        return
    reader = csv.reader(chain((head,), lines), delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_RowTooLarge, csv.Error):
            fault = Unlistable(
                "record_too_large", "a row or cell too large to be read, or a quote that is never closed"
            )
            yield _Row(lines.first, [], lines.shown, fault)
        else:
            if any(cell.strip() for cell in cells):
                yield _Row(lines.first, cells, lines.shown)
        lines.restart()


def _head(lines: _Lines) -> tuple[str, str]:
    """The first line with any text, and the delimiter that it shows."""
    head = next(lines, "")
    while head and not head.strip():
        lines.restart()
        head = next(lines, "")
    if declared := re.fullmatch(r"sep=([,;|\t])\n", head, re.IGNORECASE):  # what Excel writes for itself
        lines.restart()
        return next(lines, ""), declared[1]
    return head, _delimiter(head)


def _delimiter(head: str) -> str:
    """What stands between the header's cells: known names tell, then their number. A lone column has none."""
    known = {name for names in FIELDS.values() for name in names}

    def names(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader((head,), delimiter=delimiter))
        return len({_spelling(cell) for cell in cells} & known), len(cells)

    best = max(_DELIMITERS, key=names)
    return best if names(best)[1] > 1 else _NO_DELIMITER


def _no_rows(blocks: Utf8Blocks, rows: int) -> _Row:
    if blocks.unknown is not None:
        fault = Unlistable("unknown_encoding", f"the declared encoding {blocks.unknown!r} is none that can be read")
    elif rows:
        fault = Unlistable("no_records", "the table has a header and no rows")
    else:
        fault = Unlistable("empty_file", "the file holds nothing but white space")
    return _Row(0, [], blocks.head[:EXCERPT_CHARACTERS].decode("utf-8", errors="replace"), fault)


SOURCE = Source(
    name="csv",
    description="A table with a header (CSV, TSV), one row a paper; the day is the one it is landed for.",
    extension="csv",
    count=count,
    parse=parse,
    mappable=True,
)
