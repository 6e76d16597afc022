"""The source ``jsonl``: one JSON object a line, each one record.

Lines are read by the standard library's decoder: orjson is faster, but refuses NaN (which pandas writes for a missing
value) and does not tell lone surrogates and oversized numbers from broken syntax, so it would lose more records. What
does not belong here: the meaning of field names (`assets.sources.jsonl_records`).
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from assets.sources.base import Quarantined, RawObject, Record, Source, StreamDamaged
from assets.sources.dates import usable_day
from assets.sources.faults import Unlistable
from assets.sources.jsonl_records import read_object
from assets.sources.streams import MAX_LINE_BYTES, Line, lines

#: A line of nothing else is no record. Marks are met within files that were put together from several.
_BLANK = b" \t\n\r\x0b\x0c" + codecs.BOM_UTF8

_BLOCK_BYTES = 256 * 1024
_LONGEST_NUMBER = 100


class LineTooLong(ValueError):
    """A line is too long to be split off.

    Attributes:
        number: Which line, from 1.
    """

    def __init__(self, number: int) -> None:
        """Takes the number of the line, from 1."""
        super().__init__(f"line {number} is longer than {MAX_LINE_BYTES // 1024**2} MiB")
        self.number = number


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Records of the lines in order; see `assets.sources.base.Parser`. Blank lines are none and have no index."""
    index = 0
    for line in lines(stream):
        if not (line.content.strip(_BLANK) or line.too_long or line.damaged is not None):
            continue
        try:
            yield _read(line, index, raw)
        except Unlistable as fault:
            yield fault.quarantined(index, f"line {line.number}", line.content)
        index += 1
    if index == 0:
        yield Unlistable("empty_file", "the file holds no line with anything in it").quarantined(0, "", b"")


def count(stream: BinaryIO) -> int:
    """Lines that are not blank, at least 1; see `assets.sources.base.Counter`."""
    records, length, written = 0, 0, False
    read = getattr(stream, "read1", stream.read)
    try:
        while block := read(_BLOCK_BYTES):
            for position, part in enumerate(block.split(b"\n")):
                if position:
                    records += written or length + 1 > MAX_LINE_BYTES + 2
                    length, written = 0, False
                written = written or bool(part[: max(0, MAX_LINE_BYTES - length)].strip(_BLANK))
                length += len(part)
    except StreamDamaged:
        return records + 1
    return max(1, records + (written or length > MAX_LINE_BYTES + 2))


def split_by_day(stream: BinaryIO, field: str, today: date) -> Iterator[tuple[date | None, bytes]]:
    """Every line that is not blank, with the listing day that one of its fields names.

    Args:
        stream: Unpacked lines.
        field: Name of a field at the top of the objects.
        today: The latest listing day there can be is the one after.

    Yields:
        The day, None where the line names no usable one, and the line's bytes as they came with a final newline.

    Raises:
        LineTooLong: A line does not fit in memory.
        StreamDamaged: The stream broke off. Like a line too long, it leaves the file to be refused as a whole.
    """
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 3):
        number += 1
        content = line.rstrip(b"\r\n")
        if len(content) > MAX_LINE_BYTES:
            raise LineTooLong(number)
        if content.strip(_BLANK):
            yield _named_day(content, field, today), line if line.endswith(b"\n") else line + b"\n"


def _named_day(content: bytes, field: str, today: date) -> date | None:
    try:
        return usable_day(_decoded(content).get(field), today)
    except Unlistable:
        return None


def _read(line: Line, index: int, raw: RawObject) -> Record:
    if line.damaged is not None:
        raise Unlistable("truncated_gzip", line.damaged)
    if line.too_long:
        raise Unlistable("line_too_long", f"longer than {MAX_LINE_BYTES // 1024**2} MiB")
    return read_object(_decoded(line.content), index, raw)


def _decoded(content: bytes) -> dict[str, object]:
    """The object on a line; of a key that stands twice the last value.

    Raises:
        Unlistable: Anything else than a JSON object in valid UTF-8.
    """
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
        entry: object = _DECODER.decode(text)
        if "\\ud" in text or "\\uD" in text:  # an escape that may have lost its other half
            json.dumps(entry, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as fault:
        raise Unlistable("invalid_utf8", f"not valid UTF-8 at byte {fault.start} of the line") from fault
    except UnicodeEncodeError as fault:
        raise Unlistable("invalid_unicode", "an escape names half of a character (a lone surrogate)") from fault
    except json.JSONDecodeError as fault:
        raise Unlistable("invalid_json", f"{fault.msg} at column {fault.colno}") from fault
    except RecursionError as fault:
        raise Unlistable("nesting_too_deep", "the values are nested too deeply to be read") from fault
    if not isinstance(entry, dict):
        raise Unlistable("not_an_object", f"the line holds a JSON {type(entry).__name__}, not an object")
    return entry


def _integer(digits: str) -> int | str:
    """A whole number; one of absurd length stays its digits, since Python refuses to convert it."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


_DECODER = json.JSONDecoder(parse_int=_integer)


SOURCE = Source(
    name="jsonl",
    description="One JSON object a line with the fields of a paper; the day is the one it is landed for.",
    extension="jsonl",
    count=count,
    parse=parse,
    splittable=True,
    mappable=True,
)
