"""What one element of PubMed XML says, as a `Record`. Knows elements, not streams and not damage.

Written after the DTDs of 2002 to 2026; fields that NLM has moved are looked for in both places. What does not belong
here: cutting a file into records (`assets.sources.pubmed.split`), book records (`assets.sources.pubmed.books`),
cleaning of text (`assets.listings.text`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from lxml import etree

from assets.sources.base import Record, Status
from assets.sources.bibliography import Bibliography, Correction, Dated, MeshHeading
from assets.sources.faults import Unlistable
from assets.sources.identifiers import normalise_pmid
from assets.sources.languages import language_code
from assets.sources.pubmed import abstracts, events, indexing, people, relations
from assets.sources.xml_text import (
    attribute_of,
    children_by_name,
    children_of_name,
    markup_of,
    text_of,
    texts_by_name,
    texts_of,
    unique,
)

#: What NLM prints where an article has no English title.
NO_TITLE = "[Not Available]."

_Elements = dict[str, etree._Element]


def read_deletion(pmid: etree._Element, index: int) -> Record:
    """The listing of a PMID that PubMed has deleted."""
    number = pmid_of(pmid)
    return Record(
        record_index=index,
        title=None,
        status="deleted",
        source_id=number,
        pmid=number,
        version=version_of(pmid),
        url=pubmed_url(number),
    )


def read_article(element: etree._Element, index: int) -> Record:
    """The listing that a ``PubmedArticle`` or a bare ``MedlineCitation`` makes.

    Raises:
        Unlistable: No PMID, or no title in any language.
    """
    parts = children_by_name(element)
    citation = element if element.tag == "MedlineCitation" else parts.get("MedlineCitation")
    cited = {} if citation is None else children_by_name(citation)
    pmid = pmid_of(cited.get("PMID"))
    assert citation is not None  # it held the PMID
    all_of_article = children_of_name(cited["Article"]) if "Article" in cited else {}
    article = {name: children[0] for name, children in all_of_article.items()}
    title = title_of(article)
    if title is None:
        raise Unlistable("missing_title", f"PMID {pmid} has no title, in English or in its own language")
    data = children_by_name(parts["PubmedData"]) if "PubmedData" in parts else {}
    journal = _Journal(article.get("Journal"), cited.get("MedlineJournalInfo"))
    others = citation.iterchildren("OtherID") if "OtherID" in cited else ()
    ids = relations.article_ids(data.get("ArticleIdList"), all_of_article.get("ELocationID", ()), others)
    doi, pmcid, arxiv_id = relations.identified(ids)
    authors = people.read_people(article.get("AuthorList"), text_of(article.get("Affiliation")))
    headings = indexing.mesh_headings(cited.get("MeshHeadingList"))
    corrections = relations.corrections(cited.get("CommentsCorrectionsList"))
    published, dates = _dates(journal.issued, all_of_article.get("ArticleDate", ()), cited, data.get("History"))
    sections, categories = abstracts.read_sections(article.get("Abstract"))
    if not sections and "OtherAbstract" in cited:
        sections = abstracts.stand_in(citation)
    languages = unique(map(text_of, all_of_article.get("Language", ())))
    version = version_of(cited["PMID"])
    bibliography: Bibliography = {
        "title_markup": markup_of(article.get("ArticleTitle")),
        "vernacular_title": text_of(article.get("VernacularTitle")),
        "journal_abbreviation": journal.abbreviation,
        "issn": journal.issn,
        "issn_kind": journal.issn_kind,
        "issn_linking": journal.issn_linking,
        "nlm_id": journal.nlm_id,
        "volume": journal.volume,
        "issue": journal.issue,
        "pages": pages_of(article.get("Pagination")),
        "country": journal.country,
        "languages": languages,
        "article_ids": ids,
        "dates": dates,
        "author_details": authors,
        "mesh_headings": headings,
        "corrections": corrections,
        "chemicals": indexing.chemicals(cited.get("ChemicalList")),
        "medline_status": attribute_of(citation, "Status"),
        "indexing_method": attribute_of(citation, "IndexingMethod"),
        "publication_status": text_of(data.get("PublicationStatus")),
    }
    if any(categories):
        bibliography["abstract_categories"] = categories
    _add_rarer(bibliography, citation, cited, article, data, parts.get("PubmedData"))
    return Record(
        record_index=index,
        title=title,
        source_id=pmid,
        version=version,
        status=status_of(title, version),
        abstract=abstracts.joined(sections),
        abstract_sections=abstracts.structured(sections),
        authors=[people.author_of(someone) for someone in authors],
        journal=journal.title or journal.abbreviation,
        published_on=published,
        language=language_code(languages[0]) if languages else None,
        doi=doi,
        pmid=pmid,
        pmcid=pmcid,
        arxiv_id=arxiv_id,
        publication_types=_publication_types(article.get("PublicationTypeList"), corrections),
        mesh=_descriptors(headings),
        keywords=texts_of(citation, "Keyword") if "KeywordList" in cited else [],
        url=pubmed_url(pmid),
        bibliography=bibliography,
    )


def _add_rarer(
    bibliography: Bibliography,
    citation: etree._Element,
    cited: _Elements,
    article: _Elements,
    data: _Elements,
    pubmed_data: etree._Element | None,
) -> None:
    """What most records do not have: looked for only where its list is there."""
    if "Abstract" in article:
        bibliography["abstract_copyright"] = text_of(article["Abstract"].find("CopyrightInformation"))
    if "OtherAbstract" in cited:
        bibliography["other_abstracts"] = abstracts.read_other_abstracts(citation)
    if "InvestigatorList" in cited:
        bibliography["investigators"] = people.read_people(cited["InvestigatorList"])
    if "SupplMeshList" in cited:
        bibliography["supplementary_concepts"] = indexing.supplementary_concepts(cited["SupplMeshList"])
    if "GrantList" in article:
        bibliography["grants"] = relations.grants(article["GrantList"])
    if "DataBankList" in article:
        bibliography["data_banks"] = relations.data_banks(article["DataBankList"])
    if "CoiStatement" in cited:
        bibliography["coi_statement"] = text_of(cited["CoiStatement"])
    if pubmed_data is not None and "ReferenceList" in data:
        bibliography["references"] = relations.references(pubmed_data.iterchildren("ReferenceList"))


class _Journal:
    """What a record says of its journal and of the issue."""

    __slots__ = ("abbreviation", "country", "issn", "issn_kind", "issn_linking", "issue", "issued", "nlm_id", "title",
                 "volume")  # fmt: skip

    def __init__(self, journal: etree._Element | None, info: etree._Element | None) -> None:
        of_journal = {} if journal is None else children_by_name(journal)
        issue = children_by_name(of_journal["JournalIssue"]) if "JournalIssue" in of_journal else {}
        in_catalogue = texts_by_name(info)
        issn = of_journal.get("ISSN")
        self.title = text_of(of_journal.get("Title"))
        self.abbreviation = text_of(of_journal.get("ISOAbbreviation")) or in_catalogue.get("MedlineTA")
        self.issn = text_of(issn)
        self.issn_kind = None if issn is None else attribute_of(issn, "IssnType")
        self.issn_linking = in_catalogue.get("ISSNLinking")
        self.nlm_id = in_catalogue.get("NlmUniqueID")
        self.country = in_catalogue.get("Country")
        self.volume = text_of(issue.get("Volume"))
        self.issue = text_of(issue.get("Issue"))
        self.issued = issue.get("PubDate")


# -- the parts of a record ---------------------------------------------------------------------------------------------


def title_of(siblings: _Elements) -> str | None:
    """The title, that in the article's own language where NLM has no English one."""
    title = text_of(siblings.get("ArticleTitle"))
    return title if title and title != NO_TITLE else text_of(siblings.get("VernacularTitle")) or title


