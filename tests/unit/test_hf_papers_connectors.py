"""Hugging Face's interface and pages as they are asked: what ends a list, whose day it is, what is refused."""

from __future__ import annotations

import html
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from fetching import QUICK, MemoryLog, client, fetch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from replay import Answer, Asked, ReplayServer

from assets.connectors.base import Connector, PageFault, QueryConfig, Response, Step, Understood
from assets.connectors.hf_papers import (
    CONNECTOR,
    PAGE_CONNECTOR,
    PAGE_SIZE,
    HfPapersConfig,
    HfPapersPageConfig,
)
from assets.fetching.client import FetchFailed, ServiceRefuses, ServiceUnreachable
from assets.fetching.fetch import fetch_day
from assets.sources import SOURCES_BY_NAME

DAY = date(2026, 1, 8)
NOW = datetime(2026, 1, 9, 6, tzinfo=UTC)


def item(number: int, listed: str = "2026-01-08T01:02:03.000Z", **more: Any) -> dict[str, Any]:
    paper = {"id": f"2601.{number:05}", "title": f"Paper {number}", "submittedOnDailyAt": listed, "upvotes": number}
    return {"paper": {**paper, **more}, "numComments": 0}


def items(first: int, count: int) -> list[dict[str, Any]]:
    return [item(number) for number in range(first, first + count)]


def response(body: object, at: datetime = NOW) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response({}, io.BytesIO(content), len(content), at)


def understood(body: object, page: int = 0, seen: list[str] | None = None) -> Understood:
    step = CONNECTOR.first(HfPapersConfig(), DAY)
    if page:
        step = Step("hf_papers", step.path, memo={"page": page, "seen": seen or []})
    return CONNECTOR.read(HfPapersConfig(), DAY, step, response(body))


def fault(body: object, page: int = 0, seen: list[str] | None = None) -> tuple[str, str]:
    with pytest.raises(PageFault) as raised:
        understood(body, page, seen)
    return raised.value.reason, raised.value.then


def service(papers: list[dict[str, Any]], most: int = PAGE_SIZE) -> Any:
    """The interface with so many papers on the day, and at most so many on a page."""

    def answer(asked: Asked) -> Answer:
        if asked.params["date"] != DAY.isoformat():
            return Answer(b"[]")
        size = min(most, int(asked.params["limit"]))
        start = int(asked.params["p"]) * size
        return Answer(json.dumps(papers[start : start + size]).encode())

    return answer


def listed(log: MemoryLog, connector: Connector) -> int:
    """Records that the parser finds on the pages of the newest fetch."""
    source = SOURCES_BY_NAME[connector.source]
    pages = log.pages(log.finished(DAY, connector.name, "test")[-1])
    return sum(source.count(io.BytesIO(page)) for page in pages)


# -- the interface -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("papers", "most", "requests"),
    [(0, 50, 1), (3, 50, 2), (50, 50, 2), (51, 50, 3), (120, 50, 4), (45, 20, 4)],
)
def test_a_day_is_paged_until_nothing_new_comes(papers: int, most: int, requests: int) -> None:
    log = MemoryLog()
    with ReplayServer(service(items(0, papers), most)) as server:
        done = fetch(CONNECTOR, HfPapersConfig(), DAY, server.url, log)
        assert len(server.asked) == done.requests == requests
        assert [asked.params["p"] for asked in server.asked] == [str(number) for number in range(requests)]
        assert {asked.path for asked in server.asked} == {"/api/daily_papers"}
    assert done.fetched == listed(log, CONNECTOR) == papers
    assert done.is_empty == (papers == 0)
    assert done.shortfalls() == []


def test_a_service_that_does_not_turn_pages_is_asked_once_more_and_believed() -> None:
    log = MemoryLog()
    with ReplayServer(lambda asked: Answer(json.dumps(items(0, 3)).encode())) as server:
        assert fetch(CONNECTOR, HfPapersConfig(), DAY, server.url, log).fetched == 3
        assert len(server.asked) == 2
    assert listed(log, CONNECTOR) == 3


