"""Tables: delimiters, headers, mappings, damaged rows, and that every row is one item."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from assets.sources.base import Author, Quarantined, RawObject, Record
from assets.sources.csv_table import MAX_CELL_CHARACTERS, SOURCE

Mapping = tuple[tuple[str, str], ...]


def rows(content: bytes, mapping: Mapping = ()) -> list[Record | Quarantined]:
    """All rows of a file; conservation and the order of indexes are checked on the way, for every test."""
    fetched = datetime(2025, 3, 15, 6, tzinfo=UTC)
    raw = RawObject("csv", date(2025, 3, 14), "raw/x", "0" * 64, 1, "x", fetched, mapping=mapping)
    found = list(SOURCE.parse(io.BytesIO(content), raw))
    assert SOURCE.count(io.BytesIO(content)) == len(found)
    assert [row.record_index for row in found] == list(range(len(found)))
    return found


def listed(content: bytes, mapping: Mapping = ()) -> Record:
    [row] = rows(content, mapping)
    assert isinstance(row, Record), row
    return row


def refused(content: bytes, mapping: Mapping = ()) -> Quarantined:
    [row] = rows(content, mapping)
    assert isinstance(row, Quarantined), row
    return row


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_tells_the_delimiter_and_the_fields(delimiter: str) -> None:
    lines = [
        ["PMID", "Title", "Author", "Publication Year", "Source-title", "DOI", "number", "Pages"],
        ["12", "A, title; of | all", "Lovelace, Ada; Turing, Alan", "2005", "J", "10.1/X", "3", "1-2"],
    ]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(lines)
    record = listed(text.getvalue().replace("10.1/X", "10.1234/X").encode())
    assert (record.title, record.journal, record.pmid, record.doi) == ("A, title; of | all", "J", "12", "10.1234/x")
    assert record.authors == [Author("Lovelace, Ada"), Author("Turing, Alan")]
    assert record.published_on == date(2005, 1, 1)
    assert record.bibliography == {"issue": "3", "pages": "1-2"}


@pytest.mark.parametrize(
    ("content", "titles"),
    [
        (b'\xef\xbb\xbftitle,year\r\n"two\r\nlines",2001\r\n', ["two\nlines"]),
        (b"sep=;\ntitle;year\nA, B;2001\n", ["A, B"]),
        (b"\n\ntitle,year\n\nA,2001\n,\n  ,\nB,2002", ["A", "B"]),
        (b"title\nA, B\n", ["A, B"]),
        (b"title\tyear\rA\t2001\r", ["A"]),
        (b"title,year\nA,2001,,\n", ["A"]),
        (b'title,title,x\nNA,"B ""b""",\n', ['B "b"']),
    ],
)
def test_rows_are_read_as_spreadsheets_write_them(content: bytes, titles: list[str]) -> None:
    assert [row.title for row in rows(content) if isinstance(row, Record)] == titles


@pytest.mark.parametrize("missing", [b"", b" ", b"NA", b"NaN", b"NULL"])
def test_what_stands_for_a_missing_value_is_none(missing: bytes) -> None:
    record = listed(b"title,abstract,doi\nT," + missing + b"," + missing)
    assert (record.abstract, record.doi) == (None, None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf\n \n", "empty_file"),
        (b"title,year\n,\n", "no_records"),
        (b"title,year\nA\n", "wrong_cells"),
        (b"title,year\nA,2001,more\n", "wrong_cells"),
        (b"title,year\n\xe9t\xe9,2001\n", "invalid_utf8"),
        (b"title,year\n,2001\n", "missing_title"),
        (b"title,year\nT,3005\n", "implausible_date"),
        (b'title,year\n"' + b"x" * (MAX_CELL_CHARACTERS + 1) + b'",2001', "record_too_large"),
        (b'title,year\n"' + b'a",2001,"\n' * 1_000_000, "record_too_large"),
        (b'title,year\n"never closed,2001\n', "wrong_cells"),
    ],
)
def test_a_row_that_cannot_be_listed_is_quarantined_with_the_reason(content: bytes, reason: str) -> None:
    assert rows(content)[0].reason == reason  # type: ignore[union-attr]


def test_a_damaged_row_leaves_its_neighbours_listed_and_is_named_by_its_line() -> None:
    found = rows(b'title,year\nA,1\n"B\nb\xff",2\nC\nD,4\n')
    assert [type(row) for row in found] == [Record, Quarantined, Quarantined, Record]
    assert isinstance(found[1], Quarantined)
    assert found[1].detail.startswith("line 3: ")


def test_a_mapped_column_wins_over_the_built_in_names() -> None:
    content = b"Paper Name,title,year,Writers\nReal,Dr.,2001,Ada Lovelace\n"
    mapping = (("title", "Paper Name"), ("authors", "writers"))
    record = listed(content, mapping)
    assert (record.title, record.authors, record.published_on) == ("Real", [Author("Ada Lovelace")], date(2001, 1, 1))


def test_a_mapped_title_that_the_header_lacks_is_named_with_the_header() -> None:
    row = refused(b"name,title\nA,B\n", (("title", "Paper"),))
    assert row.reason == "missing_title"
    assert "'Paper' (of the mapping)" in row.detail
    assert "'name', 'title'" in row.detail


def test_a_mapped_column_without_a_value_has_none() -> None:
    assert listed(b"title,abstract,mine\nT,theirs,\n", (("abstract", "mine"),)).abstract is None


@pytest.mark.shared
def test_every_row_of_a_real_export_is_one_item_and_says_what_the_csv_module_reads(shared: Path) -> None:
    content = gzip.decompress((shared / "dedup" / "asysd" / "labelled_test_set.csv.gz").read_bytes())
    theirs = list(csv.DictReader(io.StringIO(content.decode("cp1252", errors="replace"), newline="")))
    ours = rows(content)
    assert len(ours) == len(theirs) == 1845
    for row, other in zip(ours, theirs, strict=True):
        if isinstance(row, Quarantined):
            assert row.reason == "invalid_utf8"  # the file is not UTF-8: rows with other letters than English ones
        else:
            assert row.title == other["title"].strip()
            assert (row.abstract or "NA") == other["abstract"].strip()
            assert (row.journal or "NA") == other["journal"].strip()
