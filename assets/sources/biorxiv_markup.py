r"""The marks that bioRxiv's and medRxiv's interface leaves of an abstract's markup, read for what they mean.

HighWire flattens the JATS of an abstract into running text with marks of its own: ``O_ST_ABSBackgroundC_ST_ABS`` is a
heading, ``O_LI…C_LI`` an item of a list, ``AO_SCPLOWBSTRACTC_SCPLOW`` a word in small capitals, ``O_FIG…C_FIG`` a
picture with all of its links, ``{beta}`` and ``[&ge;]`` are characters. Later headings lose even their marks and stand
glued to the paragraph that they open (``MethodsWe asked…``). What does not belong here: white space, entities and LaTeX
(`assets.listings.text`).
"""

from __future__ import annotations

import re
from typing import Final

from assets.sources.base import Section

_MARK = re.compile(
    r"[Oo]_LINKSMALLFIG|_HPS_FORMAT_FIGEXP|[OoCM]_(?P<name>ST_ABS|SCPLOW|SCPCAP|FIG_DISPLAY_L|FIG_DISPLAY|FIG|TBL|"
    r"TABLECAPTION|TEXTBOX|FLOATNO|INLINEFIG|LST|LI|QD)"
)
#: What is left out with all that it holds: a picture's links and legend are no part of the abstract.
_BLOCKS = frozenset({"FIG", "FIG_DISPLAY", "TBL"})
_INLINE = frozenset({"SCPLOW", "SCPCAP", "INLINEFIG"})

#: Around a heading that has its marks, while a text is read. Controls of a source's own are gone before.
_HEADING, _HEADING_END = "\x01", "\x02"

#: Headings of structured abstracts, as they stand at the start of a paragraph.
_NAMES = (
    "Aims? and Objectives?|Aims?|Approach|Author Summary|Availability and Implementation|Availability|"
    "Background and (?:Aims?|Hypothesis|Objectives?|Purpose)|Background|Clinical Trial Registration|"
    "Conclusions? and Relevance|Conclusions?/Significance|Conclusions?|Contact|Context|Data Summary|"
    "Design and Setting|Design|Discussion|Evidence before this study|Findings|Funding|Graphical Abstract|Highlights|"
    "Impact Statement|Implications(?: of all the available evidence)?|Importance|Interpretation|Interventions?|"
    "Introduction|Key (?:Points|Messages|Results|Words)|Keywords|Lay Summary|Limitations|"
    "Main Outcomes?(?: and|/) Measures|Main Results|Materials and Methods|Measurements|"
    "Methodology/Principal Findings|Methods and (?:Findings|Results)|Methods|Method|Motivation|Objectives?|Outcomes|"
    "One Sentence Summary|Participants|Patients and Methods|Purpose|Rationale|Results?|Setting|"
    "Significance Statement|Significance|Study Design|Summary|Supplementary Information|Teaser|Trial Registration"
)
_GLUED = re.compile(
    rf"(?:(?P<title>{_NAMES})(?::\s*(?=\S)|(?=[A-Z][^A-Z]|[0-9(\"“]|[A-Z]{{2,}}[a-z0-9 -]|[a-z]{{1,3}}[A-Z]{{2}}))"
    rf"|(?P<upper>{_NAMES.upper()})(?::\s*(?=\S)|(?=[A-Z][a-z ]|[0-9(\"“])))"
)
_ALONE = re.compile(rf"(?:{_NAMES}|{_NAMES.upper()}):?")
#: Gene symbols that begin like a heading.
_GENE = re.compile(r"AIMS?[0-9]|Aims?[0-9]")
_SAYS_ABSTRACT = re.compile(r"\s*(?:(?:Structured [Aa]bstract|Abstract(?:/Summary)?):?\s*(?=[A-Z0-9(\x01]|\Z)"
                            r"|ABSTRACT:?\s*(?=[A-Z][a-z ]|[0-9(\x01]|\Z))")  # fmt: skip

