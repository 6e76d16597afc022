"""Searching PubMed for one day: the words of a search, what esearch answers, and how a large day is split.

PubMed serves the first 9,999 records of a search and cuts off the rest without a word. A day cannot be split by its
date, so it is split by PMID: ``1:49999999[UID]`` and ``50000000:99999999[UID]``, halved again until every range is
small enough. Both halves are counted each time and have to add up to the whole, so that no record falls between them.
What does not belong here: fetching the records of a search (`assets.connectors.pubmed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from lxml import etree

from assets.connectors.base import Endpoint, PageFault, Response, Step, Understood
from assets.connectors.pubmed_pages import error_in

ENDPOINT = Endpoint(
    name="pubmed",
    url="https://eutils.ncbi.nlm.nih.gov/entrez/eutils",
    seconds_between=0.34,
    source="3 requests a second without a key (https://www.ncbi.nlm.nih.gov/books/NBK25497/)",
    also_reads=frozenset({400}),  # an expired WebEnv and faults behind NCBI's front door come as 400, named in the body
)

#: Records of one search that can be had. NBK25499 says 10,000; the service itself says 9,999 when it is asked for more
#: ("'retstart' cannot be larger than 9998"), and cuts off without a word where a page reaches over that.
MOST_OF_A_SEARCH = 9_999

#: A range this small is searched as it is. The rest is room for records that join it before it is searched.
SMALL_RANGE = 9_500

#: PMIDs have at most 8 digits (https://www.nlm.nih.gov/bsd/mms/medlineelements.html#pmid).
LAST_PMID = 99_999_999

#: What a range may lose between being counted and being searched, records that were changed once more meanwhile. A
#: range that loses more was not searched as it was counted.
_MAY_LOSE = 0.1

#: Dates that PubMed keeps of a record, by the names of esearch's ``datetype``; names of the fields as einfo lists them.
DATE_FIELDS: Mapping[str, str] = {
    "mdat": "Date - Modification",
    "edat": "Date - Entry",
    "crdt": "Date - Create",
    "pdat": "Date - Publication",
}

#: A longer term is sent by POST, as NBK25499 asks for terms of more than several hundred characters.
_LONGEST_TERM_IN_URL = 700

_MAX_ANSWER_BYTES = 16 * 1024 * 1024

#: Parts of a term that are ours: a day, a range of PMIDs. They are no phrases, found or not.
_OURS = re.compile(r"\d{4}/\d{2}/\d{2}|\d+\s*:\s*\d+")

Range = tuple[int, int]  # first and last PMID


# -- PMIDs that travel in a memo ---------------------------------------------------------------------------------------


def pack(pmids: Iterable[int]) -> str:
    """PMIDs as text, ascending, as differences: 9,999 of a day are some 35 kB."""
    tokens, before = [], 0
    for pmid in sorted(set(pmids)):
        tokens.append(str(pmid - before))
        before = pmid
    return " ".join(tokens)


def unpack(packed: str) -> list[int]:
    """PMIDs from what `pack` gave."""
    pmids, before = [], 0
    for token in packed.split():
        before += int(token)
        pmids.append(before)
    return pmids


# -- asking ------------------------------------------------------------------------------------------------------------


def term(query: str, dates: Sequence[str], day: date, pmids: Range | None = None) -> str:
    """A search in PubMed's own language: the user's words, on a day, within a range of PMIDs."""
    shown = f"{day:%Y/%m/%d}"
    on_the_day = " OR ".join(f"{shown}:{shown}[{DATE_FIELDS[name]}]" for name in dates)
    within = "" if pmids is None else f" AND {pmids[0]}:{pmids[1]}[UID]"
    return f"({query}) AND ({on_the_day}){within}"


def part_of(pmids: Range | None) -> str:
    """Name of the list that a range is; the whole day has none."""
    return "" if pmids is None else f"PMID {pmids[0]}-{pmids[1]}"


def _asking(words: str, params: tuple[tuple[str, str], ...], part: str, memo: Mapping[str, Any]) -> Step:
    params = (("db", "pubmed"), ("term", words), *params, ("retmode", "xml"))
    form = len(words) > _LONGEST_TERM_IN_URL
    return Step(ENDPOINT.name, "/esearch.fcgi", params, "xml", part=part, memo=memo, form=form)


def search(words: str, pmids: Range | None, planned: int | None, todo: Sequence[Sequence[int]]) -> Step:
    """Searches a whole day or a range of it, and has the history server keep what is found.

    Args:
        words: The term.
        pmids: The range; None for the whole day.
        planned: Records that were counted in the range.
        todo: Ranges that follow, as (first, last, records counted).
    """
    params = (("usehistory", "y"), ("retstart", "0"), ("retmax", str(MOST_OF_A_SEARCH)))
    memo = {"reads": "search", "range": pmids and list(pmids), "planned": planned, "todo": [list(r) for r in todo]}
    return _asking(words, params, part_of(pmids), memo)


# -- what esearch answers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        count: Records that match.
        pmids: Those that are named, at most `MOST_OF_A_SEARCH`.
        history: WebEnv and query_key of what the history server keeps; None where it keeps nothing.
    """

    count: int
    pmids: tuple[int, ...]
    history: tuple[str, str] | None


