"""How a student head is fitted: its recipe, the choice of its strength, and the calibration of its answers.

Everything that is chosen from labels is chosen inside `fit`, by cross-validation over the items given, so that
`assets.enrichment.evaluation` can hold items back from all of it. What does not belong here: reading labels, scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.enrichment.features import FIELD, STYLE, TITLE_WORDS, VECTOR, WORDS, FeatureSpace, Floats, Papers
from assets.enrichment.heads import Head, NominalHead, OrdinalHead
from assets.enrichment.taxonomy import Scheme

Indices = NDArray[np.intp]

#: Inverse regularisation strengths that are tried; TF-IDF rows and embeddings both have length 1.
STRENGTHS = (3.0, 10.0, 30.0)
INNER_FOLDS = 5

#: Logits are divided by one of these, whichever gives the held-back items the least log loss.
TEMPERATURES = np.geomspace(0.25, 4.0, 49)

#: Of an ordinal head, whichever makes the mean score of the held-back items the share that was right.
DEVIATIONS = np.geomspace(0.1, 2.0, 121)

#: A grade with fewer items above (or below) it than this gets no classifier of its own.
MIN_ITEMS_BEYOND_CUT = 20

#: Bias of a label that was not seen.
NEVER = -1000.0


@dataclass(frozen=True)
class Recipe:
    """What a head sees.

    Attributes:
        blocks: Feature blocks.
        shortened_weight: How much a shortened copy of an abstract weighs against a whole text.
    """

    blocks: tuple[str, ...]
    shortened_weight: float


#: Chosen in November 2026 by grouped cross-validation with other splits than those reported. Style cues are worth
#: 0.07 of macro-F1 on document_type and cost domain, where field cues and titles hold on machine learning too.
#: Without shortened copies, short abstracts pass for fragments: 0.63 instead of 0.84 of them had the right type.
RECIPES: Mapping[str, Recipe] = {
    "document_type": Recipe((WORDS, TITLE_WORDS, VECTOR, STYLE), shortened_weight=0.5),
    "domain": Recipe((VECTOR, FIELD, TITLE_WORDS), shortened_weight=0.5),
    "educational_quality": Recipe((WORDS, VECTOR, STYLE), shortened_weight=0.1),
}


@dataclass(frozen=True)
class Labelled:
    """Papers with the answers to one scheme.

    Attributes:
        papers: What is looked at.
        answers: Index of the label in the scheme's order, one a paper.
        groups: Papers of one group (paragraphs of one article, copies of one abstract) are never split between
            training and test.
        whole: False where the paper is a shortened copy of another.
    """

    papers: Papers
    answers: Indices
    groups: Sequence[str]
    whole: NDArray[np.bool_]

    def take(self, rows: Indices) -> Labelled:
        """Some of the papers with their answers."""
        return Labelled(self.papers.take(rows), self.answers[rows], [self.groups[i] for i in rows], self.whole[rows])

    def space(self, blocks: Sequence[str]) -> FeatureSpace:
        """Features fitted on the whole papers: in a copy, a term of one paper alone would count twice."""
        return FeatureSpace.fit(self.papers.take(np.flatnonzero(self.whole)), blocks)


def splits(items: Labelled, folds: int, seed: int) -> list[tuple[Indices, Indices]]:
    """Rows to train on and rows held back: stratified by answer, groups kept whole."""
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(items.answers)), _strata(items.answers), items.groups))


def _strata(answers: Indices) -> Indices:
    """A label with fewer items than folds cannot be spread over them: it joins the label below it."""
    counts = np.bincount(answers)
    strata = answers.copy()
    for label in range(len(counts) - 1, 0, -1):
        if 0 < (strata == label).sum() < INNER_FOLDS:
            strata[strata == label] = label - 1
    return strata


@dataclass(frozen=True)
class FittedHead:
    """A head, the features it was fitted on, and the strength that was chosen."""

    head: Head
    space: FeatureSpace
    strength: float

    def predict(self, papers: Papers) -> tuple[Indices, Floats]:
        """As `Head.predict`."""
        return self.head.predict(self.space.matrix(papers, self.head.blocks))


def fit(scheme: Scheme, items: Labelled, space: FeatureSpace | None = None) -> FittedHead:
    """A head for one scheme: strength and calibration from held-back whole papers, then weights from all items.

    Args:
        scheme: Its name finds the recipe.
        items: Labelled papers.
        space: Fitted features to use for the final weights, where several heads share one.
    """
    recipe = RECIPES[scheme.name]
    held_back, truth = _held_back(scheme, recipe, items), items.answers[items.whole]
    score = _kappa_of_sum if scheme.ordinal else _macro_f1_of_logits
    # The strongest regularisation among equals.
    best = max(STRENGTHS, key=lambda strength: (round(score(held_back[strength], truth), 3), -strength))
    space = space or items.space(recipe.blocks)
    head = _weights(scheme, recipe, _rows(recipe, space, items), best)
    if isinstance(head, OrdinalHead):
        return FittedHead(_stretched(head, held_back[best], truth), space, best)
    return FittedHead(_tempered(head, held_back[best], truth), space, best)


def _held_back(scheme: Scheme, recipe: Recipe, items: Labelled) -> dict[float, Floats]:
    """By strength, the logits (for an ordinal scheme, sums of probabilities) of every whole paper, held back.

    The heads that answer saw neither it nor another item of its group.
    """
    answered: dict[float, list[Floats]] = {strength: [] for strength in STRENGTHS}
    folds = [(train, test[items.whole[test]]) for train, test in splits(items, INNER_FOLDS, seed=0)]
    for train, test in folds:
        known = items.take(train)
        rows = _rows(recipe, known.space(recipe.blocks), known)
        features = rows.space.matrix(items.papers.take(test), recipe.blocks)
        for strength in STRENGTHS:
            head = _weights(scheme, recipe, rows, strength)
            answered[strength].append(head.raw(features) if isinstance(head, OrdinalHead) else head.logits(features))
    order = np.argsort(np.concatenate([test for _, test in folds]))
    return {strength: np.concatenate(answers)[order] for strength, answers in answered.items()}


@dataclass(frozen=True)
class _Rows:
    """What a classifier is fitted on: a row of features, an answer and a weight for every text."""

    space: FeatureSpace
    features: Any
    answers: Indices
    weight: Floats


def _rows(recipe: Recipe, space: FeatureSpace, items: Labelled) -> _Rows:
    weight = np.where(items.whole, 1.0, recipe.shortened_weight)
    return _Rows(space, space.matrix(items.papers, recipe.blocks), items.answers, weight)


def _weights(scheme: Scheme, recipe: Recipe, rows: _Rows, strength: float) -> NominalHead | OrdinalHead:
    """A head without calibration."""
    grades, answers = len(scheme.labels), rows.answers
    if not scheme.ordinal:
        fitted = _logistic(rows, answers, strength, balanced=True)
        return NominalHead(recipe.blocks, *_row_per_label(fitted, grades))
    above = [_logistic(rows, answers >= k, strength, balanced=False) for k in _cuts(answers, grades)]
    bias = np.concatenate([fitted.intercept_ for fitted in above])
    return OrdinalHead(recipe.blocks, np.vstack([fitted.coef_ for fitted in above]), bias, grades)


def _cuts(answers: Indices, grades: int) -> list[int]:
    """Grades with `MIN_ITEMS_BEYOND_CUT` items on either side; where there are so few items, the most even cut."""
    smaller_side = {k: int(min((answers < k).sum(), (answers >= k).sum())) for k in range(1, grades)}
    enough = [k for k, items in smaller_side.items() if items >= MIN_ITEMS_BEYOND_CUT]
    return enough or [max(smaller_side, key=lambda k: smaller_side[k])]


def _logistic(rows: _Rows, answers: NDArray[Any], strength: float, *, balanced: bool) -> Any:
    from sklearn.linear_model import LogisticRegression

    weight = rows.weight
    if balanced:
        # Not scikit-learn's "balanced": it counts rows, and a light copy would count as a whole text.
        of_label = np.bincount(answers, weights=weight)
        weight = weight * weight.sum() / (np.count_nonzero(of_label) * of_label[answers])
    return LogisticRegression(C=strength, max_iter=5000).fit(rows.features, answers, sample_weight=weight)


def _row_per_label(fitted: Any, labels: int) -> tuple[Floats, Floats]:
    """Weights and bias with a row for every label; one that no item of a fold carries is never given."""
    weights, bias = np.zeros((labels, fitted.coef_.shape[1])), np.full(labels, NEVER)
    binary = len(fitted.classes_) == 2  # scikit-learn then keeps only the row of the second class
    weights[fitted.classes_] = np.vstack([np.zeros_like(fitted.coef_), fitted.coef_]) if binary else fitted.coef_
    bias[fitted.classes_] = np.append(0.0, fitted.intercept_) if binary else fitted.intercept_
    return weights, bias


def _macro_f1_of_logits(logits: Floats, answers: Indices) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(answers, logits.argmax(axis=1), average="macro"))


def _kappa_of_sum(sums: Floats, answers: Indices) -> float:
    from sklearn.metrics import cohen_kappa_score

    slope, intercept = _line(sums, answers)
    grades = np.clip(np.floor(sums * slope + intercept + 0.5), 1, answers.max() + 1)
    return float(cohen_kappa_score(answers + 1, grades.astype(int), weights="quadratic"))


def _tempered(head: NominalHead, logits: Floats, answers: Indices) -> NominalHead:
    from scipy.special import log_softmax

    rows = np.arange(len(answers))
    losses = [-log_softmax(logits / t, axis=1)[rows, answers].mean() for t in TEMPERATURES]
    return replace(head, temperature=float(TEMPERATURES[int(np.argmin(losses))]))


def _line(sums: Floats, answers: Indices) -> tuple[float, float]:
    """The line that gives the sums the mean and the spread of the grades (which count from 1)."""
    slope = float((answers + 1).std() / max(sums.std(), 1e-9))
    return slope, float((answers + 1).mean() - slope * sums.mean())


def _stretched(head: OrdinalHead, sums: Floats, answers: Indices) -> OrdinalHead:
    slope, intercept = _line(sums, answers)
    line = replace(head, slope=slope, intercept=intercept)
    share_right = (line.answer(sums)[0] == answers).mean()
    candidates = [replace(line, deviation=float(deviation)) for deviation in DEVIATIONS]
    return min(candidates, key=lambda candidate: abs(candidate.answer(sums)[1].mean() - share_right))
