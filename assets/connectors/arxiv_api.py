"""The connector ``arxiv_search``: a saved query through arXiv's search interface, day by day of first submission.

Its manual (https://info.arxiv.org/help/api/user-manual.html) has ``submittedDate``, in GMT to the minute.
``lastUpdatedDate`` is not offered: since 2025 the interface takes it for the date of submission, too
(github.com/ropensci/aRxiv/issues/69), so that a day of it would silently lack every revision; `arxiv_oai` lists those.
What does not belong here: what an entry says (`assets.sources.arxiv`).
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from lxml import etree
from pydantic import Field, field_validator

from assets.connectors.arxiv_oai import BUDGET
from assets.connectors.base import Connector, Endpoint, PageFault, QueryConfig, Response, Step, Understood
from assets.connectors.query_text import checked_query
from assets.connectors.xml_page import local_name, text_below, xml_root
from assets.sources.arxiv.pages import MAX_PAGE_BYTES
from assets.sources.identifiers import normalise_arxiv

ENDPOINT = Endpoint(
    name="arxiv_api",
    url="https://export.arxiv.org/api/query",
    seconds_between=3.0,
    source="one request every three seconds: https://info.arxiv.org/help/api/tou.html",
    budget=BUDGET,
)

#: Of one query, in slices of at most 2,000 (manual, 3.1.1.2).
MOST_RESULTS = 30_000

_DATES = re.compile(r"\b(?:submittedDate|lastUpdatedDate)\s*:", re.IGNORECASE)


class ArxivSearchConfig(QueryConfig):
    """Which query."""

    look_back: int = Field(
        7,
        ge=0,
        le=60,
        description="Days after its own for which a day is fetched again, once a day: papers appear when they are "
        "announced, those of a Friday on Monday, those that moderators hold later.",
    )
    query: str = Field(
        max_length=2_000,
        description='In arXiv\'s own language, e.g. cat:q-bio.QM AND abs:"health records"; the day is added.',
    )
    page_size: int = Field(
        500, ge=1, le=2_000, description="Entries asked for at once; arXiv advises fewer than 1,000."
    )

    @field_validator("query")
    @classmethod
    def _can_be_meant(cls, query: str) -> str:
        return checked_query(query, _DATES)


def first(config: ArxivSearchConfig, day: date) -> Step:
    """The first request of a day; see `assets.connectors.base.Connector`."""
    return _page(config, day, 0)


def read(config: ArxivSearchConfig, day: date, step: Step, response: Response) -> Understood:
    """What one response says; see `assets.connectors.base.Connector`."""
    root = xml_root(response, MAX_PAGE_BYTES)
    if local_name(root) != "feed":
        raise PageFault("wrong_page", f"a <{local_name(root)[:50]}> in place of a feed")
    entries = root.findall("{*}entry")
    ids = tuple(map(_id, entries))
    start, total = step.memo["start"], _number(root, "totalResults")
    if (said := _number(root, "startIndex")) != start:
        raise PageFault("wrong_page", f"the page begins at {said}, asked was {start}")
    if total > MOST_RESULTS:
        told = f"{total} papers; arXiv gives at most {MOST_RESULTS} for one query: narrow it"
        raise PageFault("too_many_records", told, then="fail")
    if not entries:
        return _nothing(config, day, step, total)
    reached = start + len(entries)
    following = _page(config, day, reached) if reached < total else None
    return Understood("records", ids=ids, announced=total, next=following)


def _nothing(config: ArxivSearchConfig, day: date, step: Step, total: int) -> Understood:
    """A page without entries. The interface is known for them: at first sight none is believed."""
    start = step.memo["start"]
    if start < total:
        raise PageFault("short_page", f"no entries from {start} on, of {total}")
    if total == 0 and not step.memo["again"]:
        return Understood("control", next=_page(config, day, 0, again=True))
    return Understood("control", announced=total)


def _page(config: ArxivSearchConfig, day: date, start: int, *, again: bool = False) -> Step:
    # The end is the first minute of the next day: whether 23:59 includes its seconds is not told, and a paper that
    # comes twice does less harm than one that never comes.
    end = day + timedelta(days=1) if day < date.max else day
    params = (
        ("search_query", f"({config.query}) AND submittedDate:[{day:%Y%m%d}0000 TO {end:%Y%m%d}0000]"),
        ("start", str(start)),
        ("max_results", str(config.page_size)),
        ("sortBy", "submittedDate"),  # what is announced while the pages are asked for comes at the end
        ("sortOrder", "ascending"),
    )
    return Step(ENDPOINT.name, "", params, "xml", memo={"start": start, "again": again})


def _id(entry: etree._Element) -> str:
    address = text_below(entry, "{*}id") or ""
    if "/api/errors" in address:
        told = " ".join((text_below(entry, "{*}summary") or address).split())[:200]
        raise PageFault("error_answer", f"arXiv answers with an error: {told}", then="fail")
    found = normalise_arxiv(address)
    if found is None:
        raise PageFault("wrong_page", f"an entry whose id {address[:100]!r} names no paper")
    return f"{found.id}v{found.version}" if found.version else found.id


def _number(root: etree._Element, name: str) -> int:
    said = text_below(root, f"{{*}}{name}") or ""
    if not re.fullmatch(r"[0-9]{1,9}", said):
        raise PageFault("wrong_page", f"the feed does not say its {name}")
    return int(said)


CONNECTOR = Connector(
    name="arxiv_search",
    source="arxiv",
    description="Papers that match a query in arXiv's search language, through its interface.",
    day="Papers whose first version was submitted on that day (GMT), as their newest version is when they are fetched; "
    "later revisions are what the connector arxiv lists.",
    config=ArxivSearchConfig,
    endpoints=(ENDPOINT,),
    first=first,
    read=read,
    # Of the feed itself, which comes before its entries: its id and the time of the answer.
    volatile=re.compile(rb"\A.{0,4096}?<updated>[^<]*</updated>|<id>https?://arxiv\.org/api/[^<]*</id>", re.DOTALL),
)
