"""The lake: DuckLake, its catalog in SQLite or PostgreSQL, its data as Parquet in object storage.

Here stands how to connect (read only by default) and how to commit. What is committed stands in `assets.release`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb
from filelock import FileLock

from orchestration.resources.object_store import StoreAddress

Result = TypeVar("Result")

#: Extensions as signed wheels of exactly DuckDB's version; nothing is downloaded at run time.
EXTENSIONS = ("httpfs", "ducklake", "sqlite_scanner", "postgres_scanner", "icu")

#: A serial commit meets a conflict only when another machine commits too. Measured upstream of this project: DuckLake
#: on PostgreSQL lost 26 of 32 concurrent re-releases without a retry (2026-11).
COMMIT_ATTEMPTS = 8


class LakeError(RuntimeError):
    """The lake cannot be reached or does not take a commit; names the next step."""


def prepare_extensions(folder: Path) -> None:
    """Put the bundled DuckDB extensions where DuckDB looks for them; quick when they are there."""
    ready = folder / f"ready-{duckdb.__version__}"
    if ready.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "prepare.lock"):
        if ready.exists():
            return
        import duckdb_extensions

        with duckdb.connect(config=_config(folder)) as connection:
            for name in EXTENSIONS:
                duckdb_extensions.import_extension(name, con=connection)
        ready.touch()


def _config(extensions: Path) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "extension_directory": str(extensions),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }


def quoted(value: str) -> str:
    """A string as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True)
class Lake:
    """One DuckLake catalog and how to reach its data.

    Attributes:
        catalog: What follows ``ducklake:``: ``sqlite:PATH`` or ``postgres:CONNECTION``.
        store: Object storage that holds the data under ``lake/``.
        extensions: Folder of DuckDB's extensions.
        lock: File that serialises commits of this machine.
    """

    catalog: str
    store: StoreAddress
    extensions: Path
    lock: Path

    @property
    def data_path(self) -> str:
        """Where the data files lie."""
        return f"s3://{self.store.bucket}/lake/"

    @property
    def on_sqlite(self) -> bool:
        """Whether the catalog is a SQLite file of this machine."""
        return self.catalog.startswith("sqlite:")

    def memory(self) -> duckdb.DuckDBPyConnection:
        """An in-memory DuckDB that can read this installation's object storage; no lake attached."""
        prepare_extensions(self.extensions)
        connection = duckdb.connect(config=_config(self.extensions))
        connection.load_extension("httpfs")
        connection.load_extension("icu")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        options = ", ".join(
            f"{name} {quoted(value) if isinstance(value, str) else str(value).lower()}"
            for name, value in self.store.duckdb_secret().items()
        )
        connection.execute(f"CREATE SECRET object_store ({options})")
        return connection

    @contextmanager
    def connect(self, *, read_only: bool = True, at: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A DuckDB session with the lake attached and in use as ``lake``.

        Args:
            read_only: Whether nothing may be written.
            at: Snapshot to see; None for the newest.

        Raises:
            LakeError: The catalog cannot be reached.
        """
        connection = self.memory()
        try:
            connection.load_extension("ducklake")
            connection.load_extension("sqlite_scanner" if self.on_sqlite else "postgres_scanner")
            options = self.attach_options(read_only) + (f", SNAPSHOT_VERSION {int(at)}" if at is not None else "")
            try:
                connection.execute(f"ATTACH {quoted('ducklake:' + self.catalog)} AS lake ({options})")
            except duckdb.Error as fault:
                told = self._without_password(_first_line(fault))
                raise LakeError(f"cannot open the lake's catalog: {told}. Try `litlake doctor`.") from None
            connection.execute("USE lake")
            yield connection
        finally:
            connection.close()

    def _without_password(self, message: str) -> str:
        return message if self.on_sqlite else message.replace(self.catalog.split(":", 1)[1], "LITLAKE_CATALOG")

    def attach_options(self, read_only: bool) -> str:
        """Options of ``ATTACH``, for DuckDB here and for dbt's profile."""
        options = ["READ_ONLY"] if read_only else [f"DATA_PATH {quoted(self.data_path)}"]
        if self.on_sqlite:  # readers do not wait for the writer, the writer waits for readers
            options += ["META_JOURNAL_MODE 'WAL'", "META_BUSY_TIMEOUT 10000"]
        return ", ".join(options)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Serialise writers of this machine; other machines are met by the retry of `commit`."""
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.lock):
            yield

    def commit(self, change: Callable[[duckdb.DuckDBPyConnection], Result], message: str, details: str) -> Result:
        """Run one change as one transaction, retried on conflicts; a snapshot is written only if something changed.

        Args:
            change: Called with a connection inside a transaction; called again after a conflict.
            message: Commit message of the snapshot.
            details: JSON that goes with it.

        Raises:
            LakeError: Other writers kept winning.
        """
        with self.writing(), self.connect(read_only=False) as connection:
            for attempt in range(1, COMMIT_ATTEMPTS + 1):
                connection.execute("BEGIN")
                try:
                    result = change(connection)
                    connection.execute(
                        "CALL lake.set_commit_message('litlake', ?, extra_info => ?)", [message, details]
                    )
                    connection.execute("COMMIT")
                    return result
                except duckdb.Error as fault:
                    _roll_back(connection)
                    if not _is_conflict(fault):
                        raise
                    if attempt == COMMIT_ATTEMPTS:
                        raise LakeError(
                            f"other writers kept the lake busy: {_first_line(fault)}. Run it again."
                        ) from fault
                    time.sleep(random.uniform(0.05, 0.2) * 2**attempt)  # noqa: S311  (jitter is no secret)
                except BaseException:
                    _roll_back(connection)
                    raise
        raise AssertionError("unreachable")


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.execute("ROLLBACK")
    except duckdb.TransactionException:  # a failed COMMIT has already rolled back
        return


def _is_conflict(fault: duckdb.Error) -> bool:
    text = str(fault).lower()
    return any(sign in text for sign in ("conflict", "database is locked", "could not serialize", "deadlock"))


def _first_line(fault: Exception) -> str:
    return str(fault).splitlines()[0]
