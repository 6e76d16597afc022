"""The pace of each host in object storage: the one place that every worker of an installation shares."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict

from assets.fetching.limits import Pace
from orchestration.resources.object_store import ObjectStore


class StoredPace:
    """`assets.fetching.limits.PaceState` by S3 conditional writes."""

    def __init__(self, store: ObjectStore) -> None:
        """Wrap an object store."""
        self._store = store

    def read(self, host: str) -> tuple[Pace, str | None]:
        """The pace of a host; a state that cannot be read counts as none, and is replaced."""
        content, version = self._store.get_versioned(_key(host))
        try:
            kept = json.loads(content) if content else {}
            pace = Pace(float(kept.get("free", 0.0)), float(kept.get("quiet_until", 0.0)))
        except (ValueError, TypeError, AttributeError):
            pace = Pace()
        return (pace if math.isfinite(pace.free) and math.isfinite(pace.quiet_until) else Pace()), version

    def swap(self, host: str, pace: Pace, version: str | None) -> bool:
        """Write the pace of a host unless another run has."""
        return self._store.put_if(_key(host), json.dumps({"host": host, **asdict(pace)}).encode(), version)


def _key(host: str) -> str:
    return f"ops/pace/{hashlib.sha256(host.encode()).hexdigest()[:16]}.json"  # a host name is no key
