"""What an article is tied to: its identifiers, references, corrections, grants and data banks."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from assets.sources.bibliography import Correction, DataBank, Grant, Identifier, Reference
from assets.sources.identifiers import normalise_arxiv, normalise_doi, normalise_pmcid, normalise_pmid
from assets.sources.xml_text import attribute_of, children_by_name, text_of, texts_by_name

#: Of a record's corrections, those that say that it was retracted.
RETRACTING = frozenset({"RetractionIn", "RetractedandRepublishedIn"})

#: NLM's publication type of what was retracted.
RETRACTED = "Retracted Publication"


def identifiers(elements: Iterable[etree._Element], kind: str) -> list[Identifier]:
    """Identifiers in order but those that are marked as wrong; ``kind`` is the attribute that names what they are."""
    ids: list[Identifier] = []
    for element in elements:
        if (text := text_of(element)) and attribute_of(element, "ValidYN") != "N":
            ids.append({"kind": (attribute_of(element, kind) or "").lower(), "value": text})
    return ids


def article_ids(
    data: etree._Element | None, located: Iterable[etree._Element], others: Iterable[etree._Element]
) -> list[Identifier]:
    """The record's own identifiers, each once. Those of its references stand deeper and are not meant.

    Args:
        data: ``ArticleIdList`` of the record's ``PubmedData``.
        located: ``ELocationID`` elements: the publisher's identifiers.
        others: ``OtherID`` elements: those of libraries that gave the citation.
    """
    ids = [] if data is None else identifiers(data, "IdType")
    ids += identifiers(located, "EIdType")
    for other in others:
        if text := text_of(other):
            owner = attribute_of(other, "Source") or "other"
            kind = "pmc" if owner == "NLM" and text.upper().startswith("PMC") else owner.lower()
            ids.append({"kind": kind, "value": text.partition(" ")[0] if kind == "pmc" else text})
    return list({(each["kind"], each["value"]): each for each in ids}.values()) if len(ids) > 1 else ids


def identified(ids: Iterable[Identifier]) -> tuple[str | None, str | None, str | None]:
    """The first valid DOI, PMCID and arXiv identifier."""
    doi = pmcid = arxiv_id = None
    for each in ids:
        kind, value = each["kind"], each["value"]
        if kind == "doi":
            doi = doi or normalise_doi(value)
        elif kind == "pmc":
            pmcid = pmcid or normalise_pmcid(value.partition(" ")[0])  # "PMC123 [Available on 01/01/20]"
        # A bare number among the publisher's identifiers could look like arXiv's: there it must say so itself.
        elif kind == "pii" and value[:6].lower() == "arxiv:" and (found := normalise_arxiv(value)):
            arxiv_id = arxiv_id or found.id
    if arxiv_id is None and doi and "arxiv" in doi and (found := normalise_arxiv(doi)):
        arxiv_id = found.id
    return doi, pmcid, arxiv_id


def corrections(listed: etree._Element | None) -> list[Correction]:
    """Comments, corrections, retractions and the like, in both directions."""
    told: list[Correction] = []
    for element in () if listed is None else listed:
        citation = pmid = note = None
        for part in element:
            if part.tag == "RefSource":
                citation = text_of(part)
            elif part.tag == "PMID":
                pmid = normalise_pmid(text_of(part))
            elif part.tag == "Note":
                note = text_of(part)
        if citation or pmid or note:
            told.append(
                {"kind": attribute_of(element, "RefType") or "", "citation": citation, "pmid": pmid, "note": note}
            )
    return told


def is_retracted(told: Iterable[Correction]) -> bool:
    """Whether a record's corrections name the notice that retracts it."""
    return any(each["kind"] in RETRACTING for each in told)


def references(lists: Iterable[etree._Element]) -> list[Reference]:
    """Cited works in order, also where lists stand in lists."""
    cited: list[Reference] = []
    for listed in lists:
        for element in listed.iter("Reference"):
            parts = children_by_name(element)
            citation = text_of(parts.get("Citation"))
            ids = identifiers(parts["ArticleIdList"], "IdType") if "ArticleIdList" in parts else []
            if citation or ids:
                cited.append({"citation": citation, "identifiers": ids})
    return cited


def grants(listed: etree._Element | None) -> list[Grant]:
    """Grants in order."""
    given = map(texts_by_name, () if listed is None else listed)
    return [
        {
            "id": grant.get("GrantID"),
            "acronym": grant.get("Acronym"),
            "agency": grant.get("Agency"),
            "country": grant.get("Country"),
        }
        for grant in given
        if any(grant.values())
    ]


def data_banks(listed: etree._Element | None) -> list[DataBank]:
    """Accession numbers by their bank."""
    banks: list[DataBank] = []
    for element in () if listed is None else listed:
        name = text_of(element.find("DataBankName"))
        accessions = [text for each in element.iter("AccessionNumber") if (text := text_of(each))]
        if name:
            banks.append({"name": name, "accessions": accessions})
    return banks
