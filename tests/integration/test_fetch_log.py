"""Fetches and paces in a real object store: what is recorded, where a fetch goes on, who gets which slot."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from assets.connectors.base import Step
from assets.fetching.fetched import Begun, Fetch, PageRecord, Part, step_hash
from assets.fetching.limits import Pace, RateLimiter
from orchestration.resources.fetch_log import FetchLog
from orchestration.resources.object_store import ObjectStore
from orchestration.resources.shared_pace import StoredPace

DAY = date(2026, 1, 8)
NEXT = Step("biorxiv", "/details/2", (("a", "b"),), part="one", memo={"seen": [1, 2], "token": None})


@pytest.fixture
def log(store: ObjectStore) -> FetchLog:
    return FetchLog(store)


def record(log: FetchLog, number: int, body: bytes = b'{"a": 1}', *, name: str = "q") -> PageRecord:
    """A page whose bytes are kept."""
    sha256 = f"{number:064x}"
    key = log.keep_bytes("biorxiv", DAY, "json", sha256, io.BytesIO(body), "http://127.0.0.1/details/1?x=../../y")
    return PageRecord(
        number=number,
        generation=0,
        role="records",
        url=f"http://127.0.0.1/details/{number}",
        status=200,
        headers={"etag": '"1"'},
        key=key,
        sha256=sha256,
        size=len(body),
        fetched_at=datetime.now(UTC),
        asked=step_hash(NEXT),
        part="one",
        ids=("a", "b"),
        records=2,
        announced=4,
        next=NEXT,
    )


def finished(begun: Begun, pages: tuple[PageRecord, ...], *, connector: str = "biorxiv", **more: object) -> Fetch:
    fetch = Fetch(
        fetch_id=begun.fetch_id,
        connector=connector,
        source="biorxiv",
        name="q",
        dt=DAY,
        config_hash=begun.config_hash,
        started_at=begun.started_at,
        finished_at=datetime.now(UTC),
        parts=(Part("one", 4, 4),),
        pages=pages,
        requests=len(pages),
        bytes=sum(page.size for page in pages),
        fingerprint="f",
    )
    return replace(fetch, **more)  # type: ignore[arg-type]


def test_a_fetch_that_was_cut_off_is_found_with_its_pages_in_order(log: FetchLog) -> None:
    assert log.unfinished(DAY, "biorxiv", "q", "hash") is None
    begun = log.begin(DAY, "biorxiv", "q", "hash")
    pages = [record(log, number) for number in range(12)]
    for page in reversed(pages):
        assert log.keep_page(DAY, "biorxiv", "q", begun, page)
    found = log.unfinished(DAY, "biorxiv", "q", "hash")
    assert found is not None
    assert found.fetch_id == begun.fetch_id
    assert found.pages == tuple(pages)
    assert found.pages[0].next == NEXT
    assert log.unfinished(DAY, "biorxiv", "q", "another question") is None
    assert log.unfinished(DAY, "biorxiv", "other", "hash") is None
    log.finish(finished(begun, tuple(pages)))
    assert log.unfinished(DAY, "biorxiv", "q", "hash") is None


def test_the_record_of_a_page_is_written_once(log: FetchLog) -> None:
    begun = log.begin(DAY, "biorxiv", "q", "hash")
    page = record(log, 0)
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda _: log.keep_page(DAY, "biorxiv", "q", begun, page), range(4)))
    assert sorted(kept) == [False, False, False, True]


def test_bytes_are_kept_as_received_and_read_back(log: FetchLog, store: ObjectStore) -> None:
    packed = b"\x1f\x8b\x08\x00some"
    page = record(log, 7, packed)
    assert page.key == f"raw/biorxiv/dt=2026-01-08/fetched/{7:064x}.json.gz"
    assert log.open_page(page).read() == packed
    assert [key for key, _ in store.list("raw/")] == [page.key]


def test_a_day_is_made_of_the_newest_fetch_of_each_query_and_of_every_snapshot(log: FetchLog) -> None:
    ids = {}
    for connector in ("biorxiv", "hf_papers"):
        for number in range(3):
            begun = log.begin(DAY, connector, "q", "hash")
            page = record(log, number)
            same = ids[connector, 1] if number == 2 else None
            log.finish(finished(begun, (page,), connector=connector, same_as=same))
            ids[connector, number] = begun.fetch_id
    assert [fetch.fetch_id for fetch in log.finished(DAY, "biorxiv", "q")] == [ids["biorxiv", n] for n in range(3)]
    assert log.newest() == {"2026-01-08": {ids["biorxiv", 1], ids["hf_papers", 0], ids["hf_papers", 1]}}
    begun = log.begin(DAY, "biorxiv", "q", "hash")
    log.finish(finished(begun, (), parts=(Part("", 0, 0),)))  # the service took everything back
    assert log.newest() == {"2026-01-08": {ids["hf_papers", 0], ids["hf_papers", 1]}}


def test_slots_of_a_host_are_given_once_whoever_asks(store: ObjectStore) -> None:
    now = datetime.now(UTC).timestamp()
    waits: list[float] = []
    runs = [RateLimiter(StoredPace(store), lambda: now, waits.append) for _ in range(4)]
    with ThreadPoolExecutor(len(runs)) as pool:
        for done in [pool.submit(run.wait, "host", 3.0) for run in runs for _ in range(4)]:
            done.result()
    assert sorted(round(wait) for wait in waits if wait > 0.5) == [3 * place for place in range(1, 16)]


def test_a_pace_that_cannot_be_read_is_replaced(store: ObjectStore) -> None:
    pace = StoredPace(store)
    assert pace.read("host") == (Pace(), None)
    assert pace.swap("host", Pace(5.0, 7.0), None)
    assert not pace.swap("host", Pace(6.0), None)
    ((key, _),) = store.list("ops/pace/")
    for damaged in (b"", b"[]", b"{", b'{"free": "soon"}', b'{"free": NaN}', b'{"free": 1e999}'):
        store.client.put_object(Bucket=store.address.bucket, Key=key, Body=damaged)
        read, version = pace.read("host")
        assert read == Pace()
        assert pace.swap("host", Pace(8.0, 9.0), version)
    assert pace.read("host")[0] == Pace(8.0, 9.0)
