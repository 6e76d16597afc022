"""Book records of PubMed XML: books and chapters of NCBI's Bookshelf, as a `Record`."""

from __future__ import annotations

from lxml import etree

from assets.sources.base import Record
from assets.sources.bibliography import AuthorDetail, Bibliography, Book
from assets.sources.faults import Unlistable
from assets.sources.identifiers import normalise_pmid
from assets.sources.languages import language_code
from assets.sources.pubmed import abstracts, events, people, relations
from assets.sources.pubmed.records import pages_of, pubmed_url, status_of, title_of, version_of
from assets.sources.xml_text import children_by_name, markup_of, text_of, texts_by_name, texts_of, unique


def read_book(element: etree._Element, index: int) -> Record:
    """The listing that a ``PubmedBookArticle`` makes: a book, or a chapter of one, whose book stands as its journal.

    Raises:
        Unlistable: Neither a PMID nor a bookshelf accession, or no title.
    """
    parts = children_by_name(element)
    if "BookDocument" not in parts:
        raise Unlistable("missing_pmid", "the record has no BookDocument, hence no PMID")
    document = parts["BookDocument"]
    said = children_by_name(document)
    data = children_by_name(parts["PubmedBookData"]) if "PubmedBookData" in parts else {}
    of_book = children_by_name(said["Book"]) if "Book" in said else {}
    ids = relations.identifiers(said.get("ArticleIdList", ()), "IdType")
    accession = next((each["value"] for each in ids if each["kind"] == "bookaccession"), None)
    pmid = normalise_pmid(text_of(said.get("PMID")))
    if pmid is None and accession is None:
        raise Unlistable("missing_pmid", "the record has neither a PMID nor a bookshelf accession")
    book_title = text_of(of_book.get("BookTitle"))
    title = title_of(said) or book_title
    if title is None:
        raise Unlistable("missing_title", f"book record {pmid or accession} has no title")
    doi, pmcid, arxiv_id = relations.identified(ids)
    version = version_of(said.get("PMID"))
    sections, categories = abstracts.read_sections(said.get("Abstract"))
    authors, editors = _people(document)
    languages = unique(map(text_of, document.iterchildren("Language")))
    found = [
        events.dated("issue", of_book.get("PubDate")),
        events.dated("contribution", said.get("ContributionDate")),
        events.dated("revised", said.get("DateRevised")),
        *events.history(data.get("History")),
    ]
    bibliography = Bibliography(
        title_markup=markup_of(said.get("ArticleTitle" if "ArticleTitle" in said else "BookTitle")),
        vernacular_title=text_of(said.get("VernacularTitle")),
        volume=text_of(of_book.get("Volume")),
        pages=pages_of(said.get("Pagination")),
        languages=languages,
        article_ids=ids
        + [each for each in relations.identifiers(data.get("ArticleIdList", ()), "IdType") if each not in ids],
        dates=[each for each in found if each],
        author_details=authors,
        investigators=people.read_people(said.get("InvestigatorList")),
        grants=relations.grants(said.get("GrantList")),
        references=relations.references(document.iterchildren("ReferenceList")),
        publication_status=text_of(data.get("PublicationStatus")),
        book=_book(said.get("Book"), of_book, accession, editors),
    )
    if "Abstract" in said:
        bibliography["abstract_copyright"] = text_of(said["Abstract"].find("CopyrightInformation"))
    if any(categories):
        bibliography["abstract_categories"] = categories
    return Record(
        record_index=index,
        title=title,
        source_id=pmid or accession,
        version=version,
        status=status_of(title, version),
        abstract=abstracts.joined(sections),
        abstract_sections=abstracts.structured(sections),
        authors=[people.author_of(someone) for someone in authors],
        journal=book_title if book_title != title else None,
        published_on=events.day_of(said.get("ContributionDate")) or events.day_of(of_book.get("PubDate")),
        language=language_code(languages[0]) if languages else None,
        doi=doi,
        pmid=pmid,
        pmcid=pmcid,
        arxiv_id=arxiv_id,
        publication_types=unique(map(text_of, document.iterchildren("PublicationType"))),
        keywords=texts_of(document, "Keyword"),
        url=pubmed_url(pmid) if pmid else f"https://www.ncbi.nlm.nih.gov/books/{accession}/",
        bibliography=bibliography,
    )


def _people(document: etree._Element) -> tuple[list[AuthorDetail], list[str]]:
    """The authors of the chapter, else those of the book, else its editors; and the names of the editors."""
    lists = [*document.iterfind("AuthorList"), *document.iterfind("Book/AuthorList")]
    authors = next((names for names in lists if names.get("Type") != "editors"), lists[0] if lists else None)
    editors = [
        people.name_of(someone)
        for names in lists
        if names.get("Type") == "editors"
        for someone in people.read_people(names)
    ]
    return people.read_people(authors), editors


def _book(
    element: etree._Element | None, parts: dict[str, etree._Element], accession: str | None, editors: list[str]
) -> Book | None:
    if element is None:
        return None
    publisher = texts_by_name(parts.get("Publisher"))
    return {
        "title": text_of(parts.get("BookTitle")),
        "accession": accession,
        "publisher": publisher.get("PublisherName"),
        "place": publisher.get("PublisherLocation"),
        "edition": text_of(parts.get("Edition")),
        "isbns": unique(map(text_of, element.iterchildren("Isbn"))),
        "editors": editors,
    }
