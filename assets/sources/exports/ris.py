"""The source ``ris``: RIS files as reference managers, publishers and databases export them.

The file is cut into records here, so that damage costs one record and memory stays bounded; each record is then read
by rispy, which holds a whole file. Files are read as UTF-8, or UTF-16 and UTF-32 with a byte order mark; RIS declares
no encoding, so a record in another one is quarantined rather than guessed at. What does not belong here: what the
tags mean (`assets.sources.exports.ris_records`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, cast

from rispy import RisParser
from rispy.config import TAG_KEY_MAPPING

from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.exports.ris_records import Entry, read_record
from assets.sources.faults import Unlistable
from assets.sources.text_lines import Cut, after_last, text_lines
from assets.sources.xml_encoding import Utf8Blocks

# ``AU  - value``. With one blank, none, or in lower case it is a tag only if it is a known one with its hyphen in
# place: "in - vitro" and "BP - 120" begin lines of abstracts that an editor has wrapped.
_STRICT = re.compile(rb"\s{0,3}([A-Z][A-Z0-9])  ?-(?:[ \t]|\Z)")
_LOOSE = re.compile(rb"\s{0,3}([A-Za-z][A-Za-z0-9])  -(?:[ \t]|\Z)")
_KNOWN = frozenset(tag.encode() for tag in (*TAG_KEY_MAPPING, "CT", "BT", "ED", "J1", "U1", "U2", "U3", "L3", "LK"))

#: Values of these go on one a line without a tag, in exports of EndNote and Ovid.
_ONE_A_LINE = frozenset({"KW", "SN", "UR"})

#: Every tag may stand several times, and no value is taken apart: what to make of several is decided in `ris_records`.
_READER = RisParser(list_tags=[tag for tag in TAG_KEY_MAPPING if tag not in ("TY", "ER")], delimiter_tags_mapping={})


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Records in order; see `assets.sources.base.Parser`. Lines outside of records that carry no tag are passed by."""
    for index, cut in enumerate(_cuts(stream)):
        try:
            yield read_record(_entry(cut), index, raw)
        except Unlistable as fault:
            yield fault.quarantined(index, cut.place, cut.content)


def count(stream: BinaryIO) -> int:
    """First lines of records, at least 1; see `assets.sources.base.Counter`."""
    blocks = Utf8Blocks(stream)
    records, inside = 0, False
    for line in text_lines(blocks):
        tag = _tag(line.content)
        if tag == b"TY" or (tag not in (None, b"ER") and not inside):
            records, inside = records + 1, True
        elif tag == b"ER":
            inside = False
    return max(1, records + (blocks.damage is not None and not inside))


def _cuts(stream: BinaryIO) -> Iterator[Cut]:
    """One cut a record: from TY to ER, or to the next TY or the end where ER was lost."""
    blocks = Utf8Blocks(stream)
    cut: Cut | None = None
    found = 0
    for line in text_lines(blocks):
        tag = _tag(line.content)
        if tag == b"TY" or (tag is not None and tag != b"ER" and cut is None):
            if cut is not None:
                yield cut
                found += 1
            cut = Cut(line.number)
        if cut is None:
            continue
        if tag == b"ER":
            yield cut
            cut, found = None, found + 1
        else:
            cut.add(line)
    if last := after_last(blocks, cut, found, "RIS record (a line with the tag TY)"):
        yield last


def _tag(line: bytes) -> bytes | None:
    """The tag of a line in upper case; None for a line that goes on with the value before it."""
    if strict := _STRICT.match(line):
        return strict[1] if b"  -" in strict[0] or strict[1] in _KNOWN else None
    loose = _LOOSE.match(line)
    return loose[1].upper() if loose and loose[1].upper() in _KNOWN else None


def _entry(cut: Cut) -> Entry:
    """The record as rispy reads it.

    Raises:
        Unlistable: The cut cannot be read, or is no record.
    """
    lines: list[tuple[str, list[str]]] = []
    for line in cut.text().split("\n"):
        tag = _tag(line.encode())
        value = line.partition("-")[2].strip() if tag else line.strip()
        if tag:
            lines.append((tag.decode(), [value]))
        elif value and lines[-1][0] in _ONE_A_LINE:
            lines.append((lines[-1][0], [value]))
        elif value:
            lines[-1][1].append(value)
    if not lines or lines[0][0] != "TY":
        raise Unlistable("missing_type", "the record does not begin with TY; its first lines may be lost")
    joined = (f"{tag}  - {' '.join(parts)}" for tag, parts in (*lines, ("ER", [])))
    [entry] = cast(list[Entry], _READER.parse_lines(joined))
    return entry


SOURCE = Source(
    name="ris",
    description="RIS as reference managers and databases export it; the day is the one it is landed for.",
    extension="ris",
    count=count,
    parse=parse,
)
