"""The connector of PubMed's E-utilities: what it asks, how it splits a day, what it counts and what it refuses.

A small PubMed answers as NCBI's does: searches by day and range of PMIDs, at most so many records of one, a history
server that may forget, records that are gone. Its answers have the shapes of the captures that the last tests read.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import fetching
import pytest
from fetching import MemoryLog
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from replay import Answer, Asked, ReplayServer

from assets.connectors import pubmed_search
from assets.connectors.base import PageFault, Response, Step, Understood
from assets.connectors.pubmed import CONNECTOR, PubmedConfig
from assets.connectors.pubmed_pages import own_pmids
from assets.connectors.pubmed_search import pack, unpack
from assets.fetching.client import FetchFailed, ServiceUnreachable
from assets.sources import SOURCES_BY_NAME

DAY = date(2026, 1, 8)
NEURO = PubmedConfig(query="epilepsy[mh]")


def response(body: bytes | str) -> Response:
    content = body.encode() if isinstance(body, str) else body
    return Response({}, io.BytesIO(content), len(content), datetime(2026, 1, 9, tzinfo=UTC))


def read(step: Step, body: bytes | str, config: PubmedConfig = NEURO) -> Understood:
    return CONNECTOR.read(config, DAY, step, response(body))


def article(pmid: int, version: int = 1) -> str:
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="{version}">{pmid}</PMID><Article>'
        f"<ArticleTitle>Title of {pmid}.</ArticleTitle></Article><CommentsCorrectionsList><CommentsCorrections "
        'RefType="ErratumIn"><RefSource>J</RefSource><PMID Version="1">11111</PMID></CommentsCorrections>'
        "</CommentsCorrectionsList></MedlineCitation><PubmedData><ReferenceList><Reference><ArticleIdList>"
        '<ArticleId IdType="pubmed">22222</ArticleId></ArticleIdList></Reference></ReferenceList></PubmedData>'
        "</PubmedArticle>"
    )


def book(pmid: int) -> str:
    return (
        f'<PubmedBookArticle><BookDocument><PMID Version="1">{pmid}</PMID><ArticleTitle>Chapter.</ArticleTitle>'
        "</BookDocument><PubmedBookData/></PubmedBookArticle>"
    )


def page(*records: str) -> str:
    return (
        '<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
        '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n<PubmedArticleSet>\n'
        + "\n".join(records)
        + "</PubmedArticleSet>"
    )


def answer(count: int, pmids: list[int], more: str = "", history: str = "<QueryKey>1</QueryKey><WebEnv>MCID_1</WebEnv>",
           start: int = 0) -> str:  # fmt: skip
    ids = "".join(f"<Id>{pmid}</Id>\n" for pmid in pmids)
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE eSearchResult PUBLIC "-//NLM//DTD esearch 20060628//EN" '
        '"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20060628/esearch.dtd">\n'
        f"<eSearchResult><Count>{count}</Count><RetMax>{len(pmids)}</RetMax><RetStart>{start}</RetStart>{history}"
        f"<IdList>\n{ids}</IdList><TranslationSet/><QueryTranslation>x</QueryTranslation>{more}</eSearchResult>"
    )


def error(message: str, root: str = "eFetchResult") -> str:
    return f'<?xml version="1.0" encoding="UTF-8" ?>\n<{root}>\n\t<ERROR>{message}</ERROR>\n</{root}>\n'


@dataclass
class SmallPubmed:
    """What NCBI answers, with its limits, for one query on one day.

    Attributes:
        listed: PMIDs that the search finds, in its order.
        gone: Of them, those that efetch no longer has.
        serves: Most records of one search (9,999 at NCBI).
        gives: Most records of one page, whatever is asked for.
        forgets: The history server has forgotten every search.
    """

    listed: list[int]
    gone: set[int] = field(default_factory=set)
    serves: int = 9_999
    gives: int = 10_000
    forgets: bool = False
    kept: dict[str, list[int]] = field(default_factory=dict)
    steps: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, path: str, params: dict[str, str]) -> str:
        self.steps.append({"path": path, **params})
        return self.search(params) if path == "/esearch.fcgi" else self.records(params)

    def search(self, params: dict[str, str]) -> str:
        within = re.search(r" AND (\d+):(\d+)\[UID\]$", params["term"])
        low, high = (int(within[1]), int(within[2])) if within else (0, 10**9)
        found = [pmid for pmid in self.listed if low <= pmid <= high]
        self.kept[f"MCID_{len(self.kept) + 1}"] = found[: self.serves]
        named = found[: min(int(params["retmax"]), self.serves)]
        stored = params.get("usehistory") == "y"
        history = f"<QueryKey>1</QueryKey><WebEnv>MCID_{len(self.kept)}</WebEnv>" if stored else ""
        return answer(len(found), named, history=history)

    def records(self, params: dict[str, str]) -> str:
        if "id" in params:
            asked = [int(pmid) for pmid in params["id"].split(",")]
        elif self.forgets:
            return error("Unable to obtain query #1")
        else:
            start, most = int(params["retstart"]), int(params["retmax"])
            if start >= self.serves:
                return error(f"'retstart' cannot be larger than {self.serves - 1}.")
            asked = self.kept[params["WebEnv"]][start : start + most]
        return page(*(article(pmid) for pmid in asked[: self.gives] if pmid not in self.gone))

    def count(self, **params: str) -> int:
        """Requests that had these parameters."""
        return sum(params.items() <= step.items() for step in self.steps)


Serve = Callable[[str, dict[str, str]], str]


def run(config: PubmedConfig, serve: Serve) -> list[tuple[Step, Understood]]:
    """A whole day. Every step goes through JSON, as a resumed fetch would have it."""
    done: list[tuple[Step, Understood]] = []
    step: Step | None = CONNECTOR.first(config, DAY)
    while step is not None:
        kept = json.loads(json.dumps(dict(step.memo)))
        step = Step(step.endpoint, step.path, step.params, step.accept, step.part, kept, step.form)
        assert step not in [before for before, _ in done]
        understood = read(step, serve(step.path, dict(step.params)), config)
        done.append((step, understood))
        assert len(done) < 2_000
        step = understood.next
    return done


def counted(done: list[tuple[Step, Understood]]) -> tuple[list[int], list[int]]:
    """PMIDs that came and those that are absent; both are held against what was announced, part by part."""
    announced: dict[str, int] = {}
    came: dict[str, set[str]] = {}
    for step, understood in done:
        if understood.announced is not None:
            assert announced.setdefault(step.part, understood.announced) == understood.announced
        came.setdefault(step.part, set()).update(understood.ids, understood.absent)
    assert {part: len(pmids) for part, pmids in came.items() if pmids} == {k: v for k, v in announced.items() if v}
    every = [understood for _, understood in done]
    return [int(pmid) for one in every for pmid in one.ids], [int(pmid) for one in every for pmid in one.absent]


# -- configuration -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "query\n  Field required"),
        ({"query": "   "}, "is empty"),
        ({"query": "(epilepsy"}, "not closed"),
        ({"query": "epilepsy)"}, r"'\)' before its '\('"),
        ({"query": "epilepsy[mh"}, "not closed"),
        ({"query": '"epilepsy'}, "quotation mark"),
        ({"query": "x", "dates": []}, "dates"),
        ({"query": "x", "dates": ["created"]}, "mdat"),
        ({"query": "x", "page_size": 10_000}, "page_size"),
        ({"query": "x", "page_size": 0}, "page_size"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(values: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        PubmedConfig.model_validate(values)


def test_brackets_within_quotation_marks_are_words() -> None:
    assert PubmedConfig(query='"a (b"[ti]\n  OR\tc').query == '"a (b"[ti] OR c'


def test_dates_are_a_list_or_words() -> None:
    assert PubmedConfig.model_validate({"query": "x", "dates": "crdt, mdat crdt"}).dates == ("crdt", "mdat")


# -- what is asked -----------------------------------------------------------------------------------------------------


def test_a_day_is_searched_by_modification_and_entry_date_and_kept_by_the_history_server() -> None:
    step = CONNECTOR.first(NEURO, DAY)
    assert (step.path, step.form) == ("/esearch.fcgi", False)
    assert dict(step.params) == {
        "db": "pubmed",
        "term": "(epilepsy[mh]) AND "
        "(2026/01/08:2026/01/08[Date - Modification] OR 2026/01/08:2026/01/08[Date - Entry])",
        "usehistory": "y",
        "retstart": "0",
        "retmax": "9999",
        "retmode": "xml",
    }


def test_the_query_chooses_its_dates() -> None:
    term = dict(CONNECTOR.first(PubmedConfig(query="x", dates=("crdt",)), DAY).params)["term"]
    assert term == "(x) AND (2026/01/08:2026/01/08[Date - Create])"


def test_a_long_query_is_sent_as_a_form() -> None:
    assert CONNECTOR.first(PubmedConfig(query=" OR ".join(f"word{n}[ti]" for n in range(100))), DAY).form


# -- a day -------------------------------------------------------------------------------------------------------------


def test_a_day_is_fetched_page_by_page_from_the_history_server() -> None:
    serve = SmallPubmed([40, 30, 20, 10, 5])
    done = run(PubmedConfig(query="x", page_size=2), serve)
    assert counted(done) == ([40, 30, 20, 10, 5], [])
    assert [(s.get("retstart"), s["retmax"]) for s in serve.steps[1:]] == [("0", "2"), ("2", "2"), ("4", "1")]
    assert [understood.role for _, understood in done] == ["control", "records", "records", "records"]


def test_a_day_without_records_is_one_request() -> None:
    done = run(NEURO, SmallPubmed([]))
    assert [(understood.announced, understood.next) for _, understood in done] == [(0, None)]


def test_a_record_that_is_gone_is_absent_once_it_was_asked_for_by_name_in_vain() -> None:
    serve = SmallPubmed([50, 40, 30, 20, 10], gone={40})
    done = run(PubmedConfig(query="x", page_size=3), serve)
    assert counted(done) == ([50, 30, 20, 10], [40])
    assert serve.count(id="40") == 2
    assert all(step.form for step, _ in done if "id" in dict(step.params))


def test_a_day_of_which_everything_is_gone_ends() -> None:
    assert counted(run(PubmedConfig(query="x", page_size=2), SmallPubmed([3, 2, 1], gone={1, 2, 3}))) == ([], [1, 2, 3])


def test_a_page_that_the_service_cuts_short_costs_pages_and_no_record() -> None:
    serve = SmallPubmed(list(range(100, 90, -1)), gives=3)
    done = run(PubmedConfig(query="x", page_size=5), serve)
    assert counted(done) == (list(range(100, 90, -1)), [])
    assert [step.get("retstart") for step in serve.steps[1:]] == ["0", "3", "6", "9"]


@pytest.mark.parametrize("gives", [1, 2, 5])
def test_answers_by_name_that_are_cut_short_are_asked_for_the_rest(gives: int) -> None:
    serve = SmallPubmed(list(range(1, 8)), gone={2, 6}, gives=gives, forgets=True)
    came, absent = counted(run(PubmedConfig(query="x", page_size=4), serve))
    # An answer that gives fewer than it has is told from one that has no more by asking for the rest again.
    assert sorted(came + absent) == [1, 2, 3, 4, 5, 6, 7]
    assert {2, 6} <= set(absent) or gives == 1


def test_a_search_that_the_history_server_forgot_goes_on_by_name_where_it_stood() -> None:
    serve = SmallPubmed([60, 50, 40, 30, 20, 10])
    config = PubmedConfig(query="x", page_size=2)

    def forgetful(path: str, params: dict[str, str]) -> str:
        serve.forgets = params.get("retstart") == "2" and "WebEnv" in params
        return serve(path, params)

    done = run(config, forgetful)
    assert counted(done) == ([60, 50, 10, 20, 30, 40], [])
    assert len(done) == 5
    assert serve.count(path="/esearch.fcgi") == 1


def test_a_search_that_is_not_kept_is_fetched_by_name() -> None:
    serve = SmallPubmed([3, 2, 1])

    def keeps_nothing(path: str, params: dict[str, str]) -> str:
        return re.sub("<QueryKey>.*</WebEnv>", "", serve(path, params))

    assert counted(run(NEURO, keeps_nothing)) == ([1, 2, 3], [])
    assert serve.count(id="1,2,3") == 1


def test_pages_of_another_search_are_not_listed() -> None:
    mixed_up = SmallPubmed([3, 2, 1])

    def serve(path: str, params: dict[str, str]) -> str:
        return page(article(7), article(8), article(3)) if "WebEnv" in params else mixed_up(path, params)

    done = run(NEURO, serve)
    assert counted(done) == ([1, 2, 3], [])
    assert [understood.role for _, understood in done] == ["control", "control", "records"]


def test_a_record_that_took_the_place_of_another_is_listed_and_not_counted() -> None:
    step = CONNECTOR.first(NEURO, DAY)
    following = read(step, answer(3, [3, 2, 1])).next
    assert following is not None
    understood = read(following, page(article(3), article(9), article(1)))
    assert (understood.role, understood.ids) == ("records", ("3", "1"))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(1, 60), unique=True, max_size=25),
    st.sets(st.integers(1, 60), max_size=8),
    st.integers(1, 7),
    st.sampled_from([3, 5, 10_000]),
    st.booleans(),
)
def test_what_was_found_comes_once_or_is_absent_whatever_pages_do(
    listed: list[int], gone: set[int], size: int, gives: int, forgets: bool
) -> None:
    config = PubmedConfig(query="x", page_size=size)
    came, absent = counted(run(config, SmallPubmed(listed, gone, gives=gives, forgets=forgets)))
    assert sorted(came + absent) == sorted(listed)
    if gives >= size:
        assert set(absent) == gone & set(listed)


# -- splitting ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PubMed that serves 9 records of a search instead of 9,999."""
    monkeypatch.setattr("assets.connectors.pubmed.MOST_OF_A_SEARCH", 9)
    monkeypatch.setattr(pubmed_search, "MOST_OF_A_SEARCH", 9)
    monkeypatch.setattr(pubmed_search, "SMALL_RANGE", 8)


