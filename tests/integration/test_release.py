"""The release: a day is replaced as a whole or not at all, and works follow from the days that list them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest
from day_content import Listing, day_release, frame_of, paper_id, verdicts

from assets.release.publish import DayRelease, last_refusal, last_release, publish, refuse
from assets.release.tables import lake_tables, missing_statements
from orchestration.resources.installation import Installation
from orchestration.resources.lake import Lake, LakeError

if TYPE_CHECKING:
    from integration.conftest import NewInstallation

DAY, NEXT, LATER = date(2025, 6, 1), date(2025, 6, 2), date(2025, 6, 10)

#: More rows than DuckLake keeps in its catalog: they go to Parquet files.
MANY = [Listing(f"many{number}") for number in range(40)]

Session = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def made(new_installation: NewInstallation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with an empty lake, whose catalog each test gets a copy of: making the tables takes longest."""
    with new_installation(tmp_path_factory.mktemp("made")) as installation:
        assert installation.lake.on_sqlite
        yield installation


@pytest.fixture
def home(made: Installation, tmp_path: Path) -> Path:
    """A home of the test's own. Its data lies beside that of other tests, under names of its own."""
    (tmp_path / "home").mkdir()
    shutil.copy(made.settings.home / "catalog.sqlite", tmp_path / "home" / "catalog.sqlite")
    return tmp_path / "home"


@pytest.fixture
def lake(made: Installation, home: Path) -> Lake:
    return replace(made.lake, catalog=f"sqlite:{home / 'catalog.sqlite'}", lock=home / "lake.lock")


@pytest.fixture
def session(lake: Lake) -> Iterator[Session]:
    """One connection for a whole test: opening one costs more than a release."""
    with lake.connect(read_only=False) as connection:
        yield connection


def release(session: Session, day: DayRelease) -> int:
    session.execute("BEGIN")
    sequence = publish(session, day)
    session.execute("COMMIT")
    return sequence


def rows(session: Session, query: str, *values: object) -> list[tuple[Any, ...]]:
    return session.execute(query, list(values)).fetchall()


def works(session: Session) -> set[str]:
    return {row[0].removeprefix("w-") for row in rows(session, "SELECT paper_id FROM curated.papers")}


def listed(session: Session, dt: date) -> list[str]:
    found = rows(session, "SELECT source_id FROM curated.listings WHERE dt = ? ORDER BY ALL", dt)
    return [row[0] for row in found]


def work(session: Session, name: str) -> dict[str, Any]:
    (row,) = (
        session.execute("SELECT * FROM curated.papers WHERE paper_id = ?", [paper_id(name)]).pl().iter_rows(named=True)
    )
    return row


