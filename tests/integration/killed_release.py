"""A process that releases a day and stands still before its COMMIT, for `test_release`, which kills it there."""

from __future__ import annotations

import signal
import sys
from datetime import date
from pathlib import Path

import duckdb
from day_content import Listing, day_release

from assets.release.publish import publish
from orchestration.resources.installation import Installation
from orchestration.settings import load_settings


def main(ready: Path, works: list[str]) -> None:
    """Releases 1 June 2025 with these works and says so in a file once every row is inserted."""
    release = day_release(date(2025, 6, 1), [Listing(work) for work in works])

    def change(connection: duckdb.DuckDBPyConnection) -> None:
        publish(connection, release)
        ready.touch()
        signal.pause()

    Installation(load_settings()).lake.commit(change, "never", "{}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
