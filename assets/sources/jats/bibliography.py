"""What an article's front and back matter say beyond the canonical columns, as a `Bibliography`.

What does not belong here: the canonical columns (`assets.sources.jats.metadata`), people, dates, the licence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from lxml import etree

from assets.sources.bibliography import Bibliography, Correction, Grant, Identifier, Reference
from assets.sources.identifiers import normalise_doi, normalise_pmid
from assets.sources.jats.text import href, text
from assets.sources.xml_text import unique

#: JATS's ``related-article-type``, and the RefType by which PubMed names the same relation. ``retracted-article`` and
#: its like stand in the notice, ``retraction-forward`` and its like in the article that the notice is about. Types that
#: are used both ways (``retraction``, ``correction``) stay as they are.
CORRECTION_KINDS = {
    "corrected-article": "ErratumFor",
    "correction-forward": "ErratumIn",
    "retracted-article": "RetractionOf",
    "retraction-forward": "RetractionIn",
    "object-of-concern": "ExpressionOfConcernFor",
    "concern-forward": "ExpressionOfConcernIn",
    "expression-of-concern": "ExpressionOfConcernIn",
    "updated-article": "UpdateOf",
    "republished-article": "RepublishedFrom",
    "republication": "RepublishedIn",
    "commentary-article": "CommentOn",
    "commentary": "CommentIn",
}

_COI = frozenset({"conflict", "coi-statement", "competing-interests", "competing-interest", "conflict-of-interest"})
_CITATIONS = ("mixed-citation", "element-citation", "nlm-citation", "citation", "product")
_LABEL = frozenset({"label"})


def read_bibliography(article: etree._Element, meta: etree._Element) -> Bibliography:
    """Everything that the article's own metadata say; keys of which it says nothing are left out."""
    journal = article.find("front/journal-meta")
    said = Bibliography(
        **_journal(journal),
        volume=text(meta.find("volume")),
        issue=text(meta.find("issue")),
        pages=_pages(meta),
        article_ids=_identifiers(meta.iterchildren("article-id")),
        grants=_grants(meta),
        references=_references(article),
        coi_statement=_coi(article, meta),
        corrections=_corrections(article),
    )
    return cast(Bibliography, {key: value for key, value in said.items() if value})


def _journal(journal: etree._Element | None) -> Bibliography:
    if journal is None:
        return Bibliography()
    ids = {kind.get("journal-id-type", ""): text(kind) for kind in journal.iterchildren("journal-id")}
    issns = [(element, text(element)) for element in journal.iterchildren("issn")]
    first, issn = next(((element, number) for element, number in issns if number), (None, None))
    return Bibliography(
        journal_abbreviation=ids.get("iso-abbrev")
        or text(journal.find(".//abbrev-journal-title"))
        or ids.get("nlm-ta"),
        issn=issn,
        issn_kind=None if first is None else _issn_kind(first),
        issn_linking=text(journal.find("issn-l")),
        nlm_id=ids.get("nlm-journal-id"),
    )


def _issn_kind(issn: etree._Element) -> str | None:
    kind = issn.get("pub-type") or issn.get("publication-format") or ""
    if kind in ("epub", "electronic", "online"):
        return "Electronic"
    return "Print" if kind in ("ppub", "print") else None


def _pages(meta: etree._Element) -> str | None:
    if stated := text(meta.find("page-range")):
        return stated
    first, last = text(meta.find("fpage")), text(meta.find("lpage"))
    if first:
        return f"{first}-{last}" if last and last != first else first
    return text(meta.find("elocation-id"))


def _identifiers(elements: Iterator[etree._Element]) -> list[Identifier]:
    pairs = [((element.get("pub-id-type") or "other").strip().lower(), text(element)) for element in elements]
    return [Identifier(kind=kind, value=value) for kind, value in dict.fromkeys(pairs) if value]


def _grants(meta: etree._Element) -> list[Grant]:
    rows: list[Grant] = []
    for award in meta.iter("award-group"):
        agencies = unique(_agency(source) for source in award.iterchildren("funding-source"))
        source = award.find("funding-source")
        country = None if source is None else source.get("country")
        numbers: list[str | None] = list(unique(text(number) for number in award.iterchildren("award-id")))
        if agencies or numbers:
            agency = "; ".join(agencies) or None
            rows += [Grant(id=number, acronym=None, agency=agency, country=country) for number in numbers or [None]]
    sponsors = unique(text(sponsor) for sponsor in meta.iterchildren("contract-sponsor"))
    for number in unique(text(number) for number in meta.iterchildren("contract-num")):
        rows.append(Grant(id=number, acronym=None, agency="; ".join(sponsors) or None, country=None))
    return rows


