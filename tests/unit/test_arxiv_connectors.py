"""arXiv asked over HTTP: all changes of categories by OAI-PMH, a query through its search interface.

The OAI-PMH server here pages and answers as arXiv's own does since 2025 (github.com/arXiv/oaipmh): tokens that say what
was asked and how far it got, no length of a list.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode

import pytest
from fetching import MemoryLog, Waits, client, fetch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from replay import Answer, Asked, ReplayServer

from assets.connectors import arxiv_api, arxiv_oai
from assets.connectors.arxiv_api import ArxivSearchConfig
from assets.connectors.arxiv_categories import canonical, set_of
from assets.connectors.arxiv_oai import ArxivConfig
from assets.connectors.base import PageFault, Response, Step, Understood
from assets.fetching.client import FetchFailed, ServiceUnreachable
from assets.fetching.fetch import RESTARTS, fetch_day
from assets.sources.arxiv.arxiv import SOURCE
from assets.sources.base import RawObject, Record

OAI, SEARCH = arxiv_oai.CONNECTOR, arxiv_api.CONNECTOR
DAY = date(2026, 1, 8)
TWO = ArxivConfig(categories=("q-bio", "cs.LG"))
QUERY = ArxivSearchConfig(query="cat:q-bio.QM", page_size=3)

Respond = Callable[[Asked], Answer]


def response(body: bytes | str) -> Response:
    content = body.encode() if isinstance(body, str) else body
    return Response({}, io.BytesIO(content), len(content), datetime(2026, 1, 9, tzinfo=UTC))


def listed(log: MemoryLog, found: Any) -> list[Record]:
    """What the source reads in the pages of a fetch; nothing of it may be damaged."""
    raw = RawObject("arxiv", DAY, "raw/x", "0" * 64, 1, "x", datetime(2026, 1, 9, tzinfo=UTC))
    rows = [row for page in log.pages(found) for row in SOURCE.parse(io.BytesIO(page), raw)]
    assert all(isinstance(row, Record) for row in rows)
    return [row for row in rows if isinstance(row, Record)]


# -- categories --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("q-bio", "q-bio"),
        ("q-bio.QM", "q-bio:q-bio:QM"),
        ("cs.LG", "cs:cs:LG"),
        ("stat.ML", "stat:stat:ML"),
        ("eess.IV", "eess:eess:IV"),
        ("physics.med-ph", "physics:physics:med-ph"),
        ("physics", "physics:physics"),
        ("cond-mat.soft", "physics:cond-mat:soft"),
        ("hep-th", "physics:hep-th"),
    ],
)
def test_categories_are_the_sets_of_the_service(name: str, expected: str) -> None:
    assert set_of(canonical(name)) == expected


def test_categories_are_taken_in_any_case_and_once() -> None:
    assert ArxivConfig(categories=(" CS.lg", "cs.LG", "q-bio.QM", "Q-Bio")).categories == ("cs.LG", "q-bio")
    assert ArxivConfig().categories[0] == "q-bio"


@pytest.mark.parametrize(
    ("settings_", "told"),
    [
        ({"categories": ["cs.ML"]}, r"'cs\.ML' is no category of arXiv .*did you mean .*cs\."),
        ({"categories": ["biology"]}, "no category of arXiv"),
        ({"categories": ["cs:cs:LG"]}, "no category of arXiv"),
        ({"categories": []}, "at least 1"),
        ({"category": ["cs.LG"]}, "category"),
    ],
)
def test_categories_that_cannot_be_meant_are_refused(settings_: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ArxivConfig.model_validate(settings_)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (" ", "empty"),
        ("cat:cs.LG AND submittedDate:[202601080000 TO 202601090000]", "leave submittedDate: out"),
        ("lastUpdatedDate:[1 TO 2]", "leave lastUpdatedDate: out"),
        ("cat:cs.LG+AND+abs:x", "copied from an address"),
        ("ti:%22deep learning%22", "copied from an address"),
        ('abs:"deep learning', "not closed"),
        ("(cat:cs.LG", "not closed"),
        ("cat:cs.LG)(", "not closed"),
    ],
)
def test_queries_that_cannot_be_meant_are_refused(query: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ArxivSearchConfig(query=query)


def test_both_ways_of_asking_share_one_allowance() -> None:
    [oai], [search] = OAI.endpoints, SEARCH.endpoints
    assert oai.budget == search.budget == "arxiv"
    assert oai.seconds_between == search.seconds_between == 3.0


# -- OAI-PMH -----------------------------------------------------------------------------------------------------------


@dataclass
class Oai:
    """arXiv's OAI-PMH service: the records of each set, changed on `DAY`."""

    sets: dict[str, list[str]]
    per_page: int = 2
    headers_per_page: int = 3
    size: bool = False  # tell the length of a list, as the service did until 2025
    deleted: frozenset[str] = frozenset()
    time: str = "2026-01-09T01:02:03Z"

    def __call__(self, asked: Asked) -> Answer:
        params = dict(asked.params)
        skip = 0
        if token := params.pop("resumptionToken", None):
            assert params.keys() == {"verb"}, "a token is exclusive"
            told = {name: values[0] for name, values in parse_qs(unquote(token)).items()}
            skip = int(told.pop("skip"))
            assert told.pop("verb") == params["verb"]
            params |= told
        assert params["from"] == params["until"] == DAY.isoformat()
        assert params["metadataPrefix"] == "arXivRaw"
        return Answer(self.answer(params, skip).encode())

    def answer(self, params: dict[str, str], skip: int) -> str:
        just_ids = params["verb"] == "ListIdentifiers"
        limit = self.headers_per_page if just_ids else self.per_page
        every = self.sets[params["set"]]
        names = every[skip : skip + limit]
        if not names:
            return self.page("<request>x</request>", '<error code="noRecordsMatch">None.</error>')
        items = "".join(self.header(name) if just_ids else self.record(name) for name in names)
        sized = f' completeListSize="{len(every)}"' if self.size else ""
        token = "\n    " if skip else None
        if skip + limit < len(every):
            token = quote(urlencode({**params, "skip": skip + limit}))
        element = (
            "" if token is None else f"<resumptionToken{sized} expirationDate='{self.time}'>{token}</resumptionToken>"
        )
        asked = " ".join(f'{name}="{value}"' for name, value in params.items())
        return self.page(f"<request {asked}>x</request>", f"<{params['verb']}>{items}{element}</{params['verb']}>")

    def page(self, request: str, content: str) -> str:
        return (
            '<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
            f"<responseDate>{self.time}</responseDate>{request}{content}</OAI-PMH>"
        )

    def header(self, name: str) -> str:
        gone = ' status="deleted"' if name in self.deleted else ""
        return (
            f"<header{gone}><identifier>oai:arXiv.org:{name}</identifier><datestamp>{DAY}</datestamp>"
            "<setSpec>q-bio:q-bio:QM</setSpec></header>"
        )

    def record(self, name: str) -> str:
        if name in self.deleted:
            return f"<record>{self.header(name)}</record>"
        return (
            f'<record>{self.header(name)}<metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{name}</id>'
            '<version version="v1"><date>Wed, 07 Jan 2026 10:00:00 GMT</date></version>'
            f"<title>Title of {name}</title></arXivRaw></metadata></record>"
        )


