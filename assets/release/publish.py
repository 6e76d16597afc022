"""What one release changes in the lake: every statement of the transaction, in order.

The caller owns the transaction and the decision; here nothing is checked and nothing is committed. The work grows
with the day and with the works it touches: of history, only the days that list those works are read, and the keys of
the tables that hold a row per work or per text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl

#: Staged tables that a release publishes; their hashes make the content hash of the day.
RELEASED_TABLES = (
    "day_listings",
    "day_papers",
    "day_resources",
    "embeddings",
    "annotations",
    "quarantine",
    "raw_objects",
    "fetches",
    "bibliography",
    "passages",
    "figures",
    "trending",
)

#: Of them, those whose rows belong to one day and are replaced with it, by schema.
_DAY_TABLES = {
    "ops": ("quarantine", "raw_objects", "fetches"),
    "curated": ("bibliography", "passages", "figures", "trending"),
}


@dataclass(frozen=True)
class DayRelease:
    """One day's content and what is recorded with it.

    Attributes:
        dt: The day.
        tables: Frame of each of `RELEASED_TABLES`.
        verdicts: Rows of ``ops.verdicts``.
        content_hash: Of the staged tables.
        input_hash: Of raw objects, code and model versions.
        versions: Code and model versions.
        run_id: Run that releases.
        at: Time of the release (UTC).
    """

    dt: date
    tables: Mapping[str, pl.DataFrame]
    verdicts: pl.DataFrame
    content_hash: str
    input_hash: str
    run_id: str
    at: datetime
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Released:
    """The newest release of a day, as ``ops.releases`` tells it."""

    release_seq: int
    content_hash: str
    input_hash: str
    rows: int


def last_release(connection: duckdb.DuckDBPyConnection, dt: date) -> Released | None:
    """The day's newest release, or None if it was never released."""
    row = connection.execute(
        'SELECT release_seq, content_hash, input_hash, "rows" FROM lake.ops.releases WHERE dt = ? '
        "ORDER BY release_seq DESC LIMIT 1",
        [dt],
    ).fetchone()
    return Released(*row) if row else None


@dataclass(frozen=True, slots=True)
class Refused:
    """The newest refusal of a day, as ``ops.refusals`` tells it."""

    content_hash: str
    input_hash: str
    reasons: list[str]


def last_refusal(connection: duckdb.DuckDBPyConnection, dt: date) -> Refused | None:
    """The day's newest refusal, or None where it has been released since or was never refused."""
    row = connection.execute(
        "SELECT content_hash, input_hash, reasons FROM lake.ops.refusals AS refusals WHERE dt = ? AND NOT EXISTS "
        "(SELECT 1 FROM lake.ops.releases AS releases WHERE releases.dt = refusals.dt AND released_at > refused_at) "
        "ORDER BY refused_at DESC LIMIT 1",
        [dt],
    ).fetchone()
    return Refused(*row) if row else None


def publish(connection: duckdb.DuckDBPyConnection, release: DayRelease) -> int:
    """Replace the day in the lake, inside the caller's transaction.

    Returns:
        Number of the release.
    """
    for name, frame in release.tables.items():
        connection.register(f"staged_{name}", frame.to_arrow())
    sequence = _next(connection, "SELECT max(release_seq) FROM lake.ops.releases")
    was_released = last_release(connection, release.dt) is not None
    _collect_touched(connection, release.dt, was_released)
    _replace_listings(connection, release.dt)
    _replace_papers(connection, release.dt, sequence)
    _add_embeddings(connection)
    _update_annotations(connection)
    if was_released:
        _forget_vanished(connection)
    for schema, names in _DAY_TABLES.items():
        for name in names:
            # a refusal, too, leaves rows in the ledgers
            _replace_day(connection, f"{schema}.{name}", release, was_released or schema == "ops")
    record_verdicts(connection, release.verdicts)
    snapshot = _next(connection, "SELECT max(snapshot_id) FROM lake.snapshots()")
    rows = release.tables["day_listings"].height
    versions = json.dumps(dict(release.versions), sort_keys=True)
    _append(
        connection,
        "releases",
        {
            "dt": release.dt,
            "release_seq": sequence,
            "content_hash": release.content_hash,
            "rows": rows,
            "snapshot_id": snapshot,
            "run_id": release.run_id,
            "released_at": release.at,
            "input_hash": release.input_hash,
            "versions": versions,
        },
    )
    return sequence


