r"""Simple inline maths as Unicode: ``$\mu$`` is μ, ``H$_2$O`` is H₂O, ``$10^{-3}$`` is 10⁻³.

Only formulas that read well in a line of text are turned; fractions of sums, matrices and unknown macros stay LaTeX.
The dictionary of LaTeX names (pylatexenc with arXiv's and our additions) stands here too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final

from pylatexenc.latex2text import LatexNodes2Text, get_default_latex_context_db

#: Names that pylatexenc 2.11 lacks or reads otherwise than listings mean them (arXiv writes 30° as ``30{\deg}``).
_ADDITIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "deg": "°",
        "degree": "°",
        "circledR": "®",
        "copyright": "©",
        "pounds": "£",
        "euro": "€",
        "S": "§",
        "P": "¶",
        "phi": "φ",
        "textless": "<",
        "textgreater": ">",
        "textbar": "|",
        "textunderscore": "_",
        "textasciitilde": "~",
        "textbackslash": "\\",
        "textquotesingle": "'",
        "textquotedbl": '"',
    }
)
_SUPERSCRIPTS = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
_SUBSCRIPTS = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_HAS_SUPERSCRIPT = re.compile(r"[0-9+\-=()ni]+")
_HAS_SUBSCRIPT = re.compile(r"[0-9+\-=()]+")

_FONT = re.compile(
    r"\\(?:text(?:rm|bf|it|sf|tt|sc|normal)?|math(?:rm|bf|it|sf|tt|cal|frak|scr|normal)|bm|boldsymbol|operatorname|mbox|emph|underline)"
    r"\s?\{([^{}]*)\}"
)
_DECLARED = re.compile(r"\\(?:tt|bf|rm|it|sf|sc|em|displaystyle|left|right|big|Big)(?![A-Za-z])\s?")
_BLACKBOARD = re.compile(r"\\mathbb\s?(?:\{([A-Z])\}|([A-Z])(?![A-Za-z]))")
_FRACTION = re.compile(r"\\[dt]?frac\{(\w{1,8})\}\{(\w{1,8})\}")
_SCRIPT = re.compile(r"([_^])(?:\{([^{}]*)\}|\s?(\\[A-Za-z]+|[^\s{}\\]))")
_MACRO = re.compile(r"\\([A-Za-z]+)[ ]?")
_SPACING = re.compile(r"\\[,;: ]|~")
_GROUP = re.compile(r"\{([\w ]*)\}")
_UNICODE = re.compile(r"\\unicode\{x([0-9A-Fa-f]{2,5})\}")
_ESCAPE = re.compile(r"\\([%&#_$])")

# Without a LaTeX mark a formula must be this plain, or "$5 a day and A$" would be one.
_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+){0,3}|[^\x00-\x7f]|[<>=+*/-]|\d+\+")
_PLAIN = re.compile(r"[-+(|]?\w{1,6}(?:[.,]\d+)?%?(?:\s?[=<>+\-*/,:|≤≥\u00d7()]\s?[-+]?[\w.%]{1,6}){0,8}[)|]?")
_LONG_WORD = re.compile(r"[A-Za-z]{4,}(?![^{]*\})")
_PROSE = re.compile(r"(?<![\\A-Za-z{])[a-z]{2,}\s+[a-z]{2,}(?![a-z]*\})")


@cache
def dictionary() -> LatexNodes2Text:
    """pylatexenc, reading single spans: never a whole text, where ``%`` would begin a comment."""
    return LatexNodes2Text(math_mode="text", keep_comments=True, strict_latex_spaces=False)


@cache
def _names() -> Mapping[str, str]:
    known: Any = get_default_latex_context_db()
    macros = (name for group in known.categories() for name in known.d[group]["macros"])
    specs = [known.get_macro_spec(name) for name in macros]
    # Names that stand for plain ASCII are placeholders ("<cit.>"), operators or layout.
    symbols = {
        spec.macroname: spec.simplify_repl
        for spec in specs
        if isinstance(spec.simplify_repl, str) and not spec.simplify_repl.isascii() and "%" not in spec.simplify_repl
    }
    return MappingProxyType({**symbols, **_ADDITIONS})


def symbol(name: str) -> str | None:
    r"""What a macro without arguments prints (``mu``: μ), or None for one that is not in the dictionary."""
    found = _names().get(name)
    return _names().get(name.removeprefix("text")) if found is None and name.startswith("text") else found


def raised(text: str, mark: str) -> str | None:
    """Digits and signs as Unicode superscripts (``mark`` is ``^``) or subscripts (``_``); None if there are none."""
    if mark == "^" and _HAS_SUPERSCRIPT.fullmatch(text):
        return text.translate(_SUPERSCRIPTS)
    if mark == "_" and _HAS_SUBSCRIPT.fullmatch(text):
        return text.translate(_SUBSCRIPTS)
    return None


def code_points(text: str) -> str:
    r"""The text with each printable ``\unicode{x2013}`` as its character."""
    return _UNICODE.sub(lambda found: c if (c := chr(int(found[1], 16))).isprintable() else found[0], text)


@lru_cache(maxsize=4096)
def inline_maths(formula: str) -> str | None:
    """A formula as a line of Unicode, or None if it is too rich for a line."""
    text = _BLACKBOARD.sub(lambda found: dictionary().latex_to_text(found[0]), code_points(formula))
    for _ in range(3):
        text = _FONT.sub(r"\1", text)
    text = _SPACING.sub(" ", _FRACTION.sub(r"\1/\2", _DECLARED.sub("", text))).replace("\\!", "")
    try:
        text = _SCRIPT.sub(_scripted, text)
        text = _MACRO.sub(_named, text)
    except _TooRich:
        return None
    text = _GROUP.sub(r"\1", text)
    rest = _ESCAPE.sub("", text)
    if re.search(r"[\\{}]", rest):
        return None
    return " ".join(_ESCAPE.sub(r"\1", text).split())


class _TooRich(ValueError):
    """The formula holds something that has no place in a line of text."""


def is_maths(formula: str) -> bool:
    """Whether what stands between two dollar signs is a formula, not prose between two sums of money."""
    if "://" in formula:
        return False
    if "\\" in formula:
        return not _PROSE.search(formula)
    if "^" in formula or "_" in formula:
        return not re.search(r'[/:"]', formula) and not _LONG_WORD.search(formula) and not _PROSE.search(formula)
    if len(formula) > 60:
        return False
    return _WORD.fullmatch(formula) is not None or (
        _PLAIN.fullmatch(formula) is not None and not _LONG_WORD.search(formula)
    )


def _named(found: re.Match[str]) -> str:
    name = found[1]
    if (printed := symbol(name)) is not None:
        return printed
    if name in {"log", "ln", "exp", "max", "min", "sin", "cos", "tan", "lim", "sup", "inf", "arg", "argmax", "argmin"}:
        return f"{name} " if found[0].endswith(" ") else name
    raise _TooRich(name)


def _scripted(found: re.Match[str]) -> str:
    mark = found[1]
    inner = (found[2] if found[2] is not None else found[3]).strip()
    inner = {"\\circ": "°", "\\prime": "\u2032", "\\dagger": "†", "\\circledR": "®", "\\ast": "*"}.get(inner, inner)
    if inner in {"°", "\u2032", "†", "®", "™", "*", "th", "st", "nd", "rd"} and mark == "^":
        return inner
    inner = _MACRO.sub(_named, inner)
    if (small := raised(inner, mark)) is not None:
        return small
    if re.fullmatch(r"\w+", inner):
        return mark + inner
    raise _TooRich(inner)
