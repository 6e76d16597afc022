r"""Titles and abstracts as clean text, their key form, and their checksum: the one place where text is normalised.

Cleaning keeps the meaning and says what it changed. It runs to a fixed point, so clean text stays as it is; a text
that reaches none (entities escaped ten times over) keeps its entities and LaTeX as received.

What does not belong here: inline markup of a source's format (its parser reads that; a ``<`` is text here), the reading
of LaTeX (`assets.listings.latex`), links (`assets.listings.links`).
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from html.entities import html5
from typing import Final, Literal

from assets.listings.latex import unlatex

Kind = Literal["title", "abstract"]

#: Names of what `clean` may change, in the order in which `Cleaned.changes` lists them.
#:
#: * ``control_characters``: C0 and C1 controls, lone surrogates and non-characters are gone (white ones are a space);
#: * ``zero_width``: zero-width spaces, soft hyphens, byte-order and direction marks are gone;
#: * ``nfc``: characters are composed;
#: * ``whitespace``: every run is one space, none at the ends; an abstract keeps its paragraphs, one blank line between;
#: * ``entities``: HTML and XML entities are the characters they name, also when escaped twice;
#: * ``latex``: LaTeX left-overs are the text they stand for.
CHANGES: Final = ("control_characters", "zero_width", "nfc", "whitespace", "entities", "latex")

#: Passes after which a text is taken to have no fixed point. Real texts of the listings seen need at most four.
MAX_PASSES = 8

_WHITE_CONTROLS = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85"
_CONTROLS = re.compile(
    "[" + "".join(re.escape(chr(c)) for c in (*range(0x20), *range(0x7F, 0xA0)) if chr(c) not in _WHITE_CONTROLS) + "]"
    "|[\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_ZERO_WIDTH = re.compile("[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
# Joiners carry meaning in Arabic and Indic scripts and in emoji, nowhere else.
_JOINERS = re.compile("(?<![\u0590-\u1cff\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]")
_PARAGRAPH = re.compile(r"(?:\r\n|[\n\r\x85\u2029])[^\S\n\r\x85\u2029]*(?:\r\n|[\n\r\x85\u2029])\s*")

# With its semicolon and a known name only: html.unescape alone also reads "&copy" in "?a=1&copy=2".
_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9A-Fa-f]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")

# Marks that spell, in the scripts that write vowels with them; other marks are accents.
_VOWEL_SIGNS = re.compile("[\u0900-\u1aaf\u3099\u309a\ua800-\uabff\U00011000-\U00011fff]")
_APOSTROPHES = re.compile("['`\u00b4\u02bc\u2018\u2019\uff07]")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text after cleaning, and the names from `CHANGES` of what cleaning changed (none: it was clean)."""

    text: str
    changes: tuple[str, ...]


def clean(raw: str, *, kind: Kind) -> Cleaned:
    r"""The text as it should be read: NFC, single spaces, no entities, no LaTeX left-overs. It never raises.

    Args:
        raw: Text as received from a source, of any content, lone surrogates included.
        kind: An abstract keeps its paragraphs (``"\n\n"`` between them); a title is one line.
    """
    start, tidied = _tidied(raw, kind)
    text, changed = start, set(tidied)
    for _ in range(MAX_PASSES):
        plain = _ENTITY.sub(_character, text)
        read = unlatex(plain, is_title=kind == "title")
        after, _ = _tidied(read, kind)
        if after == text:
            return _cleaned(text, changed)
        changed |= {name for name, moved in (("entities", plain != text), ("latex", read != plain)) if moved}
        text = after
    return _cleaned(start, tidied)


def _cleaned(text: str, changed: set[str]) -> Cleaned:
    return Cleaned(text, tuple(name for name in CHANGES if name in changed))


def _character(entity: re.Match[str]) -> str:
    known = entity[0][1] == "#" or entity[0][1:] in html5
    return html.unescape(entity[0]) if known else entity[0]


def _tidied(text: str, kind: Kind) -> tuple[str, set[str]]:
    """The text without characters that do not print, composed, with regular white space; and what that changed."""
    steps: tuple[tuple[str, Callable[[str], str]], ...] = (
        # Composed first: whether a joiner stays depends on the letter before it.
        ("nfc", _composed),
        ("control_characters", lambda t: _SURROGATES.sub("\ufffd", _CONTROLS.sub("", t))),
        ("zero_width", lambda t: _JOINERS.sub("", _ZERO_WIDTH.sub("", t))),
        ("nfc", _composed),
        ("whitespace", _spaced if kind == "title" else _paragraphed),
    )
    changed: set[str] = set()
    for name, step in steps:
        after = step(text)
        if after != text:
            changed.add(name)
        text = after
    return text, changed


def _composed(text: str) -> str:
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _paragraphed(text: str) -> str:
    return "\n\n".join(paragraph for part in _PARAGRAPH.split(text) if (paragraph := _spaced(part)))


def normalised_title(title: str) -> str:
    """The key form of a title, for identity: what two listings of one work share however they typeset it.

    Cleaned, NFKC, case folded, accents stripped; letters and digits of any script, single spaces between words
    (an apostrophe joins: "Alzheimer's" is one word). Vowel signs of Indic scripts are letters here, not accents.
    A title without letters or digits has the empty key and identifies nothing.
    """
    text = _APOSTROPHES.sub("", clean(title, kind="title").text)
    for _ in range(3):  # folding leaves what NFKC composes, and the other way round
        text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(map(_key_character, unicodedata.normalize("NFKD", text)))
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _key_character(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "LN" or _VOWEL_SIGNS.match(character):
        return character
    return "" if category[0] == "M" or category == "Cf" else " "


def text_sha256(title: str | None, abstract: str | None) -> str:
    """Hex SHA-256 over cleaned title, line feed, cleaned abstract (UTF-8; None counts as empty)."""
    parts = (clean(title or "", kind="title").text, clean(abstract or "", kind="abstract").text)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
