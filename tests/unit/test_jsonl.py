"""JSON lines: what is understood without a mapping, what is refused, and that every line is one row."""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.sources.base import Author, Quarantined, RawObject, Record, StreamDamaged
from assets.sources.jsonl import SOURCE, LineTooLong, split_by_day
from assets.sources.jsonl_records import FIELDS
from assets.sources.streams import MAX_LINE_BYTES, open_stream

DAY = date(2025, 3, 14)


def raw(split_by: str | None = None) -> RawObject:
    fetched = datetime(2025, 3, 15, 6, tzinfo=UTC)
    return RawObject("jsonl", DAY, "raw/jsonl/x", "0" * 64, 1, "x.jsonl", fetched, split_by)


def rows(content: bytes, split_by: str | None = None) -> list[Record | Quarantined]:
    """All rows of a file; conservation and the order of indexes are checked on the way, for every test."""
    found = list(SOURCE.parse(io.BytesIO(content), raw(split_by)))
    assert SOURCE.count(io.BytesIO(content)) == len(found)
    assert [row.record_index for row in found] == list(range(len(found)))
    return found


def listed(entry: dict[str, object], split_by: str | None = None) -> Record:
    [row] = rows(json.dumps(entry).encode(), split_by)
    assert isinstance(row, Record), row
    return row


def refused(content: bytes | dict[str, object], split_by: str | None = None) -> Quarantined:
    [row] = rows(content if isinstance(content, bytes) else json.dumps(content).encode(), split_by)
    assert isinstance(row, Quarantined), row
    return row


# -- fields ------------------------------------------------------------------------------------------------------------


def test_an_arxiv_listing_is_understood_without_a_mapping() -> None:
    record = listed(
        {
            "id": "2503.11794v2",
            "title": " A title ",
            "summary": "Line one\nline two",
            "authors": ["Ada Lovelace", "Alan Turing"],
            "categories": ["cs.CL", "q-bio.QM"],
            "comment": "12 pages",
            "published": "2025-03-13T17:00:00Z",
            "listing_date": "2025-03-14",
            "url": "https://arxiv.org/abs/2503.11794v2",
            "license": "CC-BY-4.0",
            "language": "eng",
        }
    )
    assert (record.source_id, record.arxiv_id, record.version) == ("2503.11794", "2503.11794", "2")
    assert (record.title, record.abstract) == ("A title", "Line one\nline two")
    assert record.authors == [Author("Ada Lovelace"), Author("Alan Turing")]
    assert (record.categories, record.comment) == (["cs.CL", "q-bio.QM"], "12 pages")
    assert (record.published_on, record.status) == (date(2025, 3, 13), "new")
    assert (record.licence, record.language) == ("CC-BY-4.0", "en")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"id": "10.1234/ABC"}, {"source_id": "10.1234/ABC", "doi": "10.1234/abc"}),
        ({"id": "12345"}, {"source_id": "12345", "pmid": None}),
        ({"id": 12345}, {"source_id": "12345", "pmid": None}),
        ({"id": 12345.0}, {"source_id": "12345"}),
        ({"id": 2503.1001}, {"source_id": "2503.1001", "arxiv_id": None}),
        ({"pmid": 12345}, {"source_id": "12345", "pmid": "12345"}),
        ({"arxiv_id": "arXiv:2503.11794v3"}, {"source_id": "2503.11794", "arxiv_id": "2503.11794", "version": "3"}),
        ({"doi": "doi:10.48550/arXiv.2503.11794"}, {"source_id": "2503.11794", "doi": "10.48550/arxiv.2503.11794"}),
        ({"source_id": "a", "doi": "10.1234/x", "pmcid": "1"}, {"source_id": "a", "doi": "10.1234/x", "pmcid": "PMC1"}),
        ({"id": "2503.11794", "version": "v4"}, {"version": "4"}),
        ({"id": True, "doi": "nonsense"}, {"source_id": "nonsense", "doi": None}),
        ({"id": ["x"]}, {"source_id": None}),
        ({}, {"source_id": None}),
    ],
)  # fmt: skip
def test_identifiers_are_told_by_their_look(entry: dict[str, object], expected: dict[str, object]) -> None:
    record = listed({"title": "T"} | entry)
    assert {name: getattr(record, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("Ada Lovelace, Alan Turing and Grace Hopper", ["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
        ("Lovelace, A.; Turing, A.;", ["Lovelace, A.", "Turing, A."]),
        ("Lovelace, Ada", ["Lovelace, Ada"]),
        ([{"name": "Ada"}, {"given": "Alan", "family": "Turing"}, {"x": 1}, None, "E"], ["Ada", "Alan Turing", "E"]),
        ({"name": "Ada"}, ["Ada"]),
        (7.5, ["7.5"]),
        (True, []),
        (None, []),
    ],
)  # fmt: skip
def test_authors_come_as_names_objects_or_one_text(value: object, names: list[str]) -> None:
    assert [author.name for author in listed({"title": "T", "authors": value}).authors] == names


def test_an_author_keeps_orcid_and_first_affiliation() -> None:
    entry = {
        "name": "Ada",
        "orcid": "https://orcid.org/0000-0001-5028-369x",
        "affiliation": [{"name": "Here"}, "There"],
    }
    assert listed({"title": "T", "authors": [entry]}).authors == [Author("Ada", "0000-0001-5028-369X", "Here")]


@pytest.mark.parametrize(
    ("value", "categories"),
    [
        ("cs.CL q-bio.QM", ["cs.CL", "q-bio.QM"]),
        ("infectious diseases", ["infectious diseases"]),
        ("genomics; oncology", ["genomics", "oncology"]),
        (["a", "a", None, 3], ["a", "3"]),
        ({"a": 1}, []),
    ],
)
def test_categories_come_as_a_list_or_as_text(value: object, categories: list[str]) -> None:
    assert listed({"title": "T", "categories": value}).categories == categories


def test_mesh_descriptors_keep_their_commas() -> None:
    record = listed(
        {"title": "T", "mesh": "Carcinoma, Hepatocellular; Humans", "keywords": "a, b", "publication_types": []}
    )
    assert record.mesh == ["Carcinoma, Hepatocellular", "Humans"]
    assert record.keywords == ["a", "b"]


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        ({"status": "Revised"}, "revised"),
        ({"status": "published"}, "new"),
        ({"status": 3}, "new"),
        ({"comment": "This paper has been withdrawn by the authors"}, "withdrawn"),
        ({"comments": "12 pages, 3 figures. Withdrawn due to an error in section 2"}, "withdrawn"),
        ({"comment": "The withdrawn drug is discussed", "status": "revised"}, "revised"),
        ({"title": "WITHDRAWN: Aspirin for everything"}, "withdrawn"),
        ({"title": "Withdrawn patients in trials"}, "new"),
        ({"abstract": "This paper has been withdrawn."}, "withdrawn"),
        ({"status": "new", "comment": "withdrawn"}, "withdrawn"),
        ({"status": "deleted", "title": None}, "deleted"),
    ],
)
def test_a_withdrawal_is_heard_wherever_it_is_announced(entry: dict[str, object], status: str) -> None:
    assert listed({"title": "T", "id": "1"} | entry).status == status


