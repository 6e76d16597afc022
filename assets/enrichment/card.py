"""The card of the student heads: what they were trained on, how good they are, what they cannot do.

Here stands how a card is written, as JSON and as Markdown. What does not belong here: how its figures come about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from assets.enrichment.evaluation import Scores
from assets.enrichment.taxonomy import SCHEMES

LIMITS = (
    "English only; titles with abstracts, and paragraphs of articles that stand in for short abstracts.",
    "Few labels for some answers (see the counts): `clinical_case` and `other` of document_type lean on some forty "
    "texts each, and grade 5 of educational_quality has no classifier of its own and is hardly ever given.",
    "The feature blocks were chosen on the same labelled texts and page, with other splits than those reported: the "
    "cross-validated figures may be slightly too good. Strengths and calibration are chosen inside the folds.",
    "Shortened copies teach that a short abstract is no fragment. The price is `other` of document_type, which is "
    "found less surely among paragraphs: over three equal splits, with fixed strengths and not those reported, "
    "macro-F1 of document_type fell from 0.780 to 0.762.",
    "The grade of a shortened copy is a rule, not a reader's judgement. Papers of the page have no grade: on machine "
    "learning, grades are mostly 1, as in the labelled texts on general machine learning.",
    "Where one label dominates, as `study` does on listing pages, accuracy says little: always answering it can score "
    "as high. Read the F1 by label.",
    "On papers on machine learning, `domain` is much less sure than on papers from PubMed.",
    "A score says how often such an answer was right on texts like the labelled ones. On another kind of source it is "
    "too confident.",
    "Not for decisions on patients, nor for judging an author's work.",
)


@dataclass(frozen=True)
class Data:
    """The labelled texts.

    Attributes:
        name: File name.
        sha256: Of the file as read.
        texts: Number of labelled texts.
        groups: Number of articles that they come from.
        sources: Texts by source.
        labels: Scheme to label to number of texts.
        page: SHA-256 of the files of a listing page and its labels that were trained on too, by name.
    """

    name: str
    sha256: str
    texts: int
    groups: int
    sources: Mapping[str, int]
    labels: Mapping[str, Mapping[str, int]]
    page: Mapping[str, str]


@dataclass(frozen=True)
class HeadCard:
    """One head.

    Attributes:
        features: Feature blocks.
        shortened_weight: Of a shortened copy against a whole text.
        strength: Inverse regularisation, as chosen on all texts.
        calibration: Figures of the calibration.
        cross_validated: Scores on held-back texts.
        page: Scores on held-back papers of the listing page, or None.
        before_shortening: Scores on those held-back texts that have a shortened copy, or None.
        shortened: Scores on their shortened copies, held back with them, or None.
    """

    features: Sequence[str]
    shortened_weight: float
    strength: float
    calibration: Mapping[str, float]
    cross_validated: Scores
    page: Scores | None = None
    before_shortening: Scores | None = None
    shortened: Scores | None = None


@dataclass(frozen=True)
class Card:
    """Everything that is told of one file of heads.

    Attributes:
        version: Of the heads.
        trained_on: Day of the training.
        file_sha256: Of ``heads.safetensors``.
        file_bytes: Its size.
        embedding: Model and revision.
        data: The labelled texts.
        folds: Of the cross-validation, in which an article's texts stay together.
        repeats: Of it, with other splits.
        heads: By scheme.
        libraries: Versions.
        limits: What the heads cannot do.
    """

    version: str
    trained_on: date
    file_sha256: str
    file_bytes: int
    embedding: Mapping[str, str]
    data: Data
    folds: int
    repeats: int
    heads: Mapping[str, HeadCard]
    libraries: Mapping[str, str]
    limits: Sequence[str] = LIMITS

    def to_json(self) -> str:
        """The card as JSON, figures rounded to four decimals."""
        return json.dumps(_rounded(asdict(self)), indent=2, ensure_ascii=False) + "\n"

    def write(self, folder: Path) -> None:
        """Writes ``card.json`` and ``CARD.md``."""
        (folder / "card.json").write_text(self.to_json(), encoding="utf-8")
        (folder / "CARD.md").write_text(str(self), encoding="utf-8")

    def __str__(self) -> str:
        """The card as Markdown."""
        parts = [self._opening(), self._scores(), self._labels(), self._parts(), self._making(), self._limits()]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _opening(self) -> str:
        schemes = "\n".join(f"- `{name}`: {SCHEMES[name].definition}" for name in self.heads)
        return (
            f"# Student heads {self.version}\n\nLinear classifiers over TF-IDF, {self.embedding['model']} vectors and "
            f"counted cues that label a paper from its title and abstract.\n\n{schemes}"
        )

    def _scores(self) -> str:
        head = (
            "| scheme | macro-F1 | ± over splits | accuracy | quadratic kappa | calibration error |\n"
            "|---|---|---|---|---|---|"
        )
        rows = [
            f"| {name} | {s.macro_f1:.3f} | {s.macro_f1_deviation:.3f} | {s.accuracy:.3f} "
            f"| {_figure(s.quadratic_kappa)} | {s.calibration_error:.3f} |"
            for name, s in ((name, card.cross_validated) for name, card in self.heads.items())
        ]
        title = (
            f"## Scores on held-back texts\n\n{self.folds}-fold cross-validation, {self.repeats} times, texts of one "
            f"article kept together ({self.data.texts} texts of {self.data.groups} articles)."
        )
        return "\n".join([f"{title}\n", head, *rows])

    def _labels(self) -> str:
        head = "| scheme | label | texts | F1 |\n|---|---|---|---|"
        rows = [
            f"| {name} | {label} | {self.data.labels[name][label]} | {f1:.3f} |"
            for name, card in self.heads.items()
            for label, f1 in card.cross_validated.f1.items()
        ]
        by_source = [
            f"| {name} | {source} | {self.data.sources[source]} | {accuracy:.3f} |"
            for name, card in self.heads.items()
            for source, accuracy in card.cross_validated.accuracy_by_source.items()
        ]
        return "\n".join([head, *rows, "", "| scheme | source | texts | accuracy |\n|---|---|---|---|", *by_source])

    def _parts(self) -> str:
        head = "| scheme | texts | accuracy | macro-F1 | F1 by label |\n|---|---|---|---|---|"
        titles = {
            "page": "Papers of the listing page",
            "before_shortening": "Abstracts at full length",
            "shortened": "The same abstracts cut to their first two sentences",
        }
        told = []
        for part, title in titles.items():
            scored = {name: getattr(card, part) for name, card in self.heads.items()}
            rows = [
                f"| {name} | {s.items} | {s.accuracy:.3f} | {s.macro_f1:.3f} "
                f"| {', '.join(f'{label} {f1:.2f}' for label, f1 in s.f1.items())} |"
                for name, s in scored.items()
                if s is not None
            ]
            if rows:
                told.append("\n".join([f"## {title}, held back\n", head, *rows]))
        return "\n\n".join(told)

    def _making(self) -> str:
        heads = "\n".join(
            f"- {name}: {', '.join(card.features)}; C = {card.strength:g}"
            + f"; shortened copies of weight {card.shortened_weight:g}"
            + f"; {', '.join(f'{key} {value:.3f}' for key, value in card.calibration.items())}"
            for name, card in self.heads.items()
        )
        page = "".join(f"- Data: {name}, SHA-256 `{sha256}`\n" for name, sha256 in self.data.page.items())
        libraries = ", ".join(f"{name} {version}" for name, version in self.libraries.items())
        return (
            f"## How they were made\n\n- Data: {self.data.name}, SHA-256 `{self.data.sha256}`\n{page}"
            "- Shortened copies: title and first two sentences of every longer abstract, inside the training folds "
            f"only; a grade above 2 falls by one step, texts of grade 1 are not copied\n{heads}\n"
            f"- Embedding: {self.embedding['model']}, revision {self.embedding['revision']}\n"
            f"- Trained on {self.trained_on.isoformat()} with {libraries}\n"
            f"- File: `heads.safetensors`, {self.file_bytes} bytes, SHA-256 `{self.file_sha256}`"
        )

    def _limits(self) -> str:
        return "## Limits\n\n" + "\n".join(f"- {limit}" for limit in self.limits)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _rounded(value: object) -> object:
    """JSON-ready, with floats to four decimals."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value