def test_a_full_page_that_repeats_itself_begins_the_list_anew_and_fails_in_the_end() -> None:
    page = json.dumps(items(0, PAGE_SIZE)).encode()
    with ReplayServer(lambda asked: Answer(page)) as server:
        with pytest.raises(FetchFailed, match="repeated_token"):
            fetch(CONNECTOR, HfPapersConfig(), DAY, server.url)
        assert len(server.asked) == 6


def test_throttling_and_a_page_of_html_are_waited_out() -> None:
    troubles = [Answer(status=429, headers={"Retry-After": "1"}), Answer(b"<!doctype html>"), Answer(status=502)]

    def answer(asked: Asked) -> Answer:
        return troubles.pop(0) if troubles else service(items(0, 60))(asked)

    with ReplayServer(answer) as server:
        done = fetch(CONNECTOR, HfPapersConfig(), DAY, server.url)
        assert (done.fetched, done.requests, len(server.asked)) == (60, 6, 6)


def test_a_fetch_that_was_cut_off_goes_on_after_its_last_page() -> None:
    log, down = MemoryLog(), [True]

    def answer(asked: Asked) -> Answer:
        if down and asked.params["p"] == "1":
            return Answer(status=500)
        return service(items(0, 130))(asked)

    with ReplayServer(answer) as server:
        with pytest.raises(ServiceUnreachable):
            fetch(CONNECTOR, HfPapersConfig(), DAY, server.url, log)
        assert [asked.params["p"] for asked in server.asked] == ["0", *["1"] * QUICK.attempts]
        down.clear()
        server.asked.clear()
        assert fetch(CONNECTOR, HfPapersConfig(), DAY, server.url, log).fetched == 130
        assert [asked.params["p"] for asked in server.asked] == ["1", "2", "3"]
    assert listed(log, CONNECTOR) == 130


def test_a_date_that_the_service_does_not_take_is_told_and_not_tried_again() -> None:
    with ReplayServer(lambda asked: Answer(b'{"error": "Invalid date"}', status=400)) as server:
        with pytest.raises(ServiceRefuses, match="400"):
            fetch(CONNECTOR, HfPapersConfig(), DAY, server.url)
        assert len(server.asked) == 1


def test_every_fetch_with_other_up_votes_is_a_snapshot_and_one_with_the_same_is_none() -> None:
    log, papers = MemoryLog(), items(0, 2)
    with ReplayServer(lambda asked: service(papers)(asked)) as server:
        first = fetch(CONNECTOR, HfPapersConfig(), DAY, server.url, log)
        papers[0]["paper"]["githubStars"] = 7  # drifts, and is not kept
        papers[0]["submittedBy"] = {"followerCount": 3}
        fetch(CONNECTOR, HfPapersConfig(), DAY, server.url, log)
        papers[0]["paper"]["githubStars"] = 8
        papers[0]["submittedBy"] = {"followerCount": 4}
        same = fetch(CONNECTOR, HfPapersConfig(), DAY, server.url, log)
        papers[0]["paper"]["upvotes"] = 99
        other = fetch(CONNECTOR, HfPapersConfig(), DAY, server.url, log)
    assert CONNECTOR.snapshots
    assert first.same_as is None
    assert (same.same_as, other.same_as) == ("fetch-1", None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": "busy"}, ("error_answer", "retry")),
        ({"papers": []}, ("wrong_page", "retry")),
        (b'{"error"', ("unreadable_page", "retry")),
        (b'[{"paper": {"id"', ("unreadable_page", "retry")),
        (b"[] []", ("unreadable_page", "retry")),
        ([item(1, "2026-01-05T00:00:00.000Z"), item(2, "2026-01-06T23:59:59.000Z")], ("wrong_page", "retry")),
    ],
)
def test_what_cannot_be_the_days_list_is_refused(body: object, expected: tuple[str, str]) -> None:
    assert fault(body) == expected


