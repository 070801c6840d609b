"""The second wall: whoever asks, the engine itself reads no files, reaches nothing, runs nothing, makes no users.

The controls ask an engine that was opened plainly: there it is allowed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from opsledger.domain.clock import SystemClock
from opsledger.infra.engine.address import UNUSED, USERS
from opsledger.infra.gateway.judge.changing import ENGINES
from opsledger.infra.store import Store, open_embedded
from tests.new_ledger import new_ledger

DENIED, UNKNOWN_TABLE = 497, 60
AWAY = "http://127.0.0.1:1/bucket/x"
READS = (
    "file('here.csv')",
    "file('here.csv', 'CSV', 'a UInt8')",
    "file('/etc/passwd', 'LineAsString')",
    f"{UNUSED}.`here.csv`",
    f"{UNUSED}.`/etc/passwd`",
    f"{UNUSED}.`{AWAY}.csv`",
    f"url('{AWAY}', 'CSV', 'a UInt8')",
    f"s3('{AWAY}', 'CSV', 'a UInt8')",
    f"deltaLake('{AWAY}')",
    f"iceberg('{AWAY}')",
    "icebergLocal('/tmp')",
    "deltaLakeLocal('/tmp')",
    "hdfs('hdfs://127.0.0.1:1/x', 'CSV', 'a UInt8')",
    "azureBlobStorage('http://127.0.0.1:1/', 'c', 'p', 'CSV', 'auto', 'a UInt8')",
    "remote('127.0.0.1:1', 'system', 'one')",
    "remoteSecure('127.0.0.1:1', 'system', 'one')",
    "mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "mongodb('127.0.0.1:1', 'a', 'b', 'c', 'd', 'x UInt8')",
    "redis('127.0.0.1:1', 'k', 'k String, v String')",
    "sqlite('x.db', 't')",
    "jdbc('x', 'y', 'z')",
    "odbc('x', 'y', 'z')",
)
TABLES = (
    "File(CSV)",
    "File(CSV, '/etc/passwd')",
    f"URL('{AWAY}', CSV)",
    f"S3('{AWAY}', 'CSV')",
    f"COSN('{AWAY}', 'CSV')",
    "Distributed(default, system, one)",
    "SQLite('x.db', 't')",
    "MySQL('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "PostgreSQL('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "Kafka('127.0.0.1:1', 't', 'g', 'CSV')",
    "IcebergLocal('/tmp')",
    "DeltaLakeLocal('/tmp')",
    "Python(x)",
)
DATABASES = ("Filesystem('/tmp')", "Overlay", "SQLite('x.db')", f"S3('{AWAY}')", "MySQL('127.0.0.1:1', 'a', 'b', 'c')")
OTHERS = (
    "CREATE TABLE t AS file('here.csv')",
    "INSERT INTO FUNCTION file('out.csv', 'CSV', 'a UInt8') VALUES (1)",
    f"INSERT INTO FUNCTION url('{AWAY}', 'CSV', 'a UInt8') VALUES (1)",
    "INSERT INTO FUNCTION remote('127.0.0.1:1', 'system', 'one') VALUES (1)",
    "CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(FILE(PATH '/x' FORMAT 'TSV')) LAYOUT(FLAT()) LIFETIME(0)",
    "CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(EXECUTABLE(COMMAND 'id' FORMAT 'TSV')) LAYOUT(FLAT()) LIFETIME(0)",
    "CREATE FUNCTION f AS (x) -> x",
    "CREATE USER u",
    "CREATE ROLE r",
    "CREATE ROW POLICY p ON default.call USING 1",
    "CREATE QUOTA q",
    "CREATE SETTINGS PROFILE s",
    "CREATE NAMED COLLECTION n AS a = 1",
    "ALTER USER default IDENTIFIED BY 'x'",
    "GRANT ALL ON *.* TO default",
    "GRANT FILE ON *.* TO default",
    "REVOKE SELECT ON *.* FROM default",
    "BACKUP TABLE default.call TO File('b')",
    "BACKUP DATABASE default TO Memory('b')",
    "RESTORE TABLE default.call FROM File('b')",
    "SYSTEM SHUTDOWN",
    "SYSTEM KILL",
    "SYSTEM STOP MERGES default.call",
    "SYSTEM FLUSH LOGS",
    "SYSTEM DROP MARK CACHE",
    "SYSTEM RELOAD DICTIONARIES",
    "SYSTEM START LISTEN TCP",
    "ATTACH TABLE t (a UInt8) ENGINE = File(CSV)",
    "SELECT addressToLine(1)",
    "SELECT * FROM system.users",
    "SELECT * FROM system.grants",
    "SHOW USERS",
)
PLAIN = """
import os, sys
from opsledger.infra.engine.library import load
os.chdir(sys.argv[1])
engine = load().connect(os.path.join(sys.argv[1], "plain"))
for asked in sys.argv[2:]:
    try:
        print(repr(str(engine.query(asked, "CSV"))))
    except Exception as error:
        print(str(error).split(".")[0])
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An open ledger, in a working directory with a file that has the name of a table."""
    folder = tmp_path_factory.mktemp("engine")
    for name in ("here.csv", "no_table"):
        (folder / name).write_text("1\n")
    with chdir(folder), open_embedded(new_ledger(folder / "data"), clock=SystemClock()) as opened:
        yield opened


def code_of(store: Store, asked: str) -> int:
    """The code of the error; 0 where there is none."""
    try:
        store.client.command(asked)
    except ClickHouseError as error:
        return int(re.findall(r"Code: (\d+)", str(error))[0])
    return 0


def plainly(folder: Path, *asked: str) -> list[str]:
    """What an engine says that is opened without options, each statement's answer or its error."""
    command = [sys.executable, "-c", PLAIN, str(folder), *asked]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()


