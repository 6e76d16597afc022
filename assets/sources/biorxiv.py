"""The sources ``biorxiv`` and ``medrxiv``: pages of the details interface that both servers share.

A page is a JSON object: ``messages`` says how the query went, ``collection`` holds a row for each version of a preprint
(https://api.biorxiv.org/, 2026). A page that says ``no posts found`` lists nothing. Rows date their own version only:
the first posting of a preprint is known where its first version is listed. ``published`` is the DOI of the journal
version and is kept as PubMed keeps it for its preprints, as the correction ``UpdateIn``. What does not belong here:
marks within an abstract (`assets.sources.biorxiv_markup`), paging (`assets.connectors.biorxiv`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, Final

from assets.sources import json_rows
from assets.sources.base import Quarantined, RawObject, Record, Source, Status
from assets.sources.bibliography import Bibliography, Correction, Dated, Grant, Identifier
from assets.sources.biorxiv_markup import plain, sections
from assets.sources.dates import parse_day, publication_fault
from assets.sources.exports.citations import Person, persons, without_empty
from assets.sources.faults import Unlistable
from assets.sources.identifiers import normalise_doi
from assets.sources.jats.licence import licence_name
from assets.sources.json_rows import Broken, Page, decoded, mapping, read_page, split, text, texts
from assets.sources.withdrawals import says_withdrawn

LIST: Final = b"collection"

_STATUS = re.compile(
    rb'"messages"\s{0,100}:\s{0,100}\[\s{0,100}\{[^{}\[\]]{0,2000}?"status"\s{0,100}:\s{0,100}"([^"]{0,200})"'
)
_NOTHING = re.compile(r"\s*no (?:posts?|articles?|papers?|preprints?|records?|results?) found\b.*", re.I | re.S)

#: What stands for nothing in any field.
_NOT_GIVEN = frozenset({"", "na", "n/a", "null", "none"})

#: medRxiv writes the stage of production where bioRxiv writes the kind of result.
_NO_TYPE = frozenset({"publishaheadofprint"})
_WITHDRAWN = frozenset({"withdrawn", "withdrawal", "removed", "removal"})
_SAYS_WITHDRAWN = re.compile(
    r"\W*(?:withdrawal statement\W+)?(?:the )?(?:authors?|biorxiv|medrxiv) (?:has|have) "
    r"(?:\w+ )?(?:withdrawn|removed)\b",
    re.IGNORECASE,
)
#: ``cc_no`` is the servers' code for the option of no reuse without permission.
_LICENCES = {"cc_no": "All rights reserved"}
_ADDRESS = re.compile(r"https?://[^\s<>\"]{4,2000}", re.IGNORECASE)
_SAFE_DOI = re.compile(r"10\.[0-9]{4,9}/[A-Za-z0-9._-]{1,100}", re.ASCII)


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """The versions that a page lists, in order; see `assets.sources.base.Parser`."""
    page = read_page(stream)
    status, listed = _status(page), False
    for index, row in enumerate(split(page, LIST, optional=says_nothing_found(status))):
        listed = True
        try:
            if isinstance(row, Broken):
                raise Unlistable(row.reason, row.detail)
            yield read_row(decoded(row), index, raw)
        except Unlistable as fault:
            yield fault.quarantined(index, f"row {index}", row.content)
    if not listed and not _is_empty(status):
        yield Unlistable("error_answer", f"no rows under the status {status!r}").quarantined(0, "", page.content)


def count(stream: BinaryIO) -> int:
    """Rows of the collection; see `assets.sources.base.Counter`."""
    page = read_page(stream)
    status = _status(page)
    return json_rows.count(page, LIST, optional=says_nothing_found(status)) or int(not _is_empty(status))


def says_nothing_found(status: str) -> bool:
    """Whether a status is the servers' way of saying that a query has no rows."""
    return _NOTHING.fullmatch(status) is not None


def row_id(entry: dict[str, object]) -> str | None:
    """A row as the service counts it: a version of a preprint."""
    doi = normalise_doi(text(entry.get("doi")))
    return f"{doi}v{text(entry.get('version')) or '?'}" if doi else None


def read_row(entry: dict[str, object], index: int, raw: RawObject) -> Record:
    """The listing that one row makes.

    Raises:
        Unlistable: It has no DOI, no title, or an impossible date.
    """
    doi = normalise_doi(_said(entry, "doi"))
    if doi is None:
        raise Unlistable("missing_doi", "the row names no DOI")
    title = plain(_said(entry, "title") or "")
    if not title:
        raise Unlistable("missing_title", f"{doi[:100]} has no title")
    posted = parse_day(entry.get("date"))
    if fault := publication_fault(posted, raw):
        raise Unlistable("implausible_date", fault)
    version = re.sub(r"^[vV](?=[0-9])", "", _said(entry, "version") or "") or None
    parts = sections(_said(entry, "abstract") or "")
    abstract = "\n\n".join(f"{part.label}: {part.text}" if part.label else part.text for part in parts) or None
    kind = _said(entry, "type")
    server = _said(entry, "server") or raw.source
    category = _said(entry, "category")
    people = _people(entry)
    return Record(
        record_index=index,
        title=title,
        source_id=doi,
        version=version,
        status=_status_of(kind, title, abstract, version),
        abstract=abstract,
        abstract_sections=parts if any(part.label for part in parts) else [],
        authors=[someone.author() for someone in people],
        journal=server,
        published_on=posted,
        doi=doi,
        licence=_licence(_said(entry, "license")),
        publication_types=[kind] if kind and kind.lower() not in _NO_TYPE | _WITHDRAWN else [],
        categories=[category] if category else [],
        url=_url(server, doi, version),
        bibliography=_bibliography(entry, doi, people),
    )