def test_a_list_that_opens_the_evening_before_is_the_days_list() -> None:
    page = [item(1, "2026-01-07T23:03:45.000Z"), item(2, "2026-01-05T00:00:00.000Z"), item(3, "soon")]
    assert understood(page).ids == ("2601.00001", "2601.00002", "2601.00003")


def test_a_damaged_item_is_fetched_for_the_parser_to_judge() -> None:
    page = b'[{"paper": {"id": "2601.00001"}}, {"paper": {"id": "\\ud800"}}, 5]'
    assert understood(page).ids == ("2601.00001", "item 0.1", "item 0.2")


def test_a_page_that_brings_some_new_papers_goes_on() -> None:
    seen = [f"2601.{number:05}" for number in range(PAGE_SIZE)]
    assert understood(items(49, 3), 1, seen).ids == ("2601.00049", "2601.00050", "2601.00051")
    assert fault(items(10, 3), 1, seen) == ("repeated_token", "restart")


@pytest.mark.shared
def test_the_shape_of_the_interface_is_fetched(shared: Path) -> None:
    body = (shared / "payloads/hf_daily/daily_papers_item_shape.json").read_bytes()
    log = MemoryLog()
    with ReplayServer(lambda asked: Answer(body if asked.params["p"] == "0" else b"[]")) as server:
        config = HfPapersConfig()
        asked = client({"hf_papers": server.url})
        day = date(2026, 5, 18)
        done = fetch_day(CONNECTOR, "test", config, day, client=asked, log=log, config_hash="0")
        assert (done.fetched, len(server.asked)) == (1, 2)


# -- the page ----------------------------------------------------------------------------------------------------------


def page_of(papers: list[Any], **more: Any) -> bytes:
    data = html.escape(json.dumps({"dailyPapers": papers, **more}))
    return f'<!doctype html><html><div data-target="DailyPapers" data-props="{data}"></div></html>'.encode()


def shown(body: bytes, path: str, at: datetime = NOW) -> Understood:
    config = HfPapersPageConfig(path=path)
    return PAGE_CONNECTOR.read(config, DAY, PAGE_CONNECTOR.first(config, DAY), response(body, at))


