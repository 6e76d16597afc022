"""What one element of PubMed XML says, as a `Record`. Knows elements, not streams and not damage.

Written after the DTDs of 2002 to 2025; fields that NLM has moved are looked for in both places. What does not belong
here: cutting a file into records (`assets.sources.pubmed.split`), cleaning of text (`assets.listings.text`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from lxml import etree

from assets.sources.base import Author, Record, Section, Status
from assets.sources.dates import parse_issue_date
from assets.sources.faults import Unlistable
from assets.sources.identifiers import (
    normalise_arxiv,
    normalise_doi,
    normalise_orcid,
    normalise_pmcid,
    normalise_pmid,
)
from assets.sources.languages import language_code
from assets.sources.xml_text import children_by_name, text_of, texts_of, unique

#: What NLM prints where an article has no English title, and where an abstract stands elsewhere.
_NO_TITLE = "[Not Available]."
_NO_ABSTRACT = "Abstract available from the publisher."

_Ids = dict[str, list[str]]


def read_deletion(pmid: etree._Element, index: int) -> Record:
    """The listing of a PMID that PubMed has deleted."""
    number = _pmid(pmid)
    return Record(
        record_index=index,
        title=None,
        status="deleted",
        source_id=number,
        pmid=number,
        version=_version(pmid),
        url=_pubmed_url(number),
    )


def read_article(element: etree._Element, index: int) -> Record:
    """The listing that a ``PubmedArticle`` or a bare ``MedlineCitation`` makes.

    Raises:
        Unlistable: No PMID, or no title in any language.
    """
    citation = element if element.tag == "MedlineCitation" else element.find("MedlineCitation")
    cited = {} if citation is None else children_by_name(citation)
    pmid = _pmid(cited.get("PMID"))
    assert citation is not None  # it held the PMID
    article = children_by_name(cited["Article"]) if "Article" in cited else {}
    title = _title(article, "ArticleTitle")
    if title is None:
        raise Unlistable("missing_title", f"PMID {pmid} has no title, in English or in its own language")
    doi, pmcid, arxiv_id = _identified(_article_ids(element, citation, cited["Article"]))
    version = _version(cited.get("PMID"))
    sections = _sections(article.get("Abstract")) or _other_abstract(citation)
    return Record(
        record_index=index,
        title=title,
        source_id=pmid,
        version=version,
        status=_status(title, version),
        abstract=_joined(sections),
        abstract_sections=_structured(sections),
        authors=_authors(article.get("AuthorList"), text_of(article.get("Affiliation"))),
        journal=_journal(article.get("Journal")) or text_of(citation.find("MedlineJournalInfo/MedlineTA")),
        published_on=_published(cited["Article"], article.get("Journal")),
        language=language_code(text_of(article.get("Language"))),
        doi=doi,
        pmid=pmid,
        pmcid=pmcid,
        arxiv_id=arxiv_id,
        publication_types=texts_of(article.get("PublicationTypeList"), "PublicationType"),
        mesh=texts_of(cited.get("MeshHeadingList"), "DescriptorName"),
        keywords=texts_of(citation, "Keyword"),
        url=_pubmed_url(pmid),
    )


def read_book(element: etree._Element, index: int) -> Record:
    """The listing that a ``PubmedBookArticle`` makes: a book, or a chapter of one, whose book stands as its journal.

    Raises:
        Unlistable: Neither a PMID nor a bookshelf accession, or no title.
    """
    document = element.find("BookDocument")
    if document is None:
        raise Unlistable("missing_pmid", "the record has no BookDocument, hence no PMID")
    said = children_by_name(document)
    book = children_by_name(said["Book"]) if "Book" in said else {}
    ids = _ids(said.get("ArticleIdList", ()), "IdType")
    accession = next(iter(ids.get("bookaccession", ())), None)
    pmid = normalise_pmid(text_of(said.get("PMID")))
    if pmid is None and accession is None:
        raise Unlistable("missing_pmid", "the record has neither a PMID nor a bookshelf accession")
    book_title = text_of(book.get("BookTitle"))
    title = _title(said, "ArticleTitle") or book_title
    if title is None:
        raise Unlistable("missing_title", f"book record {pmid or accession} has no title")
    doi, pmcid, arxiv_id = _identified(ids)
    version = _version(said.get("PMID"))
    sections = _sections(said.get("Abstract"))
    return Record(
        record_index=index,
        title=title,
        source_id=pmid or accession,
        version=version,
        status=_status(title, version),
        abstract=_joined(sections),
        abstract_sections=_structured(sections),
        authors=_authors(_book_author_list(document)),
        journal=book_title if book_title != title else None,
        published_on=_date(said.get("ContributionDate")) or _date(book.get("PubDate")),
        language=language_code(text_of(said.get("Language"))),
        doi=doi,
        pmid=pmid,
        pmcid=pmcid,
        arxiv_id=arxiv_id,
        publication_types=unique(map(text_of, document.iterchildren("PublicationType"))),
        keywords=texts_of(document, "Keyword"),
        url=_pubmed_url(pmid) if pmid else f"https://www.ncbi.nlm.nih.gov/books/{accession}/",
    )


# -- titles ------------------------------------------------------------------------------------------------------------


def _title(siblings: dict[str, etree._Element], name: str) -> str | None:
    title = text_of(siblings.get(name))
    return title if title and title != _NO_TITLE else text_of(siblings.get("VernacularTitle")) or title


def _journal(journal: etree._Element | None) -> str | None:
    named = {} if journal is None else children_by_name(journal)
    return text_of(named.get("Title")) or text_of(named.get("ISOAbbreviation"))


def _status(title: str, version: str | None) -> Status:
    if title.lstrip("[ ").startswith("WITHDRAWN"):
        return "withdrawn"
    return "revised" if version is not None and version.isdecimal() and int(version[:9]) > 1 else "new"


# -- abstracts ---------------------------------------------------------------------------------------------------------


def _sections(abstract: etree._Element | None) -> list[Section]:
    parts = () if abstract is None else abstract.iterchildren("AbstractText")
    return [Section(_label(part), text) for part in parts if (text := text_of(part))]


def _label(part: etree._Element) -> str | None:
    for name in ("Label", "NlmCategory"):
        label = (part.get(name) or "").strip()
        if label and label.upper() not in ("UNLABELLED", "UNASSIGNED"):
            return label
    return None


def _other_abstract(citation: etree._Element) -> list[Section]:
    """An English abstract that another collection gives, else the first in any language."""
    others = [(other.get("Language"), _sections(other)) for other in citation.iterchildren("OtherAbstract")]
    usable = [(language, parts) for language, parts in others if parts and parts[0].text != _NO_ABSTRACT]
    english = [parts for language, parts in usable if language_code(language) == "en"]
    return english[0] if english else usable[0][1] if usable else []


def _joined(sections: list[Section]) -> str | None:
    return "\n\n".join(f"{part.label}: {part.text}" if part.label else part.text for part in sections) or None


def _structured(sections: list[Section]) -> list[Section]:
    """The sections of an abstract that has any: a single unlabelled text has no structure to tell."""
    return sections if len(sections) > 1 or any(part.label for part in sections) else []


# -- people ------------------------------------------------------------------------------------------------------------


def _authors(listed: etree._Element | None, shared_affiliation: str | None = None) -> list[Author]:
    """Authors in order. Before 2014 the first author's affiliation stood with the article: ``shared_affiliation``."""
    authors: list[Author] = []
    for element in () if listed is None else listed.iterchildren("Author"):
        parts = children_by_name(element)
        name = _name(parts)
        if name is None or element.get("ValidYN") == "N":  # N: a misprint, the corrected name follows
            continue
        affiliation = None
        if "AffiliationInfo" in parts:
            affiliation = text_of(children_by_name(parts["AffiliationInfo"]).get("Affiliation"))
        affiliation = affiliation or text_of(parts.get("Affiliation"))
        if not authors:
            affiliation = affiliation or shared_affiliation
        authors.append(Author(name, _orcid(element) if "Identifier" in parts else None, affiliation))
    return authors


