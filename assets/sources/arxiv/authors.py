r"""The people of arXiv's line of authors, as submitters write it, after arXiv's own rules for that line.

``A. Lovelace (1 and 2), M. King, Jr. (2), for the X Collaboration ((1) Here, (2) There)``: names apart at commas and
"and", places in parentheses after a name or, numbered, at the end (https://info.arxiv.org/help/prep.html#author).
What does not belong here: authors that come as elements of their own (`assets.sources.arxiv.records`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assets.sources.exports.bibtex_values import plain
from assets.sources.exports.citations import Person

#: Lists of thousands of authors stay under 200 kB.
_MAX_CHARACTERS = 400_000

_TOKEN = re.compile(r"[(),;:]|\band\b|(?<!\\)&", re.IGNORECASE)
_PLACES = re.compile(r"\(\s*\(\s*(?:[0-9]{1,3}|[a-z])\s*\)")
_PLACE_MARK = re.compile(r"\(\s*([0-9]{1,3}|[a-z])\s*\)")
_BETWEEN_MARKS = re.compile(r"[\s,;&*+]+")
_SUFFIX = re.compile(r"(?:[JS]r\.?|I{2,3}|IV|[2-4](?:nd|rd|th))", re.IGNORECASE)
_GROUP = re.compile(
    r"\b(?:collaborations?|consorti(?:um|a)|teams?|(?:working |study )?groups?|network|initiative|alliance|society|"
    r"committee|task force)\b",
    re.IGNORECASE,
)
_FOR_GROUP = re.compile(r"(?:(?:for|on behalf of|with|and) )?(?:the )?", re.IGNORECASE)
_OTHERS = re.compile(r"(?:^|\s)(?:et\.? ?al\.?|others)$", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")

#: What stands before a family name and belongs to it; other words of small letters do, too.
_PARTICLES = frozenset({"van", "von", "de", "der", "den", "del", "della", "di", "da", "dos", "du", "la", "le", "ter",
                        "ten", "el", "al", "bin", "ibn", "st."})  # fmt: skip


def read_authors(text: str) -> list[Person]:
    """The people and groups that a line of authors names, in order; none for an empty one."""
    line = " ".join(text[:_MAX_CHARACTERS].split())
    places: dict[str, str] = {}
    if tail := _PLACES.search(line):
        places = _numbered_places(line[tail.start() :])
        line = line[: tail.start()]
    people: list[Person] = []
    for name, notes in _names(line):
        if people and _SUFFIX.fullmatch(name):
            people[-1].suffix = name
            people[-1].affiliations += _affiliations(notes, places)
        elif _LETTER.search(name := _OTHERS.sub("", name)):
            someone = named(name)
            someone.affiliations = _affiliations(notes, places)
            people += [someone] if someone.name else []
        elif people:
            people[-1].affiliations += _affiliations(notes, places)
    return people


def named(name: str) -> Person:
    """The person or the group that one name means, given names first; LaTeX accents are read."""
    name = plain(name)
    if _GROUP.search(name):
        return Person(collective=_FOR_GROUP.sub("", name, count=1).strip() or name)
    words = name.split()
    suffix = words.pop().rstrip(",") if len(words) > 2 and _SUFFIX.fullmatch(words[-1].rstrip(",")) else None
    at = len(words) - 1
    while at > 1 and (words[at - 1].lower() in _PARTICLES or words[at - 1][0].islower()):
        at -= 1
    return Person(family=" ".join(words[at:]) or None, given=" ".join(words[:at]) or None, suffix=suffix)


def _names(line: str) -> Iterator[tuple[str, list[str]]]:
    """Names in order, each with what stands in parentheses after it."""
    depth, begun, noted, words, notes = 0, 0, 0, "", list[str]()
    for token in _TOKEN.finditer(line):
        if token[0] == "(":
            if depth == 0:
                words += line[begun : token.start()]
                noted = token.end()
            depth += 1
        elif token[0] == ")":
            if depth == 1:
                notes.append(line[noted : token.start()].strip())
                begun = token.end()
            depth = max(0, depth - 1)
        elif depth == 0:
            yield (words + line[begun : token.start()]).strip(), notes
            begun, words, notes = token.end(), "", []
    # A parenthesis that is not closed holds the rest.
    yield (words + ("" if depth else line[begun:])).strip(), [*notes, line[noted:].strip()] if depth else notes


def _affiliations(notes: list[str], places: dict[str, str]) -> list[str]:
    found: list[str] = []
    for note in notes:
        marks = [mark for mark in _BETWEEN_MARKS.split(note) if mark not in ("", "and")]
        if marks and all(mark in places for mark in marks):
            found += [places[mark] for mark in marks]
        elif note and not re.fullmatch(r"[\W\d]*", note):
            found.append(plain(note))
    return list(dict.fromkeys(found))


def _numbered_places(tail: str) -> dict[str, str]:
    """``((1) Here, (2) There)`` by its numbers."""
    parts = _PLACE_MARK.split(tail)
    places = {mark: _place(place) for mark, place in zip(parts[1::2], parts[2::2], strict=True)}
    return {mark: place for mark, place in places.items() if place}


def _place(text: str) -> str:
    text = re.sub(r"(?:\s+and)?\s*\Z", "", text).strip(" ,;.")
    if text.count(")") > text.count("("):
        text = text[: text.rindex(")")].strip(" ,;.")
    return plain(text)
