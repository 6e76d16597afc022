"""What one JSON object says, as a `Record`: the field names that need no mapping file, and how values are read.

What does not belong here: lines and streams (`assets.sources.jsonl`), cleaning of text (`assets.listings.text`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal, cast, get_args

from assets.sources.base import Author, RawObject, Record, Status
from assets.sources.bibliography import Bibliography
from assets.sources.dates import listing_fault, parse_date, publication_fault, usable_day
from assets.sources.exports.citations import without_empty
from assets.sources.faults import Unlistable
from assets.sources.identifiers import (
    normalise_arxiv,
    normalise_doi,
    normalise_orcid,
    normalise_pmcid,
    normalise_pmid,
)
from assets.sources.languages import language_code
from assets.sources.withdrawals import says_withdrawn

Entry = Mapping[str, object]

#: Field of a `Record` -> names it may have in a line, the first that holds a value wins. Names are matched as written.
FIELDS: dict[str, tuple[str, ...]] = {
    "source_id": ("id", "source_id"),  # else one of the identifiers below; an arXiv id or a DOI is also taken as such
    "version": ("version",),
    "status": ("status",),  # new, revised, withdrawn, deleted; anything else says nothing
    "title": ("title",),
    "abstract": ("abstract", "summary", "text", "abstract_note"),
    "authors": ("authors", "author"),  # names, objects with name, orcid, affiliation, or one text with all names
    "journal": ("journal", "journal_title", "publication_title", "source_title", "journal/book"),
    # the first that can be read
    "published_on": ("published", "published_on", "date", "publication_date", "year", "publication_year"),
    "listing_date": ("listing_date",),  # only checked: the day of a listing is that of its raw object
    "language": ("language",),
    "doi": ("doi",),
    "pmid": ("pmid", "pubmed_id"),
    "pmcid": ("pmcid", "pmc_id"),
    "arxiv_id": ("arxiv_id",),
    "licence": ("licence", "license"),
    "publication_types": ("publication_types",),
    "mesh": ("mesh",),
    "keywords": ("keywords", "author_keywords"),
    "categories": ("categories",),
    "comment": ("comment", "comments"),
    "url": ("url",),
    "volume": ("volume",),
    "issue": ("issue", "number"),
    "pages": ("pages",),
    "issn": ("issn",),
}

_ARXIV_CATEGORY = re.compile(r"[a-z][a-z-]+(?:\.[A-Za-z-]+)?")


def read_object(entry: Entry, index: int, raw: RawObject) -> Record:
    """The listing that one JSON object makes, its names read by the mapping that came with the file.

    Raises:
        Unlistable: No title, a title or abstract that is no text, or a date that cannot be.
    """
    _check_split_day(entry, raw)
    return read_fields(mapped(entry, raw.mapping), index, raw)


def mapped(entry: Entry, mapping: tuple[tuple[str, str], ...]) -> Entry:
    """An object with the fields that a mapping names under our own names.

    A mapped field has no other names: where the file's own one holds nothing, the field has no value. Built-in names
    of the other fields still hold.
    """
    if not mapping:
        return entry
    ours = {name for field, _ in mapping for name in FIELDS[field]}
    named = {field: _named_value(entry, path) for field, path in mapping}
    others = {name: value for name, value in entry.items() if name not in ours}
    return others | {FIELDS[field][0]: value for field, value in named.items()}


def _named_value(value: object, path: str) -> object:
    """What a key, or else a dotted path of keys, leads to; through a list, the values of all its objects."""
    if isinstance(value, list):
        return [found for part in value if (found := _named_value(part, path)) is not None]
    if not isinstance(value, dict):
        return None
    if path in value:
        return value[path]
    key, dot, rest = path.partition(".")
    return _named_value(value.get(key), rest) if dot else None


def read_fields(entry: Entry, index: int, raw: RawObject) -> Record:
    """The listing that fields under the names of `FIELDS` make.

    Raises:
        Unlistable: As `read_object`.
    """
    _check_listing_date(entry, raw)
    title, abstract = _prose(entry, "title"), _prose(entry, "abstract")
    comment = _text(entry, "comment")
    status = _status(entry, title, abstract, comment)
    if title is None and status != "deleted":
        raise Unlistable("missing_title", "the record has no title")
    identifiers = _Identifiers(entry)
    return Record(
        record_index=index,
        title=title,
        source_id=identifiers.source_id,
        version=_version(entry) or identifiers.version,
        status=status,
        abstract=abstract,
        authors=_authors(_value(entry, "authors")),
        journal=_text(entry, "journal"),
        published_on=_published(entry, raw),
        language=language_code(_text(entry, "language")),
        doi=identifiers.doi,
        pmid=identifiers.pmid,
        pmcid=identifiers.pmcid,
        arxiv_id=identifiers.arxiv_id,
        licence=_text(entry, "licence"),
        publication_types=_texts(_value(entry, "publication_types"), ";"),
        mesh=_texts(_value(entry, "mesh"), ";"),
        keywords=_texts(_value(entry, "keywords"), ",;"),
        categories=_categories(_value(entry, "categories")),
        comment=comment,
        url=_text(entry, "url"),
        bibliography=_bibliography(entry),
    )


def _bibliography(entry: Entry) -> Bibliography | None:
    return without_empty(
        Bibliography(
            volume=_text(entry, "volume"),
            issue=_text(entry, "issue"),
            pages=_text(entry, "pages"),
            issn=_text(entry, "issn"),
        )
    )


# -- values ------------------------------------------------------------------------------------------------------------


def _value(entry: Entry, field: str) -> object:
    """The first value among the names of a field that says anything, else None."""
    return next((value for name in FIELDS[field] if not _is_blank(value := entry.get(name))), None)


def _is_blank(value: object) -> bool:
    """Whether a value says nothing: null, blank text, or the NaN that stands for null in exported tables."""
    return value is None or value != value or (isinstance(value, str) and not _as_text(value))


def _as_text(value: object) -> str | None:
    """Text, or a number as text (a truth value is no number here); None for anything else and for blank text."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)  # 12345.0: exported tables
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    # NUL means nothing in any text, and databases disagree on what it does to one.
    return value.replace("\0", "").strip() or None if isinstance(value, str) else None


