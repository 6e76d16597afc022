"""The papers page: what becomes a record, what is quarantined, and that no line is lost."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.sources.base import Quarantined, RawObject, Record
from assets.sources.hf_papers import hf_papers_page
from assets.sources.hf_papers.hf_papers_page import SOURCE
from assets.sources.streams import MAX_LINE_BYTES, open_stream

RAW = RawObject(
    source="hf_papers_page",
    dt=date(2026, 11, 2),
    key="raw/hf_papers_page/dt=2026-11-02/00.txt",
    sha256="00",
    size=0,
    name="listing.txt",
    fetched_at=datetime(2026, 11, 2, 6, tzinfo=UTC),
)
HEADER = ["Get trending papers in your email inbox once a day!", "Get trending papers in your email inbox!"]


def title(number: int) -> str:
    return f"Paper {number}: a corpus of clinical notes"


def abstract(number: int) -> str:
    return f"We describe corpus {number}. " + "It holds notes of many wards. " * 25


def papers(*numbers: int) -> list[str]:
    return [line for number in numbers for line in (title(number), abstract(number))]


def read(page: bytes | str | Sequence[str]) -> list[Record | Quarantined]:
    if not isinstance(page, bytes):
        page = (page if isinstance(page, str) else "\n".join(page)).encode()
    found = list(SOURCE.parse(open_stream(io.BytesIO(page), len(page)), RAW))
    assert SOURCE.count(open_stream(io.BytesIO(page), len(page))) == len(found) >= 1
    assert [one.record_index for one in found] == list(range(len(found)))
    return found


def titles(found: list[Record | Quarantined]) -> list[str | None]:
    return [one.title for one in found if isinstance(one, Record)]


def faults(found: list[Record | Quarantined]) -> list[tuple[str, str]]:
    """Reason and line numbers of each quarantined record."""
    rows = [one for one in found if isinstance(one, Quarantined)]
    return [(row.reason, "+".join(re.findall(r"\d+", row.detail.split(":")[0]))) for row in rows]


def assert_pairs_belong_together(found: list[Record | Quarantined]) -> None:
    for one in found:
        if isinstance(one, Record):
            assert one.title and one.abstract
            assert f"corpus {one.title.split()[1].rstrip(':')}." in one.abstract


def test_header_lines_never_reach_a_title() -> None:
    found = read([*HEADER, *HEADER, "Subscribe", *papers(1, 2)])
    assert titles(found) == [title(1), title(2)]


def test_the_button_glued_to_the_first_title_is_removed() -> None:
    found = read([*HEADER, f"Subscribe{title(1)}", abstract(1), f"Subscribe{title(2)}", abstract(2)])
    assert titles(found) == [title(1), f"Subscribe{title(2)}"]


@pytest.mark.parametrize("kept", ["Subscribe to wards: a study", "Subscribers of health data", "Subscribe: a protocol"])
def test_a_title_that_begins_with_the_button_word_stays(kept: str) -> None:
    assert titles(read([*HEADER, kept, abstract(1)])) == [kept]


def test_the_button_word_is_not_removed_without_a_header() -> None:
    assert titles(read([f"Subscribe{title(1)}", abstract(1)])) == [f"Subscribe{title(1)}"]


def test_a_page_pasted_together_twice_is_read_twice() -> None:
    page = [*HEADER, f"Subscribe{title(1)}", abstract(1), *papers(2)]
    assert titles(read([*page, *page])) == [title(1), title(2)] * 2


def test_a_header_glued_to_the_title_leaves_the_title() -> None:
    assert titles(read([HEADER[0], f"{HEADER[1]}Subscribe{title(1)}", abstract(1)])) == [title(1)]


def test_carriage_returns_blank_lines_and_byte_order_marks_do_not_matter() -> None:
    lines = [*HEADER, "", f"Subscribe{title(1)}", "  ", abstract(1), *papers(2)]
    found = read(b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n\r\n")
    assert titles(found) == [title(1), title(2)]
    assert isinstance(found[0], Record)
    assert found[0].abstract == abstract(1)
    assert found[0].source_id is None


@pytest.mark.parametrize("lost", range(4))
def test_a_title_without_an_abstract_is_quarantined_with_its_line(lost: int) -> None:
    page = papers(0, 1, 2, 3)
    del page[2 * lost + 1]
    found = read(page)
    assert faults(found) == [("title_without_abstract", str(2 * lost + 1))]
    assert len(titles(found)) == 3
    assert_pairs_belong_together(found)
    row = next(one for one in found if isinstance(one, Quarantined))
    assert row.detail.startswith("listing.txt, line ")
    assert row.excerpt == title(lost)


@pytest.mark.parametrize("lost", range(4))
def test_an_abstract_without_its_title_is_quarantined_with_its_line(lost: int) -> None:
    page = papers(0, 1, 2, 3)
    del page[2 * lost]
    found = read(page)
    assert faults(found) == [("abstract_without_title", str(2 * lost + 1))]
    assert_pairs_belong_together(found)


def test_two_faults_that_make_the_page_even_do_not_shift_what_lies_between() -> None:
    page = papers(0, 1, 2, 3, 4)
    del page[8], page[1]
    found = read(page)
    assert faults(found) == [("title_without_abstract", "1"), ("abstract_without_title", "8")]
    assert_pairs_belong_together(found)


@pytest.mark.parametrize(
    "odd",
    [[title(1), "This paper has been withdrawn."], [title(1) + " in wards" * 60, abstract(1)]],
    ids=["short abstract", "long title"],
)
def test_one_odd_looking_line_does_not_break_the_alternation(odd: list[str]) -> None:
    found = read([*papers(0), *odd, *papers(2)])
    assert titles(found) == [title(0), odd[0], title(2)]


def test_lines_that_all_look_alike_are_paired_in_turn_and_the_last_is_the_orphan() -> None:
    found = read([f"line {number}" for number in range(7)])
    assert titles(found) == ["line 0", "line 2", "line 4"]
    assert faults(found) == [("title_without_abstract", "7")]


def test_a_first_copy_cut_after_a_title_does_not_shift_the_second_copy() -> None:
    found = read([*HEADER, *papers(1), title(2), *HEADER, f"Subscribe{title(1)}", abstract(1), *papers(2)])
    assert titles(found) == [title(1), title(1), title(2)]
    assert faults(found) == [("title_without_abstract", "5")]
    assert_pairs_belong_together(found)


def test_invalid_utf8_quarantines_its_pair_only() -> None:
    lines = [line.encode() for line in papers(0, 1, 2)]
    lines[3] = lines[3].replace(b"wards", b"w\xe4rds")
    found = read(b"\n".join(lines))
    assert faults(found) == [("invalid_utf8", "3+4")]
    assert titles(found) == [title(0), title(2)]


def test_a_line_longer_than_the_limit_quarantines_its_pair_only() -> None:
    found = read([*papers(0), title(1), "a" * (MAX_LINE_BYTES + 10), *papers(2)])
    assert faults(found) == [("line_too_long", "3+4")]
    assert titles(found) == [title(0), title(2)]


def test_records_before_a_damaged_gzip_are_kept() -> None:
    plain = [f"{line} {number * 7919 % 1009}" for number, line in enumerate(papers(*range(400)))]
    packed = gzip.compress("\n".join(plain).encode())
    found = read(packed[: len(packed) // 2])
    assert len(titles(found)) > 20
    assert_pairs_belong_together(found)
    assert [reason for reason, _ in faults(found)] == ["truncated_gzip"]
    assert isinstance(found[-1], Quarantined)


@pytest.mark.parametrize("page", ["", "\n\n", "\n".join(HEADER), "\n".join([*HEADER, "Subscribe", ""])])
def test_a_page_without_papers_is_one_quarantined_record(page: str) -> None:
    assert [reason for reason, _ in faults(read(page))] == ["empty_file"]


@pytest.mark.parametrize(
    "start", ["<!DOCTYPE html>\n<html>", "\n <html lang='en'>", "<?xml version='1.0'?><!doctype HTML>"]
)
def test_a_page_in_html_is_recognised_and_quarantined_once(start: str) -> None:
    found = read(f"{start}<body>\n<p>x</p>\n</body></html>")
    assert [reason for reason, _ in faults(found)] == ["html_page"]


def test_a_file_that_is_no_page_by_size_is_quarantined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hf_papers_page, "MAX_PAGE_BYTES", 10_000)
    assert [reason for reason, _ in faults(read(papers(*range(40))))] == ["file_too_large"]


@given(st.binary(max_size=400))
def test_any_bytes_are_counted_as_they_are_parsed(page: bytes) -> None:
    read(page)


_LINES = st.one_of(
    st.sampled_from([*HEADER, "", " ", "Subscribe", "\ufeff", "Subscribe to x"]),
    st.integers(0, 9).map(title),
    st.integers(0, 9).map(abstract),
    st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20),
)


@given(st.lists(_LINES, max_size=20), st.binary(max_size=3))
def test_no_line_is_lost(page: list[str], dirt: bytes) -> None:
    content = "\n".join(page).encode() + dirt.replace(b"\r", b"").replace(b"\n", b"")
    found = read(content)
    if faults(found) and faults(found)[0][0] in {"empty_file", "html_page"}:
        return
    rows = sum(2 if isinstance(one, Record) else one.detail.split(":")[0].count(" and ") + 1 for one in found)
    shown = [line.decode(errors="replace").removeprefix("\ufeff") for line in content.split(b"\n")]
    after_header = False
    expected = 0
    for line in shown:
        if line.strip() in HEADER:
            after_header = True
        elif line.strip() and not (after_header and line.strip() == "Subscribe"):
            expected += 1
            after_header = False
    assert rows == expected


@pytest.mark.shared
def test_the_seed_page_has_119_papers(shared: Path) -> None:
    found = read((shared / "seed" / "hf_papers_listing.txt").read_bytes())
    assert len(titles(found)) == len(found) == 119
    first = titles(found)[0]
    assert first is not None
    assert first.startswith("Biomed-Enriched: A Biomedical Dataset")


@pytest.mark.shared
@pytest.mark.parametrize("lost", [2, 3, 70, 131, 200, 239])
def test_a_line_missing_from_the_seed_page_costs_one_record(shared: Path, lost: int) -> None:
    lines = (shared / "seed" / "hf_papers_listing.txt").read_text(encoding="utf-8").splitlines()
    whole = {(one.title, one.abstract) for one in read(lines) if isinstance(one, Record)}
    found = read(lines[:lost] + lines[lost + 1 :])
    left = {(one.title, one.abstract) for one in found if isinstance(one, Record)}
    assert len(left) == 118
    assert len(faults(found)) == 1
    assert left <= whole
