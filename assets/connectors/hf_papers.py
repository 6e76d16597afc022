"""The connectors ``hf_papers`` (daily papers as JSON) and ``hf_papers_page`` (a saved search or trending page).

Contract, as far as it is published (https://huggingface.co/.well-known/openapi.json and its clients, 2026): the
interface takes ``date``, ``p`` from 0, ``limit`` and ``sort``; a date to come is refused with 400; a day without papers
is an empty list. Nothing announces how long a list is, and a page may hold fewer papers than asked for, so that a list
ends where a page brings nothing new. ``sort`` is not sent: with ``trending`` the service passes over the date. The
site's pages hold the same items in their HTML and know no past, but for ``/papers/date/YYYY-MM-DD``; a date without a
list leads to another day's page. What does not belong here: what an item says (`assets.sources.hf_papers`).
"""

from __future__ import annotations

import codecs
import re
from datetime import date, timedelta
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, field_validator, model_validator

from assets.connectors.base import Connector, Endpoint, PageFault, QueryConfig, Response, Step, Understood
from assets.sources.dates import parse_day
from assets.sources.faults import Unlistable
from assets.sources.hf_papers.island import LIST, daily_papers
from assets.sources.hf_papers.items import item_id, listed_on
from assets.sources.json_rows import Broken, Page, Row, decoded, read_page, split, text

ENDPOINT = Endpoint(
    name="hf_papers",
    url="https://huggingface.co",
    seconds_between=3.0,
    source="https://huggingface.co/docs/hub/rate-limits (2026): without an account 100 pages, or 500 calls of the "
    "interface, in 5 minutes from one address",
)

#: Papers asked for at once: what the interface sends unasked. Few days list more.
PAGE_SIZE = 50

#: A list is dated by the day in which it opens; where that is not UTC's, it is the day beside it.
_DAYS_BESIDE = timedelta(days=1)

_PATH = re.compile(r"/papers(?:[/?][!-~]*)?", re.ASCII)
_DATE = "{date}"

#: Figures of an item that drift and are not kept: they make no snapshot.
_NOT_KEPT = re.compile(rb'(?:"|&quot;)(?:followerCount|githubStars)(?:"|&quot;):\s{0,9}\d+')


class HfPapersConfig(QueryConfig):
    """The daily papers of a day: there is nothing to choose."""

    look_back: int = Field(
        7,
        ge=0,
        le=60,
        description="Days after its own for which a day is fetched again, once a day: each fetch is one row of the "
        "history of up-votes.",
    )
    max_pages: int = Field(100, ge=1, description="Most responses of one day; more fail the fetch.")


class HfPapersPageConfig(QueryConfig):
    """One page of the site: a search, the trending papers, or the list of a day."""

    path: str = Field(
        max_length=500,
        description="The page's address after https://huggingface.co, for example /papers/trending, "
        "/papers?q=clinical+notes or /papers/date/{date}; {date} stands for the day that is fetched.",
    )
    look_back: int = Field(
        0,
        ge=0,
        le=60,
        description="Days after its own for which a day is fetched again, once a day. A page whose path has no {date} "
        "shows nothing of earlier days: 0.",
    )
    max_pages: int = Field(100, ge=1, description="Most responses of one day; more fail the fetch.")

    @field_validator("path")
    @classmethod
    def _of_papers(cls, path: str) -> str:
        path = path.strip().removeprefix("https://huggingface.co")
        if not _PATH.fullmatch(path) or "#" in path or "/.." in path:
            raise ValueError(f"{path!r} is no page of papers: write its address from /papers on, as the browser has it")
        if "{" in (rest := path.replace(_DATE, "")) or "}" in rest:
            raise ValueError(f"{path!r} holds braces of no meaning: only {_DATE} stands for something")
        return path

    @model_validator(mode="after")
    def _no_past(self) -> HfPapersPageConfig:
        if self.look_back and _DATE not in self.path:
            raise ValueError(f"look_back needs {_DATE} in the path: {self.path} shows what is listed now, not that day")
        return self


# -- the interface -----------------------------------------------------------------------------------------------------


def first(config: HfPapersConfig, day: date) -> Step:
    """The first request of a day; see `assets.connectors.base.Connector`."""
    return _page(day, 0, [])


def _page(day: date, number: int, seen: list[str]) -> Step:
    params = (("date", day.isoformat()), ("limit", str(PAGE_SIZE)), ("p", str(number)))
    return Step(ENDPOINT.name, "/api/daily_papers", params, memo={"page": number, "seen": seen})


def read(config: HfPapersConfig, day: date, step: Step, response: Response) -> Understood:
    """What one response says; see `assets.connectors.base.Connector`."""
    page = read_page(response.body)
    _check_list(page)
    entries = _entries(page, None)
    number, seen = int(step.memo["page"]), list(step.memo["seen"])
    if not entries:
        return Understood("control", announced=0 if number == 0 else None)
    ids = _ids(entries, number)
    if seen and set(ids) <= set(seen):
        if len(seen) < PAGE_SIZE:
            return Understood("control")  # the list was complete, and the service does not turn its pages
        raise PageFault("repeated_token", f"page {number} lists what the page before it listed", then="restart")
    _check_day(day, entries)
    return Understood("records", ids=ids, next=_page(day, number + 1, list(ids)))


