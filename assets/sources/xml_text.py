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
_NAMESPACES = re.compile(r'\sxmlns(?::\w+)?="[^"]*"')


def text_of(element: etree._Element | None) -> str | None:
    """The text of an element without its markup, white space as single blanks; None if there is none.

    Blanks that are no XML white space (no-break, thin) stay as they are.
    """
    if element is None:
        return None
    raw = "".join(_pieces(element)) if len(element) else element.text
    return _spaced(raw) if raw else None


def attribute_of(element: etree._Element, name: str) -> str | None:
    """The value of an attribute, white space as single blanks; None if there is none."""
    raw = element.get(name)
    return _spaced(raw) if raw else None


def markup_of(element: etree._Element | None) -> str | None:
    """The content of an element with its inline markup, as XML without namespaces; None if it has no markup."""
    if element is None or not len(element):
        return None
    whole = _NAMESPACES.sub("", etree.tostring(element, encoding="unicode", with_tail=False))
    return _SPACE.sub(" ", whole[whole.index(">") + 1 : whole.rindex("<")]).strip() or None


def texts_of(parent: etree._Element | None, name: str) -> list[str]:
    """The texts of the elements of one name at any depth below, each once, in order."""
    return [] if parent is None else unique(map(text_of, parent.iter(name)))


def unique(texts: Iterable[str | None]) -> list[str]:
    """The texts that say anything, each once, in order."""
    return list(dict.fromkeys(text for text in texts if text))


def children_by_name(element: etree._Element) -> dict[str, etree._Element]:
    """The first child of each name. Several times faster than a ``find`` for each, and records are mostly this."""
    return {child.tag: child for child in element.iterchildren(reversed=True)}


def children_of_name(element: etree._Element) -> dict[str, list[etree._Element]]:
    """All children of each name, in order."""
    children: dict[str, list[etree._Element]] = {}
    for child in element:
        children.setdefault(child.tag, []).append(child)
    return children


def texts_by_name(element: etree._Element | None) -> dict[str, str | None]:
    """The text of the first child of each name."""
    return {} if element is None else {child.tag: text_of(child) for child in element.iterchildren(reversed=True)}


def _spaced(raw: str) -> str | None:
    if "\n" in raw or "  " in raw or "\t" in raw or "\r" in raw:  # seldom, and to look is cheaper than to replace
        raw = _SPACE.sub(" ", raw)
    return raw.strip(" ") or None


def _pieces(element: etree._Element) -> Iterator[str]:
    if element.text:
        yield element.text
    for child in element:
        # A comment or processing instruction has a function for a tag; a prefix stays where no namespace is declared.
        if isinstance(child.tag, str) and child.tag.rpartition("}")[2].rpartition(":")[2] not in _ANNOTATIONS:
            yield from _pieces(child)
        if child.tail:
            yield child.tail
