"""How good the student heads are: repeated cross-validation with everything chosen inside the folds.

What does not belong here: fitting (`assets.enrichment.fitting`), and how scores are told (`assets.enrichment.card`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assets.enrichment.features import Floats
from assets.enrichment.fitting import Indices, Labelled, fit, splits
from assets.enrichment.taxonomy import Scheme

#: Splits of the reported scores; exploration used 0 to 2.
FIRST_SEED = 100

#: Equally wide bins of the score, for the calibration error.
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Scores:
    """Agreement of heads with the labels, each figure the mean over the repeats.

    Attributes:
        items: Papers scored.
        accuracy: Share labelled right.
        macro_f1: Mean of the F1 of the labels that the papers have.
        macro_f1_deviation: Standard deviation of it over the repeats (of the splits, not of other papers).
        f1: By label.
        quadratic_kappa: For ordinal schemes, else None.
        calibration_error: Mean distance between score and share right, over bins of the score.
        accuracy_by_source: By the source of the papers.
    """

    items: int
    accuracy: float
    macro_f1: float
    macro_f1_deviation: float
    f1: Mapping[str, float]
    quadratic_kappa: float | None
    calibration_error: float
    accuracy_by_source: Mapping[str, float]


def cross_validate(
    scheme: Scheme,
    items: Labelled,
    sources: Sequence[str],
    parts: Mapping[str, Indices],
    *,
    folds: int,
    repeats: int,
) -> dict[str, Scores]:
    """Scores of papers by heads that saw neither them nor their group, in training or in any choice.

    Args:
        scheme: The question.
        items: All labelled papers, shortened copies too.
        sources: Of the items.
        parts: Rows of the items that are scored together, by a name.
        folds: Of the cross-validation.
        repeats: With other splits.
    """
    runs: dict[str, list[Scores]] = {part: [] for part in parts}
    for repeat in range(repeats):
        answers, scores = np.empty_like(items.answers), np.empty(len(items.answers))
        for train, test in splits(items, folds, FIRST_SEED + repeat):
            answers[test], scores[test] = fit(scheme, items.take(train)).predict(items.papers.take(test))
        for part, rows in parts.items():
            origin = [sources[i] for i in rows]
            runs[part].append(score(scheme, items.answers[rows], answers[rows], scores[rows], origin))
    return {part: _mean(scored) for part, scored in runs.items()}


def score(scheme: Scheme, truth: Indices, answers: Indices, scores: Floats, sources: Sequence[str]) -> Scores:
    """One set of answers against the labels; ``scores`` are the heads' own probabilities of their answers."""
    from sklearn.metrics import cohen_kappa_score, f1_score

    labels = list(scheme.labels)
    indices = sorted(set(truth.tolist()))
    right = answers == truth
    f1 = f1_score(truth, answers, labels=indices, average=None, zero_division=0.0)
    kappa = (
        cohen_kappa_score(truth, answers, weights="quadratic", labels=range(len(labels))) if scheme.ordinal else None
    )
    origin = np.array(sources)
    return Scores(
        items=len(truth),
        accuracy=float(right.mean()),
        macro_f1=float(np.mean(f1)),
        macro_f1_deviation=0.0,
        f1={labels[i]: float(value) for i, value in zip(indices, f1, strict=True)},
        quadratic_kappa=None if kappa is None else float(kappa),
        calibration_error=_calibration_error(right.astype(np.float64), scores),
        accuracy_by_source={source: float(right[origin == source].mean()) for source in sorted(set(sources))},
    )


def _calibration_error(right: Floats, scores: Floats) -> float:
    bins = np.minimum((scores * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = [abs(right[bins == b].mean() - scores[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(np.sum(gaps))


def _mean(runs: Sequence[Scores]) -> Scores:
    kappas = [run.quadratic_kappa for run in runs if run.quadratic_kappa is not None]
    return Scores(
        items=runs[0].items,
        accuracy=float(np.mean([run.accuracy for run in runs])),
        macro_f1=float(np.mean([run.macro_f1 for run in runs])),
        macro_f1_deviation=float(np.std([run.macro_f1 for run in runs])),
        f1={label: float(np.mean([run.f1[label] for run in runs])) for label in runs[0].f1},
        quadratic_kappa=float(np.mean(kappas)) if kappas else None,
        calibration_error=float(np.mean([run.calibration_error for run in runs])),
        accuracy_by_source={
            source: float(np.mean([run.accuracy_by_source[source] for run in runs]))
            for source in runs[0].accuracy_by_source
        },
    )