def _name(parts: dict[str, etree._Element]) -> str | None:
    given = text_of(parts.get("ForeName")) or text_of(parts.get("FirstName")) or text_of(parts.get("Initials"))
    names = (given, text_of(parts.get("LastName")), text_of(parts.get("Suffix")))
    return " ".join(filter(None, names)) or text_of(parts.get("CollectiveName"))


def _orcid(author: etree._Element) -> str | None:
    for identifier in author.iterchildren("Identifier"):
        if identifier.get("Source") == "ORCID" and (orcid := normalise_orcid(text_of(identifier))):
            return orcid
    return None


def _book_author_list(document: etree._Element) -> etree._Element | None:
    """The authors of the chapter, else those of the book, else its editors."""
    lists = [*document.iterfind("AuthorList"), *document.iterfind("Book/AuthorList")]
    return next((names for names in lists if names.get("Type") != "editors"), lists[0] if lists else None)


# -- dates -------------------------------------------------------------------------------------------------------------


def _published(article: etree._Element, journal: etree._Element | None) -> date | None:
    for day in article.iterchildren("ArticleDate"):
        if day.get("DateType", "Electronic") == "Electronic" and (electronic := _date(day)):
            return electronic
    return None if journal is None else _date(journal.find("JournalIssue/PubDate"))


