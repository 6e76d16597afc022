"""What a fetch needs, kept in memory: a log of pages, a pace without waiting, a client that is quick to try again."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

from assets.connectors.base import Connector, Media, QueryConfig
from assets.fetching.client import Client, Patience
from assets.fetching.fetch import fetch_day
from assets.fetching.fetched import Begun, Fetch, PageRecord, fetch_json, page_json, read_fetch, read_page
from assets.fetching.limits import Pace, RateLimiter

#: Six attempts as in earnest, and waits of milliseconds.
QUICK = Patience(first_wait=0.002, longest_wait=0.01, connect=5.0, read=0.5, total=20.0)


class MemoryLog:
    """`assets.fetching.fetched.FetchLog` in memory. Records go through JSON, as they would into a store."""

    def __init__(self) -> None:
        self.bytes: dict[str, bytes] = {}
        self.fetches: dict[tuple[date, str, str], list[Any]] = {}
        self.cut_off: dict[tuple[date, str, str], tuple[Begun, list[Any]]] = {}
        self.given_up: list[tuple[Begun, list[Any]]] = []

    def unfinished(self, dt: date, connector: str, name: str, config_hash: str) -> Begun | None:
        known = self.cut_off.get((dt, connector, name))
        if known is None or known[0].config_hash != config_hash:
            return None
        begun, pages = known
        return Begun(begun.fetch_id, begun.started_at, config_hash, tuple(read_page(page) for page in pages))

    def begin(self, dt: date, connector: str, name: str, config_hash: str) -> Begun:
        number = len(self.fetches.get((dt, connector, name), ()))
        begun = Begun(f"fetch-{number}", datetime.now(UTC), config_hash)
        self.cut_off[dt, connector, name] = (begun, [])
        return begun

    def keep_bytes(self, source: str, dt: date, media: Media, sha256: str, body: BinaryIO, url: str) -> str:
        key = f"raw/{source}/dt={dt.isoformat()}/fetched/{sha256}.{media}"
        self.bytes[key] = body.read()
        return key

    def keep_page(self, dt: date, connector: str, name: str, begun: Begun, page: PageRecord) -> bool:
        self.cut_off[dt, connector, name][1].append(page_json(page))
        return True

    def give_up(self, dt: date, connector: str, name: str, begun: Begun) -> None:
        self.given_up.append(self.cut_off.pop((dt, connector, name)))

    def finish(self, fetch: Fetch) -> None:
        where = (fetch.dt, fetch.connector, fetch.name)
        self.fetches.setdefault(where, []).append(fetch_json(fetch))
        del self.cut_off[where]

    def finished(self, dt: date, connector: str, name: str) -> list[Fetch]:
        return [read_fetch(values) for values in self.fetches.get((dt, connector, name), ())]

    def open_page(self, page: PageRecord) -> BinaryIO:
        return io.BytesIO(self.bytes[page.key])

    def pages(self, fetch: Fetch) -> list[bytes]:
        """The bytes of the pages that hold a fetch's records, in order."""
        return [self.bytes[page.key] for page in fetch.pages if page.role == "records"]


class MemoryPace:
    """`assets.fetching.limits.PaceState` in memory."""

    def __init__(self) -> None:
        self.paces: dict[str, tuple[Pace, str | None]] = {}

    def read(self, host: str) -> tuple[Pace, str | None]:
        return self.paces.get(host, (Pace(), None))

    def swap(self, host: str, pace: Pace, version: str | None) -> bool:
        if self.read(host)[1] != version:
            return False
        self.paces[host] = (pace, str(int(version or 0) + 1))
        return True


@dataclass
class Waits:
    """A clock that stands still but for what is slept: waits are seen and not waited."""

    now: float = 1_770_000_000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def client(
    addresses: Mapping[str, str],
    waits: Waits | None = None,
    patience: Patience = QUICK,
    credentials: Mapping[str, tuple[tuple[str, str], ...]] | None = None,
) -> Client:
    """A client that asks the given addresses, by the names of endpoints, at no pace."""
    waits = waits or Waits()
    return Client(
        user_agent="litlake/tests (mailto:ada@example.org)",
        limiter=RateLimiter(MemoryPace(), waits.clock, waits.sleep),
        addresses=addresses,
        credentials=credentials or {},
        patience=patience,
    )


def fetch(connector: Connector, config: QueryConfig, dt: date, address: str, log: MemoryLog | None = None) -> Fetch:
    """One day of a query whose every endpoint is at one address."""
    asked = client({endpoint.name: address for endpoint in connector.endpoints})
    return fetch_day(connector, "test", config, dt, client=asked, log=log or MemoryLog(), config_hash="0")