MANY = [1, 2, 50_000_000, 50_000_001, 99_999_999, *range(41_000_000, 41_025_000, 1_000)]


@pytest.mark.usefixtures("small")
def test_a_day_that_is_too_large_is_split_by_pmid_into_lists_that_add_up() -> None:
    serve = SmallPubmed(sorted(MANY, reverse=True), gone={41_003_000}, serves=9)
    done = run(PubmedConfig(query="x", page_size=5), serve)
    came, absent = counted(done)
    assert (sorted(came), absent) == (sorted(set(MANY) - {41_003_000}), [41_003_000])
    ranges = [step.part for step, understood in done if understood.announced]
    assert len(ranges) == len(set(ranges)) >= 4
    assert ranges[0].startswith("PMID 1-") and ranges[-1].endswith("-99999999")
    assert all(part.startswith("PMID ") for part in ranges)
    assert len(done) == 63


@pytest.mark.usefixtures("small")
def test_ranges_leave_no_number_out() -> None:
    searched = [step for step, _ in run(NEURO, SmallPubmed(MANY, serves=9)) if step.memo["reads"] == "count"]
    halves = [step.memo["range"] for step in searched]
    for lower, upper in zip(halves[::2], halves[1::2], strict=True):
        assert lower[1] + 1 == upper[0]
    assert (halves[0][0], halves[1][1]) == (1, 99_999_999)