def refuse(connection: duckdb.DuckDBPyConnection, release: DayRelease, reasons: Sequence[str]) -> None:
    """Record a refusal. What was released of the day stays; a day never released shows what was quarantined."""
    if last_release(connection, release.dt) is None:
        for name in _DAY_TABLES["ops"]:
            if name in release.tables:
                connection.register(f"staged_{name}", release.tables[name].to_arrow())
                _replace_day(connection, f"ops.{name}", release, True)
    record_verdicts(connection, release.verdicts)
    _append(
        connection,
        "refusals",
        {
            "dt": release.dt,
            "content_hash": release.content_hash,
            "reasons": list(reasons),
            "run_id": release.run_id,
            "refused_at": release.at,
            "input_hash": release.input_hash,
        },
    )


def record_verdicts(connection: duckdb.DuckDBPyConnection, verdicts: pl.DataFrame) -> None:
    """Append verdicts to the ledger."""
    connection.register("new_verdicts", verdicts.to_arrow())
    connection.execute("INSERT INTO lake.ops.verdicts BY NAME SELECT * FROM new_verdicts")


def _collect_touched(connection: duckdb.DuckDBPyConnection, dt: date, was_released: bool) -> None:
    """Works and texts that the day lists now or listed before, and what other days say of those works."""
    connection.execute("CREATE OR REPLACE TEMP TABLE touched AS SELECT paper_id FROM staged_day_listings")
    connection.execute("CREATE OR REPLACE TEMP TABLE former (paper_id VARCHAR, text_sha256 VARCHAR)")
    if was_released:
        connection.execute("INSERT INTO touched SELECT paper_id FROM lake.curated.listings WHERE dt = ?", [dt])
        connection.execute(
            "INSERT INTO former SELECT paper_id, text_sha256 FROM lake.curated.listings WHERE dt = ? "
            "EXCEPT SELECT paper_id, text_sha256 FROM staged_day_listings",
            [dt],
        )
    days = connection.execute(
        "SELECT DISTINCT unnest(listed_on) AS day FROM lake.curated.papers "
        "WHERE paper_id IN (SELECT paper_id FROM touched) ORDER BY day"
    ).fetchall()
    # Literal days, so that DuckLake opens only these days' files.
    others = ", ".join(f"DATE '{day.isoformat()}'" for (day,) in days if day != dt) or "NULL"
    for name, table in (("other_papers", "papers_daily"), ("other_listings", "listings")):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM lake.curated.{table} "
            f"WHERE dt IN ({others}) AND paper_id IN (SELECT paper_id FROM touched)"
        )


def _replace_listings(connection: duckdb.DuckDBPyConnection, dt: date) -> None:
    connection.execute("DELETE FROM lake.curated.listings WHERE dt = ?", [dt])
    connection.execute(
        """
        INSERT INTO lake.curated.listings BY NAME
        SELECT staged.* REPLACE (
            CASE WHEN staged.status = 'new' AND earlier.text_sha256 <> staged.text_sha256 THEN 'revised'
                ELSE staged.status END AS status)
        FROM staged_day_listings AS staged
        LEFT JOIN (
            SELECT paper_id, source, max_by(text_sha256, dt) AS text_sha256
            FROM other_listings WHERE dt < ? GROUP BY paper_id, source
        ) AS earlier ON staged.paper_id = earlier.paper_id AND staged.source = earlier.source
        """,
        [dt],
    )


