"""The daily papers as JSON and the data of the site's page: what an item becomes, and what a damaged one costs."""

from __future__ import annotations

import gzip
import html
import io
import json
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.listings.records import read_day
from assets.sources.base import Attention, Author, Quarantined, RawObject, Record, Source
from assets.sources.hf_papers import hf_papers, hf_papers_page
from assets.sources.hf_papers.island import daily_papers
from assets.sources.json_rows import Page
from assets.sources.streams import open_stream

RAW = RawObject("hf_papers", date(2026, 1, 8), "raw/x", "0" * 64, 1, "x", datetime(2026, 1, 9, tzinfo=UTC))


def item(number: int = 1, paper: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """One item in the shape of the interface; texts are ours."""
    inner = {
        "id": f"2601.{number:05}",
        "authors": [
            {"_id": "a", "name": "Ada Lovelace", "hidden": False, "user": {"fullname": "Ada"}},
            {"_id": "b", "name": "Alan Turing", "hidden": True},
        ],
        "publishedAt": "2026-01-06T18:59:59.000Z",
        "submittedOnDailyAt": "2026-01-08T00:00:00.000Z",
        "title": f"Notes of ward {number}",
        "summary": "We describe notes\nof a ward.",
        "upvotes": 40 + number,
        "githubRepo": "https://github.com/example/notes",
        "projectPage": None,
        "ai_summary": "A model's words.",
        "ai_keywords": ["a model's keyword"],
        **(paper or {}),
    }
    outer = {"publishedAt": "2026-01-07T00:00:00.000Z", "title": "Outer title", "summary": "Outer", "numComments": 3}
    return {"paper": inner, **outer, **more}


def read(content: bytes | list[Any], source: Source = hf_papers.SOURCE) -> list[Record | Quarantined]:
    page = content if isinstance(content, bytes) else json.dumps(content).encode()
    found = list(source.parse(open_stream(io.BytesIO(page), len(page)), RAW))
    assert source.count(open_stream(io.BytesIO(page), len(page))) == len(found)
    assert [one.record_index for one in found] == list(range(len(found)))
    return found


def one(content: list[Any]) -> Record:
    (found,) = read(content)
    assert isinstance(found, Record), found
    return found


def reasons(found: list[Record | Quarantined]) -> list[str]:
    return [one.reason if isinstance(one, Quarantined) else "" for one in found]


def page_of(props: Any, before: str = "<!doctype html><html><body>", after: str = "</body></html>") -> bytes:
    """The site's page around its data."""
    data = html.escape(json.dumps(props, ensure_ascii=False))
    element = f'<div class="SVELTE_HYDRATER contents" data-target="DailyPapers" data-props="{data}"></div>'
    return f"{before}{element}{after}".encode()


# -- an item -----------------------------------------------------------------------------------------------------------


def test_an_item_becomes_a_record_with_what_its_readers_made_of_it() -> None:
    record = one([item(7)])
    assert record.source_id == record.arxiv_id == "2601.00007"
    assert (record.title, record.abstract) == ("Notes of ward 7", "We describe notes\nof a ward.")
    assert record.authors == [Author("Ada Lovelace"), Author("Alan Turing")]
    assert record.published_on == date(2026, 1, 6)
    assert record.url == "https://huggingface.co/papers/2601.00007"
    assert record.attention == Attention(upvotes=47, comments=3, rank=None)
    assert (record.status, record.version, record.keywords) == ("new", None, [])


def test_the_items_own_title_abstract_and_date_stand_in_for_the_papers() -> None:
    record = one([item(1, {"title": " ", "summary": None, "publishedAt": "soon"})])
    assert (record.title, record.abstract, record.published_on) == ("Outer title", "Outer", date(2026, 1, 7))


def test_what_models_wrote_is_neither_abstract_nor_keyword() -> None:
    record = one([item(1, {"summary": None}, summary=None)])
    assert record.abstract is None
    assert "model" not in repr(record)


def test_links_of_the_paper_are_found_with_their_role() -> None:
    paper = {"projectPage": "https://notes.example.org/ward", "organization": {"name": "w", "fullname": "The Ward"}}
    content = json.dumps([item(1, paper)]).encode()
    day = read_day([(RAW, hf_papers.SOURCE.parse, io.BytesIO(content))])
    links = day.records["links"].to_list()[0]
    assert [(link["url"], link["role"]) for link in links] == [
        ("https://github.com/example/notes", "code"),
        ("https://notes.example.org/ward", "project"),
    ]
    assert day.records["comment"].to_list()[0].endswith("Organization: The Ward")


@pytest.mark.parametrize("given", ["javascript:alert(1)", "https://x y", 5, "github.com/x", "https://" + "a" * 3000])
def test_what_is_no_address_is_no_link(given: object) -> None:
    assert one([item(1, {"githubRepo": given})]).comment is None


def test_a_paper_that_was_withdrawn_says_so() -> None:
    assert one([item(1, {"withdrawnAt": "2026-01-09T00:00:00.000Z"})]).status == "withdrawn"
    assert one([item(1, {"summary": "This paper has been withdrawn by its authors."})]).status == "withdrawn"
    assert one([item(1, {"withdrawnAt": None})]).status == "new"


def test_a_paper_that_is_not_of_arxiv_keeps_its_own_identifier() -> None:
    record = one([item(1, {"id": "acl/2026.1"})])
    assert (record.source_id, record.arxiv_id) == ("acl/2026.1", None)


@pytest.mark.parametrize("figure", [None, -1, "many", True, 1e30, float("nan"), [], {}])
def test_a_figure_that_is_none_is_not_known(figure: object) -> None:
    record = one([item(1, {"upvotes": figure}, numComments=figure)])
    assert record.attention == Attention(None, None, None)


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, [[]], {"a": {}}, True, float("inf")])
@pytest.mark.parametrize("name", sorted(item()["paper"]))
def test_values_of_any_type_leave_a_record_or_a_reason(name: str, value: object) -> None:
    assert len(read([item(1, {name: value}), item(2)])) == 2
    assert len(read([{**item(), "paper": value}, item(2)])) == 2


