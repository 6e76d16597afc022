"""Dates of PubMed XML in all their forms: parts, seasons, ranges as text, and the history of a record."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from lxml import etree

from assets.sources.bibliography import Dated
from assets.sources.dates import parse_issue_date
from assets.sources.xml_text import attribute_of

#: Children of a citation -> kind of the date.
CITATION_DATES = (("DateCreated", "created"), ("DateCompleted", "completed"), ("DateRevised", "revised"))

#: A year of listings names some hundred days over and over.
first_day = lru_cache(maxsize=16_384)(parse_issue_date)


def dated(kind: str, element: etree._Element | None) -> Dated | None:
    """A date with its parts in the order in which they stand: year, then month and day or season; or a text.

    The history's hour and minute stand last.
    """
    if element is None:
        return None
    # Not by name: every form puts its parts in the order in which they are read, and dates are a quarter of a record.
    value = " ".join(" ".join([part.text or "" for part in element]).split())
    return {"kind": kind, "value": value, "on": first_day(value)} if value else None


def day_of(element: etree._Element | None) -> date | None:
    """First day of what a date element names."""
    found = dated("", element)
    return found["on"] if found else None


def history(listed: etree._Element | None) -> list[Dated]:
    """When a record was received, accepted, entered and so on, in order."""
    events = (
        dated((attribute_of(event, "PubStatus") or "").lower(), event) for event in (() if listed is None else listed)
    )
    return [event for event in events if event]
