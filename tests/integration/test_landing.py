"""Landing: files of users for a day or split into days; what cannot be landed is refused before anything is."""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from assets.sources import SOURCES_BY_NAME
from orchestration.days import first_day, today
from orchestration.landing import LandingError, land_split, land_whole, named_source
from orchestration.resources.object_store import ObjectStore
from orchestration.resources.raw_store import RawStore

DAY, NEXT = date(2025, 6, 1), date(2025, 6, 2)
JSONL = SOURCES_BY_NAME["jsonl"]


@pytest.fixture
def raw(store: ObjectStore) -> RawStore:
    return RawStore(store)


def write(folder: Path, name: str, *entries: object, packed: bool = False) -> Path:
    content = b"".join(entry if isinstance(entry, bytes) else json.dumps(entry).encode() + b"\n" for entry in entries)
    file = folder / name
    file.write_bytes(gzip.compress(content) if packed else content)
    return file


def paper(title: str, day: object = None) -> dict[str, object]:
    return {"id": title, "title": title, **({} if day is None else {"day": str(day)})}


def landed_keys(store: ObjectStore) -> list[str]:
    return [key for key, _ in store.list("landing/")]


def titles(raw: RawStore, dt: date) -> list[list[str]]:
    """Titles in each raw object of a day, with None for what is not JSON."""
    found = []
    for entry in raw.ingest(JSONL, dt):
        content = raw.open(entry.raw).read().splitlines()
        found.append([json.loads(line)["title"] for line in content if line.startswith(b"{")])
    return found


# -- whole files -------------------------------------------------------------------------------------------------------


def test_each_file_lands_as_one_object_of_the_day(raw: RawStore, store: ObjectStore, tmp_path: Path) -> None:
    files = [write(tmp_path, "a.jsonl", paper("One"), paper("Two")), write(tmp_path, "b.jsonl", paper("Three"))]
    landed = land_whole(raw, JSONL, DAY, files)
    assert [(one.name, one.dt, one.is_new, one.records) for one in landed] == [
        ("a.jsonl", DAY, True, None),
        ("b.jsonl", DAY, True, None),
    ]
    assert len(landed_keys(store)) == 2
    assert [one.is_new for one in land_whole(raw, JSONL, DAY, files)] == [False, False]


def test_any_source_lands_whole_whatever_is_in_the_file(raw: RawStore, tmp_path: Path) -> None:
    file = write(tmp_path, "empty.xml")
    (landed,) = land_whole(raw, SOURCES_BY_NAME["pubmed_xml"], DAY, [file])
    assert landed.is_new and raw.landed("pubmed_xml", DAY)


def test_a_missing_file_or_a_folder_is_refused_before_anything_is_landed(
    raw: RawStore, store: ObjectStore, tmp_path: Path
) -> None:
    good = write(tmp_path, "a.jsonl", paper("One", DAY))
    for bad in (tmp_path / "missing.jsonl", tmp_path, tmp_path / ("n" * 300), Path("/dev/null")):
        with pytest.raises(LandingError, match=r"is no file|cannot be read"):
            land_whole(raw, JSONL, DAY, [good, bad])
        with pytest.raises(LandingError, match=r"is no file|cannot be read"):
            land_split(raw, JSONL, "day", [good, bad])
    assert landed_keys(store) == []


def test_a_source_that_there_is_not_is_told_with_those_that_there_are() -> None:
    assert named_source("jsonl") is JSONL
    with pytest.raises(LandingError, match=r"no source is called 'jsonlines'; there are .*jsonl"):
        named_source("jsonlines")


# -- split files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_split_into_one_object_for_each_day_that_its_records_name(
    raw: RawStore, tmp_path: Path, packed: bool
) -> None:
    file = write(tmp_path, "a", paper("One", DAY), paper("Two", NEXT), paper("Three", DAY), packed=packed)
    landed = land_split(raw, JSONL, "day", [file])
    assert [(one.dt, one.records, one.undated, one.is_new) for one in landed] == [(DAY, 2, 0, True), (NEXT, 1, 0, True)]
    assert titles(raw, DAY) == [["One", "Three"]] and titles(raw, NEXT) == [["Two"]]
    assert {entry.raw.split_by for entry in raw.entries("jsonl", DAY)} == {"day"}


