r"""Values of BibTeX fields as text: enclosing braces and quotes, ``#`` and abbreviations, names, LaTeX accents.

Titles and abstracts keep their LaTeX, which is read later with that of all listings (`assets.listings.latex`); only the
braces that protect capitals are BibTeX's own and go here. What does not belong here: what a field means.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import cache, lru_cache

from bibtexparser.middlewares.names import parse_single_name_into_parts, split_multiple_persons_names
from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexWalkerError

from assets.sources.exports.citations import Person

#: Lists of thousands of authors stay under 200 kB.
_MAX_NAMES_CHARACTERS = 400_000

#: Longer texts are left as they are: names and titles of journals are short, and the parser recurses.
_MAX_LATEX_CHARACTERS = 2_000
_MAX_NESTING = 40

# It reports every macro without an argument; the text then keeps its marks.
logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)

_BRACE = re.compile(r"(?<!\\)[{}]")
_MARK = re.compile(r"(?<!\\)[{}\"#]")
_GROUP = re.compile(r"\{([^{}\\$]*)\}")
_OPEN_ARGUMENT = re.compile(r"(?:\\(?:[A-Za-z]+\*?\s?|[\"'`^~=.])|[_^$}\]\\])\Z")
_LATEX = re.compile(r"[\\{}~$]|--|``|''")


def value_text(value: str, strings: Mapping[str, str]) -> str:
    """The text of a field's value as written: parts joined by ``#``, each enclosed, a number or an abbreviation.

    Args:
        value: What stands after the equals sign.
        strings: Abbreviations in lower case; an unknown one stands for itself.
    """
    return "".join(_part(part.strip(), strings) for part in _parts(value)).strip()


def _parts(value: str) -> list[str]:
    parts, begun, depth, quoted = [], 0, 0, False
    for mark in _MARK.finditer(value):
        if mark[0] == "{":
            depth += 1
        elif mark[0] == "}":
            depth = max(0, depth - 1)
        elif depth == 0 and mark[0] == '"':
            quoted = not quoted
        elif depth == 0 and not quoted and mark[0] == "#":
            parts.append(value[begun : mark.start()])
            begun = mark.end()
    return [*parts, value[begun:]]


def _part(part: str, strings: Mapping[str, str]) -> str:
    if len(part) >= 2 and (part[0], part[-1]) in (("{", "}"), ('"', '"')):
        return part[1:-1]
    return strings.get(part.lower(), part)


def without_protection(text: str) -> str:
    r"""A title without the braces that protect capitals: ``{DNA} repair``, ``{{Whole Title}}``, not ``\emph{x}``."""
    for _ in range(3):
        if "{" not in text:
            break
        text = _GROUP.sub(_unwrapped, text)
        text = text[1:-1] if _is_one_group(text) else text
    return text


def _is_one_group(text: str) -> bool:
    if not (text.startswith("{") and text.endswith("}")) or text.startswith("{\\"):
        return False
    depth = 0
    for brace in _BRACE.finditer(text):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.end() == len(text)
    return False


def _unwrapped(group: re.Match[str]) -> str:
    before = group.string[max(0, group.start() - 40) : group.start()]
    in_maths = group.string.count("$", max(0, group.start() - 300), group.start()) % 2
    return group[0] if in_maths or _OPEN_ARGUMENT.search(before) else group[1]


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    r"""A name, journal or keyword as text: accents and symbols decoded, braces gone (``M{\"u}ller``, ``Cell \& Bone``).

    What cannot be read as LaTeX keeps its marks.
    """
    text = " ".join(text.split())
    if not _LATEX.search(text) or len(text) > _MAX_LATEX_CHARACTERS or _nesting(text) > _MAX_NESTING:
        return text
    # Outside LaTeX these are plain characters; within, a comment, a table cell, a parameter and a subscript.
    guarded = re.sub(r"(?<!\\)([&%#_])", r"\\\1", text)
    try:
        read = str(_reader().latex_to_text(guarded))
    except (LatexWalkerError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        # pylatexenc is tolerant, not total: e.g. an environment or an accent without an argument at the text's end.
        return text
    return " ".join(read.split()) or text


@cache
def _reader() -> LatexNodes2Text:
    return LatexNodes2Text(keep_comments=True, strict_latex_spaces=False)


def _nesting(text: str) -> int:
    depth = deepest = 0
    for brace in _BRACE.finditer(text):
        depth += 1 if brace[0] == "{" else -1
        deepest = max(deepest, depth)
    return max(deepest, text.count("\\begin"), text.count("\\left"))


def people(text: str | None) -> list[Person]:
    """The people of an author or editor field, in order. A name in braces is a group; "and others" is nobody."""
    named: list[Person] = []
    for name in split_multiple_persons_names((text or "")[:_MAX_NAMES_CHARACTERS]):
        name = name.strip()
        if name.startswith("{") and name.endswith("}") and "{" not in name[1:]:
            if group := plain(name[1:-1]):
                named.append(Person(collective=group))
        elif name and name.lower() != "others":
            named += _person(name)
    return named


def _person(name: str) -> list[Person]:
    parts = parse_single_name_into_parts(name, strict=False)
    given, suffix = (plain(" ".join(words)) or None for words in (parts.first, parts.jr))
    family = plain(" ".join((*parts.von, *parts.last))) or None
    return [Person(family=family, given=given, suffix=suffix)] if family or given else []
