"""The source ``pmc_oa``: objects of PMC's bucket of open article data, read one by one.

Two kinds of object are listed. An article's XML is read as any JATS is; PMC writes its own version number, licence code
and links to retraction notices into it. The metadata object of an article version is listed where it says what the XML
may not: that the version is retracted, or that it has no XML. It is a listing of its own, named by its key in the
bucket, and meets the article's listing in the same work, so that neither hides the other. What does not belong here:
which objects are asked for (`assets.connectors.pmc_oa`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from assets.sources.base import Quarantined, RawObject, Record, Source, StreamDamaged
from assets.sources.faults import Unlistable
from assets.sources.identifiers import normalise_doi, normalise_pmcid, normalise_pmid
from assets.sources.jats import jats
from assets.sources.jats.licence import licence_name
from assets.sources.jats.metadata import RETRACTED

#: An article with thousands of supplements stays far below.
MAX_METADATA_BYTES = 16 * 1024 * 1024

_PEEKED_BYTES = 4096


class _Peeked:
    """A stream whose first bytes have been looked at."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._fault: StreamDamaged | None = None
        self._head = b""
        read = getattr(stream, "read1", stream.read)
        try:
            while len(self._head) < _PEEKED_BYTES and (part := read(_PEEKED_BYTES)):
                self._head += part
        except StreamDamaged as damage:
            self._fault = damage

    def is_json(self) -> bool:
        """Whether it begins like JSON; XML and what is neither begin otherwise."""
        return self._head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")[:1] in (b"{", b"[")

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most ``size``; raises what the stream raised, in its place."""
        if self._head:
            head = self._head if size < 0 else self._head[:size]
            self._head = self._head[len(head) :]
            return head
        if self._fault is not None:
            raise self._fault
        read = self._stream.read if size < 0 else getattr(self._stream, "read1", self._stream.read)
        return bytes(read(size))


def parse(stream: BinaryIO, raw: RawObject) -> Iterator[Record | Quarantined]:
    """Articles of an XML object, or the one record of a metadata object; see `assets.sources.base.Parser`."""
    peeked = _Peeked(stream)
    if not peeked.is_json():
        yield from jats.parse(peeked, raw)  # type: ignore[arg-type]
        return
    content, damage = _whole(peeked)
    try:
        if damage is not None:
            raise Unlistable("truncated_gzip", damage)
        yield read_metadata(content)
    except Unlistable as fault:
        yield fault.quarantined(0, "metadata", content)


def count(stream: BinaryIO) -> int:
    """Articles of an XML object; a metadata object is one record. See `assets.sources.base.Counter`."""
    peeked = _Peeked(stream)
    if not peeked.is_json():
        return jats.SOURCE.count(peeked)  # type: ignore[arg-type]
    return 1


def read_metadata(content: bytes) -> Record:
    """The listing that a metadata object makes.

    Its keys are those of the bucket's README (https://pmc-oa-opendata.s3.amazonaws.com/README.txt, November 2026).

    Raises:
        Unlistable: It is no such object, or has no title.
    """
    if len(content) > MAX_METADATA_BYTES:
        raise Unlistable("record_too_large", f"larger than {MAX_METADATA_BYTES // 1024**2} MiB")
    try:
        entry = orjson.loads(content)
    except orjson.JSONDecodeError as fault:
        raise Unlistable("invalid_json", f"{fault.msg} at line {fault.lineno}, column {fault.colno}") from fault
    if not isinstance(entry, dict):
        raise Unlistable("not_an_object", f"a JSON {type(entry).__name__}, not an object")
    pmcid, version = normalise_pmcid(_said(entry, "pmcid")), _said(entry, "version")
    if pmcid is None:
        raise Unlistable("missing_pmcid", "the metadata name no PMCID")
    title = _said(entry, "title")
    if title is None:
        raise Unlistable("missing_title", f"{pmcid} has no title")
    code = _said(entry, "license_code")
    return Record(
        record_index=0,
        title=title,
        source_id=f"metadata/{pmcid}.{version or 1}.json",
        version=version,
        status="revised" if version not in (None, "1") else "new",
        doi=normalise_doi(_said(entry, "doi")),
        pmid=normalise_pmid(_said(entry, "pmid")),
        pmcid=pmcid,
        licence=licence_name(code) or code,
        publication_types=[RETRACTED] if entry.get("is_retracted") is True else [],
        url=f"https://pmc.ncbi.nlm.nih.gov/articles/{pmcid}/",
    )


def _said(entry: dict[str, Any], name: str) -> str | None:
    """A text or a number as text; None for anything else."""
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return " ".join(str(value).split()) or None


def _whole(peeked: _Peeked) -> tuple[bytes, str | None]:
    """The bytes, at most one more than is allowed, and why they broke off, if they did."""
    parts: list[bytes] = []
    left = MAX_METADATA_BYTES + 1
    try:
        while left > 0 and (part := peeked.read(min(left, 256 * 1024))):
            parts.append(part)
            left -= len(part)
    except StreamDamaged as damage:
        return b"".join(parts), str(damage)
    return b"".join(parts), None


SOURCE = Source(
    name="pmc_oa",
    description="Open full texts of PubMed Central, with retractions; the day is that of their last change.",
    extension="xml",
    count=count,
    parse=parse,
)