def names(count: int, month: str = "2601") -> list[str]:
    return [f"{month}.{number:05}" for number in range(1, count + 1)]


def test_every_set_is_counted_and_then_fetched_page_by_page() -> None:
    log = MemoryLog()
    service = Oai({"q-bio": names(5), "cs:cs:LG": names(2)}, deleted=frozenset({"2601.00002"}))
    with ReplayServer(service) as server:
        found = fetch(OAI, TWO, DAY, server.url, log)
        # Identifiers in 2 pages and records in 3, then one page of each.
        assert [asked.params["verb"] for asked in server.asked] == [
            "ListIdentifiers", "ListIdentifiers", "ListRecords", "ListRecords", "ListRecords",
            "ListIdentifiers", "ListRecords",
        ]  # fmt: skip
    assert [(part.name, part.announced, part.fetched) for part in found.parts] == [("q-bio", 5, 5), ("cs.LG", 2, 2)]
    assert found.shortfalls() == []
    papers = listed(log, found)
    assert [paper.source_id for paper in papers] == [*names(5), *names(2)]
    assert [paper.status for paper in papers].count("deleted") == 2


def test_a_length_that_is_told_saves_the_rest_of_the_identifiers() -> None:
    service = Oai({"q-bio": names(9), "cs:cs:LG": names(1)}, size=True, headers_per_page=3, per_page=9)
    with ReplayServer(service) as server:
        found = fetch(OAI, TWO, DAY, server.url)
        assert len(server.asked) == 4
    assert (found.announced, found.fetched) == (10, 10)


