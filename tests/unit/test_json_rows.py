"""Rows of a JSON page: every row alone, whatever stands beside it, and a count that agrees with the cutting."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources import json_rows
from assets.sources.base import StreamDamaged
from assets.sources.faults import Unlistable
from assets.sources.json_rows import Broken, Page, Row, count, decoded, number, read_page, split, text, texts

KEY = b"collection"


def cut(content: bytes, key: bytes | None = None, damage: str | None = None) -> list[Row | Broken]:
    page = Page(content, damage)
    found = list(split(page, key))
    assert count(page, key) == len(found)
    assert not any(isinstance(one, Broken) for one in found[:-1])
    return found


def rows(content: bytes, key: bytes | None = None) -> list[bytes]:
    return [one.content for one in cut(content, key) if isinstance(one, Row)]


def broken(content: bytes, key: bytes | None = None, damage: str | None = None) -> str | None:
    found = cut(content, key, damage)
    return found[-1].reason if found and isinstance(found[-1], Broken) else None


def test_rows_are_cut_at_commas_of_their_list_only() -> None:
    assert rows(b' [ {"a": [1, 2], "b": "x, ]"} ,\n 3, "\\"," ] ') == [b'{"a": [1, 2], "b": "x, ]"}', b"3", b'"\\","']
    assert rows(b'{"x": [9], "collection" : [1, [2]], "y": {"collection": [3]}}', KEY) == [b"1", b"[2]"]


def test_an_empty_list_has_no_rows_and_no_fault() -> None:
    assert cut(b"[]") == cut(b"\xef\xbb\xbf [ \n] ") == cut(b'{"collection": []}', KEY) == []


def test_a_list_under_a_key_that_stands_twice_is_read_twice() -> None:
    assert rows(b'{"collection": [1], "collection": [2]}', KEY) == [b"1", b"2"]


def test_the_place_of_a_row_is_told() -> None:
    (row,) = cut(b'[\n  {"a": 1}\n]')
    assert row == Row(4, b'{"a": 1}')


@pytest.mark.parametrize(
    ("content", "key", "reason"),
    [
        (b"", None, "empty_file"),
        (b" \n", None, "empty_file"),
        (b"<!DOCTYPE html><html>", None, "html_page"),
        (b"busy", None, "invalid_json"),
        (b'{"error": "x"}', None, "no_records"),
        (b"[1]", KEY, "no_records"),
        (b'{"collection": {"a": [1]}}', KEY, "no_records"),
        (b'{"a": {"collection": [1]}}', KEY, "no_records"),
        (b"[] x", None, "invalid_json"),
        (b"[1, 2", None, "truncated_json"),
        (b'{"collection": [1], "a', KEY, "truncated_json"),
    ],
)
def test_a_page_that_is_no_list_says_why(content: bytes, key: bytes | None, reason: str) -> None:
    assert broken(content, key) == reason


def test_a_page_that_broke_off_keeps_its_complete_rows() -> None:
    found = cut(b'[{"a": 1}, {"b": 2}, {"c": "x', None, "gzip stream is damaged")
    assert [one.content for one in found[:2]] == [b'{"a": 1}', b'{"b": 2}']
    assert found[2] == Broken("truncated_gzip", "gzip stream is damaged", b'{"c": "x')
    assert broken(b"", None, "gzip stream is damaged") == "truncated_gzip"
    assert broken(b"[1]", None, "gzip stream is damaged") == "truncated_gzip"


def test_a_page_that_is_too_large_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "MAX_PAGE_BYTES", 20)
    assert broken(b"[" + b"1," * 30 + b"1]") == "file_too_large"


def test_damage_of_the_stream_is_kept_with_what_came_before_it() -> None:
    parts = [b"[1,", b"2"]

    class Stream:
        def read(self, size: int = -1) -> bytes:
            if not parts:
                raise StreamDamaged("broke off")
            return parts.pop(0)

    assert read_page(Stream()) == Page(b"[1,2", "broke off")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a": 1', "invalid_json"),
        (b'{"a": "\n"}', "invalid_json"),
        (b'{"a": "\xff"}', "invalid_utf8"),
        (b'{"a": "\\ud800"}', "invalid_unicode"),
        (b"[" * 100_000, "nesting_too_deep"),
        (b"3", "not_an_object"),
        (b'"' + b"a" * (json_rows.MAX_ROW_BYTES + 1) + b'"', "record_too_large"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(Unlistable) as fault:
        decoded(Row(0, content))
    assert fault.value.reason == reason


def test_values_of_any_type_are_read_or_left() -> None:
    assert [text(value) for value in (" a\0 ", 5, True, 1.5, None, [], " ")] == ["a", "5", None, None, None, None, None]
    values = (7, "60", 60.0, -1, True, float("nan"), 1e300, 10**30, "x", None, "٣")
    assert [number(value) for value in values] == [7, 60, 60, *[None] * 8]
    assert texts(["a", 1, "a", None, {}]) == ["a", "1"]
    assert decoded(Row(0, b'{"a": NaN, "b": %s, "a": 2}' % (b"9" * 5000))) == {"a": 2, "b": "9" * 5000}


PIECES = [b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b'"collection"', b'"a"', b" ", b"\n", b"1", b"\xef\xbb\xbf",
          b'"x\\"y"', b'{"doi":"a"}', b'"collection":[', b'[{"a":1},{"b":[2,3]}]', b"\xff"]  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join) | st.binary(max_size=20),
    st.sampled_from([None, KEY]),
    st.sampled_from([None, "broke off"]),
)
def test_any_bytes_are_counted_as_they_are_cut(content: bytes, key: bytes | None, damage: str | None) -> None:
    cut(content, key, damage)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda child: st.lists(child, max_size=4) | st.dictionaries(st.text("ab") | st.just("collection"), child),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(VALUES, max_size=5), st.dictionaries(st.text("ab"), VALUES, max_size=3), st.booleans())
def test_the_rows_of_valid_json_are_the_elements_of_its_list(
    elements: list[Any], others: dict[str, Any], indented: bool
) -> None:
    indent = 1 if indented else None
    assert [json.loads(row) for row in rows(json.dumps(elements, indent=indent).encode())] == elements
    page = json.dumps({**others, "collection": elements, "z": [1]}, ensure_ascii=False, indent=indent).encode()
    assert [json.loads(row) for row in rows(page, KEY)] == elements
