"""Every check of one day, run on its staged tables: frames by Great Expectations, models by dbt, the day as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from assets.enrichment.embedding import EmbeddingModel
from assets.enrichment.taxonomy import SCHEMES
from expectations import day_checks
from expectations.required import ALL_CHECKS
from expectations.runner import run_suite
from expectations.suites import SUITES
from expectations.verdicts import Check, Verdict

#: Staged table that each suite checks, by the suite's own name.
SUITE_TABLES = {
    "records": "records",
    "papers": "day_papers",
    "resources": "day_resources",
    "embeddings": "embeddings",
    "annotations": "annotations",
}

#: Of one or two listings, a share says nothing.
MIN_LISTINGS_FOR_A_SHARE = 3


@dataclass(frozen=True)
class DayContent:
    """What the gate looks at.

    Attributes:
        tables: Staged frames by name, ``dbt_tests`` among them.
        stale: Names of staged tables that were made from other versions of their inputs than are staged now.
        trailing: Listings of the released days before this one, newest first.
    """

    dt: date
    tables: Mapping[str, pl.DataFrame]
    stale: Sequence[str]
    trailing: Sequence[int]
    model: EmbeddingModel
    min_abstract_share: float
    volume_ratios: tuple[float, float]


def dbt_checks(manifest: Mapping[str, Any]) -> dict[tuple[str, str], Check]:
    """Every data test of the day's models as a declared check."""
    found = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test" or not (node.get("attached_node") or "").startswith("model.litlake.day_"):
            continue
        model = node["attached_node"].rsplit(".", 1)[-1]
        column = node["test_metadata"]["kwargs"].get("column_name")
        name = "_".join(part for part in (node["test_metadata"]["name"], column) if part)
        described = f"dbt test {node['test_metadata']['name']} finds no row at fault"
        found[model, name] = Check(model, name, required=True, description=described)
    return found


def declared_checks(manifest: Mapping[str, Any]) -> dict[tuple[str, str], Check]:
    """Every check that the gate makes, by asset and name."""
    return {**ALL_CHECKS, **dbt_checks(manifest)}


def check_day(content: DayContent, manifest: Mapping[str, Any]) -> list[Verdict]:
    """Every verdict on one day's content.

    Raises:
        ExpectationError: A check could not be carried out; that is no verdict.
    """
    tables = content.tables
    listed = tables["records"].height
    parameters = {
        "day": content.dt,
        "dim": content.model.dim,
        "min_abstract_share": content.min_abstract_share if listed >= MIN_LISTINGS_FOR_A_SHARE else 0.0,
    }
    verdicts = [
        verdict for suite in SUITES for verdict in run_suite(suite, tables[SUITE_TABLES[suite.table]], parameters)
    ]
    return [*verdicts, *_dbt_verdicts(tables["dbt_tests"], dbt_checks(manifest)), *_day_verdicts(content)]


def _dbt_verdicts(outcomes: pl.DataFrame, declared: Mapping[tuple[str, str], Check]) -> list[Verdict]:
    return [
        declared[row["model"], row["test"]].verdict(row["passed"], f"{row['failures']} rows at fault")
        for row in outcomes.iter_rows(named=True)
    ]


def _day_verdicts(content: DayContent) -> list[Verdict]:
    tables, model = content.tables, content.model
    read = tables["raw_objects"].rename({"records": "record_count"})
    records, quarantine, papers = tables["records"], tables["quarantine"], tables["day_papers"]
    low, high = content.volume_ratios
    return [
        day_checks.lineage(content.stale),
        day_checks.conservation(read, records, quarantine),
        day_checks.fetched_as_announced(tables["fetches"]),
        day_checks.something_listed(read, records),
        day_checks.volume(records.height, content.trailing, low, high),
        day_checks.plausible_dt(content.dt, records),
        day_checks.quarantined_share(records, quarantine),
        day_checks.every_paper_embedded(papers, tables["embeddings"], model.name, model.revision, model.dim),
        day_checks.every_paper_annotated(papers, tables["annotations"], SCHEMES),
    ]