def _replace_papers(connection: duckdb.DuckDBPyConnection, dt: date, sequence: int) -> None:
    connection.execute("DELETE FROM lake.curated.papers_daily WHERE dt = ?", [dt])
    connection.execute("INSERT INTO lake.curated.papers_daily BY NAME SELECT * FROM staged_day_papers")
    connection.execute("DELETE FROM lake.curated.papers WHERE paper_id IN (SELECT paper_id FROM touched)")
    connection.execute(
        """
        INSERT INTO lake.curated.papers BY NAME
        WITH days AS (SELECT * FROM staged_day_papers UNION ALL BY NAME SELECT * FROM other_papers),
        known AS (
            SELECT paper_id, min(dt) AS first_listed_on, max(dt) AS last_listed_on,
                list(DISTINCT dt ORDER BY dt) AS listed_on,
                max_by(doi, dt) AS doi, max_by(pmid, dt) AS pmid, max_by(pmcid, dt) AS pmcid,
                max_by(arxiv_id, dt) AS arxiv_id, max_by(licence, dt) AS licence,
                bool_or(is_retracted) AS is_retracted,
                list_sort(list_distinct(flatten(list(sources)))) AS sources
            FROM days GROUP BY paper_id
        ),
        newest AS (SELECT * FROM days QUALIFY row_number() OVER (PARTITION BY paper_id ORDER BY dt DESC) = 1)
        SELECT newest.* EXCLUDE (dt, doi, pmid, pmcid, arxiv_id, licence, is_retracted, sources),
            known.* EXCLUDE (paper_id), ?::BIGINT AS release_seq
        FROM newest JOIN known ON newest.paper_id = known.paper_id
        """,
        [sequence],
    )


def _add_embeddings(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        INSERT INTO lake.enriched.embeddings BY NAME
        SELECT staged.* FROM staged_embeddings AS staged
        ANTI JOIN lake.enriched.embeddings AS there
            ON staged.text_sha256 = there.text_sha256 AND staged.model = there.model
            AND staged.revision = there.revision
        """
    )


def _update_annotations(connection: duckdb.DuckDBPyConnection) -> None:
    """Only rows that differ are written: most re-listed works keep theirs."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE there AS
        SELECT * FROM lake.enriched.annotations WHERE paper_id IN (SELECT paper_id FROM touched)
        """
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE fresh AS SELECT * FROM staged_annotations EXCEPT SELECT * FROM there"
    )
    connection.execute(
        """
        DELETE FROM lake.enriched.annotations WHERE (paper_id, text_sha256, scheme, annotator) IN (
            SELECT (there.paper_id, there.text_sha256, there.scheme, there.annotator) FROM there
            SEMI JOIN fresh ON there.paper_id = fresh.paper_id AND there.text_sha256 = fresh.text_sha256
                AND there.scheme = fresh.scheme AND there.annotator = fresh.annotator)
        """
    )
    connection.execute("INSERT INTO lake.enriched.annotations BY NAME SELECT * FROM fresh")


def _forget_vanished(connection: duckdb.DuckDBPyConnection) -> None:
    """What only the day's former release listed leaves the enriched tables with it."""
    if not connection.execute("SELECT count(*) FROM former").fetchone()[0]:  # type: ignore[index]
        return
    connection.execute(
        "DELETE FROM former WHERE (paper_id, text_sha256) IN (SELECT (paper_id, text_sha256) FROM other_listings)"
    )
    connection.execute(
        "DELETE FROM lake.enriched.annotations "
        "WHERE (paper_id, text_sha256) IN (SELECT (paper_id, text_sha256) FROM former)"
    )
    # A text may be that of several works ("Correction"): its vector stays as long as any listing has it.
    connection.execute(
        "DELETE FROM lake.enriched.embeddings WHERE text_sha256 IN "
        "(SELECT text_sha256 FROM former EXCEPT SELECT text_sha256 FROM lake.curated.listings)"
    )


def _replace_day(connection: duckdb.DuckDBPyConnection, table: str, release: DayRelease, was_there: bool) -> None:
    """Most days hold rows of a few of these tables only: what is empty on both sides is not touched."""
    name = table.partition(".")[2]
    if was_there:
        connection.execute(f"DELETE FROM lake.{table} WHERE dt = ?", [release.dt])
    if release.tables[name].height:
        connection.execute(f"INSERT INTO lake.{table} BY NAME SELECT * FROM staged_{name}")


def _append(connection: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, Any]) -> None:
    names = ", ".join(row)
    places = ", ".join("?" for _ in row)
    connection.execute(f"INSERT INTO lake.ops.{table} ({names}) VALUES ({places})", list(row.values()))


def _next(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int((row[0] if row else None) or 0) + 1