@pytest.mark.parametrize("table", READS)
def test_nothing_is_read_from_elsewhere(store: Store, table: str) -> None:
    assert code_of(store, f"SELECT * FROM {table}") == DENIED


@pytest.mark.parametrize("engine", TABLES)
def test_no_table_is_elsewhere(store: Store, engine: str) -> None:
    assert code_of(store, f"CREATE TABLE elsewhere (a UInt8) ENGINE = {engine}") == DENIED


@pytest.mark.parametrize("engine", DATABASES)
def test_no_database_is_elsewhere(store: Store, engine: str) -> None:
    assert code_of(store, f"CREATE DATABASE elsewhere ENGINE = {engine}") == DENIED


@pytest.mark.parametrize("asked", OTHERS)
def test_nor_is_anything_else_that_the_product_does_not_need(store: Store, asked: str) -> None:
    assert code_of(store, asked) == DENIED


def test_no_program_runs_however_it_is_named(store: Store) -> None:
    """The engine has no grant for it; there is no folder of programs."""
    assert code_of(store, "SELECT * FROM executable('x.sh', 'TSV', 'a UInt8')") == 1
    for engine in ("Executable", "ExecutablePool"):
        store.client.command(f"CREATE TEMPORARY TABLE {engine} (a UInt8) ENGINE = {engine}('x.sh', TSV)")
        assert code_of(store, f"SELECT * FROM {engine}") == 1


def test_a_name_of_a_missing_table_is_not_taken_for_a_file(store: Store) -> None:
    for name in ("no_table", "`here.csv`", "default.no_table", "default.`here.csv`"):
        assert code_of(store, f"SELECT * FROM {name}") == UNKNOWN_TABLE
    assert store.client.query("SELECT engine FROM system.databases WHERE name = 'default'").result_rows == [("Atomic",)]
    assert store.client.query("SELECT currentDatabase()").result_rows == [("default",)]


def test_merges_are_not_stopped_by_a_statement_that_names_no_table(store: Store) -> None:
    """It is passed over without an error for each table that is not granted; where they are stopped, OPTIMIZE fails."""
    store.client.command("CREATE TABLE merging (a UInt8) ENGINE = MergeTree ORDER BY a")
    for value in (1, 2):
        store.client.command(f"INSERT INTO merging VALUES ({value})")
    store.client.command("SYSTEM STOP MERGES")
    store.client.command("OPTIMIZE TABLE merging FINAL SETTINGS optimize_throw_if_noop = 1")
    assert store.client.query("SELECT count() FROM system.parts WHERE table = 'merging' AND active").result_rows == [(1,)]
    store.client.command("DROP TABLE merging")


