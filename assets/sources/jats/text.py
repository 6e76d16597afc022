"""Readable text of JATS elements: prose without its markup, formulas once, floats left out, cross-references kept.

What does not belong here: which elements are passages or figures (`assets.sources.jats.passages`), and what metadata
an article has (`assets.sources.jats.metadata`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from lxml import etree

MATHML = "http://www.w3.org/1998/Math/MathML"

_ASIDES = """fig fig-group table-wrap table-wrap-group supplementary-material media boxed-text fn fn-group ref-list
    disp-formula-group floats-group sub-article response"""
_NO_PROSE = """table array graphic inline-graphic inline-media inline-supplementary-material alt-text long-desc
    object-id permissions index-term related-article x m.annotation m.annotation-xml"""
_SET_APART = """p title subtitle label list list-item def-list def-item term def disp-formula disp-quote verse-group
    verse-line speech speaker statement break preformat code attrib sec hr"""

#: What stands inside a paragraph without being part of it: it is read on its own, or is no prose.
ASIDES = frozenset(_ASIDES.split())
_SILENT = ASIDES | frozenset(_NO_PROSE.split())

#: What is set apart from the text around it, as a blank tells.
_BLOCKS = frozenset(_SET_APART.split())

_NAME_PARTS = frozenset({"surname", "given-names", "suffix"})

_SPACE = re.compile(r"[ \t\r\n]+")
_OWN_DOI = re.compile(r"\s*DOI:\s*(?:https?://\S+|10\.\S+)\s*")
_TEX_BEGIN = re.compile(r"\\begin\s*\{document\}")
_TEX_END = re.compile(r"\\end\s*\{document\}")


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a text refers to other elements of the article: a half-open range of characters, and their ids."""

    start: int
    end: int
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prose:
    """Text without markup, white space as single blanks, and what it refers to."""

    text: str
    anchors: tuple[Anchor, ...] = ()


def with_plain_names(root: etree._Element) -> etree._Element:
    """The tree with element names that carry no namespace, so that every flavour of JATS reads alike.

    Elements of MathML other than ``math`` become ``m.name``: some of them are named like elements of JATS (``sec``).
    """
    for element in root.iter("*"):
        name = element.tag
        space, _, qualified = name[1:].partition("}") if name.startswith("{") else ("", "", name)
        prefix, _, local = qualified.rpartition(":")  # a prefix stays where only the lost root of a set declares it
        if local != "math" and (space == MATHML or prefix in ("mml", "m")):
            local = f"m.{local}"
        if local != name:
            with suppress(ValueError):  # what is no name after its prefix is no element of JATS either
                element.tag = local
    return root


def href(element: etree._Element | None) -> str | None:
    """What ``xlink:href`` names, whichever prefix or namespace it came with; None if nothing."""
    return None if element is None else attribute(element, "href")


def attribute(element: etree._Element, local: str) -> str | None:
    """The value of an attribute, whichever prefix or namespace its name came with; None if it is blank."""
    for name, value in element.attrib.items():
        if re.split("[}:]", str(name))[-1] == local and (said := str(value).strip()):
            return said
    return None


def prose(element: etree._Element | None, without: frozenset[str] = frozenset()) -> Prose:
    """The text of an element and what it refers to; names ``without`` are left out besides `ASIDES`."""
    if element is None:
        return Prose("")
    builder = _Builder(_SILENT | without)
    builder.read(element)
    return builder.built()


def text(element: etree._Element | None, without: frozenset[str] = frozenset()) -> str | None:
    """The text of an element; None if there is none."""
    return prose(element, without).text or None


def is_own_doi(paragraph: etree._Element) -> bool:
    """Whether a paragraph is but the DOI of the part that it stands in, which eLife prints below every part."""
    return len(paragraph) <= 4 and _OWN_DOI.fullmatch("".join(map(str, paragraph.itertext()))) is not None


def asides(element: etree._Element) -> Iterator[etree._Element]:
    """The outermost floats and notes inside an element, in order."""
    for child in element:
        if child.tag in ASIDES:
            yield child
        else:
            yield from asides(child)


def _tex(element: etree._Element) -> str:
    """The formula of a ``tex-math`` without the document that some publishers wrap it in."""
    source = "".join(map(str, element.itertext()))
    begin = _TEX_BEGIN.search(source)
    end = _TEX_END.search(source, begin.end()) if begin else None
    formula = (source[begin.end() : end.start()] if begin and end else source).strip()
    for mark in ("$$", "$"):
        if len(formula) > 2 * len(mark) and formula.startswith(mark) and formula.endswith(mark):
            return formula[len(mark) : -len(mark)].strip()
    return formula


class _Builder:
    """Appends pieces of text; white space never doubles, so that positions hold in the finished text."""

    def __init__(self, silent: frozenset[str]) -> None:
        self._silent = silent
        self._parts: list[str] = []
        self._length = 0
        self._blank = True  # the text so far is empty or ends with a blank
        self._anchors: list[Anchor] = []

    def built(self) -> Prose:
        joined = "".join(self._parts).rstrip(" ")
        return Prose(joined, tuple(anchor for anchor in self._anchors if anchor.start < len(joined)))

    def read(self, element: etree._Element) -> None:
        """Appends what an element says."""
        name = element.tag
        if name == "tex-math":
            self._append(_tex(element))
            return
        self._append(element.text)
        # The same formula in several notations is read once: as TeX where it is given, else as MathML.
        has_tex = name in ("alternatives", "inline-formula", "disp-formula") and element.find("tex-math") is not None
        for child in element:
            if child.tag not in self._silent and not (has_tex and child.tag == "math"):
                self._read_child(child)
            self._append(child.tail)

    def _read_child(self, child: etree._Element) -> None:
        if child.tag == "p" and is_own_doi(child):
            return
        is_block = child.tag in _BLOCKS
        # Names in references come without the blank between their parts.
        if is_block or (child.tag in _NAME_PARTS and self._parts and self._parts[-1][-1].isalnum()):
            self._append(" ")
        start = self._length
        self.read(child)
        if child.tag == "xref" and (targets := (child.get("rid") or "").split()):
            self._anchors.append(Anchor(start, self._length, tuple(targets)))
        if is_block:
            self._append(" ")

    def _append(self, piece: str | None) -> None:
        if not piece:
            return
        piece = _SPACE.sub(" ", piece)
        if self._blank:
            piece = piece.lstrip(" ")
        if piece:
            self._parts.append(piece)
            self._length += len(piece)
            self._blank = piece.endswith(" ")