def everything(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    return {table.qualified: rows(session, f"FROM {table.qualified} ORDER BY ALL") for table in lake_tables()}


# -- a day -------------------------------------------------------------------------------------------------------------


def test_a_first_release_puts_every_table_of_the_day_in_place(session: Session) -> None:
    link = {"url_raw": "https://github.com/a/b.", "url": "https://github.com/a/b", "host": "github.com", "role": "code"}
    day = day_release(DAY, [Listing("a", more={"links": [link]}), Listing("b")], quarantined=["missing_title"])
    assert last_release(session, DAY) is None
    assert release(session, day) == 1
    assert listed(session, DAY) == ["a", "b"] and works(session) == {"a", "b"}
    assert rows(session, "SELECT paper_id, dt, url, role FROM curated.resources") == [
        ("w-a", DAY, "https://github.com/a/b", "code")
    ]
    assert rows(session, "SELECT count(*), any_value(vector) FROM enriched.embeddings") == [
        (2, pytest.approx([0.6, 0.8]))
    ]
    assert rows(session, "SELECT paper_id, label FROM enriched.annotations ORDER BY 1") == [
        ("w-a", "clinical"),
        ("w-b", "clinical"),
    ]
    assert rows(session, "SELECT reason, record_index FROM ops.quarantine") == [("missing_title", 2)]
    assert rows(session, "SELECT records FROM ops.raw_objects") == [(3,)]
    assert rows(session, 'SELECT "check", passed FROM ops.verdicts') == [("conservation", True)]
    (seen,) = rows(session, 'SELECT dt, release_seq, "rows", content_hash, versions FROM ops.releases')
    assert seen == (DAY, 1, 2, day.content_hash, '{"release": "1"}')
    known = last_release(session, DAY)
    assert known is not None and (known.release_seq, known.rows, known.input_hash) == (1, 2, day.input_hash)


def test_what_is_released_is_what_was_staged_to_the_last_value(session: Session) -> None:
    more = {
        "authors": [{"name": "Ann", "orcid": None, "affiliation": "É"}],
        "abstract_sections": [{"label": None, "text": "t"}],
        "published_on": date(1994, 2, 28),
        "mesh": [],
        "keywords": None,
        "title_raw": "'; DROP TABLE curated.papers; --",
    }
    day = day_release(DAY, [Listing("a", "[b]“Ünïcode” — \U0001f9ec[/b]", more=more), *MANY])
    release(session, day)
    staged = day.tables["day_listings"].sort("listing_id")
    there = session.execute("FROM curated.listings ORDER BY listing_id").pl()
    assert there.select(staged.columns).cast(dict(staged.schema)).equals(staged)  # type: ignore[arg-type]


@pytest.mark.parametrize("others", [[], MANY], ids=["rows in the catalog", "rows in files"])
def test_a_day_that_is_released_again_replaces_all_that_was_there(session: Session, others: list[Listing]) -> None:
    release(session, day_release(DAY, [Listing("kept"), Listing("dropped"), *others], quarantined=["a", "b"]))
    release(session, day_release(DAY, [Listing("kept", "Another title"), Listing("added")], quarantined=["c"]))
    assert listed(session, DAY) == ["added", "kept"] and works(session) == {"added", "kept"}
    assert work(session, "kept")["title"] == "Another title"
    assert rows(session, "SELECT paper_id FROM curated.papers_daily ORDER BY 1") == [("w-added",), ("w-kept",)]
    assert rows(session, "SELECT reason FROM ops.quarantine") == [("c",)]
    assert rows(session, "SELECT records FROM ops.raw_objects") == [(3,)]
    assert rows(session, "SELECT release_seq FROM ops.releases ORDER BY 1") == [(1,), (2,)]
    assert rows(session, "SELECT count(*) FROM enriched.embeddings") == [(2,)]
    assert rows(session, "SELECT count(DISTINCT paper_id), count(*) FROM enriched.annotations") == [(2, 2)]


@pytest.mark.parametrize("others", [[], MANY], ids=["rows in the catalog", "rows in files"])
def test_a_day_that_is_released_empty_leaves_nothing_of_its_former_rows(
    session: Session, others: list[Listing]
) -> None:
    release(session, day_release(DAY, [Listing("a"), *others], quarantined=["a"]))
    release(session, day_release(DAY, []))
    for table in ("curated.listings", "curated.papers_daily", "curated.papers", "ops.quarantine"):
        assert rows(session, f"FROM {table}") == []
    for table in ("enriched.embeddings", "enriched.annotations"):
        assert rows(session, f"FROM {table}") == []
    known = last_release(session, DAY)
    assert known is not None and (known.release_seq, known.rows) == (2, 0)


def test_releasing_the_same_day_twice_changes_nothing_but_the_ledgers(session: Session) -> None:
    day = day_release(DAY, [Listing("a"), Listing("b")])
    release(session, day)
    before = everything(session)
    release(session, day)
    after = everything(session)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"lake.ops.releases", "lake.ops.verdicts", "lake.curated.papers"}
    assert [row[:-1] for row in before["lake.curated.papers"]] == [row[:-1] for row in after["lake.curated.papers"]]


def test_other_days_are_left_as_they_were(session: Session) -> None:
    release(session, day_release(NEXT, [Listing("b")], quarantined=["a"]))
    release(session, day_release(DAY, [Listing("a")], quarantined=["a"]))
    release(session, day_release(DAY, []))
    assert listed(session, NEXT) == ["b"] and works(session) == {"b"}
    assert rows(session, "SELECT dt FROM ops.quarantine") == [(NEXT,)]


# -- works over days ---------------------------------------------------------------------------------------------------


def test_a_work_that_two_days_list_is_one_row_with_both_days(session: Session) -> None:
    release(session, day_release(DAY, [Listing("a", "First", more={"doi": "10.1/a"})]))
    release(session, day_release(NEXT, [Listing("a", "Second", source="other")]))
    row = work(session, "a")
    assert (row["first_listed_on"], row["last_listed_on"], row["listed_on"]) == (DAY, NEXT, [DAY, NEXT])
    assert (row["title"], row["doi"], row["sources"]) == ("Second", "10.1/a", ["jsonl", "other"])
    assert row["release_seq"] == 2
    assert listed(session, DAY) == listed(session, NEXT) == ["a"]
    assert rows(session, "SELECT count(*) FROM curated.papers_daily") == [(2,)]


