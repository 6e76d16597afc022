r"""LaTeX left-overs in titles and abstracts become the text they stand for.

Listings carry LaTeX in running prose: ``26\%``, ``{\mu}-Bench``, ``Espa\~nol``, ``$\alpha$``. A LaTeX parser cannot
read the whole text (it takes ``%`` for a comment and ``&`` for a table cell), so one pass finds the spans that can only
be LaTeX and turns each into text, with pylatexenc as the dictionary of symbols and accents. What is not understood is
left alone: Windows paths, regular expressions, sums of money, and the undefined macros of authors (``\ours``).

What does not belong here: white space, entities, Unicode forms (`assets.listings.text`), links
(`assets.listings.links`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

from assets.listings.latex_math import code_points, dictionary, inline_maths, is_maths, raised, symbol

#: A text without any of these holds no LaTeX.
SUSPICIOUS: Final = re.compile(r"[\\$`{~]")

# Arguments are looked for only this far, so that a lone opening brace costs a bounded search.
_ARGUMENT = r"[^{}]{0,2000}"
_ADDRESS = r"[^\s{}\"<>$]{1,2048}"

_GREEK = (
    "[aA]lpha|[bB]eta|[gG]amma|[dD]elta|(?:var)?epsilon|[zZ]eta|[eE]ta|(?:var)?[tT]heta|[iI]ota|[kK]appa|[lL]ambda|"
    "[mM]u|[nN]u|[xX]i|[pP]i|[rR]ho|[sS]igma|[tT]au|[uU]psilon|(?:var)?[pP]hi|[cC]hi|[pP]si|[oO]mega"
)
# Outside maths and braces only these stand bare: pylatexenc also knows `\image`, `\original` and `\to`, which are
# as likely to be folders of a path.
_SIGNS = (
    "times|pm|sim|simeq|approx|leq|geq|neq|ll|gg|rightarrow|leftarrow|Rightarrow|leftrightarrow|infty|circledR|cdot|"
    "deg|ldots|dots|pounds|copyright"
)

_FONTS = (
    "emph|underline|uline|text|textbf|textit|texttt|textsc|textrm|textsf|textsl|textup|textmd|textnormal|mbox|"
    "mathrm|mathbf|mathit|mathsf|mathtt"
)
_DECLARATIONS = "em|it|bf|tt|sc|sl|sf|rm|itshape|bfseries|ttfamily|scshape|sffamily"

#: One alternative a rule; the name picks the reader in `_READERS`. Order matters where two could start at one place.
#: The lookahead says where any rule can start, so that most text is passed by quickly.
_SPAN: Final = re.compile(
    rf"""
    (?=[\\{{$`^~]|[ ]\\|https?:|[A-Za-z]:\\|[FTSER][a-z]{{1,8}}\.?~)(?:
    (?P<windows_path>(?<![A-Za-z])[A-Za-z]:\\(?![A-Za-z]+\{{)[^\s"'<>|,;)]*)
  | (?P<doubled_address>(?P<address>https?://[^\s{{}}]{{1,2048}})\}}\{{(?P=address)(?![^\s{{}}.,;)]))
  | (?P<web_address>https?://{_ADDRESS})
  | (?P<href>(?P<dollar>\$)?\\(?:href|hyperlink)\s?\{{(?P<target>[^{{}}\s]{{1,2048}})\}}\s?\{{(?P<shown>{_ARGUMENT})\}}
        (?(dollar)\$))
  | (?P<url>\\url\s?\{{\s?(?P<url_target>[^{{}}\s]{{0,2048}})\s?\}})
  | (?P<citation>[ ~]?\\(?:[cC]ite[a-z]{{0,9}}\*?(?:\[[^\[\]{{}}]{{0,80}}\]){{0,2}}|label)\{{[^{{}}]{{0,500}}\}})
  | (?P<footnote>[ ]?\\(?:footnote|thanks)\s?\{{(?P<note>{_ARGUMENT})\}})
  | (?P<colour>\\(?:text)?color(?:\[\w{{1,9}}\])?\s?\{{[^{{}}]{{1,40}}\}}\s?\{{(?P<coloured>{_ARGUMENT})\}})
  | (?P<code_point>\\unicode\{{x[0-9A-Fa-f]{{2,6}}\}})
  | (?P<script>\\text(?P<height>super|sub)script\s?\{{(?P<scripted>{_ARGUMENT})\}})
  | (?P<font>\\(?:{_FONTS})\s?\{{(?P<styled>{_ARGUMENT})\}})
  | (?P<declaration>\{{\\(?:{_DECLARATIONS})(?![A-Za-z])[ ]?(?P<declared>{_ARGUMENT})\}})
  | (?P<braced_accent>\{{\\["'`^~=.](?:\\?[A-Za-z]|\{{\\?[A-Za-z]\}})\}}
        |\\["'`^~=.]\{{\\?[A-Za-z]\}})
  | (?P<letter_accent>\{{\\(?P<a1>[bcdHkrtuv])\{{(?P<b1>\\?[A-Za-z]{{1,9}})\}}\}}
        |\\(?P<a2>[bcdHkrtuv])\{{(?P<b2>\\?[A-Za-z]{{1,9}})\}})
  | (?P<accent>\\(?P<mark>["'`^~=])(?:\\[ij](?![A-Za-z])|[A-Za-z]))
  | (?P<braced_symbol>\{{\\(?P<symbol>[A-Za-z]{{1,30}})[ ]?\}})
  | (?P<letter>(?<![a-z]\\)(?:(?<=[A-Za-z])\\(?P<l1>[oOlL])|\\(?P<l2>aa|AA|ae|AE|oe|OE|ss))
        (?:\{{\}}|(?<!\d\\AA)(?<!\d[ ]\\AA)[ ](?=[a-z])|(?![A-Za-z{{\\])))
  | (?P<text_symbol>\\(?P<t1>text[a-z]{{2,20}})(?:\{{\}}|(?![A-Za-z{{])))
  | (?P<bare_symbol>(?<![a-z_.:/\\])\\(?P<t2>{_GREEK}|{_SIGNS})(?:\{{\}}|(?![A-Za-z{{\\])))
  | (?P<maths>(?<![\\$])\$(?![\s$])(?P<formula>(?:[^$\\]|\\.){{1,300}}?)(?<!\s)\$(?!\$)
        |\\\((?P<formula2>[^$()]{{0,200}}[\\^_][^$]{{0,200}}?)\\\))
  | (?P<escape>(?<!\\)\\{{1,2}}(?P<escaped>[%&#_$]))
  | (?P<power>(?<=\w)\^\{{(?P<exponent>[-+]?\d{{1,4}})\}})
  | (?P<soft_hyphen>(?<=[a-z]{{2}})\\-(?=[a-z]{{2}}))
  | (?P<space>(?<=[\d.])\\,(?=[A-Za-z\d])|(?<=[a-z]\.)\\[ ]|(?<![\\:])\\\\(?=\s|\Z))
  | (?P<quotes>``(?P<double>[^`]{{1,400}}?)(?:''|")|(?<![\w`\\])`(?![\s`])(?P<single>[^`]{{1,200}}?)'(?!\w))
  | (?P<reference>\b(?P<refers>Figs?|Figures?|Tables?|Tab|Sections?|Secs?|Eqs?|Equations?|Refs?)(?P<dot>\.?)~(?=\d))
  | (?P<tie>(?<=[A-Za-z]{{2}})~(?=[A-Za-z]{{2}}|\\[a-z])|(?<=[a-z]\.)~(?=[A-Za-z0-9\\]))
  | (?P<lone_letter>\{{(?P<lone>[A-Za-z])\}}(?=[a-z])|(?<=[a-z])\{{(?P<lone_end>[A-Za-z])\}})
  | (?P<case_protection>\{{(?P<protected>[A-Z][A-Za-z0-9-]{{0,40}})\}})
    )""",
    re.VERBOSE | re.DOTALL,
)

_LINK_ESCAPE = re.compile(r"\\([%&#_~])")
# `\"a word\"` is an escaped quotation, `M\"obius` an accent: the first has a mark that closes.
_CLOSING = {mark: re.compile(rf"[\w.,!?]\\{re.escape(mark)}(?![A-Za-z\\])") for mark in "\"'`"}
_CONTRACTION = re.compile(r"\\'(?:s|re|ll|ve|d|m|t)(?![A-Za-z])")
# Letters that carry each mark in some language's orthography.
_BEARERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        '"': "aeiouyAEIOUY",
        "'": "aceilnorsuyzgkmwACEILNORSUYZGKMW",
        "`": "aeiouynAEIOUYN",
        "^": "aeiouycghjswAEIOUYCGHJSW",
        "~": "anoiueyANOIUEY",
        "=": "aeiouyAEIOUY",
    }
)

Reader = Callable[[re.Match[str]], str | None]


def unlatex(text: str, *, is_title: bool) -> str:
    r"""One pass over the LaTeX spans of a text. Nested ones (``\textbf{\emph{x}}``) need a pass a level.

    Args:
        text: Running text; white space already single spaces.
        is_title: Also drop the braces that protect capitals in BibTeX titles (``{DNA} repair``).
    """
    if not SUSPICIOUS.search(text):
        return text
    parts: list[str] = []
    done = position = 0
    while span := _SPAN.search(text, position):
        rule = _rule(span)
        read = None if rule == "case_protection" and not is_title else _READERS[rule](span)
        if read is None:  # not LaTeX after all: its first character is text, the rest is looked at again
            position = span.start() + 1
            continue
        parts += (text[done : span.start()], read)
        done = position = span.end()
    return "".join((*parts, text[done:]))


def _rule(span: re.Match[str]) -> str:
    return next(name for name in _READERS if span[name] is not None)


def _kept(span: re.Match[str]) -> str:
    return span[0]


def _doubled_address(span: re.Match[str]) -> str:
    return span["address"]


def _web_address(span: re.Match[str]) -> str:
    return _LINK_ESCAPE.sub(r"\1", span[0])


def _href(span: re.Match[str]) -> str:
    target, shown = _LINK_ESCAPE.sub(r"\1", span["target"]), _LINK_ESCAPE.sub(r"\1", span["shown"]).strip()
    # arXiv prints "this https URL" where the author's link had no words of its own.
    return target if shown in {"", target, "this https URL", "this http URL"} else f"{shown} ({target})"


def _url(span: re.Match[str]) -> str:
    return _LINK_ESCAPE.sub(r"\1", span["url_target"])


def _footnote(span: re.Match[str]) -> str:
    note = span["note"].strip()
    return f" ({note})" if note else ""


def _code_point(span: re.Match[str]) -> str | None:
    printed = code_points(span[0])
    return None if printed == span[0] else printed


def _script(span: re.Match[str]) -> str:
    return raised(span["scripted"], "^" if span["height"] == "super" else "_") or span["scripted"]


def _declaration(span: re.Match[str]) -> str:
    return span["declared"].removesuffix("\\/")


@lru_cache(maxsize=2048)
def _accented(latex: str) -> str | None:
    """The one letter that an accent and its base make, or None if they make none."""
    made = normalize("NFC", dictionary().latex_to_text(latex))
    return made if len(made) == 1 and not made.isascii() else None


def _braced_accent(span: re.Match[str]) -> str | None:
    return _accented(span[0])


def _letter_accent(span: re.Match[str]) -> str | None:
    mark, base = (span["a1"], span["b1"]) if span["a1"] else (span["a2"], span["b2"])
    if len(base) > 1 and not base.startswith("\\"):
        # arXiv's own damage: it read the first letter of `\beta` and `\rho` as an accent and printed `\b{eta}`.
        return symbol(mark + base)
    return _accented(rf"\{mark}{{{base}}}")


def _accent(span: re.Match[str]) -> str | None:
    mark, base = span["mark"], span[0][-1]
    before = span.string[span.start() - 1] if span.start() else " "
    if base not in _BEARERS[mark] or not before.isalpha():
        at_word_start = mark in _CLOSING and base in "aeiouyAEIOUY" and (before.isspace() or before in "('-")
        if not at_word_start or _CLOSING[mark].search(span.string, span.end(), span.end() + 200):
            return None
    if mark == "'" and _CONTRACTION.match(span.string, span.start()):
        return None
    return _accented(span[0])


def _braced_symbol(span: re.Match[str]) -> str | None:
    return symbol(span["symbol"])


def _letter(span: re.Match[str]) -> str | None:
    return symbol(span["l1"] or span["l2"])


def _bare_symbol(span: re.Match[str]) -> str | None:
    return symbol(span["t2"])


def _text_symbol(span: re.Match[str]) -> str | None:
    return symbol(span["t1"])


def _maths(span: re.Match[str]) -> str | None:
    formula = span["formula"] or span["formula2"]
    if not is_maths(formula) or ("\\" not in formula and span.string[span.end() : span.end() + 1].isdigit()):
        return None  # "$5-$10" are two sums of money
    return inline_maths(formula) or span[0]


def _quotes(span: re.Match[str]) -> str:
    return f'"{span["double"]}"' if span["double"] else f"'{span['single']}'"


def _lone_letter(span: re.Match[str]) -> str | None:
    r"""What a lost ``\underline`` leaves of an acronym's letters: ``pro{A}ctive {l}earning``."""
    before = span.string[max(0, span.start() - 30) : span.start()]
    return None if _OPEN_ARGUMENT.search(before) else span["lone"] or span["lone_end"]


def _case_protection(span: re.Match[str]) -> str | None:
    before = span.string[max(0, span.start() - 30) : span.start()]
    return None if _OPEN_ARGUMENT.search(before) else span["protected"]


_OPEN_ARGUMENT = re.compile(r"(?:\\[A-Za-z]+\s?|[_^$}\]])\Z")


@cache
def _group(name: str) -> Reader:
    return lambda span: span[name]


_READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "windows_path": _kept,
        "doubled_address": _doubled_address,
        "web_address": _web_address,
        "href": _href,
        "url": _url,
        "citation": lambda span: "",
        "footnote": _footnote,
        "colour": _group("coloured"),
        "code_point": _code_point,
        "script": _script,
        "font": _group("styled"),
        "declaration": _declaration,
        "braced_accent": _braced_accent,
        "letter_accent": _letter_accent,
        "accent": _accent,
        "braced_symbol": _braced_symbol,
        "letter": _letter,
        "text_symbol": _text_symbol,
        "bare_symbol": _bare_symbol,
        "maths": _maths,
        "escape": _group("escaped"),
        "power": lambda span: raised(span["exponent"], "^"),
        "soft_hyphen": lambda span: "",
        "space": lambda span: " ",
        "quotes": _quotes,
        "reference": lambda span: f"{span['refers']}{span['dot']} ",
        "tie": lambda span: " ",
        "lone_letter": _lone_letter,
        "case_protection": _case_protection,
    }
)
