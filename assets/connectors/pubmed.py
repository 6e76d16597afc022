"""The connector ``pubmed``: a query's records of a day from NCBI's E-utilities (esearch and efetch).

The contract is that of https://www.ncbi.nlm.nih.gov/books/NBK25499/, and of what the service does beyond it: a search
has at most 9,999 records (`assets.connectors.pubmed_search` splits a day that holds more), ``retstart`` counts within
the set that was found, and an answer says nothing of records that PubMed has deleted or merged since.

esearch names what was found and has the history server keep it; efetch hands it out page by page. What a page brings is
taken off what was found. Whatever is left in the end, or when the history server forgets, is asked for by name, and
only what does not come by name either is absent. So nothing hangs on the order or on the life of what is stored there.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Literal

from pydantic import Field, field_validator

from assets.connectors.base import Connector, PageFault, QueryConfig, Response, Step, Understood
from assets.connectors.pubmed_pages import HistoryGone, own_pmids
from assets.connectors.pubmed_search import (
    ENDPOINT,
    MOST_OF_A_SEARCH,
    Splitting,
    check_planned,
    found,
    pack,
    search,
    term,
    unpack,
)

DateName = Literal["mdat", "edat", "crdt", "pdat"]


class PubmedConfig(QueryConfig):
    """What is searched for, and which of its dates make the day."""

    query: str = Field(
        min_length=1,
        max_length=20_000,
        description="A search in PubMed's own language, as on its page: neoplasms[mh] AND english[la].",
    )
    dates: tuple[DateName, ...] = Field(
        ("mdat", "edat"),
        min_length=1,
        description="Dates of a record that make the day, any of them: mdat (last modified), edat (entered; for old "
        "papers that are added late, published), crdt (added), pdat (published).",
    )
    look_back: int = Field(
        3,
        ge=0,
        le=60,
        description="Days after its own for which a day is fetched again, once a day: PubMed's day is that of "
        "Bethesda, five hours late, and its index lags.",
    )
    page_size: int = Field(
        500,
        ge=1,
        le=MOST_OF_A_SEARCH,
        description="Records asked for at once; some 10 kB each. efetch gives 10,000 at most.",
    )
    unknown_phrases: bool = Field(
        False,
        description="Take a query with words that PubMed does not know (yet). Otherwise it is refused as misspelt.",
    )

    @field_validator("query")
    @classmethod
    def _can_be_meant(cls, query: str) -> str:
        query = " ".join(query.split())
        if not query:
            raise ValueError("is empty: name at least one word, or all[sb] for every record")
        if query.count('"') % 2:
            raise ValueError("has a quotation mark that is not closed")
        outside = re.sub(r'"[^"]*"', "", query)
        for begin, end in (("(", ")"), ("[", "]")):
            depth = 0
            for character in outside:
                depth += (character == begin) - (character == end)
                if depth < 0:
                    raise ValueError(f"has a {end!r} before its {begin!r}")
            if depth:
                raise ValueError(f"has a {begin!r} that is not closed")
        return query

    @field_validator("dates", mode="before")
    @classmethod
    def _one_or_several(cls, dates: Any) -> Any:
        return tuple(dates.replace(",", " ").split()) if isinstance(dates, str) else dates

    @field_validator("dates")
    @classmethod
    def _each_once(cls, dates: tuple[DateName, ...]) -> tuple[DateName, ...]:
        return tuple(dict.fromkeys(dates))


def first(config: PubmedConfig, day: date) -> Step:
    """The first request of a day; see `assets.connectors.base.Connector`."""
    return search(term(config.query, config.dates, day), None, None, ())


def read(config: PubmedConfig, day: date, step: Step, response: Response) -> Understood:
    """What one response says; see `assets.connectors.base.Connector`."""
    splitting = Splitting(config.query, config.dates, day)
    match step.memo["reads"]:
        case "search":
            return _read_search(config, splitting, step, response)
        case "count":
            return splitting.read(step, found(step, response, unknown_phrases=config.unknown_phrases).count)
        case "page":
            return _read_page(config, splitting, step, response)
        case _:
            return _read_named(config, splitting, step, response)


def _read_search(config: PubmedConfig, splitting: Splitting, step: Step, response: Response) -> Understood:
    answer = found(step, response, unknown_phrases=config.unknown_phrases)
    within, todo = step.memo["range"], step.memo["todo"]
    if within is not None:
        check_planned((within[0], within[1]), answer.count, step.memo["planned"])
    elif answer.count > MOST_OF_A_SEARCH:
        return Understood("control", next=splitting.begin(answer.count))
    if answer.history is None or not answer.count:
        following = _by_name(config, splitting, step.part, list(answer.pmids), todo)
    else:
        stored = {"webenv": answer.history[0], "key": answer.history[1], "found": answer.count, "todo": todo}
        following = _page(config, step.part, answer.pmids, 0, stored)
    return Understood("control", announced=answer.count, next=following)


# -- from the history server -------------------------------------------------------------------------------------------


def _page(
    config: PubmedConfig, part: str, left: tuple[int, ...] | list[int], start: int, stored: dict[str, Any]
) -> Step:
    params = (
        ("db", "pubmed"),
        ("query_key", stored["key"]),
        ("WebEnv", stored["webenv"]),
        ("retstart", str(start)),
        ("retmax", str(min(config.page_size, stored["found"] - start))),
        ("retmode", "xml"),
    )
    memo = {"reads": "page", "left": pack(left), "start": start, **stored}
    return Step(ENDPOINT.name, "/efetch.fcgi", params, "xml", part=part, memo=memo)


def _read_page(config: PubmedConfig, splitting: Splitting, step: Step, response: Response) -> Understood:
    memo, left = step.memo, unpack(step.memo["left"])
    try:
        came = own_pmids(response)
    except HistoryGone:
        # To begin the day anew would fetch again what has come already; what lacks is known by name.
        return Understood("control", next=_by_name(config, splitting, step.part, left, memo["todo"]))
    wanted = set(map(str, left))
    new = [pmid for pmid in dict.fromkeys(came) if pmid in wanted]
    if 2 * len(new) < len(came) or not new:
        # Records that came before or that were not found: this is not the search, or no more of it.
        return Understood("control", next=_by_name(config, splitting, step.part, left, memo["todo"]))
    still = _without(left, new)
    # By what came, though retstart counts what was found: behind a record that is gone one comes twice, and none is
    # passed over where the service gives fewer than it was asked for.
    start = memo["start"] + len(came)
    if still and start < memo["found"]:
        stored = {name: memo[name] for name in ("webenv", "key", "found", "todo")}
        following: Step | None = _page(config, step.part, still, start, stored)
    else:
        following = _by_name(config, splitting, step.part, still, memo["todo"])
    return Understood("records", ids=tuple(new), next=following)


# -- by name -----------------------------------------------------------------------------------------------------------


def _by_name(
    config: PubmedConfig,
    splitting: Splitting,
    part: str,
    left: list[int],
    todo: list[list[int]],
    unanswered: int = 0,
) -> Step | None:
    """Asks for what is left of a list, a page's worth at a time; with nothing left, for the list that follows."""
    if not left:
        return splitting.next_range(todo)
    named = sorted(left)[: config.page_size]
    params = (("db", "pubmed"), ("id", ",".join(map(str, named))), ("retmax", str(len(named))), ("retmode", "xml"))
    memo = {"reads": "named", "left": pack(left), "unanswered": unanswered, "todo": todo}
    return Step(ENDPOINT.name, "/efetch.fcgi", params, "xml", part=part, memo=memo, form=True)


