"""What a suite is made of: expectations about one table, as data.

What does not belong here: the suites themselves (`expectations.suites`), how they are run (`expectations.runner`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from expectations.verdicts import Check

#: The kinds of expectation in use, by Great Expectations' names.
NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_column_values_to_be_unique"
UNIQUE_TOGETHER = "expect_compound_columns_to_be_unique"
IN_SET = "expect_column_values_to_be_in_set"
BETWEEN = "expect_column_values_to_be_between"
MATCH = "expect_column_values_to_match_regex"
NO_MATCH = "expect_column_values_to_not_match_regex"

#: Columns of kwargs that Great Expectations reads.
_COLUMN_KWARGS = ("column", "column_A", "column_B")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that is known only when the suite runs: the day, the dimension of the model."""

    name: str

    @property
    def column(self) -> pl.Expr:
        """The value in an expression of `Suite.derived`: while a suite runs, it stands in a column of its own."""
        return pl.col(self.column_name)

    @property
    def column_name(self) -> str:
        """A name that no table's column has."""
        return f"${self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """One Great Expectations expectation, which comes to one verdict.

    Great Expectations passes over nulls in every expectation but ``not_be_null``. Where a null is a fault too, the
    suite derives a column in which it is a value that fails.

    Attributes:
        check: Name of the check, stable snake_case.
        kind: One of the kinds above.
        kwargs: Its arguments; a `Parameter` stands for its value.
        expected: One sentence without a full stop.
        required: The day is not released without a pass.
        where: Boolean column (of the table or derived) that says which rows are meant; None for all.
        show: Columns whose values are shown beside an offender's key; None for the columns that are checked.
    """

    check: str
    kind: str
    kwargs: Mapping[str, object]
    expected: str
    required: bool = True
    where: str | None = None
    show: tuple[str, ...] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, in no table twice."""
        single = [str(self.kwargs[name]) for name in _COLUMN_KWARGS if name in self.kwargs]
        several = self.kwargs.get("column_list", ())
        assert isinstance(several, list | tuple)
        return (*single, *map(str, several))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters among its arguments."""
        return tuple(_parameters_in(list(self.kwargs.values())))


@dataclass(frozen=True, slots=True, eq=False)
class Suite:
    """The expectations about one table.

    Attributes:
        table: Name of the table; the ``asset`` of its verdicts.
        key: Columns that name a row to a reader of the verdict.
        expectations: In the order of their verdicts.
        derived: Columns computed before validation, each an expression over the table's columns, the columns of
            parameters and the derived columns before it.
        defaults: Parameters that need not be given.
    """

    table: str
    key: tuple[str, ...]
    expectations: tuple[Expectation, ...]
    derived: Mapping[str, pl.Expr] = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)

    def check(self, expectation: Expectation) -> Check:
        """The declared check of one of its expectations."""
        return Check(self.table, expectation.check, expectation.required, expectation.expected)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The declared check of each expectation, in order."""
        return tuple(self.check(expectation) for expectation in self.expectations)

    @property
    def reads(self) -> frozenset[str]:
        """Every column that the expressions and expectations read; derived ones and parameters' among them."""
        read = {name for expression in self.derived.values() for name in expression.meta.root_names()}
        for expectation in self.expectations:
            read.update(expectation.columns, expectation.show or ())
            if expectation.where is not None:
                read.add(expectation.where)
        return frozenset(read) | frozenset(self.key)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the table must have."""
        return frozenset(name for name in self.reads if name not in self.derived and not name.startswith("$"))

    @property
    def parameters(self) -> frozenset[str]:
        """The names of all parameters, those with a default among them."""
        in_kwargs = {parameter.name for expectation in self.expectations for parameter in expectation.parameters}
        return frozenset(in_kwargs | {name[1:] for name in self.reads if name.startswith("$")})


def _parameters_in(value: object) -> Iterator[Parameter]:
    if isinstance(value, Parameter):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _parameters_in(item)
