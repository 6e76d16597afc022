"""Cleaning: what it changes, what it must not touch, and that clean text stays as it is."""

from __future__ import annotations

import gzip
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.listings.text import CHANGES, Cleaned, Kind, clean, normalised_title, text_sha256

LATEX = [
    (r"approximately 26\% on the exam", "approximately 26% on the exam"),
    (r"{\mu}-Bench and 30{\deg}", "μ-Bench and 30°"),
    (r"MedPix\textregistered, a dataset", "MedPix®, a dataset"),
    (r"the Corpus Web Salud Espa\~nol", "the Corpus Web Salud Español"),
    (r"M\"obius, na\"{\i}ve, Toma\v{s}ev, {\"O}sterreich, It\^o", "Möbius, naïve, Tomašev, Österreich, Itô"),
    (r"Bokm{\aa}l, S\o ren, 5 \AA and \AA ngstr\"om", "Bokmål, Søren, 5 Å and Ångström"),
    ("the `CCA-family' of ``deep'' methods", "the 'CCA-family' of \"deep\" methods"),
    (r"a system ({\tt Turbo}) of \emph{many} {\em small} parts", "a system (Turbo) of many small parts"),
    (r"\textbf{\underline{P}ersona} and pro{A}ctive", "Persona and proActive"),
    (r"$\alpha$-synuclein in H$_2$O at $10^{-3}$", "α-synuclein in H₂O at 10⁻³"),
    (r"$n=5$, $p < 0.05$, $25.7^\circ$, $\mathbb{R}^c$, \(2\times 3\)", "n=5, p < 0.05, 25.7°, ℝ^c, 2×3"),
    (r"TNF\alpha and IFN-\gamma", "TNFα and IFN-γ"),
    (r"arXiv prints TCR \b{eta} and \r{ho} = 0.3", "arXiv prints TCR β and ρ = 0.3"),
    (r"Liu~\cite{liu2024}. See Fig.~1 at~\url{https://a.org/b\_c}", "Liu. See Fig. 1 at https://a.org/b_c"),
    (r"\href{https://a.org}{the site} and \href{https://a.org}{\text{this https URL}}", None),
    ("at https://a.org/b}{https://a.org/b.", "at https://a.org/b."),
    (
        r"under-investi\-gated, avg.\ 86\,min, \$148K, RV \& Marine",
        "under-investigated, avg. 86 min, $148K, RV & Marine",
    ),
    (r"hallucinations$\unicode{x2013}$plausible", "hallucinations–plausible"),
]
NOT_LATEX = [
    "100% of 5% & more, #1 of a_b, <i> and > 80%",
    "It costs $5 and $10, or US$5-$10 in A$",
    "about ~5% of 3~5 wards; https://a.org/~nick/x",
    r"C:\Users\name\alpha and src\alpha in \\server\share",
    r"the pattern ^\d+\.\w*[a\-z]\b(?:\s|\S){2,4}",
    r"the \"open source\" model doesn\'t and the model\'s",
    r"we propose \ours and \name{} with \model{X}",
    r"a formula $\frac{\sigma_{\max}(E)}{\sum_i x}$ stays",
    "`code` and 5` to 3' and it's ''quoted''",
    "{a, b} is a set, and export $HOME/bin:$PATH",
    "a -- b --- c, pp. 10--20",
]
NOT_ENTITIES = ["A&B", "p < 0.05", "x&y;", "R&D; AT&T", "?a=1&copy=2", "salt & vinegar;"]


@pytest.mark.parametrize(("raw", "text"), LATEX)
def test_latex_left_overs_become_the_text_they_stand_for(raw: str, text: str | None) -> None:
    assert clean(raw, kind="abstract") == Cleaned(text or "the site (https://a.org) and https://a.org", ("latex",))


@pytest.mark.parametrize("raw", NOT_LATEX + NOT_ENTITIES)
@pytest.mark.parametrize("kind", ["title", "abstract"])
def test_what_is_no_latex_and_no_entity_survives(raw: str, kind: Kind) -> None:
    assert clean(raw, kind=kind) == Cleaned(raw, ())


@pytest.mark.parametrize(
    ("raw", "text"),
    [("A&amp;B", "A&B"), ("p &lt; 0.05", "p < 0.05"), ("p &amp;lt; 0.05", "p < 0.05"), ("&#945;&alpha;&#x3b1;", "ααα")],
)
def test_entities_become_characters_even_when_escaped_twice(raw: str, text: str) -> None:
    assert clean(raw, kind="title") == Cleaned(text, ("entities",))


@pytest.mark.parametrize(
    ("raw", "text", "change"),
    [
        (" a\u00a0 b\n  c ", "a b c", "whitespace"),
        ("a\u200bb\ufeff c\u00add", "ab cd", "zero_width"),
        ("a\x00b\x9f\ud800", "ab\ufffd", "control_characters"),
        ("e\u0301", "é", "nfc"),
    ],
)
def test_characters_that_do_not_print_are_tidied_and_named(raw: str, text: str, change: str) -> None:
    assert clean(raw, kind="abstract") == Cleaned(text, (change,))


def test_joiners_stay_where_a_script_or_an_emoji_needs_them() -> None:
    needed = "می\u200cخواهم 👩\u200d🔬"
    assert clean(needed, kind="title") == Cleaned(needed, ())