def _read_named(config: PubmedConfig, splitting: Splitting, step: Step, response: Response) -> Understood:
    memo, left = step.memo, unpack(step.memo["left"])
    named = dict(step.params)["id"].split(",")
    came = own_pmids(response)
    wanted = set(named)
    new = [pmid for pmid in dict.fromkeys(came) if pmid in wanted]
    if came and not new:
        raise PageFault("wrong_page", f"none of the {len(came)} records was asked for")
    if new:  # what did not come is asked for again with what follows: the answer may have been cut short
        following = _by_name(config, splitting, step.part, _without(left, new), memo["todo"])
        return Understood("records", ids=tuple(new), next=following)
    if not memo["unanswered"]:
        return Understood("control", next=_by_name(config, splitting, step.part, left, memo["todo"], unanswered=1))
    following = _by_name(config, splitting, step.part, _without(left, named), memo["todo"])
    return Understood("control", absent=tuple(named), next=following)


def _without(left: list[int], gone: list[str]) -> list[int]:
    numbers = set(map(int, gone))
    return [pmid for pmid in left if pmid not in numbers]


CONNECTOR = Connector(
    name="pubmed",
    source="pubmed",
    description="A search in PubMed, by NCBI's E-utilities.",
    day="Records that were last modified or entered on that day, by PubMed's own calendar (US Eastern time); the "
    "query's field dates chooses among modified, entered, added and published.",
    config=PubmedConfig,
    endpoints=(ENDPOINT,),
    first=first,
    read=read,
    volatile=re.compile(rb"<WebEnv>[^<]*</WebEnv>|<QueryKey>[^<]*</QueryKey>"),
)