def test_an_older_day_that_is_released_later_sets_the_first_day_and_leaves_the_newest_text(session: Session) -> None:
    release(session, day_release(LATER, [Listing("a", "Newest")]))
    release(session, day_release(DAY, [Listing("a", "Oldest", more={"pmid": "1"})]))
    row = work(session, "a")
    assert (row["first_listed_on"], row["last_listed_on"], row["listed_on"]) == (DAY, LATER, [DAY, LATER])
    assert (row["title"], row["pmid"]) == ("Newest", "1")


@pytest.mark.parametrize(("dropped", "left", "title"), [(DAY, NEXT, "Second"), (NEXT, DAY, "First")])
def test_a_work_dropped_from_one_of_its_days_is_told_by_the_other(
    session: Session, dropped: date, left: date, title: str
) -> None:
    release(session, day_release(DAY, [Listing("a", "First")]))
    release(session, day_release(NEXT, [Listing("a", "Second")]))
    release(session, day_release(dropped, [Listing("b")]))
    row = work(session, "a")
    assert (row["listed_on"], row["title"]) == ([left], title)
    texts = rows(session, "SELECT text_sha256 FROM enriched.embeddings WHERE text_sha256 = ?", row["text_sha256"])
    assert len(texts) == 1
    assert rows(session, "SELECT count(*) FROM enriched.embeddings") == [(2,)]
    labelled = rows(session, "SELECT text_sha256 FROM enriched.annotations WHERE paper_id = 'w-a'")
    assert labelled == [(row["text_sha256"],)]


def test_what_models_said_of_a_dropped_work_goes_with_it_unless_another_day_has_the_text(session: Session) -> None:
    release(session, day_release(DAY, [Listing("gone"), Listing("elsewhere"), Listing("kept")]))
    release(session, day_release(NEXT, [Listing("elsewhere")]))
    release(session, day_release(DAY, [Listing("kept")]))
    assert works(session) == {"elsewhere", "kept"}
    for table in ("embeddings", "annotations"):
        texts = {row[0] for row in rows(session, f"SELECT text_sha256 FROM enriched.{table}")}
        assert texts == {work(session, name)["text_sha256"] for name in ("elsewhere", "kept")}


def test_a_text_shared_by_two_works_keeps_its_vector_and_its_label_when_one_of_them_is_dropped(
    session: Session,
) -> None:
    text = {"title": "Correction", "abstract": None, "text_sha256": "shared"}
    release(session, day_release(DAY, [Listing("gone", more=text), Listing("kept", more=text)]))
    release(session, day_release(DAY, [Listing("kept", more=text)]))
    assert rows(session, "SELECT text_sha256 FROM enriched.embeddings") == [("shared",)]
    assert rows(session, "SELECT paper_id FROM enriched.annotations") == [("w-kept",)]


def test_a_retraction_on_any_day_stays_with_the_work_and_a_withdrawal_is_the_newest_days(session: Session) -> None:
    release(session, day_release(DAY, [Listing("a", more={"is_retracted": True}, status="withdrawn")]))
    release(session, day_release(NEXT, [Listing("a")]))
    row = work(session, "a")
    assert (row["is_retracted"], row["is_withdrawn"]) == (True, False)


def test_a_deletion_lists_no_work_and_takes_none_away(session: Session) -> None:
    release(session, day_release(DAY, [Listing("a")]))
    deletion = {"title": None, "abstract": None}
    release(session, day_release(NEXT, [Listing("a", status="deleted", more=deletion)]))
    assert listed(session, NEXT) == ["a"] and work(session, "a")["listed_on"] == [DAY]


# -- revisions ---------------------------------------------------------------------------------------------------------


def statuses(session: Session) -> list[tuple[Any, ...]]:
    return rows(session, "SELECT dt, source, status FROM curated.listings ORDER BY ALL")