def _date(element: etree._Element | None) -> date | None:
    """First day of what a date element names, whichever of its forms it has."""
    if element is None:
        return None
    parts = children_by_name(element)
    named = (text_of(parts.get(name)) for name in ("MedlineDate", "Year", "Season", "Month", "Day"))
    return parse_issue_date(" ".join(filter(None, named)))


# -- identifiers -------------------------------------------------------------------------------------------------------


def _pmid(element: etree._Element | None) -> str:
    text = text_of(element)
    pmid = normalise_pmid(text)
    if pmid is None:
        raise Unlistable("missing_pmid", f"PMID {text!r} is no number" if text else "the record has no PMID")
    return pmid


def _version(pmid: etree._Element | None) -> str | None:
    return None if pmid is None else (pmid.get("Version") or "").strip() or None


def _pubmed_url(pmid: str) -> str:
    return f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"


def _ids(elements: Iterable[etree._Element], kind: str) -> _Ids:
    ids: _Ids = {}
    for element in elements:
        if element.get("ValidYN") != "N" and (text := text_of(element)):
            ids.setdefault(element.get(kind, "").lower(), []).append(text)
    return ids


def _article_ids(element: etree._Element, citation: etree._Element, article: etree._Element) -> _Ids:
    """The record's own identifiers. Those of its references stand deeper and are not meant."""
    listed = element.find("PubmedData/ArticleIdList")
    ids = {} if listed is None else _ids(listed, "IdType")
    for kind, texts in _ids(article.iterchildren("ELocationID"), "EIdType").items():
        ids.setdefault(kind, []).extend(texts)
    for other in citation.iterchildren("OtherID"):
        if other.get("Source") == "NLM" and (text := text_of(other)) and text.upper().startswith("PMC"):
            ids.setdefault("pmc", []).append(text.partition(" ")[0])  # "PMC123 [Available on 01/01/20]"
    return ids


def _identified(ids: _Ids) -> tuple[str | None, str | None, str | None]:
    """The first valid DOI, PMCID and arXiv identifier."""
    dois = [doi for text in ids.get("doi", ()) if (doi := normalise_doi(text))]
    pmcids = [pmcid for text in ids.get("pmc", ()) if (pmcid := normalise_pmcid(text))]
    # A bare number among the publisher's item identifiers could look like arXiv's: there it must say so itself.
    named = [text for text in ids.get("pii", ()) if text.lower().startswith("arxiv:")]
    arxiv = [found.id for text in (*named, *dois) if (found := normalise_arxiv(text))]
    return next(iter(dois), None), next(iter(pmcids), None), next(iter(arxiv), None)