def test_the_first_readable_publication_date_wins() -> None:
    record = listed({"title": "T", "published": "10.1101/2021.01.01", "date": "2021-01-05", "year": 2020})
    assert record.published_on == date(2021, 1, 5)
    assert listed({"title": "T", "published": None, "year": 2020.0}).published_on == date(2020, 1, 1)
    assert listed({"title": "T", "published": 1741910400}).published_on is None


def test_a_nan_of_an_exported_table_is_a_missing_value() -> None:
    [row] = rows(b'{"title": "T", "abstract": NaN, "summary": "S", "year": NaN, "id": NaN}')
    assert isinstance(row, Record)
    assert (row.abstract, row.published_on, row.source_id) == ("S", None, None)


def test_numbers_of_any_size_and_doubled_keys_are_no_fault() -> None:
    [row] = rows(b'{"id": ' + b"9" * 10_000 + b', "year": 1e999, "title": "A", "title": "B"}')
    assert isinstance(row, Record)
    assert (row.title, len(row.source_id or "")) == ("B", 10_000)


def test_nul_characters_do_not_reach_the_record() -> None:
    assert listed({"title": "A\0B", "id": "x\0"}).title == "AB"


@pytest.mark.parametrize(
    ("entry", "mapping", "expected"),
    [
        ({"name": "T", "title": "Dr."}, (("title", "name"),), {"title": "T"}),
        ({"paper": {"name": "T"}, "abstract": "A"}, (("title", "paper.name"),), {"title": "T", "abstract": "A"}),
        ({"paper.name": "T", "paper": {"name": "no"}}, (("title", "paper.name"),), {"title": "T"}),
        ({"title": "T", "by": [{"n": "Ada"}, {"n": "Alan"}, 5]}, (("authors", "by.n"),),
         {"authors": [Author("Ada"), Author("Alan")]}),
        ({"title": "T", "doi": "10.1234/no"}, (("doi", "a.b"),), {"doi": None}),
        ({"title": "T", "year": 2020, "printed": "2021-02"}, (("published_on", "printed"),),
         {"published_on": date(2021, 2, 1)}),
        ({"key": "2503.11794v2", "title": "T"}, (("source_id", "key"),), {"arxiv_id": "2503.11794", "version": "2"}),
    ],
)  # fmt: skip
def test_a_mapped_key_wins_over_the_built_in_names(
    entry: dict[str, object], mapping: tuple[tuple[str, str], ...], expected: dict[str, object]
) -> None:
    with_mapping = dataclasses.replace(raw(), mapping=mapping)
    [row] = SOURCE.parse(io.BytesIO(json.dumps(entry).encode()), with_mapping)
    assert {name: getattr(row, name) for name in expected} == expected


