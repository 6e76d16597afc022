"""Which files NLM holds of PubMed: the two directory listings, and what is wrong where a file lacks.

Listings are pages of a web server: a link for each file, behind it the time of its last change and its size. What does
not belong here: which of the files are a day's (`assets.connectors.pubmed_files`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import unquote

from assets.connectors.base import PageFault, Response

_MAX_LIST_BYTES = 16 * 1024 * 1024

_FILE = re.compile(r"pubmed(\d{2})n(\d{4,6})\.xml\.gz", re.ASCII)
_LINK = re.compile(r"""<a\s[^<>]*?href\s*=\s*["']?([^"'<>\s]+)["']?[^<>]*>""", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_END = re.compile(r"</html\s*>\s*\Z", re.IGNORECASE)

#: Times as Apache's and nginx's pages show them.
_TIMES = (
    (re.compile(r"\b\d{4}-\d{2}-\d{2} \d{2}:\d{2}"), "%Y-%m-%d %H:%M"),
    (re.compile(r"\b\d{2}-[A-Z][a-z]{2}-\d{4} \d{2}:\d{2}"), "%d-%b-%Y %H:%M"),
)


@dataclass(frozen=True, slots=True, order=True)
class PubmedFile:
    """One file.

    Attributes:
        year: Of its series, from its name: 2026 for pubmed26n0001.xml.gz.
        number: Its place in the series.
        name: As listed.
        day: The day of its last change, as the listing shows it; None where it shows none.
        has_sum: Whether its MD5 sum is listed beside it.
    """

    year: int
    number: int
    name: str
    day: date | None
    has_sum: bool


def listed(response: Response) -> list[PubmedFile]:
    """PubMed's files of a directory listing, by series and number.

    Raises:
        PageFault: The page is no listing, or not a whole one.
    """
    content = response.body.read(_MAX_LIST_BYTES).decode("utf-8", errors="replace")
    if not re.search(r"<title>\s*Index of\b|<h1>\s*Index of\b", content[:8192], re.IGNORECASE):
        raise PageFault("wrong_page", "the page is no listing of a directory")
    if not _END.search(content):
        raise PageFault("unreadable_page", "the listing breaks off")
    links = list(_LINK.finditer(content))
    days: dict[str, date | None] = {}
    for link, after in zip(links, [*links[1:], None], strict=True):
        name = unquote(html.unescape(link[1])).removeprefix("./")
        if name.startswith("pubmed") and "/" not in name:
            days[name] = _day(content[link.end() : after.start() if after else len(content)])
    return sorted(
        PubmedFile(2000 + int(found[1]), int(found[2]), name, day, f"{name}.md5" in days)
        for name, day in days.items()
        if (found := _FILE.fullmatch(name))
    )


def _day(behind: str) -> date | None:
    """The day that stands behind a link."""
    text = _TAG.sub(" ", behind)
    for pattern, form in _TIMES:
        if found := pattern.search(text):
            try:
                return datetime.strptime(found[0], form).date()
            except ValueError:
                return None
    return None


def check_complete(files: Sequence[PubmedFile], first: int | None = None) -> None:
    """Every number of a series is there, from its first (or a given one) on, dated and with its sum.

    Args:
        files: Of one series, ascending.
        first: The number that the series begins with, where it is known.

    Raises:
        PageFault: ``missing_file``. NLM may be about to put it there: asking again may help.
    """
    expected = files[0].number if first is None and files else first
    for file in files:
        if file.number != expected:
            raise PageFault("missing_file", f"{file.name} is listed, and number {expected} before it is not")
        if not file.has_sum:
            raise PageFault("missing_file", f"{file.name} is listed without its MD5 sum")
        if file.day is None:
            raise PageFault("wrong_page", f"the listing shows no day for {file.name}")
        expected = file.number + 1


def days_of(files: Iterable[PubmedFile]) -> list[tuple[date, PubmedFile]]:
    """Files in ascending order with the day that each belongs to.

    That is the day of its last change, unless a file after it is older: a file that was written anew, or by a server
    whose clock went otherwise, keeps its place before the one that follows. Days never descend.
    """
    placed: list[tuple[date, PubmedFile]] = []
    latest: date | None = None
    for file in reversed(list(files)):
        if file.day is None:
            raise PageFault("wrong_page", f"the listing shows no day for {file.name}")
        latest = file.day if latest is None else min(file.day, latest)
        placed.append((latest, file))
    return placed[::-1]
