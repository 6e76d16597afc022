"""What a saved query may look like, whatever the service's own language: for messages before anything is asked.

What does not belong here: the language itself; a service says what is wrong in it.
"""

from __future__ import annotations

import re

#: Pieces of an address in place of what it stands for.
_FROM_AN_ADDRESS = re.compile(
    r"\+(?:AND|OR|NOT|ANDNOT)\+|%[0-9A-F]{2}|&(?:start|max_results|sortBy|format|resultType|pageSize)=", re.IGNORECASE
)


def checked_query(query: str, dates: re.Pattern[str]) -> str:
    """A query with single blanks.

    Args:
        query: As the user wrote it.
        dates: What it may not hold, since the day is added to it.

    Raises:
        ValueError: It cannot be meant; the message says why.
    """
    query = " ".join(query.split())
    if not query:
        raise ValueError("the query is empty")
    if found := dates.search(query):
        raise ValueError(f"leave {found[0]} out of the query: each day is added to it")
    if _FROM_AN_ADDRESS.search(query):
        raise ValueError("the query is copied from an address; write spaces and quotes as they are")
    if query.count('"') % 2 or not _closed(re.sub(r'"[^"]*"', "", query)):
        raise ValueError("a quote or parenthesis in the query is not closed")
    return query


def _closed(query: str) -> bool:
    depth = 0
    for mark in re.findall(r"[()]", query):
        depth += 1 if mark == "(" else -1
        if depth < 0:
            return False
    return depth == 0
