"""The rows of a page that is one JSON document: a list, or the list under one key of an object.

Rows are cut by strings and brackets alone and decoded one by one, so that a row that cannot be read costs no other and
a page that broke off keeps its complete rows. Brackets of both kinds count the same: which closes which is for the row
itself to say. What does not belong here: what a row says (`assets.sources.<source>`), JSON lines
(`assets.sources.jsonl`).
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from assets.sources.base import EXCERPT_CHARACTERS, StreamDamaged
from assets.sources.faults import Unlistable

#: A page is held in memory. The largest seen, 100 papers with all their authors, is under 2 MB.
MAX_PAGE_BYTES: Final = 64 * 1024 * 1024

#: One row as Python objects may take thirty times its bytes. A paper of three thousand authors is under 2 MB.
MAX_ROW_BYTES: Final = 4 * 1024 * 1024

_BLOCK_BYTES = 256 * 1024
_BLANK = b" \t\r\n"
_OPEN, _CLOSE = (b"[", b"{"), (b"]", b"}")
_LONGEST_NUMBER = 100

#: A string, also one that never ends: then nothing after it is structure, and the page is not looked through again.
_STRING = rb'"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)'
_STRUCTURE = re.compile(_STRING + rb"|[\[\]{},:]", re.DOTALL)
_VISIBLE = re.compile(_STRING + rb"|[^ \t\r\n]", re.DOTALL)


class Page(NamedTuple):
    """The bytes of a page, at most one more than is allowed, and why they broke off, if they did."""

    content: bytes
    damage: str | None = None


class Row(NamedTuple):
    """One element of the list: where it begins in the page, and its bytes."""

    at: int
    content: bytes


class Broken(NamedTuple):
    """What stands in the place of rows: the word for quarantine, the cause, the first bytes."""

    reason: str
    detail: str
    content: bytes


def read_page(stream: BinaryIO, limit: int = MAX_PAGE_BYTES) -> Page:
    """All bytes of a stream, in blocks, up to one more than the limit."""
    parts: list[bytes] = []
    left = limit + 1
    read = getattr(stream, "read1", stream.read)
    try:
        while left > 0 and (part := read(min(left, _BLOCK_BYTES))):
            parts.append(part)
            left -= len(part)
    except StreamDamaged as damage:
        return Page(b"".join(parts), str(damage))
    return Page(b"".join(parts))


def refused(page: Page) -> Broken | None:
    """Why a page is no JSON document at all, if it is none: it is one damaged row then."""
    content = page.content
    if len(content) > MAX_PAGE_BYTES:
        limit = f"{MAX_PAGE_BYTES // 1024**2} MiB"
        return Broken("file_too_large", f"larger than {limit}, which no page of the service is", _head(content))
    start = content.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)[:64]
    if start[:1] in (b"{", b"["):
        return None
    if page.damage is not None:
        return Broken("truncated_gzip", page.damage, _head(content))
    if not start:
        return Broken("empty_file", "the page holds nothing", b"")
    if re.match(rb"<(?:!doctype\s+html|html|head|body)\b", start, re.IGNORECASE):
        return Broken("html_page", "an HTML page in place of JSON", _head(content))
    return Broken("invalid_json", "the page does not begin like JSON", _head(content))


def split(page: Page, key: bytes | None, within: int = 1, *, optional: bool = False) -> Iterator[Row | Broken]:
    """The rows of a page in order, and at most one `Broken` at its end for whatever could not be cut.

    Args:
        page: Its bytes.
        key: Key of the object whose list is meant, as it is written between quotes; None: the page is the list. A key
            that stands twice has two lists, and the rows of both are meant.
        within: How many objects stand around the list of a key; 1: the key is one of the outermost object.
        optional: A document without the list is no fault: it has said that it lists nothing.

    Yields:
        Nothing for a page whose list is empty.
    """
    if (whole := refused(page)) is not None:
        yield whole
        return
    content, level = page.content, 1 if key is None else within + 1
    depth, start, found, is_first = 0, -1, False, False
    before: list[re.Match[bytes]] = []  # the two tokens before this one
    for token in _STRUCTURE.finditer(content):
        mark = token[0]
        if mark in _OPEN:
            depth += 1
            if mark == b"[" and start < 0 and depth == level and (key is None or _leads(content, key, before, token)):
                found, is_first, start = True, True, token.end()
        elif mark in _CLOSE:
            if start >= 0 and depth == level:
                last = _cut(content, start, token.start())
                if last.content or not is_first:
                    yield last
                start = -1
            depth -= 1
            if depth == 0:
                yield from _after(page, token.end(), found or optional)
                return
        elif mark == b"," and start >= 0 and depth == level:
            yield _cut(content, start, token.start())
            is_first, start = False, token.end()
        before = [*before[-1:], token]
    tail = content[max(start, 0) :].lstrip(_BLANK)
    reason = "truncated_json" if page.damage is None else "truncated_gzip"
    yield Broken(reason, page.damage or "the page ends before its document does", _head(tail))


def _leads(content: bytes, key: bytes, before: list[re.Match[bytes]], token: re.Match[bytes]) -> bool:
    """Whether a bracket stands right after a key and its colon."""
    if len(before) < 2 or before[0][0] != b'"%s"' % key or before[1][0] != b":":
        return False
    between = content[before[0].end() : before[1].start()] + content[before[1].end() : token.start()]
    return not between.strip(_BLANK)


def _cut(content: bytes, start: int, end: int) -> Row:
    slot = content[start:end]
    return Row(start + len(slot) - len(slot.lstrip(_BLANK)), slot.strip(_BLANK))


def _after(page: Page, end: int, is_whole: bool) -> Iterator[Broken]:
    """What stands in the way once a page's document has ended."""
    rest = page.content[end:].strip(_BLANK)
    if page.damage is not None:
        yield Broken("truncated_gzip", page.damage, _head(rest))
    elif rest:
        yield Broken("invalid_json", f"more follows the end of the document at byte {end}", _head(rest))
    elif not is_whole:
        yield Broken("no_records", "the page has no list of records", _head(page.content))


