"""What the fields of one BibTeX or BibLaTeX entry say, as a `Record`.

What does not belong here: how a file is cut (`assets.sources.exports.bibtex`), how values are written
(`assets.sources.exports.bibtex_values`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from assets.sources.base import RawObject, Record
from assets.sources.bibliography import Bibliography, Book, Identifier
from assets.sources.dates import publication_fault
from assets.sources.exports.bibtex_values import people, plain, without_protection
from assets.sources.exports.citations import Identified, Person, citation_date, said_status, without_empty
from assets.sources.faults import Unlistable
from assets.sources.identifiers import normalise_orcid, normalise_pmcid, normalise_pmid
from assets.sources.languages import language_code

#: Abbreviations that every BibTeX style defines.
MONTHS: Mapping[str, str] = {
    name: name.capitalize()
    for name in ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
}

_IN_BOOKS = frozenset({"book", "inbook", "incollection", "inproceedings", "conference", "proceedings", "booklet",
                       "collection", "mvbook", "suppbook", "reference", "inreference"})  # fmt: skip

_MONTH_NAME = re.compile(r"[A-Za-z]{3,9}")
_NUMBER = re.compile(r"[0-9]{1,2}(?![0-9])")
_DASHES = re.compile(r"\s*(?:--+|[‐-―])\s*")
_ARXIV = re.compile(r"arxiv", re.IGNORECASE)

Fields = Mapping[str, str]


def read_record(kind: str, key: str, fields: Fields, index: int, raw: RawObject) -> Record:
    """The listing that one entry makes.

    Raises:
        Unlistable: No title, or a publication date that cannot be.
    """
    title = without_protection(fields.get("title", "") or fields.get("booktitle", "")).strip()
    if not title:
        raise Unlistable("missing_title", f"the entry {key[:80]!r} has no title")
    if subtitle := without_protection(fields.get("subtitle", "")).strip():
        title = f"{title}: {subtitle}"
    published = _published(fields)
    if fault := publication_fault(published, raw):
        raise Unlistable("implausible_date", f"the entry {key[:80]!r}: {fault}")
    identified = _identified(fields)
    authors = people(fields.get("author"))
    words = _raw(fields, "keywords", "keyword", "author_keywords")
    return Record(
        record_index=index,
        title=title,
        source_id=identified.source_id,
        version=identified.version,
        status=said_status(title),
        abstract=fields.get("abstract"),
        authors=[someone.author() for someone in authors],
        journal=_journal(fields),
        published_on=published,
        language=language_code(fields.get("language") or fields.get("langid")),
        doi=identified.doi,
        pmid=identified.pmid,
        pmcid=identified.pmcid,
        arxiv_id=identified.arxiv_id,
        licence=_first(fields, "license", "licence"),
        publication_types=[kind],
        mesh=_listed(fields.get("mesh"), ";"),
        keywords=_listed(words, ";" if ";" in words else ","),
        categories=_categories(fields),
        comment=_first(fields, "comment", "note"),
        url=_raw(fields, "url", "link").replace("\\_", "_").replace("\\%", "%").replace("\\&", "&") or None,
        bibliography=without_empty(_bibliography(kind, key, fields, authors, identified)),
    )


def _raw(fields: Fields, *names: str) -> str:
    return next((value for name in names if (value := fields.get(name))), "")


def _first(fields: Fields, *names: str) -> str | None:
    return plain(_raw(fields, *names)) or None


def _journal(fields: Fields) -> str | None:
    names = ("journal", "journaltitle", "booktitle") if fields.get("title") else ("journal", "journaltitle")
    return _first(fields, *names)


def _listed(text: str | None, separator: str) -> list[str]:
    return list(dict.fromkeys(word for part in (text or "").split(separator) if (word := plain(part.strip()))))


def _categories(fields: Fields) -> list[str]:
    primary = _raw(fields, "primaryclass", "eprintclass")
    return [primary] if primary else []


# -- dates and identifiers ---------------------------------------------------------------------------------------------


def _published(fields: Fields) -> date | None:
    """BibLaTeX's ``date``, else ``year`` with ``month`` (a name, a number, ``"14 # mar"``) and ``day``."""
    if exact := citation_date(fields.get("date", "").partition("/")[0]):
        return exact
    year = plain(fields.get("year", "")[:40])
    month = plain(fields.get("month", "")[:40])
    name, number = _MONTH_NAME.search(month), _NUMBER.search(month)
    day = number[0] if name and number else plain(fields.get("day", "")[:10])
    if name or number:
        return citation_date(f"{year} {(name or number or [''])[0]} {day}".strip())
    return citation_date(year)


def _identified(fields: Fields) -> Identified:
    known = Identified(pmid=normalise_pmid(fields.get("pmid")))
    known.pmcid = next(filter(None, (normalise_pmcid(fields.get(name)) for name in ("pmcid", "pmc"))), None)
    eprint, kind = fields.get("eprint", "").strip(), _raw(fields, "archiveprefix", "eprinttype").lower()
    if kind in ("pubmed", "pmid"):
        known.pmid = known.pmid or normalise_pmid(eprint)
    elif kind == "arxiv" or (not kind and "arxiv" in fields.get("journal", "").lower()):
        known.take_arxiv(eprint)
    known.take_arxiv(fields.get("arxivid") or fields.get("arxiv"))
    known.look_in([fields.get("doi", "").replace("\\_", "_")], bare=True)
    known.look_in(
        fields.get(name, "") for name in ("url", "link", "note", "annote", "journal", "howpublished", "eprint")
    )
    return known


def _bibliography(kind: str, key: str, fields: Fields, authors: list[Person], known: Identified) -> Bibliography:
    in_book = kind in _IN_BOOKS
    others: list[Identifier] = [{"kind": "citation_key", "value": key}] if key else []
    orcid = normalise_orcid(fields.get("orcid"))
    if orcid and len(authors) == 1:
        authors[0].orcid = orcid
    written = _raw(fields, "date", "year")
    return Bibliography(
        journal_abbreviation=_first(fields, "shortjournal", "journalabbreviation"),
        issn=_first(fields, "issn"),
        volume=_first(fields, "volume"),
        issue=_first(fields, "number", "issue"),
        pages=_DASHES.sub("-", _raw(fields, "pages", "eid")[:200]) or None,
        languages=[language] if (language := _raw(fields, "language", "langid")) else [],
        article_ids=known.listed() + others,
        dates=[{"kind": "issue", "value": written, "on": _published(fields)}] if written else [],
        author_details=[someone.detail() for someone in authors],
        book=_book(fields) if in_book else None,
    )


def _book(fields: Fields) -> Book:
    return {
        "title": _first(fields, "booktitle", "title"),
        "accession": None,
        "publisher": _first(fields, "publisher"),
        "place": _first(fields, "address", "location"),
        "edition": _first(fields, "edition"),
        "isbns": fields.get("isbn", "")[:200].split(),
        "editors": [someone.name for someone in people(fields.get("editor"))],
    }
