"""Authors, editors and investigators of PubMed XML, with every affiliation.

What does not belong here: which list of names stands for a record (`assets.sources.pubmed.records`, `….books`).
"""

from __future__ import annotations

from lxml import etree

from assets.sources.base import Author
from assets.sources.bibliography import AuthorDetail
from assets.sources.identifiers import normalise_orcid
from assets.sources.xml_text import attribute_of, text_of


def read_people(listed: etree._Element | None, shared_affiliation: str | None = None) -> list[AuthorDetail]:
    """The people and groups of an ``AuthorList`` or ``InvestigatorList`` in order.

    Args:
        listed: The list.
        shared_affiliation: That of the article: before 2014, where the first author's stood.
    """
    people: list[AuthorDetail] = []
    for element in () if listed is None else listed:
        someone = _person(element)
        if someone is None or attribute_of(element, "ValidYN") == "N":  # N: a misprint, the corrected name follows
            continue
        if shared_affiliation and not people and not someone["affiliations"]:
            someone["affiliations"] = [shared_affiliation]
        people.append(someone)
    return people


def author_of(someone: AuthorDetail) -> Author:
    """The same person as a column of the record."""
    affiliations = someone["affiliations"]
    return Author(name_of(someone), someone["orcid"], affiliations[0] if affiliations else None)


def name_of(someone: AuthorDetail) -> str:
    """As other sources print it: given names first."""
    given = someone["given"] or someone["initials"]
    if given and someone["family"] and not someone["suffix"]:
        return f"{given} {someone['family']}"
    return " ".join(filter(None, (given, someone["family"], someone["suffix"]))) or someone["collective"] or ""


def _person(element: etree._Element) -> AuthorDetail | None:
    family = given = initials = suffix = collective = orcid = None
    affiliations: list[str] = []
    for part in element:
        name = part.tag
        if name == "LastName":
            family = text_of(part)
        elif name == "ForeName" or name == "FirstName":  # FirstName: before 2002
            given = given or text_of(part)
        elif name == "Initials":
            initials = text_of(part)
        elif name == "AffiliationInfo":
            affiliations += filter(None, map(text_of, part.iterchildren("Affiliation")))
        elif name == "Affiliation":  # before 2015
            affiliations += filter(None, (text_of(part),))
        elif name == "Identifier" and attribute_of(part, "Source") == "ORCID":
            orcid = orcid or normalise_orcid(text_of(part))
        elif name == "Suffix":
            suffix = text_of(part)
        elif name == "CollectiveName":
            collective = text_of(part)
    if not (family or given or initials or suffix or collective):
        return None
    return {
        "family": family,
        "given": given,
        "initials": initials,
        "suffix": suffix,
        "collective": collective,
        "orcid": orcid,
        "affiliations": affiliations,
    }
