"""Training the student heads from a file of labelled texts, and writing their file and card.

Here stand reading the labels and the order of work. What does not belong here: how one head is fitted
(`assets.enrichment.fitting`), scored (`assets.enrichment.evaluation`) or described (`assets.enrichment.card`).

``python -m assets.enrichment.training LABELS OUT --cards CARDS --page PAGE`` made the heads that Litlake ships.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from importlib.metadata import version as version_of
from pathlib import Path

import numpy as np
import orjson
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from assets.enrichment.card import Card, Data, HeadCard
from assets.enrichment.embedding import Encoder, TextEncoder, paper_text
from assets.enrichment.evaluation import Scores, cross_validate
from assets.enrichment.features import FeatureSpace, Papers
from assets.enrichment.fitting import RECIPES, FittedHead, Indices, Labelled, fit
from assets.enrichment.heads import Heads, NominalHead
from assets.enrichment.taxonomy import SCHEMES, Scheme

#: Fewer texts than this of a label cannot be spread over folds within folds.
MIN_TEXTS_PER_LABEL = 10

#: Paragraphs of full text carry the title of the article and of the section; papers in a listing have no sections.
SECTION_MARK = " | section: "

LIBRARIES = ("numpy", "scikit-learn", "scipy", "sentence-transformers", "transformers", "tokenizers", "torch")

#: Short abstracts have about this many sentences.
SHORTENED_SENTENCES = 2

_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z(\[\"'])")


class LabelsUnusable(ValueError):
    """The labelled texts cannot be trained on; names the file and the line, or the label that lacks texts."""


@dataclass(frozen=True)
class LabelledText:
    """One text with its answers.

    Attributes:
        title: Of the paper, or of the article that a paragraph is from.
        text: Abstract or paragraph.
        group: Same for texts of one article.
        source: Where it is from.
        answers: Scheme to label.
        paragraph: It is a paragraph of an article, not an abstract.
        whole: False for a shortened copy.
    """

    title: str
    text: str
    group: str
    source: str
    answers: Mapping[str, str]
    paragraph: bool = False
    whole: bool = True


def read_labels(path: Path) -> list[LabelledText]:
    """Texts of a JSON lines file (gzip too): id, source, title, text, and a label for every scheme.

    Raises:
        LabelsUnusable: A line lacks a field or has a label that is not of the scheme.
    """
    content = path.read_bytes()
    lines = (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).splitlines()
    texts = []
    for number, line in enumerate(lines, start=1):
        try:
            texts.append(_labelled(orjson.loads(line)))
        except (KeyError, TypeError, AttributeError, ValueError) as fault:
            raise LabelsUnusable(f"{path.name}, line {number}: {fault!r}; correct the line") from fault
    return texts


def _labelled(line: Mapping[str, object]) -> LabelledText:
    answers = {name: str(line[name]) for name in SCHEMES}
    for name, label in answers.items():
        if label not in SCHEMES[name].labels:
            raise ValueError(f"{label!r} is no label of {name}")
    title = str(line["title"]).split(SECTION_MARK)[0].strip()
    group, mark, _ = str(line["id"]).partition("#")
    return LabelledText(title, str(line["text"]).strip(), group, str(line["source"]), answers, bool(mark))


def read_page(cards: Path, page: Path) -> list[LabelledText]:
    """Papers of a listing page (title and abstract lines in turn) with the labels that cards give by title.

    Raises:
        LabelsUnusable: The page does not hold the title of a card.
    """
    lines = page.read_text(encoding="utf-8").splitlines()
    texts = []
    for line in cards.read_bytes().splitlines():
        card = orjson.loads(line)
        title = _bare(card["title"])
        # The page glues a word of its own before the first title.
        at = next((i for i, shown in enumerate(lines[:-1]) if _bare(shown).endswith(title)), None)
        if at is None:
            raise LabelsUnusable(f"{page.name} lacks the paper {card['title']!r} of {cards.name}")
        answers = {name: str(card[name]) for name in ("document_type", "domain")}
        texts.append(LabelledText(card["title"], lines[at + 1].strip(), title, page.name, answers))
    return texts


def _bare(title: str) -> str:
    return re.sub(r"\W+", "", title).lower()


def train(
    labels: Path,
    encoder: TextEncoder,
    out: Path,
    *,
    version: str = "v2",
    trained_on: date | None = None,
    page: tuple[Path, Path] | None = None,
    folds: int = 5,
    repeats: int = 3,
) -> Card:
    """Trains a head for every scheme; the same labels and encoder give the same bytes.

    Args:
        labels: As `read_labels` takes them.
        encoder: Makes the vectors; the heads work with its model only.
        out: Folder for ``heads.safetensors``, ``card.json`` and ``CARD.md``; made if it is not there.
        version: Of the heads.
        trained_on: For the card; today if None.
        page: Cards and page as `read_page` takes them, to train on too.
        folds: Of the cross-validation that the card reports.
        repeats: Of it.

    Returns:
        The card that was written.

    Raises:
        LabelsUnusable: The labels cannot be read, or a label has too few texts.
    """
    texts = read_labels(labels)
    _require_enough(texts, labels.name)
    listed = read_page(*page) if page else []
    used = _with_shortened([*texts, *listed])
    papers = _papers(used, encoder)
    space = FeatureSpace.fit(
        papers.take(np.flatnonzero([text.whole for text in used])),
        sorted({block for recipe in RECIPES.values() for block in recipe.blocks}),
    )
    heads, cards = {}, {}
    # One thread: the sums come out in one order, and matrices this small are slower on two.
    with threadpool_limits(1):
        for name, scheme in SCHEMES.items():
            rows = np.array([i for i, text in enumerate(used) if name in text.answers])
            answered = [used[i] for i in rows]
            items = _items(scheme, answered, papers.take(rows))
            fitted = fit(scheme, items, space)
            sources = [text.source for text in answered]
            parts = _parts(scheme, answered, {text.group for text in listed})
            scores = cross_validate(scheme, items, sources, parts, folds=folds, repeats=repeats)
            heads[name] = fitted.head
            cards[name] = _head_card(scheme, fitted, scores)
    trained = Heads(version, encoder.model.name, encoder.model.revision, space, heads)
    content = trained.to_bytes()
    out.mkdir(parents=True, exist_ok=True)
    (out / "heads.safetensors").write_bytes(content)
    card = Card(
        version=version,
        trained_on=trained_on or datetime.now(UTC).date(),
        file_sha256=hashlib.sha256(content).hexdigest(),
        file_bytes=len(content),
        embedding={"model": encoder.model.name, "revision": encoder.model.revision},
        data=_data(labels, texts, page),
        folds=folds,
        repeats=repeats,
        heads=cards,
        libraries={name: version_of(name) for name in LIBRARIES},
    )
    card.write(out)
    return card


def _require_enough(texts: Sequence[LabelledText], name: str) -> None:
    for scheme in SCHEMES.values():
        counts = Counter(text.answers[scheme.name] for text in texts)
        # Grades may be rare (the head stretches over them), but the scale must be cut somewhere.
        lacking = [label for label in scheme.labels if counts[label] < MIN_TEXTS_PER_LABEL]
        if len(lacking) > (len(scheme.labels) - 3 if scheme.ordinal else 0):
            wanted = f"{scheme.name} needs at least {MIN_TEXTS_PER_LABEL} texts each of {', '.join(lacking)}"
            raise LabelsUnusable(f"{name}: {wanted}; label more")


def _papers(texts: Sequence[LabelledText], encoder: TextEncoder) -> Papers:
    titles, abstracts = [text.title for text in texts], [text.text for text in texts]
    vectors = encoder.encode([paper_text(t, a) for t, a in zip(titles, abstracts, strict=True)])
    return Papers(titles, abstracts, vectors)


def _with_shortened(texts: Sequence[LabelledText]) -> list[LabelledText]:
    """The texts, then a copy of every longer abstract with its first sentences only.

    Of a grade, a copy carries one step less, but coherent text never falls to 1; what is worth 1 is not copied.
    """
    copies = []
    for text in texts:
        start = " ".join(_BETWEEN_SENTENCES.split(text.text)[:SHORTENED_SENTENCES])
        if text.paragraph or start == text.text:
            continue
        answers = dict(text.answers)
        grade = int(answers.pop("educational_quality", 1))
        if grade > 1:
            answers["educational_quality"] = str(max(2, grade - 1))
        copies.append(replace(text, text=start, answers=answers, whole=False))
    return [*texts, *copies]


def _items(scheme: Scheme, texts: Sequence[LabelledText], papers: Papers) -> Labelled:
    labels = list(scheme.labels)
    answers = np.array([labels.index(text.answers[scheme.name]) for text in texts])
    return Labelled(papers, answers, [text.group for text in texts], np.array([text.whole for text in texts]))


def _parts(scheme: Scheme, texts: Sequence[LabelledText], listed: Set[str]) -> dict[str, Indices]:
    """Rows to score together: whole texts, those that have a copy, the copies, and the papers of the page.

    The grade of a copy is a guess, so that no score is told of it.
    """
    on_page = np.array([text.group in listed for text in texts])
    whole = np.array([text.whole for text in texts])
    parts = {"cross_validated": whole & ~on_page, "page": whole & on_page}
    if not scheme.ordinal:
        copied = {text.group for text in texts if not text.whole}
        parts["before_shortening"] = whole & ~on_page & np.array([text.group in copied for text in texts])
        parts["shortened"] = ~whole & ~on_page
    return {part: np.flatnonzero(rows) for part, rows in parts.items() if rows.any()}


def _head_card(scheme: Scheme, fitted: FittedHead, scores: Mapping[str, Scores]) -> HeadCard:
    head, recipe = fitted.head, RECIPES[scheme.name]
    names = ("temperature",) if isinstance(head, NominalHead) else ("slope", "intercept", "deviation")
    calibration = {name: float(getattr(head, name)) for name in names}
    return HeadCard(recipe.blocks, recipe.shortened_weight, fitted.strength, calibration, **scores)


def _data(labels: Path, texts: Sequence[LabelledText], page: tuple[Path, Path] | None) -> Data:
    counts = {name: Counter(text.answers[name] for text in texts) for name in SCHEMES}
    return Data(
        name=labels.name,
        sha256=hashlib.sha256(labels.read_bytes()).hexdigest(),
        texts=len(texts),
        groups=len({text.group for text in texts}),
        sources=dict(sorted(Counter(text.source for text in texts).items())),
        labels={name: {label: counts[name][label] for label in scheme.labels} for name, scheme in SCHEMES.items()},
        page={path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in page or ()},
    )


def main() -> None:
    """Trains from the command line and prints the card."""
    parser = argparse.ArgumentParser(description="Train the student heads.")
    parser.add_argument("labels", type=Path, help="labelled texts, JSON lines (.gz too)")
    parser.add_argument("out", type=Path, help="folder for the heads and their card")
    parser.add_argument("--cards", type=Path, help="labels of the papers of --page, to train on too")
    parser.add_argument("--page", type=Path, help="a listing page: lines of title and abstract in turn")
    given = parser.parse_args()
    if (given.cards is None) != (given.page is None):
        parser.error("--cards and --page go together")
    print(train(given.labels, Encoder(), given.out, page=(given.cards, given.page) if given.cards else None))


if __name__ == "__main__":
    main()