def test_a_day_as_at_the_turn_of_the_year_is_split_by_a_few_searches() -> None:
    listed = list(range(20_000_000, 20_300_000, 3))  # 100,000 records
    serve = SmallPubmed(listed)
    step: Step | None = CONNECTOR.first(NEURO, DAY)
    while step is not None and step.memo["reads"] != "page":
        step = read(step, serve(step.path, dict(step.params))).next
    assert step is not None
    todo = [*step.memo["todo"], [0, 0, step.memo["found"]]]
    assert sum(planned for _, _, planned in todo) == len(listed)
    assert len(serve.steps) < 60
    assert len(json.dumps(dict(step.memo))) < 40_000


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("counts", "reason", "then"),
    [
        ([20, 12, 9], "list_changed", "restart"),  # more than the whole
        ([20, 20, 20], "list_changed", "restart"),  # the range is not obeyed
        ([20, 0, 0], "list_changed", "restart"),  # the range is not understood
    ],
)
def test_halves_that_do_not_add_up_begin_the_day_anew(counts: list[int], reason: str, then: str) -> None:
    answers = iter(counts)

    def serve(path: str, params: dict[str, str]) -> str:
        count = next(answers)
        return answer(count, list(range(1, 1 + min(count, int(params["retmax"])))))

    with pytest.raises(PageFault) as fault:
        run(NEURO, serve)
    assert (fault.value.reason, fault.value.then) == (reason, then)