def status_of(title: str, version: str | None) -> Status:
    """What NLM says of the listing by its title and version."""
    if "WITHDRAWN" in title and title.lstrip("[ ").startswith("WITHDRAWN"):
        return "withdrawn"
    return "revised" if version is not None and version.isdecimal() and int(version[:9]) > 1 else "new"


def pmid_of(element: etree._Element | None) -> str:
    """The record's number.

    Raises:
        Unlistable: It has none.
    """
    text = text_of(element)
    pmid = normalise_pmid(text)
    if pmid is None:
        raise Unlistable("missing_pmid", f"PMID {text!r} is no number" if text else "the record has no PMID")
    return pmid


def version_of(pmid: etree._Element | None) -> str | None:
    """The version that a PMID carries."""
    return None if pmid is None else attribute_of(pmid, "Version")


def pubmed_url(pmid: str) -> str:
    """The record's page."""
    return f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"


def pages_of(pagination: etree._Element | None) -> str | None:
    """Pages as MEDLINE abbreviates them (``12-5``), else first to last page."""
    said = texts_by_name(pagination)
    return said.get("MedlinePgn") or "-".join(filter(None, (said.get("StartPage"), said.get("EndPage")))) or None


def _dates(
    issued: etree._Element | None,
    published: Iterable[etree._Element],
    cited: _Elements,
    history: etree._Element | None,
) -> tuple[date | None, list[Dated]]:
    """The day of publication, electronic before printed, and every date of the record."""
    found = [events.dated("issue", issued)]
    for day in published:
        found.append(events.dated((attribute_of(day, "DateType") or "Electronic").lower(), day))
    for name, kind in events.CITATION_DATES:
        if name in cited:
            found.append(events.dated(kind, cited[name]))
    dates = [each for each in found if each] + events.history(history)
    electronic = next((each["on"] for each in dates if each["kind"] == "electronic" and each["on"]), None)
    return electronic or (found[0]["on"] if found[0] else None), dates


def _publication_types(listed: etree._Element | None, corrections: list[Correction]) -> list[str]:
    """As NLM assigns them. Its "Retracted Publication" may come later than the link to the notice of retraction."""
    types = [] if listed is None else unique(map(text_of, listed))
    if corrections and relations.RETRACTED not in types and relations.is_retracted(corrections):
        types.append(relations.RETRACTED)
    return types


def _descriptors(headings: list[MeshHeading]) -> list[str]:
    return list(dict.fromkeys([heading["descriptor"] for heading in headings]))
