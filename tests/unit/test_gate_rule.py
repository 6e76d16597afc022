"""The gate's rule: which verdicts keep a day from its release."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from orchestration.gate import VERDICT_SCHEMA, objections

REQUIRED = {("records", "conservation"), ("papers", "titles")}


def verdict(asset: str, check: str, *, passed: bool = True, required: bool = True) -> dict[str, object]:
    about = {"dt": date(2025, 6, 1), "asset": asset, "check": check, "required": required, "passed": passed}
    told = {"severity": "error" if required else "warn", "observed": f"{check} seen", "expected": "asked"}
    return about | told | {"content_hash": "c", "run_id": "r", "checked_at": datetime(2025, 6, 2, tzinfo=UTC)}


def ledger(*verdicts: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(verdicts, schema=VERDICT_SCHEMA)


def test_a_day_on_which_every_required_check_passed_meets_no_objection() -> None:
    assert objections(ledger(verdict("records", "conservation"), verdict("papers", "titles")), REQUIRED) == []


def test_a_required_check_that_failed_objects_with_what_was_seen() -> None:
    seen = ledger(verdict("records", "conservation", passed=False), verdict("papers", "titles"))
    assert objections(seen, REQUIRED) == ["records.conservation: conservation seen"]


def test_a_required_check_without_a_verdict_objects() -> None:
    assert objections(ledger(verdict("papers", "titles")), REQUIRED) == ["records.conservation: no verdict"]


def test_a_silent_ledger_objects_with_every_required_check() -> None:
    assert objections(ledger(), REQUIRED) == ["papers.titles: no verdict", "records.conservation: no verdict"]


def test_a_verdict_of_the_same_name_on_another_table_does_not_stand_in() -> None:
    seen = ledger(verdict("papers", "conservation"), verdict("papers", "titles"))
    assert objections(seen, REQUIRED) == ["records.conservation: no verdict"]


def test_a_failed_check_that_the_ledger_calls_a_warning_objects_all_the_same_if_it_is_required() -> None:
    seen = ledger(verdict("records", "conservation", passed=False, required=False), verdict("papers", "titles"))
    assert objections(seen, REQUIRED) == ["records.conservation: conservation seen"]


def test_a_failed_check_that_only_the_ledger_calls_required_objects() -> None:
    passed = (verdict("records", "conservation"), verdict("papers", "titles"))
    seen = ledger(*passed, verdict("papers", "of_another_version", passed=False))
    assert objections(seen, REQUIRED) == ["papers.of_another_version: of_another_version seen"]


def test_failed_warnings_do_not_object() -> None:
    passed = (verdict("records", "conservation"), verdict("papers", "titles"))
    assert objections(ledger(*passed, verdict("papers", "volume", passed=False, required=False)), REQUIRED) == []


def test_every_objection_is_listed_and_not_only_the_first() -> None:
    seen = ledger(verdict("records", "conservation", passed=False), verdict("papers", "dates", passed=False))
    assert len(objections(seen, REQUIRED)) == 3
