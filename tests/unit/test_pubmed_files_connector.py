"""The mirror of NLM's files: whose day a file is, in which order files come, and what refuses a day.

A small copy of NLM's server has the two folders with listings as Apache writes them, files and their sums.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import fetching
import pytest
from fetching import MemoryLog
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from replay import Answer, Asked, ReplayServer

from assets.connectors.base import PageFault, Response, Step, Understood
from assets.connectors.pubmed_file_list import PubmedFile, days_of, listed
from assets.connectors.pubmed_files import CONNECTOR, PubmedFilesConfig
from assets.fetching.client import FetchFailed, ServiceRefuses, ServiceUnreachable
from assets.sources import SOURCES_BY_NAME
from assets.sources.base import RawObject, Record
from assets.sources.streams import open_stream

DAY = date(2026, 2, 3)
UPDATES = PubmedFilesConfig()


def content(name: str) -> bytes:
    """The bytes of a file."""
    pmid = name.removesuffix(".xml.gz").rpartition("n")[2].lstrip("0")
    xml = (
        '<?xml version="1.0" encoding="utf-8"?><PubmedArticleSet><PubmedArticle><MedlineCitation>'
        f'<PMID Version="1">{pmid}</PMID>'
        "<Article><ArticleTitle>A title.</ArticleTitle></Article></MedlineCitation></PubmedArticle>"
        "</PubmedArticleSet>"
    )
    return gzip.compress(xml.encode(), mtime=0)


@dataclass
class Mirror:
    """NLM's server.

    Attributes:
        folders: The time of each file's last change, by folder and name.
        without_sum: Files beside which no sum lies.
        sums: Other sums than the right ones, by name.
        fetched_on: The day on which it is asked.
    """

    folders: dict[str, dict[str, str]]
    without_sum: set[str] = field(default_factory=set)
    sums: dict[str, str] = field(default_factory=dict)
    fetched_on: date = DAY + timedelta(days=1)
    asked: list[str] = field(default_factory=list)

    def __call__(self, path: str) -> bytes:
        self.asked.append(path)
        _, folder, name = path.split("/")
        if not name:
            return self.listing(folder).encode()
        if name.endswith(".md5"):
            name = name.removesuffix(".md5")
            own = self.sums.get(name, hashlib.md5(content(name)).hexdigest())
            return f"MD5({name})= {own}\n".encode()
        return content(name)

    def listing(self, folder: str) -> str:
        lines = []
        for name, changed in self.folders[folder].items():
            lines.append(f'<a href="{name}">{name}</a>     {changed}   83M  ')
            if name not in self.without_sum:
                lines.append(f'<a href="{name}.md5">{name}.md5</a> {changed}   60  ')
            lines.append(f'<a href="{name[:-7]}_stats.html">{name[:-7]}_stats.html</a> {changed}  585  ')
        return page("\n".join(lines), folder)


def page(body: str, folder: str = "updatefiles") -> str:
    return (
        f'<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n <head>\n  <title>Index of /pubmed/{folder}'
        f"</title>\n </head>\n <body>\n<h1>Index of /pubmed/{folder}</h1>\n"
        "<pre>Name                     Last modified      Size  <hr>"
        '<a href="/pubmed/">Parent Directory</a>                              -   \n'
        '<a href="README.txt">README.txt</a>               2025-12-18 10:29  4.5K  \n'
        f"{body}\n<hr></pre>\n</body></html>\n"
    )


def names(year: int, first: int, last: int) -> list[str]:
    return [f"pubmed{year % 100}n{number:04}.xml.gz" for number in range(first, last + 1)]


def dated(files: list[str], *days: str) -> dict[str, str]:
    """Files with the day of each; the last day holds for the rest."""
    return {name: f"{days[min(at, len(days) - 1)]} 14:05" for at, name in enumerate(files)}


def mirror(updates: dict[str, str] | None = None, baseline: dict[str, str] | None = None, **more: Any) -> Mirror:
    """By default: a baseline of 20 files of 29 January 2026, then updates of 1, 3 (two of them) and 4 February."""
    if updates is None:
        updates = dated(names(2026, 21, 24), "2026-02-01", "2026-02-03", "2026-02-03", "2026-02-04")
    if baseline is None:
        baseline = dated(names(2026, 1, 20), "2026-01-29")
    return Mirror({"updatefiles": updates, "baseline": baseline}, **more)


def response(body: bytes, fetched_on: date = DAY + timedelta(days=1)) -> Response:
    return Response({}, io.BytesIO(body), len(body), datetime.combine(fetched_on, datetime.min.time(), UTC))


def run(config: PubmedFilesConfig, serve: Mirror, day: date = DAY) -> list[tuple[Step, Understood]]:
    """A whole day. Every step goes through JSON, as a resumed fetch would have it."""
    done: list[tuple[Step, Understood]] = []
    step: Step | None = CONNECTOR.first(config, day)
    while step is not None:
        kept = json.loads(json.dumps(dict(step.memo)))
        step = Step(step.endpoint, step.path, step.params, step.accept, step.part, kept, step.form)
        understood = CONNECTOR.read(config, day, step, response(serve(step.path), serve.fetched_on))
        done.append((step, understood))
        assert len(done) < 500
        step = understood.next
    return done


def came(done: list[tuple[Step, Understood]]) -> list[str]:
    """Files in the order in which they came, held against their announced number."""
    every = [name for _, understood in done for name in understood.ids]
    (announced,) = [understood.announced for _, understood in done if understood.announced is not None]
    assert announced == len(every) == len(set(every))
    return every


def refused(config: PubmedFilesConfig, serve: Mirror, day: date = DAY) -> PageFault:
    with pytest.raises(PageFault) as fault:
        run(config, serve, day)
    return fault.value


# -- configuration -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"baseline_from": "2010-01-01"}, "needs both"),
        ({"baseline_year": 2026}, "needs both"),
        ({"baseline_year": 26, "baseline_from": "2010-01-01"}, "baseline_year"),
        ({"files_a_day": 10}, "baseline_from"),
        ({"baseline_year": 2026, "baseline_from": "2010-01-01", "files_a_day": 0}, "files_a_day"),
        ({"baseline_year": 2026, "baseline_from": "in spring"}, "baseline_from"),
        ({"query": "x"}, "query"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(values: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        PubmedFilesConfig.model_validate(values)


# -- update files ------------------------------------------------------------------------------------------------------


def test_a_day_is_the_files_that_the_listing_shows_for_it_in_ascending_order_each_after_its_sum() -> None:
    serve = mirror()
    assert came(run(UPDATES, serve)) == names(2026, 22, 23)
    assert serve.asked == [
        "/updatefiles/",
        "/updatefiles/pubmed26n0022.xml.gz.md5",
        "/updatefiles/pubmed26n0022.xml.gz",
        "/updatefiles/pubmed26n0023.xml.gz.md5",
        "/updatefiles/pubmed26n0023.xml.gz",
    ]


def test_a_day_without_files_is_one_request() -> None:
    serve = mirror()
    assert came(run(UPDATES, serve, date(2026, 2, 2))) == []
    assert len(serve.asked) == 1


def test_numbers_order_files_and_names_do_not() -> None:
    files = ["pubmed26n10000.xml.gz", *names(2026, 9_998, 9_999)]
    assert came(run(UPDATES, mirror(dated(files, "2026-02-03")))) == [*files[1:], files[0]]


def test_two_series_follow_each_other() -> None:
    updates = dated(names(2025, 1690, 1691) + names(2026, 21, 22), "2026-02-01", "2026-02-03")
    assert came(run(UPDATES, mirror(updates))) == ["pubmed25n1691.xml.gz", *names(2026, 21, 22)]


def test_a_file_that_was_written_anew_keeps_its_place_before_the_next() -> None:
    updates = dated(names(2026, 21, 24), "2026-02-01", "2026-02-17", "2026-02-03", "2026-02-04")
    assert came(run(UPDATES, mirror(updates))) == names(2026, 22, 23)
    assert came(run(UPDATES, mirror(updates), date(2026, 2, 17))) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(-13, 14))
def test_a_servers_clock_may_be_in_another_zone(hours: list[int], zone: int) -> None:
    """Whatever zone a listing is written in, every file has one day, days ascend, and look-back covers the shift."""
    written = [datetime(2026, 2, 1, 14, 5)]
    for gap in hours:
        written.append(written[-1] + timedelta(hours=gap))
    files = names(2026, 21, 20 + len(written))

    def placed(shift: int) -> dict[str, date]:
        shown = {
            name: f"{moment + timedelta(hours=shift):%Y-%m-%d %H:%M}"
            for name, moment in zip(files, written, strict=True)
        }
        found = listed(response(Mirror({"updatefiles": shown}).listing("updatefiles").encode()))
        return {file.name: day for day, file in days_of(found)}

    here, there = placed(0), placed(zone)
    assert list(here) == list(there) == files
    assert list(there.values()) == sorted(there.values())
    assert all(abs((there[name] - here[name]).days) <= 1 <= UPDATES.look_back for name in files)


@pytest.mark.parametrize(
    "changed",
    ["2026-02-03 14:05", "03-Feb-2026 14:05"],
)
@pytest.mark.parametrize(
    "line",
    [
        '<a href="{name}">{name}</a>   {changed}   83M  ',
        "<A HREF='./{name}'>{name}</A>   {changed}   83M  ",
        '<tr><td valign="top"><img src="/i.gif" alt="[   ]"></td><td><a href="{name}">pubmed26n..&gt;</a></td>'
        '<td align="right">{changed}  </td><td align="right"> 83M</td><td>&nbsp;</td></tr>',
    ],
)
def test_listings_of_other_servers_and_settings_are_read(line: str, changed: str) -> None:
    files = [*names(2026, 21, 22), *(f"{name}.md5" for name in names(2026, 21, 22))]
    body = page("\n".join(line.format(name=name, changed=changed) for name in files))
    found = listed(response(body.encode()))
    assert found == [PubmedFile(2026, n, f"pubmed26n00{n}.xml.gz", DAY, True) for n in (21, 22)]


@pytest.mark.parametrize(
    ("updates", "without_sum", "reason"),
    [
        (["pubmed26n0021.xml.gz", "pubmed26n0023.xml.gz"], set(), "missing_file"),
        (names(2026, 21, 23), {"pubmed26n0022.xml.gz"}, "missing_file"),
        (names(2026, 21, 23), {"pubmed26n0023.xml.gz"}, "missing_file"),
    ],
)
def test_a_file_that_lacks_refuses_the_day_and_is_not_passed_over(
    updates: list[str], without_sum: set[str], reason: str
) -> None:
    fault = refused(UPDATES, mirror(dated(updates, "2026-02-01", "2026-02-03"), without_sum=without_sum))
    assert (fault.reason, fault.then) == (reason, "retry")


def test_a_file_that_lacks_after_the_day_is_a_matter_of_the_later_day() -> None:
    updates = dated([*names(2026, 21, 22), "pubmed26n0024.xml.gz"], "2026-02-01", "2026-02-03", "2026-02-04")
    assert came(run(UPDATES, mirror(updates))) == names(2026, 22, 22)
    assert refused(UPDATES, mirror(updates), date(2026, 2, 4)).reason == "missing_file"


def test_a_file_without_a_day_is_no_file_of_any_day() -> None:
    serve = mirror({"pubmed26n0021.xml.gz": "-"})
    assert refused(UPDATES, serve).reason == "wrong_page"


def test_days_before_what_nlm_lists_are_empty_once_they_are_past() -> None:
    assert came(run(UPDATES, mirror(fetched_on=date(2026, 2, 20)), date(2025, 6, 1))) == []


def test_a_day_of_late_that_nlm_lists_no_longer_is_not_taken_for_an_empty_one() -> None:
    emptied = mirror({}, dated(names(2026, 1, 20), "2025-12-12"), fetched_on=date(2025, 12, 12))
    fault = refused(UPDATES, emptied, date(2025, 12, 10))
    assert (fault.reason, fault.then) == ("no_longer_listed", "fail")
    assert "have been put away" in str(fault)
    # After the baseline nothing has come yet, and that is told by the baseline's own day.
    assert came(run(UPDATES, emptied, date(2025, 12, 12))) == []


# -- the baseline ------------------------------------------------------------------------------------------------------

SPREAD = PubmedFilesConfig(baseline_year=2026, baseline_from=date(2010, 1, 1), files_a_day=8)


def test_a_baseline_is_spread_over_days_in_ascending_order_and_every_file_comes_once() -> None:
    spread = []
    for offset in range(-2, 6):
        spread.append(came(run(SPREAD, mirror(), date(2010, 1, 1) + timedelta(days=offset))))
    assert [len(files) for files in spread] == [0, 0, 8, 8, 4, 0, 0, 0]
    assert [name for files in spread for name in files] == names(2026, 1, 20)


def test_files_of_the_baseline_lie_in_their_own_folder() -> None:
    serve = mirror()
    run(SPREAD, serve, date(2010, 1, 3))
    assert serve.asked[:4] == [
        "/updatefiles/",
        "/baseline/",
        *(f"/baseline/pubmed26n0017.xml.gz{e}" for e in (".md5", "")),
    ]


def test_update_files_follow_the_baseline() -> None:
    assert came(run(SPREAD, mirror())) == names(2026, 22, 23)


def test_every_file_of_a_mirror_has_one_day_and_days_ascend_with_the_numbers() -> None:
    order = []
    for day in [date(2010, 1, 1) + timedelta(days=n) for n in range(4)] + [date(2026, 2, n) for n in range(1, 6)]:
        order += came(run(SPREAD, mirror(), day))
    assert order == names(2026, 1, 24)


@pytest.mark.parametrize("day", [date(2026, 1, 30), date(2026, 1, 31), DAY, date(2026, 2, 9)])
def test_a_baseline_that_would_run_into_the_update_files_is_refused_with_what_would_do(day: date) -> None:
    late = PubmedFilesConfig(baseline_year=2026, baseline_from=date(2026, 1, 30), files_a_day=8)
    fault = refused(late, mirror(), day)
    assert (fault.reason, fault.then) == ("baseline_too_late", "fail")
    assert "20 files of the baseline at 8 a day from 2026-01-30 on end on 2026-02-01" in str(fault)
    assert "set baseline_from to 2026-01-29 or before, or files_a_day to 10 or more" in str(fault)


def test_what_the_refusal_proposes_is_taken() -> None:
    for start, a_day in ((date(2026, 1, 29), 8), (date(2026, 1, 30), 10)):
        config = PubmedFilesConfig(baseline_year=2026, baseline_from=start, files_a_day=a_day)
        order = []
        for n in range(12):
            order += came(run(config, mirror(), date(2026, 1, 27) + timedelta(days=n)))
        assert order == names(2026, 1, 24)


def test_a_baseline_that_begins_after_the_update_files_is_refused() -> None:
    config = PubmedFilesConfig(baseline_year=2026, baseline_from=date(2026, 3, 1))
    assert refused(config, mirror()).reason == "baseline_too_late"


@pytest.mark.parametrize(
    "baseline",
    [
        names(2026, 1, 5) + names(2026, 7, 20),
        names(2026, 2, 20),
        names(2026, 1, 19),  # the update files begin with 21
        [],
    ],
)
def test_a_baseline_with_a_gap_is_refused(baseline: list[str]) -> None:
    assert refused(SPREAD, mirror(baseline=dated(baseline, "2026-01-29")), date(2010, 1, 1)).reason == "missing_file"


def test_a_new_baseline_is_told_with_what_to_do_and_never_mixed_with_the_old_one() -> None:
    later = mirror(
        dated(names(2027, 23, 24), "2027-01-10"), dated(names(2027, 1, 22), "2026-12-12"), fetched_on=date(2027, 1, 12)
    )
    for day in (date(2010, 1, 2), date(2027, 1, 10)):
        fault = refused(SPREAD, later, day)
        assert (fault.reason, fault.then) == ("baseline_replaced", "fail")
        assert "set baseline_year = 2027, baseline_from to a day after the last update file of 2026" in str(fault)
    moved = PubmedFilesConfig(baseline_year=2027, baseline_from=date(2026, 12, 15), files_a_day=8)
    assert came(run(moved, later, date(2026, 12, 17))) == names(2027, 17, 22)
    assert came(run(moved, later, date(2027, 1, 10))) == names(2027, 23, 24)
    # Update files alone are followed from one series to the next.
    assert came(run(UPDATES, later, date(2027, 1, 10))) == names(2027, 23, 24)


def test_old_update_files_are_taken_as_long_as_nlm_has_them_beside_the_new_baseline() -> None:
    between = mirror(baseline=dated(names(2027, 1, 22), "2026-02-04"))
    assert came(run(SPREAD, between)) == names(2026, 22, 23)
    ahead = PubmedFilesConfig(baseline_year=2027, baseline_from=date(2026, 2, 5), files_a_day=8)
    assert came(run(ahead, between)) == []  # those of 2026 are all in the new baseline


def test_a_baseline_that_is_not_there_yet_is_no_empty_one() -> None:
    early = PubmedFilesConfig(baseline_year=2027, baseline_from=date(2010, 1, 1))
    assert refused(early, mirror(), date(2010, 1, 1)).reason == "not_yet_listed"


def test_a_baseline_that_is_being_put_there_is_not_taken_for_the_whole() -> None:
    growing = mirror({}, dated(names(2026, 1, 9), "2026-01-29"), fetched_on=date(2026, 1, 30))
    assert refused(SPREAD, growing, date(2010, 1, 2)).reason == "not_yet_listed"
    at_rest = mirror({}, dated(names(2026, 1, 20), "2026-01-29"), fetched_on=date(2026, 2, 1))
    assert came(run(SPREAD, at_rest, date(2010, 1, 3))) == names(2026, 17, 20)


# -- files and sums ----------------------------------------------------------------------------------------------------


def test_a_file_that_was_written_anew_since_its_sum_was_asked_for_is_held_against_its_new_sum() -> None:
    serve = mirror(sums={"pubmed26n0022.xml.gz": "0" * 32})
    done: list[tuple[Step, Understood]] = []
    step: Step | None = CONNECTOR.first(UPDATES, DAY)
    while step is not None:
        understood = CONNECTOR.read(UPDATES, DAY, step, response(serve(step.path)))
        if step.path.endswith("0022.xml.gz"):
            serve.sums.clear()
        done.append((step, understood))
        step = understood.next
    assert came(done) == names(2026, 22, 23)
    assert sum(path.endswith("0022.xml.gz.md5") for path in serve.asked) == 2


def test_a_file_that_is_not_what_its_sum_says_is_refused() -> None:
    fault = refused(UPDATES, mirror(sums={"pubmed26n0022.xml.gz": "0" * 32}))
    assert (fault.reason, fault.then) == ("wrong_checksum", "retry")


SUM = Step("pubmed_files", "/updatefiles/a.md5", (), "text", "",
           {"reads": "sum", "folder": "updatefiles", "names": ["a.xml.gz"], "again": False})  # fmt: skip
MD5 = "2b09615f8dc1dc37a3db6bf924e439ca"


@pytest.mark.parametrize(
    "text", [f"MD5(a.xml.gz)= {MD5}\n", f"MD5 (a.xml.gz) = {MD5.upper()}", f"{MD5}  a.xml.gz\n", MD5]
)
def test_sums_are_read_as_either_tool_writes_them(text: str) -> None:
    following = CONNECTOR.read(UPDATES, DAY, SUM, response(text.encode())).next
    assert following is not None
    assert (following.path, following.accept, following.memo["sum"]) == ("/updatefiles/a.xml.gz", "binary", MD5)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<html><body>Sorry</body></html>", "html_page"),
        ("MD5(a.xml.gz)= 2b09", "unreadable_page"),
        (f"MD5(b.xml.gz)= {MD5}", "wrong_page"),
        (f"{MD5}  b.xml.gz", "wrong_page"),
    ],
)
def test_what_is_no_sum_of_the_file_is_refused(text: str, reason: str) -> None:
    with pytest.raises(PageFault) as fault:
        CONNECTOR.read(UPDATES, DAY, SUM, response(text.encode()))
    assert fault.value.reason == reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (page("")[:-20], "unreadable_page"),
        ("<html><head><title>Maintenance</title></head><body>Back soon</body></html>", "wrong_page"),
        ("", "wrong_page"),
    ],
)
def test_what_is_no_whole_listing_is_refused(body: str, reason: str) -> None:
    with pytest.raises(PageFault) as fault:
        CONNECTOR.read(UPDATES, DAY, CONNECTOR.first(UPDATES, DAY), response(body.encode()))
    assert (fault.value.reason, fault.value.then) == (reason, "retry")


BASELINE = Step("pubmed_files", "/baseline/", (), "html", "",
                {"reads": "baseline", "own": [], "first_day": "2026-02-01", "first": 21})  # fmt: skip
FILE = Step("pubmed_files", "/updatefiles/a", (), "binary", "", {**SUM.memo, "reads": "file", "sum": MD5})


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([CONNECTOR.first(UPDATES, DAY), BASELINE, SUM, FILE]),
    st.sampled_from([UPDATES, SPREAD]),
    st.sampled_from([mirror()("/updatefiles/"), mirror()("/baseline/"), f"MD5(a.xml.gz)= {MD5}".encode()]),
    st.tuples(st.integers(0, 4000), st.integers(0, 200), st.binary(max_size=20)),
)
def test_any_answer_is_understood_or_a_fault_of_the_page(
    step: Step, config: PubmedFilesConfig, body: bytes, damage: tuple[int, int, bytes]
) -> None:
    at, length, instead = damage
    try:
        understood = CONNECTOR.read(config, DAY, step, response(body[:at] + instead + body[at + length :]))
    except PageFault as fault:
        assert fault.reason
    else:
        assert understood.next is None or json.dumps(dict(understood.next.memo))


# -- over HTTP ---------------------------------------------------------------------------------------------------------


def served(serve: Callable[[str], bytes]) -> Callable[[Asked], Answer]:
    """Files with an ETag, as the server gives them; an unchanged one is not sent again."""

    def answer(asked: Asked) -> Answer:
        body = serve(asked.path)
        if asked.path.endswith("/"):
            return Answer(body, headers={"Content-Type": "text/html;charset=UTF-8"})
        etag = f'"{hashlib.md5(body).hexdigest()[:16]}"'
        if asked.headers.get("if-none-match") == etag:
            return Answer(status=304, headers={"ETag": etag})
        kind = "application/x-gzip" if asked.path.endswith(".gz") else "text/plain"
        return Answer(body, headers={"ETag": etag, "Content-Type": kind})

    return answer


def test_files_over_http_are_kept_packed_as_they_came_in_the_order_in_which_they_apply() -> None:
    log = MemoryLog()
    with ReplayServer(served(mirror())) as server:
        done = fetching.fetch(CONNECTOR, UPDATES, DAY, server.url, log)
        assert len(server.asked) == done.requests == 5
    assert log.pages(done) == [content(name) for name in names(2026, 22, 23)]
    assert (done.announced, done.fetched, done.shortfalls()) == (2, 2, [])
    kept = [page for page in done.pages if page.role == "records"]
    assert all(page.key.endswith(".binary") for page in kept)
    assert kept[0].fetched_at < kept[1].fetched_at  # of two listings of a record, the one that came later is kept


def test_a_day_that_is_looked_back_on_sends_no_unchanged_file_again_and_sees_a_late_one() -> None:
    log, serve = MemoryLog(), mirror()
    with ReplayServer(served(serve)) as server:
        first = fetching.fetch(CONNECTOR, UPDATES, DAY, server.url, log)
        serve.folders["updatefiles"]["pubmed26n0025.xml.gz"] = "2026-02-05 14:05"  # of another day
        second = fetching.fetch(CONNECTOR, UPDATES, DAY, server.url, log)
        assert second.same_as == first.fetch_id
        assert [page.status for page in second.pages] == [200, 304, 304, 304, 304]
        serve.folders["updatefiles"]["pubmed26n0024.xml.gz"] = "2026-02-03 23:50"
        third = fetching.fetch(CONNECTOR, UPDATES, DAY, server.url, log)
    assert (third.fetched, third.same_as) == (3, None)


def test_a_fetch_that_was_cut_off_goes_on_after_the_last_whole_file() -> None:
    log, serve = MemoryLog(), mirror()

    def falls_over(asked: Asked) -> Answer:
        whole = served(serve)(asked)
        return Answer(whole.body, broken="truncated") if asked.path.endswith("0023.xml.gz") else whole

    with ReplayServer(falls_over) as server:
        with pytest.raises(ServiceUnreachable):
            fetching.fetch(CONNECTOR, UPDATES, DAY, server.url, log)
        before = len(server.asked)
        assert before == 4 + fetching.QUICK.attempts
        server.answer = served(serve)
        done = fetching.fetch(CONNECTOR, UPDATES, DAY, server.url, log)
        assert len(server.asked) == before + 1
    assert (done.fetched, done.shortfalls()) == (2, [])


def test_a_wrong_sum_that_stays_ends_the_fetch_and_lists_nothing() -> None:
    log = MemoryLog()
    with ReplayServer(served(mirror(sums={"pubmed26n0022.xml.gz": "0" * 32}))) as server:
        with pytest.raises(FetchFailed, match=r"wrong_checksum in 4 attempts: pubmed26n0022"):
            fetching.fetch(CONNECTOR, UPDATES, DAY, server.url, log)
        assert len(server.asked) == 1 + 2 + 1 + 4
    assert log.finished(DAY, "pubmed_files", "test") == []


def test_a_sum_that_is_listed_and_is_not_there_ends_the_fetch() -> None:
    serve = mirror()

    def answer(asked: Asked) -> Answer:
        return Answer(b"Not Found", status=404) if asked.path.endswith(".md5") else served(serve)(asked)

    with ReplayServer(answer) as server:
        with pytest.raises(ServiceRefuses, match="HTTP 404"):
            fetching.fetch(CONNECTOR, UPDATES, DAY, server.url)
        assert len(server.asked) == 2


def test_throttling_is_waited_for_and_costs_one_request_more() -> None:
    serve, held = mirror(), []

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("0022.xml.gz") and not held:
            held.append(asked)
            return Answer(status=429)
        return served(serve)(asked)

    with ReplayServer(answer) as server:
        done = fetching.fetch(CONNECTOR, UPDATES, DAY, server.url)
        assert len(server.asked) == done.requests == 6
    assert done.fetched == 2


CAPTURES = "payloads/pubmed_daily_update"


def captured(shared: Path, numbers: list[int]) -> Callable[[Asked], Answer]:
    """The captured series pubmed25n0001, 2 and 4 (there is no 3), packed as NLM packs it."""
    files = {
        f"pubmed25n{number:04}.xml.gz": gzip.compress(
            (shared / CAPTURES / f"pubmed2db_pubmed25n{number:04}.xml").read_bytes(), mtime=0
        )
        for number in (1, 2, 4)
    }
    shown = Mirror(
        {"updatefiles": dated(names(2025, 1, 2) + [f"pubmed25n{n:04}.xml.gz" for n in numbers], "2026-02-03")}
    )

    def answer(asked: Asked) -> Answer:
        name = asked.path.rpartition("/")[2]
        if not name:
            return Answer(shown.listing("updatefiles").encode())
        if name.endswith(".md5"):
            known = name.removesuffix(".md5")
            return Answer(f"MD5({known})= {hashlib.md5(files[known]).hexdigest()}\n".encode())
        return Answer(files[name])

    return answer


@pytest.mark.shared
def test_captured_files_are_listed_with_revision_and_deletion_in_their_order(shared: Path) -> None:
    log = MemoryLog()
    with ReplayServer(captured(shared, [])) as server:
        done = fetching.fetch(CONNECTOR, UPDATES, DAY, server.url, log)
    assert (done.announced, done.fetched) == (2, 2)
    source, listed_now = SOURCES_BY_NAME[CONNECTOR.source], []
    for body in log.pages(done):
        raw = RawObject("pubmed", DAY, "k", "0", len(body), "pubmed25n.xml.gz", datetime(2026, 2, 4, tzinfo=UTC))
        items = list(source.parse(open_stream(io.BytesIO(body), len(body)), raw))
        listed_now += [(item.pmid, item.status) for item in items if isinstance(item, Record)]
    assert [pmid for pmid, _ in listed_now] == ["1001", "1002", "1003", "1001", "1002"]
    assert [status == "deleted" for _, status in listed_now] == [False] * 4 + [True]


@pytest.mark.shared
def test_the_gap_in_the_captured_series_refuses_the_day(shared: Path) -> None:
    with ReplayServer(captured(shared, [4])) as server:
        with pytest.raises(FetchFailed, match=r"pubmed25n0004\.xml\.gz is listed, and number 3 before it"):
            fetching.fetch(CONNECTOR, UPDATES, DAY, server.url)
        assert len(server.asked) == 4
