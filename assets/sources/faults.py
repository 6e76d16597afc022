"""How a parser says that one record cannot be listed.

What does not belong here: faults of the platform. A store that does not answer is no `Unlistable`.
"""

from __future__ import annotations

from assets.sources.base import Quarantined, excerpt


class Unlistable(ValueError):
    """One record cannot be listed: a verdict on data, raised inside a parser and never out of it.

    Attributes:
        reason: The word for ``Quarantined.reason``.
    """

    def __init__(self, reason: str, detail: str) -> None:
        """Takes the word and the cause; the place is added by `quarantined`."""
        super().__init__(detail)
        self.reason = reason

    def quarantined(self, index: int, place: str, damaged: bytes | str) -> Quarantined:
        """The row for quarantine.

        Args:
            index: The record's position in the raw object.
            place: Where it stands, for people: a line, a byte. May be empty.
            damaged: The record as received.
        """
        detail = f"{place}: {self}" if place else str(self)
        return Quarantined(record_index=index, reason=self.reason, detail=detail, excerpt=excerpt(damaged))
