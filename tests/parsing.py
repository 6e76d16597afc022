"""A parser under test: rows of a file, with conservation and order checked on the way, for every test."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.streams import open_stream


def raw_object(source: str, name: str = "x") -> RawObject:
    """An object of a day in March 2025, fetched the morning after."""
    return RawObject(source, date(2025, 3, 14), "raw/x", "0" * 64, 1, name, datetime(2025, 3, 15, 6, tzinfo=UTC))


class Reader:
    """What a source makes of the bytes of a file, or of a page."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._raw = raw_object(source.name)

    def rows(self, content: bytes) -> list[Record | Quarantined]:
        """All rows; as many as the source counts."""
        found = list(self._source.parse(open_stream(io.BytesIO(content), len(content)), self._raw))
        assert self._source.count(open_stream(io.BytesIO(content), len(content))) == len(found)
        assert [row.record_index for row in found] == list(range(len(found)))
        return found

    def listed(self, content: bytes) -> Record:
        """The one record."""
        [row] = self.rows(content)
        assert isinstance(row, Record), row
        return row

    def refused(self, content: bytes) -> Quarantined:
        """The one row of quarantine."""
        [row] = self.rows(content)
        assert isinstance(row, Quarantined), row
        return row
