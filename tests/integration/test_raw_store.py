"""Raw listings: the bytes as received, once, whatever the file is called and wherever a run is cut."""

from __future__ import annotations

import gzip
import io
import json
from datetime import date

import pytest

from assets.sources import jsonl
from assets.sources.base import Source
from assets.sources.streams import open_stream
from orchestration.resources.object_store import ObjectStore, ObjectStoreError, sha256_of
from orchestration.resources.raw_store import RawStore

DAY = date(2025, 6, 1)
SOURCE = jsonl.SOURCE
PREFIX = "raw/jsonl/dt=2025-06-01/"


@pytest.fixture
def raw(store: ObjectStore) -> RawStore:
    return RawStore(store)


def lines(*titles: str) -> bytes:
    return b"".join(json.dumps({"title": title}).encode() + b"\n" for title in titles)


def land(raw: RawStore, content: bytes, name: str = "a.jsonl", dt: date = DAY, source: Source = SOURCE) -> str:
    return raw.land(source, dt, io.BytesIO(content), name)[0]


def keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return [key for key, _ in store.list(prefix)]


def test_what_has_landed_moves_to_raw_under_the_hash_of_its_bytes(raw: RawStore, store: ObjectStore) -> None:
    content = lines("One", "Two")
    sha256, is_new = raw.land(SOURCE, DAY, io.BytesIO(content), "a.jsonl")
    assert is_new and sha256 == sha256_of(content)
    assert raw.landed("jsonl", DAY) == [f"landing/jsonl/dt=2025-06-01/{sha256}.jsonl"]
    (entry,) = raw.ingest(SOURCE, DAY)
    assert raw.landed("jsonl", DAY) == []
    assert store.get(f"{PREFIX}{sha256}.jsonl") == content
    assert (entry.raw.sha256, entry.raw.size, entry.records, entry.raw.name) == (sha256, len(content), 2, "a.jsonl")
    assert raw.entries("jsonl", DAY) == [entry]


def test_the_same_bytes_land_once_before_and_after_they_are_taken_in(raw: RawStore, store: ObjectStore) -> None:
    land(raw, lines("One"))
    assert raw.land(SOURCE, DAY, io.BytesIO(lines("One")), "again.jsonl")[1] is False
    raw.ingest(SOURCE, DAY)
    assert raw.land(SOURCE, DAY, io.BytesIO(lines("One")), "again.jsonl")[1] is False
    (entry,) = raw.ingest(SOURCE, DAY)
    assert entry.raw.name == "a.jsonl" and raw.landed("jsonl", DAY) == []


def test_the_same_bytes_on_another_day_are_another_object(raw: RawStore) -> None:
    assert land(raw, lines("One")) == land(raw, lines("One"), dt=date(2025, 6, 2))
    assert len(raw.ingest(SOURCE, DAY)) == len(raw.ingest(SOURCE, date(2025, 6, 2))) == 1


def test_a_second_file_adds_to_the_day_and_the_manifest_lists_both_as_they_arrived(
    raw: RawStore, store: ObjectStore
) -> None:
    first = land(raw, lines("One"), "z.jsonl")
    raw.ingest(SOURCE, DAY)
    second = land(raw, lines("Two"), "a.jsonl")
    entries = raw.ingest(SOURCE, DAY)
    assert [entry.raw.sha256 for entry in entries] == [first, second]
    assert raw.entries("jsonl", DAY) == entries
    manifest = store.get_json(f"{PREFIX}manifest.json")
    assert [item["sha256"] for item in manifest["objects"]] == [first, second]
    assert {"key", "sha256", "size", "records", "fetched_at", "request"} <= set(manifest["objects"][0])


def test_a_day_without_listings_has_no_manifest(raw: RawStore, store: ObjectStore) -> None:
    assert raw.ingest(SOURCE, DAY) == [] == raw.entries("jsonl", DAY)
    assert keys(store) == []


def test_a_run_cut_between_the_raw_object_and_the_end_of_its_landing_is_repeated_safely(
    raw: RawStore, store: ObjectStore
) -> None:
    sha256 = land(raw, lines("One"))
    landing = raw.landed("jsonl", DAY)[0]
    waiting, known = store.get(landing), store.metadata(landing)
    assert waiting is not None
    (entry,) = raw.ingest(SOURCE, DAY)
    store.put_once(landing, io.BytesIO(waiting), known)  # as if the landing had not been removed yet
    store.delete([f"{PREFIX}manifest.json"])  # nor the manifest been written
    assert raw.entries("jsonl", DAY) == []
    assert raw.ingest(SOURCE, DAY) == [entry] == raw.entries("jsonl", DAY)
    assert keys(store) == [f"{PREFIX}{sha256}.jsonl", f"{PREFIX}manifest.json"]