def test_a_split_day_is_checked_on_the_objects_own_keys_whatever_is_mapped() -> None:
    split = dataclasses.replace(raw("date"), mapping=(("published_on", "printed"),))
    [row] = SOURCE.parse(io.BytesIO(b'{"title": "T", "date": "2025-03-14", "printed": 2020}'), split)
    assert isinstance(row, Record)
    assert row.published_on == date(2020, 1, 1)


def test_volume_issue_and_pages_stand_in_the_bibliography() -> None:
    record = listed({"title": "T", "volume": 5, "number": "2", "pages": "1-3"})
    assert record.bibliography == {"volume": "5", "issue": "2", "pages": "1-3"}
    assert listed({"title": "T"}).bibliography is None


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"title": "T"', "invalid_json"),
        (b"{'title': 'T'}", "invalid_json"),
        (b'["title"]', "not_an_object"),
        (b"3", "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"title": "\xff"}', "invalid_utf8"),
        (b'{"title": "\\ud83d"}', "invalid_unicode"),
        (b'{"title": "T", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nesting_too_deep"),
        (b"{}", "missing_title"),
        (b'{"title": null}', "missing_title"),
        (b'{"title": " \\n\\u0000"}', "missing_title"),
        (b'{"title": 5}', "wrong_type"),
        (b'{"title": ["T"]}', "wrong_type"),
        (b'{"title": "T", "abstract": {"a": 1}}', "wrong_type"),
        (b'{"title": "T", "abstract": true}', "wrong_type"),
        (b'{"title": "T", "published": "2027-06-01"}', "implausible_date"),
        (b'{"title": "T", "published": "1066-10-14"}', "implausible_date"),
        (b'{"title": "T", "listing_date": "2025-03-17"}', "implausible_date"),
        (b'{"title": "T", "listing_date": "1066-10-14"}', "implausible_date"),
        (b'{"title": "' + b"x" * MAX_LINE_BYTES + b'"}', "line_too_long"),
    ],
)
def test_a_line_that_cannot_be_listed_is_quarantined_with_the_reason(content: bytes, reason: str) -> None:
    row = refused(content)
    assert row.reason == reason
    assert row.detail.startswith("line 1: ")
    assert len(row.excerpt) <= 300


def test_a_pair_of_surrogate_escapes_is_one_character() -> None:
    [row] = rows(b'{"title": "\\ud83d\\uDE00"}')
    assert isinstance(row, Record)
    assert row.title == "\N{GRINNING FACE}"


def test_a_damaged_line_leaves_its_neighbours_listed_and_is_named_by_its_number() -> None:
    good = b'{"title": "T"}'
    found = rows(b"\xef\xbb\xbf" + good + b"\r\n\r\n  \n{broken\n" + good)
    assert [type(row) for row in found] == [Record, Quarantined, Record]
    assert isinstance(found[1], Quarantined)
    assert found[1].detail.startswith("line 4: ")