def test_a_saved_search_is_asked_for_as_it_is_written() -> None:
    step = PAGE_CONNECTOR.first(HfPapersPageConfig(path=" https://huggingface.co/papers?q=clinical+notes&x= "), DAY)
    assert (step.path, step.params, step.accept) == ("/papers", (("q", "clinical notes"), ("x", "")), "html")
    step = PAGE_CONNECTOR.first(HfPapersPageConfig(path="/papers/date/{date}"), DAY)
    assert (step.path, step.params) == ("/papers/date/2026-01-08", ())


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"path": ""},
        {"path": "papers"},
        {"path": "/models"},
        {"path": "/papersx"},
        {"path": "https://example.org/papers"},
        {"path": "/papers?q=two words"},
        {"path": "/papers#top"},
        {"path": "/papers/../api"},
        {"path": "/papers/week/{week}"},
        {"path": "/papers/date/{date"},
        {"path": "/papers/" + "a" * 600},
        {"path": "/papers/trending", "look_back": 3},
        {"path": "/papers", "query": "x"},
    ],
)
def test_a_page_that_cannot_be_meant_is_refused_early(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        HfPapersPageConfig.model_validate(values)


def test_a_page_is_fetched_once_with_its_papers_counted() -> None:
    log = MemoryLog()
    today = datetime.now(UTC).date()
    with ReplayServer(lambda asked: Answer(page_of(items(0, 3)))) as server:
        done = fetch(PAGE_CONNECTOR, HfPapersPageConfig(path="/papers/trending"), today, server.url, log)
        assert (done.fetched, done.announced, len(server.asked)) == (3, None, 1)
        assert server.asked[0].path == "/papers/trending"
    (page,) = log.pages(done)
    assert SOURCES_BY_NAME["hf_papers_page"].count(io.BytesIO(page)) == 3


def test_a_page_of_text_is_taken_as_it_is() -> None:
    taken = shown(b"Get trending papers in your email inbox!\nA title\nAn abstract.\n", "/papers")
    assert taken == Understood("records")


@pytest.mark.parametrize("hour", [datetime(2026, 1, 8, tzinfo=UTC), datetime(2026, 1, 9, 23, 59, tzinfo=UTC)])
def test_a_page_without_a_date_is_of_the_day_or_the_day_before(hour: datetime) -> None:
    assert shown(page_of(items(0, 1)), "/papers/trending", hour).ids == ("2601.00000",)


@pytest.mark.parametrize("hour", [datetime(2026, 1, 7, 23, tzinfo=UTC), datetime(2026, 1, 10, tzinfo=UTC)])
def test_todays_page_is_not_listed_under_another_day(hour: datetime) -> None:
    with pytest.raises(PageFault, match="shows what is listed on") as raised:
        shown(page_of(items(0, 1)), "/papers/trending", hour)
    assert (raised.value.reason, raised.value.then) == ("not_listed_any_more", "fail")
    assert shown(page_of(items(0, 1)), "/papers/date/{date}", hour).ids == ("2601.00000",)


def test_a_date_without_a_list_is_an_empty_day_and_not_another_days() -> None:
    other = page_of([item(1, "2026-01-07T00:00:00.000Z")], dateString="2026-01-07")
    assert shown(other, "/papers/date/{date}") == Understood("control", announced=0)
    assert shown(page_of([], dateString="2026-01-08"), "/papers/date/{date}") == Understood("control", announced=0)
    assert shown(page_of(items(0, 2), dateString="2026-01-08"), "/papers/date/{date}").role == "records"


@pytest.mark.parametrize(
    ("body", "path", "reason"),
    [
        (b"<html>Checking your browser</html>", "/papers", "wrong_page"),
        (b'[{"paper": {}}]', "/papers", "wrong_page"),
        (page_of(items(0, 2))[:200], "/papers", "unreadable_page"),
        (page_of([item(1, "2025-01-08T00:00:00.000Z")]), "/papers/date/{date}", "wrong_page"),
    ],
)
def test_what_cannot_be_the_page_is_refused(body: bytes, path: str, reason: str) -> None:
    with pytest.raises(PageFault) as raised:
        shown(body, path)
    assert raised.value.reason == reason


@pytest.mark.shared
def test_the_shape_of_the_page_is_understood(shared: Path) -> None:
    body = (shared / "payloads/hf_html/papers_page_shape.html").read_bytes()
    assert shown(body, "/papers").ids == ("2606.01286",)
    assert shown((shared / "seed/hf_papers_listing.txt").read_bytes(), "/papers") == Understood("records")


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([(CONNECTOR, HfPapersConfig()), (PAGE_CONNECTOR, HfPapersPageConfig(path="/papers/date/{date}"))]),
    st.sampled_from([json.dumps(items(0, 2)).encode(), page_of(items(0, 2), dateString="2026-01-08"), b'{"error": 1}']),
    st.tuples(st.integers(0, 400), st.integers(0, 40), st.binary(max_size=20)),
)
def test_any_answer_is_understood_or_a_fault_of_the_page(
    asked: tuple[Connector, QueryConfig], page: bytes, damage: tuple[int, int, bytes]
) -> None:
    connector, config = asked
    at, length, instead = damage
    try:
        told = connector.read(
            config, DAY, connector.first(config, DAY), response(page[:at] + instead + page[at + length :])
        )
    except PageFault as raised:
        assert raised.reason
    else:
        assert told.next is None or json.dumps(dict(told.next.memo))
