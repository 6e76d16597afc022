"""Files into landing: for one day, or split into the days that a field of their records names.

File names are untrusted: they are shown, never opened again and never part of a key.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

from assets.sources import SOURCES_BY_NAME
from assets.sources.base import Source, StreamDamaged
from assets.sources.jsonl import LineTooLong, split_by_day
from assets.sources.mapping import MappingError, read_mapping
from assets.sources.streams import open_stream
from orchestration.days import first_day, today
from orchestration.progress import work
from orchestration.resources.raw_store import Mapped, RawStore

#: Bytes of one day that a split keeps in memory.
SPOOL_BYTES = 1024 * 1024


class LandingError(ValueError):
    """What a user asked to land cannot be landed; nothing was."""


@dataclass(frozen=True, slots=True)
class Landed:
    """One object in landing.

    Attributes:
        sha256: Of its bytes.
        is_new: False where the same bytes were there for that source and day already.
        records: Records that were put into it by a split; None for a whole file.
        undated: Of them, those that name no day of this installation; they will be quarantined there.
    """

    dt: date
    name: str
    sha256: str
    is_new: bool
    records: int | None = None
    undated: int = 0


def named_source(name: str) -> Source:
    """The source of a name.

    Raises:
        LandingError: There is none; lists those there are.
    """
    if name not in SOURCES_BY_NAME:
        raise LandingError(f"no source is called {name!r}; there are {', '.join(SOURCES_BY_NAME)}.")
    return SOURCES_BY_NAME[name]


def mapping_of(source: Source, file: Path | None) -> Mapped:
    """What a mapping file says; nothing where there is none.

    Raises:
        LandingError: The source takes none, or the file cannot be used.
    """
    if file is None:
        return ()
    if not source.mappable:
        takers = ", ".join(known.name for known in SOURCES_BY_NAME.values() if known.mappable)
        raise LandingError(f"{source.name} takes no mapping: its fields have names of their own ({takers} take one).")
    check_files([file])
    try:
        return read_mapping(file.read_bytes())
    except MappingError as fault:
        raise LandingError(f"{file}: {fault}") from fault


def check_files(files: Sequence[Path]) -> None:
    """Refuse before anything is landed what cannot be read.

    Raises:
        LandingError: Names the first file that is missing, no regular file, or unreadable.
    """
    for file in files:
        try:
            if not file.is_file():
                raise LandingError(f"{file} is no file: name the files themselves.")
            with file.open("rb"):
                pass
        except OSError as fault:
            raise LandingError(f"{file} cannot be read: {fault.strerror}.") from fault


def land_whole(raw: RawStore, source: Source, dt: date, files: Sequence[Path], mapping: Mapped = ()) -> list[Landed]:
    """Land each file as one object of a day."""
    check_files(files)
    landed = []
    for file in files:
        with file.open("rb") as content, work(f"landing {file.name}"):
            sha256, is_new = raw.land(source, dt, content, file.name, mapping=mapping)
        landed.append(Landed(dt, file.name, sha256, is_new))
    return landed


def land_split(raw: RawStore, source: Source, field: str, files: Sequence[Path], mapping: Mapped = ()) -> list[Landed]:
    """Split each file into one object a day by a field of its records, and land these.

    Lines that name no usable day are not lost: they go with the file's last day, where they are quarantined.

    Raises:
        LandingError: The source has no records to split by, or a file breaks off.
    """
    if not source.splittable:
        raise LandingError(
            f"{source.name} cannot be split by a field: name the day, `litlake land {source.name} DATE`."
        )
    check_files(files)
    with ExitStack() as spools:
        parts = [(file, _split(source, field, file, spools)) for file in files]  # all of them before any is landed
        return [landed for file, days in parts for landed in _land_parts(raw, source, field, file, days, mapping)]


@dataclass(slots=True)
class _Part:
    """Lines of one day, or those that name none."""

    lines: BinaryIO
    count: int = 0


def _split(source: Source, field: str, file: Path, spools: ExitStack) -> dict[date | None, _Part]:
    days: dict[date | None, _Part] = {}
    try:
        with file.open("rb") as received, work(f"splitting {file.name}") as advance:
            for day, line in split_by_day(open_stream(received, file.stat().st_size), field, today()):
                usable = day if day is not None and first_day() <= day <= today() else None
                if usable not in days:
                    spool = spools.enter_context(tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES))  # noqa: SIM115
                    days[usable] = _Part(cast(BinaryIO, spool))
                days[usable].lines.write(line)
                days[usable].count += 1
                advance(1)
    except (StreamDamaged, LineTooLong) as fault:
        raise LandingError(
            f"{file} cannot be split: {fault}. Land it whole: `litlake land {source.name} DATE`."
        ) from fault
    if not days:
        raise LandingError(f"{file} holds no records to split.")
    return days


def _land_parts(
    raw: RawStore, source: Source, field: str, file: Path, days: dict[date | None, _Part], mapping: Mapped
) -> list[Landed]:
    last = max((day for day in days if day is not None), default=today())
    return [
        Landed(
            day or last,
            file.name,
            *raw.land(source, day or last, days[day].lines, _part_name(file, day), split_by=field, mapping=mapping),
            records=days[day].count,
            undated=0 if day else days[day].count,
        )
        for day in sorted(days, key=lambda day: day or date.max)
    ]


def _part_name(file: Path, day: date | None) -> str:
    return file.name if day else f"{file.name} (lines without a usable day)"
