"""SQL of users: it reads the lake, in every format, and reaches nothing else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
from day_content import Listing, day_release

from assets.release.publish import publish
from orchestration.queries import FORMATS, QueryError, ask, read_only_session, write_parquet
from orchestration.resources.installation import Installation

if TYPE_CHECKING:
    from integration.conftest import NewInstallation

DAY = date(2025, 6, 1)
MARKUP = "[bold]A gene[/bold] & <i>its</i> \u202erole"


@pytest.fixture(scope="module")
def lake_of_two_releases(
    new_installation: NewInstallation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """A lake on which a day of two works was released again with one; only read by the tests here."""
    with new_installation(tmp_path_factory.mktemp("home")) as installation:
        first = day_release(DAY, [Listing("a", MARKUP), Listing("b")])
        for day in (first, day_release(DAY, [Listing("a", MARKUP)])):
            installation.lake.commit(partial(publish, release=day), "release", "{}")
        installation.store.put("raw/secret.csv", b"secret\n1\n")
        installation.store.put("lake/stray.csv", b"stray\n1\n")
        yield installation


@pytest.fixture(scope="module")
def session(lake_of_two_releases: Installation) -> Iterator[duckdb.DuckDBPyConnection]:
    with read_only_session(lake_of_two_releases.lake) as connection:
        yield connection


def in_format(session: duckdb.DuckDBPyConnection, name: str, query: str) -> str:
    out = io.StringIO()
    FORMATS[name](ask(session, query), out)
    return out.getvalue()


# -- what is answered --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "FROM curated.papers",
        "SELECT 1; -- with a comment",
        "WITH a AS (SELECT * FROM curated.listings) SELECT count(*) FROM a",
        "DESCRIBE curated.papers",
        "SUMMARIZE curated.papers",
        "SHOW ALL TABLES",
        "VALUES (1), (2)",
        "EXPLAIN SELECT * FROM curated.papers",
        "explain analyze FROM curated.papers",
        "FROM snapshots()",
        "FROM curated.papers AT (VERSION => 2)",
        "SELECT unnest(sources) FROM curated.papers, range(2)",
        "UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b",
    ],
)
def test_statements_that_read_are_answered(query: str, session: duckdb.DuckDBPyConnection) -> None:
    assert ask(session, query).fetchall() is not None


def test_a_query_sees_the_newest_release_and_the_past_by_its_snapshot(lake_of_two_releases: Installation) -> None:
    lake = lake_of_two_releases.lake
    with read_only_session(lake) as connection:
        assert ask(connection, "SELECT count(*) FROM curated.papers").fetchone() == (1,)
        snapshots = ask(connection, "SELECT snapshot_id FROM ops.releases ORDER BY release_seq").fetchall()
    with read_only_session(lake, at=snapshots[0][0]) as connection:
        assert ask(connection, "SELECT count(*) FROM curated.papers").fetchone() == (2,)


def test_an_unknown_snapshot_is_told_in_one_line_with_where_to_find_the_known(
    lake_of_two_releases: Installation,
) -> None:
    with (
        pytest.raises(QueryError, match=r"no snapshot 999: .*snapshots\(\)"),
        read_only_session(lake_of_two_releases.lake, at=999),
    ):
        raise AssertionError("unreachable")


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO curated.papers (paper_id) VALUES ('x')",
        "UPDATE curated.papers SET title = 'x'",
        "DELETE FROM curated.papers",
        "DROP TABLE curated.papers",
        "CREATE TABLE lake.curated.mine AS SELECT 1",
        "CREATE TEMP TABLE mine AS SELECT 1",
        "CREATE SECRET mine (TYPE s3)",
        "DROP SECRET object_store",
        "ATTACH ':memory:' AS mine",
        "DETACH lake",
        "USE memory",
        "COPY (SELECT 1) TO '/tmp/litlake-refused.csv'",
        "COPY (SELECT 1) TO 's3://{bucket}/lake/refused.csv'",
        "EXPORT DATABASE '/tmp/litlake-refused'",
        "INSTALL fts",
        "LOAD httpfs",
        "SET memory_limit = '1GB'",
        "RESET memory_limit",
        "PRAGMA memory_limit = '1GB'",
        "CALL lake.set_commit_message('a', 'b')",
        "PREPARE p AS SELECT 1",
        "BEGIN",
        "CHECKPOINT",
        "WITH x AS (INSERT INTO curated.papers (paper_id) VALUES ('x') RETURNING *) FROM x",
        "EXPLAIN ANALYZE INSERT INTO curated.papers (paper_id) VALUES ('x')",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 's3://{bucket}/lake/refused.parquet'",
        "explain /* a */ analyze CREATE TABLE memory.main.mine AS SELECT 1",
        "SELECT * FROM ducklake_expire_snapshots('lake', older_than => now())",
        "SELECT * FROM ducklake_cleanup_old_files('lake', cleanup_all => true)",
        "SELECT * FROM ducklake_flush_inlined_data('lake')",
        "SELECT * FROM ducklake_merge_adjacent_files('lake')",
        "SELECT * FROM query('DROP TABLE curated.papers')",
    ],
)
def test_nothing_is_written_by_a_query(
    query: str, session: duckdb.DuckDBPyConnection, lake_of_two_releases: Installation
) -> None:
    store = lake_of_two_releases.store
    before = list(store.list(""))
    with pytest.raises(QueryError):
        ask(session, query.format(bucket=store.address.bucket)).fetchall()
    assert list(store.list("")) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM READ_BLOB('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT (SELECT count(*) FROM glob('/etc/*'))",
        "DESCRIBE SELECT * FROM read_text('/etc/passwd')",
        "EXPLAIN ANALYZE SELECT * FROM read_text('/etc/passwd')",
        "FROM '/etc/passwd'",
        "FROM 'passwd.csv'",
        "FROM 'https://example.invalid/a.parquet'",
        "FROM 's3://litlake/ops/started.json'",
        "FROM 's3://{bucket}/raw/secret.csv'",
        "FROM 's3://{bucket}/lake/../raw/secret.csv'",
        "FROM 's3://{bucket}/lake/stray.csv?s3_endpoint=example.invalid'",
        "SELECT * FROM read_text('s3://{bucket}/lake/stray.csv?s3_endpoint=example.invalid')",
        "SELECT * FROM read_text('{endpoint}/{bucket}/raw/secret.csv')",
        "SELECT * FROM sqlite_scan('{catalog}', 'ducklake_metadata')",
        "SELECT * FROM postgres_scan('host=127.0.0.1', 'public', 'a')",
        "SELECT * FROM query('SELECT 1')",
        "SELECT getenv('HOME')",
        "SELECT * FROM duckdb_secrets(redact => false)",
        "SELECT * FROM duckdb_secrets()",
        "FROM duckdb_databases",
        "FROM duckdb_databases()",
        "PRAGMA database_list",
        "SELECT * FROM enable_logging()",
        "FROM reading",
    ],
)
def test_no_file_no_service_no_secret_and_no_variable_of_ours_can_be_read(
    query: str, session: duckdb.DuckDBPyConnection, lake_of_two_releases: Installation
) -> None:
    address = lake_of_two_releases.address
    catalog = lake_of_two_releases.settings.catalog_uri.removeprefix("sqlite:")
    reading = pl.DataFrame({"variable": [1]})
    with pytest.raises(QueryError) as refused:
        ask(session, query.format(bucket=address.bucket, endpoint=address.endpoint, catalog=catalog)).fetchall()
    assert "\n" not in str(refused.value) and reading.height
    assert address.secret_key not in str(refused.value) and "root:" not in str(refused.value)


@pytest.mark.parametrize("query", ["SELECT 1; SELECT 2", "SELECT 1; DROP TABLE curated.papers", "", "-- nothing", ";"])
def test_exactly_one_statement_is_asked_for(query: str, session: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryError, match="one statement is asked for"):
        ask(session, query)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("SELECT titel FROM curated.papers", "titel"),
        ("SELECT * FROM curated.paper", "paper"),
        ("SELEC 1", "SELEC"),
        ("SELECT * FROM curated.papers WHERE title = $1", "parameters"),
        ("SELECT " + "1 + " * 5000 + "1", ""),
    ],
)
def test_a_query_that_cannot_be_answered_is_told_in_one_line(
    query: str, named: str, session: duckdb.DuckDBPyConnection
) -> None:
    with pytest.raises(QueryError) as told:
        ask(session, query)
    assert named in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["table", "json", "csv", "parquet"])
def test_a_fault_that_shows_only_while_rows_are_fetched_is_told_in_one_line_too(
    name: str, session: duckdb.DuckDBPyConnection
) -> None:
    with pytest.raises(QueryError, match="too late"):
        in_format(session, name, "SELECT if(i = 3000, error('too late'), i) FROM range(3001) t(i) ORDER BY ALL")


def test_a_refusal_leaves_the_session_usable(session: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryError):
        ask(session, "DROP TABLE curated.papers")
    assert ask(session, "SELECT 1").fetchone() == (1,)


# -- formats -----------------------------------------------------------------------------------------------------------

VALUES = """
    SELECT title, NULL AS nothing, DATE '2025-06-01' AS day, TIMESTAMPTZ '2025-06-01 12:00:00+00' AS instant,
        [1, 2] AS list, {'a': 'é', 'b': [DATE '2025-06-02']} AS nested, 1.50::DECIMAL(9, 2) AS price,
        12345678901234567890::HUGEINT AS huge, 'ab'::BLOB AS bytes, true AS yes, 0.123456789 AS share
    FROM curated.papers
