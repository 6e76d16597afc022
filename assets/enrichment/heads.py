"""The student heads: small linear classifiers that label a paper from its text and its embedding. Applying them.

Here stand the heads, their file and `annotate`. What does not belong here: how heads are trained
(`assets.enrichment.training`), or where annotations are stored.

The file is one ``.safetensors`` (numbers, the terms as UTF-8 text, one JSON string): reading it runs no code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.enrichment.embedding import Vectors
from assets.enrichment.features import FeatureSpace, Floats, Papers, Scale, Vocabulary
from assets.enrichment.taxonomy import SCHEMES

ANNOTATOR = "litlake-student"

#: The heads that Litlake ships; their card lies beside them.
SHIPPED = Path(__file__).parent / "student" / "v2" / "heads.safetensors"

#: The one metadata key of the file. More than one would be written in no fixed order (safetensors#584), and the
#: same training would give other bytes.
DESCRIPTION_KEY = "litlake"
FORMAT = 1

ANNOTATION_SCHEMA = {
    "paper_id": pl.String,
    "text_sha256": pl.String,
    "scheme": pl.String,
    "label": pl.String,
    "score": pl.Float64,
    "annotator": pl.String,
    "annotator_version": pl.String,
}


class HeadsUnusable(RuntimeError):
    """The heads' file cannot be read, or the embeddings are not those that the heads were trained on."""


class Head(Protocol):
    """One scheme's classifier."""

    @property
    def blocks(self) -> Sequence[str]:
        """Names of the feature blocks, in the order of the weights."""
        ...

    def predict(self, features: Any) -> tuple[NDArray[np.intp], Floats]:
        """Per row the index of the label (in the scheme's order) and the probability of that label."""
        ...


@dataclass(frozen=True)
class NominalHead:
    """Multinomial logistic regression.

    Attributes:
        blocks: Feature blocks in the order of the columns of ``weights``.
        weights: Shape ``(labels, features)``.
        bias: Shape ``(labels,)``.
        temperature: Divides the logits, so that the probabilities hold for texts not seen in training.
    """

    blocks: Sequence[str]
    weights: Floats
    bias: Floats
    temperature: float = 1.0

    def logits(self, features: Any) -> Floats:
        """Before the temperature; shape ``(rows, labels)``."""
        return np.asarray(features @ self.weights.T + self.bias, dtype=np.float64)

    def predict(self, features: Any) -> tuple[NDArray[np.intp], Floats]:
        """The most probable label and its probability."""
        from scipy.special import softmax

        probabilities = softmax(self.logits(features) / self.temperature, axis=1)
        return probabilities.argmax(axis=1), probabilities.max(axis=1)


@dataclass(frozen=True)
class OrdinalHead:
    """A scale of grades from 1: one logistic regression for "above grade k", their sum stretched to the grades.

    The sum of such probabilities hedges towards the middle; stretching it to the mean and spread that the grades had
    in training brings the ends of the scale back, which quadratic kappa rewards.

    Attributes:
        blocks: Feature blocks in the order of the columns of ``weights``.
        weights: Shape ``(cuts, features)``; one row for every grade k that enough texts lay above and below.
        bias: Shape ``(cuts,)``.
        grades: Number of grades.
        slope: Of the line from the sum of probabilities to the grade.
        intercept: Of that line.
        deviation: Of the normal distribution around that line that gives the probability of the grade named.
    """

    blocks: Sequence[str]
    weights: Floats
    bias: Floats
    grades: int
    slope: float = 1.0
    intercept: float = 1.0
    deviation: float = 0.5

    def raw(self, features: Any) -> Floats:
        """Sum over the cuts of the probability to lie above; shape ``(rows,)``."""
        from scipy.special import expit

        return np.asarray(expit(features @ self.weights.T + self.bias).sum(axis=1), dtype=np.float64)

    def answer(self, sums: Floats) -> tuple[NDArray[np.intp], Floats]:
        """The nearest grade (as index from 0), and the normal probability between its two borders."""
        from scipy.special import ndtr

        position = sums * self.slope + self.intercept
        grade = np.clip(np.floor(position + 0.5), 1, self.grades)
        above = np.where(grade == self.grades, np.inf, grade + 0.5)
        below = np.where(grade == 1, -np.inf, grade - 0.5)
        score = ndtr((above - position) / self.deviation) - ndtr((below - position) / self.deviation)
        return (grade - 1).astype(np.intp), np.asarray(score, dtype=np.float64)

    def predict(self, features: Any) -> tuple[NDArray[np.intp], Floats]:
        """`answer` to the sums of the rows."""
        return self.answer(self.raw(features))