# -- a page ------------------------------------------------------------------------------------------------------------


def test_a_damaged_item_costs_no_other() -> None:
    damaged = [b'{"paper": {"id": "2601.00002"', b'"no object"', b'{"paper": {"title": "no id"}}',
               b'{"paper": {"id": "2601.00004"}}', b'{"paper": {"id": "\\ud800"}}', b'{"a": "\xff"}',
               json.dumps(item(5, {"publishedAt": "1066-10-14"})).encode()]  # fmt: skip
    good = json.dumps(item()).encode()
    for content in damaged[1:]:
        assert len(read(b"[" + good + b"," + content + b"," + good + b"]")) == 3
    found = read(b"[" + b",".join([*damaged[1:], good]) + b"]")
    assert reasons(found) == [
        "not_an_object", "missing_id", "missing_title", "invalid_unicode", "invalid_utf8", "implausible_date", "",
    ]  # fmt: skip


def test_a_day_without_papers_lists_nothing() -> None:
    assert read(b"[]") == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b'{"error": "busy"}', "no_records"),
        (b"<html>", "html_page"),
        (b"[" * 10_000, "truncated_json"),
        (b"busy", "invalid_json"),
    ],
)
def test_a_page_that_is_no_list_is_one_quarantined_row(content: bytes, reason: str) -> None:
    assert reasons(read(content)) == [reason]


def test_a_gzip_that_breaks_off_keeps_its_complete_items() -> None:
    packed = gzip.compress(json.dumps([item(n, {"summary": str(n * 7919) * 40}) for n in range(200)]).encode())
    found = read(packed[: len(packed) // 2])
    assert len(found) > 20
    assert set(reasons(found)[:-1]) == {""}
    assert reasons(found)[-1] == "truncated_gzip"


def test_every_snapshot_is_a_row_of_the_history_and_the_listing_is_one() -> None:
    day = date(2026, 1, 8)
    objects = []
    for hour, upvotes in ((9, 5), (18, 60)):
        content = json.dumps([item(1, {"upvotes": upvotes})]).encode()
        raw = RawObject("hf_papers", day, f"raw/{hour}", "0" * 64, 1, "x", datetime(2026, 1, 8, hour, tzinfo=UTC))
        objects.append((raw, hf_papers.SOURCE.parse, io.BytesIO(content)))
    read_both = read_day(objects)
    assert read_both.records.height == 1
    assert read_both.quarantine["reason"].to_list() == ["repeated_listing"]
    assert read_both.details["trending"].sort("fetched_at")["upvotes"].to_list() == [5, 60]


# -- the page in HTML --------------------------------------------------------------------------------------------------


def test_the_sites_page_lists_the_same_items_in_their_order() -> None:
    found = read(page_of({"dailyPapers": [item(2), item(1)], "dateString": "2026-01-08"}), hf_papers_page.SOURCE)
    assert [one.source_id for one in found if isinstance(one, Record)] == ["2601.00002", "2601.00001"]
    assert [one.attention.rank for one in found if isinstance(one, Record) and one.attention] == [1, 2]


def test_entities_in_the_data_are_what_they_stand_for_and_no_more() -> None:
    paper = {"title": "p < 0.05 & \"q\" 'r' &amp; é", "summary": "https://x.org/?a=1&copy=2 <i>"}
    (found,) = read(page_of({"dailyPapers": [item(1, paper)]}), hf_papers_page.SOURCE)
    assert isinstance(found, Record)
    assert (found.title, found.abstract) == (paper["title"], paper["summary"])


@pytest.mark.parametrize(
    "before",
    [
        "\ufeff\n <!DOCTYPE html>\n",
        "<!-- data-target=\"DailyPapers\" data-props='[]' --><main>",
        "<html><script>if (a<b && c == \"x) w('<p data-target=\"DailyPapers\" data-props=\"{}\">')</script>",
        '<html><p title="a > b" data-target=DailyPapers hidden><br/>',
        "<html><div data-target='Other' data-props='{}'></div>",
        '<html><textarea><div data-target="DailyPapers" data-props="{}"></textarea>',
        "<html>5 < 6, 7 <8 <",
    ],
)  # fmt: skip
def test_the_data_are_found_as_a_browser_finds_them(before: str) -> None:
    found = read(page_of({"dailyPapers": [item(1)]}, before), hf_papers_page.SOURCE)
    assert [type(one) for one in found] == [Record]


def test_attributes_may_stand_in_any_order_case_and_quotes() -> None:
    data = json.dumps({"dailyPapers": [item(1)]}).replace("'", "&#39;")
    page = f"<HTML><DIV DATA-PROPS='{data}' x y=1 Data-Target='DailyPapers'>".encode()
    assert [type(one) for one in read(page, hf_papers_page.SOURCE)] == [Record]


def test_a_page_that_lists_no_paper_is_empty() -> None:
    assert read(page_of({"dailyPapers": []}), hf_papers_page.SOURCE) == []


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (b"<!doctype html><html><body>Checking your browser</body></html>", "html_page"),
        (page_of({"papers": []}), "no_records"),
        (page_of([]), "no_records"),
        (page_of("x"), "invalid_json"),
        (page_of({"dailyPapers": [item()]}).replace(b"item", b"x")[:900], "truncated_json"),
    ],
)
def test_html_without_the_data_is_one_quarantined_row(page: bytes, reason: str) -> None:
    assert reasons(read(page, hf_papers_page.SOURCE))[-1] == reason