# -- what a page says of itself ----------------------------------------------------------------------------------------


def _status(page: Page) -> str:
    """The status that a page's first message gives, in lower case; empty where it gives none that can be read."""
    found = _STATUS.search(page.content)
    return found[1].decode("utf-8", errors="replace").strip().lower() if found else ""


def _is_empty(status: str) -> bool:
    """Whether a page without rows has none to list, by its own word."""
    return status == "ok" or says_nothing_found(status)


# -- fields ------------------------------------------------------------------------------------------------------------


def _said(entry: dict[str, object], name: str) -> str | None:
    return _given(entry.get(name))


def _given(value: object) -> str | None:
    told = text(value)
    return told if told and told.lower() not in _NOT_GIVEN else None


def _status_of(kind: str | None, title: str, abstract: str | None, version: str | None) -> Status:
    announced = says_withdrawn(title, abstract) or _SAYS_WITHDRAWN.match(abstract or "")
    if announced or (kind or "").lower() in _WITHDRAWN:
        return "withdrawn"
    return "revised" if version not in (None, "1") else "new"


def _licence(code: str | None) -> str | None:
    """The short name of a licence code (``cc_by_nd``); any other as it stands."""
    if code is None:
        return None
    return _LICENCES.get(code.lower()) or licence_name(code.replace("_", "-")) or code


def _url(server: str, doi: str, version: str | None) -> str | None:
    host = {"biorxiv": "www.biorxiv.org", "medrxiv": "www.medrxiv.org"}.get(server.lower())
    if host is None or not _SAFE_DOI.fullmatch(doi):
        return None
    return f"https://{host}/content/{doi}{f'v{version}' if (version or '').isdecimal() else ''}"


def _people(entry: dict[str, object]) -> list[Person]:
    """The authors, and with the corresponding one, where they can be told from the others, their institution."""
    people = persons((_said(entry, "authors") or "").split(";"))
    institution = _said(entry, "author_corresponding_institution")
    corresponding = _words(_said(entry, "author_corresponding") or "")
    if institution and corresponding:
        meant = [someone for someone in people if _is_named(someone, corresponding)]
        if len(meant) == 1:
            meant[0].affiliations = [institution]
    return people


def _is_named(someone: Person, words: list[str]) -> bool:
    """Whether a full name (``Ada K Lovelace``) may be that of a person with initials (``Lovelace, A. K.``)."""
    family = _words(someone.family or someone.collective or "")
    given = _words(someone.given or "")
    rest = [word for word in words if word not in family]
    return bool(family) and set(family) <= set(words) and (not given or given[0][0] in {word[0] for word in rest})


def _words(name: str) -> list[str]:
    return re.findall(r"\w+", name.casefold())[:50]


def _bibliography(entry: dict[str, object], doi: str, people: list[Person]) -> Bibliography | None:
    published = normalise_doi(_said(entry, "published"))
    updates: list[Correction] = []
    if published and published != doi:
        updates.append({"kind": "UpdateIn", "citation": f"doi:{published}", "pmid": None, "note": None})
    posted = _said(entry, "date")
    dates: list[Dated] = [{"kind": "posted", "value": posted, "on": parse_day(posted)}] if posted else []
    return without_empty(
        Bibliography(
            article_ids=_identifiers(entry, doi),
            dates=dates,
            author_details=[someone.detail() for someone in people],
            grants=_grants(entry),
            corrections=updates,
        )
    )


def _identifiers(entry: dict[str, object], doi: str) -> list[Identifier]:
    """The DOI, and under the interface's own name for it the address of the full text in JATS."""
    jats = _said(entry, "jatsxml") or _said(entry, "jats_xml_path")
    found: list[Identifier] = [{"kind": "doi", "value": doi}]
    if jats and _ADDRESS.fullmatch(jats):
        found.append({"kind": "jatsxml", "value": jats})
    return found


def _grants(entry: dict[str, object]) -> list[Grant]:
    """Who paid, and under which award; one row for each award."""
    given = entry.get("funder") or entry.get("funding")
    grants: dict[tuple[str | None, str | None], Grant] = {}
    for one in given if isinstance(given, list) else [given]:
        funder = mapping(one)
        name = _given(funder.get("name") if funder else one)
        awards: list[str | None] = [*texts(funder.get("award"))] or [text(funder.get("award"))]
        for award in awards:
            number = _given(award)
            if name or number:
                grants.setdefault((number, name), {"id": number, "acronym": None, "agency": name, "country": None})
    return list(grants.values())


BIORXIV: Final = Source(
    name="biorxiv",
    description="bioRxiv's preprints, one record for each version; the day is that of the version's posting.",
    extension="json",
    count=count,
    parse=parse,
)
MEDRXIV: Final = replace(
    BIORXIV,
    name="medrxiv",
    description="medRxiv's preprints, one record for each version; the day is that of the version's posting.",
)
