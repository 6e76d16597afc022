"""A day's records: cleaned, identified, repeats set aside, and none lost."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import BinaryIO

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.listings.details import DETAIL_SCHEMAS
from assets.listings.records import QUARANTINE_SCHEMA, RECORD_SCHEMA, REPEAT_REASONS, DayRecords, read_day
from assets.sources.base import (
    Attention,
    Author,
    Figure,
    Parser,
    Passage,
    Quarantined,
    RawObject,
    Record,
    Section,
    Status,
)

DAY = date(2025, 6, 1)
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)

Item = Record | Quarantined
Object = tuple[RawObject, Parser, BinaryIO]


def raw_object(
    name: str = "a", *, fetched_at: datetime = NOON, source: str = "hand", dt: date = DAY, size: int = 0
) -> RawObject:
    key = f"raw/{source}/dt={dt}/{name}.txt"
    return RawObject(source=source, dt=dt, key=key, sha256=name * 4, size=size, name=name, fetched_at=fetched_at)


def saying(raw: RawObject, items: Sequence[Item]) -> Object:
    """An object whose parser yields these items."""

    def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Item]:
        yield from items

    return raw, parse, io.BytesIO()


def read(*items: Item) -> DayRecords:
    return read_day([saying(raw_object(), items)])


def record(index: int = 0, title: str | None = "A title", **more: object) -> Record:
    return Record(record_index=index, title=title, **more)  # type: ignore[arg-type]


def only(frame: pl.DataFrame) -> dict[str, object]:
    assert frame.height == 1
    return frame.row(0, named=True)


# -- one record --------------------------------------------------------------------------------------------------------


def test_the_raw_form_of_a_text_is_kept_where_cleaning_changed_it() -> None:
    row = only(read(record(title="Caf\u0065\u0301  &amp; tea", abstract="Brewed at $90^\\circ$.")).records)
    assert row["title"] == "Café & tea" and row["title_raw"] == "Caf\u0065\u0301  &amp; tea"
    assert row["abstract"] == "Brewed at 90°." and row["abstract_raw"] == "Brewed at $90^\\circ$."
    assert row["text_changes"] == ["entities", "latex", "nfc", "whitespace"]


def test_a_clean_text_has_no_raw_form_beside_it() -> None:
    row = only(read(record(title="A clean title", abstract="A clean abstract.")).records)
    assert (row["title_raw"], row["abstract_raw"], row["text_changes"]) == (None, None, [])


def test_an_abstract_that_is_empty_once_cleaned_is_none_and_what_was_received_stays() -> None:
    row = only(read(record(abstract=" \u200b ")).records)
    assert (row["abstract"], row["abstract_raw"]) == (None, " \u200b ")
    assert row["text_sha256"] == only(read(record()).records)["text_sha256"]


@pytest.mark.parametrize("title", ["", "  ", "\u200b\u00ad"])
def test_a_title_that_is_empty_once_cleaned_is_quarantined(title: str) -> None:
    day = read(record(7, title=title))
    assert day.records.is_empty()
    row = only(day.quarantine)
    assert (row["reason"], row["record_index"]) == ("missing_title", 7)
    assert "record 7 of a" in str(row["detail"]) and row["raw_key"] == raw_object().key


def test_a_deletion_needs_no_title() -> None:
    row = only(read(record(title=None, status="deleted", source_id="1")).records)
    assert (row["status"], row["title"], row["source_id"]) == ("deleted", None, "1")


def test_a_record_carries_the_place_that_it_came_from() -> None:
    raw = raw_object("object", source="another")
    row = only(read_day([saying(raw, [record(3)])]).records)
    assert (row["source"], row["dt"], row["raw_key"], row["raw_sha256"]) == ("another", DAY, raw.key, raw.sha256)
    assert (row["record_index"], row["fetched_at"]) == (3, NOON)


def test_nested_values_and_links_of_title_abstract_and_comment_are_kept() -> None:
    authors = [Author("Ann", orcid="0000-0001"), Author("Bob")]
    sections = [Section("METHODS", "We &lt; they"), Section(None, "No label")]
    given = record(authors=authors, abstract_sections=sections, abstract="Code: https://github.com/a/b",
                   comment="Data at https://zenodo.org/records/1")  # fmt: skip
    row = only(read(given).records)
    assert row["authors"][0] == {"name": "Ann", "orcid": "0000-0001", "affiliation": None}  # type: ignore[index]
    assert row["abstract_sections"][0] == {"label": "METHODS", "text": "We < they"}  # type: ignore[index]
    assert {link["host"] for link in row["links"]} == {"github.com", "zenodo.org"}  # type: ignore[attr-defined]


def test_a_packed_object_reaches_its_parser_unpacked() -> None:
    packed = gzip.compress(b"One\nTwo\n")

    def lines_as_titles(stream: BinaryIO, raw: RawObject) -> Iterator[Item]:
        for index, line in enumerate(stream):
            yield record(index, title=line.decode().strip())

    received = io.BytesIO(packed)
    day = read_day([(raw_object(size=len(packed)), lines_as_titles, received)])
    assert sorted(day.records["title"]) == ["One", "Two"] and received.closed


# -- identity ----------------------------------------------------------------------------------------------------------


def test_the_identity_of_a_listing_is_the_same_in_every_run_and_release_of_litlake() -> None:
    row = only(read(record(source_id="2506.00001", version="2")).records)
    assert row["listing_id"] == "586f8206fd4848218ac192a22ee28056"


def test_source_identifier_version_and_day_each_make_another_listing() -> None:
    made = [
        read_day([saying(raw_object(source=source, dt=dt), [record(source_id=source_id, version=version)])])
        for source, source_id, version, dt in [
            ("s", "1", "1", DAY),
            ("t", "1", "1", DAY),
            ("s", "2", "1", DAY),
            ("s", "1", "2", DAY),
            ("s", "1", None, DAY),
            ("s", "11", None, DAY),
            ("s", "1", "1", DAY + timedelta(1)),
        ]
    ]
    assert pl.concat(day.records for day in made)["listing_id"].n_unique() == len(made)


def test_a_record_without_an_identifier_is_known_by_its_title_however_it_is_typeset() -> None:
    day = read(record(0, title="The Café study"), record(1, title="THE CAFE STUDY"))
    assert str(only(day.records)["source_id"]).startswith("title-")
    assert only(day.quarantine)["reason"] == "superseded_listing"


# -- repeats -----------------------------------------------------------------------------------------------------------


def test_the_same_listing_with_the_same_text_is_set_aside_as_repeated() -> None:
    day = read(record(0, source_id="1"), record(1, source_id="1"), record(2, source_id="1"))
    assert only(day.records)["record_index"] == 2
    assert day.quarantine["reason"].to_list() == ["repeated_listing"] * 2
    assert f"{raw_object().key} #2, which is kept" in day.quarantine["detail"][0]


def test_a_listing_with_another_text_is_superseded_by_the_object_that_arrived_last() -> None:
    early, late = raw_object("z"), raw_object("a", fetched_at=NOON + timedelta(seconds=1))
    first = saying(early, [record(0, "Mistyped", source_id="1"), record(1, "Untouched", source_id="2")])
    corrected = saying(late, [record(0, "Corrected", source_id="1")])
    day = read_day([corrected, first])
    assert day.records["title"].to_list() == ["Corrected", "Untouched"]
    row = only(day.quarantine)
    assert (row["reason"], row["excerpt"], row["raw_key"]) == ("superseded_listing", "Mistyped", early.key)


def test_an_earlier_text_that_came_back_last_is_a_repeat_of_what_is_kept() -> None:
    day = read(*(record(index, title, source_id="1") for index, title in enumerate(["Same", "Other", "Same"])))
    assert only(day.records)["record_index"] == 2
    assert day.quarantine["reason"].to_list() == ["repeated_listing", "superseded_listing"]


# -- the whole day -----------------------------------------------------------------------------------------------------


def test_an_empty_day_has_empty_frames_of_the_full_schema() -> None:
    day = read_day([])
    assert day.records.is_empty() and dict(day.records.schema) == dict(pl.DataFrame(schema=RECORD_SCHEMA).schema)
    assert day.quarantine.is_empty()
    assert dict(day.quarantine.schema) == dict(pl.DataFrame(schema=QUARANTINE_SCHEMA).schema)


def test_a_day_of_faults_only_has_an_empty_frame_of_records() -> None:
    fault = Quarantined(record_index=0, reason="malformed_xml", detail="line 3: no root", excerpt="<a")
    day = read(fault)
    assert day.records.is_empty() and dict(day.records.schema) == dict(pl.DataFrame(schema=RECORD_SCHEMA).schema)
    raw = raw_object()
    assert only(day.quarantine) == {
        "dt": DAY, "source": "hand", "raw_key": raw.key, "record_index": 0,
        "reason": "malformed_xml", "detail": "line 3: no root", "excerpt": "<a",
    }  # fmt: skip


def test_at_most_one_object_is_open_at_a_time() -> None:
    opened: list[BinaryIO] = []

    def objects() -> Iterator[Object]:
        for name in "abc":
            assert all(stream.closed for stream in opened)
            received = io.BytesIO()
            opened.append(received)
            yield raw_object(name), saying(raw_object(name), [record()])[1], received

    read_day(objects())
    assert len(opened) == 3 and opened[-1].closed


NAMES = st.sampled_from(["1", "2", None])
TITLES = st.sampled_from(["One", "ONE", "Two", "", "\u200b", None])
STATUSES: st.SearchStrategy[Status] = st.sampled_from(["new", "withdrawn", "deleted"])
RECORDS = st.builds(record, title=TITLES, source_id=NAMES, version=st.sampled_from(["1", None]), status=STATUSES)
FAULTS = st.just(Quarantined(record_index=0, reason="invalid_json", detail="line 1", excerpt="{"))


@st.composite
def days(draw: st.DrawFn) -> list[tuple[RawObject, list[Item]]]:
    """Objects of one day, several at the same instant, whose records share few identifiers."""
    objects = []
    for number in range(draw(st.integers(0, 3))):
        items = draw(st.lists(st.one_of(RECORDS, FAULTS), max_size=6))
        placed = [
            Record(**{**{name: getattr(item, name) for name in Record.__slots__}, "record_index": index})
            if isinstance(item, Record)
            else Quarantined(record_index=index, reason=item.reason, detail=item.detail, excerpt=item.excerpt)
            for index, item in enumerate(items)
        ]
        arrived = NOON + timedelta(seconds=draw(st.integers(0, 1)))
        source = draw(st.sampled_from(["hand", "other"]))
        objects.append((raw_object(f"object{number}", fetched_at=arrived, source=source), placed))
    return objects


@settings(max_examples=60, deadline=None)
@given(day=days(), order=st.randoms(use_true_random=False))
def test_every_record_of_every_object_is_listed_or_quarantined_exactly_once(
    day: list[tuple[RawObject, list[Item]]], order: object
) -> None:
    read_ = read_day([saying(raw, items) for raw, items in day])
    places = sorted(
        [*read_.records.select("raw_key", "record_index").rows(),
         *read_.quarantine.select("raw_key", "record_index").rows()]
    )  # fmt: skip
    assert places == sorted((raw.key, item.record_index) for raw, items in day for item in items)
    assert read_.records["listing_id"].is_unique().all()
    arrived = {raw.key: raw.fetched_at for raw, _ in day}
    kept = {row["listing_id"]: row for row in read_.records.iter_rows(named=True)}
    for row in read_.quarantine.filter(pl.col("reason").is_in(REPEAT_REASONS)).iter_rows(named=True):
        winner = row["detail"].split(" by ")[1].removesuffix(", which is kept")
        (by,) = [known for known in kept.values() if f"{known['raw_key']} #{known['record_index']}" == winner]
        last = (by["fetched_at"], by["raw_key"], by["record_index"])
        assert last > (arrived[row["raw_key"]], row["raw_key"], row["record_index"])
    shuffled = list(day)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    again = read_day([saying(raw, items) for raw, items in shuffled])
    assert again.records.equals(read_.records) and again.quarantine.equals(read_.quarantine)


def test_a_record_with_nothing_more_to_say_has_no_row_of_details() -> None:
    details = read(record()).details
    assert details.keys() == DETAIL_SCHEMAS.keys()
    assert all(frame.is_empty() and frame.schema == DETAIL_SCHEMAS[name] for name, frame in details.items())


def test_the_bibliography_of_a_record_is_a_row_that_names_its_listing() -> None:
    told = record(
        source_id="1",
        bibliography={
            "volume": "7",
            "mesh_headings": [
                {
                    "descriptor": "Calm",
                    "ui": "D1",
                    "is_major": True,
                    "qualifiers": [{"name": "therapy", "ui": "Q1", "is_major": False}],
                }
            ],
        },
    )
    day = read(told)
    row = only(day.details["bibliography"])
    assert row["listing_id"] == only(day.records)["listing_id"]
    assert (row["volume"], row["issue"]) == ("7", None)
    assert row["mesh_headings"][0]["qualifiers"] == [{"name": "therapy", "ui": "Q1", "is_major": False}]  # type: ignore[index]


def test_paragraphs_and_figures_keep_their_order_and_the_licence_of_their_work() -> None:
    told = record(
        source_id="1",
        licence="CC BY 4.0",
        passages=[Passage([], "abstract", "First."), Passage(["Methods", "Cohort"], "body", "Second.")],
        figures=[Figure("f1", "figure", "Figure 1", "Calm over time", "f1.jpg", ["It rose (Fig. 1)."])],
    )
    details = read(told).details
    passages = details["passages"].rows(named=True)
    assert [(row["passage_index"], row["text"], row["licence"]) for row in passages] == [
        (0, "First.", "CC BY 4.0"),
        (1, "Second.", "CC BY 4.0"),
    ]
    assert passages[1]["section_path"] == ["Methods", "Cohort"]
    assert only(details["figures"])["cited_by"] == ["It rose (Fig. 1)."]


def test_figures_that_drift_keep_every_fetch_and_all_else_the_last_one() -> None:
    fetches = [
        saying(
            raw_object(name, fetched_at=NOON + timedelta(days=day)),
            [record(source_id="1", attention=Attention(upvotes=10 * day), bibliography={"volume": name})],
        )
        for day, name in ((1, "a"), (2, "b"))
    ]
    day = read_day(fetches)
    assert day.details["trending"]["upvotes"].to_list() == [10, 20]
    assert day.details["bibliography"]["volume"].to_list() == ["b"]
    assert (day.records.height, day.quarantine.height) == (1, 1)


def test_a_day_of_many_records_is_put_together_from_batches_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.listings.parsed.BATCH_ITEMS", 3)
    items = [
        record(index, f"Title {index}", source_id=f"{index:02}", bibliography={"issue": str(index)})
        for index in range(8)
    ]
    day = read(*items)
    assert day.records["source_id"].to_list() == [f"{index:02}" for index in range(8)]
    assert sorted(day.details["bibliography"]["issue"].to_list()) == [str(index) for index in range(8)]
