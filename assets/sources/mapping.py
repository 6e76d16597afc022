"""The mapping file of a table or of JSON lines: which of its columns or keys is which of our fields.

.. code-block:: toml

    [fields]
    title = "Paper Title"
    authors = "contributors.name"  # JSON: keys apart by dots

What does not belong here: how a mapping is applied (`assets.sources.jsonl_records`, `assets.sources.csv_table`).
"""

from __future__ import annotations

import tomllib

from assets.sources.jsonl_records import FIELDS

#: A mapping has one short line a field.
MAX_BYTES = 64 * 1024


class MappingError(ValueError):
    """A mapping file that cannot be used; the message names the fault and what is allowed."""


def read_mapping(text: bytes) -> tuple[tuple[str, str], ...]:
    """The mapping that a file says, as ``RawObject.mapping`` carries it.

    Args:
        text: The TOML file: one table ``fields``, our field = "the file's own name of it".

    Returns:
        Pairs of our field (a key of `FIELDS`) and the file's name, in the order of the file.

    Raises:
        MappingError: Not TOML in UTF-8, another table, an unknown field, a name that is no text, or no field at all.
    """
    fields = _table(text)
    for field, name in fields.items():
        if field not in FIELDS:
            raise MappingError(f"the mapping names an unknown field {field!r}; fields are {', '.join(FIELDS)}")
        if not isinstance(name, str) or not name.strip():
            raise MappingError(f"the mapping of {field!r} must be the name of one column or key, in quotes")
    if not fields:
        raise MappingError(f"the mapping names no field; under [fields] these can stand: {', '.join(FIELDS)}")
    return tuple((field, str(name).strip()) for field, name in fields.items())


def _table(text: bytes) -> dict[str, object]:
    if len(text) > MAX_BYTES:
        raise MappingError(f"the mapping is larger than {MAX_BYTES // 1024} KiB, which none is")
    try:
        parsed = tomllib.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        raise MappingError(f"the mapping is not UTF-8 at byte {fault.start}") from fault
    except tomllib.TOMLDecodeError as fault:
        raise MappingError(f"the mapping is not TOML: {fault}") from fault
    except RecursionError as fault:
        raise MappingError("the mapping is nested too deeply to be read") from fault
    if others := [name for name in parsed if name != "fields"]:
        raise MappingError(f"the mapping holds {others[0]!r}; its only table is [fields]")
    fields = parsed.get("fields", {})
    if not isinstance(fields, dict):
        raise MappingError("'fields' must be a table of the mapping: [fields]")
    return fields
