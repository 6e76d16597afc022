"""What one result of Europe PMC's search says, as a `Record`: the fields of ``resultType=core``.

Named after the service's reference guide of version 6.9
(https://europepmc.org/docs/EBI_Europe_PMC_Web_Service_Reference.pdf). A result is known by its source and its id within
that: together they are the ``source_id``, ``MED/39709209``, ``PPR/PPR170401``, as in the service's own addresses. What
does not belong here: pages (`assets.sources.europepmc.europepmc`), HTML within texts
(`assets.sources.europepmc.markup`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from assets.sources.base import Record, Section, Status
from assets.sources.bibliography import Bibliography, Book, Dated, Identifier
from assets.sources.dates import parse_date, parse_day, parse_issue_date
from assets.sources.europepmc.indexing import chemicals, corrections, data_banks, grants, listed, mesh_headings
from assets.sources.europepmc.markup import has_tags, sections, without_tags
from assets.sources.exports.citations import Person, without_empty
from assets.sources.faults import Unlistable
from assets.sources.identifiers import (
    normalise_arxiv,
    normalise_doi,
    normalise_orcid,
    normalise_pmcid,
    normalise_pmid,
)
from assets.sources.jats.licence import licence_name
from assets.sources.json_rows import mapping, number, text, texts
from assets.sources.languages import language_code
from assets.sources.withdrawals import says_withdrawn

Entry = Mapping[str, object]

RETRACTED = "Retracted Publication"

#: A preprint that its authors withdrew, or that its server took away: what is left is a notice.
_GONE = frozenset({"preprint-withdrawal", "preprint-removal"})

#: Field -> the kind of its date.
_DATES = {
    "firstPublicationDate": "published",
    "electronicPublicationDate": "electronic",
    "dateOfCreation": "created",
    "dateOfCompletion": "completed",
    "dateOfRevision": "revised",
    "firstIndexDate": "indexed",
    "fullTextReceivedDate": "full_text",
    "embargoDate": "embargo",
}


def read_result(entry: Entry, index: int) -> Record:
    """The listing that one result makes.

    Raises:
        Unlistable: No source, no id, or no title.
    """
    source, own = text(entry.get("source")), text(entry.get("id"))
    if source is None or own is None:
        raise Unlistable("missing_id", "the result names no source or no id within it")
    source_id = f"{source}/{own}"
    marked = text(entry.get("title"))
    title = " ".join(without_tags(marked).split()) if marked else ""
    if not title:
        raise Unlistable("missing_title", f"{source_id} has no title")
    told = sections(text(entry.get("abstractText")) or "")
    abstract = "\n\n".join(f"{part.label}: {part.text}" if part.label else part.text for part in told) or None
    doi = normalise_doi(text(entry.get("doi")))
    arxiv = normalise_arxiv(doi)
    kinds = _publication_types(entry)
    people = _people(entry)
    info = mapping(entry.get("journalInfo"))
    language = text(entry.get("language"))
    licence = text(entry.get("license"))
    return Record(
        record_index=index,
        title=title,
        source_id=source_id,
        version=text(entry.get("versionNumber")),
        status=_status(entry, kinds, title, abstract),
        abstract=abstract,
        abstract_sections=_structured(told),
        authors=[person.author() for person in people],
        journal=_journal(entry, source),
        published_on=_published(entry, info),
        language=language_code(language),
        doi=doi,
        pmid=normalise_pmid(text(entry.get("pmid")) or (own if source == "MED" else None)),
        pmcid=normalise_pmcid(text(entry.get("pmcid")) or (own if source == "PMC" else None)),
        arxiv_id=arxiv.id if arxiv else None,
        licence=licence_name(licence) or licence,
        publication_types=kinds,
        mesh=[heading["descriptor"] for heading in mesh_headings(entry)],
        keywords=texts(mapping(entry.get("keywordList")).get("keyword")),
        url=f"https://europepmc.org/article/{source_id}",
        bibliography=without_empty(
            Bibliography(
                **_of_journal(mapping(info.get("journal"))),
                title_markup=marked if marked and has_tags(marked) else None,
                volume=text(info.get("volume")),
                issue=text(info.get("issue")),
                pages=text(entry.get("pageInfo")),
                languages=[language] if language else [],
                article_ids=_article_ids(entry, source_id),
                dates=_dates(entry, info),
                author_details=[person.detail() for person in people],
                investigators=[_person(row).detail() for row in listed(entry, "investigatorList", "investigator")],
                mesh_headings=mesh_headings(entry),
                chemicals=chemicals(entry),
                grants=grants(entry),
                data_banks=data_banks(entry),
                corrections=corrections(entry),
                publication_status=text(entry.get("publicationStatus")),
                book=_book(entry) if source != "PPR" else None,
            )
        ),
    )


# -- status ------------------------------------------------------------------------------------------------------------


def _publication_types(entry: Entry) -> list[str]:
    kinds = texts(mapping(entry.get("pubTypeList")).get("pubType"))
    retracted = any(row["kind"] == "RetractionIn" for row in corrections(entry))
    kinds = [RETRACTED if kind.lower() == RETRACTED.lower() else kind for kind in kinds]
    return list(dict.fromkeys([*kinds, RETRACTED] if retracted else kinds))


def _status(entry: Entry, kinds: list[str], title: str, abstract: str | None) -> Status:
    versions = listed(entry, "versionList", "version")
    newest = max(versions, key=lambda version: number(version.get("versionNumber")) or 0, default={})
    said = {kind.lower() for kind in (*kinds, *texts(mapping(newest.get("pubTypeList")).get("pubType")))}
    if said & _GONE or says_withdrawn(title, abstract):
        return "withdrawn"
    return "revised" if (number(entry.get("versionNumber")) or 1) > 1 else "new"


def _structured(told: list[Section]) -> list[Section]:
    """The sections of an abstract that has any: a single unlabelled text has no structure to tell."""
    return told if len(told) > 1 or any(part.label for part in told) else []


# -- people ------------------------------------------------------------------------------------------------------------


def _people(entry: Entry) -> list[Person]:
    people = [person for author in listed(entry, "authorList", "author") if (person := _person(author)).name]
    if people:
        if (place := text(entry.get("affiliation"))) and not any(person.affiliations for person in people):
            people[0].affiliations = [place]
        return people
    # Results of some sources have the names in one text only.
    names = (text(entry.get("authorString")) or "").removesuffix(".").split(", ")
    return [Person(collective=name.strip()) for name in names if name.strip()]


def _person(author: Entry) -> Person:
    identifier = mapping(author.get("authorId"))
    places = [text(place.get("affiliation")) for place in
              listed(author, "authorAffiliationDetailsList", "authorAffiliation")]  # fmt: skip
    family, given, initials = (text(author.get(name)) for name in ("lastName", "firstName", "initials"))
    collective = text(author.get("collectiveName"))
    if family is None and given is None and collective is None:
        collective = text(author.get("fullName"))
    return Person(
        family=family,
        given=given,
        initials=initials,
        collective=collective,
        orcid=normalise_orcid(text(identifier.get("value"))) if identifier.get("type") == "ORCID" else None,
        affiliations=list(dict.fromkeys(place for place in (*places, text(author.get("affiliation"))) if place)),
    )


# -- where and when ----------------------------------------------------------------------------------------------------


def _journal(entry: Entry, source: str) -> str | None:
    """The journal; of a preprint its server, of a chapter its book."""
    title = text(mapping(mapping(entry.get("journalInfo")).get("journal")).get("title"))
    details = mapping(entry.get("bookOrReportDetails"))
    return title or text(details.get("publisher" if source == "PPR" else "comprisingTitle"))


def _of_journal(journal: Entry) -> Bibliography:
    printed, electronic = text(journal.get("issn")), text(journal.get("essn"))
    kind = ("Electronic" if printed == electronic else "Print") if printed else "Electronic" if electronic else None
    abbreviations = (text(journal.get(name)) for name in ("isoabbreviation", "ISOAbbreviation", "medlineAbbreviation"))
    return Bibliography(
        journal_abbreviation=next(filter(None, abbreviations), None),
        issn=printed or electronic,
        issn_kind=kind,
        nlm_id=text(journal.get("nlmid")) or text(journal.get("NLMid")),
    )


def _book(entry: Entry) -> Book | None:
    details = mapping(entry.get("bookOrReportDetails"))
    accession = text(entry.get("bookid"))
    if not details and accession is None:
        return None
    isbns = [isbn for name in ("isbn10", "isbn13") if (isbn := text(details.get(name)))]
    return Book(
        title=text(details.get("comprisingTitle")),
        accession=accession,
        publisher=text(details.get("publisher")),
        place=None,
        edition=text(details.get("edition")),
        isbns=isbns,
        editors=[],
    )


def _published(entry: Entry, info: Entry) -> date | None:
    """The first publication as the service has it, else what else it says."""
    days = (parse_day(entry.get(name)) for name in ("firstPublicationDate", "electronicPublicationDate"))
    found = next(filter(None, days), None) or parse_day(info.get("printPublicationDate"))
    return found or parse_issue_date(text(info.get("dateOfPublication"))) or parse_date(text(entry.get("pubYear")))


def _dates(entry: Entry, info: Entry) -> list[Dated]:
    said = [(kind, text(entry.get(name))) for name, kind in _DATES.items()]
    said.append(("print", text(info.get("printPublicationDate"))))
    for version in listed(entry, "versionList", "version"):
        if (which := number(version.get("versionNumber"))) is not None:
            said.append((f"v{which}", text(version.get("firstPublishDate"))))
    dates = [Dated(kind=kind, value=value, on=parse_day(value)) for kind, value in said if value]
    if issue := text(info.get("dateOfPublication")):
        dates.append(Dated(kind="issue", value=issue, on=parse_issue_date(issue)))
    return dates


def _article_ids(entry: Entry, source_id: str) -> list[Identifier]:
    said = [(kind, text(entry.get(name))) for kind, name in
            (("pubmed", "pmid"), ("doi", "doi"), ("pmc", "pmcid"), ("mid", "manuscriptId"), ("bookaccession", "bookid"))
            ]  # fmt: skip
    for version in listed(entry, "versionList", "version"):
        source, own = text(version.get("source")), text(version.get("id"))
        said.append(("version", f"{source}/{own}" if source and own else own))
    ids = [Identifier(kind="europepmc", value=source_id)]
    ids += [Identifier(kind=kind, value=value) for kind, value in dict.fromkeys(said) if value]
    return ids
