"""One item of a Hugging Face papers list as a `Record`: the same in the JSON interface and in the page's own data.

Three dates stand in an item. ``paper.publishedAt`` is when the paper was first published on arXiv: it is the
publication date. ``paper.submittedOnDailyAt`` is the day that listed it: it is the day of the listing and not kept
again. The item's own ``publishedAt`` repeats the first and stands in where that is missing.

What the site's models wrote (``ai_summary``, ``ai_keywords``) is neither abstract nor keyword and is left out; so are
the accounts of submitters and authors. ``hidden`` says that an author keeps the paper off their profile, not that they
did not write it: all authors are named. What does not belong here: how items are cut from a page
(`assets.sources.json_rows`, `assets.sources.hf_papers.island`).
"""

from __future__ import annotations

import re

from assets.sources.base import Attention, Author, RawObject, Record
from assets.sources.dates import parse_day, publication_fault
from assets.sources.faults import Unlistable
from assets.sources.identifiers import normalise_arxiv
from assets.sources.json_rows import mapping, number, text
from assets.sources.withdrawals import says_withdrawn

_ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`]{4,2000}", re.IGNORECASE)
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,99}", re.ASCII)


def read_item(entry: dict[str, object], index: int, raw: RawObject, rank: int | None) -> Record:
    """The listing that one item makes.

    Args:
        entry: The item: ``paper`` and what the list says beside it.
        index: Its position in the raw object, from 0.
        raw: The object that holds it.
        rank: Its place in a list that is ordered by attention, from 1; None where the order says nothing.

    Raises:
        Unlistable: It names no paper, has no title, or an impossible date.
    """
    paper = mapping(entry.get("paper"))
    paper_id = item_id(entry)
    if paper_id is None:
        raise Unlistable("missing_id", "the item names no paper")
    title = text(paper.get("title")) or text(entry.get("title"))
    if title is None:
        raise Unlistable("missing_title", f"{paper_id[:100]} has no title")
    published = parse_day(paper.get("publishedAt")) or parse_day(entry.get("publishedAt"))
    if fault := publication_fault(published, raw):
        raise Unlistable("implausible_date", fault)
    arxiv = normalise_arxiv(paper_id)
    abstract = text(paper.get("summary")) or text(entry.get("summary"))
    withdrawn = text(paper.get("withdrawnAt")) is not None or says_withdrawn(title, abstract)
    comments = entry.get("numComments", paper.get("numComments"))
    return Record(
        record_index=index,
        title=title,
        source_id=arxiv.id if arxiv else paper_id,
        status="withdrawn" if withdrawn else "new",
        abstract=abstract,
        authors=_authors(paper.get("authors")),
        published_on=published,
        arxiv_id=arxiv.id if arxiv else None,
        comment=_comment(entry, paper),
        url=f"https://huggingface.co/papers/{paper_id}" if _SAFE_ID.fullmatch(paper_id) else None,
        attention=Attention(upvotes=number(paper.get("upvotes")), comments=number(comments), rank=rank),
    )


def item_id(entry: dict[str, object]) -> str | None:
    """The paper that an item lists, as the service identifies it: its arXiv number."""
    return text(mapping(entry.get("paper")).get("id"))


def listed_on(entry: dict[str, object]) -> object:
    """When the item was put on the daily list, as written."""
    return mapping(entry.get("paper")).get("submittedOnDailyAt") or entry.get("submittedOnDailyAt")


def _authors(value: object) -> list[Author]:
    people = value if isinstance(value, list) else []
    names = (text(one.get("name")) if isinstance(one, dict) else text(one) for one in people)
    return [Author(name) for name in names if name]


def _comment(entry: dict[str, object], paper: dict[str, object]) -> str | None:
    """Links that belong to the paper, each after a word that says what it leads to, and the organisation behind it."""
    organization = mapping(paper.get("organization")) or mapping(entry.get("organization"))
    told = (
        ("Code", _address(paper.get("githubRepo"))),
        ("Project page", _address(paper.get("projectPage"))),
        ("Organization", text(organization.get("fullname")) or text(organization.get("name"))),
    )
    return "\n".join(f"{name}: {value}" for name, value in told if value) or None


def _address(value: object) -> str | None:
    found = text(value)
    return found if found and _ADDRESS.fullmatch(found) else None
