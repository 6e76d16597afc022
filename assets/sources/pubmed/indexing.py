"""What NLM's indexers say of an article: MeSH headings, supplementary concepts, substances."""

from __future__ import annotations

from lxml import etree

from assets.sources.bibliography import Chemical, Concept, MeshHeading
from assets.sources.xml_text import attribute_of, text_of


def mesh_headings(listed: etree._Element | None) -> list[MeshHeading]:
    """Headings in order, each with its qualifiers."""
    headings: list[MeshHeading] = []
    # Not heading by heading: every descriptor begins one, and headings are a sixth of a record.
    for part in () if listed is None else listed.iter("DescriptorName", "QualifierName"):
        name = text_of(part)
        if not name:
            continue
        ui, is_major = attribute_of(part, "UI"), attribute_of(part, "MajorTopicYN") == "Y"
        if part.tag == "DescriptorName":
            headings.append({"descriptor": name, "ui": ui, "is_major": is_major, "qualifiers": []})
        elif headings:
            headings[-1]["qualifiers"].append({"name": name, "ui": ui, "is_major": is_major})
    return headings


def supplementary_concepts(listed: etree._Element | None) -> list[Concept]:
    """Diseases, protocols, organisms and the like beyond MeSH's own headings."""
    concepts = ((text_of(element), element) for element in (() if listed is None else listed))
    return [
        {"name": name, "ui": attribute_of(each, "UI"), "kind": attribute_of(each, "Type")}
        for name, each in concepts
        if name
    ]


def chemicals(listed: etree._Element | None) -> list[Chemical]:
    """Substances with their registry numbers."""
    substances: list[Chemical] = []
    for element in () if listed is None else listed:
        name = ui = number = None
        for part in element:
            if part.tag == "NameOfSubstance":
                name, ui = text_of(part), attribute_of(part, "UI")
            elif part.tag == "RegistryNumber":
                number = text_of(part)
        if name:
            substances.append({"name": name, "ui": ui, "registry_number": number})
    return substances
