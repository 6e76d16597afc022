"""Counts the records of a page of arXiv by its tags: what the parser's own figure is checked against.

Shares with the parser how a page is read, and nothing else: not the cutting, not the XML library. The rules are those
that `assets.sources.arxiv.pages` states; a difference between the two is a bug in one of them.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from assets.sources.arxiv.pages import read_page

_PREFIX = rb"(?:[A-Za-z_][\w.-]{0,23}:)?"
_TAG = re.compile(rb"<(/?)" + _PREFIX + rb"(?:(record|entry)|ListRecords|GetRecord|feed)(?=[ \t\r\n/>])")
_ENDS = re.compile(rb"[ \t\r\n]*>")
_CLOSED = re.compile(rb"[ \t\r\n]*/>")


def count(stream: BinaryIO) -> int:
    """Records in the stream, at least 1 unless the page lists nothing; see `assets.sources.base.Counter`."""
    page = read_page(stream)
    if page.too_large:
        return 1
    records, inside, in_list = 0, False, False
    for tag in _TAG.finditer(page.text):
        if tag[1] and not _ENDS.match(page.text, tag.end()):
            continue
        begins = not tag[1] and not _CLOSED.match(page.text, tag.end())
        if tag[2]:
            records += not tag[1]
            inside = begins
        else:
            inside, in_list = False, begins
    if records == 0 and page.lists_nothing:
        return 0
    broken_off = not inside and (page.damage is not None or in_list)
    return max(1, records + broken_off)
