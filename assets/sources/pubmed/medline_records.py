"""What the tags of one MEDLINE record say, as a `Record`.

Tags after NLM's "MEDLINE/PubMed Data Element (Field) Descriptions" and PubMed's help. What does not belong here: how a
file is cut into records (`assets.sources.pubmed.medline_text`), cleaning of text (`assets.listings.text`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from assets.sources.base import RawObject, Record
from assets.sources.bibliography import (
    Bibliography,
    Book,
    Correction,
    Dated,
    Identifier,
    OtherAbstract,
)
from assets.sources.dates import parse_issue_date, publication_fault
from assets.sources.exports.citations import Identified, Person, person, said_status, without_empty
from assets.sources.faults import Unlistable
from assets.sources.identifiers import normalise_orcid, normalise_pmcid, normalise_pmid
from assets.sources.languages import language_code
from assets.sources.pubmed.medline_subjects import chemicals, data_banks, grant, headings

Fields = list[tuple[str, str]]

#: What NLM prints where an article has no English title.
_NO_TITLE = "[Not Available]."

#: Tag -> the RefType that PubMed XML has for it.
CORRECTIONS = {
    "CIN": "CommentIn", "CON": "CommentOn", "EIN": "ErratumIn", "EFR": "ErratumFor",
    "CRI": "CorrectedandRepublishedIn", "CRF": "CorrectedandRepublishedFrom",
    "DDIN": "AssociatedDataset", "DRIN": "AssociatedPublication",
    "ECI": "ExpressionOfConcernIn", "ECF": "ExpressionOfConcernFor", "ORI": "OriginalReportIn",
    "PRIN": "PartialRetractionIn", "PROF": "PartialRetractionOf", "RPI": "RepublishedIn", "RPF": "RepublishedFrom",
    "RRI": "RetractedandRepublishedIn", "RRF": "RetractedandRepublishedFrom",
    "RIN": "RetractionIn", "ROF": "RetractionOf", "SPIN": "SummaryForPatientsIn",
    "UIN": "UpdateIn", "UOF": "UpdateOf",
}  # fmt: skip

#: Tag -> kind of the date it holds.
_DATES = {"DP": "issue", "DEP": "electronic", "DCOM": "completed", "LR": "revised", "DA": "created", "CRDT": "created",
          "EDAT": "entrez", "MHDA": "medline", "CTDT": "contribution", "PHST": "history",
          "PMCR": "pmc-release"}  # fmt: skip

#: No identifier or date is longer; the patterns below take time with the square of it.
_LONGEST = 500

_KIND = re.compile(r"(.*?)\s*\[([^\[\]]*)\]", re.DOTALL)  # "10.1/x [doi]", "2005/06/17 00:00 [received]"
_IN_BRACKETS = re.compile(r"(\S+)\s*(?:\((.*)\))?", re.DOTALL)  # "1367-4803 (Print)", "0 (Proteins)"
_PMID = re.compile(r"\bPMID: ?([0-9]{1,9})")
_COMPACT_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_NUMBERED_DAY = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})\b.*", re.DOTALL)


class _Tags:
    """The values of each tag."""

    def __init__(self, fields: Fields) -> None:
        self._values: dict[str, list[str]] = {}
        for tag, value in fields:
            if value:
                self._values.setdefault(tag, []).append(value)

    def all(self, *tags: str) -> list[str]:
        """Every value of the tags, each once, tag by tag."""
        return list(dict.fromkeys(value for tag in tags for value in self._values.get(tag, ())))

    def first(self, *tags: str) -> str | None:
        """The first value of the first tag that has one."""
        return next(iter(self.all(*tags)), None)

    def text(self, tag: str) -> str | None:
        """All values of a tag as one text."""
        return "\n\n".join(self._values.get(tag, ())) or None


def read_record(fields: Fields, index: int, raw: RawObject) -> Record:
    """The listing that one record makes.

    Raises:
        Unlistable: No PMID, no title in any language, or a publication date that cannot be.
    """
    tags = _Tags(fields)
    number = tags.first("PMID")
    pmid = normalise_pmid(number)
    if pmid is None:
        cause = f"PMID {number[:40]!r} is no number" if number else "the record has no PMID"
        raise Unlistable("missing_pmid", cause)
    title = _title(tags)
    if title is None:
        raise Unlistable("missing_title", f"PMID {pmid} has no title, in English or in its own language")
    article_ids = _article_ids(tags, pmid)
    identified = _identified(article_ids, pmid)
    people = _people(fields, ("FAU", "AU"), "CN")
    published = _published(tags)
    if fault := publication_fault(published, raw):
        raise Unlistable("implausible_date", f"PMID {pmid}: {fault}")
    return Record(
        record_index=index,
        title=title,
        source_id=pmid,
        status=said_status(title.lstrip("[ ")),
        abstract=tags.text("AB"),
        authors=[someone.author() for someone in people],
        journal=tags.first("JT", "TA") or (tags.first("BTI") if tags.first("BTI") != title else None),
        published_on=published,
        language=language_code(tags.first("LA")),
        doi=identified.doi,
        pmid=pmid,
        pmcid=identified.pmcid,
        arxiv_id=identified.arxiv_id,
        publication_types=tags.all("PT"),
        mesh=list(dict.fromkeys(heading["descriptor"] for heading in headings(tags.all("MH")))),
        keywords=list(dict.fromkeys(word for text in tags.all("OT") if (word := text.lstrip("*").strip()))),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        bibliography=without_empty(_bibliography(tags, people, article_ids)),
    )


def _title(tags: _Tags) -> str | None:
    title = tags.first("TI")
    return title if title and title != _NO_TITLE else tags.first("TT") or title or tags.first("BTI")


def _bibliography(tags: _Tags, people: list[Person], article_ids: list[Identifier]) -> Bibliography:
    issn, issn_kind, linking = _issn(tags.all("IS"))
    return Bibliography(
        vernacular_title=tags.first("TT"),
        journal_abbreviation=tags.first("TA"),
        issn=issn,
        issn_kind=issn_kind,
        issn_linking=linking,
        nlm_id=tags.first("JID"),
        volume=tags.first("VI"),
        issue=tags.first("IP"),
        pages=tags.first("PG"),
        country=None if tags.first("BTI") else tags.first("PL"),
        languages=tags.all("LA"),
        article_ids=article_ids,
        dates=_dates(tags),
        author_details=[someone.detail() for someone in people],
        other_abstracts=_other_abstracts(tags),
        abstract_copyright=tags.first("CI"),
        mesh_headings=headings(tags.all("MH")),
        supplementary_concepts=[{"name": name, "ui": None, "kind": None} for name in tags.all("NM")],
        chemicals=chemicals(tags.all("RN")),
        grants=[grant(text) for text in tags.all("GR")],
        data_banks=data_banks(tags.all("SI")),
        corrections=_corrections(tags),
        coi_statement=tags.text("COIS"),
        medline_status=tags.first("STAT"),
        publication_status=tags.first("PST"),
        book=_book(tags),
    )


# -- people ------------------------------------------------------------------------------------------------------------


def _people(fields: Fields, names: tuple[str, str], group: str) -> list[Person]:
    """Authors in order with what follows each: addresses and ORCID. Old records give short names (AU) only.

    An address before any author is that of the first one: so it stood before 2014.
    """
    full = names[0] if any(tag == names[0] for tag, _ in fields) else names[1]
    people: list[Person] = []
    early: list[str] = []
    for tag, value in fields:
        if tag == full and (someone := person(value) if full == names[0] else _short(value)):
            people.append(someone)
        elif tag == group and value:
            people.append(Person(collective=value))
        elif tag == "AD" and value:
            if people:
                people[-1].affiliations.append(value)
            else:
                early.append(value)
        elif people and tag == "AUID":
            people[-1].orcid = people[-1].orcid or normalise_orcid(value)
        elif people and tag == names[1] and people[-1].family and value.startswith(people[-1].family):
            people[-1].initials = value.removeprefix(people[-1].family).strip() or None
    if people and early:
        people[0].affiliations = [*early, *people[0].affiliations]
    return people


def _short(value: str) -> Person | None:
    """``Casbon JA``: a family name and initials."""
    family, _, initials = value.rpartition(" ")
    if family and initials.isupper():
        return Person(family=family, initials=initials)
    return Person(collective=value) if value else None


# -- identifiers and dates ---------------------------------------------------------------------------------------------


def _article_ids(tags: _Tags, pmid: str) -> list[Identifier]:
    ids: list[Identifier] = [{"kind": "pubmed", "value": pmid}]
    for text in tags.all("AID", "LID"):
        for found in _KIND.finditer(text[:_LONGEST]):  # LID holds several in one line
            ids.append({"kind": found[2].strip().lower(), "value": found[1].strip()})
    ids += [{"kind": "pmc", "value": text} for text in tags.all("PMC")]
    ids += [{"kind": "mid", "value": text} for text in tags.all("MID")]
    once = {(each["kind"], each["value"]): each for each in reversed(ids) if each["value"]}
    return list(reversed(once.values()))


def _identified(ids: Iterable[Identifier], pmid: str) -> Identified:
    known = Identified(pmid=pmid)
    for each in ids:
        if each["kind"] == "doi":
            known.look_in((each["value"],), bare=True)
        elif each["kind"] == "pmc":
            known.pmcid = known.pmcid or normalise_pmcid(each["value"].partition(" ")[0])
        elif each["kind"] == "pii" and each["value"].lower().startswith("arxiv:"):
            known.take_arxiv(each["value"])
    return known


def _published(tags: _Tags) -> date | None:
    return _day(tags.first("DEP") or "") or _day(tags.first("CTDT") or "") or _day(tags.first("DP") or "")


def _day(text: str) -> date | None:
    """First day of what a date names: ``2006 Jan 10``, ``20060110``, ``2006/01/13 09:00``."""
    if parts := _COMPACT_DAY.fullmatch(text) or _NUMBERED_DAY.fullmatch(text):
        text = " ".join(parts.groups())
    return parse_issue_date(text)


def _dates(tags: _Tags) -> list[Dated]:
    dates: list[Dated] = []
    for tag, kind in _DATES.items():
        for text in tags.all(tag):
            named = _KIND.fullmatch(text[:_LONGEST])
            value = named[1] if named else text
            dates.append({"kind": named[2].lower() if named else kind, "value": value, "on": _day(value)})
    return dates


def _issn(texts: list[str]) -> tuple[str | None, str | None, str | None]:
    """ISSN, its kind, and the linking ISSN."""
    issn = kind = linking = None
    for text in texts:
        if (found := _IN_BRACKETS.fullmatch(text[:_LONGEST])) is None:
            continue
        if (found[2] or "").lower() == "linking":
            linking = linking or found[1]
        elif issn is None:
            issn, kind = found[1], found[2]
    return issn, kind, linking


# -- what belongs to it ------------------------------------------------------------------------------------------------


def _corrections(tags: _Tags) -> list[Correction]:
    corrections: list[Correction] = []
    for tag, kind in CORRECTIONS.items():
        for text in tags.all(tag):
            pmid = _PMID.search(text)
            citation = _PMID.sub("", text).strip() or None
            corrections.append(
                {"kind": kind, "citation": citation, "pmid": normalise_pmid(pmid[1]) if pmid else None, "note": None}
            )
    return corrections


def _other_abstracts(tags: _Tags) -> list[OtherAbstract]:
    languages = tags.all("OABL")
    texts = tags.all("OAB")
    return [
        {"language": languages[place] if place < len(languages) else None, "kind": None, "text": text}
        for place, text in enumerate(texts)
    ]


def _book(tags: _Tags) -> Book | None:
    title = tags.first("BTI")
    if title is None:
        return None
    return {
        "title": title,
        "accession": next((text for text in tags.all("AID") if "[bookaccession]" in text), "").partition(" ")[0]
        or None,
        "publisher": tags.first("PB"),
        "place": tags.first("PL"),
        "edition": tags.first("EN"),
        "isbns": [text.partition(" ")[0] for text in tags.all("ISBN")],
        "editors": [someone.name for text in tags.all("FED", "ED") if (someone := person(text))],
    }