@pytest.mark.parametrize("content", [b"", b"\n \n\t\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_a_file_without_lines_is_one_quarantined_record(content: bytes) -> None:
    assert refused(content).reason == "empty_file"


def test_a_broken_gzip_keeps_its_complete_lines_and_quarantines_the_rest() -> None:
    titles = [f"title {number} {number * 7919 % 1000003}" for number in range(300)]
    packed = gzip.compress(b"".join(json.dumps({"title": title}).encode() + b"\n" for title in titles))
    for kept in (*range(11, 60), len(packed) // 2, len(packed) - 9, len(packed) - 1):
        broken = packed[:kept]
        found = list(SOURCE.parse(open_stream(io.BytesIO(broken), kept), raw()))
        assert SOURCE.count(open_stream(io.BytesIO(broken), kept)) == len(found)
        assert [row.title for row in found[:-1] if isinstance(row, Record)] == titles[: len(found) - 1]
        assert isinstance(found[-1], Quarantined)
        assert found[-1].reason == "truncated_gzip"


# -- days --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "reason"),
    [("2025-03-13", "wrong_day"), ("2025-03", "undated"), (None, "undated"), (20250314, "undated"), ("", "undated")],
)  # fmt: skip
def test_a_record_split_to_a_day_names_that_day(value: object, reason: str) -> None:
    assert listed({"title": "T", "day": "2025-03-14T08:00:00Z"}, split_by="day").title == "T"
    assert refused({"title": "T", "day": value}, split_by="day").reason == reason


def test_splitting_keeps_every_line_byte_for_byte_with_its_day() -> None:
    content = (
        b'\xef\xbb\xbf{"day": "2025-03-13", "title": "\xc3\xa9"}\r\n\n'
        b'{"day": "2025-03-14T23:00:00-02:00"}\n  \n{"day": 5}\n{broken\n\xff\n[1]\n'
        b'{"day": "2025-03-17"}\n{"day": "1599-01-01"}'
    )
    split = list(split_by_day(io.BytesIO(content), "day", date(2025, 3, 15)))
    assert [day for day, _ in split] == [date(2025, 3, 13), date(2025, 3, 15), *[None] * 6]
    lines = [line for line in content.splitlines(keepends=True) if line.strip()]
    assert b"".join(line for _, line in split) == b"".join(lines) + b"\n"


def test_a_line_too_long_to_split_off_is_named() -> None:
    longest = b'"' + b"x" * (MAX_LINE_BYTES - 2) + b'"'
    assert list(split_by_day(io.BytesIO(longest + b"\r\n"), "day", DAY)) == [(None, longest + b"\r\n")]
    with pytest.raises(LineTooLong, match="line 2 ") as caught:
        list(split_by_day(io.BytesIO(b"{}\n" + longest + b"x\n"), "day", DAY))
    assert caught.value.number == 2


def test_splitting_a_broken_gzip_raises_rather_than_losing_its_end() -> None:
    packed = gzip.compress(b'{"day": "2025-03-14"}\n' * 100)[:-9]
    with pytest.raises(StreamDamaged):
        list(split_by_day(open_stream(io.BytesIO(packed), len(packed)), "day", DAY))


# -- any input ---------------------------------------------------------------------------------------------------------

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = sorted({name for names in FIELDS.values() for name in names})


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), JSON_VALUES, max_size=8), max_size=5))
def test_objects_with_values_of_any_type_give_one_row_each(entries: list[dict[str, object]]) -> None:
    found = rows(b"".join(json.dumps(entry).encode() + b"\n" for entry in entries))
    assert len(found) == max(1, len(entries))


PIECES = [b"\n", b"\r", b" ", b"{", b'{"title":"T"}', b"\xef\xbb\xbf", b"\xff", b"\0", b'"', b"1"]


@given(st.lists(st.sampled_from(PIECES)).map(b"".join) | st.binary())
def test_any_bytes_are_counted_as_they_are_parsed(content: bytes) -> None:
    rows(content)


@given(st.binary(max_size=200), st.integers(min_value=12, max_value=250))
def test_any_broken_gzip_is_counted_as_it_is_parsed(content: bytes, kept: int) -> None:
    packed = gzip.compress(content)[:kept]
    found = list(SOURCE.parse(open_stream(io.BytesIO(packed), len(packed)), raw()))
    assert SOURCE.count(open_stream(io.BytesIO(packed), len(packed))) == len(found)


@pytest.mark.shared
def test_every_line_of_the_real_listings_is_listed_and_keeps_its_day(shared: Path) -> None:
    total = 0
    for path in sorted((shared / "listings").glob("*/*.jsonl.gz")):
        size = path.stat().st_size
        field = "listing_date" if path.name.startswith("arxiv") else "snapshot_date"
        with path.open("rb") as file:
            found = list(SOURCE.parse(open_stream(file, size), raw()))
        with path.open("rb") as file:
            assert SOURCE.count(open_stream(file, size)) == len(found)
        with path.open("rb") as file:
            split = list(split_by_day(open_stream(file, size), field, date(2026, 12, 31)))
        assert len(split) == len(found)
        assert all(day is not None for day, _ in split)
        # These listings are of days after the one this object claims: dates ahead are the one fault they may show.
        assert {row.reason for row in found if isinstance(row, Quarantined)} <= {"implausible_date"}
        total += len(found)
    assert total > 10_000
