"""Staging: what a run has computed, named by its bytes, and the ledger of what the gate said about them."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from expectations.verdicts import Verdict
from orchestration.gate import VERDICT_SCHEMA, Ledger
from orchestration.resources.object_store import ObjectStore
from orchestration.resources.staging import NotStagedError, Staging, content_hash

DAY, OTHER_DAY = date(2025, 6, 1), date(2025, 6, 2)
FRAME = pl.DataFrame({"title": ["One", None], "links": [[{"url": "a"}], []]})


@pytest.fixture
def staging(store: ObjectStore) -> Staging:
    return Staging(store)


def test_a_staged_frame_comes_back_as_it_was(staging: Staging) -> None:
    staged = staging.write(DAY, "run", "records", FRAME)
    assert (staged.rows, staged.run_id, staged.inputs) == (2, "run", {})
    assert staging.read(staged).equals(FRAME) and staging.current(DAY, "records") == (staged,)


def test_an_empty_frame_keeps_its_columns_and_types(staging: Staging) -> None:
    assert dict(staging.read(staging.write(DAY, "run", "records", FRAME.clear())).schema) == dict(FRAME.schema)


def test_the_last_run_to_stage_a_table_is_the_current_one(staging: Staging) -> None:
    staging.write(DAY, "first", "records", FRAME)
    second = staging.write(DAY, "second", "records", FRAME.head(1))
    assert staging.current(DAY, "records") == (second,)


def test_tables_are_current_in_the_order_in_which_they_are_asked_for(staging: Staging) -> None:
    made = {name: staging.write(DAY, "run", name, FRAME) for name in ("a", "b")}
    assert staging.current(DAY, "b", "a") == (made["b"], made["a"])
    assert staging.staged(DAY) == made and staging.staged(OTHER_DAY) == {}


def test_a_table_that_is_not_staged_is_told_with_the_next_step(staging: Staging) -> None:
    staging.write(DAY, "run", "records", FRAME)
    with pytest.raises(NotStagedError, match=r"quarantine of 2025-06-01 is not staged.*litlake run 2025-06-01"):
        staging.current(DAY, "records", "quarantine")


def test_a_table_that_dbt_wrote_is_adopted_with_what_it_was_made_from(staging: Staging, store: ObjectStore) -> None:
    records = staging.write(DAY, "run", "records", FRAME)
    written = store.get(records.key)
    assert written is not None
    assert staging.folder("run") == store.url("staging/run=run")
    store.put("staging/run=run/day_papers/dt=2025-06-01/part-0.parquet", written)
    papers = staging.adopt(DAY, "run", "day_papers", made_from=[records])
    assert papers.rows == 2 and papers.inputs == {"records": records.sha256}
    assert staging.read(papers).equals(FRAME)
    with pytest.raises(NotStagedError, match="no table day_listings for 2025-06-01 in run run"):
        staging.adopt(DAY, "run", "day_listings")


def test_equal_content_of_two_runs_has_one_content_hash_and_any_change_another(staging: Staging) -> None:
    def hash_of(run: str, **frames: pl.DataFrame) -> str:
        return content_hash({name: staging.write(DAY, run, name, frame) for name, frame in frames.items()}, ["a", "b"])

    first = hash_of("one", a=FRAME, b=FRAME.clear())
    assert hash_of("two", b=FRAME.clear(), a=FRAME) == first
    assert hash_of("one", a=FRAME, b=FRAME.clear(), c=FRAME) == first
    assert hash_of("one", a=FRAME.clear(), b=FRAME) != first
    assert hash_of("one", a=FRAME.reverse(), b=FRAME.clear()) != first


def test_bytes_that_were_changed_after_staging_are_refused(staging: Staging, store: ObjectStore) -> None:
    staged = staging.write(DAY, "run", "records", FRAME)
    other = staging.write(DAY, "other", "other", FRAME.head(1))
    changed = store.get(other.key)
    assert changed is not None
    store.put(staged.key, changed)
    with pytest.raises(NotStagedError, match="is not what was staged"):
        staging.read(staged)
    store.delete([staged.key])
    with pytest.raises(NotStagedError, match="is not what was staged"):
        staging.read(staged)


def test_sweeping_a_day_removes_its_dead_runs_and_no_other_day(staging: Staging, store: ObjectStore) -> None:
    for run in ("dead", "live"):
        staging.write(DAY, run, "records", FRAME)
    kept = staging.write(OTHER_DAY, "live", "records", FRAME)
    assert staging.sweep(DAY) == 3
    left = ["staging/day=2025-06-02/records.json", kept.key]
    assert [key for key, _ in store.list("")] == left
    assert staging.read(kept).equals(FRAME) and staging.staged(DAY) == {}
    assert staging.sweep(DAY) == 0


# -- the ledger of verdicts --------------------------------------------------------------------------------------------


def verdict(passed: bool) -> Verdict:
    return Verdict("records", "conservation", True, passed, "error", "2 of 2", "all")


def test_a_verdict_holds_for_its_content_only(store: ObjectStore) -> None:
    ledger = Ledger(store)
    ledger.record(DAY, "content", "run", [verdict(True)])
    row = ledger.verdicts(DAY, "content").row(0, named=True)
    assert (row["check"], row["passed"], row["content_hash"], row["dt"]) == ("conservation", True, "content", DAY)
    for unseen in (ledger.verdicts(DAY, "other"), ledger.verdicts(OTHER_DAY, "content"), ledger.verdicts(DAY, "cont")):
        assert unseen.is_empty() and dict(unseen.schema) == dict(pl.DataFrame(schema=VERDICT_SCHEMA).schema)


def test_the_newest_verdict_on_a_content_counts_and_older_ones_are_kept(store: ObjectStore) -> None:
    ledger = Ledger(store)
    for run, passed in (("z", True), ("a", False)):
        ledger.record(DAY, "content", run, [verdict(passed)])
    assert ledger.verdicts(DAY, "content").select("run_id", "passed").rows() == [("a", False)]
    assert len(list(store.list("ops/verdicts/"))) == 2


def test_a_gate_that_said_nothing_leaves_an_empty_ledger(store: ObjectStore) -> None:
    ledger = Ledger(store)
    ledger.record(DAY, "content", "run", [])
    assert ledger.verdicts(DAY, "content").is_empty()
