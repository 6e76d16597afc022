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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib.metadata import version as version_of
from pathlib import Path

import numpy as np
import orjson
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from assets.enrichment.card import Card, Data, HeadCard
from assets.enrichment.embedding import Encoder, TextEncoder, paper_text
from assets.enrichment.evaluation import Scores, cross_validate, score
from assets.enrichment.exemplars import DOMAIN_EXEMPLARS
from assets.enrichment.features import FeatureSpace, Papers
from assets.enrichment.fitting import RECIPES, FittedHead, Labelled, fit
from assets.enrichment.heads import Heads, NominalHead
from assets.enrichment.taxonomy import SCHEMES, Scheme

#: Fewer texts than this of a label cannot be spread over folds within folds.
MIN_TEXTS_PER_LABEL = 10

#: Paragraphs of full text carry the title of the article and of the section; papers in a listing have no sections.
SECTION_MARK = " | section: "

LIBRARIES = ("numpy", "scikit-learn", "scipy", "sentence-transformers", "transformers", "tokenizers", "torch")

#: Sentences per scheme, label to titles.
EXEMPLARS: Mapping[str, Mapping[str, Sequence[str]]] = {"domain": DOMAIN_EXEMPLARS}


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
        acceptable: Scheme to labels that are no mistake either.
    """

    title: str
    text: str
    group: str
    source: str
    answers: Mapping[str, str]
    acceptable: Mapping[str, Sequence[str]] = field(default_factory=dict)


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
    return LabelledText(title, str(line["text"]).strip(), str(line["id"]).split("#")[0], str(line["source"]), answers)


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
        acceptable = {"domain": card.get("domain_alt") or []}
        texts.append(LabelledText(card["title"], lines[at + 1].strip(), title, page.name, answers, acceptable))
    return texts


def _bare(title: str) -> str:
    return re.sub(r"\W+", "", title).lower()


def train(
    labels: Path,
    encoder: TextEncoder,
    out: Path,
    *,
    version: str = "v1",
    trained_on: date | None = None,
    elsewhere: Sequence[LabelledText] = (),
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
        elsewhere: Labelled papers of another source, to score on; those trained on, by title, are left out.
        folds: Of the cross-validation that the card reports.
        repeats: Of it.

    Returns:
        The card that was written.

    Raises:
        LabelsUnusable: The labels cannot be read, or a label has too few texts.
    """
    texts = read_labels(labels)
    _require_enough(texts, labels.name)
    papers, exemplars = _papers(texts, encoder), _exemplars(encoder)
    known = {_bare(text.title) for text in texts}
    others = [text for text in elsewhere if _bare(text.title) not in known]
    other_papers = _papers(others, encoder) if others else None

    space = FeatureSpace.fit(papers, sorted({block for recipe in RECIPES.values() for block in recipe.blocks}))
    sources = [text.source for text in texts]
    heads, cards = {}, {}
    # One thread: the sums come out in one order, and matrices this small are slower on two.
    with threadpool_limits(1):
        for name, scheme in SCHEMES.items():
            items, added = _items(scheme, texts, papers), exemplars.get(name)
            fitted = fit(scheme, items, added, space)
            scores = cross_validate(scheme, items, added, sources, folds=folds, repeats=repeats)
            heads[name] = fitted.head
            cards[name] = _head_card(scheme, fitted, scores, others, other_papers)
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
        data=_data(labels, texts),
        folds=folds,
        repeats=repeats,
        elsewhere_name=" and ".join(sorted({text.source for text in others})) or None,
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


def _exemplars(encoder: TextEncoder) -> dict[str, Labelled]:
    labelled = {}
    for name, by_label in EXEMPLARS.items():
        titles = [title for label in SCHEMES[name].labels for title in by_label[label]]
        answers = [i for i, label in enumerate(SCHEMES[name].labels) for _ in by_label[label]]
        papers = Papers(titles, [""] * len(titles), encoder.encode(titles))
        labelled[name] = Labelled(papers, np.array(answers), titles)
    return labelled


def _items(scheme: Scheme, texts: Sequence[LabelledText], papers: Papers) -> Labelled:
    labels = list(scheme.labels)
    answers = np.array([labels.index(text.answers[scheme.name]) for text in texts])
    return Labelled(papers, answers, [text.group for text in texts])


def _head_card(
    scheme: Scheme, fitted: FittedHead, scores: Scores, others: Sequence[LabelledText], papers: Papers | None
) -> HeadCard:
    head, recipe = fitted.head, RECIPES[scheme.name]
    names = ("temperature",) if isinstance(head, NominalHead) else ("slope", "intercept", "deviation")
    elsewhere = acceptable = None
    if papers is not None and all(scheme.name in text.answers for text in others):
        truth = _items(scheme, others, papers).answers
        answers, probabilities = fitted.predict(papers)
        elsewhere = score(scheme, truth, answers, probabilities, [text.source for text in others])
        given = [list(scheme.labels)[i] for i in answers]
        right = [
            label in (text.answers[scheme.name], *text.acceptable.get(scheme.name, ()))
            for label, text in zip(given, others, strict=True)
        ]
        acceptable = float(np.mean(right))
    calibration = {name: float(getattr(head, name)) for name in names}
    return HeadCard(recipe.blocks, recipe.exemplar_weight, fitted.strength, calibration, scores, elsewhere, acceptable)


def _data(labels: Path, texts: Sequence[LabelledText]) -> Data:
    counts = {name: Counter(text.answers[name] for text in texts) for name in SCHEMES}
    return Data(
        name=labels.name,
        sha256=hashlib.sha256(labels.read_bytes()).hexdigest(),
        texts=len(texts),
        groups=len({text.group for text in texts}),
        sources=dict(sorted(Counter(text.source for text in texts).items())),
        labels={name: {label: counts[name][label] for label in scheme.labels} for name, scheme in SCHEMES.items()},
        exemplars={name: sum(map(len, by_label.values())) for name, by_label in EXEMPLARS.items()},
    )


def main() -> None:
    """Trains from the command line and prints the card."""
    parser = argparse.ArgumentParser(description="Train the student heads.")
    parser.add_argument("labels", type=Path, help="labelled texts, JSON lines (.gz too)")
    parser.add_argument("out", type=Path, help="folder for the heads and their card")
    parser.add_argument("--cards", type=Path, help="labels of the papers of --page, to score on")
    parser.add_argument("--page", type=Path, help="a listing page: lines of title and abstract in turn")
    given = parser.parse_args()
    if (given.cards is None) != (given.page is None):
        parser.error("--cards and --page go together")
    elsewhere = read_page(given.cards, given.page) if given.cards else []
    print(train(given.labels, Encoder(), given.out, elsewhere=elsewhere))


if __name__ == "__main__":
    main()
