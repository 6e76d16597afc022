"""Rows of a table as Arrow arrays: picked, gathered by what they belong to, made into lists. No copy of a text a step.

Frames would do the same with a query a step, and there are hundreds of steps to a few hundred records. What does not
belong here: what the cells mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_BLANK = 32
_ODD_SPACE = r" *[\t\r\n][ \t\r\n]*| {2,}"
_NOTHING = np.empty(0, np.uint8)


class Rows:
    """Rows in order, each of one record.

    Attributes:
        records: Number of each row's record, ascending.
        places: The other numbers that a row carries: its place within lists, by the name of the list.
        cells: Texts by name, null where there is none.
    """

    def __init__(self, table: Any) -> None:
        """Takes a record batch whose columns in angle brackets are places, and whose other columns are texts."""
        columns = dict(zip(table.schema.names, table.columns, strict=True))
        self.places = {name: array.to_numpy() for name, array in columns.items() if name.startswith("<")}
        self.records: Any = self.places["<records>"].astype(np.int64)
        self.cells = {name: tidied(array) for name, array in columns.items() if not name.startswith("<")}

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.records)

    def has(self, *names: str) -> Any:
        """Which rows hold at least one of the cells."""
        return np.logical_or.reduce([valid(self.cells[name]) for name in names])

    def of(self, name: str, number: int) -> Any:
        """The first text of a cell in each of so many records."""
        return first_of(self.records, self.cells[name], number)

    def texts(self, name: str, number: int) -> Any:
        """All texts of a cell in each of so many records, as lists."""
        there = valid(self.cells[name])
        return lists_of(self.records[there], self.cells[name].filter(pa.array(there)), number)

    def structs(self, names: Mapping[str, str], number: int, *, needed: Iterable[str]) -> Any:
        """Rows that hold something of what is needed, as lists of structs with these cells by these names."""
        there = self.has(*needed)
        mask = pa.array(there)
        fields = {field: self.cells[name].filter(mask) for field, name in names.items()}
        return lists_of(self.records[there], struct_of(fields), number)


def tidied(texts: Any) -> Any:
    """Texts with white space as `assets.sources.xml_text` leaves it, null where nothing is left."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = texts.buffers()[2]
    content = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]] if data is not None and len(texts) else _NOTHING
    # The texts stand one after the other: most columns show at a look that there is nothing to do.
    blank = content <= _BLANK
    if blank.any():
        filled = np.diff(offsets) > 0
        first, last = offsets[:-1][filled] - offsets[0], offsets[1:][filled] - offsets[0] - 1
        if (blank[1:] & blank[:-1]).any() or (content < _BLANK).any() or blank[first].any() or blank[last].any():
            texts = pc.utf8_trim(pc.replace_substring_regex(texts, _ODD_SPACE, " "), " ")
            return pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
    empty = (np.diff(offsets) == 0) & valid(texts)
    return pc.if_else(pa.array(empty), pa.scalar(None, texts.type), texts) if empty.any() else texts


def valid(values: Any) -> Any:
    """Which values are there."""
    return values.is_valid().to_numpy(zero_copy_only=False)


def first_of(owners: Any, values: Any, number: int) -> Any:
    """The first value of each owner, null where it has none. Owners are numbers, ascending."""
    there = np.flatnonzero(valid(values))
    at = np.full(number, -1)
    at[owners[there][::-1]] = there[::-1]
    return values.take(pa.array(at, mask=at < 0))


def lists_of(owners: Any, items: Any, number: int) -> Any:
    """The items of each owner, in order; an empty list where it has none. Owners are numbers, ascending."""
    offsets = np.zeros(number + 1, np.int64)
    np.cumsum(np.bincount(owners, minlength=number), out=offsets[1:])
    return pa.LargeListArray.from_arrays(pa.array(offsets), items)


def struct_of(fields: Mapping[str, Any]) -> Any:
    """Structs of arrays of equal length."""
    return pa.StructArray.from_arrays(list(fields.values()), names=list(fields))


def joined(*values: Any, by: str = " ") -> Any:
    """The texts that are there as one; null where none is."""
    there = np.logical_or.reduce([valid(each) for each in values])
    mask = pa.array(there)  # Arrow's kernel leaves rows out that hold nothing
    said = [each.filter(mask) for each in values]
    texts = pc.binary_join_element_wise(*said, pa.scalar(by, values[0].type), null_handling="skip")
    return texts if there.all() else texts.take(pa.array(np.cumsum(there) - 1, mask=~there))


def mapped(function: Callable[[Any], Any], values: Any, kind: Any) -> Any:
    """What a function makes of each value."""
    return pa.array([function(value) for value in values.to_pylist()], kind)


def equals(values: Any, text: str) -> Any:
    """Which values are this text."""
    return pc.fill_null(pc.equal(values, text), False)
