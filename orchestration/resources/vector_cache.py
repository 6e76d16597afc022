"""Vectors by text hash × model × revision in object storage: a text is encoded once, on whatever day or machine.

One small object a text: a day's look-up grows with the day, never with history. Reading 500 of them from the embedded
store takes 0.8 s on 2 cores (2026-11); encoding as many abstracts takes about a minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from orchestration.resources.object_store import ObjectStore


class StoredVectors:
    """A `assets.enrichment.embedding.VectorCache` over an object store."""

    def __init__(self, store: ObjectStore) -> None:
        """Wrap an object store."""
        self._store = store

    def get_many(self, keys: Sequence[str]) -> dict[str, npt.NDArray[np.float32]]:
        """Those vectors that are there, by key; whether they are sound is the caller's to check."""
        places = {_place(key): key for key in keys}
        found = self._store.get_many(list(places))
        return {
            places[place]: np.frombuffer(content, dtype="<f4").astype(np.float32)
            for place, content in found.items()
            if len(content) % 4 == 0
        }

    def put_many(self, vectors: Mapping[str, npt.NDArray[np.float32]]) -> None:
        """Keep vectors."""
        self._store.put_many({_place(key): vector.astype("<f4").tobytes() for key, vector in vectors.items()})


def _place(key: str) -> str:
    return f"cache/vectors/{key}.f32"
