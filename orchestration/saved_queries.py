"""What is fetched every day: saved queries, each a table ``[service.name]`` of one TOML file that users may edit.

What does not belong here: what a service's query may say (its connector's typed configuration), how it is fetched
(`orchestration.services`).
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from filelock import FileLock
from pydantic import ValidationError
from tomlkit.exceptions import TOMLKitError

from assets.connectors import CONNECTORS
from assets.connectors.base import Connector, QueryConfig

#: A name is part of keys in object storage.
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

#: What a query is allowed to cost says nothing of what it asks for: changing these fetches no day again.
_NOT_ASKED = {"look_back", "max_pages", "max_bytes", "page_size"}


class SavedQueryError(ValueError):
    """The file of saved queries, or what a user wants to add to it, cannot be used; names the table and the field."""


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """One saved query.

    Attributes:
        connector: The service that it asks.
        name: Its name, unique for the service.
        config: What it asks for.
    """

    connector: Connector
    name: str
    config: QueryConfig

    @property
    def title(self) -> str:
        """``service.name``, as the file has it."""
        return f"{self.connector.name}.{self.name}"

    @property
    def config_hash(self) -> str:
        """Hash of what is asked for: a day that was fetched with another one is fetched again."""
        asked = self.config.model_dump_json(exclude=_NOT_ASKED)
        return hashlib.sha256(f"{self.connector.name}\n{asked}".encode()).hexdigest()[:16]


def saved_queries(file: Path) -> tuple[SavedQuery, ...]:
    """Every saved query, in the order of the file; none where there is no file.

    Raises:
        SavedQueryError: The file cannot be read, or names a service, field or value that there is not.
    """
    try:
        declared = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as fault:
        raise SavedQueryError(f"{file} cannot be read: {' '.join(str(fault).split())}.") from fault
    queries = []
    for service, tables in declared.items():
        connector = named_connector(service, file)
        if not isinstance(tables, dict) or not all(isinstance(values, dict) for values in tables.values()):
            raise SavedQueryError(f"{file}: write a saved query as a table with a name, [{service}.NAME].")
        queries += [_typed(connector, name, values, f"{file}: ") for name, values in tables.items()]
    return tuple(queries)


def add_query(file: Path, service: str, name: str, values: Mapping[str, Any]) -> SavedQuery:
    """Add a query to the file, which is made if there is none. What stands in it, comments too, stays as it is.

    Raises:
        SavedQueryError: The query cannot be used, or there is one of that name; the file is as it was.
    """
    query = _typed(named_connector(service), name, dict(values), "")
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        if any(known.title == query.title for known in saved_queries(file)):
            raise SavedQueryError(f"{query.title} is there already: edit {file}, or choose another --name.")
        try:
            document = tomlkit.parse(file.read_text("utf-8")) if file.exists() else tomlkit.document()
        except (OSError, TOMLKitError) as fault:
            raise SavedQueryError(f"{file} cannot be read: {fault}.") from fault
        tables = document.setdefault(service, tomlkit.table(is_super_table=True))
        table = tomlkit.table()
        for field, value in values.items():
            table.add(field, value)
        tables.add(name, table)
        new = file.with_suffix(".toml.new")
        new.write_text(tomlkit.dumps(document), "utf-8")
        new.replace(file)
    return query


def typed_values(pairs: Iterable[str]) -> dict[str, Any]:
    """``field=value`` pairs of a command line; a value is TOML where it reads as such, else text.

    Raises:
        SavedQueryError: A pair has no equals sign.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        field, sign, written = pair.partition("=")
        if not sign or not field:
            raise SavedQueryError(f"{pair!r} is no setting of a query: write it as FIELD=VALUE.")
        try:
            values[field.strip()] = tomllib.loads(f"value = {written}")["value"]
        except tomllib.TOMLDecodeError:
            values[field.strip()] = written
    return values


def named_connector(name: str, file: Path | None = None) -> Connector:
    """The connector of a name.

    Raises:
        SavedQueryError: There is none; lists those there are.
    """
    if name not in CONNECTORS:
        where = f"{file}: " if file else ""
        raise SavedQueryError(f"{where}no service is called {name!r}; there are {', '.join(CONNECTORS)}.")
    return CONNECTORS[name]


def _typed(connector: Connector, name: str, values: dict[str, Any], where: str) -> SavedQuery:
    if not NAME.fullmatch(name):
        raise SavedQueryError(f"{where}{name!r} is no name: use a-z, 0-9, - and _, at most 64.")
    try:
        return SavedQuery(connector, name, connector.config.model_validate(values))
    except ValidationError as invalid:
        fault = invalid.errors()[0]
        field = ".".join(str(part) for part in fault["loc"])
        known = ", ".join(connector.config.model_fields)
        told = "there is no such field" if fault["type"] == "extra_forbidden" else fault["msg"]
        told = told.removeprefix("Value error, ")
        raise SavedQueryError(
            f"{where}{connector.name}.{name}{f', {field}' if field else ''}: {told}. Fields: {known}."
        ) from invalid
