"""A day through the real platform: Dagster runs on a real object store, real dbt, the real model, a real lake."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from integration.conftest import NewInstallation

from assets.sources import SOURCES_BY_NAME
from orchestration.publication import declared_required, release_day
from orchestration.running import DayResult, Runner
from tests.listings import article, jsonl, page, paper, papers, pubmed

DAY = date(2025, 6, 20)


class Line:
    """A line under test: what tests do with it, in their words."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.litlake = runner.installation

    def land(self, source: str, content: bytes, day: date = DAY, name: str = "listing") -> None:
        self.litlake.raw.land(SOURCES_BY_NAME[source], day, io.BytesIO(content), name)

    def run(self, day: date = DAY, *, force: bool = False) -> DayResult:
        return self.runner.run(day, force=force)

    def run_only(self, *assets: str, day: date = DAY) -> Any:
        job = self.runner.job
        keys = [key for key in job.asset_layer.executable_asset_keys if key.to_user_string() in assets]
        return job.execute_in_process(
            partition_key=day.isoformat(), instance=self.runner.instance, raise_on_error=False, asset_selection=keys
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.litlake.lake.connect() as connection:
            return connection.execute(query).fetchall()

    def one(self, query: str) -> Any:
        return self.rows(query)[0][0]

    def snapshots(self) -> int:
        return int(self.one("SELECT max(snapshot_id) FROM lake.snapshots()"))


@pytest.fixture
def line(new_installation: NewInstallation, tmp_path: Path) -> Iterator[Line]:
    with new_installation(tmp_path / "home") as installation:
        runner = Runner(installation.settings)
        yield Line(runner)
        runner.instance.dispose()


ALL_BUT_THE_GATE = (
    "raw/jsonl",
    "raw/pubmed_xml",
    "raw/hf_papers_page",
    "listings",
    "day_listings",
    "day_papers",
    "day_resources",
    "embeddings",
    "annotations",
)


def test_a_day_of_three_sources_goes_from_landing_to_marts_and_the_same_day_again_changes_nothing(line: Line) -> None:
    line.land("jsonl", papers(4))
    line.land("hf_papers_page", page(3))
    line.land("pubmed_xml", pubmed(article(101), article(102, title="Second case")))
    result = line.run()
    assert (result.state, result.listings) == ("released", 9)
    assert line.one("SELECT count(*) FROM curated.papers") == 9
    assert line.one("SELECT count(*) FROM enriched.embeddings") == 9
    assert line.one("SELECT count(*) FROM enriched.annotations") == 27
    assert line.one("SELECT count(DISTINCT url) FROM curated.resources") == 4
    assert line.one("SELECT count(*) FROM marts.corpus WHERE educational_quality BETWEEN 1 AND 5") == 9
    overview = line.rows("SELECT source, listings, new_works, share_embedded FROM marts.daily_overview ORDER BY source")
    assert overview == [("hf_papers_page", 3, 3, 1.0), ("jsonl", 4, 4, 1.0), ("pubmed_xml", 2, 2, 1.0)]
    assert line.litlake.staging.staged(DAY) == {}
    seen = line.snapshots()
    assert line.run().state == "unchanged"
    assert line.run(force=True).state == "unchanged"
    assert line.snapshots() == seen


def test_a_second_file_for_a_day_adds_to_it_and_a_work_of_two_days_is_one_work(line: Line) -> None:
    line.land("jsonl", papers(3))
    line.run()
    line.land("jsonl", papers(2, first=10), name="second")
    line.land(
        "jsonl", jsonl([paper(1), paper(2, abstract="Rewritten since, with another ending.")]), DAY + timedelta(1)
    )
    assert [line.run(day).listings for day in (DAY, DAY + timedelta(1))] == [5, 2]
    works = line.rows("SELECT arxiv_id, len(listed_on), first_listed_on FROM curated.papers ORDER BY arxiv_id")
    assert [(work, days) for work, days, _ in works][:2] == [("2506.00001", 2), ("2506.00002", 2)]
    assert len(works) == 5
    assert {first for *_, first in works} == {DAY}
    revised = line.rows("SELECT source_id FROM curated.listings WHERE status = 'revised'")
    assert revised == [("2506.00002",)]
    assert line.one("SELECT count(*) FROM enriched.embeddings") == 6


def test_a_refused_day_shows_nothing_and_leaves_its_earlier_release_as_it_was_also_when_released_alone(
    line: Line,
) -> None:
    line.land("jsonl", papers(3))
    assert line.run().state == "released"
    before = line.rows("SELECT * FROM curated.listings ORDER BY listing_id")
    line.land("jsonl", jsonl(paper(n, abstract=None) for n in range(50, 60)), name="without abstracts")
    result = line.run()
    assert result.state == "refused"
    assert [reason for reason in result.reasons if "abstract_share" in reason]
    alone = line.run_only("release")
    assert not alone.success
    assert line.rows("SELECT * FROM curated.listings ORDER BY listing_id") == before
    assert line.one("SELECT count(*) FROM marts.corpus") == 3
    assert line.one("SELECT count(*) FROM enriched.embeddings") == 3
    assert line.rows("SELECT DISTINCT refused FROM marts.daily_overview") == [(1,)]
    assert line.rows("SELECT passed FROM ops.verdicts WHERE \"check\" = 'abstract_share' ORDER BY checked_at") == [
        (True,),
        (False,),
    ]


def test_a_release_without_verdicts_on_this_very_content_is_refused(line: Line) -> None:
    line.land("jsonl", papers(3))
    assert line.run_only(*ALL_BUT_THE_GATE).success
    outcome = release_day(line.litlake, DAY, "alone", line.litlake.dbt.manifest)
    assert outcome.state == "refused"
    assert len(outcome.reasons) == len(declared_required(line.litlake.dbt.manifest))
    assert all("no verdict" in reason for reason in outcome.reasons)
    assert line.one("SELECT count(*) FROM curated.listings") == 0
    assert line.run_only("gate").success
    assert line.run_only("release").success
    assert line.one("SELECT count(*) FROM curated.listings") == 3


def test_tables_of_two_runs_that_do_not_belong_together_are_refused(line: Line) -> None:
    line.land("jsonl", papers(3))
    assert line.run_only(*ALL_BUT_THE_GATE).success
    line.land("jsonl", papers(1, first=9), name="late")
    assert line.run_only("raw/jsonl", "listings", "day_listings", "day_papers", "day_resources", "gate").success
    assert not line.run_only("release").success
    reasons = line.one("SELECT reasons FROM ops.refusals")
    assert any(reason.startswith("records.lineage") for reason in reasons)


BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'

BAD_OBJECTS: dict[str, tuple[str, bytes, int, int]] = {
    # name: source, bytes, records that are listed, records that are quarantined
    "a title without abstract": ("hf_papers_page", page(3) + b"A lonely title\n", 3, 1),
    "malformed XML": ("pubmed_xml", pubmed(article(1), "<PubmedArticle><oops></PubmedArticle>", article(2)), 2, 1),
    "an entity bomb": ("pubmed_xml", pubmed(article(3, title="&b;"), article(4), prolog=BOMB), 1, 1),
    "an external entity": ("pubmed_xml", pubmed(article(5, title="&x;"), article(6), prolog=BOMB), 1, 1),
    "an empty file": ("jsonl", b"", 0, 1),
    "a line of 50 MB": ("jsonl", papers(1, first=20) + b'{"title": "' + b"x" * 50_000_000 + b'"}\n', 1, 1),
    "invalid UTF-8": ("jsonl", papers(1, first=21) + b'{"title": "\xff\xfe"}\n', 1, 1),
    "no object": ("jsonl", papers(1, first=22) + b'["a list"]\n', 1, 1),
    "no title": ("jsonl", jsonl([paper(23), {"id": "x", "abstract": "y"}]), 1, 1),
    "the year 2099": ("jsonl", jsonl([paper(24), paper(25, published="2099-01-01")]), 1, 1),
}


def test_bad_objects_are_quarantined_with_a_reason_and_harm_no_other_object_of_the_day(line: Line) -> None:
    for name, (source, content, _, _) in BAD_OBJECTS.items():
        line.land(source, content, name=name)
    cut = gzip.compress(papers(200, first=1000))[:-400]
    line.land("jsonl", cut, name="a truncated gzip")
    line.land("jsonl", papers(5, first=30), name="a good file")
    line.land("jsonl", papers(1, first=40), name="../../../etc/passwd")
    assert line.run().state == "released"
    counted = {
        name: (records, listed, quarantined)
        for name, records, listed, quarantined in line.rows(
            """
            SELECT o.name, o.records,
                (SELECT count(*) FROM curated.listings AS l WHERE l.raw_key = o.raw_key),
                (SELECT count(*) FROM ops.quarantine AS q WHERE q.raw_key = o.raw_key AND length(q.reason) > 0)
            FROM ops.raw_objects AS o
            """
        )
    }
    for name, (_, _, listed, quarantined) in BAD_OBJECTS.items():
        assert counted[name] == (listed + quarantined, listed, quarantined), name
    read, listed, quarantined = counted["a truncated gzip"]
    assert read == listed + quarantined
    assert listed > 10
    assert quarantined == 1
    assert counted["a good file"] == (5, 5, 0)
    assert counted["passwd"] == (1, 1, 0)
    assert line.one("SELECT count(*) FROM curated.papers WHERE title ILIKE '%subscribe%' OR title ILIKE '%inbox%'") == 0
    assert line.one("SELECT count(*) FROM curated.papers WHERE title LIKE '%root:%'") == 0


def test_a_day_that_reads_records_and_lists_none_is_refused_and_shows_what_was_quarantined(line: Line) -> None:
    line.land("pubmed_xml", b"<PubmedArticleSet>\n<PubmedArticle>\n wrong \n</PubmedArticleSet>\n")
    result = line.run()
    assert result.state == "refused"
    assert line.rows("SELECT reason FROM ops.quarantine") == [("malformed_xml",)]
    assert line.one("SELECT count(*) FROM curated.listings") == 0


def test_a_day_for_which_nothing_has_landed_is_empty_and_writes_no_snapshot(line: Line) -> None:
    seen = line.snapshots()
    assert line.run().state == "empty"
    assert line.run_only(*ALL_BUT_THE_GATE, "gate", "release").success
    assert line.snapshots() == seen


def test_days_run_in_parallel_processes_are_all_released(line: Line) -> None:
    days = [DAY + timedelta(offset) for offset in range(4)]
    for offset, day in enumerate(days):
        line.land("jsonl", papers(3, first=1 + 2 * offset), day)
    results = list(line.runner.run_many(days, parallel=2))
    assert {result.state for result in results} == {"released"}, [result.reasons for result in results]
    assert line.one("SELECT count(*) FROM curated.listings") == 12
    assert line.one("SELECT count(*) FROM marts.corpus") == 9
    assert line.rows("SELECT list(release_seq ORDER BY release_seq) FROM ops.releases") == [([1, 2, 3, 4],)]


def test_the_models_mean_what_their_unit_tests_say(line: Line) -> None:
    with line.litlake.dbt.session(lake=line.litlake.lake, attach_lake=False) as dbt:
        outcomes = dbt.unit_test("fqn:litlake.day.*").tests
    assert len(outcomes) == 2
    assert all(outcome.passed for outcome in outcomes)