def _check_list(page: Page) -> None:
    """Refuse what is no list: an answer that says what went wrong, or something else."""
    if _start(page) == b"[":
        return
    try:
        said = text(decoded(Row(0, page.content.strip())).get("error"))
    except Unlistable as fault:
        raise PageFault("unreadable_page", f"the answer is no list of papers: {fault}") from fault
    if said is not None:
        raise PageFault("error_answer", f"the service answers with the error {said[:200]!r}")
    raise PageFault("wrong_page", "an object in place of a list of papers")


# -- the page ----------------------------------------------------------------------------------------------------------


def first_page(config: HfPapersPageConfig, day: date) -> Step:
    """The one request of a day; see `assets.connectors.base.Connector`."""
    parts = urlsplit(config.path.replace(_DATE, day.isoformat()))
    params = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return Step(ENDPOINT.name, parts.path, params, accept="html")


def last_chance(config: HfPapersPageConfig, day: date) -> date | None:
    """The last day on which a day's page can be had; see `assets.connectors.base.Connector`."""
    return None if _DATE in config.path else day + _DAYS_BESIDE


def read_html(config: HfPapersPageConfig, day: date, step: Step, response: Response) -> Understood:
    """What the page says; see `assets.connectors.base.Connector`.

    A page without a date in its path lists what it shows on the day of the fetch. It is taken for that day and, since
    days are run when they are over, for the day before; for any other day it is refused.
    """
    dated = _DATE in config.path
    fetched_on, last = response.fetched_at.date(), last_chance(config, day)
    if last is not None and not day <= fetched_on <= last:
        detail = f"{config.path} shows what is listed on {fetched_on}, and nothing of {day}"
        raise PageFault("not_listed_any_more", detail, then="fail")
    page = read_page(response.body)
    start = _start(page)
    if start in (b"{", b"["):
        raise PageFault("wrong_page", "JSON in place of a page")
    if start != b"<":
        return Understood("records")  # a page of text: its papers have no identifiers to be counted by
    island = daily_papers(page)
    if island is None:
        raise PageFault("wrong_page", "the page carries no list of papers: the site may have changed")
    entries = _entries(island, LIST)
    if dated and _leads_elsewhere(island, day):
        return Understood("control", announced=0)  # no list of that day: the site shows another one's
    if not entries:
        return Understood("control", announced=0)
    if dated:
        _check_day(day, entries)
    return Understood("records", ids=_ids(entries, 0))


def _leads_elsewhere(island: Page, day: date) -> bool:
    """Whether a page says that it is the list of another day."""
    said = re.search(rb'"dateString"\s{0,9}:\s{0,9}"([^"\\]{8,40})"', island.content)
    named = parse_day(said[1].decode("ascii", errors="replace")) if said else None
    return named is not None and named != day


# -- both --------------------------------------------------------------------------------------------------------------


def _start(page: Page) -> bytes:
    return page.content[:4096].removeprefix(codecs.BOM_UTF8).lstrip()[:1]


def _entries(page: Page, key: bytes | None) -> list[dict[str, object]]:
    """The items of a list, an empty one in the place of each that cannot be read: the parser says why."""
    entries: list[dict[str, object]] = []
    for row in split(page, key):
        if isinstance(row, Broken):
            raise PageFault("unreadable_page", f"the list of papers cannot be read to its end: {row.detail}")
        try:
            entries.append(decoded(row))
        except Unlistable:
            entries.append({})
    return entries


def _ids(entries: list[dict[str, object]], page: int) -> tuple[str, ...]:
    return tuple(item_id(entry) or f"item {page}.{place}" for place, entry in enumerate(entries))


def _check_day(day: date, entries: list[dict[str, object]]) -> None:
    """Refuse a list that is another day's altogether: the service has passed over the date."""
    days = [listed for entry in entries if (listed := parse_day(listed_on(entry))) is not None]
    if days and not any(day - _DAYS_BESIDE <= listed <= day + _DAYS_BESIDE for listed in days):
        raise PageFault("wrong_page", f"the list of {day} holds papers of {min(days)} to {max(days)}")


CONNECTOR = Connector(
    name="hf_papers",
    source="hf_papers",
    description="Hugging Face's daily papers with up-votes and comments; every fetch is kept as a snapshot.",
    day="Papers on the site's list of that day. There are none at week-ends.",
    config=HfPapersConfig,
    endpoints=(ENDPOINT,),
    first=first,
    read=read,
    snapshots=True,
    volatile=_NOT_KEPT,
)

PAGE_CONNECTOR = Connector(
    name="hf_papers_page",
    source="hf_papers_page",
    description="A page of Hugging Face papers: a search, the trending papers, the list of a day; kept as a snapshot.",
    day="What the page shows on that day or the day after; with {date} in its path, the page of that day.",
    config=HfPapersPageConfig,
    endpoints=(ENDPOINT,),
    first=first_page,
    read=read_html,
    last_chance=last_chance,
    snapshots=True,
    volatile=_NOT_KEPT,
)