def _agency(source: etree._Element) -> str | None:
    return text(source.find(".//institution")) or text(source, frozenset({"institution-id", "named-content"}))


def related_articles(article: etree._Element) -> list[etree._Element]:
    """What the article itself points to; its peer review has relations of its own."""
    return [element for part in ("front", "body", "back") for element in article.iterfind(f"{part}//related-article")]


def _corrections(article: etree._Element) -> list[Correction]:
    rows: dict[tuple[str, str | None, str | None], Correction] = {}
    for element in related_articles(article):
        kind = (element.get("related-article-type") or "related").strip()
        link, id_kind = href(element), (element.get("ext-link-type") or "").lower()
        doi = normalise_doi(link) if id_kind in ("doi", "uri", "") else None
        pmid = normalise_pmid(link) if id_kind in ("pubmed", "pmid") else None
        citation = text(element) or (f"doi:{doi}" if doi else link)
        row = Correction(kind=CORRECTION_KINDS.get(kind, kind), citation=citation, pmid=pmid, note=None)
        rows[row["kind"], citation, pmid] = row
    return list(rows.values())


def _coi(article: etree._Element, meta: etree._Element) -> str | None:
    """Statements on conflicts of interest, wherever the article keeps them; those of its peer review are not meant."""
    places = [meta.find("author-notes"), article.find("back")]
    found = []
    for place in places:
        for element in () if place is None else place.iter("fn", "notes", "sec"):
            kind = element.get("fn-type") or element.get("notes-type") or element.get("sec-type") or ""
            if kind.strip().lower() in _COI:
                # A footnote's text stands in it; as an aside of nothing it is read like any element.
                found.append(text(element, frozenset({"label", "title"})))
    return " ".join(unique(found)) or None


def _references(article: etree._Element) -> list[Reference]:
    rows: list[Reference] = []
    for listed in article.iterfind("back//ref-list"):
        for ref in listed.iterchildren("ref"):
            for citation in ref.iter(*_CITATIONS):
                if not any(inner.tag in _CITATIONS for inner in citation.iterancestors() if inner is not ref):
                    rows.append(_reference(citation))
    return [row for row in rows if row["citation"] or row["identifiers"]]


def _reference(citation: etree._Element) -> Reference:
    identifiers = _identifiers(citation.iter("pub-id"))
    if not any(row["kind"] == "doi" for row in identifiers):
        linked = (normalise_doi(said) for link in citation.iter("ext-link", "uri") for said in (href(link), text(link)))
        identifiers += [Identifier(kind="doi", value=doi) for doi in unique(linked)[:1]]
    if citation.tag in ("mixed-citation", "citation") and (citation.text or "").strip(" \n\t[("):
        return Reference(citation=text(citation, _LABEL), identifiers=identifiers)
    if any((child.tail or "").strip() for child in citation):
        return Reference(citation=text(citation, _LABEL), identifiers=identifiers)
    return Reference(citation=_assembled(citation), identifiers=identifiers)


def _assembled(citation: etree._Element) -> str | None:
    """The parts of a citation that comes without punctuation, in order: "Family G, Other A. Title. Journal. 2020"."""
    parts: list[str] = []
    names: list[str] = []
    for child in citation:
        if child.tag in ("person-group", "name", "collab"):
            names += _names(child) if child.get("person-group-type", "author") in ("author", "inventor") else []
        elif child.tag not in ("label", "pub-id", "object-id") and (told := text(child)):
            parts.append(f"{parts.pop()}-{told}" if child.tag == "lpage" and parts else told)
    whole = [", ".join(unique(names)), *parts]
    told = " ".join(part if part[-1] in ".?!" else f"{part}." for part in whole if part)
    return told.removesuffix(".") or None


def _names(element: etree._Element) -> list[str]:
    if element.tag == "person-group":
        return [name for child in element for name in _names(child)]
    if element.tag != "name":
        return unique([text(element)])
    return unique([" ".join(filter(None, (text(element.find("surname")), text(element.find("given-names")))))])
