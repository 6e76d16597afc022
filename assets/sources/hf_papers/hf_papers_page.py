"""The source ``hf_papers_page``: the Hugging Face papers page, saved as text or as the site's HTML.

As text it is a header, then a title line and an abstract line for each paper: no identifiers, dates or authors. As HTML
it carries the same items as the site's JSON interface, in the order in which the page shows them. Its day is the day it
is landed or fetched for. Text is passed on as received. What does not belong here: where the items lie in the HTML
(`assets.sources.hf_papers.island`), cleaning of text (`assets.listings.text`).
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from assets.sources import json_rows
from assets.sources.base import Quarantined, RawObject, Record, Source, StreamDamaged, excerpt
from assets.sources.hf_papers.hf_papers import papers
from assets.sources.hf_papers.island import LIST, daily_papers
from assets.sources.json_rows import read_page
from assets.sources.streams import Line, lines

#: A page is held in memory to be paired. The seed page, 119 papers, is 173 kB.
MAX_PAGE_BYTES: Final = 64 * 1024 * 1024
MAX_PAGE_LINES: Final = 200_000

# "…in your email inbox once a day!" and "…in your email inbox!", any number, and the button under them.
_HEADER = re.compile(
    r"(?:\ufeff?\s*Get trending papers in your (?:email )?inbox(?: [a-z ]{1,20})?(?:!|(?=\s*\Z)))+\s*", re.IGNORECASE
)
_BUTTON = "Subscribe"
# "Subscribers leave …" and "Subscribe: …" are titles of their own.
_BUTTON_GLUED = re.compile(r"\A\s*Subscribe(?![\s,.:;!?-])(?!(?:s|d|rs?)\b)(?=.)")
_HTML = re.compile(r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html)\b", re.I | re.S)

# How a line looks, in tenths: above 0 like a title, below like an abstract, from length and from a full stop within.
# Of 13,830 papers in listings of 2024 and 2025, 99.9 % of titles are under 172 characters and 99.9 % of abstracts over
# 410; a sentence ends within 99.96 % of abstracts and 0.4 % of titles. 1 % of 1,716 PubMed titles are over 226.
_TITLE_LENGTH, _ABSTRACT_LENGTH = 180, 400
_LOOKS: Final = 30
_LOOKS_OF_SENTENCE: Final = 10
_SENTENCE_END_WITHIN = re.compile(r"[a-z0-9)\]]\.\s?[A-Z]")

# Costs of a reading of the page; the cheapest is taken, and pairs before orphans where two cost the same. A pair
# costs what its lines look unlike their place. Two orphans on an even page must be worth it: more than one line that
# looks quite wrong, less than two of them. A header between a title and its abstract is nearly as bad.
_ORPHAN_COST: Final = 25
_HEADER_BETWEEN_COST: Final = 40


@dataclass(frozen=True, slots=True)
class _Text:
    """One line of the page that is neither header nor blank."""

    line: Line
    shown: str
    invalid: bool
    after_header: bool
    looks: int


@dataclass(frozen=True, slots=True)
class _Page:
    """The page in the order of its lines: each entry of ``read`` is a pair, or an orphan with its reason."""

    read: list[tuple[_Text, ...]]
    refused: tuple[str, str, str] | None = None


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Titles with their abstracts, in the order of the page; whatever does not pair is quarantined with its line.

    Reasons of a page of text: ``title_without_abstract``, ``abstract_without_title``, ``invalid_utf8`` and
    ``line_too_long`` (either takes the pair with it), ``truncated_gzip``, ``empty_file``, ``html_page`` (HTML that
    carries no list), ``file_too_large``. Those of HTML are those of `assets.sources.hf_papers.hf_papers`.
    """
    whole = read_page(stream, MAX_PAGE_BYTES)
    if (island := _island(whole)) is not None:
        yield from papers(island, LIST, raw, ranked=True)
        return
    page = _read(whole)
    if page.refused is not None:
        reason, cause, shown = page.refused
        yield Quarantined(record_index=0, reason=reason, detail=f"{raw.name}: {cause}", excerpt=excerpt(shown))
        return
    for index, texts in enumerate(page.read):
        fault = _fault(texts)
        if fault is None:
            title, abstract = texts
            yield Record(record_index=index, title=_title(title), abstract=abstract.shown)
            continue
        reason, cause = fault
        place = " and ".join(str(text.line.number) for text in texts)
        yield Quarantined(
            record_index=index,
            reason=reason,
            detail=f"{raw.name}, line{'s' * (len(texts) > 1)} {place}: {cause}",
            excerpt=excerpt("\n".join(text.shown for text in texts)),
        )


def count(stream: BinaryIO) -> int:
    """Pairs and orphans on a page of text, items of one of HTML; 1 for a page that is refused as a whole."""
    whole = read_page(stream, MAX_PAGE_BYTES)
    if (island := _island(whole)) is not None:
        return json_rows.count(island, LIST)
    page = _read(whole)
    return 1 if page.refused is not None else len(page.read)