def found(step: Step, response: Response, *, unknown_phrases: bool) -> Found:
    """Read an answer of esearch.

    Args:
        step: What was asked.
        response: The answer.
        unknown_phrases: Take a query with words that PubMed does not know.

    Raises:
        PageFault: It is an error, none of esearch's answers, or not what was asked for; or PubMed understood the
            query otherwise than it was meant.
    """
    root = _answer(response)
    _check_query(root, unknown_phrases=unknown_phrases)
    asked, pmids = dict(step.params), [_number(one.text, "an id") for one in root.iterfind("IdList/Id")]
    count = _number(root.findtext("Count"), "its count")
    if _number(root.findtext("RetStart"), "where it begins") != 0:
        raise PageFault("wrong_page", "the answer does not begin at the first record")
    wanted = min(count, int(asked["retmax"]))
    if len(set(pmids)) != wanted:
        raise PageFault("short_page", f"the answer names {len(set(pmids))} of {wanted} records")
    within = step.memo["range"]
    if within and any(not within[0] <= pmid <= within[1] for pmid in pmids):
        raise PageFault("wrong_page", f"the answer names records outside of PMID {within[0]}-{within[1]}")
    webenv, key = root.findtext("WebEnv"), root.findtext("QueryKey")
    return Found(count, tuple(pmids), (webenv.strip(), key.strip()) if webenv and key else None)


def _answer(response: Response) -> etree._Element:
    message = error_in(response)
    if message is not None:
        raise PageFault("error_answer", f"esearch answers: {message}")
    content = response.body.read(_MAX_ANSWER_BYTES)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise PageFault("unreadable_page", f"the answer of esearch is no XML: {fault}") from fault
    if root.tag != "eSearchResult":
        raise PageFault("wrong_page", f"a <{str(root.tag)[:50]}> in place of an answer of esearch")
    return root


def _number(text: str | None, what: str) -> int:
    if text is None or not re.fullmatch(r"\s*[0-9]{1,9}\s*", text, re.ASCII):
        raise PageFault("wrong_page", f"the answer of esearch does not say {what}: {str(text)[:50]!r}")
    return int(text)


def _check_query(root: etree._Element, *, unknown_phrases: bool) -> None:
    """Words that PubMed passed over make another search of it. Stop words that it leaves out do not."""
    fields = _told(root, "FieldNotFound")
    if fields:
        detail = f"PubMed knows no field {_quoted(fields)} and searches as if it were not there: mend the query"
        raise PageFault("misunderstood_query", detail, then="fail")
    phrases = [*_told(root, "PhraseNotFound"), *_told(root, "QuotedPhraseNotFound")]
    phrases = [phrase for phrase in phrases if not _OURS.search(phrase)]
    if phrases and not unknown_phrases:
        detail = (
            f"PubMed does not know {_quoted(phrases)} and searches for something else or nothing: mend the query, "
            "or set unknown_phrases = true if that is meant"
        )
        raise PageFault("misunderstood_query", detail, then="fail")


def _told(root: etree._Element, name: str) -> list[str]:
    every = [*root.iterfind(f"ErrorList/{name}"), *root.iterfind(f"WarningList/{name}")]
    return [" ".join(one.text.split()) for one in every if one.text and one.text.strip()]


def _quoted(words: list[str]) -> str:
    return ", ".join(repr(word[:100]) for word in words[:5])


# -- splitting a day ---------------------------------------------------------------------------------------------------


def check_planned(pmids: Range, count: int, planned: int) -> None:
    """A range that was counted has to be found about as it was counted.

    Raises:
        PageFault: ``list_changed``.
    """
    lost = planned - count
    if count > MOST_OF_A_SEARCH or lost > max(10, _MAY_LOSE * planned):
        detail = f"{part_of(pmids)} lists {count} records, {planned} when it was counted"
        raise PageFault("list_changed", detail, then="restart")


class Splitting:
    """Halves ranges until every one is small, by counting both halves of each."""

    def __init__(self, query: str, dates: Sequence[str], day: date) -> None:
        """Takes what is searched for."""
        self._searched = (query, dates, day)

    def begin(self, count: int) -> Step:
        """Counts the first half of a whole day of so many records."""
        return self._halve([[1, LAST_PMID, count]], [])

    def read(self, step: Step, count: int) -> Understood:
        """Goes on with the count of a half."""
        memo = step.memo
        low, high, whole = memo["splits"][0]
        first, last = memo["range"]
        if count > last - first + 1:
            raise PageFault("wrong_page", f"{count} records among {last - first + 1} PMIDs: the range is not obeyed")
        if memo["lower"] is None:
            return Understood("control", next=self._count((last + 1, high), count, memo["splits"], memo["small"]))
        lower = memo["lower"]
        if lower + count != whole:
            detail = f"{part_of((low, high))} holds {whole} records, its halves {lower} and {count}"
            raise PageFault("list_changed", detail, then="restart")
        halves = [[low, first - 1, lower], [first, last, count]]
        splits = [*(half for half in halves if half[2] > SMALL_RANGE), *memo["splits"][1:]]
        small = [*memo["small"], *(half for half in halves if 0 < half[2] <= SMALL_RANGE)]
        return Understood("control", next=self._halve(splits, small))

    def next_range(self, todo: Sequence[Sequence[int]]) -> Step | None:
        """Searches the next of the ranges that follow; None after the last."""
        if not todo:
            return None
        low, high, planned = todo[0]
        return search(term(*self._searched, (low, high)), (low, high), planned, todo[1:])

    def _halve(self, splits: list[list[int]], small: list[list[int]]) -> Step:
        if not splits:
            following = self.next_range(sorted(small))
            assert following is not None  # a day that is split holds records
            return following
        low, high, _ = splits[0]
        return self._count((low, (low + high) // 2), None, splits, small)

    def _count(self, pmids: Range, lower: int | None, splits: list[list[int]], small: list[list[int]]) -> Step:
        memo = {"reads": "count", "range": list(pmids), "lower": lower, "splits": splits, "small": small}
        # No list of its own: what it counts is announced when the range is searched.
        return _asking(term(*self._searched, pmids), (("retstart", "0"), ("retmax", "0")), "split", memo)
