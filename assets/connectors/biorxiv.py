"""The connectors ``biorxiv`` and ``medrxiv``: one interface, asked for the versions that were posted on a day.

Contract (https://api.biorxiv.org/ and probes of it that others published, 2026):
``/details/{server}/{from}/{to}/{cursor}``, JSON unless said otherwise. ``messages`` holds one object with ``status``,
the echoed ``category``, ``interval`` and ``cursor``, the rows on the page (``count``) and in all (``total``: versions,
as text). ``cursor`` is an offset. The documentation promises 100 rows a page, the interface sends 30 and takes any
offset, so that a step of anything but the rows that came skips some without a word. A day without postings is
``no posts found`` under status 200. A category that the interface does not know is passed over: it sends those of all
categories, and only the echo tells. An empty body is a fault, not an empty day. What does not belong here: what a row
says (`assets.sources.biorxiv`).
"""

from __future__ import annotations

import re
from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from assets.connectors.base import Connector, Endpoint, PageFault, QueryConfig, Response, Step, Understood
from assets.sources.biorxiv import LIST, row_id, says_nothing_found
from assets.sources.dates import parse_day
from assets.sources.faults import Unlistable
from assets.sources.json_rows import Broken, Page, decoded, number, read_page, split, text

Server = Literal["biorxiv", "medrxiv"]

ENDPOINT = Endpoint(
    name="biorxiv",
    url="https://api.biorxiv.org",
    seconds_between=1.0,
    source="no limit is published; one request a second is what its clients keep to",
)

#: Times that a list is asked for again where it ends before what it announced.
ASKED_AGAIN = 2

# The subject categories that take postings, as the servers' own pages list them, 2026.
_BIORXIV = """
    animal_behavior_and_cognition biochemistry bioengineering bioinformatics biophysics cancer_biology cell_biology
    developmental_biology ecology evolutionary_biology genetics genomics immunology microbiology molecular_biology
    neuroscience paleontology pathology pharmacology_and_toxicology physiology plant_biology
    scientific_communication_and_education synthetic_biology systems_biology zoology
"""
_MEDRXIV = """
    addiction_medicine allergy_and_immunology anesthesia cardiovascular_medicine dentistry_and_oral_medicine dermatology
    emergency_medicine endocrinology epidemiology forensic_medicine gastroenterology genetic_and_genomic_medicine
    geriatric_medicine health_economics health_informatics health_policy health_systems_and_quality_improvement
    hematology hiv_aids infectious_diseases intensive_care_and_critical_care_medicine medical_education medical_ethics
    nephrology neurology nursing nutrition obstetrics_and_gynecology occupational_and_environmental_health oncology
    ophthalmology orthopedics otolaryngology pain_medicine palliative_medicine pathology pediatrics
    pharmacology_and_therapeutics primary_care_research psychiatry_and_clinical_psychology public_and_global_health
    radiology_and_imaging rehabilitation_medicine_and_physical_therapy respiratory_medicine rheumatology
    sexual_and_reproductive_health sports_medicine surgery toxicology transplantation urology
"""


class PreprintConfig(QueryConfig):
    """All postings of a server, or those in some of its categories."""

    known: ClassVar[frozenset[str]] = frozenset()

    look_back: int = Field(
        2,
        ge=0,
        le=60,
        description="Days after its own for which a day is fetched again, once a day: postings are dated by the "
        "servers' clock, some hours behind UTC.",
    )
    categories: tuple[str, ...] = Field(
        (), description='Subject categories, for example ["neuroscience", "cell biology"]; none: all.'
    )

    @field_validator("categories")
    @classmethod
    def _named(cls, categories: tuple[str, ...]) -> tuple[str, ...]:
        named = tuple(dict.fromkeys(_category(category) for category in categories))
        for category in named:
            if category not in cls.known:
                raise ValueError(f"there is no category {category!r}; there are {', '.join(sorted(cls.known))}")
        return named


class BiorxivConfig(PreprintConfig):
    """All of bioRxiv, or some of its categories."""

    known = frozenset(_BIORXIV.split())


class MedrxivConfig(PreprintConfig):
    """All of medRxiv, or some of its categories."""

    known = frozenset(_MEDRXIV.split())


