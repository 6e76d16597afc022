"""Figures, tables and supplements of an article, each with the sentences of the text that cite it.

What does not belong here: the order of reading and what is a float (`assets.sources.jats.passages`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from operator import itemgetter

from lxml import etree

from assets.sources.base import Figure
from assets.sources.jats.passages import Block, FullText
from assets.sources.jats.sentences import sentence_spans
from assets.sources.jats.text import Anchor, href, text

#: What stands between the two links of a range, "Figs 2–4".
_RANGE = re.compile(r"\s*(?:[-‐‑‒–—−]|to|through)\s*")

#: A longer range than this is none: two links that happen to stand together.
_LONGEST_RANGE = 40

#: Characters of the longest sentence and sentences of one figure that are kept: several times what real articles have,
#: and what keeps a hostile one from growing without bound.
_LONGEST_SENTENCE = 2_000
_MOST_SENTENCES = 100


def read_figures(whole: FullText) -> list[Figure]:
    """One row a float that says anything, in reading order."""
    cited = _citations(whole)
    rows = []
    for item in whole.floats:
        figure_id = (item.element.get("id") or "").strip() or None
        label = text(item.element.find("label"), frozenset({"xref"}))
        graphic = _graphic(item.element)
        if label or item.caption or graphic:
            sentences = list(cited.get(figure_id, ())) if figure_id else []
            rows.append(Figure(figure_id, item.kind, label, item.caption, graphic, sentences))
    return rows


def _graphic(element: etree._Element) -> str | None:
    if element.tag in ("supplementary-material", "media") and (own := href(element)):
        return own
    for name in ("graphic", "alternatives/graphic", "media", "alternatives/media", "p/media", "inline-graphic"):
        if found := href(element.find(name)):
            return found
    return None


def _citations(whole: FullText) -> dict[str, dict[str, None]]:
    """Sentences by the id of the float that they refer to; each once and in order."""
    order: dict[str, tuple[str, int]] = {}
    by_kind: dict[str, list[str]] = {}
    for item in whole.floats:
        if (figure_id := (item.element.get("id") or "").strip()) and figure_id not in order:
            siblings = by_kind.setdefault(item.kind, [])
            order[figure_id] = (item.kind, len(siblings))
            siblings.append(figure_id)
    cited: dict[str, dict[str, None]] = {}
    for block in whole.blocks:
        own = "" if block.owner is None else (block.owner.get("id") or "").strip()
        for sentence, figure_id in _references(block, order, by_kind):
            of_figure = cited.setdefault(figure_id, {})
            if figure_id != own and len(of_figure) < _MOST_SENTENCES:
                of_figure[sentence] = None
    return cited


def _references(
    block: Block, order: dict[str, tuple[str, int]], by_kind: dict[str, list[str]]
) -> list[tuple[str, str]]:
    anchors = [anchor for anchor in block.prose.anchors if any(target in order for target in anchor.targets)]
    if not anchors:
        return []
    told = block.prose.text
    spans = sentence_spans(told)
    found = []
    previous: Anchor | None = None
    for anchor in anchors:
        targets = [target for target in anchor.targets if target in order]
        if previous is not None and _RANGE.fullmatch(told, previous.end, anchor.start):
            targets = [*_between(previous, targets[0], order, by_kind), *targets]
        sentence = _sentence(told, spans, anchor)
        found += [(sentence, target) for target in targets]
        previous = anchor
    return found


def _sentence(told: str, spans: list[tuple[int, int]], anchor: Anchor) -> str:
    start, end = spans[min(bisect_right(spans, anchor.start, key=itemgetter(1)), len(spans) - 1)]
    if end - start > _LONGEST_SENTENCE:  # no sentence: what stands around the reference
        start = max(start, anchor.start - _LONGEST_SENTENCE // 2)
        end = min(end, start + _LONGEST_SENTENCE)
    return told[start:end]


def _between(first: Anchor, last: str, order: dict[str, tuple[str, int]], by_kind: dict[str, list[str]]) -> list[str]:
    """Floats that a range names without linking them."""
    opening = next(target for target in reversed(first.targets) if target in order)
    (kind, start), (other, end) = order[opening], order[last]
    if kind != other or not start < end <= start + _LONGEST_RANGE:
        return []
    return by_kind[kind][start + 1 : end]
