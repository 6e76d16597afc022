"""The text of an article in reading order: paragraphs with their section path, captions, and the floats themselves.

A paragraph with a list in it is one passage; what floats (figures, tables, notes) is read after the paragraph that it
stands in, and each text once. Tables are no prose and their cells are left out. Peer review and translations
(``sub-article``, ``response``) are other texts than the article's own and are left out, too. What does not belong here:
which sentences cite which figure (`assets.sources.jats.figures`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from assets.sources.base import Passage
from assets.sources.jats.text import Prose, asides, is_own_doi, prose, text

#: Elements that become `Figure` rows, and their kind.
FLOAT_KINDS = {
    "fig": "figure",
    "table-wrap": "table",
    "supplementary-material": "supplement",
    "media": "supplement",
}

#: Elements whose text is one passage.
_LEAVES = frozenset({"p", "def-item", "disp-formula", "preformat", "code", "verse-group"})

_WITH_TITLE = "sec app app-group ack notes glossary boxed-text fn-group statement bio def-list"
_SILENT = """title label subtitle ref-list sub-article response table array graphic object-id permissions alternatives
    sec-meta alt-text long-desc attrib kwd-group related-article tex-math math"""

#: Elements whose title is a step of the section path.
_TITLED = frozenset(_WITH_TITLE.split())
_NO_PROSE = frozenset(_SILENT.split())

_NOTE_MARKS = frozenset({"xref", "fn"})


@dataclass(frozen=True, slots=True)
class Block:
    """One passage with what it refers to; ``owner`` is the float whose caption it is."""

    path: tuple[str, ...]
    kind: str
    prose: Prose
    owner: etree._Element | None = None

    def passage(self) -> Passage:
        """As the record carries it."""
        return Passage(list(self.path), self.kind, self.prose.text)


@dataclass(frozen=True, slots=True)
class Float:
    """One figure, table or supplement, and its caption."""

    element: etree._Element
    kind: str
    caption: str | None


@dataclass(slots=True)
class FullText:
    """What an article says in reading order: `Block` by block, and its floats."""

    blocks: list[Block] = field(default_factory=list)
    floats: list[Float] = field(default_factory=list)

    def read(self, element: etree._Element | None, kind: str, path: tuple[str, ...] = ()) -> None:
        """Appends what an element holds, child by child; its text where it has no child."""
        if element is not None and len(element) == 0:
            self._append(path, kind, element)
        for child in () if element is None else element:
            self._read_one(child, kind, path)

    def _read_one(self, element: etree._Element, kind: str, path: tuple[str, ...]) -> None:
        name = element.tag
        if name in FLOAT_KINDS:
            self._read_float(element, path)
        elif name in ("fig-group", "table-wrap-group"):
            self._append(path, "caption", element.find("caption"))
            for child in element.iterchildren(*FLOAT_KINDS):
                self._read_one(child, kind, path)
        elif name in _LEAVES:
            if not is_own_doi(element):
                self._append(path, kind, element)
            self._read_asides(element, kind, path)
        elif name in _TITLED:
            self.read(element, kind, (*path, *_title(element)))
        elif name not in _NO_PROSE:
            self.read(element, kind, path)

    def _read_float(self, element: etree._Element, path: tuple[str, ...]) -> None:
        caption, inner = _caption(element), element.find("media")
        self.floats.append(Float(element, FLOAT_KINDS[element.tag], " ".join(part.text for _, part in caption) or None))
        for part, told in caption:
            self.blocks.append(Block(path, "caption", told, element))
            self._read_asides(part, "caption", path)
        for foot in element.iterchildren("table-wrap-foot"):
            self._append(path, "caption", foot, element)
            for note in asides(foot):
                self._append(path, "caption", note, element)
        for child in element.iterchildren(*FLOAT_KINDS):
            if child is not inner:  # the file of a supplement is the supplement itself
                self._read_float(child, path)

    def _read_asides(self, element: etree._Element, kind: str, path: tuple[str, ...]) -> None:
        for aside in asides(element):
            self._read_one(aside, kind, path)

    def _append(
        self, path: tuple[str, ...], kind: str, element: etree._Element | None, owner: etree._Element | None = None
    ) -> None:
        told = prose(element)
        if told.text:
            self.blocks.append(Block(path, kind, told, owner))


def read_full_text(article: etree._Element, abstract: etree._Element | None) -> FullText:
    """Everything that is prose in an article, after its plain abstract if it has one."""
    whole = FullText()
    whole.read(abstract, "abstract")
    whole.read(article.find("body"), "body")
    whole.read(article.find("back"), "back")
    for group in ("floats-group", "floats-wrap"):
        whole.read(article.find(group), "body")
    return whole


def _title(element: etree._Element) -> tuple[str, ...]:
    for name in ("title", "caption/title"):
        if found := text(element.find(name), _NOTE_MARKS):
            return (found,)
    return ()


def _caption(element: etree._Element) -> list[tuple[etree._Element, Prose]]:
    """The caption of a float; for a supplement also that of its file, or the paragraphs that stand in its place."""
    parts = [*element.iterchildren("caption")] or [*element.iterfind("media/caption")] or [*element.iterchildren("p")]
    return [(part, told) for part in parts if (told := prose(part)).text]
