"""Texts to vectors, with the real model."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.enrichment.embedding import (
    CHUNK_TEXTS,
    EMBEDDING_SCHEMA,
    EmbeddingModel,
    Encoder,
    ModelUnusable,
    Vectors,
    cache_key,
    default_model,
    embed,
    local_model,
    paper_text,
)

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder()


class RememberedVectors(dict[str, Vectors]):
    """A cache in memory that knows how large its chunks were."""

    def __init__(self) -> None:
        super().__init__()
        self.chunks: list[int] = []

    def get_many(self, keys: Sequence[str]) -> dict[str, Vectors]:
        return {key: self[key] for key in keys if key in self}

    def put_many(self, vectors: Mapping[str, Vectors]) -> None:
        self.chunks.append(len(vectors))
        self.update(vectors)


def papers(count: int) -> pl.DataFrame:
    titles = [f"Paper {i}" for i in range(count)]
    return pl.DataFrame(
        {
            "text_sha256": [hashlib.sha256(title.encode()).hexdigest() for title in titles],
            "title": titles,
            "abstract": [f"We counted {i} cells." if i % 2 else None for i in range(count)],
        },
        schema_overrides={"abstract": pl.String},
    )


def run_without_torch(code: str) -> None:
    """Runs code in a fresh interpreter and asserts that it did not import torch."""
    ended = subprocess.run(
        [sys.executable, "-c", code + "\nimport sys\nassert 'torch' not in sys.modules"],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def test_the_default_model_is_found_without_torch() -> None:
    run_without_torch("from assets.enrichment.embedding import Encoder\nassert Encoder().model.dim == 384")


def test_the_revision_is_the_start_of_the_hash_of_the_weights() -> None:
    model = default_model()
    assert isinstance(model.path, Path)
    content = (model.path / "model.safetensors").read_bytes()
    assert model.revision == hashlib.sha256(content).hexdigest()[:12]


def test_replaced_weights_have_another_revision(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"old weights")
    old = local_model(tmp_path, "own", 8)
    weights.write_bytes(b"newer weights")
    assert local_model(tmp_path, "own", 8).revision != old.revision


def test_a_folder_without_weights_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=str(tmp_path)):
        local_model(tmp_path, "own", 384)


def test_a_hub_name_is_not_taken_for_a_folder() -> None:
    assert not EmbeddingModel("own", "0123abc", 384, "someone/some-model").is_local
    assert default_model().is_local


def test_a_model_with_another_dimension_than_configured_is_refused() -> None:
    own = default_model()
    with pytest.raises(ModelUnusable, match="384"):
        Encoder(EmbeddingModel(own.name, own.revision, 100, own.path)).encode(["text"])


@pytest.mark.parametrize(
    ("title", "abstract", "text"),
    [
        ("A title", "An abstract", "A title\nAn abstract"),
        (" A title ", None, "A title"),
        (None, "An abstract", "An abstract"),
        ("", "  ", ""),
    ],
)
def test_the_text_of_a_paper_is_its_title_and_abstract(title: str | None, abstract: str | None, text: str) -> None:
    assert paper_text(title, abstract) == text


def test_vectors_have_unit_length_and_keep_the_order_of_the_texts(encoder: Encoder) -> None:
    texts = ["Cells divide.", "A much longer text on patients and their treatment in hospital. " * 5, "Ribosomes."]
    counted: list[int] = []
    vectors = encoder.encode(texts, counted.append)
    assert vectors.shape == (3, 384) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert sum(counted) == 3
    for text, vector in zip(texts, vectors, strict=True):
        assert encoder.encode([text])[0] == pytest.approx(vector, abs=1e-5)


def test_no_texts_need_no_model() -> None:
    idle = Encoder()
    assert idle.encode([]).shape == (0, 384)
    assert not idle.is_loaded


def test_words_beyond_the_128th_token_change_the_vector_and_beyond_the_256th_do_not(encoder: Encoder) -> None:
    # "cell" is one token; two more stand for the beginning and the end of the text.
    within, beyond = " ".join(["cell"] * 150), " ".join(["cell"] * 254)
    seen = encoder.encode([f"{within} zebra", f"{within} hospital"])
    assert np.abs(seen[0] - seen[1]).max() > 1e-3
    cut = encoder.encode([f"{beyond} zebra", f"{beyond} hospital"])
    assert np.abs(cut[0] - cut[1]).max() < 1e-6


def test_the_company_in_a_batch_changes_a_vector_by_less_than_a_millionth(encoder: Encoder) -> None:
    # Texts of many lengths: each is padded to the longest of its batch.
    texts = [f"Sample {i} " + "of tissue from the liver " * (i % 20) for i in range(24)]
    together = encoder.encode(texts)
    alone = np.vstack([encoder.encode([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-6
    assert (encoder.encode(texts) == together).all()


def test_embedding_gives_one_row_for_every_distinct_text_sorted(encoder: Encoder) -> None:
    texts = papers(5)
    frame, stats = embed(pl.concat([texts, texts.head(2)]), lambda: encoder, RememberedVectors())
    assert dict(frame.schema) == EMBEDDING_SCHEMA
    assert frame["text_sha256"].to_list() == sorted(texts["text_sha256"])
    assert frame["vector"].list.len().unique().to_list() == [384]
    assert frame.select("model", "revision", "dim").unique().row(0) == ("all-MiniLM-L6-v2", encoder.model.revision, 384)
    assert (stats.texts, stats.from_cache, stats.encoded) == (5, 0, 5)
    row = texts.row(3, named=True)
    vector = frame.filter(pl.col("text_sha256") == row["text_sha256"])["vector"][0].to_numpy()
    assert encoder.encode([paper_text(row["title"], row["abstract"])])[0] == pytest.approx(vector, abs=1e-5)


def test_a_day_without_papers_gives_an_empty_frame_with_its_columns() -> None:
    frame, stats = embed(papers(0), Encoder, RememberedVectors())
    assert dict(frame.schema) == EMBEDDING_SCHEMA and frame.is_empty()
    assert stats.texts == 0


def test_what_the_cache_holds_is_not_encoded_again(encoder: Encoder) -> None:
    cache, idle, counted = RememberedVectors(), Encoder(), list[int]()
    first, _ = embed(papers(6), lambda: encoder, cache)
    again, stats = embed(papers(6), lambda: idle, cache, counted.append)
    assert again.equals(first)
    assert (stats.from_cache, stats.encoded) == (6, 0)
    assert not idle.is_loaded and counted == []
    more, stats = embed(papers(8), lambda: encoder, cache, counted.append)
    assert (more.height, stats.from_cache, stats.encoded, sum(counted)) == (8, 6, 2, 2)


def test_a_day_that_is_cached_whole_does_not_import_torch() -> None:
    run_without_torch(
        "import numpy as np, polars as pl\n"
        "from assets.enrichment.embedding import Encoder, embed\n"
        "class Full:\n"
        "    def get_many(self, keys): return {k: np.eye(384, dtype=np.float32)[0] for k in keys}\n"
        "    def put_many(self, vectors): raise AssertionError\n"
        "texts = pl.DataFrame({'text_sha256': ['a'], 'title': ['A'], 'abstract': ['B']})\n"
        "assert embed(texts, Encoder, Full())[1].from_cache == 1"
    )


@pytest.mark.parametrize(
    "damaged",
    [
        np.ones(383, dtype=np.float32) / np.sqrt(np.float32(383)),
        np.full(384, np.nan, dtype=np.float32),
        np.zeros(384, dtype=np.float32),
        np.ones(384, dtype=np.float32),
        np.ones((1, 384), dtype=np.float32),
    ],
    ids=["too short", "not a number", "zero", "not of unit length", "of another shape"],
)
def test_a_damaged_vector_in_the_cache_is_encoded_again_and_replaced(encoder: Encoder, damaged: Vectors) -> None:
    cache, texts = RememberedVectors(), papers(3)
    whole, _ = embed(texts, lambda: encoder, cache)
    key = cache_key(texts["text_sha256"][1], encoder.model)
    sound, cache[key] = cache[key], damaged
    frame, stats = embed(texts, lambda: encoder, cache)
    assert (stats.from_cache, stats.encoded) == (2, 1)
    assert cache[key] == pytest.approx(sound, abs=1e-5)
    vectors = np.array(frame["vector"].to_list())
    assert vectors == pytest.approx(np.array(whole["vector"].to_list()), abs=1e-5)


def test_a_killed_run_keeps_every_chunk_that_was_finished(encoder: Encoder) -> None:
    cache, texts = RememberedVectors(), papers(CHUNK_TEXTS + 5)
    seen: list[int] = []

    def killed_in_the_second_chunk(amount: int) -> None:
        seen.append(amount)
        if sum(seen) > CHUNK_TEXTS:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed(texts, lambda: encoder, cache, killed_in_the_second_chunk)
    assert len(cache) == CHUNK_TEXTS
    _, stats = embed(texts, lambda: encoder, cache)
    assert (stats.from_cache, stats.encoded) == (CHUNK_TEXTS, 5)
    assert cache.chunks == [CHUNK_TEXTS, 5]


def test_vectors_of_another_model_or_revision_are_kept_apart() -> None:
    keys = {cache_key("a" * 64, EmbeddingModel(name, rev, 384, "x")) for name in ("m", "n/m") for rev in ("1", "2")}
    assert len(keys) == 4
    assert all(key.count("/") == 3 for key in keys)