def test_a_listing_whose_text_differs_from_its_sources_earlier_one_is_revised(session: Session) -> None:
    release(session, day_release(DAY, [Listing("a", "First")]))
    release(session, day_release(NEXT, [Listing("a", "Second"), Listing("a", "Third", source="other")]))
    release(session, day_release(LATER, [Listing("a", "Second"), Listing("a", "Fourth", source="other")]))
    assert statuses(session) == [
        (DAY, "jsonl", "new"),
        (NEXT, "jsonl", "revised"),
        (NEXT, "other", "new"),
        (LATER, "jsonl", "new"),
        (LATER, "other", "revised"),
    ]


def test_a_listing_is_held_against_earlier_days_only_and_never_against_its_own_former_release(session: Session) -> None:
    release(session, day_release(LATER, [Listing("a", "Newest")]))
    release(session, day_release(DAY, [Listing("a", "Oldest")]))
    release(session, day_release(DAY, [Listing("a", "Corrected")]))
    assert (DAY, "jsonl", "new") in statuses(session)


def test_what_a_source_itself_says_of_a_listing_is_not_overruled(session: Session) -> None:
    release(session, day_release(DAY, [Listing("a", "First")]))
    release(session, day_release(NEXT, [Listing("a", "Withdrawn", status="withdrawn")]))
    assert statuses(session)[1] == (NEXT, "jsonl", "withdrawn")


def test_several_listings_of_one_work_by_one_source_stay_several(session: Session) -> None:
    versions = [Listing("a", f"V{number}", more={"listing_id": f"v{number}"}) for number in range(3)]
    release(session, day_release(DAY, versions))
    release(session, day_release(NEXT, [Listing("a", f"V{n}", more={"listing_id": f"w{n}"}) for n in range(3)]))
    assert len(listed(session, NEXT)) == 3


# -- what models say ---------------------------------------------------------------------------------------------------


def test_a_text_has_one_vector_a_model_and_revision_however_many_days_carry_it(session: Session) -> None:
    for dt in (DAY, NEXT, DAY):
        release(session, day_release(dt, [Listing("a"), Listing("b")]))
    release(session, day_release(LATER, [Listing("a")], revision="r2"))
    found = rows(session, "SELECT revision, count(*), count(DISTINCT text_sha256) FROM enriched.embeddings GROUP BY 1")
    assert sorted(found) == [("r1", 2, 2), ("r2", 1, 1)]


def test_labels_of_a_new_annotator_version_replace_those_of_the_old(session: Session) -> None:
    release(session, day_release(DAY, [Listing("a"), Listing("b")]))
    release(session, day_release(NEXT, [Listing("a")], annotator_version="2"))
    assert rows(session, "SELECT paper_id, annotator_version FROM enriched.annotations ORDER BY 1") == [
        ("w-a", "2"),
        ("w-b", "1"),
    ]


def test_a_changed_label_leaves_the_other_schemes_as_they_are(session: Session) -> None:
    def labelled(dt: date, label: str, score: float) -> DayRelease:
        day = day_release(dt, [Listing("a")])
        (row,) = day.tables["annotations"].iter_rows(named=True)
        quality = row | {"scheme": "educational_quality", "label": "3"}
        domain = row | {"label": label, "score": score}
        return replace(day, tables={**day.tables, "annotations": frame_of("annotations", [domain, quality])})

    release(session, labelled(DAY, "clinical", 0.5))
    release(session, labelled(NEXT, "biomedical", 0.7))
    assert rows(session, "SELECT scheme, label, score FROM enriched.annotations ORDER BY 1") == [
        ("domain", "biomedical", 0.7),
        ("educational_quality", "3", 0.9),
    ]


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_a_refusal_leaves_what_was_released_as_it_was(session: Session) -> None:
    release(session, day_release(DAY, [Listing("a")], quarantined=["released"]))
    before = everything(session)
    session.execute("BEGIN")
    refuse(session, day_release(DAY, [Listing("b")], quarantined=["refused"]), ["records.conservation: 1 of 2"])
    session.execute("COMMIT")
    after = everything(session)
    assert {name for name in before if before[name] != after[name]} == {"lake.ops.refusals", "lake.ops.verdicts"}
    known = last_refusal(session, DAY)
    assert known is not None and known.reasons == ["records.conservation: 1 of 2"]