def test_a_lost_manifest_is_made_again_from_the_objects(raw: RawStore, store: ObjectStore) -> None:
    land(raw, lines("One"), "one.jsonl")
    land(raw, lines("Two"), "two.jsonl")
    entries = raw.ingest(SOURCE, DAY)
    before = store.get(f"{PREFIX}manifest.json")
    store.delete([f"{PREFIX}manifest.json"])
    assert raw.ingest(SOURCE, DAY) == entries and store.get(f"{PREFIX}manifest.json") == before


def test_gzip_is_recognised_by_content_and_kept_as_received(raw: RawStore, store: ObjectStore) -> None:
    packed = gzip.compress(lines("One", "Two", "Three"))
    sha256 = land(raw, packed, "not-called-gz.jsonl")
    (entry,) = raw.ingest(SOURCE, DAY)
    assert entry.raw.key == f"{PREFIX}{sha256}.jsonl.gz" and entry.records == 3
    assert store.get(entry.raw.key) == packed


def test_a_broken_gzip_is_taken_in_and_counts_what_was_lost_as_one_record(raw: RawStore) -> None:
    packed = gzip.compress(b"".join(lines(f"{number} " + str(hash(number))) for number in range(500)))
    land(raw, packed[: len(packed) // 2])
    (entry,) = raw.ingest(SOURCE, DAY)
    parsed = list(SOURCE.parse(open_stream(raw.open(entry.raw), entry.raw.size), entry.raw))
    assert entry.records == len(parsed)


@pytest.mark.parametrize("content", [b"", b"\n", b"\x1f\x8b"])
def test_an_object_without_records_is_taken_in_as_one_that_will_be_quarantined(raw: RawStore, content: bytes) -> None:
    land(raw, content)
    (entry,) = raw.ingest(SOURCE, DAY)
    assert entry.records == 1 and raw.open(entry.raw).read() == content


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/absolute/papers.jsonl", "papers.jsonl"),
        ("Über uns – 论文.jsonl", "Über uns – 论文.jsonl"),
        ("a%2Fb\n\r: x\x00.jsonl", "a%2Fb\n\r: x\x00.jsonl"),
        ("n" * 500, "n" * 200),
        ("论" * 500, "论" * 200),
        ("..", ".."),
        ("caf\udce9.jsonl", "caf?.jsonl"),
        ("", "unnamed"),
    ],
)
def test_a_file_name_is_shown_and_never_part_of_a_key(raw: RawStore, store: ObjectStore, name: str, shown: str) -> None:
    sha256 = land(raw, lines("One"), name)
    (entry,) = raw.ingest(SOURCE, DAY)
    assert keys(store) == [f"{PREFIX}{sha256}.jsonl", f"{PREFIX}manifest.json"]
    assert shown.startswith(entry.raw.name) and len(entry.raw.name) >= min(len(shown), 60)
    assert raw.entries("jsonl", DAY) == [entry]


def test_the_field_that_split_a_file_is_kept_whatever_it_is_called(raw: RawStore) -> None:
    raw.land(SOURCE, DAY, io.BytesIO(lines("One")), "a.jsonl", split_by="Tag der Aufnahme é")
    assert raw.ingest(SOURCE, DAY)[0].raw.split_by == "Tag der Aufnahme é" == raw.entries("jsonl", DAY)[0].raw.split_by


def test_changed_bytes_and_lost_objects_are_detected_when_they_are_opened(raw: RawStore, store: ObjectStore) -> None:
    land(raw, lines("One"))
    (entry,) = raw.ingest(SOURCE, DAY)
    assert raw.open(entry.raw).read() == lines("One")
    store.put(entry.raw.key, lines("Won"))
    with pytest.raises(ObjectStoreError, match="other bytes"):
        raw.open(entry.raw)
    store.delete([entry.raw.key])
    with pytest.raises(ObjectStoreError, match=entry.raw.key):
        raw.open(entry.raw)