def test_more_records_than_there_are_numbers_are_no_count() -> None:
    memo = {"reads": "count", "range": [5, 6], "lower": None, "splits": [[5, 8, 20_000]], "small": []}
    step = Step("pubmed", "/esearch.fcgi", (("retmax", "0"),), "xml", "split", memo)
    with pytest.raises(PageFault, match="the range is not obeyed"):
        read(step, answer(3, []))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("found", "fits"), [(8, True), (7, True), (9, True), (10, False), (0, True)])
def test_a_range_may_change_a_little_between_being_counted_and_being_searched(found: int, fits: bool) -> None:
    step = pubmed_search.search("x", (1, 50), 8, [])
    body = answer(found, list(range(1, 1 + min(found, 9))))
    if fits:
        assert read(step, body).announced == found
        return
    with pytest.raises(PageFault) as fault:
        read(step, body)
    assert (fault.value.reason, fault.value.then) == ("list_changed", "restart")


def test_a_range_that_collapses_begins_the_day_anew() -> None:
    with pytest.raises(PageFault, match="lists 0 records, 5000 when it was counted"):
        read(pubmed_search.search("x", (1, 50_000_000), 5_000, []), answer(0, []))


def test_records_outside_of_their_range_are_another_answer() -> None:
    with pytest.raises(PageFault) as fault:
        read(pubmed_search.search("x", (1, 50), 2, []), answer(2, [7, 51]))
    assert fault.value.reason == "wrong_page"