"""


def test_a_table_shows_markup_and_control_characters_as_text(session: duckdb.DuckDBPyConnection) -> None:
    shown = in_format(session, "table", "SELECT title, 'a' || chr(27) || '[31mb' AS \"[red]name\" FROM curated.papers")
    assert "[bold]A gene[/bold] & <i>its</i>" in shown and "[red]name" in shown
    assert "\x1b" not in shown and "\u202e" not in shown


def test_a_table_takes_every_kind_of_value(session: duckdb.DuckDBPyConnection) -> None:
    assert "2025-06-01" in in_format(session, "table", f"SELECT day, list, nested, nothing FROM ({VALUES})")


def test_a_table_stops_after_its_first_rows_and_says_so(session: duckdb.DuckDBPyConnection) -> None:
    assert "the first 200 rows" in in_format(session, "table", "FROM range(201)")
    assert "the first" not in in_format(session, "table", "FROM range(200)")


def test_json_keeps_nested_values_dates_and_nulls(session: duckdb.DuckDBPyConnection) -> None:
    assert json.loads(in_format(session, "json", VALUES)) == [
        {
            "title": MARKUP,
            "nothing": None,
            "day": "2025-06-01",
            "instant": "2025-06-01T12:00:00+00:00",
            "list": [1, 2],
            "nested": {"a": "é", "b": ["2025-06-02"]},
            "price": 1.5,
            "huge": 12345678901234567890,
            "bytes": "6162",
            "yes": True,
            "share": 0.123456789,
        }
    ]


@pytest.mark.parametrize("rows", [0, 1, 1000, 2500])
def test_json_is_one_list_whatever_the_number_of_rows(rows: int, session: duckdb.DuckDBPyConnection) -> None:
    told = json.loads(in_format(session, "json", f"SELECT i FROM range({rows}) t(i)"))
    assert told == [{"i": number} for number in range(rows)]


def test_json_takes_maps_whose_keys_are_no_text(session: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT histogram(DATE '2025-06-01') AS a, MAP {7: 'b'} AS b, row(1, 'c') AS c, [1, 2]::INT[2] AS d"
    (row,) = json.loads(in_format(session, "json", query))
    assert row["a"] == {"2025-06-01": 1} and row["b"] == {"7": "b"} and row["d"] == [1, 2]
    assert "2025-06-01" in in_format(session, "csv", query)


def test_json_has_no_value_that_json_does_not_know(session: duckdb.DuckDBPyConnection) -> None:
    def unknown(name: str) -> None:
        raise AssertionError(name)

    query = "SELECT 'nan'::DOUBLE AS a, 'inf'::DOUBLE AS b, ['nan'::DOUBLE] AS c, 'inf'::FLOAT AS d"
    json.loads(in_format(session, "json", query), parse_constant=unknown)


def test_columns_of_one_name_are_told_apart(
    session: duckdb.DuckDBPyConnection, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    query = "SELECT 1 AS a, 2 AS a_1, 3 AS a"
    assert json.loads(in_format(session, "json", query)) == [{"a": 1, "a_1": 2, "a_2": 3}]
    in_format(session, "parquet", query)
    assert pl.read_parquet(io.BytesIO(capfdbinary.readouterr().out)).columns == ["a", "a_1", "a_2"]


def test_csv_has_a_header_and_nested_values_as_json(session: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT 'a,\"b\"\nc' AS text, day, nothing, list, nested FROM (" + VALUES + ")"
    header, row = csv.reader(io.StringIO(in_format(session, "csv", query)))
    assert header == ["text", "day", "nothing", "list", "nested"]
    assert row[:4] == ['a,"b"\nc', "2025-06-01", "", "[1, 2]"]
    assert json.loads(row[4]) == {"a": "é", "b": ["2025-06-02"]}


def test_parquet_keeps_types_and_every_row(
    session: duckdb.DuckDBPyConnection, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    in_format(session, "parquet", f"FROM ({VALUES}), range(3000)")
    frame = pl.read_parquet(io.BytesIO(capfdbinary.readouterr().out))
    assert frame.height == 3000 and frame["day"].dtype == pl.Date
    assert frame["nested"][0] == {"a": "é", "b": [date(2025, 6, 2)]}


def test_parquet_is_not_poured_into_a_terminal(session: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    with pytest.raises(QueryError, match="send it to a file"):
        write_parquet(ask(session, "SELECT 1"), Terminal())
