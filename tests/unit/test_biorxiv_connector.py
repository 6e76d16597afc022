"""bioRxiv's and medRxiv's interface as it is asked: paging by what came, echoes, categories, lists that fall short."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from fetching import QUICK, MemoryLog, fetch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from replay import Answer, Asked, ReplayServer

from assets.connectors.base import Connector, PageFault, Response, Step, Understood
from assets.connectors.biorxiv import ASKED_AGAIN, BIORXIV, MEDRXIV, BiorxivConfig, MedrxivConfig
from assets.fetching.client import FetchFailed, ServiceUnreachable
from assets.fetching.fetched import Fetch
from assets.sources import SOURCES_BY_NAME

DAY = date(2026, 1, 8)
ALL = BiorxivConfig()
NOTHING = json.dumps({"messages": [{"status": "no posts found"}], "collection": []}).encode()


def row(number: int, **more: Any) -> dict[str, Any]:
    given = {"doi": f"10.1101/2026.01.07.{number:06}", "version": "1", "date": "2026-01-08", "server": "bioRxiv"}
    return {"title": f"Gait of mouse {number}", "category": "neuroscience", **given, **more}


def page_of(rows: list[Any], total: object, cursor: object = 0, **more: Any) -> bytes:
    message = {
        "status": "ok", "category": "all", "interval": "2026-01-08:2026-01-08", "cursor": cursor, "count": len(rows),
        "total": total, **more,
    }  # fmt: skip
    return json.dumps({"messages": [message], "collection": rows}).encode()


def service(
    rows: list[dict[str, Any]], size: int | Callable[[int], int] = 30, **more: Any
) -> Callable[[Asked], Answer]:
    """The interface on one day: any offset is answered, with at most so many rows."""

    def answer(asked: Asked) -> Answer:
        _, details, server, start, end, offset = asked.path.split("/")
        assert (details, server, start, end) == ("details", "biorxiv", "2026-01-08", "2026-01-08")
        category, cursor = asked.params.get("category"), int(offset)
        held = [one for one in rows if category in (None, one["category"].replace(" ", "_"))]
        most = size if isinstance(size, int) else size(cursor)
        page = held[cursor : cursor + most]
        if not page:
            return Answer(NOTHING)
        echo = "all" if category is None else category.replace("_", " ")
        return Answer(page_of(page, str(len(held)), cursor, category=echo, **more))

    return answer


def response(body: bytes) -> Response:
    return Response({}, io.BytesIO(body), len(body), datetime(2026, 1, 9, tzinfo=UTC))


def understood(body: bytes, cursor: int = 0, again: int = 0, config: BiorxivConfig = ALL) -> Understood:
    first = BIORXIV.first(config, DAY)
    step = Step("biorxiv", "/x", (), part=first.part, memo={"category": 0, "cursor": cursor, "again": again})
    return BIORXIV.read(config, DAY, step, response(body))


def fault(body: bytes, cursor: int = 0, config: BiorxivConfig = ALL) -> tuple[str, str]:
    with pytest.raises(PageFault) as raised:
        understood(body, cursor, config=config)
    return raised.value.reason, raised.value.then


def listed(log: MemoryLog, done: Fetch) -> int:
    return sum(SOURCES_BY_NAME[done.source].count(io.BytesIO(page)) for page in log.pages(done))


# -- paging ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "size", "cursors"),
    [
        (0, 30, [0]),
        (1, 30, [0]),
        (30, 30, [0]),
        (31, 30, [0, 30]),
        (109, 30, [0, 30, 60, 90]),
        (109, 100, [0, 100]),
        (109, lambda cursor: 30 if cursor else 45, [0, 45, 75, 105]),
    ],
)
def test_the_offset_goes_on_by_the_rows_that_came(rows: int, size: Any, cursors: list[int]) -> None:
    log = MemoryLog()
    with ReplayServer(service([row(number) for number in range(rows)], size)) as server:
        done = fetch(BIORXIV, ALL, DAY, server.url, log)
        assert [int(asked.path.rpartition("/")[2]) for asked in server.asked] == cursors
        assert done.requests == len(cursors)
    assert done.announced == done.fetched == listed(log, done) == rows
    assert done.is_empty == (rows == 0)
    assert done.shortfalls() == []


def test_versions_of_one_preprint_are_counted_apart() -> None:
    rows = [row(1), row(1, version="2"), row(1, version=3), row(2, doi="doi:10.1101/X")]
    with ReplayServer(service(rows)) as server:
        assert fetch(BIORXIV, ALL, DAY, server.url).shortfalls() == []
    assert understood(page_of(rows, 4)).ids == (
        "10.1101/2026.01.07.000001v1", "10.1101/2026.01.07.000001v2", "10.1101/2026.01.07.000001v3", "10.1101/xv1",
    )  # fmt: skip


def test_a_row_that_stands_twice_on_a_page_is_counted_as_the_service_counts_it() -> None:
    with ReplayServer(service([row(1), row(1)])) as server:
        done = fetch(BIORXIV, ALL, DAY, server.url)
    assert (done.announced, done.fetched) == (2, 2)


def test_a_page_that_comes_twice_falls_short_and_is_refused() -> None:
    rows = [row(number) for number in range(60)]
    with ReplayServer(lambda asked: Answer(page_of(rows[:30], "60", asked.path.rpartition("/")[2]))) as server:
        done = fetch(BIORXIV, ALL, DAY, server.url)
    assert done.shortfalls() == ["30 of 60 announced"]


def test_a_list_that_ends_before_its_total_is_asked_again_and_then_falls_short() -> None:
    rows = [row(number) for number in range(40)]

    def answer(asked: Asked) -> Answer:
        cursor = int(asked.path.rpartition("/")[2])
        page = rows[cursor : cursor + 30]
        return Answer(page_of(page, "52", cursor) if page else NOTHING)

    log = MemoryLog()
    with ReplayServer(answer) as server:
        done = fetch(BIORXIV, ALL, DAY, server.url, log)
        assert len(server.asked) == 2 + 1 + ASKED_AGAIN
    assert done.shortfalls() == ["40 of 52 announced"]
    assert listed(log, done) == 40


def test_a_list_that_grows_while_it_is_paged_is_begun_anew() -> None:
    rows = [row(number) for number in range(40)]

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("/30") and len(rows) == 40:
            rows.insert(0, row(99))
        return service(rows)(asked)

    with ReplayServer(answer) as server:
        done = fetch(BIORXIV, ALL, DAY, server.url)
        assert (done.announced, done.fetched, len(server.asked)) == (41, 41, 4)


def test_throttling_empty_bodies_and_errors_under_200_are_waited_out() -> None:
    troubles = [
        Answer(status=429, headers={"Retry-After": "1"}),
        Answer(b""),
        Answer(json.dumps({"messages": [{"status": "error"}]}).encode()),
        Answer(b"<html>busy</html>"),
    ]

    def answer(asked: Asked) -> Answer:
        return troubles.pop(0) if troubles else service([row(number) for number in range(31)])(asked)

    with ReplayServer(answer) as server:
        done = fetch(BIORXIV, ALL, DAY, server.url)
        assert (done.fetched, done.requests, len(server.asked)) == (31, 6, 6)


def test_a_fetch_that_was_cut_off_goes_on_after_its_last_page() -> None:
    log, down, rows = MemoryLog(), [True], [row(number) for number in range(100)]

    def answer(asked: Asked) -> Answer:
        if down and asked.path.endswith("/60"):
            return Answer(broken="reset")
        return service(rows)(asked)

    with ReplayServer(answer) as server:
        with pytest.raises(ServiceUnreachable):
            fetch(BIORXIV, ALL, DAY, server.url, log)
        assert len(server.asked) == 2 + QUICK.attempts
        down.clear()
        server.asked.clear()
        done = fetch(BIORXIV, ALL, DAY, server.url, log)
        assert [asked.path.rpartition("/")[2] for asked in server.asked] == ["60", "90"]
    assert done.announced == done.fetched == listed(log, done) == 100


# -- categories --------------------------------------------------------------------------------------------------------


def test_categories_are_lists_of_their_own() -> None:
    config = BiorxivConfig(categories=("Cell Biology", "neuroscience", "ecology", "cell-biology"))
    assert config.categories == ("cell_biology", "neuroscience", "ecology")
    rows = [row(n, category="neuroscience" if n % 2 else "cell biology") for n in range(70)] + [row(99, category="zoo")]
    with ReplayServer(service(rows)) as server:
        done = fetch(BIORXIV, config, DAY, server.url)
        asked = [(one.params["category"], one.path.rpartition("/")[2]) for one in server.asked]
    assert asked == [
        ("cell_biology", "0"), ("cell_biology", "30"), ("neuroscience", "0"), ("neuroscience", "30"), ("ecology", "0"),
    ]  # fmt: skip
    assert [(part.name, part.announced, part.fetched) for part in done.parts] == [
        ("cell_biology", 35, 35), ("neuroscience", 35, 35), ("ecology", 0, 0),
    ]  # fmt: skip


def test_a_category_that_the_service_passes_over_is_told_at_once() -> None:
    """The interface sends all categories for one that it does not know, and only its echo tells."""
    config = BiorxivConfig(categories=("zoology",))
    body = page_of([row(1)], "1", category="all")
    with ReplayServer(lambda asked: Answer(body)) as server:
        with pytest.raises(FetchFailed, match="does not know the category 'zoology'"):
            fetch(BIORXIV, config, DAY, server.url)
        assert len(server.asked) == 1
    assert fault(page_of([row(1)], "1", category=None), config=config) == ("wrong_page", "fail")


@pytest.mark.parametrize(
    ("config", "categories"),
    [
        (BiorxivConfig, ["quantum gravity"]),
        (BiorxivConfig, ["epidemiology"]),
        (BiorxivConfig, "neuroscience"),
        (MedrxivConfig, ["neuroscience"]),
        (MedrxivConfig, [""]),
    ],
)
def test_a_category_that_the_server_does_not_have_is_refused_early(config: Any, categories: object) -> None:
    with pytest.raises(ValidationError):
        config.model_validate({"categories": categories})


def test_the_message_names_the_categories_that_there_are() -> None:
    with pytest.raises(ValidationError, match=r"no category 'neuro'.*animal_behavior_and_cognition"):
        BiorxivConfig(categories=("neuro",))
    assert MedrxivConfig(categories=("HIV/AIDS", "Public and Global Health")).categories[0] == "hiv_aids"


# -- what an answer must say -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (json.dumps({"messages": [{"status": "Server not recognized"}]}).encode(), ("error_answer", "retry")),
        (json.dumps({"messages": [{"total": 3}], "collection": [row(1)]}).encode(), ("error_answer", "retry")),
        (json.dumps({"messages": [], "collection": [row(1)]}).encode(), ("wrong_page", "retry")),
        (json.dumps({"collection": [row(1)]}).encode(), ("unreadable_page", "retry")),
        (b'{"messages": [{"status": "ok", "total": 5}]}', ("unreadable_page", "retry")),
        (b'{"messages": ["ok"], "collection": []}', ("unreadable_page", "retry")),
        (page_of([row(1)], "1")[:-9], ("unreadable_page", "retry")),
        (b"[]", ("unreadable_page", "retry")),
        (page_of([row(1)], None), ("wrong_page", "retry")),
        (page_of([row(1)], "many"), ("wrong_page", "retry")),
        (page_of([row(1)], "1", cursor=30), ("wrong_page", "retry")),
        (page_of([row(1)], "1", interval="2026-01-07:2026-01-08"), ("wrong_page", "retry")),
        (page_of([row(1, server="medRxiv")], "1"), ("wrong_page", "retry")),
        (page_of([row(1, date="2026-01-07"), row(2, date="2025-01-01")], "2"), ("wrong_page", "retry")),
        (page_of([row(1)], "60", count=30), ("short_page", "retry")),
        (page_of([], "60", count=0), ("short_page", "retry")),
    ],
)
def test_what_cannot_be_the_list_is_refused(body: bytes, expected: tuple[str, str]) -> None:
    assert fault(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        page_of([row(1)], 1, cursor="0"),
        page_of([row(1)], "1", count=None, cursor=None, interval=None, category=None),
        page_of([row(1)], 1.0, count=100),
        page_of([row(1, server=None)], "1"),
    ],
)
def test_figures_may_be_text_and_echoes_may_lack(body: bytes) -> None:
    told = understood(body)
    assert (told.role, told.announced, len(told.ids), told.next) == ("records", 1, 1, None)


def test_one_row_of_another_day_is_listed_with_the_rest() -> None:
    assert len(understood(page_of([row(1), row(2, date="2026-01-07"), row(3, date="NA")], "3")).ids) == 3


def test_a_damaged_row_is_fetched_for_the_parser_to_judge() -> None:
    body = page_of([row(1), "x", {"doi": 5}], "3").replace(b'"x"', b'{"doi": \xff}')
    assert understood(body).ids == ("10.1101/2026.01.07.000001v1", "row 1", "row 2")


@pytest.mark.parametrize("status", ["no posts found", "No posts found", "no articles found for 2026"])
def test_an_empty_day_is_announced_as_one(status: str) -> None:
    for collection in ({}, {"collection": []}):
        body = json.dumps({"messages": [{"status": status}], **collection}).encode()
        assert understood(body) == Understood("control", announced=0)
    assert understood(page_of([], "0")) == Understood("control", announced=0)


def test_both_servers_ask_one_host_at_one_pace() -> None:
    step = MEDRXIV.first(MedrxivConfig(), DAY)
    assert step.path == "/details/medrxiv/2026-01-08/2026-01-08/0"
    assert BIORXIV.endpoints == MEDRXIV.endpoints
    body = page_of([row(1, server="medRxiv")], "1")
    assert MEDRXIV.read(MedrxivConfig(), DAY, step, response(body)).announced == 1


@pytest.mark.shared
def test_a_captured_answer_without_counts_is_no_list_of_a_day(shared: Path) -> None:
    (capture,) = (shared / "api_samples").glob("preprint__*.json")
    assert fault(capture.read_bytes()) == ("wrong_page", "retry")


@pytest.mark.shared
def test_the_captured_rows_are_fetched_under_a_list_of_their_day(shared: Path) -> None:
    (capture,) = (shared / "api_samples").glob("preprint__*.json")
    rows = json.loads(capture.read_bytes())["collection"]
    body = page_of(rows[1:], "1", interval="2020-02-02:2020-02-02")
    log = MemoryLog()
    with ReplayServer(lambda asked: Answer(body)) as server:
        done = fetch(BIORXIV, ALL, date(2020, 2, 2), server.url, log)
        assert (done.announced, done.fetched, len(server.asked)) == (1, 1, 1)
    assert listed(log, done) == 1


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([(BIORXIV, ALL), (BIORXIV, BiorxivConfig(categories=("neuroscience", "ecology")))]),
    st.sampled_from([page_of([row(1), row(2)], "5"), NOTHING, page_of([row(1)], "1", category="neuroscience")]),
    st.tuples(st.integers(0, 500), st.integers(0, 40), st.binary(max_size=20)),
    st.integers(0, 3),
)
def test_any_answer_is_understood_or_a_fault_of_the_page(
    asked: tuple[Connector, BiorxivConfig], page: bytes, damage: tuple[int, int, bytes], cursor: int
) -> None:
    connector, config = asked
    at, length, instead = damage
    step = connector.first(config, DAY)
    step = Step(step.endpoint, step.path, step.params, part=step.part, memo={**step.memo, "cursor": cursor})
    try:
        told = connector.read(config, DAY, step, response(page[:at] + instead + page[at + length :]))
    except PageFault as raised:
        assert raised.reason
    else:
        assert told.next is None or (told.next != step and json.dumps(dict(told.next.memo)))
