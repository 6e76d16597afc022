"""One day of a saved query, from its first request to a finished record: every response kept, nothing passed over.

The loop is the same for every service: send a step, keep the answer, let the connector read it, go on with what it
names. A page is recorded after its bytes, with the step that follows it, so that a fetch that is cut off at any point
goes on after its last complete page. What is recognised here, for all services: a page that is not what was asked for,
a list that moves while it is paged, a request that repeats itself, counts, caps.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from assets.connectors.base import Connector, PageFault, QueryConfig, Response, Step, Understood
from assets.fetching.client import Client, FetchFailed, Received, ServiceRefuses
from assets.fetching.fetched import Begun, Fetch, FetchLog, PageRecord, step_hash
from assets.fetching.lists import Lists
from assets.sources.base import StreamDamaged

#: Times that one page is asked for when the answer cannot be what was asked for.
PAGE_ATTEMPTS = 4

#: Times that a list is begun anew because it moved or its token expired.
RESTARTS = 2

#: Content that is looked at as a whole for its fingerprint; larger pages are told by the hash of their bytes.
_MAX_BLANKED_BYTES = 64 * 1024 * 1024

#: Called after each page with pages and distinct records so far, and the records announced.
ProgressCall = Callable[[int, int, int | None], None]


def fetch_day(
    connector: Connector,
    name: str,
    query: QueryConfig,
    dt: date,
    *,
    client: Client,
    log: FetchLog,
    config_hash: str,
    progress: ProgressCall = lambda pages, records, announced: None,
) -> Fetch:
    """Fetch one day of a query, or finish a fetch of it that was cut off.

    Lists that came otherwise than announced are no exception: the record says so, and the gate refuses the day.

    Args:
        connector: The service.
        name: Name of the saved query.
        query: Its configuration.
        dt: Listing day.
        client: Sends requests.
        log: Keeps pages and records.
        config_hash: Hash of what the query asks for; a cut-off fetch of another question is not gone on with.
        progress: Told of every page.

    Raises:
        ServiceUnreachable: The service does not answer; what came is kept, the next call goes on from there.
        ServiceRefuses: The service refuses the request.
        FetchFailed: Its answers cannot be used, a cap is reached, or another run fetches the same.
    """
    cut_off = log.unfinished(dt, connector.name, name, config_hash)
    if cut_off is not None:
        resumed = _Run(connector, name, query, dt, client, log, cut_off, progress)
        try:
            return resumed.finished()
        except ServiceRefuses:
            if resumed.responses > len(cut_off.pages) or not cut_off.pages:
                raise
            # Tokens die while a fetch lies idle, and some services say so by a 4xx: the list is begun anew.
            log.give_up(dt, connector.name, name, cut_off)
    begun = log.begin(dt, connector.name, name, config_hash)
    return _Run(connector, name, query, dt, client, log, begun, progress).finished()


@dataclass
class _Run:
    connector: Connector
    name: str
    query: QueryConfig
    dt: date
    client: Client
    log: FetchLog
    begun: Begun
    progress: ProgressCall
    generation: int = field(init=False, default=0)
    good: list[PageRecord] = field(init=False)  # pages that count, of the generation that is being fetched
    lists: Lists = field(init=False)
    responses: int = field(init=False, default=0)  # kept, damaged pages and those of earlier generations too
    requests: int = field(init=False, default=0)
    size: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        known = self.log.finished(self.dt, self.connector.name, self.name)
        self.earlier = known[-1] if known else None
        self.kept = {page.url: page for fetch in known[-1:] for page in fetch.pages}
        self._begin(0)
        for page in self.begun.pages:
            if page.generation > self.generation:
                self._begin(page.generation)
            self._count(page)

    # -- where the fetch stands --------------------------------------------------------------------------------------

    def _begin(self, generation: int) -> None:
        self.generation, self.good, self.lists = generation, [], Lists()

    def _count(self, page: PageRecord) -> None:
        self.responses += 1
        self.requests += page.attempts
        self.size += page.size
        if page.role != "damaged":
            self.lists.add(page)
            self.good.append(page.without_ids())

    def finished(self) -> Fetch:
        try:
            self._to_the_end()
        except FetchFailed as failure:
            if not failure.resumable:
                self.log.give_up(self.dt, self.connector.name, self.name, self.begun)
            raise
        return self._finish()

    def _to_the_end(self) -> None:
        step = self.good[-1].next if self.good else self.connector.first(self.query, self.dt)
        while step is not None:
            restart = self._one(step)
            if restart is not None:
                if self.generation >= RESTARTS:
                    told = f"{restart.reason}: {restart}; begun anew {RESTARTS} times"
                    raise FetchFailed(self._told(told), resumable=False)
                self._begin(self.generation + 1)
                step = self.connector.first(self.query, self.dt)
                continue
            step = self.good[-1].next
            self.progress(len(self.good), self.lists.fetched, self.lists.announced)

    def _one(self, step: Step) -> PageFault | None:
        """Ask for one page until it can be used. A fault that calls for a new beginning is returned."""
        for attempt in range(1, PAGE_ATTEMPTS + 1):
            self._within_caps()
            received = self._send(step)
            try:
                response = received.response()
                recognise(step, response)
                response.body.seek(0)
                understood = self.connector.read(self.query, self.dt, step, response)
                self._check(understood, step)
            except (PageFault, StreamDamaged) as damage:
                fault = damage if isinstance(damage, PageFault) else PageFault("truncated_body", str(damage))
                self._keep(step, received, Understood("control"), fault)
                if fault.then == "restart":
                    return fault
                if received.status >= 400 and fault.reason != "error_answer":
                    told = f"HTTP {received.status}, and the answer names no error that passes ({fault})"
                    raise ServiceRefuses(self._told(told)) from fault
                if fault.then == "fail" or attempt == PAGE_ATTEMPTS:
                    times = f" in {attempt} attempts" if attempt > 1 else ""
                    told = self._told(f"{fault.reason}{times}: {fault}")
                    raise FetchFailed(told, resumable=fault.then == "retry") from fault
                self.client.back_off(self.connector, step, attempt)
            else:
                self._keep(step, received, understood, None, response)
                return None
        raise AssertionError("unreachable")

    # -- one page --------------------------------------------------------------------------------------------------

    def _send(self, step: Step) -> Received:
        earlier = self.kept.get(self.client.url(self.connector, step))
        conditional = {
            name: earlier.headers[header]
            for name, header in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
            if earlier is not None and header in earlier.headers
        }
        left = self.query.max_bytes - self.size
        received = self.client.send(self.connector, step, conditional=conditional, max_bytes=left)
        if received.status != 304 or earlier is None:
            return received
        return dataclasses.replace(
            received,
            headers={**earlier.headers, **received.headers},
            body=self.log.open_page(earlier),
            size=earlier.size,
            sha256=earlier.sha256,
        )

    def _check(self, understood: Understood, step: Step) -> None:
        """What no page of any service may be: another length of its list than before, or a request sent already."""
        told = self.lists.announced_of(step.part)
        moved = told is not None and understood.announced is not None and told != understood.announced
        if moved and self.generation < RESTARTS:  # afterwards the last announcement stands, and the gate judges
            raise PageFault(
                "list_changed", f"it announces {understood.announced} records, {told} before", then="restart"
            )
        if understood.next is not None and (understood.next == step or self.lists.asked(understood.next)):
            raise PageFault("repeated_token", "the request that follows has been sent already", then="restart")

    def _keep(
        self,
        step: Step,
        received: Received,
        understood: Understood,
        fault: PageFault | None,
        response: Response | None = None,
    ) -> None:
        received.body.seek(0)
        key = self.log.keep_bytes(
            self.connector.source, self.dt, step.accept, received.sha256, received.body, received.url
        )
        page = PageRecord(
            number=self.responses,
            generation=self.generation,
            role="damaged" if fault else understood.role,
            url=received.url,
            status=received.status,
            headers=received.headers,
            key=key,
            sha256=received.sha256,
            size=received.size,
            fetched_at=received.fetched_at,
            asked=step_hash(step),
            fingerprint="" if response is None else self._fingerprint(received, response),
            part=step.part,
            ids=understood.ids,
            records=len(understood.ids),
            announced=understood.announced,
            absent=understood.absent,
            attempts=received.attempts,
            fault=f"{fault.reason}: {fault}" if fault else None,
            next=understood.next,
        )
        if not self.log.keep_page(self.dt, self.connector.name, self.name, self.begun, page):
            raise FetchFailed(self._told("another run fetches it at the same time: wait for that one"))
        self._count(page)

    def _fingerprint(self, received: Received, response: Response) -> str:
        if self.connector.volatile is None or response.size > _MAX_BLANKED_BYTES:
            return received.sha256
        response.body.seek(0)
        return hashlib.sha256(self.connector.volatile.sub(b"", response.body.read())).hexdigest()

    def _within_caps(self) -> None:
        if self.responses >= self.query.max_pages:
            raise FetchFailed(self._told(f"more than {self.query.max_pages} responses: narrow it or raise max_pages"))
        if self.size >= self.query.max_bytes:
            raise FetchFailed(self._told(f"more than {self.query.max_bytes} bytes: narrow it or raise max_bytes"))

    # -- the end -----------------------------------------------------------------------------------------------------

    def _finish(self) -> Fetch:
        prints = [page.fingerprint for page in self.good]
        fetch = Fetch(
            fetch_id=self.begun.fetch_id,
            connector=self.connector.name,
            source=self.connector.source,
            name=self.name,
            dt=self.dt,
            config_hash=self.begun.config_hash,
            started_at=self.begun.started_at,
            finished_at=datetime.now(UTC),
            parts=self.lists.parts(),
            pages=tuple(dataclasses.replace(page, next=None) for page in self.good),
            requests=self.requests,
            bytes=self.size,
            fingerprint=hashlib.sha256("\n".join(prints).encode()).hexdigest(),
        )
        if self.earlier is not None and self.earlier.fingerprint == fetch.fingerprint:
            fetch = dataclasses.replace(fetch, same_as=self.earlier.same_as or self.earlier.fetch_id)
        self.log.finish(fetch)
        return fetch

    def _told(self, cause: str) -> str:
        return f"{self.connector.name}.{self.name} of {self.dt} cannot be fetched: {cause}."


_HTML = (b"<!doctype html", b"<html", b"<head", b"<body")


def recognise(step: Step, response: Response) -> None:
    """Refuse a body that cannot be what was asked for, whatever its status said.

    Raises:
        PageFault: ``empty_body``, ``html_page`` or ``unreadable_page``.
    """
    if step.accept == "binary":
        if response.size == 0:
            raise PageFault("empty_body", "status 200 without a body")
        return
    response.body.seek(0)
    start = response.body.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise PageFault("empty_body", "status 200 without a body")
    if step.accept in ("json", "xml") and start[:64].lower().startswith(_HTML):
        raise PageFault("html_page", f"a page of HTML where {step.accept.upper()} was asked for")
    if step.accept == "json" and start[:1] not in (b"{", b"["):
        raise PageFault("unreadable_page", "the answer does not begin like JSON")
    if step.accept == "xml" and start[:1] != b"<" and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise PageFault("unreadable_page", "the answer does not begin like XML")
