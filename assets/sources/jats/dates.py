"""Dates of an article: when it was published, and every event that it names.

The rule: an article was published at the earliest of its dates of publication, in print or online. Of two dates the
earlier is the one whose whole period ends first, so that "2021" does not win against the 13th of September 2021. The
date of the collection or the issue that an article is filed in counts only where it names no other; the day it came
to PMC or was a preprint does not count. What does not belong here: whether a date is plausible
(`assets.sources.dates`).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from lxml import etree

from assets.sources.bibliography import Dated
from assets.sources.dates import parse_issue_date
from assets.sources.jats.text import text

#: What JATS and NLM call the dates of publication proper.
_PUBLISHED = frozenset(
    {"epub", "ppub", "epub-ppub", "epub-original", "pub", "publication", "electronic", "print", "original"}
)
_FILED = frozenset({"collection", "issue", "issue-pub", "epub-collection", "ecorrected", ""})

#: The names that `Dated.kind` has for the same events elsewhere.
_KINDS = {"epub": "electronic", "ppub": "issue"}


def published_on(meta: etree._Element) -> date | None:
    """First day of what the date of publication names; None if there is none."""
    dated = [(_event(element), *_period(element)) for element in meta.iterchildren("pub-date")]
    for events in (_PUBLISHED, _FILED):
        known = [(end, begin) for event, begin, end in dated if event in events and begin is not None]
        if known:
            # Of two that end together the one that begins later says more.
            first_end = min(end for end, _ in known)
            return max(begin for end, begin in known if end == first_end)
    return None


def read_dates(meta: etree._Element) -> list[Dated]:
    """Every dated event, publication first, then the history."""
    rows: list[Dated] = []
    for element in (
        *meta.iterchildren("pub-date"),
        *meta.iterfind("history/date"),
        *meta.iterfind("pub-history//date"),
    ):
        if value := _written(element):
            event = _event(element) or element.get("publication-format") or "published"
            rows.append(Dated(kind=_KINDS.get(event, event), value=value, on=_period(element)[0]))
    return rows


def _event(element: etree._Element) -> str:
    """The kind of a date: NLM and JATS have named the attribute twice."""
    event = element.get("date-type") or element.get("pub-type") or ""
    if not event and (parent := element.getparent()) is not None and parent.tag == "event":
        event = parent.get("event-type") or ""
    if not event and element.tag == "pub-date" and element.get("publication-format"):
        event = "pub"
    return str(event).strip().lower()


def _parts(element: etree._Element) -> dict[str, str]:
    named = {name: text(element.find(name)) for name in ("year", "season", "month", "day")}
    return {name: value for name, value in named.items() if value}


def _written(element: etree._Element) -> str | None:
    return "-".join(_parts(element).values()) or text(element.find("string-date")) or element.get("iso-8601-date")


def _period(element: etree._Element) -> tuple[date | None, date]:
    """First and last day of what a date names."""
    parts = _parts(element)
    begin = parse_issue_date(" ".join(parts.values()))
    if begin is None:
        said = text(element.find("string-date")) or element.get("iso-8601-date")
        begin = parse_issue_date(said)
        return begin, begin or date.max
    if "day" in parts:
        return begin, begin
    months = 1 if "month" in parts else 3 if "season" in parts else 13 - begin.month
    last = min(begin.month + months - 1, 12)
    return begin, date(begin.year, last, monthrange(begin.year, last)[1])
