"""What one RIS record says, as a `Record`. The names of fields are rispy's.

The dialects differ: the specification of 2001 (T1, A1, Y1, N2), that of 2011 (TI, AU, PY, AB), and what EndNote,
Zotero, Ovid and publishers make of both. What does not belong here: how a file is cut (`assets.sources.exports.ris`).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from rispy.config import TYPE_OF_REFERENCE_MAPPING

from assets.sources.base import RawObject, Record
from assets.sources.bibliography import Bibliography, Book, Identifier
from assets.sources.dates import publication_fault
from assets.sources.exports.citations import (
    Identified,
    Person,
    citation_date,
    page_range,
    persons,
    said_status,
    without_empty,
)
from assets.sources.faults import Unlistable
from assets.sources.identifiers import normalise_pmcid, normalise_pmid
from assets.sources.languages import language_code

Entry = dict[str, Any]

#: Types whose T2 names a book, a conference or a series rather than a journal.
_IN_BOOKS = frozenset({"CHAP", "ECHAP", "CONF", "CPAPER", "BOOK", "EBOOK", "EDBOOK", "ENCYC", "DICT", "SER"})

#: Fields that name identifiers in some dialect. Not the abstract: it names those of other papers.
_MAY_IDENTIFY = ("accession_number", "type_of_work", "urls", "file_attachments1", "file_attachments2", "LK", "L3", "id",
                 "custom1", "custom2", "custom6", "custom7", "note", "notes", "U1", "U2")  # fmt: skip

_DATABASES = re.compile(r"pubmed|medline|\bnlm\b|ncbi", re.IGNORECASE)
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)


class _Values:
    """The values of one record by rispy's names; tags that rispy does not know by the tag itself."""

    def __init__(self, entry: Entry) -> None:
        self._entry = {**entry.get("unknown_tag", {}), **entry}

    def all(self, *names: str) -> list[str]:
        """Every value of the fields, each once, field by field."""
        return list(dict.fromkeys(value for name in names for value in self._entry.get(name, ()) if value))

    def first(self, *names: str) -> str | None:
        """The first value of the first field that has one."""
        return next(iter(self.all(*names)), None)


def read_record(entry: Entry, index: int, raw: RawObject) -> Record:
    """The listing that one record makes.

    Raises:
        Unlistable: No title, or a publication date that cannot be.
    """
    values = _Values(entry)
    kind = entry["type_of_reference"].strip().upper()
    title = values.first("title", "primary_title", "CT", "BT", "short_title")
    if title is None:
        raise Unlistable("missing_title", "the record has no title (TI, T1, CT or BT)")
    published = _published(values)
    if fault := publication_fault(published, raw):
        raise Unlistable("implausible_date", fault)
    identified = _identified(values)
    people = persons(values.all("authors", "first_authors"), values.all("author_address"))
    language = values.first("language")
    return Record(
        record_index=index,
        title=title,
        source_id=identified.source_id or _accession(values),
        version=identified.version,
        status=said_status(title),
        abstract="\n\n".join(values.all("abstract")) or "\n\n".join(values.all("notes_abstract")) or None,
        authors=[someone.author() for someone in people],
        journal=_journal(values, title),
        published_on=published,
        language=language_code(language),
        doi=identified.doi,
        pmid=identified.pmid,
        pmcid=identified.pmcid,
        arxiv_id=identified.arxiv_id,
        publication_types=_types(kind, values),
        keywords=_keywords(values.all("keywords")),
        url=_url(values),
        bibliography=without_empty(_bibliography(values, kind, title, people, identified, published)),
    )


def _journal(values: _Values, title: str) -> str | None:
    """The journal, in full if the record has it so. T2 last: some publishers put the title of a special issue there."""
    named = values.all("alternate_title3", "journal_name", "secondary_title", "alternate_title2", "alternate_title1",
                       "J1", "BT")  # fmt: skip
    return next((name for name in named if name != title), None)


def _types(kind: str, values: _Values) -> list[str]:
    """The type in words. M3 is the type of work, but EndNote and Mendeley put DOIs and PMIDs there."""
    named = [TYPE_OF_REFERENCE_MAPPING.get(kind, kind), *values.all("type_of_work")]
    return [text for text in dict.fromkeys(named) if text and not re.search(r"[0-9]{4}", text)]


def _keywords(texts: list[str]) -> list[str]:
    """Keywords; one value that holds several is taken apart at semicolons. MeSH's asterisks say "major", not more."""
    parts = (part.strip().strip("*").strip() for text in texts for part in text.split(";"))
    return list(dict.fromkeys(filter(None, parts)))


def _url(values: _Values) -> str | None:
    links = values.all("urls", "LK", "file_attachments2", "file_attachments1")
    return next((found[0] for text in links if (found := _LINK.search(text))), None)


def _published(values: _Values) -> date | None:
    """The publication year, or the date (DA) where it is more exact and of the same year."""
    year = next(filter(None, map(citation_date, values.all("year", "publication_year"))), None)
    exact = next(filter(None, map(citation_date, values.all("date"))), None)
    return exact if exact and (year is None or exact.year == year.year) else year


def _identified(values: _Values) -> Identified:
    known = Identified()
    known.look_in(values.all("doi"), bare=True)
    if _DATABASES.search(" ".join(values.all("name_of_database", "database_provider"))):
        known.pmid = next(filter(None, map(normalise_pmid, values.all("accession_number"))), None)
    known.pmcid = next((found for text in values.all("custom2") if "pmc" in text.lower()
                        and (found := normalise_pmcid(text))), None)  # fmt: skip
    known.look_in(values.all(*_MAY_IDENTIFY))
    return known


def _accession(values: _Values) -> str | None:
    """The number of a database that says its name: without it two databases' numbers could be the same."""
    number, database = values.first("accession_number"), values.first("name_of_database")
    return f"{database}:{number}" if number and database else None


def _bibliography(
    values: _Values, kind: str, title: str, people: list[Person], identified: Identified, published: date | None
) -> Bibliography:
    in_book = kind in _IN_BOOKS
    numbers = values.all("issn")
    others: list[Identifier] = [{"kind": "accession", "value": text} for text in values.all("accession_number")]
    others += [{"kind": "citation_key", "value": text} for text in values.all("id")]
    return Bibliography(
        vernacular_title=values.first("translated_title"),
        journal_abbreviation=values.first("alternate_title2", "alternate_title1"),
        issn=None if in_book or not numbers else numbers[0].partition(" ")[0],  # "0005-9366 (Print)"
        volume=values.first("volume"),
        issue=values.first("number"),
        pages=page_range(values.first("start_page"), values.first("end_page")),
        languages=values.all("language"),
        article_ids=identified.listed() + others,
        dates=[{"kind": "issue", "value": text, "on": citation_date(text)}
               for text in values.all("year", "publication_year", "date")],
        author_details=[someone.detail() for someone in people],
        book=_book(values, title, numbers) if in_book else None,
    )  # fmt: skip


def _book(values: _Values, title: str, numbers: list[str]) -> Book:
    return {
        "title": values.first("secondary_title", "BT") or title,
        "accession": None,
        "publisher": values.first("publisher"),
        "place": values.first("place_published"),
        "edition": values.first("edition"),
        "isbns": numbers,
        "editors": [someone.name for someone in persons(values.all("secondary_authors", "ED"))],
    }
