"""Which records are well-formed and of the regular form that native code reads whole: text or elements in an element.

Native code takes much for XML that is none, and leaves out text beside elements. So expat, which is strict, looks at
everything first, and here is looked for what would be lost. A record that is not regular is read another way: nothing
is lost by that but time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.parsers import expat

import numpy as np

#: Bytes looked at in one go: what fits in the cache of a core is looked at three times faster.
CHUNK_BYTES = 128 * 1024

#: libxml2 refuses what is nested deeper; PubMed XML is not a tenth as deep.
MAX_DEPTH = 200

_LESS, _GREATER, _SLASH, _BLANK, _BANG, _QUESTION = b"<>/ !?"


def regular(records: Sequence[bytes]) -> list[bool]:
    """Whether each record is regular. A record is the bytes from the begin tag to the end tag of its element."""
    found: list[bool] = []
    start = 0
    while start < len(records):
        stop, size = start, 0
        while stop < len(records) and (stop == start or size + len(records[stop]) <= CHUNK_BYTES):
            size += len(records[stop])
            stop += 1
        found += _regular(records[start:stop])
        start = stop
    return found


def _regular(records: Sequence[bytes]) -> list[bool]:
    content = b"".join((b"<s>", *records, b"</s>"))
    if not _is_well_formed(content):
        return [False] if len(records) == 1 else [flag for record in records for flag in _regular([record])]
    begins = np.cumsum([3, *map(len, records)])
    flags = np.ones(len(records), bool)
    flags[np.searchsorted(begins, _doubts(content), side="right") - 1] = False
    return [bool(flag) for flag in flags]


def _is_well_formed(content: bytes) -> bool:
    parser = expat.ParserCreate("utf-8")  # no handlers: it makes nothing, and fetches nothing
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        return False
    return True


def _doubts(content: bytes) -> Any:
    """Places within records where a text stands beside an element, a comment or the like, or far too deep.

    A begin tag that cannot be told to its end, or whose values native code would not tidy as XML asks, is one, too.
    """
    octets = np.frombuffer(content, np.uint8)
    starts, ends = _tags(octets)
    following = octets[starts + 1]
    closes, is_empty = following == _SLASH, octets[ends - 1] == _SLASH
    # Text stands between a begin tag and its end tag; anywhere else there are only blanks.
    holds_text = ~closes[:-1] & ~is_empty[:-1] & closes[1:]
    printed = np.cumsum(octets > _BLANK, dtype=np.int32)
    doubts = (following == _BANG) | (following == _QUESTION)
    doubts[:-1] |= (printed[starts[1:] - 1] != printed[ends[:-1]]) & ~holds_text
    doubts |= np.cumsum(1 - 2 * closes.astype(np.int32) - is_empty) > MAX_DEPTH
    controls = np.cumsum(octets < _BLANK, dtype=np.int32)
    doubts |= controls[ends] != controls[starts]
    if len(starts) != np.count_nonzero(octets == _GREATER):
        doubts |= _open_values(octets, starts, ends)
    return starts[1:-1][doubts[1:-1]]


def _open_values(octets: Any, starts: Any, ends: Any) -> Any:
    """Which tags may have a ``>`` within a value: with an odd number of quotes before it, or quotes of either kind."""
    quotes, others = (np.cumsum(octets == quote, dtype=np.int32) for quote in b"\"'")
    return ((quotes[ends] - quotes[starts]) % 2 == 1) | (others[ends] != others[starts])


def _tags(octets: Any) -> tuple[Any, Any]:
    """Where tags begin and end. A ``>`` also stands in texts and values: the first one behind a ``<`` is meant."""
    starts, greater = np.flatnonzero(octets == _LESS), np.flatnonzero(octets == _GREATER)
    if len(starts) == len(greater) and (starts < greater).all() and (greater[:-1] < starts[1:]).all():
        return starts, greater
    return starts, greater[np.searchsorted(greater, starts)]