def test_bytes_that_are_no_utf8_cost_their_own_item_only() -> None:
    page = page_of({"dailyPapers": [item(1), item(2), item(3)]}).replace(b"ward 2", b"w\xe4rd 2")
    assert reasons(read(page, hf_papers_page.SOURCE)) == ["", "invalid_utf8", ""]


def test_a_page_is_gone_through_once_whatever_it_holds() -> None:
    mark = b"DailyPapers"
    for hostile in (b"<a ", b'<a x="', b"<!--", b"<script>", b"<a b=c ", b"< ", b"<a>", b"<a/", b"<a ='"):
        assert daily_papers(Page(b"<html>" + mark + hostile * 200_000)) is None


@pytest.mark.shared
def test_the_shapes_of_both_interfaces_are_read(shared: Path) -> None:
    (found,) = read((shared / "payloads/hf_daily/daily_papers_item_shape.json").read_bytes())
    assert isinstance(found, Record)
    assert (found.arxiv_id, found.published_on) == ("2605.13301", date(2026, 5, 14))
    assert found.attention == Attention(140, 13, None)
    (found,) = read((shared / "payloads/hf_html/papers_page_shape.html").read_bytes(), hf_papers_page.SOURCE)
    assert isinstance(found, Record)
    assert (found.arxiv_id, found.attention) == ("2606.01286", Attention(73, 2, 1))


@pytest.mark.shared
def test_real_titles_and_abstracts_pass_through_the_page_unchanged(shared: Path) -> None:
    packed = shared / "listings/hf_daily_papers/hf_daily_papers_to_2025-06.jsonl.gz"
    with gzip.open(packed, "rt", encoding="utf-8") as listed:
        lines = [json.loads(line) for line in islice(listed, 1000)]
    items = [item(1, {"id": one["arxiv_id"], "title": one["title"], "summary": one["summary"]}) for one in lines]
    for source, page in ((hf_papers.SOURCE, json.dumps(items).encode()),
                         (hf_papers_page.SOURCE, page_of({"dailyPapers": items}))):  # fmt: skip
        found = [one for one in read(page, source) if isinstance(one, Record)]
        told = [(one.arxiv_id, one.title, one.abstract) for one in found]
        assert told == [(one["arxiv_id"], one["title"].strip(), one["summary"].strip()) for one in lines]


# -- any bytes ---------------------------------------------------------------------------------------------------------

CHANGES = st.lists(
    st.tuples(
        st.integers(0, 900), st.integers(0, 30), st.binary(max_size=4) | st.sampled_from([b'"', b"&quot;", b"<"])
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([hf_papers.SOURCE, hf_papers_page.SOURCE]), CHANGES, st.booleans())
def test_a_damaged_page_is_counted_as_it_is_parsed(source: Source, changes: list[Any], packed: bool) -> None:
    page = json.dumps([item(1), item(2)]).encode()
    if source is hf_papers_page.SOURCE:
        page = page_of({"dailyPapers": [item(1), item(2)]})
    for start, length, piece in changes:
        page = page[:start] + piece + page[start + length :]
    if packed:
        page = gzip.compress(page)
        page = page[: 12 + len(changes) * len(page) // 5]
    read(page, source)


KEYS = st.sampled_from(["paper", *item()["paper"]])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(KEYS, child),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_any_json_is_counted_as_it_is_parsed(value: object) -> None:
    read(json.dumps(value).encode())
    read(json.dumps([value]).encode())
    read(page_of({"dailyPapers": [value]}), hf_papers_page.SOURCE)
