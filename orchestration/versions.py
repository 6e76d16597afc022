"""Which code and which models a day was made with: what tells a stale release from a current one.

A stage's number goes up with every change that changes its output; the dbt project and the models tell theirs
themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date

from orchestration.resources.dbt import project_fingerprint
from orchestration.resources.installation import Installation
from orchestration.resources.raw_store import ManifestEntry

RAW = "2"
LISTINGS = "2"
ENRICHMENT = "1"
GATE = "2"
RELEASE = "2"


def versions(installation: Installation) -> dict[str, str]:
    """Version of each stage and model, and the thresholds of the gate."""
    return {
        "raw": RAW,
        "listings": LISTINGS,
        "day_models": project_fingerprint("models/day", "macros"),
        "enrichment": ENRICHMENT,
        "embedding_model": f"{installation.model.name}@{installation.model.revision}",
        "student": installation.heads.annotator_version,
        "gate": f"{GATE} {installation.settings.gate.model_dump_json()}",
        "release": RELEASE,
    }


def input_hash(dt: date, entries: Iterable[ManifestEntry], made_with: Mapping[str, str]) -> str:
    """Hash of everything that a day's content follows from: its raw objects, the code, the models."""
    # The key tells the mapping of a file, too; the fetch, what was announced of its lists.
    objects = sorted(
        (entry.raw.key, entry.raw.sha256, entry.raw.fetched_at.isoformat(), (entry.request or {}).get("fetch_id", ""))
        for entry in entries
    )
    told = json.dumps([dt.isoformat(), objects, dict(sorted(made_with.items()))])
    return hashlib.sha256(told.encode()).hexdigest()
