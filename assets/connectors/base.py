"""What a connector is: how one service is asked for one day, as pure steps from a response to the next request.

A connector opens no connection and keeps nothing: it names the first request of a day and reads each response into
what it holds and the request that follows. Sending, waiting, keeping and resuming are the same for all of them
(`assets.fetching`). What does not belong here: what a record says; pages are parsed like any raw object
(`assets.sources`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field

Media = Literal["json", "xml", "html", "text", "binary"]


class QueryConfig(BaseModel):
    """A saved query: what every connector's own configuration extends. Unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    look_back: int = Field(
        0,
        ge=0,
        le=60,
        description="Days after its own for which a day is fetched again, once a day: services list late and correct.",
    )
    max_pages: int = Field(5_000, ge=1, description="Most responses of one day; more fail the fetch.")
    max_bytes: int = Field(20 * 1024**3, ge=1, description="Most bytes of one day; more fail the fetch.")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One host that a connector asks.

    Attributes:
        name: Key under which a user's settings name another address (a mirror, a test server).
        url: Address without a trailing slash; paths of steps follow it.
        seconds_between: Least time between two requests to the host, over all runs of the installation.
        source: Where the limit was read.
        budget: Name of the allowance that several hosts of one service share; None: the host has its own.
        also_reads: Statuses whose body says more than they do (a token expired, a backend is down) and is read like
            that of a 200. What the connector cannot name as an error that passes is refused at once, as any 4xx.
    """

    name: str
    url: str
    seconds_between: float
    source: str
    budget: str | None = None
    also_reads: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One request, and what must be remembered to read its response. JSON keeps it, so that a fetch can resume.

    Attributes:
        endpoint: Name of one of the connector's endpoints.
        path: What follows the endpoint's address, with its leading slash and without a query.
        params: Query of the URL in order.
        accept: What the response must look like.
        part: The list that is being paged (a window of dates, a category, a file), where a day has several. Counts
            are held against what is announced part by part.
        memo: What else the connector must remember; JSON values only.
        form: Send ``params`` as the form of a POST, where a URL would be too long.
    """

    endpoint: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    accept: Media = "json"
    part: str = ""
    memo: Mapping[str, Any] = field(default_factory=dict)
    form: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response with status 200.

    Attributes:
        headers: Names in lower case.
        body: Seekable, at its start, decoded from any Content-Encoding.
        size: Bytes in ``body``.
        fetched_at: When it was complete (UTC).
    """

    headers: Mapping[str, str]
    body: BinaryIO
    size: int
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Understood:
    """What a connector read from one response.

    Attributes:
        role: "records": the page is parsed as a raw object of the day. "control": it only steers the fetch.
        ids: The records on the page as the service counts them, in order. Empty where they are not counted.
        announced: How many records the service says that the step's part holds; None where this page does not say.
        absent: Of what was announced, the ids that the service, asked by name, no longer has (deleted or merged).
        next: The request that follows; None at the end.
    """

    role: Literal["records", "control"]
    ids: tuple[str, ...] = ()
    announced: int | None = None
    absent: tuple[str, ...] = ()
    next: Step | None = None


class PageFault(ValueError):
    """A response with status 200 that cannot be what was asked for. Raised by ``Connector.read``.

    Attributes:
        reason: One snake_case word: ``html_page``, ``empty_body``, ``unreadable_page``, ``error_answer``,
            ``short_page``, ``repeated_token``, ``list_changed``, ``token_expired``, ``wrong_checksum``, ``wrong_page``.
        then: "retry": ask again, it may pass. "restart": begin the day's list anew. "fail": asking again is no use.
    """

    def __init__(self, reason: str, detail: str, then: Literal["retry", "restart", "fail"] = "retry") -> None:
        """Takes the word, the cause in one line, and what helps."""
        super().__init__(detail)
        self.reason = reason
        self.then = then


@dataclass(frozen=True, slots=True)
class Connector:
    """One service, or one way to ask it.

    Attributes:
        name: As in ``litlake source add NAME`` and in the file of saved queries.
        source: The source (`assets.sources`) whose parser reads its pages; the ``source`` of its listings.
        description: One sentence for users.
        day: What its daily partition means, one sentence.
        config: Typed configuration of a saved query.
        endpoints: Hosts that it asks.
        first: The first request of a day for a query.
        read: Reads the response to a step. It raises `PageFault` and nothing else for what a response says.
        last_chance: The last day (UTC) on which a listing day can still be asked for; None where any time will do.
        snapshots: Every fetch of a day is listed beside the earlier ones (figures that drift), not in their place.
        volatile: What differs between two answers that say the same (a time of response, a token); it is passed over
            when a later fetch is held against an earlier one.
    """

    name: str
    source: str
    description: str
    day: str
    config: type[QueryConfig]
    endpoints: tuple[Endpoint, ...]
    first: Callable[[Any, date], Step]
    read: Callable[[Any, date, Step, Response], Understood]
    last_chance: Callable[[Any, date], date | None] = lambda config, day: None
    snapshots: bool = False
    volatile: re.Pattern[bytes] | None = None
