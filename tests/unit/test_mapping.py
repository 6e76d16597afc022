"""Mapping files: what they may say, and what is told to whoever wrote something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.sources.jsonl_records import FIELDS
from assets.sources.mapping import MAX_BYTES, MappingError, read_mapping


def test_a_mapping_is_read_in_the_order_of_the_file() -> None:
    text = b'\xef\xbb\xbf[fields]\ntitle = "Paper Title"\nauthors = "contributors.name"\n'
    assert read_mapping(text) == (("title", "Paper Title"), ("authors", "contributors.name"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "names no field"),
        (b"[fields]", "names no field"),
        (b'[fields]\nheading = "x"', "unknown field 'heading'; fields are source_id, "),
        (b"[fields]\ntitle = 5", "'title' must be the name"),
        (b'[fields]\ntitle = " "', "'title' must be the name"),
        (b"fields = 5", "must be a table"),
        (b'title = "x"', "holds 'title'; its only table is"),
        (b'[fields]\ntitle = "x"\n[constants]\nlanguage = "en"', "holds 'constants'"),
        (b"[fields", "is not TOML"),
        (b"\xff", "is not UTF-8 at byte 0"),
        (b"#" * (MAX_BYTES + 1), "is larger than"),
        (b"a = " + b"[" * 20_000, "nested too deeply"),
    ],
)
def test_the_message_names_the_fault(text: bytes, told: str) -> None:
    with pytest.raises(MappingError) as caught:
        read_mapping(text)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary() | st.text().map(lambda text: f"[fields]\ntitle = {text}".encode(errors="replace")))
def test_any_bytes_are_a_mapping_or_a_mapping_error(text: bytes) -> None:
    try:
        mapping = read_mapping(text)
    except MappingError:
        return
    assert mapping
    assert {field for field, _ in mapping} <= set(FIELDS)