def test_an_empty_set_is_one_request_and_an_empty_day_is_empty() -> None:
    with ReplayServer(Oai({"q-bio": [], "cs:cs:LG": []})) as server:
        found = fetch(OAI, TWO, DAY, server.url)
        assert len(server.asked) == 2
    assert found.is_empty
    assert (found.announced, found.fetched) == (0, 0)


def test_a_day_whose_answers_differ_in_time_only_is_the_same() -> None:
    log = MemoryLog()
    service = Oai({"q-bio": names(3), "cs:cs:LG": names(3)})
    with ReplayServer(service) as server:
        first = fetch(OAI, TWO, DAY, server.url, log)
        service.time = "2026-01-10T05:06:07Z"
        second = fetch(OAI, TWO, DAY, server.url, log)
        service.sets["cs:cs:LG"] = names(3, "2602")
        third = fetch(OAI, TWO, DAY, server.url, log)
    assert second.same_as == first.fetch_id
    assert third.same_as is None


def test_a_list_that_comes_short_is_told() -> None:
    service = Oai({"q-bio": names(4), "cs:cs:LG": []})

    def answer(asked: Asked) -> Answer:
        if asked.params["verb"] == "ListRecords":  # the list ends before it should, as if it were complete
            return Answer(Oai({"q-bio": names(1), "cs:cs:LG": []})(asked).body)
        return service(asked)

    with ReplayServer(answer) as server:
        found = fetch(OAI, TWO, DAY, server.url)
    assert found.shortfalls() == ["q-bio: 1 of 4 announced"]


def test_a_page_short_of_its_token_is_asked_for_again() -> None:
    service = Oai({"q-bio": names(5), "cs:cs:LG": []}, per_page=3)
    left = [1]

    def answer(asked: Asked) -> Answer:
        body = service(asked).body.decode()
        if asked.params["verb"] == "ListRecords" and left[0]:
            left[0] -= 1
            lost = service.record("2601.00002")
            assert lost in body
            body = body.replace(lost, "")
        return Answer(body.encode())

    with ReplayServer(answer) as server:
        found = fetch(OAI, TWO, DAY, server.url)
        assert len(server.asked) == 2 + 3 + 1
    assert (found.announced, found.fetched) == (5, 5)


def throttled(service: Respond, faults: list[Answer | None]) -> Respond:
    """A service whose first answers are faults; None: in order."""
    left = list(faults)

    def answer(asked: Asked) -> Answer:
        fault = left.pop(0) if left else None
        return service(asked) if fault is None else fault

    return answer


def test_a_service_that_throttles_is_waited_for() -> None:
    waits = Waits()
    slow = [Answer(status=503, headers={"Retry-After": "30"}), Answer(status=429), None, Answer(status=503)]
    with ReplayServer(throttled(Oai({"q-bio": names(2), "cs:cs:LG": names(1)}), slow)) as server:
        asked = client({"arxiv_oai": server.url}, waits)
        found = fetch_day(OAI, "test", TWO, DAY, client=asked, log=MemoryLog(), config_hash="0")
        assert len(server.asked) == 4 + 3
    assert found.fetched == 3
    assert max(waits.slept) >= 27  # of 30 seconds, what the pace had not waited already


def test_requests_keep_three_seconds_between_them() -> None:
    waits = Waits()
    with ReplayServer(Oai({"q-bio": names(4), "cs:cs:LG": []})) as server:
        asked = client({"arxiv_oai": server.url}, waits)
        fetch_day(OAI, "test", TWO, DAY, client=asked, log=MemoryLog(), config_hash="0")
        assert len(server.asked) == 5
    assert waits.slept == [3.0] * 4


