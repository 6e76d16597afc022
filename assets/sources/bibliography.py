"""What some sources say of a record beyond the canonical columns: MeSH, grants, corrections, references and the like.

Rows are plain dictionaries of fixed keys: they go to columns as they are. What does not belong here: how a source's
elements are read.
"""

from __future__ import annotations

from datetime import date
from typing import Any, TypedDict

import polars as pl


class Identifier(TypedDict):
    """One identifier: ``kind`` in lower case as the source names it (pubmed, doi, pii, pmc, mid, …)."""

    kind: str
    value: str


class Dated(TypedDict):
    """One dated event: ``value`` as the source writes it, ``on`` its first day or None if it names none.

    ``kind``: issue, electronic, completed, revised, created, and the history's received, accepted, entrez, pubmed, ….
    """

    kind: str
    value: str
    on: date | None


class AuthorDetail(TypedDict):
    """One author: a person (``family``) or a group (``collective``)."""

    family: str | None
    given: str | None
    initials: str | None
    suffix: str | None
    collective: str | None
    orcid: str | None
    affiliations: list[str]


class Qualifier(TypedDict):
    """One MeSH qualifier of a heading."""

    name: str
    ui: str | None
    is_major: bool


class MeshHeading(TypedDict):
    """One MeSH heading: a descriptor with its qualifiers."""

    descriptor: str
    ui: str | None
    is_major: bool
    qualifiers: list[Qualifier]


class Concept(TypedDict):
    """One supplementary MeSH concept; ``kind`` is Disease, Protocol, Organism, …."""

    name: str
    ui: str | None
    kind: str | None


class Chemical(TypedDict):
    """One substance; ``registry_number`` is "0" where it has none."""

    name: str
    ui: str | None
    registry_number: str | None


class Grant(TypedDict):
    """One grant."""

    id: str | None
    acronym: str | None
    agency: str | None
    country: str | None


class DataBank(TypedDict):
    """Accession numbers in one data bank (ClinicalTrials.gov, GENBANK, …)."""

    name: str
    accessions: list[str]


class Correction(TypedDict):
    """A comment on or a correction of the record; ``kind`` is the source's RefType (RetractionIn, ErratumFor, …)."""

    kind: str
    citation: str | None
    pmid: str | None
    note: str | None


class Reference(TypedDict):
    """One cited work."""

    citation: str | None
    identifiers: list[Identifier]


class OtherAbstract(TypedDict):
    """An abstract of another collection or in another language, sections joined by a blank line."""

    language: str | None
    kind: str | None
    text: str


class Book(TypedDict):
    """The book that a book record belongs to."""

    title: str | None
    accession: str | None
    publisher: str | None
    place: str | None
    edition: str | None
    isbns: list[str]
    editors: list[str]


class Bibliography(TypedDict, total=False):
    """Everything of one record; a key that a source does not know is left out."""

    title_markup: str | None  # the title with its inline markup, where it has any
    vernacular_title: str | None
    journal_abbreviation: str | None
    issn: str | None
    issn_kind: str | None  # Print, Electronic
    issn_linking: str | None
    nlm_id: str | None
    volume: str | None
    issue: str | None
    pages: str | None
    country: str | None  # of the journal
    languages: list[str]  # as the source codes them
    article_ids: list[Identifier]
    dates: list[Dated]
    author_details: list[AuthorDetail]
    investigators: list[AuthorDetail]  # named as members of a group that is an author, or as collaborators
    other_abstracts: list[OtherAbstract]
    abstract_categories: list[str | None]  # NLM's category (BACKGROUND, METHODS, …) of each part of the abstract
    abstract_copyright: str | None
    mesh_headings: list[MeshHeading]
    supplementary_concepts: list[Concept]
    chemicals: list[Chemical]
    grants: list[Grant]
    data_banks: list[DataBank]
    corrections: list[Correction]
    references: list[Reference]
    coi_statement: str | None
    medline_status: str | None
    indexing_method: str | None
    publication_status: str | None
    book: Book | None


_IDENTIFIER = pl.Struct({"kind": pl.String, "value": pl.String})
_PERSON = pl.Struct(
    {
        "family": pl.String,
        "given": pl.String,
        "initials": pl.String,
        "suffix": pl.String,
        "collective": pl.String,
        "orcid": pl.String,
        "affiliations": pl.List(pl.String),
    }
)
_QUALIFIER = pl.Struct({"name": pl.String, "ui": pl.String, "is_major": pl.Boolean})

#: Columns of `Bibliography`, each null where the source does not know it.
BIBLIOGRAPHY_COLUMNS: dict[str, Any] = {
    "title_markup": pl.String,
    "vernacular_title": pl.String,
    "journal_abbreviation": pl.String,
    "issn": pl.String,
    "issn_kind": pl.String,
    "issn_linking": pl.String,
    "nlm_id": pl.String,
    "volume": pl.String,
    "issue": pl.String,
    "pages": pl.String,
    "country": pl.String,
    "languages": pl.List(pl.String),
    "article_ids": pl.List(_IDENTIFIER),
    "dates": pl.List(pl.Struct({"kind": pl.String, "value": pl.String, "on": pl.Date})),
    "author_details": pl.List(_PERSON),
    "investigators": pl.List(_PERSON),
    "other_abstracts": pl.List(pl.Struct({"language": pl.String, "kind": pl.String, "text": pl.String})),
    "abstract_categories": pl.List(pl.String),
    "abstract_copyright": pl.String,
    "mesh_headings": pl.List(
        pl.Struct({"descriptor": pl.String, "ui": pl.String, "is_major": pl.Boolean, "qualifiers": pl.List(_QUALIFIER)})
    ),
    "supplementary_concepts": pl.List(pl.Struct({"name": pl.String, "ui": pl.String, "kind": pl.String})),
    "chemicals": pl.List(pl.Struct({"name": pl.String, "ui": pl.String, "registry_number": pl.String})),
    "grants": pl.List(pl.Struct({"id": pl.String, "acronym": pl.String, "agency": pl.String, "country": pl.String})),
    "data_banks": pl.List(pl.Struct({"name": pl.String, "accessions": pl.List(pl.String)})),
    "corrections": pl.List(pl.Struct({"kind": pl.String, "citation": pl.String, "pmid": pl.String, "note": pl.String})),
    "references": pl.List(pl.Struct({"citation": pl.String, "identifiers": pl.List(_IDENTIFIER)})),
    "coi_statement": pl.String,
    "medline_status": pl.String,
    "indexing_method": pl.String,
    "publication_status": pl.String,
    "book": pl.Struct(
        {
            "title": pl.String,
            "accession": pl.String,
            "publisher": pl.String,
            "place": pl.String,
            "edition": pl.String,
            "isbns": pl.List(pl.String),
            "editors": pl.List(pl.String),
        }
    ),
}