def _text(entry: Entry, field: str) -> str | None:
    return _as_text(_value(entry, field))


def _prose(entry: Entry, field: Literal["title", "abstract"]) -> str | None:
    value = _value(entry, field)
    if value is not None and not isinstance(value, str):
        raise Unlistable("wrong_type", f"the {field} is no text but {_json_type(value)}")
    return _as_text(value)


def _json_type(value: object) -> str:
    names = {bool: "a truth value", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)


def _texts(value: object, separators: str) -> list[str]:
    """A list's texts, or one text taken apart; each once, in order."""
    parts: Iterable[object] = value if isinstance(value, list) else ()
    if isinstance(value, str):
        parts = re.split(f"[{separators}]", value)
    return list(dict.fromkeys(text for part in parts if (text := _as_text(part))))


def _categories(value: object) -> list[str]:
    """Categories; one text of several is taken apart at blanks only if they look like arXiv's (``cs.CL q-bio.QM``)."""
    words = value.split() if isinstance(value, str) else []
    if any("." in word for word in words) and all(_ARXIV_CATEGORY.fullmatch(word) for word in words):
        return list(dict.fromkeys(words))
    return _texts(value, ",;")


# -- people ------------------------------------------------------------------------------------------------------------


def _authors(value: object) -> list[Author]:
    if isinstance(value, str):
        return [Author(name) for name in _names(value)]
    listed = value if isinstance(value, list) else [value]
    return [author for person in listed if (author := _author(person))]


