"""The words of the gate: a declared check, the verdict it came to, and the fault that is neither pass nor failure.

What does not belong here: what is checked (`expectations.suites`, `expectations.day_checks`), where verdicts are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warn"]

#: Longest ``observed`` and ``expected``: verdicts are rows of a ledger and metadata of an event log, not reports.
MAX_CHARACTERS = 500

#: Offenders that ``observed`` names, and characters of each value in it, so that five of them fit.
MAX_OFFENDERS = 5
MAX_VALUE_CHARACTERS = 40


class ExpectationError(RuntimeError):
    """A check could not be carried out: a column or a parameter is missing, or the engine failed.

    An infrastructure fault: it says nothing about the day, and no verdict comes of it.
    """


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check said about one day's content.

    Attributes:
        asset: Name of the table that was checked, as in the suites.
        check: Name of the check, stable snake_case.
        required: The day is not released without a pass.
        passed: The data is as expected.
        severity: "error" for required checks, "warn" for others.
        observed: What was seen, with up to `MAX_OFFENDERS` offending keys; at most `MAX_CHARACTERS` characters.
        expected: What should have been seen; at most `MAX_CHARACTERS` characters.
    """

    asset: str
    check: str
    required: bool
    passed: bool
    severity: Severity
    observed: str
    expected: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check as it is declared, known without running anything.

    Attributes:
        asset: Name of the table that is checked.
        check: Name of the check, stable snake_case; unique for the asset.
        required: The day is not released without a pass.
        description: What is expected, as one sentence without a full stop.
    """

    asset: str
    check: str
    required: bool
    description: str

    @property
    def severity(self) -> Severity:
        """How a failure is shown."""
        return "error" if self.required else "warn"

    def verdict(self, passed: bool, observed: str, **parameters: object) -> Verdict:
        """The verdict of this check; ``parameters`` are the values that the expectation rests on."""
        given = ", ".join(f"{name} = {value}" for name, value in parameters.items())
        expected = f"{self.description} ({given})" if given else self.description
        return Verdict(
            asset=self.asset,
            check=self.check,
            required=self.required,
            passed=passed,
            severity=self.severity,
            observed=_cut(observed, MAX_CHARACTERS),
            expected=_cut(expected, MAX_CHARACTERS),
        )


def shown(value: object) -> str:
    """A value as one short run of printable characters: verdicts are read in tables, logs and JSON."""
    if value is None:
        return "null"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return _cut("".join(c if c.isprintable() else " " for c in text), MAX_VALUE_CHARACTERS)


def named(offenders: Sequence[str], total: int | None = None) -> str:
    """Up to `MAX_OFFENDERS` offenders, separated by semicolons, and how many more there are of ``total``."""
    first = offenders[:MAX_OFFENDERS]
    more = (len(offenders) if total is None else total) - len(first)
    return "; ".join(first) + (f" and {more} more" if more > 0 else "")


def require_columns(table: str, has: Iterable[str], needs: Iterable[str]) -> None:
    """Refuses to check a frame that lacks columns: their absence is a fault of the pipeline, not of the day.

    Raises:
        ExpectationError: Names the table and every missing column.
    """
    missing = sorted(set(needs) - set(has))
    if missing:
        raise ExpectationError(f"{table} cannot be checked without its column(s) {', '.join(missing)}")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
