"""A local bioRxiv: rows of the project's own behind real HTTP, in the shape of ``api.biorxiv.org/details``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from replay import Answer, Asked, ReplayServer

_PATH = re.compile(r"/details/(?P<server>\w+)/(?P<day>[\d-]+)/[\d-]+/(?P<cursor>\d+)(?:/json)?")


def preprint(number: int, day: str = "2026-01-08", **more: Any) -> dict[str, Any]:
    """One row."""
    return {
        "title": f"Preprint {number} on markers in small cohorts",
        "authors": "Lovelace, A.; Hopper, G.",
        "author_corresponding": "Ada Lovelace",
        "author_corresponding_institution": "Institute of Analysis",
        "doi": f"10.1101/2026.01.08.{number:06}",
        "date": day,
        "version": "1",
        "type": "new results",
        "license": "cc_by",
        "category": "bioinformatics",
        "jatsxml": f"https://www.biorxiv.org/content/early/2026/01/08/{number}.source.xml",
        "abstract": f"We measured marker {number} in a small cohort and report how often it occurred, with the reason.",
        "published": "NA",
        "server": "bioRxiv",
        **more,
    }


@dataclass
class Preprints:
    """What the service holds and how it answers.

    Attributes:
        rows: Of every day, in order; a row is of the day that it names.
        page_size: Rows a page; nobody is told.
        total: What it announces in place of the number of rows.
        instead: An answer in place of its own, by the request; None for its own.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 2
    total: int | None = None
    instead: Callable[[Asked], Answer | None] = lambda asked: None

    def __call__(self, asked: Asked) -> Answer:
        """Answer one request."""
        if other := self.instead(asked):
            return other
        found = _PATH.fullmatch(asked.path)
        if found is None:
            return Answer(b'{"messages": [{"status": "error"}]}', status=404)
        rows = [row for row in self.rows if row["date"] == found["day"]]
        cursor = int(found["cursor"])
        page = rows[cursor : cursor + self.page_size]
        if not page:
            return _json({"messages": [{"status": "no posts found"}], "collection": []})
        total = len(rows) if self.total is None else self.total
        message = {"status": "ok", "interval": f"{found['day']}:{found['day']}", "cursor": found["cursor"],
                   "count": len(page), "count_new_papers": f"{total}", "total": f"{total}"}  # fmt: skip
        return _json({"messages": [message], "collection": page})

    def serve(self) -> ReplayServer:
        """A server that answers so."""
        return ReplayServer(self)


def _json(document: Any) -> Answer:
    return Answer(json.dumps(document).encode(), headers={"Content-Type": "application/json"})