def test_a_fetch_that_is_cut_off_goes_on_after_its_last_page() -> None:
    log = MemoryLog()
    service = Oai({"q-bio": names(6), "cs:cs:LG": names(1)}, headers_per_page=9)
    failing = [None, None, *[Answer(status=500)] * 6]
    with ReplayServer(throttled(service, failing)) as server:
        with pytest.raises(ServiceUnreachable):
            fetch(OAI, TWO, DAY, server.url, log)
        before = len(server.asked)
        found = fetch(OAI, TWO, DAY, server.url, log)
        # Identifiers and the first of three pages of records had come.
        assert (before, len(server.asked) - before) == (2 + 6, 2 + 2)
        assert "resumptionToken" in server.asked[before].params
    assert (found.announced, found.fetched) == (7, 7)


def test_a_token_that_has_expired_begins_the_list_anew() -> None:
    service = Oai({"q-bio": names(4), "cs:cs:LG": []})
    expired = Answer(service.page("<request>x</request>", '<error code="badResumptionToken">Old.</error>').encode())
    with ReplayServer(throttled(service, [None, None, None, expired])) as server:
        found = fetch(OAI, TWO, DAY, server.url)
        assert len(server.asked) == 4 + 5
    assert found.fetched == 4


def test_tokens_that_lead_in_circles_do_not_go_on_for_ever() -> None:
    service = Oai({"q-bio": names(9), "cs:cs:LG": []}, headers_per_page=9)
    asked_for = quote(urlencode({"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set": "q-bio",
                                 "from": DAY, "until": DAY, "skip": 2}))  # fmt: skip

    def answer(asked: Asked) -> Answer:
        body = service(asked).body
        return (
            Answer(body.replace(b"skip%3D4", b"skip%3D2"))
            if asked.params.get("resumptionToken") == asked_for
            else Answer(body)
        )

    with ReplayServer(answer) as server, pytest.raises(FetchFailed, match="repeated_token"):
        fetch(OAI, TWO, DAY, server.url)
    assert len(server.asked) == (1 + RESTARTS) * 3


FIRST = OAI.first(TWO, DAY)
RECORDS = OAI.read(TWO, DAY, FIRST, response(Oai({"q-bio": names(1)}).answer(dict(FIRST.params), 0))).next
assert RECORDS is not None


def oai_page(content: str, request: str = "<request>x</request>") -> str:
    return Oai({}).page(request, content)


@pytest.mark.parametrize(
    ("body", "reason", "then"),
    [
        ("", "empty_body", "retry"),
        ("<OAI-PMH>", "unreadable_page", "retry"),
        ("<rss/>", "wrong_page", "retry"),
        (oai_page("", request=""), "wrong_page", "retry"),
        (oai_page("<Identify/>"), "wrong_page", "retry"),
        (oai_page("<ListRecords/>"), "short_page", "retry"),
        (oai_page("<ListRecords><record><header/></record></ListRecords>"), "wrong_page", "retry"),
        (oai_page("<ListRecords/>", request='<request set="math">x</request>'), "wrong_page", "retry"),
        (oai_page("<ListRecords/>", request='<request from="2026-01-07">x</request>'), "wrong_page", "retry"),
        (oai_page('<error code="badArgument">Set does not exist</error>'), "error_answer", "fail"),
        (oai_page('<error code="cannotDisseminateFormat"/>'), "error_answer", "fail"),
        (oai_page('<error code="badResumptionToken"/>'), "token_expired", "restart"),
        (oai_page('<error code="noRecordsMatch"/>'), "list_changed", "restart"),
        (oai_page("<error/>"), "error_answer", "retry"),
        (
            oai_page(
                "<ListRecords><record><header><identifier>x</identifier><datestamp>2025-12-31</datestamp></header>"
                "</record></ListRecords>"
            ),
            "wrong_page",
            "retry",
        ),
    ],
)
def test_an_answer_that_is_none_to_the_request_is_refused(body: str, reason: str, then: str) -> None:
    assert RECORDS is not None
    with pytest.raises(PageFault) as fault:
        OAI.read(TWO, DAY, RECORDS, response(body))
    assert (fault.value.reason, fault.value.then) == (reason, then)


# -- search ------------------------------------------------------------------------------------------------------------


