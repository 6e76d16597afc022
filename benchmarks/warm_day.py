"""How long does a day take from landing to marts when nothing has to be encoded?"""

from __future__ import annotations

import io
import json
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from report import arguments, tell

from assets.sources import SOURCES_BY_NAME
from orchestration.running import Runner
from orchestration.settings import load_settings, quiet_libraries

FIRST = date(2025, 1, 1)


def listing(records: int, salt: int) -> bytes:
    """A day of JSON lines; the same salt gives the same texts, so that a second day encodes nothing."""
    lines = (
        {
            "id": f"bench-{salt}-{i}",
            "title": f"Bench record {i} of set {salt}",
            "abstract": f"Text {i} of {salt}. " * 20,
        }
        for i in range(records)
    )
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def main() -> None:
    """One cold day that encodes, then days that list the same texts again, in one process."""
    parser = arguments(__doc__)
    parser.add_argument("--records", type=int, default=119)
    parser.add_argument("--days", type=int, default=5)
    options = parser.parse_args()
    quiet_libraries()
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as home:
        runner = Runner(load_settings(home=Path(home) / "home"))
        try:
            for offset in range(options.days + 1):
                day = FIRST + timedelta(days=offset)
                content = io.BytesIO(listing(options.records, 0))
                runner.installation.raw.land(SOURCES_BY_NAME["jsonl"], day, content, "bench.jsonl")
                started = time.perf_counter()
                result = runner.run(day)
                seconds = time.perf_counter() - started
                if result.state != "released":
                    raise SystemExit(f"{day} is {result.state}: {result.reasons}")
                name = "first day, imports and encoding" if offset == 0 else f"warm day {offset}"
                results.append({"name": name, "seconds": round(seconds, 2), "records": options.records})
        finally:
            runner.installation.embedded_store.stop()
    tell(results, as_json=options.json)


if __name__ == "__main__":
    main()
