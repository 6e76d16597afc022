"""How services are asked: what each fault gets, what is kept, where a fetch goes on.

The service here is the project's own: a list of ids in pages with a token, as JSON. Every test asks it over real HTTP.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from fetching import QUICK, MemoryLog, MemoryPace, Waits, client
from replay import Answer, Asked, ReplayServer

from assets.connectors.base import Connector, Endpoint, PageFault, QueryConfig, Response, Step, Understood
from assets.fetching.client import Client, FetchFailed, Patience, ServiceRefuses, ServiceUnreachable
from assets.fetching.fetch import PAGE_ATTEMPTS, RESTARTS, fetch_day
from assets.fetching.fetched import Fetch
from assets.fetching.limits import LONGEST_WAIT, RateLimiter
from assets.fetching.table import FETCHES_SCHEMA, fetches_frame
from expectations.day_checks import fetched_as_announced

DAY = date(2026, 1, 8)


def first(config: QueryConfig, day: date) -> Step:
    return Step("list", "/list", (("day", day.isoformat()), ("token", "0")))


def read(config: QueryConfig, day: date, step: Step, response: Response) -> Understood:
    try:
        page = orjson.loads(response.body.read())
    except orjson.JSONDecodeError as fault:
        raise PageFault("unreadable_page", f"no JSON: {fault}") from fault
    following = None
    if page.get("next") is not None:
        following = replace(step, params=(step.params[0], ("token", str(page["next"]))))
    return Understood("records", tuple(page["ids"]), page.get("total"), next=following)


SERVICE = Connector(
    name="list",
    source="jsonl",
    description="Ids in pages.",
    day="Any.",
    config=QueryConfig,
    endpoints=(Endpoint("list", "http://127.0.0.1:9", 0.0, "ours"),),
    first=first,
    read=read,
    volatile=re.compile(rb', "took": \d+'),
)


def page(number: int, pages: int = 3, total: int | None = None, **more: Any) -> bytes:
    """Page ``number`` of a list of two ids a page."""
    ids = [f"id-{number}-{place}" for place in range(2)]
    following = number + 1 if number + 1 < pages else None
    return json.dumps({"ids": ids, "total": 2 * pages if total is None else total, "next": following, **more}).encode()


def whole(asked: Asked) -> Answer:
    """A service in order: three pages."""
    return Answer(page(int(asked.params["token"])))


def once(fault: Answer, token: str = "1", times: int = 1) -> Callable[[Asked], Answer]:
    """A service that answers to one page with a fault, so many times, and is in order otherwise."""
    left = [times]

    def answer(asked: Asked) -> Answer:
        if asked.params["token"] == token and left[0]:
            left[0] -= 1
            return fault
        return whole(asked)

    return answer


@dataclass
class Run:
    """What a fetch left."""

    server: ReplayServer
    log: MemoryLog = field(default_factory=MemoryLog)
    waits: Waits = field(default_factory=Waits)
    config: QueryConfig = field(default_factory=QueryConfig)
    credentials: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    patience: Patience = QUICK

    def client(self) -> Client:
        return client({"list": self.server.url}, self.waits, self.patience, self.credentials)

    def fetch(self, config_hash: str = "0", **more: Any) -> Fetch:
        asked = self.client()
        return fetch_day(SERVICE, "q", self.config, DAY, client=asked, log=self.log, config_hash=config_hash, **more)

    @property
    def tokens(self) -> list[str]:
        """The pages that were asked for, in order."""
        return [asked.params["token"] for asked in self.server.asked]

    @property
    def damaged(self) -> list[str]:
        """Why pages were put aside."""
        (_, pages), *_ = self.log.cut_off.values() if self.log.cut_off else [(None, [])]
        return [kept["fault"] for kept in pages if kept["role"] == "damaged"]


@contextmanager
def service(answer: Callable[[Asked], Answer], **more: Any) -> Iterator[Run]:
    with ReplayServer(answer) as server:
        yield Run(server, **more)


# -- a service in order ----------------------------------------------------------------------------------------------


def test_every_page_is_kept_as_received_with_its_request_status_headers_and_time() -> None:
    zipped = gzip.compress(page(1), mtime=0)
    with service(once(Answer(zipped, headers={"Content-Encoding": "gzip", "ETag": '"1"', "X-Secret": "s"}))) as run:
        done = run.fetch()
    assert run.log.pages(done) == [page(0), zipped, page(2)]
    kept = done.pages[1]
    assert kept.url == f"{run.server.url}/list?day=2026-01-08&token=1"
    assert (kept.status, kept.size, kept.records) == (200, len(zipped), 2)
    assert kept.headers["etag"] == '"1"' and kept.headers["content-encoding"] == "gzip"
    assert "x-secret" not in kept.headers
    assert done.started_at <= kept.fetched_at <= done.finished_at
    assert (done.announced, done.fetched, done.requests, done.shortfalls()) == (6, 6, 3, [])
    assert run.tokens == ["0", "1", "2"]


def test_a_request_says_who_asks_and_a_key_is_sent_and_never_recorded() -> None:
    with service(whole, credentials={"list": (("api_key", "k3y&s"),)}) as run:
        done = run.fetch()
    assert {asked.headers["user-agent"] for asked in run.server.asked} == {"litlake/tests (mailto:ada@example.org)"}
    assert {asked.params["api_key"] for asked in run.server.asked} == {"k3y&s"}
    assert "k3y" not in json.dumps(run.log.fetches[DAY, "list", "q"]) + repr(done)


def test_progress_is_told_after_every_page() -> None:
    told: list[tuple[int, int, int | None]] = []
    with service(whole) as run:
        run.fetch(progress=lambda *figures: told.append(figures))
    assert told == [(1, 2, 6), (2, 4, 6), (3, 6, 6)]


def test_an_empty_day_is_a_finished_fetch_of_nothing() -> None:
    with service(lambda asked: Answer(b'{"ids": [], "total": 0}')) as run:
        done = run.fetch()
    assert done.is_empty
    assert (done.announced, done.fetched, done.shortfalls()) == (0, 0, [])
    assert run.tokens == ["0"]


# -- what passes: asked for again --------------------------------------------------------------------------------------


def short_length(body: bytes) -> Answer:
    return Answer(body, headers={"Content-Length": str(len(body) // 2), "Connection": "close"})


def packed(body: bytes) -> Answer:
    return Answer(body, headers={"Content-Encoding": "gzip"})


def long_length(body: bytes) -> Answer:
    return Answer(body, headers={"Content-Length": str(len(body) + 7)}, broken="truncated")


#: Fault -> the answer, how many pages it leaves among those put aside, the cause that is told.
PASSING: dict[str, tuple[Answer, int, str]] = {
    "429 without Retry-After": (Answer(status=429), 0, "HTTP 429"),
    "500": (Answer(b"oops", status=500), 0, "HTTP 500"),
    "503": (Answer(status=503), 0, "HTTP 503"),
    "timeout": (Answer(page(1), broken="stalled"), 0, "no byte came for too long"),
    "reset": (Answer(broken="reset"), 0, "the connection broke"),
    "truncated body": (Answer(page(1), broken="truncated"), 0, "the response ended before its announced length"),
    "announced longer than it is": (long_length(page(1)), 0, "the response ended before its announced length"),
    "truncated gzip": (packed(gzip.compress(page(1))[:-9]), 0, "gzip stream is damaged"),
    "gzip with a wrong checksum": (packed(gzip.compress(page(1))[:-8] + bytes(8)), 0, "gzip stream is damaged"),
    "gzip bomb": (packed(gzip.compress(b"[" + b" " * 2**27)), 0, "unpacks to more than 200 times its size"),
    # These came whole and say something else: they are kept, too.
    "announced shorter than it is": (short_length(page(1)), 1, "unreadable_page"),
    "HTML for JSON": (Answer(b"<!DOCTYPE html><p>We will be back soon."), 1, "html_page"),
    "an empty 200": (Answer(b""), 1, "empty_body"),
    "white space": (Answer(b" \n"), 1, "empty_body"),
    "invalid UTF-8": (Answer(page(1).replace(b"id-1-0", b"id-\xff")), 1, "unreadable_page"),
    "text for JSON": (Answer(b"Service temporarily unavailable"), 1, "unreadable_page"),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_costs_one_request_more_and_nothing_else(name: str) -> None:
    fault, kept, _ = PASSING[name]
    with service(once(fault)) as run:
        done = run.fetch()
    assert run.tokens == ["0", "1", "1", "2"]
    assert done.requests == 4
    assert run.log.pages(done) == [page(0), page(1), page(2)]
    assert len(run.log.bytes) == 3 + kept
    assert done.shortfalls() == []
    assert 0 < sum(run.waits.slept) <= QUICK.longest_wait + 0.01


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_stays_ends_the_fetch_with_its_name_and_loses_nothing(name: str) -> None:
    fault, kept, cause = PASSING[name]
    with service(once(fault, times=99)) as run:
        with pytest.raises((ServiceUnreachable, FetchFailed)) as told:
            run.fetch()
        attempts = PAGE_ATTEMPTS if kept else QUICK.attempts
        assert run.tokens == ["0", *["1"] * attempts]
        assert isinstance(told.value, FetchFailed if kept else ServiceUnreachable)
        assert cause in str(told.value)
        assert "\n" not in str(told.value)
        assert len(run.damaged) == attempts * kept
        run.server.asked.clear()
        run.server.answer = whole
        done = run.fetch()
    assert run.tokens == ["1", "2"]  # the first page is kept
    assert run.log.pages(done) == [page(0), page(1), page(2)]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        # Its clock is two hours behind ours, or in another zone: what counts is the span that it means.
        ({"Retry-After": "Thu, 08 Jan 2026 10:00:30 GMT", "Date": "Thu, 08 Jan 2026 10:00:00 GMT"}, 30),
        ({"Retry-After": "Thu, 08 Jan 2026 12:01:00 +0200", "Date": "Thu, 08 Jan 2026 10:00:00 GMT"}, 60),
        ({"Retry-After": "Thu, 08 Jan 2026 09:00:00 GMT", "Date": "Thu, 08 Jan 2026 10:00:00 GMT"}, 0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(headers: dict[str, str], seconds: float, status: int) -> None:
    with service(once(Answer(status=status, headers=headers))) as run:
        run.fetch()
    assert run.tokens == ["0", "1", "1", "2"]
    assert sum(run.waits.slept) == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize("asked_for", ["soon", "-3", "Thu, 99 Jan 2026 10:00:00 GMT", ""])
def test_a_retry_after_that_means_nothing_is_waited_for_as_if_there_were_none(asked_for: str) -> None:
    with service(once(Answer(status=429, headers={"Retry-After": asked_for}))) as run:
        run.fetch()
    assert run.tokens == ["0", "1", "1", "2"]
    assert sum(run.waits.slept) <= QUICK.longest_wait + 0.01


def test_a_service_that_asks_for_a_long_rest_is_left_alone_by_every_run() -> None:
    with service(once(Answer(status=429, headers={"Retry-After": f"{2 * LONGEST_WAIT}"}))) as run:
        asked = run.client()
        for _ in range(2):
            with pytest.raises(ServiceUnreachable, match=r"asked not to be called before \d{4}-.*run it again then"):
                fetch_day(SERVICE, "q", run.config, DAY, client=asked, log=run.log, config_hash="0")
        assert run.tokens == ["0", "1"]
        run.waits.now += 2 * LONGEST_WAIT
        fetch_day(SERVICE, "q", run.config, DAY, client=asked, log=run.log, config_hash="0")
    assert run.tokens == ["0", "1", "1", "2"]


def test_waits_grow_with_each_failure_and_are_never_the_same() -> None:
    patience = Patience()
    waits = [[patience.wait(failures) for _ in range(200)] for failures in range(1, 10)]
    for failures, drawn in enumerate(waits, 1):
        bound = min(patience.longest_wait, patience.first_wait * 2 ** (failures - 1))
        assert 0 <= min(drawn) < max(drawn) <= bound
        assert max(drawn) > 0.8 * bound


# -- what does not pass: never asked for again -------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 414])
def test_another_4xx_is_never_tried_again_and_its_cause_is_told_without_the_key(status: int) -> None:
    fault = Answer(b"bad key k3y\nsecond line", status=status)
    with service(once(fault), credentials={"list": (("api_key", "k3y"),)}) as run:
        with pytest.raises(ServiceRefuses, match=rf"HTTP {status}: bad key …\.$"):
            run.fetch()
        assert run.tokens == ["0", "1"]


def reading_400(config: QueryConfig, day: date, step: Step, response: Response) -> Understood:
    understood = read(config, day, step, response)
    if not understood.ids:
        raise PageFault("error_answer", "its backend is down")
    return understood


@pytest.mark.parametrize(
    ("body", "tokens", "ends"),
    [
        (b'{"ids": []}', ["0", "1", "1", "2"], None),
        (b"<html>Bad Request</html>", ["0", "1"], "HTTP 400, and the answer names no error that passes"),
        (b"{", ["0", "1"], "HTTP 400, and the answer names no error that passes"),
        (b"", ["0", "1"], "HTTP 400, and the answer names no error that passes"),
    ],
)
def test_a_4xx_that_a_connector_reads_is_tried_again_only_if_it_names_an_error_that_passes(
    body: bytes, tokens: list[str], ends: str | None
) -> None:
    endpoint = replace(SERVICE.endpoints[0], also_reads=frozenset({400}))
    connector = replace(SERVICE, read=reading_400, endpoints=(endpoint,))
    with service(once(Answer(body, status=400))) as run:
        asked = run.client()
        if ends is None:
            done = fetch_day(connector, "q", run.config, DAY, client=asked, log=run.log, config_hash="0")
            assert run.log.pages(done) == [page(0), page(1), page(2)]
        else:
            with pytest.raises(ServiceRefuses, match=ends):
                fetch_day(connector, "q", run.config, DAY, client=asked, log=run.log, config_hash="0")
        assert run.tokens == tokens


def test_a_redirect_within_the_host_is_followed_and_one_to_another_host_is_not() -> None:
    def moved(asked: Asked) -> Answer:
        if asked.path == "/list":
            return Answer(status=301, headers={"Location": f"/new?{_query(asked)}"})
        return whole(asked)

    with service(moved) as run:
        assert run.fetch().fetched == 6
    elsewhere = Answer(status=302, headers={"Location": "http://elsewhere.example/list"})
    with service(once(elsewhere), credentials={"list": (("api_key", "k3y"),)}) as run:
        with pytest.raises(ServiceRefuses, match=r"redirects to http://elsewhere.example, which is not followed"):
            run.fetch()
        assert run.tokens == ["0", "1"]
    circle = service(lambda asked: Answer(status=302, headers={"Location": f"/list?{_query(asked)}"}))
    with circle as run, pytest.raises(ServiceRefuses, match="redirects more than"):
        run.fetch()


def _query(asked: Asked) -> str:
    return "&".join(f"{name}={value}" for name, value in asked.params.items())


def test_nobody_who_listens_is_said_in_one_line() -> None:
    with ReplayServer(whole) as server:
        gone = server.url
    told = r"127\.0\.0\.1:\d+ did not answer in 6 attempts, last: it does not accept connections"
    with pytest.raises(ServiceUnreachable, match=told):
        fetch_day(SERVICE, "q", QueryConfig(), DAY, client=client({"list": gone}), log=MemoryLog(), config_hash="0")


def test_a_step_that_is_too_long_for_a_url_goes_as_a_form() -> None:
    def post(config: QueryConfig, day: date) -> Step:
        return replace(first(config, day), form=True)

    with service(lambda asked: Answer(page(0, pages=1))) as run:
        asked = run.client()
        connector = replace(SERVICE, first=post)
        done = fetch_day(connector, "q", run.config, DAY, client=asked, log=run.log, config_hash="0")
    assert [(asked.method, dict(asked.params)) for asked in run.server.asked] == [
        ("POST", {"day": "2026-01-08", "token": "0"})
    ]
    assert done.pages[0].url.endswith("/list?day=2026-01-08&token=0")


# -- lists that are not what they say ----------------------------------------------------------------------------------


def test_a_silently_truncated_page_is_seen_and_refuses_the_day() -> None:
    short = json.dumps({"ids": ["id-1-0"], "total": 6, "next": 2}).encode()
    with service(once(Answer(short))) as run:
        done = run.fetch()
    assert done.shortfalls() == ["5 of 6 announced"]
    verdict = fetched_as_announced(fetches_frame([done]))
    assert not verdict.passed
    assert "list.q: 5 of 6" in verdict.observed


def test_the_same_records_on_two_pages_do_not_make_up_for_those_that_lack() -> None:
    again = json.dumps({"ids": ["id-0-0", "id-0-1"], "total": 6, "next": 2}).encode()
    with service(once(Answer(again))) as run:
        assert run.fetch().shortfalls() == ["4 of 6 announced"]


def test_more_records_than_announced_are_told_too() -> None:
    with service(lambda asked: Answer(page(int(asked.params["token"]), total=5))) as run:
        assert run.fetch().shortfalls() == ["6 of 5 announced"]


def test_a_list_that_moves_while_it_is_read_is_begun_anew() -> None:
    with service(once(Answer(page(1, pages=3, total=7)))) as run:
        done = run.fetch()
    assert run.tokens == ["0", "1", "0", "1", "2"]
    assert [page.generation for page in done.pages] == [1, 1, 1]
    assert run.log.pages(done) == [page(0), page(1), page(2)]
    assert len(run.log.bytes) == 4  # what came before is kept, and is no page of the day
    assert done.shortfalls() == []


def test_a_list_that_never_rests_ends_with_what_was_announced_last() -> None:
    total = iter(range(6, 100))
    with service(lambda asked: Answer(page(int(asked.params["token"]), total=next(total)))) as run:
        done = run.fetch()
    assert len(run.tokens) == 2 * RESTARTS + 3
    assert done.shortfalls()


def test_a_token_that_repeats_begins_the_list_anew_and_then_fails() -> None:
    same = json.dumps({"ids": ["id-1-0", "id-1-1"], "total": 6, "next": 1}).encode()
    with service(once(Answer(same))) as run:
        assert run.fetch().fetched == 6
        assert run.tokens == ["0", "1", "0", "1", "2"]
    with service(once(Answer(same), times=99)) as run:
        with pytest.raises(FetchFailed, match=r"list\.q of 2026-01-08 .* repeated_token: .*; begun anew 2 times"):
            run.fetch()
        assert run.tokens == ["0", "1"] * (RESTARTS + 1)


def test_a_circle_of_tokens_is_seen_where_it_closes() -> None:
    back = json.dumps({"ids": ["id-2-0", "id-2-1"], "total": 6, "next": 0}).encode()
    circle = service(once(Answer(back), token="2", times=99))
    with circle as run, pytest.raises(FetchFailed, match="repeated_token"):
        run.fetch()


def test_a_page_that_changes_between_retries_counts_as_it_came_last() -> None:
    cut = page(1)[:-5]
    other = json.dumps({"ids": ["id-1-0", "id-1-9"], "total": 6, "next": 2}).encode()
    answers = iter([Answer(cut), Answer(other)])
    with service(lambda asked: next(answers) if asked.params["token"] == "1" else whole(asked)) as run:
        done = run.fetch()
    assert run.log.pages(done) == [page(0), other, page(2)]
    assert len(run.log.bytes) == 4  # the cut one is kept beside


def test_a_record_that_the_service_no_longer_has_is_no_shortfall() -> None:
    def with_gone(config: QueryConfig, day: date, step: Step, response: Response) -> Understood:
        understood = read(config, day, step, response)
        return replace(understood, ids=understood.ids[:1], absent=understood.ids[1:])

    with service(whole) as run:
        connector = replace(SERVICE, read=with_gone)
        done = fetch_day(connector, "q", run.config, DAY, client=run.client(), log=run.log, config_hash="0")
    assert (done.announced, done.fetched, done.shortfalls()) == (6, 3, [])
    assert fetches_frame([done])["absent"].to_list() == [3]


# -- caps --------------------------------------------------------------------------------------------------------------


def test_a_cap_on_pages_ends_the_fetch_and_says_which_setting_it_was() -> None:
    with service(whole, config=QueryConfig(max_pages=2)) as run:
        with pytest.raises(FetchFailed, match="more than 2 responses: narrow it or raise max_pages"):
            run.fetch()
        assert run.tokens == ["0", "1"]


def test_a_cap_on_bytes_holds_within_a_page_that_does_not_end() -> None:
    with service(once(Answer(page(1) + b" " * 4_000_000)), config=QueryConfig(max_bytes=100_000)) as run:
        with pytest.raises(FetchFailed, match=r"more than \d+ bytes: raise max_bytes"):
            run.fetch()
        assert run.tokens == ["0", "1"]


# -- crash and resumption ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fatal", [0, 1, 2])
def test_a_fetch_that_was_cut_off_goes_on_after_its_last_complete_page(fatal: int) -> None:
    class Killed(BaseException):
        """The process is gone."""

    def dies(pages: int, records: int, announced: int | None) -> None:
        if pages == fatal + 1:
            raise Killed

    with service(whole) as run:
        with pytest.raises(Killed):
            run.fetch(progress=dies)
        done = run.fetch()
        assert run.tokens == ["0", "1", "2"]  # no page was asked for twice
    assert run.log.pages(done) == [page(0), page(1), page(2)]
    assert (done.fetched, done.requests, done.shortfalls()) == (6, 3, [])


def test_a_cut_off_fetch_of_another_question_is_not_gone_on_with() -> None:
    with service(once(Answer(status=404))) as run:
        with pytest.raises(ServiceRefuses):
            run.fetch()
        run.fetch(config_hash="1")
        assert run.tokens == ["0", "1", "0", "1", "2"]


def test_a_fetch_whose_token_has_died_meanwhile_is_begun_anew() -> None:
    with service(once(Answer(status=503), times=QUICK.attempts)) as run:
        with pytest.raises(ServiceUnreachable):
            run.fetch()
        run.server.asked.clear()
        run.server.answer = once(Answer(b"unknown token", status=400))
        done = run.fetch()
        assert run.tokens == ["1", "0", "1", "2"]
        assert done.fetched == 6
        assert len(run.log.given_up) == 1


def test_a_fetch_that_failed_for_good_is_begun_anew_and_not_gone_on_with() -> None:
    same = json.dumps({"ids": ["id-1-0", "id-1-1"], "total": 6, "next": 1}).encode()
    with service(once(Answer(same), times=RESTARTS + 1)) as run:
        with pytest.raises(FetchFailed, match="repeated_token"):
            run.fetch()
        run.server.asked.clear()
        assert run.fetch().fetched == 6
        assert run.tokens == ["0", "1", "2"]


def test_a_page_that_another_run_has_kept_stops_this_one() -> None:
    class Contested(MemoryLog):
        def keep_page(self, *args: Any) -> bool:
            return False

    with service(whole, log=Contested()) as run, pytest.raises(FetchFailed, match="another run fetches it"):
        run.fetch()


# -- fetched again -----------------------------------------------------------------------------------------------------


def test_a_day_that_says_the_same_again_is_known_by_its_content() -> None:
    with service(lambda asked: Answer(page(int(asked.params["token"]), took=len(run.server.asked)))) as run:
        one, two, three = run.fetch(), run.fetch(), run.fetch()
    assert one.same_as is None
    assert (two.same_as, three.same_as) == (one.fetch_id, one.fetch_id)


def test_an_unchanged_page_is_not_sent_again() -> None:
    def conditional(asked: Asked) -> Answer:
        number = int(asked.params["token"])
        tag = f'"{number}"'
        if asked.headers.get("if-none-match") == tag:
            return Answer(status=304, headers={"ETag": tag})
        return Answer(page(number), headers={"ETag": tag})

    with service(conditional) as run:
        one, two = run.fetch(), run.fetch()
    assert [page.status for page in two.pages] == [304, 304, 304]
    assert run.log.pages(two) == run.log.pages(one) == [page(0), page(1), page(2)]
    assert two.same_as == one.fetch_id
    assert "if-none-match" not in run.server.asked[0].headers


def test_a_304_that_nobody_asked_for_is_refused() -> None:
    with service(once(Answer(status=304))) as run, pytest.raises(ServiceRefuses, match="HTTP 304"):
        run.fetch()


# -- the pace ----------------------------------------------------------------------------------------------------------


def test_runs_that_share_a_pace_keep_a_hosts_interval_together() -> None:
    state, waits = MemoryPace(), Waits()
    runs = [RateLimiter(state, waits.clock, lambda seconds: waits.slept.append(seconds)) for _ in range(3)]
    for _ in range(2):
        for run in runs:
            run.wait("host", 3.0)
    assert waits.slept == [3.0, 6.0, 9.0, 12.0, 15.0]
    runs[0].wait("other", 3.0)
    assert len(waits.slept) == 5  # hosts do not wait for each other


def test_a_slot_reserved_before_a_host_asks_for_quiet_is_void() -> None:
    state, waits = MemoryPace(), Waits()
    other = RateLimiter(state, waits.clock, waits.sleep)

    def sleep(seconds: float) -> None:
        if not waits.slept:
            other.pause("host", 60.0)  # a 429 that another run got meanwhile
        waits.sleep(seconds)

    run = RateLimiter(state, waits.clock, sleep)
    begun = waits.now
    run.wait("host", 3.0)
    run.wait("host", 3.0)
    assert waits.now - begun >= 60.0


def test_a_pace_written_by_a_clock_that_ran_wrong_is_passed_over() -> None:
    state, waits = MemoryPace(), Waits()
    ahead = Waits(now=waits.now + 30 * 86400)
    RateLimiter(state, ahead.clock, ahead.sleep).wait("host", 3.0)
    RateLimiter(state, waits.clock, waits.sleep).wait("host", 3.0)
    assert waits.slept == []


# -- the tables ------------------------------------------------------------------------------------------------------


def test_a_fetch_is_a_row_a_list() -> None:
    with service(whole) as run:
        done = run.fetch()
    frame = fetches_frame([done])
    assert dict(frame.schema) == FETCHES_SCHEMA
    (row,) = frame.iter_rows(named=True)
    assert (row["service"], row["query"], row["announced"], row["fetched"], row["pages"]) == ("list", "q", 6, 6, 3)
    assert fetches_frame([]).schema == frame.schema


def test_the_table_of_faults_in_the_docs_names_every_fault_that_is_tried_here() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "fetching.md").read_text("utf-8")
    for name in PASSING:
        assert f"| {name} |" in docs, name