@given(st.sets(st.integers(1, 99_999_999), max_size=50))
def test_packed_pmids_come_back_in_order(pmids: set[int]) -> None:
    assert unpack(pack(pmids)) == sorted(pmids)


# -- what is refused ---------------------------------------------------------------------------------------------------

SEARCH = CONNECTOR.first(NEURO, DAY)
STORED = {"reads": "page", "left": "1 1 1", "start": 0, "webenv": "W", "key": "1", "found": 3, "todo": []}
PAGE = Step("pubmed", "/efetch.fcgi", (("retstart", "0"),), "xml", "", STORED)
NAMED = Step("pubmed", "/efetch.fcgi", (("id", "1,2"),), "xml", "",
             {"reads": "named", "left": "1 1", "unanswered": 0, "todo": []}, form=True)  # fmt: skip
FAILED = "Search Backend failed: Database is not supported: pubmed"


@pytest.mark.parametrize(
    ("step", "body", "reason", "then"),
    [
        (SEARCH, error(FAILED, "eSearchResult"), "error_answer", "retry"),
        (SEARCH, f"<eSearchResult><ERROR>{FAILED}", "error_answer", "retry"),
        (SEARCH, "<eSearchResult><Count>3</Count>", "unreadable_page", "retry"),
        (SEARCH, page(article(1)), "wrong_page", "retry"),
        (SEARCH, "<eSearchResult/>", "wrong_page", "retry"),
        (SEARCH, answer(3, [3, 2, 1]).replace("<Count>3<", "<Count>three<"), "wrong_page", "retry"),
        (SEARCH, answer(3, [3, 2, 1], start=20), "wrong_page", "retry"),
        (SEARCH, answer(3, [3, 2, 1]).replace("<Id>3<", "<Id>x<"), "wrong_page", "retry"),
        (SEARCH, answer(4, [3, 2, 1]), "short_page", "retry"),
        (SEARCH, answer(3, [3, 3, 1]), "short_page", "retry"),
        (PAGE, error("External viewer error: Empty Response. Status: Timeout"), "error_answer", "retry"),
        (PAGE, page(article(1), article(2))[:-30], "unreadable_page", "retry"),
        (PAGE, page(article(1), article(2))[:-200], "unreadable_page", "retry"),
        (PAGE, page(article(1)).replace("</PubmedArticleSet>", "<ERROR>Timeout</ERROR>"), "error_answer", "retry"),
        (PAGE, page(article(1).replace("</PubmedArticle>", ""), article(2)), "unreadable_page", "retry"),
        (PAGE, page("<PubmedArticle><MedlineCitation/></PubmedArticle>"), "unreadable_page", "retry"),
        (PAGE, article(1), "unreadable_page", "retry"),
        (PAGE, answer(3, [3, 2, 1]), "wrong_page", "retry"),
        (PAGE, "<pmc-articleset/>", "wrong_page", "retry"),
        (PAGE, "</PubmedArticleSet>", "wrong_page", "retry"),
        (NAMED, page(article(7)), "wrong_page", "retry"),
        (NAMED, error("Cannot process ID list"), "error_answer", "retry"),
    ],
)
def test_an_answer_that_cannot_be_what_was_asked_for_is_refused(step: Step, body: str, reason: str, then: str) -> None:
    with pytest.raises(PageFault) as fault:
        read(step, body)
    assert (fault.value.reason, fault.value.then) == (reason, then)


@pytest.mark.parametrize(
    "message",
    [
        "Unable to obtain query #1",
        "Cannot retrieve history data. query_key: 1, WebEnv: MCID_5f93, retstart: 12000, retmax: 500",
        "Search backend cannot retrieve history data. Reason: Exception: &lt;b&gt;'retstart'&lt;/b&gt;",
    ],
)
def test_every_word_for_a_forgotten_search_is_known(message: str) -> None:
    understood = read(PAGE, error(message))
    assert understood.next is not None and dict(understood.next.params)["id"] == "1,2,3"