@dataclass
class Search:
    """arXiv's search interface over a list of papers."""

    papers: list[str]
    empty: list[int] = field(default_factory=list)  # starts that are answered without entries, each once
    short: int | None = None  # most entries of a page, whatever is asked for
    time: str = "2026-01-09T01:02:03Z"

    def __call__(self, asked: Asked) -> Answer:
        start, most = int(asked.params["start"]), int(asked.params["max_results"])
        found = self.papers[start : start + min(most, self.short or most)]
        if start in self.empty:
            self.empty.remove(start)
            found = []
        return Answer(self.feed(found, start).encode())

    def feed(self, found: list[str], start: int, total: int | None = None) -> str:
        entries = "".join(
            f"<entry><id>http://arxiv.org/abs/{name}v1</id><title>T {name}</title>"
            f"<updated>2026-01-08T10:00:00Z</updated><published>2026-01-08T10:00:00Z</published></entry>"
            for name in found
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
            'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><id>https://arxiv.org/api/x</id>'
            f"<title>arXiv Query</title><updated>{self.time}</updated>"
            f"<opensearch:totalResults>{len(self.papers) if total is None else total}</opensearch:totalResults>"
            f"<opensearch:startIndex>{start}</opensearch:startIndex>{entries}</feed>"
        )


def test_a_query_is_asked_for_the_day_and_paged_by_what_came() -> None:
    log = MemoryLog()
    with ReplayServer(Search(names(7))) as server:
        found = fetch(SEARCH, QUERY, DAY, server.url, log)
        assert [asked.params["start"] for asked in server.asked] == ["0", "3", "6"]
        assert {asked.params["search_query"] for asked in server.asked} == {
            "(cat:q-bio.QM) AND submittedDate:[202601080000 TO 202601090000]"
        }
    assert (found.announced, found.fetched) == (7, 7)
    assert [paper.source_id for paper in listed(log, found)] == names(7)


def test_a_service_that_gives_fewer_than_asked_is_not_skipped_over() -> None:
    with ReplayServer(Search(names(7), short=2)) as server:
        found = fetch(SEARCH, QUERY, DAY, server.url)
        assert [asked.params["start"] for asked in server.asked] == ["0", "2", "4", "6"]
    assert (found.announced, found.fetched) == (7, 7)


def test_an_empty_page_in_the_middle_is_asked_for_again() -> None:
    with ReplayServer(Search(names(7), empty=[3, 3])) as server:
        found = fetch(SEARCH, QUERY, DAY, server.url)
        assert [asked.params["start"] for asked in server.asked] == ["0", "3", "3", "3", "6"]
    assert (found.announced, found.fetched) == (7, 7)


def test_an_empty_page_that_stays_so_fails_the_fetch_and_keeps_what_came() -> None:
    log = MemoryLog()
    service = Search(names(7), empty=[3] * 4)
    with ReplayServer(service) as server:
        with pytest.raises(FetchFailed, match="short_page"):
            fetch(SEARCH, QUERY, DAY, server.url, log)
        assert len(server.asked) == 5
        found = fetch(SEARCH, QUERY, DAY, server.url, log)
        assert [asked.params["start"] for asked in server.asked[5:]] == ["3", "6"]
    assert (found.announced, found.fetched) == (7, 7)


def test_a_day_without_papers_is_believed_at_second_sight() -> None:
    with ReplayServer(Search([])) as server:
        found = fetch(SEARCH, QUERY, DAY, server.url)
        assert len(server.asked) == 2
    assert found.is_empty
    assert found.announced == 0


def test_an_answer_that_came_blank_once_loses_no_day() -> None:
    service, left = Search(names(2)), [1]

    def answer(asked: Asked) -> Answer:
        if left[0]:
            left[0] -= 1
            return Answer(service.feed([], 0, total=0).encode())
        return service(asked)

    with ReplayServer(answer) as server:
        found = fetch(SEARCH, QUERY, DAY, server.url)
        assert len(server.asked) == 2
    assert found.fetched == 2


def test_a_feed_that_differs_in_its_time_only_is_the_same() -> None:
    log, service = MemoryLog(), Search(names(4))
    with ReplayServer(service) as server:
        first = fetch(SEARCH, QUERY, DAY, server.url, log)
        service.time = "2026-01-10T00:00:00Z"
        second = fetch(SEARCH, QUERY, DAY, server.url, log)
        service.papers = names(4, "2602")
        third = fetch(SEARCH, QUERY, DAY, server.url, log)
    assert second.same_as == first.fetch_id
    assert third.same_as is None