@dataclass(frozen=True)
class Heads:
    """All heads of one file, with the features and the embedding model that they were trained on.

    Attributes:
        version: Of the heads, e.g. ``v2``.
        embedding_model: Name of the model whose vectors they take.
        embedding_revision: Its revision.
        space: The fitted features that all heads share.
        heads: Scheme to head.
        sha256: Of the file's bytes; empty while they have not been saved.
    """

    version: str
    embedding_model: str
    embedding_revision: str
    space: FeatureSpace
    heads: Mapping[str, Head]
    sha256: str = ""

    @property
    def annotator_version(self) -> str:
        """Version and first 8 hex digits of the file's SHA-256: changes whenever a label could."""
        return f"{self.version}-{self.sha256[:8]}"

    def to_bytes(self) -> bytes:
        """The file: the same heads give the same bytes."""
        from safetensors.numpy import save

        tensors: dict[str, Any] = {}
        for block, vocabulary in self.space.vocabularies.items():
            terms = "\n".join(vocabulary.terms).encode()
            tensors[f"vocabulary.{block}.terms"] = np.frombuffer(terms, dtype=np.uint8)
            tensors[f"vocabulary.{block}.idf"] = vocabulary.idf.astype(np.float32)
        for block, scale in self.space.scales.items():
            tensors[f"scale.{block}.mean"] = scale.mean
            tensors[f"scale.{block}.deviation"] = scale.deviation
        described: dict[str, Any] = {}
        for scheme, head in self.heads.items():
            figures = dict(vars(head))
            tensors[f"head.{scheme}.weights"] = figures.pop("weights").astype(np.float32)
            tensors[f"head.{scheme}.bias"] = figures.pop("bias")
            described[scheme] = {"kind": type(head).__name__, "labels": list(SCHEMES[scheme].labels), **figures}
        description = {
            "format": FORMAT,
            "version": self.version,
            "embedding": [self.embedding_model, self.embedding_revision],
            "longest": {block: vocabulary.longest for block, vocabulary in self.space.vocabularies.items()},
            "heads": described,
        }
        return bytes(save(tensors, metadata={DESCRIPTION_KEY: json.dumps(description, sort_keys=True)}))

    @classmethod
    def load(cls, path: Path = SHIPPED) -> Heads:
        """Reads heads that `to_bytes` wrote.

        Raises:
            HeadsUnusable: The file is missing, damaged, of another format, or for other labels than `SCHEMES`.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as opened:
                description = json.loads((opened.metadata() or {})[DESCRIPTION_KEY])
                tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (not a mapping)
            _check(description, path)
            return _read(description, tensors, hashlib.sha256(path.read_bytes()).hexdigest())
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as fault:
            raise HeadsUnusable(f"{path} does not hold student heads: {fault!r}; train or reinstall them") from fault


@lru_cache(maxsize=1)
def student() -> Heads:
    """The heads that Litlake ships, read once per process."""
    return Heads.load(SHIPPED)


def student_version() -> str:
    """`Heads.annotator_version` of the shipped heads."""
    return student().annotator_version


def _check(description: Mapping[str, Any], path: Path) -> None:
    if description["format"] != FORMAT:
        raise HeadsUnusable(f"{path} has format {description['format']}, not {FORMAT}: train the heads again")
    labels = {scheme: head["labels"] for scheme, head in description["heads"].items()}
    wanted = {scheme: list(SCHEMES[scheme].labels) for scheme in SCHEMES}
    if labels != wanted:
        raise HeadsUnusable(f"{path} is for the labels {labels}, not {wanted}: train the heads again")


def _read(description: Mapping[str, Any], tensors: Mapping[str, Any], sha256: str) -> Heads:
    vocabularies = {
        block: Vocabulary(
            tensors[f"vocabulary.{block}.terms"].tobytes().decode().split("\n"),
            tensors[f"vocabulary.{block}.idf"].astype(np.float64),
            longest,
        )
        for block, longest in description["longest"].items()
    }
    scaled = sorted(name.split(".")[1] for name in tensors if name.startswith("scale.") and name.endswith(".mean"))
    scales = {b: Scale(tensors[f"scale.{b}.mean"], tensors[f"scale.{b}.deviation"]) for b in scaled}
    kinds = {kind.__name__: kind for kind in (NominalHead, OrdinalHead)}
    heads: dict[str, Head] = {}
    for scheme, head in description["heads"].items():
        figures = {name: value for name, value in head.items() if name not in ("kind", "labels")}
        heads[scheme] = kinds[head["kind"]](
            weights=tensors[f"head.{scheme}.weights"].astype(np.float64),
            bias=tensors[f"head.{scheme}.bias"],
            **figures,
        )
    model, revision = description["embedding"]
    return Heads(description["version"], model, revision, FeatureSpace(vocabularies, scales), heads, sha256)


def annotate(papers: pl.DataFrame, embeddings: pl.DataFrame, heads: Heads) -> pl.DataFrame:
    """One label per paper and scheme.

    Args:
        papers: Columns ``paper_id``, ``text_sha256``, ``title``, ``abstract``.
        embeddings: As `assets.enrichment.embedding.embed` returns them, of at least these papers' texts.
        heads: As loaded.

    Returns:
        Frame of `ANNOTATION_SCHEMA` sorted by ``paper_id`` and ``scheme``; ``score`` is the probability of the label.

    Raises:
        HeadsUnusable: An embedding is missing, or is of another model than the heads were trained on.
    """
    if papers.is_empty():
        return pl.DataFrame(schema=ANNOTATION_SCHEMA)
    looked_at = Papers(
        papers["title"].fill_null("").str.strip_chars().to_list(),
        papers["abstract"].fill_null("").str.strip_chars().to_list(),
        _vectors(papers["text_sha256"], embeddings, heads),
    )
    # Papers without one word in common with the vocabulary are rows of zeros, not an error.
    frames = [
        papers.select("paper_id", "text_sha256").with_columns(_answers(scheme, head, looked_at, heads))
        for scheme, head in heads.heads.items()
    ]
    named = (pl.lit(ANNOTATOR).alias("annotator"), pl.lit(heads.annotator_version).alias("annotator_version"))
    annotations = pl.concat(frames).with_columns(*named).select(pl.col(n).cast(t) for n, t in ANNOTATION_SCHEMA.items())
    return annotations.sort("paper_id", "scheme")


def _answers(scheme: str, head: Head, papers: Papers, heads: Heads) -> list[pl.Series | pl.Expr]:
    label, score = head.predict(heads.space.matrix(papers, head.blocks))
    labels = list(SCHEMES[scheme].labels)
    return [
        pl.lit(scheme).alias("scheme"),
        pl.Series("label", [labels[i] for i in label], dtype=pl.String),
        pl.Series("score", np.clip(score, 0.0, 1.0), dtype=pl.Float64),
    ]


def _vectors(wanted: pl.Series, embeddings: pl.DataFrame, heads: Heads) -> Vectors:
    """Shape ``(papers, dim)`` in the order of ``wanted``, of the heads' own model."""
    own = embeddings.filter(
        (pl.col("model") == heads.embedding_model) & (pl.col("revision") == heads.embedding_revision)
    ).unique("text_sha256")
    found = pl.DataFrame({"text_sha256": wanted}).join(
        own.select("text_sha256", "vector"), on="text_sha256", how="left", maintain_order="left"
    )
    lacking = found.filter(pl.col("vector").is_null())["text_sha256"]
    if len(lacking):
        raise HeadsUnusable(
            f"{len(lacking)} of {len(found)} papers have no vector of {heads.embedding_model} "
            f"{heads.embedding_revision} (text_sha256 {lacking[0]}, …): embed them with it, or train heads for "
            "the model that is configured"
        )
    return np.array(found["vector"].to_list(), dtype=np.float32)