def test_a_day_never_released_shows_what_its_newest_refusal_quarantined(session: Session) -> None:
    for reasons in (["first", "second"], ["third"]):
        session.execute("BEGIN")
        refuse(session, day_release(DAY, [Listing("a")], quarantined=reasons), ["why"])
        session.execute("COMMIT")
    assert rows(session, "SELECT reason FROM ops.quarantine") == [("third",)]
    assert rows(session, "SELECT records FROM ops.raw_objects") == [(2,)]
    assert works(session) == set() and listed(session, DAY) == []
    release(session, day_release(DAY, [Listing("a")], quarantined=["released"]))
    assert rows(session, "SELECT reason FROM ops.quarantine") == [("released",)]


def test_a_refusal_is_the_days_last_word_only_until_the_day_is_released(session: Session) -> None:
    noon = datetime(2025, 6, 11, 12, tzinfo=UTC)
    assert last_refusal(session, DAY) is None
    session.execute("BEGIN")
    refuse(session, day_release(DAY, [Listing("a")], at=noon), ["why"])
    session.execute("COMMIT")
    assert last_refusal(session, DAY) is not None and last_refusal(session, NEXT) is None
    release(session, day_release(DAY, [Listing("a")], at=noon + timedelta(minutes=1)))
    assert last_refusal(session, DAY) is None


# -- commits -----------------------------------------------------------------------------------------------------------


def commit(lake: Lake, day: DayRelease) -> int:
    return lake.commit(lambda connection: publish(connection, day), f"release {day.dt}", json.dumps({"run": "run"}))


def test_every_release_is_one_snapshot_and_the_past_can_be_read_by_it(lake: Lake) -> None:
    days = [
        day_release(DAY, [Listing("a", "First")]),
        day_release(DAY, [Listing("a", "Second"), *MANY]),
        day_release(DAY, []),
        day_release(NEXT, [Listing("b")]),
    ]
    seen: list[int] = []
    for day in days:
        commit(lake, day)
        with lake.connect() as session:
            seen += [row[0] for row in rows(session, "SELECT max(snapshot_id) FROM snapshots()")]
    with lake.connect() as session:
        told = rows(session, "SELECT snapshot_id FROM ops.releases ORDER BY release_seq")
        assert [row[0] for row in told] == seen == list(range(seen[0], seen[0] + 4))
        messages = rows(session, "SELECT commit_message, commit_extra_info FROM snapshots() ORDER BY snapshot_id DESC")
        assert messages[0] == (f"release {NEXT}", '{"run": "run"}')
        for snapshot, titles in zip(seen, (["First"], ["Second"], [], []), strict=True):
            query = f"SELECT title FROM curated.papers AT (VERSION => {snapshot}) WHERE paper_id = 'w-a'"
            assert [row[0] for row in rows(session, query)] == titles
    with lake.connect(at=seen[1]) as session:
        assert len(listed(session, DAY)) == 41


def test_a_change_that_fails_leaves_the_lake_as_it_was(lake: Lake) -> None:
    commit(lake, day_release(DAY, [Listing("a")]))
    with lake.connect() as session:
        before = everything(session)

    def half(connection: Session) -> None:
        publish(connection, day_release(DAY, MANY))
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        lake.commit(half, "never", "{}")
    with lake.connect() as session:
        assert everything(session) == before


def test_a_change_that_meets_a_conflict_is_made_again_on_what_is_there_then(lake: Lake) -> None:
    interfered: list[bool] = []

    def change(connection: Session) -> int:
        sequence = publish(connection, day_release(DAY, [Listing("a")]))
        if not interfered:
            interfered.append(True)
            with lake.connect(read_only=False) as other:
                other.execute("BEGIN")
                publish(other, day_release(NEXT, [Listing("b")]))
                other.execute("COMMIT")
        return sequence

    assert lake.commit(change, "release", "{}") == 2
    with lake.connect() as session:
        assert works(session) == {"a", "b"}
        assert rows(session, "SELECT dt, release_seq FROM ops.releases ORDER BY 2") == [(NEXT, 1), (DAY, 2)]
        told = rows(session, "SELECT max(snapshot_id) FROM ops.releases")
        assert told == rows(session, "SELECT max(snapshot_id) FROM snapshots()")


def test_a_reader_may_not_write_and_sees_no_change_that_is_not_committed(lake: Lake) -> None:
    def change(connection: Session) -> None:
        publish(connection, day_release(DAY, MANY))
        with lake.connect() as reader:
            assert works(reader) == set()
            with pytest.raises(duckdb.Error):
                reader.execute("DELETE FROM curated.papers")

    lake.commit(change, "release", "{}")
    with lake.connect() as reader:
        assert len(works(reader)) == len(MANY)