def _island(page: json_rows.Page) -> json_rows.Page | None:
    """The data that a page of HTML carries; None for a page of text, and for HTML without any."""
    is_markup = page.content[:4096].removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"<"
    return daily_papers(page) if is_markup and len(page.content) <= MAX_PAGE_BYTES else None


class _Ending(io.BytesIO):
    """Bytes that end as the stream they were read from ended."""

    def __init__(self, page: json_rows.Page) -> None:
        super().__init__(page.content)
        self._damage = page.damage

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if not line and self._damage is not None:
            raise StreamDamaged(self._damage)
        return line


def _read(whole: json_rows.Page) -> _Page:
    texts: list[_Text] = []
    after_header = False
    for line in lines(_Ending(whole)):
        if len(whole.content) > MAX_PAGE_BYTES or line.number > MAX_PAGE_LINES:
            limit = f"{MAX_PAGE_BYTES // 2**20} MiB or {MAX_PAGE_LINES} lines"
            return _Page([], ("file_too_large", f"larger than {limit}, which no papers page is", _first(texts)))
        shown, invalid = _decoded(line.content)
        header = _HEADER.match(shown)
        rest = shown[header.end() :] if header else shown
        after_header = after_header or header is not None
        button = after_header and rest.strip() == _BUTTON
        if line.damaged is None and (button or not rest.strip()):
            continue
        if not texts and _HTML.match(rest):
            cause = f"line {line.number} begins an HTML page that carries no list of papers"
            return _Page([], ("html_page", cause, rest[:300]))
        texts.append(_Text(line, rest, invalid, after_header, _looks(rest, line)))
        after_header = False
    if not texts:
        return _Page([], ("empty_file", "no line but header and blank lines", ""))
    return _Page(_paired(texts))


def _first(texts: list[_Text]) -> str:
    return texts[0].shown[:300] if texts else ""


def _decoded(content: bytes) -> tuple[str, bool]:
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode("utf-8"), False
    except UnicodeDecodeError:
        return content.decode("utf-8", errors="replace"), True


def _looks(text: str, line: Line) -> int:
    if line.damaged is not None:
        return 0  # a broken-off line may have been either
    text = " ".join(text[: 2 * _ABSTRACT_LENGTH].split())
    middle, half = (_TITLE_LENGTH + _ABSTRACT_LENGTH) // 2, (_ABSTRACT_LENGTH - _TITLE_LENGTH) // 2
    by_length = max(-_LOOKS, min(_LOOKS, _LOOKS * (middle - len(text)) // half))
    by_sentence = _LOOKS_OF_SENTENCE if _SENTENCE_END_WITHIN.search(text) else 0
    return max(-_LOOKS, by_length - by_sentence)


def _paired(texts: list[_Text]) -> list[tuple[_Text, ...]]:
    """The cheapest reading of the lines as pairs and orphans, by dynamic programming from the last line back.

    With nothing to tell lines apart it is strict alternation, an odd last line being the orphan.
    """
    cost = [0] * (len(texts) + 2)
    pairs = [False] * len(texts)
    for place in range(len(texts) - 1, -1, -1):
        text = texts[place]
        cost[place] = _ORPHAN_COST + cost[place + 1]
        if place + 1 == len(texts):
            continue
        following = texts[place + 1]
        as_pair = max(0, -text.looks) + max(0, following.looks) + cost[place + 2]
        as_pair += _HEADER_BETWEEN_COST if following.after_header else 0
        if as_pair <= cost[place]:
            pairs[place], cost[place] = True, as_pair
    read: list[tuple[_Text, ...]] = []
    place = 0
    while place < len(texts):
        width = 2 if pairs[place] else 1
        read.append(tuple(texts[place : place + width]))
        place += width
    return read


def _title(text: _Text) -> str:
    """The title without the page's button, which the page's text glues to the first title after a header only."""
    return _BUTTON_GLUED.sub("", text.shown, count=1) if text.after_header else text.shown


def _fault(texts: tuple[_Text, ...]) -> tuple[str, str] | None:
    """Why these lines are no record: reason and cause; None for a sound pair."""
    if (damage := texts[-1].line.damaged) is not None:
        return "truncated_gzip", f"{damage}; fetch the page again"
    for text in texts:
        if text.line.too_long:
            return "line_too_long", f"line {text.line.number} is longer than any title or abstract"
        if text.invalid:
            return "invalid_utf8", f"line {text.line.number} is not UTF-8; save the page as UTF-8"
    if len(texts) == 1:
        if texts[0].looks < 0:
            return "abstract_without_title", "an abstract with no title before it"
        return "title_without_abstract", "a title with no abstract after it"
    return None


SOURCE: Final = Source(
    name="hf_papers_page",
    description="The Hugging Face papers page as text or HTML; the day is the one it is fetched or landed for.",
    extension="txt",
    count=count,
    parse=parse,
)
