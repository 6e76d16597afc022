"""The picture of a day's labels: well formed whatever a label says, and there for an empty day too."""

from __future__ import annotations

import base64

import polars as pl
from lxml import etree

from assets.enrichment.picture import bars, label_picture

SCHEMA = {"scheme": pl.String, "label": pl.String, "works": pl.UInt32}


def test_every_label_has_a_bar_and_its_number() -> None:
    rows = [("domain", "clinical", 30), ("domain", "other", 1), ("document_type", "review", 12)]
    picture = etree.fromstring(bars(pl.DataFrame(rows, schema=SCHEMA, orient="row")))
    widths = [float(bar.get("width")) for bar in picture.iter("{*}rect") if bar.get("fill") != "white"]
    assert len(widths) == 3 and widths[0] > widths[2] > widths[1] > 0
    assert {"domain", "document_type", "clinical", "30"} <= {text.text for text in picture.iter("{*}text")}


def test_a_label_is_text_in_the_picture_and_never_markup() -> None:
    rows = [("<script>", 'a "b" & <c>', 1)]
    picture = etree.fromstring(bars(pl.DataFrame(rows, schema=SCHEMA, orient="row")))
    assert {"<script>", 'a "b" & <c>'} <= {text.text for text in picture.iter("{*}text")}


def test_a_day_without_labels_has_an_empty_picture() -> None:
    markdown = label_picture(pl.DataFrame(schema=SCHEMA))
    encoded = markdown.removeprefix("![labels of the day](data:image/svg+xml;base64,").removesuffix(")")
    assert etree.fromstring(base64.b64decode(encoded)).tag.endswith("svg")
