"""Raw listings in object storage: the landing inbox, and the immutable objects of each source and day.

An object is written once, under the hash of its bytes, with what is known of it as its own metadata; ``manifest.json``
is derived from the objects and from the records of what was fetched, so a crash between two writes loses nothing.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast
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
        request: How it was asked for (service, query, URL, status, headers), where it was fetched.
    """

    raw: RawObject
    records: int
    request: Mapping[str, Any] | None = None


#: Mapping and name together stay below the 2 kB of metadata that S3 allows.
MAX_MAPPING_BYTES = 1_200

Mapped = tuple[tuple[str, str], ...]


class RawStore:
    """Landing and raw prefixes of one object store."""

    def __init__(self, store: ObjectStore) -> None:
        """Wrap an object store."""
        self._store = store

    def land(
        self,
        source: Source,
        dt: date,
        content: BinaryIO,
        name: str,
        split_by: str | None = None,
        mapping: Mapped = (),
    ) -> tuple[str, bool]:
        """Put one file into the landing of a day; the same bytes land once, or once more with another mapping.

        Args:
            source: Kind of listing.
            dt: Listing day.
            content: Seekable stream at its start.
            split_by: Field of the records that named the day, where one file was split.
            name: Where the bytes came from, for messages only.
            mapping: What the file's mapping says, as `RawObject.mapping`.

        Raises:
            ValueError: The mapping is longer than `MAX_MAPPING_BYTES`.

        Returns:
            Hex digest of the bytes, and whether they were new to this source and day.
        """
        digest, _, suffix = _measure(content, source)
        mapped, stem = _packed(mapping), digest
        if mapped:
            stem += f"-{hashlib.sha256(mapped.encode()).hexdigest()[:8]}"
        if self._store.exists(f"{_raw_prefix(source.name, dt)}{stem}.{suffix}"):
            return digest, False
        metadata = {"name": _safe_name(name), "fetched_at": datetime.now(UTC).isoformat(timespec="milliseconds")}
        if split_by:
            metadata["split_by"] = quote(split_by)
        if mapped:
            metadata["mapping"] = mapped
        key = f"{_landing_prefix(source.name, dt)}{stem}.{suffix}"
        return digest, self._store.put_once(key, content, metadata)

    def landed(self, source: str, dt: date) -> list[str]:
        """Keys that wait in the landing of a day."""
        return [key for key, _ in self._store.list(_landing_prefix(source, dt))]

    def waiting(self, dt: date) -> bool:
        """Whether any source has files in the landing of a day."""
        return any(self.landed(source, dt) for source in self._store.folders("landing/"))

    def ingest(self, source: Source, dt: date, fetched: Iterable[ManifestEntry] = ()) -> list[ManifestEntry]:
        """Move what has landed to raw and renew the day's manifest; safe to repeat after a crash at any point.

        Args:
            source: The source.
            dt: The day.
            fetched: Pages that the day consists of besides the files that have landed; their records are counted
                here, unless the manifest knows them.

        Returns:
            Every raw object of the day, old and new, in order of arrival.
        """
        landed = self.landed(source.name, dt)
        for key in landed:
            with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as spooled:
                content = cast(BinaryIO, spooled)
                self._store.download(key, content)
                _, size, _ = _measure(content, source)
                records = source.count(open_stream(content, size))
                content.seek(0)
                metadata = self._store.metadata(key) | {"records": str(records)}
                self._store.put_once(f"{_raw_prefix(source.name, dt)}{PurePosixPath(key).name}", content, metadata)
        known = {entry.raw.key: entry.records for entry in self.entries(source.name, dt)}
        entries = list(self._objects(source.name, dt))
        entries += [self._counted(source, entry, known.get(entry.raw.key)) for entry in fetched]
        entries.sort(key=lambda entry: (entry.raw.fetched_at, entry.raw.key))
        if entries or known:
            self._store.put_json(f"{_raw_prefix(source.name, dt)}manifest.json", _manifest(source.name, dt, entries))
        self._store.delete(landed)
        return entries

    def _counted(self, source: Source, entry: ManifestEntry, known: int | None) -> ManifestEntry:
        if known is not None:
            return ManifestEntry(entry.raw, known, entry.request)
        with self.open(entry.raw) as content:
            return ManifestEntry(entry.raw, source.count(open_stream(content, entry.raw.size)), entry.request)

    def day(self, dt: date) -> list[ManifestEntry]:
        """The day's raw objects of every source, as the manifests list them."""
        return [entry for source in self._store.folders("raw/") for entry in self.entries(source, dt)]

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
                    mapping=tuple((ours, theirs) for ours, theirs in item.get("mapping", ())),
                ),
                item["records"],
                item["request"],
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
        """The files that have landed for a day. Of the same bytes under several mappings, the last arrival."""
        found: dict[str, ManifestEntry] = {}
        for key, size in self._store.list(_raw_prefix(source, dt)):
            own = key.removeprefix(_raw_prefix(source, dt))
            if "/" in own or own == "manifest.json":  # fetched pages lie in a folder of their own
                continue
            known = self._store.metadata(key)
            raw = RawObject(
                source=source,
                dt=dt,
                key=key,
                sha256=own[:64],
                size=size,
                name=unquote(known["name"]),
                fetched_at=datetime.fromisoformat(known["fetched_at"]),
                split_by=unquote(known["split_by"]) if "split_by" in known else None,
                mapping=_unpacked(known.get("mapping", "")),
            )
            other = found.get(raw.sha256)
            if other is None or other.raw.fetched_at < raw.fetched_at:
                found[raw.sha256] = ManifestEntry(raw, int(known["records"]))
        yield from found.values()


def _packed(mapping: Mapped) -> str:
    packed = quote(json.dumps(mapping, ensure_ascii=False)) if mapping else ""
    if len(packed) > MAX_MAPPING_BYTES:
        raise ValueError(f"the mapping is longer than {MAX_MAPPING_BYTES} bytes: map fewer fields")
    return packed


def _unpacked(packed: str) -> Mapped:
    return tuple((ours, theirs) for ours, theirs in json.loads(unquote(packed))) if packed else ()


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
            "mapping": entry.raw.mapping,
            "request": entry.request,
        }
        for entry in entries
    ]
    return {"source": source, "dt": dt.isoformat(), "objects": objects}
