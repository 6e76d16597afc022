"""The pace of each host in object storage: the one place that every worker of an installation shares."""

from __future__ import annotations

import hashlib
import json
import math

from orchestration.resources.object_store import ObjectStore


class StoredPace:
    """`assets.fetching.limits.PaceState` by S3 conditional writes."""

    def __init__(self, store: ObjectStore) -> None:
        """Wrap an object store."""
        self._store = store

    def read(self, host: str) -> tuple[float, str | None]:
        """Next free moment of a host; a state that cannot be read counts as none, and is replaced."""
        content, version = self._store.get_versioned(_key(host))
        try:
            free = float(json.loads(content)["free"]) if content else 0.0
        except (ValueError, KeyError, TypeError):
            free = 0.0
        return (free if math.isfinite(free) else 0.0), version

    def swap(self, host: str, free: float, version: str | None) -> bool:
        """Write the next free moment unless another run has."""
        return self._store.put_if(_key(host), json.dumps({"host": host, "free": free}).encode(), version)


def _key(host: str) -> str:
    return f"ops/pace/{hashlib.sha256(host.encode()).hexdigest()[:16]}.json"  # a host name is no key