def test_ids_none_of_which_is_known_are_an_empty_answer() -> None:
    again = read(NAMED, error("ID list is empty! Possibly it has no correct IDs.")).next
    assert again is not None and dict(again.params)["id"] == "1,2"
    assert read(again, page()).absent == ("1", "2")


def test_an_error_is_told_in_one_line_without_markup() -> None:
    relayed = "proxy_stream() failed: <html><body><h1>502 Bad\n Gateway</h1>"
    with pytest.raises(PageFault, match=r"^efetch answers: proxy_stream\(\) failed: 502 Bad Gateway$"):
        read(PAGE, f"<eFetchResult><ERROR>{relayed}")


@pytest.mark.parametrize(
    "more",
    [
        "<ErrorList><FieldNotFound>mesh_terms</FieldNotFound></ErrorList>",
        "<WarningList><FieldNotFound>mesh_terms</FieldNotFound></WarningList>",
        "<ErrorList><PhraseNotFound>epilepsi[mh]</PhraseNotFound></ErrorList>",
        '<WarningList><QuotedPhraseNotFound>"epilepsy gmae"[tiab]</QuotedPhraseNotFound></WarningList>',
    ],
)
def test_a_misspelt_query_is_told_and_is_no_empty_list(more: str) -> None:
    with pytest.raises(PageFault) as fault:
        read(SEARCH, answer(0, [], more))
    assert (fault.value.reason, fault.value.then) == ("misunderstood_query", "fail")


def test_words_that_pubmed_does_not_know_yet_may_be_meant_and_fields_never() -> None:
    new = PubmedConfig(query="newdrug-117[tiab]", unknown_phrases=True)
    unknown = answer(0, [], "<ErrorList><PhraseNotFound>newdrug-117[tiab]</PhraseNotFound></ErrorList>")
    assert read(CONNECTOR.first(new, DAY), unknown, new).announced == 0
    with pytest.raises(PageFault, match="no field 'tiaab'"):
        read(SEARCH, answer(9, [1], "<ErrorList><FieldNotFound>tiaab</FieldNotFound></ErrorList>"), new)


@pytest.mark.parametrize(
    "more",
    [
        "<WarningList><PhraseIgnored>of</PhraseIgnored><OutputMessage>No items found.</OutputMessage></WarningList>",
        "<ErrorList><PhraseNotFound>2026/01/08:2026/01/08[Date - Entry]</PhraseNotFound></ErrorList>",
        "<ErrorList><PhraseNotFound>50000000:99999999[UID]</PhraseNotFound></ErrorList>",
        "<ErrorList/><WarningList/>",
    ],
)
def test_stop_words_and_days_without_records_are_no_faults(more: str) -> None:
    assert read(SEARCH, answer(0, [], more)).announced == 0


PAGES = [
    answer(3, [3, 2, 1]).encode(),
    page(article(1), book(2), article(3)).encode(),
    error("Unable to obtain query #1").encode(),
    page().encode(),
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([SEARCH, PAGE, NAMED, pubmed_search.search("x", (1, 9), 3, [[10, 19, 4]])]),
    st.sampled_from(PAGES),
    st.tuples(st.integers(0, 900), st.integers(0, 60), st.binary(max_size=20)),
)
def test_any_answer_is_understood_or_a_fault_of_the_page(
    step: Step, body: bytes, damage: tuple[int, int, bytes]
) -> None:
    at, length, instead = damage
    try:
        understood = read(step, body[:at] + instead + body[at + length :])
    except PageFault as fault:
        assert fault.reason
    else:
        assert understood.next is None or json.dumps(dict(understood.next.memo))


# -- pages -------------------------------------------------------------------------------------------------------------


def test_a_page_is_told_by_the_pmids_of_its_own_records() -> None:
    deleted = "<DeleteCitation><PMID Version='1'>99</PMID></DeleteCitation>"
    assert own_pmids(response(page(article(1, version=2), book(3), deleted))) == ["1", "3"]
    assert own_pmids(response("<PubmedArticleSet/>")) == []


