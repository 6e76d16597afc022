"""Europe PMC asked over HTTP: cursors, what every answer repeats, errors with status 200.

Answers have the shape of captures of version 6.9.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from fetching import MemoryLog, Waits, client, fetch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from replay import Answer, Asked, ReplayServer

from assets.connectors.base import PageFault, Response, Understood
from assets.connectors.europepmc import CONNECTOR, EuropePmcConfig
from assets.fetching.client import FetchFailed, ServiceUnreachable
from assets.fetching.fetch import PAGE_ATTEMPTS, RESTARTS, fetch_day
from assets.sources.base import RawObject, Record
from assets.sources.europepmc.europepmc import SOURCE

DAY = date(2026, 1, 8)
QUERY = EuropePmcConfig(query="SRC:PPR AND cancer", page_size=2)
ASKED = "(SRC:PPR AND cancer) AND (FIRST_IDATE:[2026-01-08 TO 2026-01-08])"


def response(body: object) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response({}, io.BytesIO(content), len(content), datetime(2026, 1, 9, tzinfo=UTC))


@dataclass
class EuropePmc:
    """A list of preprints; a cursor is the number of those before its page.

    Attributes:
        names_end: The last page of the list names no cursor; otherwise a page follows it that names its own.
    """

    ids: list[str]
    names_end: bool = True
    cited: int = 0
    escaped: bool = False

    def __call__(self, asked: Asked) -> Answer:
        assert asked.path == "/search"
        assert (asked.params["resultType"], asked.params["format"]) == ("core", "json")
        return Answer(json.dumps(self.answer(dict(asked.params))).encode())

    def answer(self, params: dict[str, str]) -> dict[str, Any]:
        cursor = params["cursorMark"]
        start = 0 if cursor == "*" else int(cursor.removeprefix("Ao="))
        size = int(params["pageSize"])
        end = min(start + size, len(self.ids))
        results = [
            {"id": own, "source": "PPR", "title": f"T {own}", "citedByCount": self.cited} for own in self.ids[start:end]
        ]
        told = {"nextCursorMark": f"Ao={end}"} if results or cursor != "*" else {}
        if self.names_end and end == len(self.ids):
            told = {}
        return {
            "version": "6.9", "hitCount": len(self.ids), **told,
            "request": {
                "queryString": params["query"], "resultType": params["resultType"], "sort": "", "synonym": False,
                "cursorMark": cursor.replace("*", "%2A").replace("=", "%3D") if self.escaped else cursor,
                "pageSize": size,
            },
            "resultList": {"result": results},
        }  # fmt: skip


def ids(count: int) -> list[str]:
    return [f"PPR{number}" for number in range(1, count + 1)]


# -- configuration -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings_", "told"),
    [
        ({}, "Field required"),
        ({"query": "  "}, "the query is empty"),
        ({"query": "cancer AND FIRST_IDATE:[2026-01-01 TO 2026-01-08]"}, "leave FIRST_IDATE: out"),
        ({"query": "cancer sort_date:y"}, "leave sort_date: out"),
        ({"query": "cancer%20AND%20heart"}, "copied from an address"),
        ({"query": "(cancer"}, "not closed"),
        ({"query": "cancer", "page_size": 1001}, "less than or equal to 1000"),
        ({"query": "cancer", "by": "published"}, "first_indexed"),
        ({"query": "cancer", "pagesize": 5}, "pagesize"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(settings_: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        EuropePmcConfig.model_validate(settings_)


def test_a_day_is_that_of_first_indexing_or_of_the_update() -> None:
    updated = EuropePmcConfig(query="heart", by="updated")
    assert dict(CONNECTOR.first(QUERY, DAY).params)["query"] == ASKED
    assert dict(CONNECTOR.first(updated, DAY).params)["query"] == "(heart) AND (UPDATE_DATE:[2026-01-08 TO 2026-01-08])"


# -- paging ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("names_end", "requests"), [(True, 3), (False, 4)])
def test_pages_follow_their_cursors_to_the_end(names_end: bool, requests: int) -> None:
    log = MemoryLog()
    with ReplayServer(EuropePmc(ids(5), names_end=names_end)) as server:
        found = fetch(CONNECTOR, QUERY, DAY, server.url, log)
        assert [asked.params["cursorMark"] for asked in server.asked] == ["*", "Ao=2", "Ao=4", "Ao=5"][:requests]
        assert {asked.params["query"] for asked in server.asked} == {ASKED}
    assert (found.announced, found.fetched) == (5, 5)
    raw = RawObject("europepmc", DAY, "raw/x", "0" * 64, 1, "x", datetime(2026, 1, 9, tzinfo=UTC))
    rows = [row for page in log.pages(found) for row in SOURCE.parse(io.BytesIO(page), raw)]
    assert [row.source_id for row in rows if isinstance(row, Record)] == [f"PPR/{own}" for own in ids(5)]


def test_a_day_without_results_is_one_request() -> None:
    with ReplayServer(EuropePmc([])) as server:
        found = fetch(CONNECTOR, QUERY, DAY, server.url)
        assert len(server.asked) == 1
    assert found.is_empty
    assert found.announced == 0


def test_an_echo_that_is_still_escaped_is_the_same() -> None:
    with ReplayServer(EuropePmc(ids(3), escaped=True)) as server:
        assert fetch(CONNECTOR, QUERY, DAY, server.url).fetched == 3


def test_citations_that_grow_make_no_other_day() -> None:
    log, service = MemoryLog(), EuropePmc(ids(3))
    with ReplayServer(service) as server:
        first = fetch(CONNECTOR, QUERY, DAY, server.url, log)
        service.cited = 7
        second = fetch(CONNECTOR, QUERY, DAY, server.url, log)
        service.ids = ids(4)
        third = fetch(CONNECTOR, QUERY, DAY, server.url, log)
    assert second.same_as == first.fetch_id
    assert third.same_as is None


def test_a_list_that_ends_early_is_told() -> None:
    service = EuropePmc(ids(5))

    def answer(asked: Asked) -> Answer:
        said = service.answer(dict(asked.params))
        if asked.params["cursorMark"] == "Ao=2":
            del said["nextCursorMark"]
        return Answer(json.dumps(said).encode())

    with ReplayServer(answer) as server:
        found = fetch(CONNECTOR, QUERY, DAY, server.url)
        assert len(server.asked) == 2
    assert found.shortfalls() == ["4 of 5 announced"]


def test_an_empty_page_in_the_middle_is_asked_for_again() -> None:
    service, left = EuropePmc(ids(5)), [2]

    def answer(asked: Asked) -> Answer:
        said = service.answer(dict(asked.params))
        if asked.params["cursorMark"] == "Ao=2" and left[0]:
            left[0] -= 1
            said["resultList"]["result"] = []
        return Answer(json.dumps(said).encode())

    with ReplayServer(answer) as server:
        found = fetch(CONNECTOR, QUERY, DAY, server.url)
        assert len(server.asked) == 5
    assert (found.announced, found.fetched) == (5, 5)


def test_cursors_that_lead_back_do_not_go_on_for_ever() -> None:
    service = EuropePmc(ids(6))

    def answer(asked: Asked) -> Answer:
        said = service.answer(dict(asked.params))
        if asked.params["cursorMark"] == "Ao=4":
            said["nextCursorMark"] = "Ao=2"
        return Answer(json.dumps(said).encode())

    with ReplayServer(answer) as server, pytest.raises(FetchFailed, match="repeated_token"):
        fetch(CONNECTOR, QUERY, DAY, server.url)
    assert len(server.asked) == (1 + RESTARTS) * 3


def test_a_service_that_throttles_is_waited_for() -> None:
    service, waits = EuropePmc(ids(5)), Waits()
    faults = [None, Answer(status=429, headers={"Retry-After": "20"}), Answer(status=500)]

    def answer(asked: Asked) -> Answer:
        fault = faults.pop(0) if faults else None
        return service(asked) if fault is None else fault

    with ReplayServer(answer) as server:
        asked = client({"europepmc": server.url}, waits)
        found = fetch_day(CONNECTOR, "test", QUERY, DAY, client=asked, log=MemoryLog(), config_hash="0")
        assert len(server.asked) == 5
    assert found.fetched == 5
    assert max(waits.slept) >= 19


def test_a_fetch_that_is_cut_off_goes_on_with_its_cursor() -> None:
    log, service, failing = MemoryLog(), EuropePmc(ids(5)), [6]

    def answer(asked: Asked) -> Answer:
        if asked.params["cursorMark"] == "Ao=4" and failing[0]:
            failing[0] -= 1
            return Answer(broken="reset")
        return service(asked)

    with ReplayServer(answer) as server:
        with pytest.raises(ServiceUnreachable):
            fetch(CONNECTOR, QUERY, DAY, server.url, log)
        before = len(server.asked)
        found = fetch(CONNECTOR, QUERY, DAY, server.url, log)
        assert (before, [asked.params["cursorMark"] for asked in server.asked[before:]]) == (8, ["Ao=4"])
    assert (found.announced, found.fetched) == (5, 5)


# -- answers -----------------------------------------------------------------------------------------------------------


STEP = CONNECTOR.first(QUERY, DAY)
GOOD = EuropePmc(ids(3)).answer(dict(STEP.params))


@pytest.mark.parametrize(
    ("body", "reason", "then"),
    [
        (b" ", "empty_body", "retry"),
        (b"{", "unreadable_page", "retry"),
        ([], "wrong_page", "retry"),
        ({"version": "6.9", "errCode": 400, "errMsg": "Invalid page size"}, "error_answer", "fail"),
        ({"errCode": 500, "errMsg": "Try later"}, "error_answer", "retry"),
        ({"errCode": 429}, "error_answer", "retry"),
        ({"errMsg": "?"}, "error_answer", "retry"),
        ({**GOOD, "request": None}, "wrong_page", "retry"),
        ({**GOOD, "request": {"queryString": "SRC:PPR"}}, "wrong_page", "retry"),
        ({**GOOD, "request": {"resultType": "lite"}}, "wrong_page", "retry"),
        ({**GOOD, "request": {"cursorMark": "Ao=2"}}, "wrong_page", "retry"),
        ({**GOOD, "hitCount": None}, "wrong_page", "retry"),
        ({**GOOD, "hitCount": True}, "wrong_page", "retry"),
        ({**GOOD, "resultList": {}}, "wrong_page", "retry"),
        ({**GOOD, "resultList": {"result": [{"id": "1"}]}}, "wrong_page", "retry"),
        ({**GOOD, "resultList": {"result": []}}, "short_page", "retry"),
    ],
)
def test_an_answer_that_is_none_to_the_request_is_refused(body: object, reason: str, then: str) -> None:
    with pytest.raises(PageFault) as fault:
        CONNECTOR.read(QUERY, DAY, STEP, response(body))
    assert (fault.value.reason, fault.value.then) == (reason, then)


def test_an_error_with_status_200_is_tried_again_and_then_fails_the_fetch() -> None:
    with ReplayServer(lambda asked: Answer(b'{"errCode": 500, "errMsg": "busy"}')) as server:
        with pytest.raises(FetchFailed, match=r"error_answer in 4 attempts: .* 500: busy"):
            fetch(CONNECTOR, QUERY, DAY, server.url)
        assert len(server.asked) == PAGE_ATTEMPTS


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 1), st.integers(0, 60), st.binary(max_size=20))
def test_any_answer_is_understood_or_a_fault_of_the_page(place: float, length: int, instead: bytes) -> None:
    page = json.dumps(GOOD).encode()
    at = int(place * len(page))
    try:
        understood = CONNECTOR.read(QUERY, DAY, STEP, response(page[:at] + instead + page[at + length :]))
    except PageFault as fault:
        assert fault.reason
    else:
        assert understood.next is None or json.dumps(dict(understood.next.memo))


# -- real answers ------------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_a_captured_page_is_read_and_followed(shared: Path) -> None:
    capture = json.loads((shared / "payloads/europepmc/search_cancer_core.json").read_bytes())
    first_page = {**capture, "hitCount": 25, "request": {**capture["request"], "queryString": ASKED}}
    last_page = {**first_page, "nextCursorMark": capture["nextCursorMark"], "resultList": {"result": []},
                 "request": {**first_page["request"], "cursorMark": capture["nextCursorMark"]}}  # fmt: skip

    def answer(asked: Asked) -> Answer:
        return Answer(json.dumps(first_page if asked.params["cursorMark"] == "*" else last_page).encode())

    with ReplayServer(answer) as server:
        found = fetch(CONNECTOR, QUERY, DAY, server.url)
        assert [asked.params["cursorMark"] for asked in server.asked] == ["*", capture["nextCursorMark"]]
    assert (found.announced, found.fetched) == (25, 25)


@pytest.mark.shared
def test_a_captured_answer_of_one_result_names_no_cursor_and_ends(shared: Path) -> None:
    capture = json.loads(next((shared / "api_samples").glob("europepmc__*.json")).read_bytes())
    capture["request"]["queryString"] = ASKED
    understood = CONNECTOR.read(QUERY, DAY, STEP, response(capture))
    assert understood == Understood("records", ids=("MED/9500320",), announced=1)
