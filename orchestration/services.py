"""The listing services that this installation asks: what is due for a day, the fetch, and what the day consists of.

What does not belong here: how a service is asked (`assets.connectors`), how requests are sent and kept
(`assets.fetching`), what users save (`orchestration.saved_queries`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from assets.connectors import CONNECTORS
from assets.connectors.base import Connector, PageFault, Step
from assets.fetching.client import Client, FetchFailed, ServiceRefuses
from assets.fetching.fetch import fetch_day, recognise
from assets.fetching.fetched import Fetch, PageRecord
from assets.fetching.limits import RateLimiter
from assets.sources.base import RawObject
from orchestration.days import today
from orchestration.progress import work
from orchestration.resources.fetch_log import FetchLog
from orchestration.resources.object_store import ObjectStore
from orchestration.resources.raw_store import ManifestEntry
from orchestration.resources.shared_pace import StoredPace
from orchestration.saved_queries import SavedQuery, SavedQueryError, saved_queries
from orchestration.settings import Settings, SettingsError

#: NCBI's limit for callers with a key (https://www.ncbi.nlm.nih.gov/books/NBK25497/): 10 requests a second.
SECONDS_WITH_A_KEY = 0.11


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fetch of one day would do.

    Attributes:
        due: Whether the day is to be fetched.
        why: The reason, for people.
        url: The first request, without credentials.
    """

    due: bool
    why: str
    url: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What one service answered to the first request of a day."""

    query: str
    answers: bool
    seen: str
    announced: int | None = None


class Services:
    """Saved queries of one installation, and what has been fetched for them."""

    def __init__(self, settings: Settings, store: Callable[[], ObjectStore]) -> None:
        """Keep the settings; the file of saved queries and the object store are opened when first used."""
        self._settings = settings
        self._store = store

    @property
    def file(self) -> Path:
        """The file of saved queries."""
        return self._settings.sources_file

    @property
    def queries(self) -> tuple[SavedQuery, ...]:
        """Every saved query, as the file has them now: a long-lived process sees what users add."""
        return saved_queries(self.file)

    @cached_property
    def log(self) -> FetchLog:
        """What has been fetched."""
        return FetchLog(self._store())

    @cached_property
    def client(self) -> Client:
        """Sends requests at each host's pace.

        Raises:
            SettingsError: Nobody is named whom a service could write to.
        """
        contact, key = self._settings.contact, self._settings.ncbi_api_key
        if contact is None:
            raise SettingsError("LITLAKE_CONTACT is not set: services ask who calls, set it to your e-mail address.")
        ncbi = [("tool", "litlake"), ("email", contact)]
        return Client(
            user_agent=f"litlake/{version('litlake')} (mailto:{contact})",
            limiter=RateLimiter(StoredPace(self._store())),
            addresses=self._settings.endpoints,
            credentials={"pubmed": (*ncbi, *([("api_key", key.get_secret_value())] if key else []))},
            paces={"pubmed": SECONDS_WITH_A_KEY} if key else {},
        )

    def named(self, text: str | None) -> list[SavedQuery]:
        """Saved queries by ``service`` or ``service.name``; all of them for None.

        Raises:
            SavedQueryError: Nothing is saved under the name.
        """
        found = [query for query in self.queries if text in (None, query.title, query.connector.name)]
        if text is not None and not found:
            known = ", ".join(query.title for query in self.queries) or "none yet: litlake source add"
            raise SavedQueryError(f"no query is saved as {text!r}; there are {known}.")
        return found

    def plan(self, query: SavedQuery, dt: date) -> Plan:
        """Whether a day of a query is to be fetched, and why."""
        step = query.connector.first(query.config, dt)
        url = self._url(query.connector, step)
        last_chance = query.connector.last_chance(query.config, dt)
        if last_chance is not None and today() > last_chance:
            return Plan(False, f"it could be fetched until {last_chance}: the service tells of no earlier day", url)
        known = self.log.finished(dt, query.connector.name, query.name)
        last = next((fetch for fetch in reversed(known) if fetch.config_hash == query.config_hash), None)
        if last is None:
            asked = "with another query" if known else "yet"
            return Plan(True, f"it has not been fetched {asked}", url)
        if last.shortfalls():
            return Plan(True, f"its last fetch fell short: {last.shortfalls()[0]}", url)
        fetched_on, final = last.started_at.date(), dt + timedelta(days=1 + query.config.look_back)
        if fetched_on < min(today(), final):
            return Plan(True, f"it was fetched on {fetched_on}, and is looked back on until {final}", url)
        return Plan(False, f"it was fetched on {fetched_on}", url)

    def due(self, dt: date, sources: Collection[str] | None = None) -> list[SavedQuery]:
        """Saved queries that are to be fetched for a day, of the named sources only where some are named."""
        if dt > today():
            return []
        chosen = [query for query in self.queries if sources is None or query.connector.source in sources]
        return [query for query in chosen if self.plan(query, dt).due]

    def waiting(self, dt: date, listed: Iterable[ManifestEntry]) -> bool:
        """Whether a run of the day would change what it consists of: something is due, or was fetched by hand.

        Args:
            dt: The day.
            listed: Its raw objects as the manifests list them.
        """
        if self.due(dt):
            return True
        there = {_fetched_object(entry) for entries in self.pages(dt).values() for entry in entries}
        return there != {_fetched_object(entry) for entry in listed if entry.request is not None}

    def fetch_due(self, dt: date, sources: Collection[str]) -> list[Fetch]:
        """Fetch what is due for a day: services beside each other, the queries of one service after each other.

        Raises:
            ServiceUnreachable: A host does not answer; what came is kept, a later fetch resumes.
            ServiceRefuses: A host refuses the request; asking again is no use.
            FetchFailed: Answers could not be used, or a cap was reached.
        """
        due = sorted(self.due(dt, sources), key=_budget)
        if not due:
            return []
        self.client  # noqa: B018  (a contact that lacks is told before anything is sent)
        by_service = [list(queries) for _, queries in groupby(due, key=_budget)]
        with ThreadPoolExecutor(len(by_service), "fetch") as pool:
            running = [pool.submit(lambda own: [self.fetch(query, dt) for query in own], own) for own in by_service]
            return [fetch for done in running for fetch in done.result()]

    def fetch(self, query: SavedQuery, dt: date) -> Fetch:
        """Fetch one day of a query, resuming one that was cut off. Raises as `fetch_due` does."""
        with work(f"{dt} {query.title}") as advance:
            seen = 0

            def progress(pages: int, records: int, announced: int | None) -> None:
                nonlocal seen
                advance(records - seen, announced)
                seen = records

            return fetch_day(
                query.connector,
                query.name,
                query.config,
                dt,
                client=self.client,
                log=self.log,
                config_hash=query.config_hash,
                progress=progress,
            )

    def check(self, query: SavedQuery, dt: date) -> Checked:
        """Ask for the first page of a day; nothing is kept."""
        connector, step = query.connector, query.connector.first(query.config, dt)
        started = time.monotonic()
        try:
            response = self.client.send(connector, step).response()
            recognise(step, response)
            response.body.seek(0)
            understood = connector.read(query.config, dt, step, response)
        except (PageFault, FetchFailed, ServiceRefuses, OSError) as fault:
            return Checked(query.title, False, " ".join(str(fault).split()))
        seconds = time.monotonic() - started
        count = "some records" if understood.announced is None else f"{understood.announced} records"
        host = urlsplit(self._url(connector, step)).netloc
        return Checked(query.title, True, f"{host} announces {count} for {dt} ({seconds:.1f} s)", understood.announced)

    def current(self, dt: date) -> list[Fetch]:
        """The fetches that a day consists of: of each query the newest, of drifting figures every one."""
        current = []
        for _, group in groupby(self.log.finished(dt), key=lambda fetch: (fetch.connector, fetch.name)):
            told = [fetch for fetch in group if fetch.same_as is None]
            connector = CONNECTORS.get(told[-1].connector) if told else None
            current += told if connector is not None and connector.snapshots else told[-1:]
        return current

    def pages(self, dt: date) -> dict[str, list[ManifestEntry]]:
        """The pages that a day consists of, by source; their records are not counted yet."""
        entries: dict[str, dict[str, ManifestEntry]] = {}
        for fetch in self.current(dt):
            own = entries.setdefault(fetch.source, {})
            for page in fetch.pages:
                if page.role == "records":
                    own.setdefault(page.key, _entry(fetch, page))
        return {source: list(own.values()) for source, own in entries.items()}

    def endpoints(self) -> list[tuple[str, str]]:
        """Name and address of every host that a saved query asks, each once."""
        named = {endpoint.name: endpoint for query in self.queries for endpoint in query.connector.endpoints}
        return [(name, self._settings.endpoints.get(name, endpoint.url)) for name, endpoint in named.items()]

    def _url(self, connector: Connector, step: Step) -> str:
        endpoint = next(endpoint for endpoint in connector.endpoints if endpoint.name == step.endpoint)
        address = self._settings.endpoints.get(endpoint.name, endpoint.url)
        return f"{address}{step.path}{'?' + urlencode(step.params) if step.params else ''}"


def _fetched_object(entry: ManifestEntry) -> tuple[str, str]:
    assert entry.request is not None
    return entry.raw.key, entry.request["fetch_id"]


def _budget(query: SavedQuery) -> str:
    endpoint = query.connector.endpoints[0]
    return endpoint.budget or urlsplit(endpoint.url).netloc


def _entry(fetch: Fetch, page: PageRecord) -> ManifestEntry:
    raw = RawObject(
        source=fetch.source,
        dt=fetch.dt,
        key=page.key,
        sha256=page.sha256,
        size=page.size,
        name=page.url,
        fetched_at=page.fetched_at,
    )
    request = {
        "service": fetch.connector,
        "query": fetch.name,
        "fetch_id": fetch.fetch_id,
        "url": page.url,
        "status": page.status,
        "headers": dict(page.headers),
    }
    return ManifestEntry(raw, 0, request)
