"""What one record of arXiv says, as a `Record`: the formats arXivRaw and arXiv of OAI-PMH, and entries of Atom.

Elements are known by their names without namespace. arXiv names one thing differently in each format; every reader here
gathers a `_Said`, and one function makes the listing. What does not belong here: cutting a page into records
(`assets.sources.arxiv.pages`), lines of authors (`assets.sources.arxiv.authors`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date
from email.utils import parsedate_to_datetime

from lxml import etree

from assets.sources.arxiv.authors import named, read_authors
from assets.sources.base import Record, Status
from assets.sources.bibliography import Bibliography, Dated, Identifier
from assets.sources.dates import parse_day
from assets.sources.exports.bibtex_values import plain
from assets.sources.exports.citations import Person, without_empty
from assets.sources.faults import Unlistable
from assets.sources.identifiers import ArxivId, normalise_arxiv, normalise_doi
from assets.sources.jats.licence import licence_name
from assets.sources.withdrawals import says_withdrawn
from assets.sources.xml_text import text_of, unique

_Children = dict[str, list[etree._Element]]

_CATEGORY = re.compile(r"[a-z][a-z-]{1,15}(?:\.[A-Za-z-]{2,12})?")
_VERSION = re.compile(r"v?([1-9][0-9]{0,3})")

#: arXiv wraps abstracts; a line that is indented begins a paragraph (https://info.arxiv.org/help/prep.html#abstracts).
_PARAGRAPH = re.compile(r"\n[ \t]*\n|\n[ \t]{2,}")

#: How the files of a version are made, in letters; I: there are none, which is how arXiv withdraws one
#: (github.com/arXiv/oaipmh, oaipmh/serializers/create_records.py).
_WITHDRAWN_TYPE = re.compile(r"[A-Z0-9]*I[A-Z0-9]*")


@dataclass(slots=True)
class _Said:
    """What a record says, whatever the format."""

    id: ArxivId
    title: str | None
    abstract: str | None
    people: list[Person]
    terms: list[str]  # arXiv's categories, and classes of MSC and ACM
    comment: str | None
    licence: str | None
    journal: str | None
    dois: list[str]
    reports: list[str]
    published_on: date | None
    dates: list[Dated] = field(default_factory=list)
    version: str | None = None
    is_withdrawn: bool = False


def read_element(element: etree._Element, index: int) -> Record:
    """The listing that a ``record`` or an ``entry`` makes.

    Raises:
        Unlistable: It is arXiv's word for an error, has no arXiv identifier or title, or a format that is not known.
    """
    said = _record(element, index) if _name(element) == "record" else _entry(element)
    return said if isinstance(said, Record) else _listing(said, index)


def _listing(said: _Said, index: int) -> Record:
    if said.title is None:
        raise Unlistable("missing_title", f"arXiv:{said.id.id} has no title")
    version = said.version or said.id.version
    status: Status = "revised" if version not in (None, "1") else "new"
    if said.is_withdrawn or says_withdrawn(said.title, said.abstract, said.comment):
        status = "withdrawn"
    ids = [Identifier(kind="arxiv", value=said.id.id)]
    ids += [Identifier(kind="doi", value=doi) for doi in said.dois]
    ids += [Identifier(kind="report-no", value=report) for report in said.reports]
    return Record(
        record_index=index,
        title=said.title,
        source_id=said.id.id,
        version=version,
        status=status,
        abstract=said.abstract,
        authors=[someone.author() for someone in said.people],
        journal=said.journal,
        published_on=said.published_on,
        doi=next(filter(None, map(normalise_doi, said.dois)), None),
        arxiv_id=said.id.id,
        licence=licence_name(said.licence) or said.licence,
        publication_types=["Preprint"],
        keywords=unique(part.strip() for term in said.terms if not _CATEGORY.fullmatch(term)
                        for part in re.split(r"[;,]", term)),
        categories=unique(term for term in said.terms if _CATEGORY.fullmatch(term)),
        comment=said.comment,
        url=f"https://arxiv.org/abs/{said.id.id}",
        bibliography=without_empty(
            Bibliography(
                article_ids=ids,
                dates=said.dates,
                author_details=[someone.detail() for someone in said.people],
            )
        ),
    )  # fmt: skip


# -- OAI-PMH -----------------------------------------------------------------------------------------------------------


def _record(element: etree._Element, index: int) -> _Said | Record:
    parts = _children(element)
    header = _children(parts["header"][0]) if "header" in parts else {}
    identifier = normalise_arxiv(_text(header, "identifier"))
    if "header" in parts and parts["header"][0].get("status") == "deleted":
        return _deletion(identifier, header, index)
    stamp = _text(header, "datestamp")
    changed = [Dated(kind="datestamp", value=stamp, on=parse_day(stamp))] if stamp else []
    for metadata in parts.get("metadata", ()):
        for described in metadata.iterchildren(tag=etree.Element):
            read = {"arXivRaw": _raw, "arXiv": _plain}.get(_name(described))
            if read is not None:
                said = read(_children(described), identifier)
                said.dates += changed
                return said
            told = f"metadata in the format {_name(described)[:50]!r}, not arXivRaw or arXiv"
            raise Unlistable("unknown_format", told)
    raise Unlistable("no_metadata", f"the record {identifier.id if identifier else ''} holds no metadata")


def _deletion(identifier: ArxivId | None, header: _Children, index: int) -> Record:
    if identifier is None:
        raise _without_id(_text(header, "identifier"))
    return Record(
        record_index=index,
        title=None,
        status="deleted",
        source_id=identifier.id,
        arxiv_id=identifier.id,
        url=f"https://arxiv.org/abs/{identifier.id}",
    )


def _raw(parts: _Children, identifier: ArxivId | None) -> _Said:
    """The format arXivRaw: every version with its time, the line of authors as submitted."""
    said = _common(parts, identifier, read_authors(_text(parts, "authors") or ""))
    versions: list[tuple[int, Dated, str]] = []
    for version in parts.get("version", ()):
        number = _VERSION.fullmatch((version.get("version") or "").strip())
        within = _children(version)
        written = _text(within, "date") or ""
        if number:
            dated = Dated(kind=f"v{number[1]}", value=written, on=_day(written))
            versions.append((int(number[1]), dated, _text(within, "source_type") or ""))
    versions.sort(key=lambda version: version[0])
    said.dates = [dated for _, dated, _ in versions if dated["value"]]
    if versions:
        said.version = str(versions[-1][0])
        said.published_on = versions[0][1]["on"] if versions[0][0] == 1 else None
        said.is_withdrawn = _WITHDRAWN_TYPE.fullmatch(versions[-1][2]) is not None
    return said


def _plain(parts: _Children, identifier: ArxivId | None) -> _Said:
    """The format arXiv: authors taken apart, the first and the last day, no version."""
    listed = _children(parts["authors"][0]).get("author", ()) if "authors" in parts else ()
    said = _common(parts, identifier, [someone for author in listed if (someone := _person(author))])
    for kind in ("created", "updated"):
        if written := _text(parts, kind):
            said.dates.append(Dated(kind=kind, value=written, on=parse_day(written)))
    said.published_on = parse_day(_text(parts, "created"))
    return said


def _person(author: etree._Element) -> Person | None:
    parts = _children(author)
    family, given, suffix = (plain(_text(parts, name) or "") or None for name in ("keyname", "forenames", "suffix"))
    if not family and not given:
        return None
    return Person(family=family, given=given, suffix=suffix, affiliations=_places(parts))


def _common(parts: _Children, identifier: ArxivId | None, people: list[Person]) -> _Said:
    own = normalise_arxiv(_text(parts, "id")) or identifier
    if own is None:
        raise _without_id(_text(parts, "id"))
    classes = [_text(parts, name) for name in ("msc-class", "acm-class")]
    return _Said(
        id=own,
        title=_text(parts, "title"),
        abstract=_abstract(parts, "abstract"),
        people=people,
        terms=[*(_text(parts, "categories") or "").split(), *filter(None, classes)],
        comment=_text(parts, "comments"),
        licence=_text(parts, "license"),
        journal=_text(parts, "journal-ref"),
        dois=(_text(parts, "doi") or "").split(),
        reports=unique([_text(parts, "report-no")]),
        published_on=None,
    )


# -- Atom --------------------------------------------------------------------------------------------------------------


def _entry(element: etree._Element) -> _Said:
    parts = _children(element)
    address = _text(parts, "id")
    if address and "/api/errors" in address:
        raise Unlistable("error_answer", f"arXiv answered with an error: {(_text(parts, 'summary') or address)[:200]}")
    identifier = normalise_arxiv(address)
    if identifier is None:
        raise _without_id(address)
    published, updated = _text(parts, "published"), _text(parts, "updated")
    dates = []
    if published:
        dates.append(Dated(kind="v1", value=published, on=parse_day(published)))
    if updated and identifier.version not in (None, "1"):
        dates.append(Dated(kind=f"v{identifier.version}", value=updated, on=parse_day(updated)))
    primary = (category.get("term") for category in parts.get("primary_category", ()))
    others = (category.get("term") for category in parts.get("category", ()))
    return _Said(
        id=identifier,
        title=_text(parts, "title"),
        abstract=_abstract(parts, "summary"),
        people=[someone for author in parts.get("author", ()) if (someone := _author(author))],
        terms=unique((*primary, *others)),
        comment=_text(parts, "comment"),
        licence=_text(parts, "license"),
        journal=_text(parts, "journal_ref"),
        dois=(_text(parts, "doi") or "").split(),
        reports=[],
        published_on=parse_day(published),
        dates=dates,
    )


def _author(element: etree._Element) -> Person | None:
    parts = _children(element)
    name = _text(parts, "name")
    if name is None:
        return None
    someone = named(name)
    someone.affiliations = _places(parts)
    return someone if someone.name else None


# -- elements ----------------------------------------------------------------------------------------------------------


def _name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def _children(element: etree._Element) -> _Children:
    """Elements below, by their names without namespace."""
    found: _Children = {}
    for child in element.iterchildren(tag=etree.Element):
        found.setdefault(_name(child), []).append(child)
    return found


def _text(parts: _Children, name: str) -> str | None:
    """The text of the first element of a name that has any."""
    return next(filter(None, map(text_of, parts.get(name, ()))), None)


def _places(parts: _Children) -> list[str]:
    return [plain(place) for place in unique(map(text_of, parts.get("affiliation", ())))]


def _abstract(parts: _Children, name: str) -> str | None:
    raw = next(("".join(element.itertext()) for element in parts.get(name, ())), "")
    paragraphs = (" ".join(paragraph.split()) for paragraph in _PARAGRAPH.split(raw.strip()))
    return "\n\n".join(filter(None, paragraphs)) or None


def _day(text: str) -> date | None:
    """The day of a date as arXiv writes it, "Mon, 22 Oct 2018 22:41:50 GMT"."""
    try:
        moment = parsedate_to_datetime(text[:100])
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return parse_day(text)


def _without_id(text: str | None) -> Unlistable:
    return Unlistable("missing_arxiv_id", f"{text[:100]!r} is no arXiv identifier" if text else "no arXiv identifier")
