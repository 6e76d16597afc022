"""Raw listings in object storage: the landing inbox, and the immutable objects of each source and day.

An object is written once, under the hash of its bytes, with what is known of it as its own metadata; ``manifest.json``
is derived from the objects, so a crash between the two writes loses nothing.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import BinaryIO, cast
from urllib.parse import quote, unquote

from assets.sources.base import RawObject, Source
from assets.sources.streams import GZIP_MAGIC, open_stream
from orchestration.resources.object_store import IN_MEMORY_BYTES, ObjectStore, ObjectStoreError

#: S3 allows 2 kB of metadata; a longer file name is cut.
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One raw object as its day's manifest lists it.

    Attributes:
        raw: The object.
        records: Records in it, counted independently of the parser.
    """

    raw: RawObject
    records: int


class RawStore:
    """Landing and raw prefixes of one object store."""

    def __init__(self, store: ObjectStore) -> None:
        """Wrap an object store."""
        self._store = store

    def land(
        self, source: Source, dt: date, content: BinaryIO, name: str, split_by: str | None = None
    ) -> tuple[str, bool]:
        """Put one file into the landing of a day; the same bytes land once.

        Args:
            source: Kind of listing.
            dt: Listing day.
            content: Seekable stream at its start.
            split_by: Field of the records that named the day, where one file was split.
            name: Where the bytes came from, for messages only.

        Returns:
            Hex digest of the bytes, and whether they were new to this source and day.
        """
        digest, _, suffix = _measure(content, source)
        if self._store.exists(f"{_raw_prefix(source.name, dt)}{digest}.{suffix}"):
            return digest, False
        metadata = {"name": _safe_name(name), "fetched_at": datetime.now(UTC).isoformat(timespec="milliseconds")}
        if split_by:
            metadata["split_by"] = quote(split_by)
        key = f"{_landing_prefix(source.name, dt)}{digest}.{suffix}"
        return digest, self._store.put_once(key, content, metadata)

    def landed(self, source: str, dt: date) -> list[str]:
        """Keys that wait in the landing of a day."""
        return [key for key, _ in self._store.list(_landing_prefix(source, dt))]

    def ingest(self, source: Source, dt: date) -> list[ManifestEntry]:
        """Move what has landed to raw and renew the day's manifest; safe to repeat after a crash at any point.

        Returns:
            Every raw object of the day, old and new, in order of arrival.
        """
        landed = self.landed(source.name, dt)
        for key in landed:
            with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as spooled:
                content = cast(BinaryIO, spooled)
                self._store.download(key, content)
                digest, size, suffix = _measure(content, source)
                records = source.count(open_stream(content, size))
                content.seek(0)
                metadata = self._store.metadata(key) | {"records": str(records)}
                self._store.put_once(f"{_raw_prefix(source.name, dt)}{digest}.{suffix}", content, metadata)
        entries = list(self._objects(source.name, dt))
        if entries:
            self._store.put_json(f"{_raw_prefix(source.name, dt)}manifest.json", _manifest(source.name, dt, entries))
        self._store.delete(landed)
        return entries

    def entries(self, source: str, dt: date) -> list[ManifestEntry]:
        """The day's raw objects as its manifest lists them, in order of arrival; empty if it has none."""
        manifest = self._store.get_json(f"{_raw_prefix(source, dt)}manifest.json")
        if manifest is None:
            return []
        return [
            ManifestEntry(
                RawObject(
                    source=source,
                    dt=dt,
                    key=item["key"],
                    sha256=item["sha256"],
                    size=item["size"],
                    name=item["name"],
                    fetched_at=datetime.fromisoformat(item["fetched_at"]),
                    split_by=item["split_by"],
                ),
                item["records"],
            )
            for item in manifest["objects"]
        ]

    def open(self, raw: RawObject) -> BinaryIO:
        """The bytes of a raw object, checked against its hash.

        Raises:
            ObjectStoreError: The object is gone or its bytes are not those that were received.
        """
        content = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES))  # noqa: SIM115  (the caller's)
        self._store.download(raw.key, content)
        digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
        if digest != raw.sha256:
            raise ObjectStoreError(f"{raw.key} holds other bytes than were received ({digest}): restore the object.")
        content.seek(0)
        return content

    def _objects(self, source: str, dt: date) -> Iterator[ManifestEntry]:
        found = []
        for key, size in self._store.list(_raw_prefix(source, dt)):
            digest = PurePosixPath(key).name.split(".")[0]
            if digest == "manifest":
                continue
            known = self._store.metadata(key)
            raw = RawObject(
                source=source,
                dt=dt,
                key=key,
                sha256=digest,
                size=size,
                name=unquote(known["name"]),
                fetched_at=datetime.fromisoformat(known["fetched_at"]),
                split_by=unquote(known["split_by"]) if "split_by" in known else None,
            )
            found.append(ManifestEntry(raw, int(known["records"])))
        yield from sorted(found, key=lambda entry: (entry.raw.fetched_at, entry.raw.key))


def _measure(content: BinaryIO, source: Source) -> tuple[str, int, str]:
    """Digest, size and suffix of a stream, which is rewound."""
    content.seek(0)
    zipped = content.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    content.seek(0)
    digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    size = content.tell()
    content.seek(0)
    return digest, size, source.extension + (".gz" if zipped else "")


def _safe_name(name: str) -> str:
    """A file's own name, percent-encoded: it is shown, never opened, and carries no folder."""
    own = PurePosixPath(name.replace("\\", "/")).name or "unnamed"
    encoded = ""
    for character in own[:MAX_NAME]:
        part = quote(character, safe=" ()[]+,=@", errors="replace")  # a name need not be valid Unicode
        if len(encoded) + len(part) > 3 * MAX_NAME:
            break
        encoded += part
    return encoded


def _raw_prefix(source: str, dt: date) -> str:
    return f"raw/{source}/dt={dt.isoformat()}/"


def _landing_prefix(source: str, dt: date) -> str:
    return f"landing/{source}/dt={dt.isoformat()}/"


def _manifest(source: str, dt: date, entries: list[ManifestEntry]) -> dict[str, object]:
    objects = [
        {
            "key": entry.raw.key,
            "sha256": entry.raw.sha256,
            "size": entry.raw.size,
            "name": entry.raw.name,
            "records": entry.records,
            "fetched_at": entry.raw.fetched_at.isoformat(timespec="milliseconds"),
            "split_by": entry.raw.split_by,
            "request": None,
        }
        for entry in entries
    ]
    return {"source": source, "dt": dt.isoformat(), "objects": objects}
