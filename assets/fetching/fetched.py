"""What is recorded of a fetch: its pages, its lists as announced and as they came, and where records are kept.

What does not belong here: sending (`assets.fetching.client`), deciding what comes next (`assets.fetching.fetch`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, BinaryIO, Literal, Protocol

from pydantic import TypeAdapter

from assets.connectors.base import Media, Step

Role = Literal["records", "control", "damaged"]


@dataclass(frozen=True, slots=True)
class PageRecord:
    """One response that was kept.

    Attributes:
        number: Place among the fetch's responses, from 0, damaged ones too.
        generation: A list that had to be begun anew counts on; only pages of the last generation make the day.
        role: "damaged" pages are kept and read by nobody.
        url: What was asked, without credentials.
        status: 200, or another that its connector reads; 304 where the bytes of an earlier fetch still hold.
        headers: Those that are kept.
        key: Object that holds the bytes as received.
        fingerprint: Hash of the content without what differs from answer to answer.
        part: The list that it is a page of.
        ids: The records on it, as the service counts them; left out of the finished record.
        records: How many ids it has.
        announced: Records that it says its part has.
        absent: Announced records that the service no longer has.
        asked: Hash of the step that was sent; what it remembered is of use to nobody once it is answered.
        fault: Why it is damaged.
        next: What follows; None at the end, and in the finished record.
    """

    number: int
    generation: int
    role: Role
    url: str
    status: int
    headers: Mapping[str, str]
    key: str
    sha256: str
    size: int
    fetched_at: datetime
    asked: str
    fingerprint: str = ""
    part: str = ""
    ids: tuple[str, ...] = ()
    records: int = 0
    announced: int | None = None
    absent: tuple[str, ...] = ()
    attempts: int = 1
    fault: str | None = None
    next: Step | None = None

    def without_ids(self) -> PageRecord:
        """The page once its ids are counted: a list of many pages would hold them all."""
        return dataclasses.replace(self, ids=(), absent=())


@dataclass(frozen=True, slots=True)
class Part:
    """One list within a day: a category, a window, a file.

    Attributes:
        announced: Records that the service said it holds; None where it does not say.
        fetched: Distinct records that came; None where pages are not counted by ids.
        absent: Announced records that the service, asked by name, no longer has.
    """

    name: str
    announced: int | None
    fetched: int | None
    absent: int = 0

    def shortfall(self) -> str | None:
        """What is wrong with it, in a few words, or None."""
        if self.announced is None or self.fetched is None or self.fetched + self.absent == self.announced:
            return None
        gone = f", {self.absent} gone" if self.absent else ""
        return f"{self.name + ': ' if self.name else ''}{self.fetched} of {self.announced} announced{gone}"


@dataclass(frozen=True, slots=True)
class Fetch:
    """One finished fetch of one day of a saved query.

    Attributes:
        connector: Name of the service.
        source: The source whose listings its pages hold.
        name: Name of the saved query.
        config_hash: Hash of what the query asks for.
        parts: Its lists.
        pages: The pages that make it, in order; ids left out.
        requests: Requests that it took, retries and damaged pages too.
        bytes: Bytes over the wire of its pages.
        fingerprint: Of its content.
        same_as: The earlier fetch that had the same content.
    """

    fetch_id: str
    connector: str
    source: str
    name: str
    dt: date
    config_hash: str
    started_at: datetime
    finished_at: datetime
    parts: tuple[Part, ...]
    pages: tuple[PageRecord, ...]
    requests: int
    bytes: int
    fingerprint: str
    same_as: str | None = None

    @property
    def announced(self) -> int | None:
        """Records announced over all lists that say so."""
        told = [part.announced for part in self.parts if part.announced is not None]
        return sum(told) if told else None

    @property
    def fetched(self) -> int:
        """Distinct records that came, over all lists that are counted."""
        return sum(part.fetched or 0 for part in self.parts)

    @property
    def is_empty(self) -> bool:
        """The service had nothing for the day, and said so."""
        return not any(page.role == "records" for page in self.pages) or (self.announced == 0 and not self.fetched)

    def shortfalls(self) -> list[str]:
        """Lists that came otherwise than announced."""
        return [told for part in self.parts if (told := part.shortfall())]


@dataclass(frozen=True, slots=True)
class Begun:
    """A fetch that has begun: its identity and the pages that are kept so far, in order."""

    fetch_id: str
    started_at: datetime
    config_hash: str
    pages: tuple[PageRecord, ...] = field(default=())


class FetchLog(Protocol):
    """Where pages and records of fetches are kept."""

    def unfinished(self, dt: date, connector: str, name: str, config_hash: str) -> Begun | None:
        """A fetch of the same question that was cut off, or None."""
        ...

    def begin(self, dt: date, connector: str, name: str, config_hash: str) -> Begun:
        """A new fetch."""
        ...

    def keep_bytes(self, source: str, dt: date, media: Media, sha256: str, body: BinaryIO, url: str) -> str:
        """Keep the bytes of a response, once; returns their key."""
        ...

    def keep_page(self, dt: date, connector: str, name: str, begun: Begun, page: PageRecord) -> bool:
        """Keep the record of a page, after its bytes; False where another run has kept one of its number."""
        ...

    def give_up(self, dt: date, connector: str, name: str, begun: Begun) -> None:
        """Note of a fetch that going on with it is no use; its pages stay."""
        ...

    def finish(self, fetch: Fetch) -> None:
        """Keep the record of a finished fetch."""
        ...

    def finished(self, dt: date, connector: str, name: str) -> list[Fetch]:
        """Every finished fetch of a day of a query, newest last."""
        ...

    def open_page(self, page: PageRecord) -> BinaryIO:
        """The bytes of a page as received, at their start."""
        ...


_STEP: TypeAdapter[Step] = TypeAdapter(Step)
_PAGE: TypeAdapter[PageRecord] = TypeAdapter(PageRecord)
_FETCH: TypeAdapter[Fetch] = TypeAdapter(Fetch)


def step_hash(step: Step) -> str:
    """Hash of all that a step says: two of one hash ask the same for the same reason."""
    told = json.dumps(_STEP.dump_python(step, mode="json"), sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def page_json(page: PageRecord) -> Any:
    """A page record as JSON values."""
    return _PAGE.dump_python(page, mode="json")


def read_page(values: Any) -> PageRecord:
    """A page record from JSON values."""
    return _PAGE.validate_python(values, strict=False)


def fetch_json(fetch: Fetch) -> Any:
    """A finished fetch as JSON values."""
    return _FETCH.dump_python(fetch, mode="json")


def read_fetch(values: Any) -> Fetch:
    """A finished fetch from JSON values."""
    return _FETCH.validate_python(values, strict=False)
