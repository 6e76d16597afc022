"""Where sentences of scientific prose begin and end.

Small on purpose: it serves the sentences that cite a figure, where to split too seldom costs little and to split inside
``Fig. 2`` costs the citation. The libraries that do this by rule are unmaintained (pysbd's last release is of 2021),
those that do it by model are heavy. What does not belong here: XML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: A stop with closing quotes and brackets, then perhaps the numbers of a superscript citation, then a blank and what
#: may begin a sentence.
_STOP = re.compile(
    r"(?<![.!?])(?P<stop>[.!?]+[\"'”’»)\]]*)(?P<cited>(?:\[?[0-9]{1,3}(?:[,–-][0-9]{1,3})*\]?)?)\s+(?=[\"'“‘«(\[]*[^\W_a-z]|[α-ω])"
)
_WORD_BEFORE = re.compile(r"[^\s(\[{\"'“‘«/–—]*$")
_WORD_AFTER = re.compile(r"[\"'“‘«(\[]*([^\W_]*)")

_BEFORE_MORE = """fig figs eq eqs eqn eqns ref refs tab tabs vs cf e.g eg i.e ie dr drs prof mr mrs ms st approx ca resp
    suppl supp vol vols pp sec sect ch chap ext viz c.f subsp ssp var cv nr app ver dept univ"""
_BEFORE_ANY = "al etc sp spp inc ltd co corp jr sr ph.d m.d a.m p.m ed eds gen nov i.v i.p s.c"
_FIRST_WORDS = """A After Additionally All Also Although An And Another Any As At Because Both But By Consequently
    Conversely Despite Due Each Finally First For From Furthermore Given Hence Here However If In Indeed Instead
    Interestingly It Its Moreover Most Nevertheless No None Nonetheless Notably Of On Once One Only Other Our Overall
    Previous Recent Results Second Several Similarly Since So Some Such Surprisingly That The Their Then There Therefore
    These They This Those Thus To Together Two Under Unlike Using We When Whereas While With Within"""

#: Abbreviations that never end a sentence: something always follows.
_OPEN = frozenset(_BEFORE_MORE.split())

#: Abbreviations that may end a sentence. They do where a word follows that begins one.
_SOFT = frozenset(_BEFORE_ANY.split())
_STARTERS = frozenset(_FIRST_WORDS.split())


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Half-open ranges of the sentences of a text, in order, without the blanks between them."""
    spans = []
    begin = 0
    for end, following in _boundaries(text):
        if text[begin:end].strip():
            spans.append((begin, end))
        begin = following
    if text[begin:].strip():
        spans.append((begin, len(text.rstrip())))
    return spans


def _boundaries(text: str) -> Iterator[tuple[int, int]]:
    """Where a sentence ends and where the next begins."""
    begin = 0
    for stop in _STOP.finditer(text):
        if _ends_sentence(text, begin, stop):
            yield stop.end("cited"), stop.end()
            begin = stop.end()


def _ends_sentence(text: str, begin: int, stop: re.Match[str]) -> bool:
    if not stop["stop"].startswith("."):
        return True
    # A word before a stop is short: to look further back for its start would make a text without blanks costly.
    before = _WORD_BEFORE.search(text, max(begin, stop.start() - 40), stop.start())
    word = before[0] if before else ""
    following = _WORD_AFTER.match(text, stop.end())
    first = following[1] if following else ""
    if stop["cited"] and not stop["cited"].startswith("[") and word[-1:].isdigit():
        return False
    if word.lower() in ("no", "nos"):
        return not first[:1].isdigit()
    if word.lower() in _OPEN:
        return False
    if word.isdecimal() and not text[begin : stop.start() - len(word)].strip():
        return False  # the number of a list's item
    is_initial = len(word) == 1 and word.isalpha()
    is_dotted = re.fullmatch(r"(?:[A-Za-z]{1,2}\.-?)+[A-Za-z]{1,2}", word) is not None  # U.S, J.-P
    if word.lower() in _SOFT or is_initial or is_dotted:
        return first in _STARTERS
    return True
