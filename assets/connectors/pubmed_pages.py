"""What an answer of efetch holds: whole records by their own PMIDs, or NCBI's word that something went wrong.

A page is gone through by its tags, without an XML parser and in bounded memory. What does not belong here: what a
record says (`assets.sources.pubmed`), which page comes next (`assets.connectors.pubmed`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import BinaryIO

from assets.connectors.base import PageFault, Response

#: An error that tells of the history server: what was stored there is not to be had (any more).
_HISTORY = re.compile(r"history|query_key|webenv|unable to obtain query", re.IGNORECASE)

#: efetch's word for a list of ids none of which it knows.
_NOTHING_KNOWN = re.compile(r"\s*ID list is empty", re.IGNORECASE)

_ERROR = re.compile(rb"<ERROR(?:\s[^>]*)?>(.*?)(?:</ERROR>|\Z)", re.DOTALL)
_MARKUP = re.compile(r"</?[A-Za-z!][^>]*>?")

_TOKEN = re.compile(
    rb"<(?P<end>/?)(?P<record>Pubmed(?:Book)?Article)(?=[\s>/])"
    rb"|<PMID(?:\s[^<>]{0,200})?>\s{0,50}(?P<pmid>[0-9]{1,9})\s{0,50}</PMID\s{0,8}>"
    rb"|<(?P<close>/?)PubmedArticleSet(?:\s[^<>]{0,200})?(?P<empty>/?)>"
    rb"|<(?P<error>ERROR)[\s>/]"
)
_BLOCK_BYTES = 1024 * 1024

#: No token is longer.
_OVERLAP = 512


class HistoryGone(PageFault):
    """The history server has not kept the search, or not as it was: its records can still be asked for by name."""

    def __init__(self, detail: str) -> None:
        """Takes what efetch said."""
        super().__init__("token_expired", detail, then="restart")


def own_pmids(response: Response) -> list[str]:
    """PMIDs of the records on a page, in order; not those that records cite, correct or delete.

    Raises:
        HistoryGone: efetch does not find the stored search.
        PageFault: The page is an error, no set of PubMed records, or was cut off.
    """
    pmids: list[str] = []
    record: bytes | None = None  # the element that is open
    named = in_set = closed = False
    for token in _tokens(response.body):
        if token["error"]:
            return _told(response)
        if token["pmid"]:
            if record is not None and not named:
                pmids.append(str(int(token["pmid"])))
                named = True
        elif token["record"] is None:
            if token["close"] and not in_set:
                break
            in_set, closed = True, bool(token["close"] or token["empty"])
        elif not token["end"]:
            if record is not None or closed or not in_set:
                raise PageFault("unreadable_page", f"a record begins out of place after {len(pmids)} records")
            record, named = token["record"], False
        else:
            if record != token["record"] or not named:
                raise PageFault("unreadable_page", f"a record ends that did not begin, after {len(pmids)} records")
            record = None
    if not in_set:
        raise PageFault("wrong_page", "the answer is no set of PubMed records")
    if not closed or record is not None:
        raise PageFault("unreadable_page", f"the answer breaks off after {len(pmids)} records")
    return pmids


def _tokens(body: BinaryIO) -> Iterator[re.Match[bytes]]:
    """Tags that matter, in order, read a block at a time."""
    window = b""
    while True:
        block = body.read(_BLOCK_BYTES)
        window += block
        limit = len(window) - _OVERLAP if block else len(window)
        at = 0
        while (token := _TOKEN.search(window, at)) and token.start() < limit:
            yield token
            at = token.end()
        if not block:
            return
        window = window[max(at, limit, 0) :]


def _told(response: Response) -> list[str]:
    """What NCBI says in place of a page; a list of ids that it does not know is an empty page."""
    message = error_in(response) or "an error without a message"
    if _NOTHING_KNOWN.match(message):
        return []
    if _HISTORY.search(message):
        raise HistoryGone(f"efetch answers: {message}")
    raise PageFault("error_answer", f"efetch answers: {message}")


def error_in(response: Response) -> str | None:
    """The text of the ERROR element in an answer, in one line; None without one. The body stands at its start again."""
    response.body.seek(0)
    content = response.body.read(_BLOCK_BYTES)
    response.body.seek(0)
    found = _ERROR.search(content)
    if found is None:
        return None
    text = _MARKUP.sub(" ", html.unescape(found[1][:4000].decode("utf-8", errors="replace")))
    return " ".join(text.split())[:300]