def _names(text: str) -> list[str]:
    """The names in one text: apart at semicolons, else at commas and "and" if that leaves no bare family name."""
    parts = [part.strip() for part in re.split(r";|\n", text) if part.strip()]
    if len(parts) > 1:
        return parts
    parts = [part.strip() for part in re.split(r",\s+and\s+|,|\s+and\s+", text) if part.strip()]
    return parts if all(" " in part for part in parts) else [text.strip()]


def _author(person: object) -> Author | None:
    if not isinstance(person, dict):
        name = _as_text(person)
        return Author(name) if name else None
    name = _as_text(person.get("name"))
    if name is None:
        parts = (_as_text(person.get(given)) for given in ("given", "family"))
        name = " ".join(part for part in parts if part)
    affiliation = person.get("affiliation")
    if isinstance(affiliation, list):
        affiliation = next(iter(affiliation), None)
    if isinstance(affiliation, dict):
        affiliation = affiliation.get("name")
    return Author(name, normalise_orcid(_as_text(person.get("orcid"))), _as_text(affiliation)) if name else None


# -- identifiers -------------------------------------------------------------------------------------------------------


class _Identifiers:
    """The identifiers of one object. A bare number under ``id`` stays what it is: it could be anyone's."""

    def __init__(self, entry: Entry) -> None:
        """Reads all of them."""
        given = _text(entry, "source_id")
        arxiv_text, doi_text = _text(entry, "arxiv_id"), _text(entry, "doi")
        self.doi = normalise_doi(doi_text) or normalise_doi(given)
        self.pmid = normalise_pmid(_text(entry, "pmid"))
        self.pmcid = normalise_pmcid(_text(entry, "pmcid"))
        # As a number 2503.10010 has lost its last digit: no arXiv id can be told from it.
        id_text = given if isinstance(_value(entry, "source_id"), str) else None
        own = normalise_arxiv(id_text)
        found = normalise_arxiv(arxiv_text) or own or normalise_arxiv(self.doi)
        self.arxiv_id = found.id if found else None
        self.version = found.version if found else None
        self.source_id = own.id if own else given
        if self.source_id is None:
            known = (self.arxiv_id, self.pmid, self.doi, self.pmcid, arxiv_text, doi_text, _text(entry, "pmid"))
            self.source_id = next(filter(None, known), None)


def _version(entry: Entry) -> str | None:
    version = _text(entry, "version")
    return re.sub(r"^[vV](?=[0-9])", "", version) if version else None


def _status(entry: Entry, title: str | None, abstract: str | None, comment: str | None) -> Status:
    named = (_text(entry, "status") or "").lower()
    status = cast(Status, named) if named in get_args(Status) else "new"
    if status == "deleted":
        return status
    return "withdrawn" if says_withdrawn(title, abstract, comment) else status


# -- dates -------------------------------------------------------------------------------------------------------------


def _check_split_day(entry: Entry, raw: RawObject) -> None:
    """The day that the record itself names is the one it was landed for, where that field decided it."""
    if raw.split_by is not None:
        day = usable_day(entry.get(raw.split_by), raw.fetched_at.date())
        if day is None:
            raise Unlistable("undated", f"the field {raw.split_by!r} names no day that a listing can have")
        if day != raw.dt:
            raise Unlistable("wrong_day", f"the field {raw.split_by!r} names {day}, the listing is that of {raw.dt}")


def _check_listing_date(entry: Entry, raw: RawObject) -> None:
    for name in FIELDS["listing_date"]:
        if fault := listing_fault(parse_date(entry.get(name)), raw):
            raise Unlistable("implausible_date", fault)


def _published(entry: Entry, raw: RawObject) -> date | None:
    days = (parse_date(entry.get(name)) for name in FIELDS["published_on"])
    published = next((day for day in days if day is not None), None)
    if fault := publication_fault(published, raw):
        raise Unlistable("implausible_date", fault)
    return published
