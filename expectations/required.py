"""Every check there is, known without running any: what the gate declares and what a release waits for.

The release fails closed: a required check without a verdict refuses the day as a failed one does.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from expectations.day_checks import DAY_CHECKS
from expectations.suites import SUITES
from expectations.verdicts import Check

#: Every check by asset and name.
ALL_CHECKS: Mapping[tuple[str, str], Check] = MappingProxyType(
    {
        (check.asset, check.check): check
        for check in (*(check for suite in SUITES for check in suite.checks), *DAY_CHECKS)
    }
)

#: Asset and name of every check without whose pass no day is released.
REQUIRED_CHECKS: frozenset[tuple[str, str]] = frozenset(name for name, check in ALL_CHECKS.items() if check.required)
