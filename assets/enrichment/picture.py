"""A small picture of how a day's labels are spread."""

from __future__ import annotations

import base64
from html import escape

import polars as pl

_BAR, _GAP, _LABELS, _WIDTH = 14, 5, 110, 420
_COLOURS = ("#2f6f9f", "#4b9c7f", "#b07d2b")


def label_picture(counts: pl.DataFrame) -> str:
    """Bars of works a label, one colour a scheme, as an image inside Markdown, for the Dagster UI.

    Args:
        counts: Columns scheme, label, works; at most some twenty rows.
    """
    return f"![labels of the day](data:image/svg+xml;base64,{_encoded(bars(counts))})"


def bars(counts: pl.DataFrame) -> str:
    """The picture as SVG text."""
    most = max(counts["works"].to_list(), default=1)
    y, parts = 0, []
    for index, (scheme, group) in enumerate(counts.group_by("scheme", maintain_order=True)):
        parts.append(f'<text x="0" y="{y + 12}" font-weight="bold">{escape(str(scheme[0]))}</text>')
        y += _BAR + _GAP
        for label, works in group.select("label", "works").iter_rows():
            width = max(1, round((_WIDTH - _LABELS - 50) * works / most))
            parts.append(f'<text x="{_LABELS - 6}" y="{y + 12}" text-anchor="end">{escape(label)}</text>')
            fill = _COLOURS[index % len(_COLOURS)]
            parts.append(f'<rect x="{_LABELS}" y="{y}" width="{width}" height="{_BAR}" fill="{fill}"/>')
            parts.append(f'<text x="{_LABELS + width + 5}" y="{y + 12}">{works}</text>')
            y += _BAR + _GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{max(y, 1)}" font-family="sans-serif"'
    return f'{head} font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'


def _encoded(svg: str) -> str:
    return base64.b64encode(svg.encode()).decode()
