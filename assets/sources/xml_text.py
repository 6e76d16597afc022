"""Text of XML elements without their markup, for every source that comes as XML.

What does not belong here: what an element means, and cleaning beyond white space that XML itself brings in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree

#: MathML repeats a formula in another notation here.
_ANNOTATIONS = ("annotation", "annotation-xml")

_SPACE = re.compile(r"[ \t\r\n]+")


def text_of(element: etree._Element | None) -> str | None:
    """The text of an element without its markup, white space as single blanks; None if there is none.

    Blanks that are no XML white space (no-break, thin) stay as they are.
    """
    if element is None:
        return None
    raw = (element.text or "") if len(element) == 0 else "".join(_pieces(element))
    if "\n" in raw or "  " in raw or "\t" in raw:
        raw = _SPACE.sub(" ", raw)
    return raw.strip(" \r\t") or None


def texts_of(parent: etree._Element | None, name: str) -> list[str]:
    """The texts of the elements of one name at any depth below, each once, in order."""
    return [] if parent is None else unique(map(text_of, parent.iter(name)))


def unique(texts: Iterable[str | None]) -> list[str]:
    """The texts that say anything, each once, in order."""
    return list(dict.fromkeys(text for text in texts if text))


def children_by_name(element: etree._Element) -> dict[str, etree._Element]:
    """The first child of each name. Several times faster than a ``find`` for each, and records are mostly this."""
    return {child.tag: child for child in element.iterchildren(reversed=True)}


def _pieces(element: etree._Element) -> Iterator[str]:
    if element.text:
        yield element.text
    for child in element:
        # A comment or processing instruction has a function for a tag; a prefix stays where no namespace is declared.
        if isinstance(child.tag, str) and child.tag.rpartition("}")[2].rpartition(":")[2] not in _ANNOTATIONS:
            yield from _pieces(child)
        if child.tail:
            yield child.tail