def _category(name: str) -> str:
    """A category as the interface takes it: words joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def _step(server: Server, config: PreprintConfig, day: date, place: int, cursor: int, again: int = 0) -> Step:
    category = config.categories[place] if config.categories else ""
    return Step(
        ENDPOINT.name,
        f"/details/{server}/{day}/{day}/{cursor}",
        (("category", category),) if category else (),
        part=category,
        memo={"category": place, "cursor": cursor, "again": again},
    )


def _read(server: Server, config: PreprintConfig, day: date, step: Step, response: Response) -> Understood:
    place, cursor, again = (int(step.memo[name]) for name in ("category", "cursor", "again"))
    following = _step(server, config, day, place + 1, 0) if place + 1 < len(config.categories) else None
    page = read_page(response.body)
    message = _message(page)
    status = (text(message.get("status")) or "").lower()
    if says_nothing_found(status):
        if cursor == 0:
            return Understood("control", announced=0, next=following)
        if again < ASKED_AGAIN:
            return Understood("control", next=_step(server, config, day, place, cursor, again + 1))
        return Understood("control", next=following)  # less than announced: the gate says so
    if status != "ok":
        raise PageFault("error_answer", f"the service answers with the status {status[:200]!r}")
    entries = _entries(page)
    total = number(message.get("total"))
    if total is None:
        raise PageFault("wrong_page", "the answer does not say how many rows there are")
    _check_echo(message, step.part, day, cursor)
    counted = number(message.get("count"))
    if len(entries) < min(total - cursor, max(1, counted or 0)):
        raise PageFault("short_page", f"{len(entries)} rows at {cursor} of {total}, where it says {counted}")
    if not entries:
        return Understood("control", announced=total, next=following)
    _check_rows(server, step.part, day, entries)
    if cursor + len(entries) < total:
        following = _step(server, config, day, place, cursor + len(entries))
    return Understood("records", ids=_ids(entries, cursor), announced=total, next=following)


def _message(page: Page) -> dict[str, object]:
    found = next(split(page, b"messages"), None)
    if isinstance(found, Broken):
        raise PageFault("unreadable_page", f"the answer has no messages: {found.detail}")
    if found is None:
        raise PageFault("wrong_page", "the answer says nothing of itself")
    try:
        return decoded(found)
    except Unlistable as fault:
        raise PageFault("unreadable_page", f"the answer's message cannot be read: {fault}") from fault


def _entries(page: Page) -> list[dict[str, object]]:
    """The rows of the collection, an empty one in the place of each that cannot be read: the parser says why."""
    entries: list[dict[str, object]] = []
    for row in split(page, LIST):
        if isinstance(row, Broken):
            raise PageFault("unreadable_page", f"the collection cannot be read to its end: {row.detail}")
        try:
            entries.append(decoded(row))
        except Unlistable:
            entries.append({})
    return entries


def _check_echo(message: dict[str, object], category: str, day: date, cursor: int) -> None:
    """Hold what the service says it was asked against what it was asked, as far as it says so."""
    echoed = text(message.get("category"))
    if category and echoed is not None and _category(echoed) != category:
        detail = f"the service does not know the category {category!r} and lists {echoed[:100]!r} in its place"
        raise PageFault("wrong_page", detail, then="fail")
    interval = text(message.get("interval"))
    if interval is not None and set(re.findall(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", interval)) - {day.isoformat()}:
        raise PageFault("wrong_page", f"the list of {interval[:100]!r} in place of {day}")
    at = number(message.get("cursor"))
    if at is not None and at != cursor:
        raise PageFault("wrong_page", f"the rows from {at} on in place of those from {cursor} on")


def _check_rows(server: Server, category: str, day: date, entries: list[dict[str, object]]) -> None:
    """Refuse rows of another server or category, and a page of nothing but other days.

    One row that is dated otherwise is listed all the same: the service counts it to the day.
    """
    servers = {(text(entry.get("server")) or server).lower() for entry in entries}
    if servers != {server}:
        raise PageFault("wrong_page", f"rows of {', '.join(sorted(servers))} in place of {server}")
    categories = {_category(text(entry.get("category")) or category) for entry in entries}
    if category and categories != {category}:
        detail = f"rows of {', '.join(sorted(categories))[:200]} where only {category} was asked for"
        raise PageFault("wrong_page", detail, then="fail")
    days = {posted for entry in entries if (posted := parse_day(entry.get("date"))) is not None}
    if days and day not in days:
        raise PageFault("wrong_page", f"rows of {min(days)} to {max(days)} in place of {day}")


def _ids(entries: list[dict[str, object]], cursor: int) -> tuple[str, ...]:
    """The rows as the service counts them. A version that stands twice on a page is two of them."""
    seen: dict[str, int] = {}
    ids = []
    for place, entry in enumerate(entries):
        name = row_id(entry) or f"row {cursor + place}"
        seen[name] = seen.get(name, 0) + 1
        ids.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return tuple(ids)


def _connector(server: Server, title: str, config: type[PreprintConfig]) -> Connector:
    return Connector(
        name=server,
        source=server,
        description=f"{title}'s preprints with abstract, licence and journal version, each version a record.",
        day="Versions that the server dates to that day, first versions and revisions.",
        config=config,
        endpoints=(ENDPOINT,),
        first=lambda query, day: _step(server, query, day, 0, 0),
        read=lambda query, day, step, response: _read(server, query, day, step, response),
    )


BIORXIV = _connector("biorxiv", "bioRxiv", BiorxivConfig)
MEDRXIV = _connector("medrxiv", "medRxiv", MedrxivConfig)
