"""How every benchmark tells its figures: the machine, then one row a result."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser with the option that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    return parser


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def tell(results: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Print the results."""
    if as_json:
        print(json.dumps({"machine": machine(), "results": list(results)}, indent=1))
        return
    names = list(dict.fromkeys(name for result in results for name in result))
    table = Table(*names)
    for result in results:
        table.add_row(*(f"{result.get(name, '')}" for name in names))
    Console().print(table)