def test_lines_that_name_no_usable_day_go_with_the_last_day_and_are_counted(raw: RawStore, tmp_path: Path) -> None:
    unusable: list[object] = [
        paper("Undated"),
        paper("Too early", first_day() - timedelta(1)),
        paper("To come", today() + timedelta(400)),
        b"no json\n",
    ]
    file = write(tmp_path, "a.jsonl", *unusable, paper("One", NEXT), b"\n", paper("Two", DAY))
    landed = land_split(raw, JSONL, "day", [file])
    assert [(one.dt, one.records, one.undated) for one in landed] == [(DAY, 1, 0), (NEXT, 1, 0), (NEXT, 4, 4)]
    assert sum(one.records or 0 for one in landed) == 6
    assert sorted(titles(raw, NEXT)) == [["One"], ["Undated", "Too early", "To come"]]
    assert sum(entry.records for entry in raw.entries("jsonl", NEXT)) == 5
    assert len({one.sha256 for one in landed}) == 3


def test_a_file_in_which_no_line_names_a_day_goes_to_today(raw: RawStore, tmp_path: Path) -> None:
    (landed,) = land_split(raw, JSONL, "no such field", [write(tmp_path, "a.jsonl", paper("One"), paper("Two"))])
    assert (landed.records, landed.undated) == (2, 2) and landed.dt == today()


def test_splitting_the_same_file_again_lands_nothing_new(raw: RawStore, tmp_path: Path) -> None:
    file = write(tmp_path, "a.jsonl", paper("One", DAY), paper("Undated"))
    first, second = (land_split(raw, JSONL, "day", [file]) for _ in range(2))
    assert [one.is_new for one in first] == [True, True] and [one.is_new for one in second] == [False, False]


def test_a_last_line_without_an_end_is_not_lost(raw: RawStore, tmp_path: Path) -> None:
    file = write(tmp_path, "a.jsonl", paper("One", DAY), json.dumps(paper("Two", DAY)).encode())
    land_split(raw, JSONL, "day", [file])
    assert titles(raw, DAY) == [["One", "Two"]]


def test_a_day_of_more_than_fits_in_memory_is_split_whole(raw: RawStore, tmp_path: Path) -> None:
    entries = [paper(f"{number} " + "x" * 3000, DAY if number % 2 else NEXT) for number in range(900)]
    (first, second) = land_split(raw, JSONL, "day", [write(tmp_path, "a.jsonl", *entries)])
    assert (first.records, second.records) == (450, 450)
    assert [len(found) for found in titles(raw, DAY)] == [450]


def test_a_truncated_gzip_is_refused_and_nothing_of_it_is_landed(
    raw: RawStore, store: ObjectStore, tmp_path: Path
) -> None:
    whole = write(tmp_path, "a.gz", *(paper(f"{number * number}", DAY) for number in range(2000)), packed=True)
    whole.write_bytes(whole.read_bytes()[:-100])
    good = write(tmp_path, "good.jsonl", paper("One", DAY))
    with pytest.raises(LandingError, match=r"a\.gz cannot be split: gzip stream is damaged.*litlake land jsonl DATE"):
        land_split(raw, JSONL, "day", [good, whole])
    assert landed_keys(store) == []


def test_a_line_too_long_to_be_split_off_is_refused_with_its_number(
    raw: RawStore, store: ObjectStore, tmp_path: Path
) -> None:
    file = write(tmp_path, "a.jsonl", paper("One", DAY), b"x" * (9 * 1024 * 1024))
    with pytest.raises(LandingError, match="cannot be split: line 2 is longer"):
        land_split(raw, JSONL, "day", [file])
    assert landed_keys(store) == []


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_a_file_without_records_is_refused(raw: RawStore, store: ObjectStore, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(LandingError, match="holds no records to split"):
        land_split(raw, JSONL, "day", [write(tmp_path, "a.jsonl", content)])
    assert landed_keys(store) == []


def test_a_source_that_cannot_be_split_is_refused_with_the_command_that_works(
    raw: RawStore, store: ObjectStore, tmp_path: Path
) -> None:
    file = write(tmp_path, "a.txt", b"text")
    with pytest.raises(
        LandingError, match=r"hf_papers_page cannot be split by a field: .*litlake land hf_papers_page DATE"
    ):
        land_split(raw, SOURCES_BY_NAME["hf_papers_page"], "day", [file])
    assert landed_keys(store) == []
