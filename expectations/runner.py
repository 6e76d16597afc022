"""Runs a suite on one day's frame with Great Expectations: a verdict an expectation.

What does not belong here: what is expected (`expectations.suites`), the ledger of verdicts, Dagster.

Great Expectations has no polars engine, and importing it takes 5 to 15 s: it is imported by the first run of a
process and is given pandas, projected to the columns that it has to see.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from expectations.suite import Expectation, Parameter, Suite
from expectations.verdicts import MAX_OFFENDERS, ExpectationError, Verdict, named, require_columns, shown

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite, ExpectationValidationResult
    from great_expectations.core.batch_definition import BatchDefinition

#: Rows come back as positions. Asking for key columns instead (``unexpected_index_column_names``) made 20
#: expectations on 5,000 rows take 2.2 s instead of 0.2 s (2 cores, November 2026).
_RESULT_FORMAT = {
    "result_format": "SUMMARY",
    "partial_unexpected_count": MAX_OFFENDERS,
    "return_unexpected_index_query": False,
}

#: One context per process is shared by all threads, and Great Expectations does not say that it may be.
_ENGINE = threading.Lock()


def run_suite(suite: Suite, frame: pl.DataFrame, parameters: Mapping[str, object]) -> list[Verdict]:
    """Checks a frame.

    Args:
        suite: What is expected.
        frame: One day of the suite's table, with at least the columns `Suite.columns`.
        parameters: Values of `Suite.parameters`; those with a default may be left out, others are ignored.

    Returns:
        One verdict an expectation, in the suite's order. Where no row is meant, an expectation passes.

    Raises:
        ExpectationError: A column or parameter is missing, or an expectation could not be evaluated.
    """
    require_columns(suite.table, frame.columns, suite.columns)
    values = _values(suite, parameters)
    prepared = _prepared(suite, frame, values)
    by_rows: dict[str | None, list[Expectation]] = defaultdict(list)
    for expectation in suite.expectations:
        by_rows[expectation.where].append(expectation)
    verdicts: dict[str, Verdict] = {}
    for where, expectations in by_rows.items():
        rows = prepared if where is None else prepared.filter(pl.col(where))
        for verdict in _run(suite, rows, expectations, values):
            verdicts[verdict.check] = verdict
    return [verdicts[expectation.check] for expectation in suite.expectations]


def _values(suite: Suite, parameters: Mapping[str, object]) -> Mapping[str, object]:
    values = {**suite.defaults, **parameters}
    missing = sorted(suite.parameters - values.keys())
    if missing:
        raise ExpectationError(f"{suite.table} cannot be checked without the parameter(s) {', '.join(missing)}")
    return {name: values[name] for name in suite.parameters}


def _prepared(suite: Suite, frame: pl.DataFrame, values: Mapping[str, object]) -> pl.DataFrame:
    """The frame with a column for every parameter and every derived value that the suite reads."""
    used = (Parameter(name) for name in values)
    constants = {p.column_name: pl.lit(values[p.name]) for p in used if p.column_name in suite.reads}
    prepared = frame.with_columns(**constants)
    for name, expression in suite.derived.items():
        try:
            prepared = prepared.with_columns(expression.alias(name))
        except pl.exceptions.PolarsError as fault:
            raise ExpectationError(f"{suite.table}: {name} cannot be computed: {fault}") from fault
    return prepared


def _run(
    suite: Suite, rows: pl.DataFrame, expectations: Sequence[Expectation], values: Mapping[str, object]
) -> list[Verdict]:
    given = [{p.name: values[p.name] for p in expectation.parameters} for expectation in expectations]
    if rows.is_empty():
        return [suite.check(e).verdict(True, "no rows", **g) for e, g in zip(expectations, given, strict=True)]
    results = _validated(suite, rows, expectations, values)
    verdicts = []
    for expectation, used in zip(expectations, given, strict=True):
        result = results[expectation.check]
        observed = _observed(suite, expectation, rows, result)
        verdicts.append(suite.check(expectation).verdict(bool(result.success), observed, **used))
    return verdicts


def _validated(
    suite: Suite, rows: pl.DataFrame, expectations: Sequence[Expectation], values: Mapping[str, object]
) -> dict[str, ExpectationValidationResult]:
    """Results by name of the check. They carry it in ``meta``, since they come back in another order."""
    columns = dict.fromkeys(name for expectation in expectations for name in expectation.columns)
    pandas = rows.select(_plain(name, rows.schema[name]) for name in columns).to_pandas()
    with _ENGINE:
        batch = _batch_definition().get_batch({"dataframe": pandas})
        validated = batch.validate(_configured(suite, expectations, values), result_format=_RESULT_FORMAT)
    results = {}
    for result in validated.results:
        assert result.expectation_config is not None and result.expectation_config.meta is not None
        check = str(result.expectation_config.meta["check"])
        _refuse_exceptions(suite, check, result.exception_info)
        results[check] = result
    missing = sorted({expectation.check for expectation in expectations} - results.keys())
    if missing:
        raise ExpectationError(f"{suite.table}: Great Expectations returned nothing for {', '.join(missing)}")
    return results


def _plain(name: str, dtype: pl.DataType) -> pl.Expr:
    """Dates and enumerations as text (ISO dates sort like dates): pandas has several forms of either."""
    as_text = dtype.is_temporal() or isinstance(dtype, pl.Enum | pl.Categorical)
    return pl.col(name).cast(pl.String) if as_text else pl.col(name)


def _configured(suite: Suite, expectations: Sequence[Expectation], values: Mapping[str, object]) -> ExpectationSuite:
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    configured = ExpectationSuite(name=suite.table)
    configured.expectations = [
        ExpectationConfiguration(
            type=expectation.kind,
            kwargs={name: _filled(value, values) for name, value in expectation.kwargs.items()},
            meta={"check": expectation.check},
        ).to_domain_obj()
        for expectation in expectations
    ]
    return configured


def _filled(value: object, values: Mapping[str, object]) -> object:
    if isinstance(value, Parameter):
        value = values[value.name]
    if isinstance(value, list | tuple):
        return [_filled(item, values) for item in value]
    return value.isoformat() if isinstance(value, date) else value


@cache
def _batch_definition() -> BatchDefinition[None]:
    """The whole of a frame that is handed over, in the one context of this process."""
    # Read by Great Expectations alone, and only while it is imported: no setting of ours, so not in the settings.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    # What it logs below errors is about its own workings; what it finds is in the verdicts.
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return (
        context.data_sources.add_pandas("frames")
        .add_dataframe_asset("frame")
        .add_batch_definition_whole_dataframe("whole")
    )


def _refuse_exceptions(suite: Suite, check: str, info: Mapping[str, object] | None) -> None:
    """Raises for an expectation that was not evaluated, which Great Expectations reports as not fulfilled."""
    # Either one exception, or one for every metric under the metric's name.
    for fault in (info, *(info or {}).values()):
        if isinstance(fault, Mapping) and fault.get("raised_exception"):
            cause = fault.get("exception_message")
            raise ExpectationError(f"{suite.table}: {check} could not be evaluated: {cause}")


def _observed(suite: Suite, expectation: Expectation, rows: pl.DataFrame, result: ExpectationValidationResult) -> str:
    at_fault = int(result.result["unexpected_count"])
    if not at_fault:
        return f"{rows.height} rows, none at fault"
    positions = result.result["partial_unexpected_index_list"][:MAX_OFFENDERS]
    offenders = [_offender(suite, expectation, rows, int(position)) for position in positions]
    share = at_fault / rows.height
    return f"{at_fault} of {rows.height} rows at fault ({share:.1%}): {named(offenders, at_fault)}"


def _offender(suite: Suite, expectation: Expectation, rows: pl.DataFrame, position: int) -> str:
    """A row by its key, with the values that make it one; by its number where it has no key."""
    row = rows.row(position, named=True)
    has_key = all(row[name] is not None for name in suite.key)
    key = "/".join(shown(row[name]) for name in suite.key) if has_key else f"row {position}"
    columns = expectation.columns if expectation.show is None else expectation.show
    seen = ", ".join(f"{name} {shown(row[name])}" for name in columns if name not in suite.key)
    return f"{key} ({seen})" if seen else key
