"""Sentences of scientific prose: what ends one and what only looks so."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.sources.jats.sentences import sentence_spans


@pytest.mark.parametrize(
    "sentences",
    [
        ["It is shown in Fig. 2 and Figs. S3–S5.", "Nothing else is."],
        ["As Smith et al. (2010) and Doe et al. 2011 found, it grows."],
        ["This was found by Smith et al.", "The rest is new."],
        ["Some genes, e.g. TP53, i.e. The Guardian, vs. BRCA1, are known."],
        ["J. R. Smith and A.-B. Jones wrote it.", "We read it."],
        ["The value was 0.05.", "A second was 3.14 at p < 0.001."],
        ["It was shown before.12,13", "The next study failed.", "So it goes."],
        ["It fell [12].", "[13] It rose."],
        ["Is it so?", "“Yes.”", "Good!"],
        ["We used Tween 20 (Sigma, St. Louis, MO) at ca. 20 °C.", "Cells grew."],
        ["Grown with E. coli in 5 ml.", "Then spun."],
        ["1. The first item.", "2. The second item."],
        ["There was no. 5 of them."],
        ["The answer is no.", "Then what?"],
        ["In the U.S. Navy it is so.", "In the U.S.", "It is not."],
    ],
)
def test_sentences_end_where_a_reader_ends_them(sentences: list[str]) -> None:
    text = " ".join(sentences)
    found = [text[start:end] for start, end in sentence_spans(text)]
    assert found == sentences


@given(st.text(alphabet="aA1. ?!()[]“”,\n\tFig.et al", max_size=200))
def test_sentences_lie_in_order_and_lose_nothing_but_blanks(text: str) -> None:
    spans = sentence_spans(text)
    assert "".join("".join(text[start:end] for start, end in spans).split()) == "".join(text.split())
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