_GREEK_NAMES = (
    "alpha,beta,gamma,delta,epsilon,zeta,eta,theta,iota,kappa,lambda,mu,nu,xi,omicron,pi,rho,sigma,tau,upsilon,phi,chi,"
    "psi,omega"
)
_GREEK = tuple(zip(re.findall("[a-z]+", _GREEK_NAMES), "αβγδεζηθικλμνξοπρστυφχψω", strict=True))
_CHARACTERS: Final = {
    **dict(_GREEK),
    **{name.capitalize(): letter.upper() for name, letter in _GREEK},
    "varepsilon": "ε",
    "varphi": "φ",
    "micro": "µ",
    "degrees": "°",
    "+/-": "±",
    "middle dot": "·",
    "approx": "≈",
    "infty": "∞",
    "pound": "£",
    "euro": "€",
    "superscript 1": "¹",
    "superscript 2": "²",
    "superscript 3": "³",
}
#: Not in LaTeX: after a subscript, a superscript, a command or another brace.
_BRACES = re.compile(r"(\\[A-Za-z]+)?(?<![_^{\\])\{(" + "|".join(map(re.escape, _CHARACTERS)) + r")\}")
_SIGNS: Final = {"-&gt;": "→", "->": "→", "~": "~", "bullet": "•", "&ge;": "≥", "&le;": "≤"}
_BRACKETS = re.compile(r"\[(" + "|".join(map(re.escape, _SIGNS)) + r")\]")


def plain(text: str) -> str:
    """A title without marks."""
    return " ".join(re.sub(f"[{_HEADING}{_HEADING_END}]", " ", _unmarked(text)).split())


def sections(text: str) -> list[Section]:
    """The parts of an abstract in order, each with its heading or, before the first one, without.

    A heading that lost its marks is believed where it stands alone, or where the abstract has another one.
    """
    text = _unmarked(text)
    if opening := _SAYS_ABSTRACT.match(text):
        text = text[opening.end() :]
    lines, breaks = [], 0
    for line in (part.strip() for part in re.split(r"\n|(?=\x01)", text)):
        if line:
            lines.append((breaks, line))
        breaks = 1 if line else breaks + 1
    read = [_heading(line) for _, line in lines]
    if sum(label is not None for label, _, _ in read) == 1 and any(guessed for _, _, guessed in read):
        read = [(None, line, False) for _, line in lines]
    parts: list[tuple[str | None, list[str]]] = []
    for (label, told, _), (breaks, _) in zip(read, lines, strict=True):
        if label is not None or not parts:
            parts.append((label, [told]))
        else:
            parts[-1][1].extend(("\n\n" if breaks > 1 else "\n", told) if any(parts[-1][1]) else (told,))
    return [Section(label, whole) for label, told in parts if (whole := "".join(told))]


def _heading(paragraph: str) -> tuple[str | None, str, bool]:
    """The heading of a paragraph, if it opens with one, the rest of it, and whether that is a guess."""
    if paragraph.startswith(_HEADING):
        label, _, told = paragraph[1:].partition(_HEADING_END)
        return label.strip(": ") or None, told.replace(_HEADING_END, " ").lstrip(": "), False
    paragraph = paragraph.replace(_HEADING_END, " ")
    if _ALONE.fullmatch(paragraph):
        return paragraph.rstrip(":"), "", False
    glued = None if _GENE.match(paragraph) else _GLUED.match(paragraph)
    if glued is None:
        return None, paragraph, False
    return glued["title"] or glued["upper"], paragraph[glued.end() :], True


def _unmarked(text: str) -> str:
    """The text with its marks read: headings between two signs, blocks gone, items as paragraphs, characters real."""
    text = re.sub(f"[{_HEADING}{_HEADING_END}\r]", "", text)
    parts: list[str] = []
    at, block = 0, ""
    opened: set[str] = set()
    last_close: dict[str, int] = {}
    for mark in _MARK.finditer(text):
        name, opens = (mark["name"] or "").removesuffix("_L"), mark[0][0] in "Oo"
        if name and opens and name not in last_close:
            last_close[name] = text.rfind(f"C_{name}")
        # Half of a pair is no mark but part of a name: a sample HCC_LIVER.
        if name and not (last_close[name] > mark.start() if opens else name in opened):
            continue
        opened.add(name)
        if not block:
            parts.append(text[at : mark.start()])
        at = mark.end()
        if block:
            block = "" if mark[0] == f"C_{block}" else block
        elif name in _BLOCKS:
            block = name if opens else ""
            parts.append("\n\n")
        elif name == "ST_ABS":
            parts.append(f"\n\n{_HEADING}" if opens else _HEADING_END)
        elif name and name not in _INLINE:
            parts.append("\n\n")
    parts.append(text[at:])
    read = _BRACES.sub(lambda found: found[0] if found[1] else _CHARACTERS[found[2]], "".join(parts))
    return _BRACKETS.sub(lambda found: _SIGNS[found[1]], read)
