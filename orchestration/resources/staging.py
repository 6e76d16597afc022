"""Staged tables of a day: what has been computed and not yet been released, invisible to users.

Each stage of a run writes its table as one Parquet object under the run's own prefix, then names it as the day's
current one in a small pointer. A pointer says what the table was made from, so that the gate can tell tables that
belong together from tables of two runs, and it carries the hash of the bytes, so that what is released is, byte for
byte, what was checked.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date

import polars as pl

from orchestration.resources.object_store import ObjectStore, sha256_of


class NotStagedError(LookupError):
    """A stage needs a table that has not been staged for this day."""


@dataclass(frozen=True, slots=True)
class StagedTable:
    """The current table of one name on one day.

    Attributes:
        key: Object that holds it.
        sha256: Of the object's bytes.
        rows: Rows in it.
        run_id: Run that staged it.
        inputs: Hash of each table it was made from, by name.
    """

    table: str
    dt: str
    key: str
    sha256: str
    rows: int
    run_id: str
    inputs: dict[str, str]


class Staging:
    """The staging prefix of one object store."""

    def __init__(self, store: ObjectStore) -> None:
        """Wrap an object store."""
        self._store = store

    def folder(self, run_id: str) -> str:
        """URL under which a run stages its tables, for dbt: ``<folder>/<table>/dt=D/part-0.parquet``."""
        return self._store.url(f"staging/run={run_id}")

    def write(
        self, dt: date, run_id: str, table: str, frame: pl.DataFrame, made_from: Iterable[StagedTable] = ()
    ) -> StagedTable:
        """Stage a frame and make it the day's current table of that name."""
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd", statistics=True)
        content = buffer.getvalue()
        self._store.put(_key(run_id, table, dt), content)
        return self._point(dt, run_id, table, content, frame.height, made_from)

    def adopt(self, dt: date, run_id: str, table: str, made_from: Iterable[StagedTable] = ()) -> StagedTable:
        """Make a table that dbt has written the day's current one.

        Raises:
            NotStagedError: dbt has written no such table.
        """
        content = self._store.get(_key(run_id, table, dt))
        if content is None:
            raise NotStagedError(f"dbt wrote no table {table} for {dt} in run {run_id}")
        rows = pl.scan_parquet(io.BytesIO(content)).select(pl.len()).collect().item()
        return self._point(dt, run_id, table, content, rows, made_from)

    def current(self, dt: date, *tables: str) -> tuple[StagedTable, ...]:
        """The day's current tables of these names.

        Raises:
            NotStagedError: One of them has not been staged.
        """
        found = self.staged(dt)
        for table in tables:
            if table not in found:
                raise NotStagedError(f"{table} of {dt} is not staged: run the day from its start (`litlake run {dt}`).")
        return tuple(found[table] for table in tables)

    def staged(self, dt: date) -> dict[str, StagedTable]:
        """Every current table of the day, by name."""
        keys = [key for key, _ in self._store.list(f"staging/day={dt.isoformat()}/")]
        return {table.table: table for key in keys if (table := StagedTable(**self._store.get_json(key)))}

    def read(self, staged: StagedTable) -> pl.DataFrame:
        """The rows of a staged table.

        Raises:
            NotStagedError: Its object is gone or holds other bytes than were staged.
        """
        content = self._store.get(staged.key)
        if content is None or sha256_of(content) != staged.sha256:
            raise NotStagedError(f"{staged.key} is not what was staged: run {staged.dt} from its start.")
        return pl.read_parquet(io.BytesIO(content))

    def sweep(self, dt: date) -> int:
        """Remove everything staged for a day, of dead runs too; the number of objects removed.

        Staging holds only days that wait for their release, so that listing it does not grow with history.
        """
        day = dt.isoformat()
        pointers = [key for key, _ in self._store.list(f"staging/day={day}/")]
        tables = [key for key, _ in self._store.list("staging/run=") if f"/dt={day}/" in key]
        self._store.delete(pointers + tables)  # pointers first: a cut leaves tables that nothing names
        return len(pointers) + len(tables)

    def _point(
        self, dt: date, run_id: str, table: str, content: bytes, rows: int, made_from: Iterable[StagedTable]
    ) -> StagedTable:
        staged = StagedTable(
            table=table,
            dt=dt.isoformat(),
            key=_key(run_id, table, dt),
            sha256=sha256_of(content),
            rows=rows,
            run_id=run_id,
            inputs={source.table: source.sha256 for source in made_from},
        )
        self._store.put_json(f"staging/day={dt.isoformat()}/{table}.json", asdict(staged))
        return staged


def content_hash(tables: Mapping[str, StagedTable], released: Iterable[str]) -> str:
    """Hash of the tables that a release would publish: equal content, equal hash, whatever the run."""
    digest = hashlib.sha256()
    for name in sorted(released):
        digest.update(f"{name}:{tables[name].sha256}\n".encode())
    return digest.hexdigest()


def _key(run_id: str, table: str, dt: date) -> str:
    return f"staging/run={run_id}/{table}/dt={dt.isoformat()}/part-0.parquet"
