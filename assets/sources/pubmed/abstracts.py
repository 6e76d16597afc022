"""Abstracts of PubMed XML: their labelled parts, and those in other languages or of other collections."""

from __future__ import annotations

from lxml import etree

from assets.sources.base import Section
from assets.sources.bibliography import OtherAbstract
from assets.sources.languages import language_code
from assets.sources.xml_text import attribute_of, text_of

#: What NLM prints where an abstract stands elsewhere.
_NO_ABSTRACT = "Abstract available from the publisher."

#: Labels that say that there is none.
NO_LABEL = ("UNLABELLED", "UNASSIGNED")


def read_sections(abstract: etree._Element | None) -> tuple[list[Section], list[str | None]]:
    """The parts of an abstract that hold text, and beside them NLM's category of each."""
    sections: list[Section] = []
    categories: list[str | None] = []
    for part in () if abstract is None else abstract:
        if part.tag == "AbstractText" and (text := text_of(part)):
            category = attribute_of(part, "NlmCategory")
            sections.append(Section(_label(attribute_of(part, "Label"), category), text))
            categories.append(category)
    return sections, categories


def read_other_abstracts(citation: etree._Element) -> list[OtherAbstract]:
    """Abstracts of other collections or in other languages, where their text stands here."""
    others: list[OtherAbstract] = []
    for other in citation.iterchildren("OtherAbstract"):
        sections, _ = read_sections(other)
        text = joined(sections)
        if text and sections[0].text != _NO_ABSTRACT:
            others.append(
                {"language": attribute_of(other, "Language"), "kind": attribute_of(other, "Type"), "text": text}
            )
    return others


def stand_in(citation: etree._Element) -> list[Section]:
    """For a record without an abstract: an English one of another collection, else the first in any language."""
    others = [
        (attribute_of(other, "Language"), read_sections(other)[0]) for other in citation.iterchildren("OtherAbstract")
    ]
    usable = [(language, parts) for language, parts in others if parts and parts[0].text != _NO_ABSTRACT]
    english = [parts for language, parts in usable if language_code(language) == "en"]
    return english[0] if english else usable[0][1] if usable else []


def joined(sections: list[Section]) -> str | None:
    """The sections as one text."""
    return "\n\n".join(f"{part.label}: {part.text}" if part.label else part.text for part in sections) or None


def structured(sections: list[Section]) -> list[Section]:
    """The sections of an abstract that has any: a single unlabelled text has no structure to tell."""
    return sections if len(sections) > 1 or any(part.label for part in sections) else []


def _label(label: str | None, category: str | None) -> str | None:
    for name in (label, category):
        if name and name.upper() not in NO_LABEL:
            return name
    return None
