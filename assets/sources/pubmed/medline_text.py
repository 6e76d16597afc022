"""The source ``medline_text``: MEDLINE text (``.nbib``) as PubMed exports it, a tag and a value a line.

Read by a cutter of our own: the readers on PyPI hold the whole file, stop at its first fault, or drop fields. What does
not belong here: what the tags mean (`assets.sources.pubmed.medline_records`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.faults import Unlistable
from assets.sources.pubmed.medline_records import Fields, read_record
from assets.sources.text_lines import Cut, after_last, text_lines
from assets.sources.xml_encoding import Utf8Blocks

#: ``AB  - text``: a tag of two to four characters in four columns, a hyphen, a value.
_TAGGED = re.compile(r"([A-Z][A-Z0-9]{1,3}) {0,2}-(?: (.*)|\Z)", re.DOTALL)
_PMID = re.compile(rb"PMID ?-")

#: Values go on in lines that begin with six blanks; shorter margins are met in files that were edited.
_MARGIN = (b" ", b"\t")


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Records in order; see `assets.sources.base.Parser`."""
    for index, cut in enumerate(_cuts(stream)):
        try:
            yield read_record(_fields(cut.text()), index, raw)
        except Unlistable as fault:
            yield fault.quarantined(index, cut.place, cut.content)


def count(stream: BinaryIO) -> int:
    """First lines of records, at least 1; see `assets.sources.base.Counter`."""
    blocks = Utf8Blocks(stream)
    records, apart, identified, open_ended = 0, True, False, False
    for line in text_lines(blocks):
        content = line.content
        if _is_blank(content):
            apart = apart or not content.startswith(b"      ")
        elif content.startswith(_MARGIN) and records:
            apart = False
        else:
            pmid = _PMID.match(content) is not None
            if apart or not records or (pmid and identified):
                records, identified = records + 1, False
            identified, apart = identified or pmid, False
        open_ended = records > 0
    return max(1, records + (blocks.damage is not None and not open_ended))


def _cuts(stream: BinaryIO) -> Iterator[Cut]:
    """One cut a record.

    A record begins with the first line after an empty one, and with a PMID where the open record has one already.
    A line with a margin goes on with the value before it, also after an empty line.
    """
    blocks = Utf8Blocks(stream)
    cut: Cut | None = None
    found, apart, identified = 0, True, False
    for line in text_lines(blocks):
        content = line.content
        if _is_blank(content):
            apart = apart or not content.startswith(b"      ")
            continue
        if cut is not None and content.startswith(_MARGIN):
            apart = False
        else:
            pmid = _PMID.match(content) is not None
            if cut is None or apart or (pmid and identified):
                if cut is not None:
                    yield cut
                    found += 1
                cut, identified = Cut(line.number), False
            identified, apart = identified or pmid, False
        cut.add(line)
    if last := after_last(blocks, cut, found, "MEDLINE record"):
        yield last


def _is_blank(content: bytes) -> bool:
    return not content.strip(b" \t\x0b\x0c\0")


def _fields(text: str) -> Fields:
    """Tags and values in order; lines that begin with no tag go on with the value before them.

    Raises:
        Unlistable: The record does not begin with a tag.
    """
    fields: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        if tagged := _TAGGED.match(line):
            fields.append((tagged[1], [(tagged[2] or "").strip()]))
        elif fields:
            fields[-1][1].append(line.strip())
        else:
            raise Unlistable("not_medline", "the record does not begin like MEDLINE text, with a tag and a hyphen")
    return [(tag, " ".join(filter(None, parts))) for tag, parts in fields]


SOURCE = Source(
    name="medline_text",
    description="MEDLINE text (.nbib) as PubMed exports it; the day is the one it is landed for.",
    extension="nbib",
    count=count,
    parse=parse,
)