def wait_for(ready: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not ready.exists():
        assert process.poll() is None, "the release ended before it was killed"
        assert time.monotonic() < deadline, "the release did not get to its COMMIT"
        time.sleep(0.02)


def test_a_release_killed_before_its_commit_leaves_the_rows_as_they_were_and_the_next_one_works(
    made: Installation, home: Path, lake: Lake, tmp_path: Path
) -> None:
    commit(lake, day_release(DAY, [Listing("a"), Listing("b")]))
    with lake.connect() as session:
        before = everything(session)
    settings, ready = made.settings, tmp_path / "ready"
    assert settings.s3_secret_key is not None
    environment = {
        **os.environ,
        "LITLAKE_HOME": str(home),
        "LITLAKE_S3_ENDPOINT": str(settings.s3_endpoint),
        "LITLAKE_S3_BUCKET": settings.s3_bucket,
        "LITLAKE_S3_ACCESS_KEY": str(settings.s3_access_key),
        "LITLAKE_S3_SECRET_KEY": settings.s3_secret_key.get_secret_value(),
        "LITLAKE_DUCKDB_EXTENSIONS": str(settings.duckdb_extensions),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    script = Path(__file__).with_name("killed_release.py")
    command = [sys.executable, str(script), str(ready), *(listing.work for listing in MANY)]
    with subprocess.Popen(command, env=environment) as process:
        try:
            wait_for(ready, process)
            with lake.connect() as session:
                assert everything(session) == before
        finally:
            process.kill()
    with lake.connect() as session:
        assert everything(session) == before
    assert commit(lake, day_release(DAY, [Listing("c"), *MANY])) == 2
    with lake.connect() as session:
        assert works(session) == {"c", *(listing.work for listing in MANY)}


# -- the declared tables -----------------------------------------------------------------------------------------------


def test_a_lake_that_was_made_has_every_declared_column_and_lacks_nothing(session: Session) -> None:
    assert missing_statements(session) == []
    for table in lake_tables():
        there = rows(session, f"DESCRIBE {table.qualified}")
        declared = session.execute(
            "SELECT " + ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in table.columns.items())
        ).description
        assert [(row[0], row[1]) for row in there] == [(column[0], str(column[1])) for column in declared or []]


def test_a_column_that_a_lake_lacks_is_added_and_its_rows_stay(session: Session) -> None:
    release(session, day_release(DAY, [Listing("a")]))
    session.execute("ALTER TABLE lake.curated.papers DROP COLUMN sources")
    (statement,) = missing_statements(session)
    session.execute(statement)
    assert missing_statements(session) == []
    assert rows(session, "SELECT paper_id, sources FROM curated.papers") == [("w-a", None)]
    release(session, day_release(DAY, [Listing("a")]))
    assert work(session, "a")["sources"] == ["jsonl"]


def test_a_column_that_is_no_longer_declared_is_left_and_does_not_hinder_releases(session: Session) -> None:
    session.execute("ALTER TABLE lake.curated.listings ADD COLUMN of_former_times VARCHAR")
    assert missing_statements(session) == []
    release(session, day_release(DAY, [Listing("a")]))
    assert listed(session, DAY) == ["a"]


def test_verdicts_of_a_refused_and_of_a_released_content_are_both_kept(session: Session) -> None:
    session.execute("BEGIN")
    refuse(session, replace(day_release(DAY, [Listing("a")]), verdicts=verdicts(DAY, passed=False)), ["why"])
    session.execute("COMMIT")
    release(session, day_release(DAY, [Listing("a")]))
    assert rows(session, "SELECT passed FROM ops.verdicts ORDER BY checked_at") == [(False,), (True,)]


def test_a_catalog_that_cannot_be_opened_is_told_without_its_password(lake: Lake) -> None:
    elsewhere = replace(lake, catalog="postgres:postgresql://user:parole@127.0.0.1:1/lake")
    with pytest.raises(LakeError, match="litlake doctor") as told, elsewhere.connect():
        raise AssertionError("unreachable")
    assert "parole" not in str(told.value) and "Connection refused" in str(told.value)
    assert "parole" not in repr(told.value.__cause__)


def test_frames_for_a_release_have_the_types_that_the_lake_declares() -> None:
    assert day_release(DAY, []).tables["embeddings"].schema["vector"] == pl.List(pl.Float32)