def test_a_list_that_grows_meanwhile_is_begun_anew() -> None:
    service = Search(names(4))

    def answer(asked: Asked) -> Answer:
        if asked.params["start"] == "3":
            service.papers = names(5)
        return service(asked)

    with ReplayServer(answer) as server:
        found = fetch(SEARCH, QUERY, DAY, server.url)
        assert [asked.params["start"] for asked in server.asked] == ["0", "3", "0", "3"]
    assert (found.announced, found.fetched) == (5, 5)


ERROR = (
    "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>https://arxiv.org/api/errors#x</id><title>Error</title>"
    "<summary>malformed query</summary></entry></feed>"
)


@pytest.mark.parametrize(
    ("body", "reason", "then"),
    [
        (" ", "empty_body", "retry"),
        ("Rate exceeded.", "unreadable_page", "retry"),
        ("<rss/>", "wrong_page", "retry"),
        ("<feed/>", "wrong_page", "retry"),
        (ERROR, "error_answer", "fail"),
        (Search(names(9)).feed(names(3), 3), "wrong_page", "retry"),
        (Search([]).feed(["nonsense"], 0, total=1), "wrong_page", "retry"),
        (Search([]).feed(names(3), 0, total=30_001), "too_many_records", "fail"),
    ],
)
def test_a_feed_that_is_none_to_the_request_is_refused(body: str, reason: str, then: str) -> None:
    with pytest.raises(PageFault) as fault:
        SEARCH.read(QUERY, DAY, SEARCH.first(QUERY, DAY), response(body))
    assert (fault.value.reason, fault.value.then) == (reason, then)


@pytest.mark.parametrize("connector", [OAI, SEARCH], ids=lambda connector: connector.name)
@settings(max_examples=150, deadline=None)
@given(place=st.floats(0, 1), length=st.integers(0, 60), instead=st.binary(max_size=20))
def test_any_answer_is_understood_or_a_fault_of_the_page(
    connector: Any, place: float, length: int, instead: bytes
) -> None:
    config: Any = TWO if connector is OAI else QUERY
    step = connector.first(config, DAY)
    page = (
        Oai({"q-bio": names(9)}).answer(dict(step.params), 0)
        if connector is OAI
        else Search(names(9)).feed(names(3), 0)
    ).encode()
    at = int(place * len(page))
    try:
        understood: Understood = connector.read(config, DAY, step, response(page[:at] + instead + page[at + length :]))
    except PageFault as fault:
        assert fault.reason
    else:
        following: Step | None = understood.next
        assert following is None or json.dumps(dict(following.memo))


# -- real answers ------------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_captured_feeds_are_paged_as_they_were_asked_for(shared: Path) -> None:
    """Six pages of ten were captured of one query of 214,881 papers: here it has no more than these sixty."""
    pages: dict[str, bytes] = {}
    for path in (shared / "api_samples/arxiv_atom").glob("q_testing_s*_m10_*.json"):
        capture = json.loads(path.read_bytes())
        pages[parse_qs(capture["url"])["start"][0]] = capture["body"].encode()
    assert {"0", "10", "20", "30", "40", "50"} <= pages.keys()

    def answer(asked: Asked) -> Answer:
        body = pages[asked.params["start"]].replace(b"214881", b"60")
        return Answer(gzip.compress(body), headers={"Content-Encoding": "gzip"})

    log = MemoryLog()
    with ReplayServer(answer) as server:
        found = fetch(SEARCH, ArxivSearchConfig(query="all:testing", page_size=10), DAY, server.url, log)
        assert [asked.params["start"] for asked in server.asked] == ["0", "10", "20", "30", "40", "50"]
    assert (found.announced, found.fetched) == (60, 60)


@pytest.mark.shared
def test_the_captured_error_and_the_captured_empty_answer_are_told_apart(shared: Path) -> None:
    folder = shared / "api_samples/arxiv_atom"
    step = SEARCH.first(QUERY, DAY)
    error = json.loads(next(folder.glob("id_abc_*")).read_bytes())["body"]
    with pytest.raises(PageFault, match="incorrect id format"):
        SEARCH.read(QUERY, DAY, step, response(error))
    empty = json.loads(next(folder.glob("id_0000.0000_*")).read_bytes())["body"]
    again = SEARCH.read(QUERY, DAY, step, response(empty)).next
    assert again is not None
    assert SEARCH.read(QUERY, DAY, again, response(empty)) == Understood("control", announced=0)
