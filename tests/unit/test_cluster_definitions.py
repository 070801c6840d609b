"""Definitions for a cluster are the one server's, replicated; nothing else of a statement changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from opsledger.domain.clock import FixedClock
from opsledger.infra.store import Store, open_embedded
from opsledger.projections.facts.rebuild import NEXT
from opsledger.projections.facts.schema import definitions
from opsledger.projections.facts.tables import FACTS
from opsledger.projections.ledger.cluster import OnCluster, on_cluster
from opsledger.projections.ledger.tables import additions, deduplication, statements
from tests.ledger_samples import NOW

HERE, PATH = " ON CLUSTER `main`", "'/clickhouse/tables/{uuid}/{shard}', '{replica}'"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_embedded(tmp_path_factory.mktemp("ddl") / "data", clock=FixedClock(NOW)) as opened:
        yield opened


def _parse(store: Store, statement: str) -> None:
    store.client.command(f"EXPLAIN AST {statement}")


def test_every_definition_is_one_of_the_cluster_and_the_engine_reads_it(store: Store) -> None:
    for statement in (*statements(), *definitions(store.client), *additions({"call": set()}), *deduplication()):
        clustered = on_cluster(statement, "main")
        _parse(store, clustered)
        if "ENGINE = Memory" in statement:
            assert clustered == statement
            continue
        assert clustered.count(HERE) == 1
        engines = re.findall(r"^ENGINE = (\w+)\(?([^)]*)", clustered, re.MULTILINE)
        assert all(name.startswith("Replicated") and text.startswith(PATH) for name, text in engines)


def test_taken_back_it_is_the_declaration(store: Store) -> None:
    """There is one declaration: what the cluster adds can be taken away again, and then nothing differs."""
    for statement in (*statements(), *definitions(store.client)):
        clustered = on_cluster(statement, "main").replace(HERE, "")
        plain = clustered.replace("ENGINE = Replicated", "ENGINE = ").replace(f"({PATH}, ", "(").replace(f"({PATH})", "")
        assert plain == statement


def test_what_is_not_said_as_the_engine_understands_it_is_seen(store: Store) -> None:
    with pytest.raises(DatabaseError, match="SYNTAX_ERROR"):
        _parse(store, statements()[0].replace("ENGINE", "ON CLUSTER `main` ENGINE").replace("ORDER BY", "ORDERED BY"))


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("DROP TABLE IF EXISTS `calls`", f"DROP TABLE IF EXISTS `calls`{HERE}"),
        ("TRUNCATE TABLE `calls`", f"TRUNCATE TABLE `calls`{HERE}"),
        ("EXCHANGE TABLES `a` AND `a__next`, `b` AND `b__next`", f"EXCHANGE TABLES `a` AND `a__next`, `b` AND `b__next`{HERE}"),
        ("CREATE DATABASE IF NOT EXISTS `x`", f"CREATE DATABASE IF NOT EXISTS `x`{HERE}"),
        ("CREATE OR REPLACE VIEW v AS SELECT 'CREATE TABLE x'", f"CREATE OR REPLACE VIEW v{HERE} AS SELECT 'CREATE TABLE x'"),
        ("SELECT 'CREATE TABLE x'", "SELECT 'CREATE TABLE x'"),
        ("INSERT INTO `calls` SELECT 1", "INSERT INTO `calls` SELECT 1"),
        ("CREATE DATABASE `known_1_ab`", "CREATE DATABASE `known_1_ab`"),
        ("CREATE TABLE `known_1_ab`.`calls` (a UInt8) ENGINE = MergeTree", None),
        ("TRUNCATE TABLE facts_staged_calls", "TRUNCATE TABLE facts_staged_calls"),
        ("TRUNCATE TABLE `asked_events_12`", "TRUNCATE TABLE `asked_events_12`"),
    ],
)
def test_what_is_ones_own_stays_where_it_is(store: Store, statement: str, wanted: str | None) -> None:
    assert on_cluster(statement, "main") == (wanted or statement)
    if not statement.startswith("INSERT"):
        _parse(store, on_cluster(statement, "main"))


def test_a_client_on_a_cluster_makes_definitions_there_and_is_the_client_otherwise() -> None:
    said: list[str] = []

    def command(cmd: str, **_: Any) -> str:
        said.append(cmd)
        return "done"

    client = OnCluster(SimpleNamespace(command=command, database="a", query=len), "main")
    assert client.command("DROP TABLE t", settings={}) == "done"
    client.database = "b"
    assert (client.database, client.query("abc"), client.cluster) == ("b", 3, "main")
    assert said == [f"DROP TABLE t{HERE}"]


def test_the_tables_of_a_rebuild_are_replicated_too() -> None:
    for fact in FACTS:
        made = f"CREATE TABLE `{fact.name}{NEXT}`"
        assert on_cluster(f"{made} (a UInt8)", "main") == f"{made}{HERE} (a UInt8)"
