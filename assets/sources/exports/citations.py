"""What every export of a reference manager writes alike: names of people, identifiers within notes, page ranges.

What does not belong here: tags, fields and elements of one format (`assets.sources.<source>`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from assets.sources.base import Author, Status
from assets.sources.bibliography import AuthorDetail, Bibliography, Identifier
from assets.sources.dates import parse_date, parse_issue_date
from assets.sources.identifiers import normalise_arxiv, normalise_doi, normalise_pmcid, normalise_pmid
from assets.sources.withdrawals import says_withdrawn

# Identifiers where they say themselves what they are, in running text. A DOI ends at white space or what closes a link.
_DOI_WITHIN = re.compile(r"(?:doi\.org/|\bdoi\s?[:=]?\s?)(10\.[0-9]{4,9}/[^\s\"<>{}|]+)", re.IGNORECASE)
_PMID_WITHIN = re.compile(
    r"(?:\bpmid\s?[:=]?\s?|pubmed\.ncbi\.nlm\.nih\.gov/|ncbi\.nlm\.nih\.gov/pubmed/)([0-9]{1,9})(?![0-9])",
    re.IGNORECASE,
)
_PMCID_WITHIN = re.compile(r"\b(PMC[0-9]{1,10})(?![0-9])", re.IGNORECASE)
_ARXIV_WITHIN = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf)/|\barxiv\s?:\s?)([A-Za-z.-]*/?[0-9.]{7,10}(?:v[0-9]+)?)", re.IGNORECASE
)

_SUFFIX = re.compile(r"(?:[JS]r\.?|I{1,3}|IV|VI{0,3}|[2-4](?:nd|rd|th))", re.IGNORECASE)
_DATE_PARTS = re.compile(r"([0-9]{4})(?:/([0-9]{1,2})?(?:/([0-9]{1,2})?)?)?(?:/.*)?", re.DOTALL)


@dataclass(slots=True)
class Person:
    """One author while a record is read: a person or a group."""

    family: str | None = None
    given: str | None = None
    initials: str | None = None
    suffix: str | None = None
    collective: str | None = None
    orcid: str | None = None
    affiliations: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As other sources print it: given names first."""
        parts = (self.given or self.initials, self.family, self.suffix)
        return self.collective or " ".join(filter(None, parts))

    def author(self) -> Author:
        """The person as a column of the record."""
        return Author(self.name, self.orcid, next(iter(self.affiliations), None))

    def detail(self) -> AuthorDetail:
        """The person with all that is known."""
        return {
            "family": self.family,
            "given": self.given,
            "initials": self.initials,
            "suffix": self.suffix,
            "collective": self.collective,
            "orcid": self.orcid,
            "affiliations": list(self.affiliations),
        }


def person(text: str) -> Person | None:
    """The person that ``Family, Given``, ``Family, Given, Jr`` or ``Family, Jr, Given`` names.

    A name without a comma is one that nobody took apart, a group or a person: it stays whole. EndNote ends the name of
    a group with a comma.
    """
    parts = [" ".join(part.split()) for part in text.split(",")]
    if not any(parts):
        return None
    if len(parts) == 1 or not any(parts[1:]):
        return Person(collective=parts[0] or text.strip(" ,"))
    family, *rest = parts
    suffix = next((part for part in rest if _SUFFIX.fullmatch(part)), None) if len(rest) > 1 else None
    given = ", ".join(part for part in rest if part and part is not suffix)
    return Person(family=family or None, given=given or None, suffix=suffix)


def persons(names: Iterable[str], affiliations: Iterable[str] = ()) -> list[Person]:
    """The people named, in order; the addresses of a record, where it gives no more, stand with the first of them."""
    people = [someone for name in names if (someone := person(name))]
    if people and (addresses := list(dict.fromkeys(affiliations))):
        people[0].affiliations = addresses
    return people


@dataclass(slots=True)
class Identified:
    """The identifiers of one record: from the fields meant for them, else from links and notes that name them."""

    doi: str | None = None
    pmid: str | None = None
    pmcid: str | None = None
    arxiv_id: str | None = None
    version: str | None = None

    def look_in(self, texts: Iterable[str], *, bare: bool = False) -> None:
        """Takes what is still missing from texts.

        Args:
            texts: Links, notes, custom fields. Not abstracts: they name other papers.
            bare: A text may be nothing but a DOI, an arXiv identifier or a PMCID that does not say what it is.
        """
        for text in texts:
            text = text[:10_000]
            self.doi = self.doi or (normalise_doi(text) if bare else None) or _found(_DOI_WITHIN, text, normalise_doi)
            self.pmid = self.pmid or _found(_PMID_WITHIN, text, normalise_pmid)
            self.pmcid = self.pmcid or _found(_PMCID_WITHIN, text, normalise_pmcid)
            named = _ARXIV_WITHIN.search(text)
            self.take_arxiv(text if bare else named[1].rstrip(".") if named else None)
        self.take_arxiv(self.doi)

    def take_arxiv(self, text: str | None) -> None:
        """Takes an arXiv identifier, with its version, if none is known yet."""
        if self.arxiv_id is None and (arxiv := normalise_arxiv(text)):
            self.arxiv_id, self.version = arxiv

    @property
    def source_id(self) -> str | None:
        """The identifier that stands for the record. Keys of a private library are none: two libraries share them."""
        return self.arxiv_id or self.pmid or self.doi or self.pmcid

    def listed(self) -> list[Identifier]:
        """All of them, named as PubMed does."""
        known = (("pubmed", self.pmid), ("doi", self.doi), ("pmc", self.pmcid), ("arxiv", self.arxiv_id))
        return [{"kind": kind, "value": value} for kind, value in known if value]


def _found(pattern: re.Pattern[str], text: str, normalise: object) -> str | None:
    found = pattern.search(text)
    assert callable(normalise)
    value: str | None = normalise(found[1].rstrip(")]")) if found else None
    return value


def citation_date(text: str | None) -> date | None:
    """First day of what a date names: ``2005``, ``2005/03/14/``, ``2005///Spring``, ``Mar 2005``, ``2005-03-14``.

    A month or day that cannot be is left out: the rest of the date still holds.
    """
    text = (text or "")[:200].strip()
    if exact := parse_date(text):
        return exact
    if parts := _DATE_PARTS.fullmatch(text):
        if parts[2] is None:
            return parse_issue_date(text.replace("/", " "))
        return parse_issue_date(" ".join(filter(None, parts.groups())))
    return parse_issue_date(text)


def page_range(first: str | None, last: str | None) -> str | None:
    """``12-20`` from the first and last page, whichever is given; a first one that is a range stays what it is."""
    return f"{first}-{last}" if first and last and last != first and "-" not in first else first or last


def said_status(title: str) -> Status:
    """What a title itself says of its paper, as PubMed and publishers mark a withdrawal."""
    return "withdrawn" if says_withdrawn(title=title) else "new"


def without_empty(bibliography: Bibliography) -> Bibliography | None:
    """The bibliography without what it does not know; None if nothing is left."""
    known = {name: value for name, value in bibliography.items() if value not in (None, [])}
    return Bibliography(**known) if known else None  # type: ignore[typeddict-item]
