"""Fetches in object storage: pages under the raw prefix of their source and day, records of them beside.

A page's record is written after its bytes and a fetch's after its pages, so that whatever is recorded is there.
"""

from __future__ import annotations

import io
import json
import re
import secrets
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import BinaryIO, cast
from urllib.parse import quote, urlsplit

from assets.connectors import CONNECTORS
from assets.connectors.base import Media
from assets.fetching.fetched import Begun, Fetch, PageRecord, fetch_json, page_json, read_fetch, read_page
from assets.sources.streams import GZIP_MAGIC
from orchestration.resources.object_store import IN_MEMORY_BYTES, ObjectStore

_EXTENSIONS: Mapping[Media, str] = {"json": "json", "xml": "xml", "html": "html", "text": "txt", "binary": "bin"}

#: Name of a finished fetch's record: its content is new, it is that of an earlier fetch, or there is none.
_NEW, _SAME, _EMPTY = "fetch.json", "same.json", "empty.json"

#: Name of the note that a fetch was given up.
_GIVEN_UP = "given-up.json"

_FINISHED = re.compile(
    r"^fetches/dt=(?P<dt>\d{4}-\d\d-\d\d)/(?P<service>[^/]+)/(?P<name>[^/]+)/(?P<id>[^/]+)/(?P<file>(?:fetch|same|empty)\.json)$"
)


class FetchLog:
    """`assets.fetching.fetched.FetchLog` on one object store."""

    def __init__(self, store: ObjectStore) -> None:
        """Wrap an object store."""
        self._store = store

    def unfinished(self, dt: date, connector: str, name: str, config_hash: str) -> Begun | None:
        """The newest fetch of the same question, if it was cut off."""
        keys = self._keys(_prefix(dt, connector, name))
        ids = sorted({_folder(key) for key in keys})
        if not ids or any(key.endswith(f"{ids[-1]}/{end}") for key in keys for end in (_NEW, _SAME, _EMPTY, _GIVEN_UP)):
            return None
        folder = f"{_prefix(dt, connector, name)}{ids[-1]}/"
        begun = self._store.get_json(f"{folder}begun.json")
        if begun is None or begun["config_hash"] != config_hash:
            return None
        pages = [read_page(self._store.get_json(key)) for key in keys if key.startswith(f"{folder}page-")]
        return Begun(ids[-1], datetime.fromisoformat(begun["started_at"]), config_hash, tuple(pages))

    def begin(self, dt: date, connector: str, name: str, config_hash: str) -> Begun:
        """A new fetch, whose id sorts after those before it."""
        now = datetime.now(UTC)
        fetch_id = f"{now:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(2)}"
        begun = {"config_hash": config_hash, "started_at": now.isoformat()}
        self._store.put_json(f"{_prefix(dt, connector, name)}{fetch_id}/begun.json", begun)
        return Begun(fetch_id, now, config_hash)

    def keep_bytes(self, source: str, dt: date, media: Media, sha256: str, body: BinaryIO, url: str) -> str:
        """Keep the bytes of a response under their hash, once."""
        start = body.read(len(GZIP_MAGIC))
        body.seek(0)
        extension = _EXTENSIONS[media] + (".gz" if start == GZIP_MAGIC else "")
        key = f"raw/{source}/dt={dt.isoformat()}/fetched/{sha256}.{extension}"
        name = quote(PurePosixPath(urlsplit(url).path).name[:100], safe="")
        self._store.put_once(key, body, {"name": name, "fetched_at": datetime.now(UTC).isoformat()})
        return key

    def keep_page(self, dt: date, connector: str, name: str, begun: Begun, page: PageRecord) -> bool:
        """Keep the record of a page unless there is one of its number."""
        key = f"{_prefix(dt, connector, name)}{begun.fetch_id}/page-{page.number:05}.json"
        return self._store.put_once(key, io.BytesIO(json.dumps(page_json(page), sort_keys=True).encode()))

    def give_up(self, dt: date, connector: str, name: str, begun: Begun) -> None:
        """Note that nobody goes on with a fetch; its pages stay."""
        folder = f"{_prefix(dt, connector, name)}{begun.fetch_id}/"
        self._store.put_json(f"{folder}{_GIVEN_UP}", {"at": datetime.now(UTC).isoformat()})

    def finish(self, fetch: Fetch) -> None:
        """Keep the record of a finished fetch; its name tells whether the day has anything new to list."""
        own = _SAME if fetch.same_as else _EMPTY if fetch.is_empty and not fetch.shortfalls() else _NEW
        folder = f"{_prefix(fetch.dt, fetch.connector, fetch.name)}{fetch.fetch_id}/"
        self._store.put_json(f"{folder}{own}", fetch_json(fetch))

    def finished(self, dt: date, connector: str | None = None, name: str | None = None) -> list[Fetch]:
        """Finished fetches of a day, of one service or query where one is named; of each query the newest last."""
        keys = self._keys(_prefix(dt, connector, name))
        return [read_fetch(self._store.get_json(key)) for key in keys if _FINISHED.match(key)]

    def open_page(self, page: PageRecord) -> BinaryIO:
        """The bytes of a page as received, at their start."""
        content = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES))  # noqa: SIM115  (the caller's)
        self._store.download(page.key, content)
        return content

    def newest(self) -> dict[str, set[str]]:
        """Ids of the fetches that each day should list: of each query the newest, of figures that drift every one."""
        found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
        for key in self._keys("fetches/"):
            if (match := _FINISHED.match(key)) and match["file"] != _SAME:
                query = (match["dt"], match["service"], match["name"])
                found.setdefault(query, []).append((match["id"], match["file"]))
        days: dict[str, set[str]] = {}
        for (dt, service, _), fetches in found.items():
            connector = CONNECTORS.get(service)
            chosen = fetches if connector is not None and connector.snapshots else fetches[-1:]
            if ids := {fetch_id for fetch_id, file in chosen if file != _EMPTY}:
                days.setdefault(dt, set()).update(ids)
        return days

    def _keys(self, prefix: str) -> list[str]:
        return [key for key, _ in self._store.list(prefix)]


def _prefix(dt: date, connector: str | None = None, name: str | None = None) -> str:
    return "/".join(part for part in (f"fetches/dt={dt.isoformat()}", connector, name) if part) + "/"


def _folder(key: str) -> str:
    return PurePosixPath(key).parent.name