@pytest.mark.parametrize("block", [1, 7, 600])
def test_pages_are_read_the_same_in_blocks_of_any_size(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.connectors.pubmed_pages._BLOCK_BYTES", block)
    assert own_pmids(response(page(*(article(n) for n in range(1, 8)), book(8)))) == [str(n) for n in range(1, 9)]


@pytest.mark.shared
def test_captured_pages_hold_the_records_that_the_parser_finds(shared: Path) -> None:
    captures = [*sorted((shared / "payloads/pubmed_efetch").glob("*.xml")),
                shared / "payloads/pubmed_daily_update/fatcat_pubmedsample_2019.xml"]  # fmt: skip
    numbers = []
    for capture in captures:
        body = capture.read_bytes()
        own = own_pmids(response(body))
        assert len(own) == len(re.findall(rb"<Pubmed(?:Book)?Article>", body))
        numbers.append(len(own))
    assert (len(numbers), sum(numbers), numbers[-1]) == (10, 187, 176)


@pytest.mark.shared
def test_captured_searches_are_read(shared: Path) -> None:
    kept = (shared / "payloads/entrez_esearch/biopython_esearch2.xml").read_text()
    step = Step("pubmed", "/esearch.fcgi", (("retmax", "100"),), "xml", "", {"range": None})
    found = pubmed_search.found(step, response(kept), unknown_phrases=False)
    assert (found.count, len(found.pmids), found.pmids[0]) == (42249, 100, 41297076)
    assert found.history == ("MCID_6927d6e7fee3e90f880ec190", "1")
    step = Step("pubmed", "/esearch.fcgi", (("retmax", "20"),), "xml", "", {"range": None})
    plain = pubmed_search.found(
        step, response((shared / "payloads/entrez_esearch/biopython_esearch1.xml").read_bytes()), unknown_phrases=False
    )
    assert (plain.count, len(plain.pmids), plain.history) == (63, 20, None)


# -- over HTTP ---------------------------------------------------------------------------------------------------------


def served(pubmed: Serve) -> Callable[[Asked], Answer]:
    return lambda asked: Answer(pubmed(asked.path, dict(asked.params)).encode(), headers={"Content-Type": "text/xml"})


def parsed(log: MemoryLog, fetch: Any) -> list[str | None]:
    """PMIDs that the source's own parser finds on the pages that were kept."""
    from assets.sources.base import RawObject, Record

    source = SOURCES_BY_NAME[CONNECTOR.source]
    pmids = []
    for body in log.pages(fetch):
        raw = RawObject("pubmed", DAY, "k", "0", len(body), "efetch.fcgi", datetime(2026, 1, 9, tzinfo=UTC))
        items = list(source.parse(io.BytesIO(body), raw))
        assert len(items) == source.count(io.BytesIO(body))
        pmids += [item.pmid for item in items if isinstance(item, Record)]
    return pmids


def test_a_day_over_http_is_kept_page_by_page_and_adds_up() -> None:
    log, pubmed = MemoryLog(), SmallPubmed([50, 40, 30, 20, 10], gone={30})
    with ReplayServer(served(pubmed)) as server:
        done = fetching.fetch(CONNECTOR, PubmedConfig(query="x", page_size=2), DAY, server.url, log)
        assert [asked.method for asked in server.asked] == ["GET"] * 4 + ["POST"] * 2
    assert (done.requests, done.announced, done.fetched) == (6, 5, 4)
    assert [part.absent for part in done.parts] == [1]
    assert done.shortfalls() == []
    # A page begins where the records of the one before end: behind a record that is gone, one comes twice.
    assert parsed(log, done) == ["50", "40", "20", "20", "10"]


def test_a_day_that_is_asked_for_again_and_says_the_same_is_known_by_its_content() -> None:
    log, pubmed = MemoryLog(), SmallPubmed([2, 1])
    with ReplayServer(served(pubmed)) as server:
        first = fetching.fetch(CONNECTOR, NEURO, DAY, server.url, log)
        second = fetching.fetch(CONNECTOR, NEURO, DAY, server.url, log)  # under another WebEnv
    assert len(pubmed.kept) == 2
    assert second.same_as == first.fetch_id


def test_throttling_is_waited_for_and_costs_one_request_more() -> None:
    pubmed, refused = SmallPubmed([3, 2, 1]), []

    def answer(asked: Asked) -> Answer:
        if asked.path == "/efetch.fcgi" and not refused:
            refused.append(asked)
            return Answer(b'{"error":"API rate limit exceeded","count":"4"}', status=429)
        return served(pubmed)(asked)

    with ReplayServer(answer) as server:
        done = fetching.fetch(CONNECTOR, NEURO, DAY, server.url)
        assert len(server.asked) == 3
    assert (done.requests, done.fetched) == (3, 3)


def test_a_page_that_breaks_off_is_kept_beside_the_good_ones_and_asked_for_anew() -> None:
    log, pubmed, broken = MemoryLog(), SmallPubmed([3, 2, 1]), []

    def answer(asked: Asked) -> Answer:
        whole = served(pubmed)(asked)
        if asked.path == "/efetch.fcgi" and not broken:
            broken.append(asked)
            return Answer(whole.body[:-40])  # of the length that is announced, as a proxy would send it
        return whole

    with ReplayServer(answer) as server:
        done = fetching.fetch(CONNECTOR, NEURO, DAY, server.url, log)
        assert len(server.asked) == 3
    assert (done.requests, done.fetched, len(log.pages(done))) == (3, 3, 1)


def test_a_fetch_that_was_cut_off_goes_on_by_name_once_the_history_server_forgot() -> None:
    log, pubmed = MemoryLog(), SmallPubmed([60, 50, 40, 30, 20, 10])
    config = PubmedConfig(query="x", page_size=2)

    def falls_over(asked: Asked) -> Answer:
        return Answer(status=503) if asked.params.get("retstart") == "4" else served(pubmed)(asked)

    with ReplayServer(falls_over) as server:
        with pytest.raises(ServiceUnreachable):
            fetching.fetch(CONNECTOR, config, DAY, server.url, log)
        before = len(server.asked)
        assert before == 3 + fetching.QUICK.attempts
        pubmed.forgets, server.answer = True, served(pubmed)
        done = fetching.fetch(CONNECTOR, config, DAY, server.url, log)
        assert len(server.asked) == before + 2  # the page that is no longer kept, and what lacks, by name
    assert (done.announced, done.fetched, done.shortfalls()) == (6, 6, [])
    assert parsed(log, done) == ["60", "50", "40", "30", "10", "20"]


@pytest.mark.usefixtures("small")
def test_a_split_day_over_http_is_a_list_a_range() -> None:
    pubmed = SmallPubmed(MANY, serves=9)
    with ReplayServer(served(pubmed)) as server:
        done = fetching.fetch(CONNECTOR, NEURO, DAY, server.url)
        assert len(server.asked) == done.requests == 57
    assert (done.announced, done.fetched, done.shortfalls()) == (len(MANY), len(MANY), [])
    assert all(part.name.startswith("PMID ") for part in done.parts)


@pytest.mark.usefixtures("small")
def test_a_day_that_moves_while_it_is_split_is_begun_anew() -> None:
    pubmed, moved = SmallPubmed(list(MANY), serves=9), []

    def serve(path: str, params: dict[str, str]) -> str:
        if not moved and len(pubmed.steps) == 2:
            moved.append(pubmed.listed.append(99_000_000))
        return pubmed(path, params)

    with ReplayServer(served(serve)) as server:
        done = fetching.fetch(CONNECTOR, NEURO, DAY, server.url)
    assert (done.fetched, done.shortfalls()) == (len(MANY) + 1, [])
    assert [part.announced for part in done.parts if part.name.endswith("-99999999")] == [3]


def test_a_misspelt_query_ends_the_fetch_with_its_words() -> None:
    def serve(path: str, params: dict[str, str]) -> str:
        return answer(0, [], "<ErrorList><PhraseNotFound>epilepsi[mh]</PhraseNotFound></ErrorList>")

    with ReplayServer(served(serve)) as server:
        with pytest.raises(FetchFailed, match=r"does not know 'epilepsi\[mh\]'"):
            fetching.fetch(CONNECTOR, NEURO, DAY, server.url)
        assert len(server.asked) == 1


@pytest.mark.shared
def test_captured_records_over_http_come_whole_and_add_up(shared: Path) -> None:
    capture = (shared / "payloads/pubmed_daily_update/fatcat_pubmedsample_2019.xml").read_text()
    records = re.findall(r"<PubmedArticle>.*?</PubmedArticle>", capture, re.DOTALL)
    by_pmid = {int(re.search(r"<PMID[^>]*>(\d+)<", record)[1]): record for record in records}  # type: ignore[index]
    pubmed, log = SmallPubmed(list(by_pmid)), MemoryLog()

    def serve(path: str, params: dict[str, str]) -> str:
        listed = pubmed(path, params)
        if path == "/esearch.fcgi":
            return listed
        return page(*(by_pmid[int(pmid)] for pmid in own_pmids(response(listed))))

    with ReplayServer(served(serve)) as server:
        done = fetching.fetch(CONNECTOR, PubmedConfig(query="x", page_size=50), DAY, server.url, log)
        assert len(server.asked) == 1 + 4
    assert (done.announced, done.fetched, done.shortfalls()) == (176, 176, [])
    assert parsed(log, done) == [str(pmid) for pmid in by_pmid]