def test_lines_of_an_abstract_are_joined_and_its_paragraphs_stay_apart() -> None:
    raw = "Background: one\ntwo.\r\n \r\n\nResults:\tthree.\n"
    assert clean(raw, kind="abstract").text == "Background: one two.\n\nResults: three."
    assert clean(raw, kind="title").text == "Background: one two. Results: three."


def test_braces_that_protect_capitals_go_from_titles_only() -> None:
    assert clean("{DNA} repair", kind="title").text == "DNA repair"
    assert clean("{DNA} repair", kind="abstract").text == "{DNA} repair"


def test_changes_are_named_in_one_fixed_order() -> None:
    raw = "\\% &lt; e\u0301 \u200b\x01 $\\alpha$  "
    assert clean(raw, kind="title").changes == CHANGES


def test_a_text_without_a_fixed_point_keeps_its_entities() -> None:
    raw = "&" + "amp;" * 40
    assert clean(raw, kind="title") == Cleaned(raw, ())


_PIECES = (
    r"\ { } $ % & # ~ ' \" ` ^ _ a o i B 5 amp; lt; #92; \emph{ \alpha {\mu} \textbf{ \"o \~n \v{s} \b{eta} \( \) -- "
    r"\href{ \url{ https://a.org/b \frac{a}{b} \textregistered \cite{x} \text Fig. C:\ alpha $x$ \$ \textbackslash"
)
_LATEX_LIKE = st.lists(
    st.sampled_from([*_PIECES.split(), " ", "\n", "\n\n", "\u200b", "\u200c", "م", "\u0301", "\u00a0", "\ud800"]),
    max_size=25,
).map("".join)
_ANY = st.text(st.characters(exclude_categories=[]))


@settings(max_examples=400)
@given(_ANY | _LATEX_LIKE, st.sampled_from(["title", "abstract"]))
def test_clean_text_is_composed_trimmed_and_stays_as_it_is(raw: str, kind: Kind) -> None:
    cleaned = clean(raw, kind=kind)
    assert clean(cleaned.text, kind=kind) == Cleaned(cleaned.text, ())
    assert unicodedata.is_normalized("NFC", cleaned.text)
    assert cleaned.text == cleaned.text.strip()
    assert (cleaned.changes == ()) == (cleaned.text == raw)
    assert list(cleaned.changes) == [name for name in CHANGES if name in cleaned.changes]


@pytest.mark.parametrize(
    "piece",
    ["\\", "&amp;", "$", "$a", "{", "\\emph{", "`a ", "https://", "a~", "\u0301", '\\"a', "C:\\", "\n \n", "\\(^"],
)
def test_a_megabyte_of_anything_is_cleaned(piece: str) -> None:
    """A pattern that backtracks badly would not end within the test run."""
    raw = piece * (1_000_000 // len(piece)) + "%"
    assert len(clean(raw, kind="abstract").text) <= len(raw)


def test_one_title_however_typeset_has_one_key() -> None:
    spellings = [
        r"{\mu}-Bench: A Vision-Language Benchmark",
        "μ-Bench: a vision–language benchmark.",
        "µ-bench A Vision Language  Benchmark",
    ]
    assert {normalised_title(title) for title in spellings} == {"μ bench a vision language benchmark"}


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Étude of Alzheimer's and Sjögren’s H₂O", "etude of alzheimers and sjogrens h2o"),
        ("ﬁne Straße №5", "fine strasse no5"),
        ("医学データ：その１", "医学データ その1"),
        ("हिन्दी में", "हिन्दी में"),
        ("?! ...", ""),
    ],
)
def test_the_key_of_a_title_keeps_letters_and_digits_of_any_script(title: str, key: str) -> None:
    assert normalised_title(title) == key


@given(_ANY)
def test_the_key_of_a_key_is_itself(title: str) -> None:
    key = normalised_title(title)
    assert normalised_title(key) == key


def test_the_checksum_is_of_the_cleaned_text() -> None:
    assert text_sha256(r"{\mu}-Bench", "5\\%\nof") == text_sha256("μ-Bench", "5% of")
    assert text_sha256("a", None) == text_sha256("a", "") != text_sha256(None, "a")


@given(_ANY)
def test_the_checksum_exists_for_any_text(text: str) -> None:
    assert len(text_sha256(text, text)) == 64


@pytest.mark.shared
def test_the_seed_page_holds_no_latex_after_cleaning(shared: Path) -> None:
    lines = (shared / "seed" / "hf_papers_listing.txt").read_text(encoding="utf-8").splitlines()
    cleaned = [clean(line, kind="abstract") for line in lines]
    assert not [one.text for one in cleaned if any(mark in one.text for mark in "\\{}`")]
    assert {change for one in cleaned for change in one.changes} == {"latex"}
    assert sum("latex" in one.changes for one in cleaned) == 11


@pytest.mark.shared
def test_listed_abstracts_are_clean_after_cleaning(shared: Path) -> None:
    with gzip.open(shared / "listings" / "arxiv_daily" / "arxiv_2025-04.jsonl.gz", "rt", encoding="utf-8") as listing:
        abstracts = [json.loads(line)["summary"] for line in listing]
    for abstract in abstracts[:1000]:
        text = clean(abstract, kind="abstract").text
        assert clean(text, kind="abstract") == Cleaned(text, ())
        assert "\n" not in text