def test_what_the_product_needs_is_allowed(store: Store) -> None:
    for asked in (
        "CREATE DATABASE known_test ENGINE = Atomic",
        "CREATE TABLE known_test.t (a UInt8, b String) ENGINE = MergeTree ORDER BY a",
        "INSERT INTO known_test.t SELECT number, '' FROM numbers(3)",
        "CREATE VIEW known_test.v AS SELECT a FROM known_test.t",
        "CREATE TABLE known_test.u AS known_test.t",
        "EXCHANGE TABLES known_test.t AND known_test.u",
        "ALTER TABLE known_test.u ADD COLUMN c UInt8",
        "ALTER TABLE known_test.u DELETE WHERE a = 1 SETTINGS mutations_sync = 1",
        "ALTER TABLE known_test.u MODIFY SETTING non_replicated_deduplication_window = 7",
        "OPTIMIZE TABLE known_test.u FINAL",
        "TRUNCATE TABLE known_test.u",
        "CREATE TEMPORARY TABLE passing (a UInt8)",
        "DROP TABLE known_test.u SYNC",
        "DROP VIEW known_test.v",
        "DROP DATABASE known_test SYNC",
        "SELECT name FROM system.columns",
        "SELECT * FROM system.processes",
        "KILL QUERY WHERE query_id = 'nobody'",
    ):
        assert code_of(store, asked) == 0, asked


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_each_engine_that_the_gateway_lets_pass_is_granted(store: Store, engine: str) -> None:
    of = {"CollapsingMergeTree": "(s)", "VersionedCollapsingMergeTree": "(s, v)"}.get(engine, "")
    order = "ORDER BY a" if engine.endswith("MergeTree") else ""
    assert code_of(store, f"CREATE TABLE made (a UInt8, s Int8, v UInt8) ENGINE = {engine}{of} {order}") == 0
    store.client.command("DROP TABLE made SYNC")


def test_the_engines_granted_are_those_that_the_gateway_lets_pass() -> None:
    assert set(re.findall(r"GRANT TABLE ENGINE ON (\w+)<", USERS.read_text())) == ENGINES


def test_what_this_wall_does_not_hold(store: Store) -> None:
    """Known, and written in docs/security.md: the gateway's judge holds it. An engine that refuses it is welcome."""
    assert store.client.query("SELECT file('here.csv')").result_rows == [("1\n",)]
    assert code_of(store, "SELECT 1 INTO OUTFILE 'out.tsv'") == 0
    assert Path("out.tsv").exists()
    assert code_of(store, "SELECT * FROM sqlite('empty.db', 't')") == DENIED
    assert Path("empty.db").read_bytes() == b"", "refused, but the file is made before"


def test_control_an_engine_that_is_opened_plainly_does_these_things(tmp_path: Path) -> None:
    for name in ("here.csv", "no_table.csv"):
        (tmp_path / name).write_text("1\n")
    found = plainly(
        tmp_path,
        "SELECT * FROM file('here.csv')",
        "SELECT * FROM `no_table.csv`",
        "CREATE TABLE t (a UInt8) ENGINE = File(CSV)",
        "CREATE FUNCTION f AS (x) -> x",
        "CREATE DATABASE e ENGINE = Filesystem('/tmp')",
        "INSERT INTO FUNCTION file('out.csv', 'CSV', 'a UInt8') VALUES (1)",
        "CREATE TABLE m (a UInt8) ENGINE = MergeTree ORDER BY a",
        "SYSTEM STOP MERGES m",
        "INSERT INTO m VALUES (1)",
        "INSERT INTO m VALUES (2)",
        "OPTIMIZE TABLE m FINAL SETTINGS optimize_throw_if_noop = 1",
    )
    assert found == [repr("1\n"), repr("1\n"), *[repr("")] * 8, "Code: 236"]
