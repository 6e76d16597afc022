"""What one ``record`` element of EndNote XML says, as a `Record`. Text stands in ``style`` runs, or without them.

What does not belong here: how a file is cut (`assets.sources.exports.endnote`), cleaning of text
(`assets.listings.text`).
"""

from __future__ import annotations

import re
from datetime import date

from lxml import etree

from assets.sources.base import RawObject, Record
from assets.sources.bibliography import Bibliography, Book, Dated, Identifier
from assets.sources.dates import parse_issue_date, publication_fault
from assets.sources.exports.citations import Identified, Person, citation_date, persons, said_status, without_empty
from assets.sources.faults import Unlistable
from assets.sources.identifiers import normalise_pmcid, normalise_pmid
from assets.sources.languages import language_code
from assets.sources.xml_text import text_of, unique

_DATABASES = re.compile(r"pubmed|medline|\bnlm\b|ncbi", re.IGNORECASE)
_IN_BOOKS = re.compile(r"book|proceeding|conference", re.IGNORECASE)
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_CUSTOM = tuple(f"custom{number}" for number in range(1, 9))


def read_record(element: etree._Element, index: int, raw: RawObject) -> Record:
    """The listing that one record makes.

    Raises:
        Unlistable: No title, or a publication date that cannot be.
    """
    title = _first(element, "titles/title") or _first(element, "titles/short-title")
    if title is None:
        raise Unlistable("missing_title", "the record has no title")
    dates = _dates(element)
    published = _published(element)
    if fault := publication_fault(published, raw):
        raise Unlistable("implausible_date", fault)
    known = _identified(element)
    people = persons(_all(element, "contributors/authors/author"), _all(element, "auth-address"))
    kind = _kind(element)
    return Record(
        record_index=index,
        title=title,
        source_id=known.source_id or _accession(element),
        version=known.version,
        status=said_status(title),
        abstract="\n\n".join(_paragraphs(element)) or None,
        authors=[someone.author() for someone in people],
        journal=_journal(element, title),
        published_on=published,
        language=language_code(_first(element, "language")),
        doi=known.doi,
        pmid=known.pmid,
        pmcid=known.pmcid,
        arxiv_id=known.arxiv_id,
        publication_types=unique((kind, *_all(element, "work-type"))),
        keywords=_keywords(element),
        url=next((link[0] for text in _urls(element) if (link := _LINK.search(text))), None),
        bibliography=without_empty(_bibliography(element, kind, title, people, known, dates)),
    )


def _all(element: etree._Element, path: str) -> list[str]:
    return unique(map(text_of, element.iterfind(path)))


def _first(element: etree._Element, path: str) -> str | None:
    return next(iter(_all(element, path)), None)


def _kind(element: etree._Element) -> str | None:
    kind = element.find("ref-type")
    return None if kind is None else (kind.get("name") or "").strip() or text_of(kind)


def _journal(element: etree._Element, title: str) -> str | None:
    paths = ("periodical/full-title", "titles/secondary-title", "alt-periodical/full-title", "periodical/abbr-1",
             "titles/alt-title")  # fmt: skip
    return next((name for path in paths for name in _all(element, path) if name != title), None)


def _paragraphs(element: etree._Element) -> list[str]:
    """Paragraphs of the abstract: EndNote ends them with carriage returns, written as line ends or as themselves."""
    texts = ("".join(str(part) for part in found.itertext()) for found in element.iterfind("abstract"))
    return unique(" ".join(part.split()) for text in texts for part in re.split(r"[\r\n]+", text))


def _keywords(element: etree._Element) -> list[str]:
    """Keywords; one element that holds several, one a line or apart at semicolons, is taken apart."""
    texts = ("".join(str(part) for part in found.itertext()) for found in element.iterfind("keywords/keyword"))
    parts = (part.strip().strip("*").strip() for text in texts for part in re.split(r"[;\r\n]", text))
    return unique(" ".join(part.split()) for part in parts)


def _urls(element: etree._Element) -> list[str]:
    return [
        text
        for kind in ("web-urls", "related-urls", "text-urls", "pdf-urls")
        for text in _all(element, f"urls/{kind}/url")
    ]


def _dates(element: etree._Element) -> list[Dated]:
    texts = [*_all(element, "dates/year"), *_all(element, "dates/pub-dates/date")]
    return [{"kind": "issue", "value": text, "on": citation_date(text)} for text in texts]


def _published(element: etree._Element) -> date | None:
    """The year, with the day or month of ``pub-dates`` ("Mar 14", "2005/03/14") where that names no other year."""
    year = _first(element, "dates/year")
    exact = _first(element, "dates/pub-dates/date")
    if exact is None:
        return citation_date(year)
    named = citation_date(exact)
    if year is None or named is None:
        return named or parse_issue_date(f"{year or ''} {exact[:100]}") or citation_date(year)
    within = citation_date(year)
    return named if within is None or named.year == within.year else within


def _identified(element: etree._Element) -> Identified:
    known = Identified()
    known.look_in(_all(element, "electronic-resource-num"), bare=True)
    if _DATABASES.search(
        " ".join((*_all(element, "remote-database-name"), *_all(element, "remote-database-provider")))
    ):
        known.pmid = next(filter(None, map(normalise_pmid, _all(element, "accession-num"))), None)
    custom = [text for name in _CUSTOM for text in _all(element, name)]
    known.pmcid = next((found for text in custom if "pmc" in text.lower() and (found := normalise_pmcid(text))), None)
    known.look_in([*_all(element, "accession-num"), *custom, *_urls(element), *_all(element, "notes")])
    return known


def _accession(element: etree._Element) -> str | None:
    """The number of a database that says its name: without it two databases' numbers could be the same."""
    number, database = _first(element, "accession-num"), _first(element, "remote-database-name")
    return f"{database}:{number}" if number and database else None


def _bibliography(
    element: etree._Element, kind: str | None, title: str, people: list[Person], known: Identified, dates: list[Dated]
) -> Bibliography:
    in_book = _IN_BOOKS.search(kind or "") is not None
    numbers = [part for text in _all(element, "isbn") for part in re.split(r"[\r\n;]+|\s(?=\d{4}-)", text) if part]
    others: list[Identifier] = [{"kind": "accession", "value": text} for text in _all(element, "accession-num")]
    return Bibliography(
        vernacular_title=_first(element, "titles/translated-title"),
        journal_abbreviation=_first(element, "periodical/abbr-1") or _first(element, "alt-periodical/abbr-1"),
        issn=None if in_book or not numbers else numbers[0].partition(" ")[0],
        volume=_first(element, "volume"),
        issue=_first(element, "number") or _first(element, "issue"),
        pages=_first(element, "pages"),
        languages=_all(element, "language"),
        article_ids=known.listed() + others,
        dates=dates,
        author_details=[someone.detail() for someone in people],
        book=_book(element, title, numbers) if in_book else None,
    )


def _book(element: etree._Element, title: str, numbers: list[str]) -> Book:
    editors = persons(_all(element, "contributors/secondary-authors/author"))
    return {
        "title": _first(element, "titles/secondary-title") or title,
        "accession": None,
        "publisher": _first(element, "publisher"),
        "place": _first(element, "pub-location"),
        "edition": _first(element, "edition"),
        "isbns": numbers,
        "editors": [someone.name for someone in editors],
    }
