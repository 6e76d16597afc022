"""The lists of one fetch while their pages come in: what was announced, what came, what has been asked for.

Work a page grows with the page, not with the pages before it. What does not belong here: what a list has to be
(`assets.fetching.fetched.Part`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from assets.connectors.base import Step
from assets.fetching.fetched import PageRecord, Part, step_hash


@dataclass(slots=True)
class _List:
    announced: int | None = None
    ids: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    listing_pages: int = 0

    def part(self, name: str) -> Part:
        uncounted = bool(self.listing_pages) and not self.ids and self.announced != 0
        return Part(name, self.announced, None if uncounted else len(self.ids), len(self.absent))


class Lists:
    """Every list of one generation of a fetch, in the order in which they began."""

    def __init__(self) -> None:
        """None yet."""
        self._lists: dict[str, _List] = {}
        self._asked: set[str] = set()
        self.fetched = 0  # distinct records of each list so far

    def add(self, page: PageRecord) -> None:
        """Count one good page."""
        own = self._lists.setdefault(page.part, _List())
        if page.announced is not None:
            own.announced = page.announced
        before = len(own.ids)
        if page.role == "records":
            own.ids.update(page.ids)
            own.listing_pages += 1
        own.absent.update(page.absent)
        self.fetched += len(own.ids) - before
        self._asked.add(page.asked)

    @property
    def announced(self) -> int | None:
        """Records announced so far, over all lists that say so."""
        told = [own.announced for own in self._lists.values() if own.announced is not None]
        return sum(told) if told else None

    def announced_of(self, part: str) -> int | None:
        """What one list announced last."""
        return self._lists[part].announced if part in self._lists else None

    def asked(self, step: Step) -> bool:
        """Whether a request has been sent, with the same memory."""
        return step_hash(step) in self._asked

    def parts(self) -> tuple[Part, ...]:
        """The lists as the finished record has them; a page that only steers belongs to none."""
        return tuple(
            own.part(name) for name, own in self._lists.items() if own.announced is not None or own.listing_pages
        )