def count(page: Page, key: bytes | None, within: int = 1, *, optional: bool = False) -> int:
    """How many items `split` yields, told from commas and depths without cutting anything.

    Written apart from it on purpose: the figures are held against each other.
    """
    if refused(page) is not None:
        return 1
    level = 1 if key is None else within + 1
    leading = None if key is None else (b'"%s"' % key, b":")
    depth = rows = lists = 0
    listing = filled = False  # within a list that is meant; anything but white space in it so far
    before = (b"", b"")  # the two visible tokens before this one
    tokens = _VISIBLE.finditer(page.content.removeprefix(codecs.BOM_UTF8))
    for token in tokens:
        mark = token[0]
        if listing and depth == level and mark in _CLOSE:
            rows, listing = rows + filled, False
        elif listing:
            rows, filled = rows + (depth == level and mark == b","), True
        elif mark == b"[" and depth == level - 1 and leading in (None, before):
            listing, filled, lists = True, False, lists + 1
        depth += (mark in _OPEN) - (mark in _CLOSE)
        if depth == 0:
            more = page.damage is not None or next(tokens, None) is not None
            return rows + (more or not (lists or optional))
        before = (before[1], mark)
    return rows + 1


def decoded(row: Row, limit: int = MAX_ROW_BYTES) -> dict[str, object]:
    """The object that a row is; of a key that stands twice the last value.

    Raises:
        Unlistable: Anything else than a JSON object in valid UTF-8.
    """
    if len(row.content) > limit:
        raise Unlistable("record_too_large", f"larger than {limit // 1024**2} MiB")
    try:
        text = row.content.decode("utf-8")
        entry: object = _DECODER.decode(text)
        if "\\ud" in text or "\\uD" in text:  # an escape that may have lost its other half
            json.dumps(entry, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as fault:
        raise Unlistable("invalid_utf8", f"not valid UTF-8 at byte {fault.start} of the record") from fault
    except UnicodeEncodeError as fault:
        raise Unlistable("invalid_unicode", "an escape names half of a character (a lone surrogate)") from fault
    except json.JSONDecodeError as fault:
        raise Unlistable("invalid_json", f"{fault.msg} at character {fault.pos} of the record") from fault
    except RecursionError as fault:
        raise Unlistable("nesting_too_deep", "the values are nested too deeply to be read") from fault
    if not isinstance(entry, dict):
        raise Unlistable("not_an_object", f"a JSON {type(entry).__name__}, not an object")
    return entry


def _integer(digits: str) -> int | str:
    """A whole number; one of absurd length stays its digits, since Python refuses to convert it."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


_DECODER = json.JSONDecoder(parse_int=_integer)


def _head(content: bytes) -> bytes:
    return content[: 4 * EXCERPT_CHARACTERS]


# -- values ------------------------------------------------------------------------------------------------------------


def text(value: object) -> str | None:
    """Text without NUL and white space around it, or a whole number as text; None for anything else or nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return (value.replace("\0", "").strip() or None) if isinstance(value, str) else None


def texts(value: object) -> list[str]:
    """The texts of a list, each once, in order; none of anything else."""
    return list(dict.fromkeys(told for one in value if (told := text(one)))) if isinstance(value, list) else []


def number(value: object) -> int | None:
    """A whole number from 0, also as text ("60") or as 60.0; None for anything else. Doubles hold it exactly."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,16}", value.strip(), re.ASCII):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def mapping(value: object) -> dict[str, object]:
    """An object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}
