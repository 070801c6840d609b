"""Makes and looks up the fact tables; their columns are whatever the SQL files select."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opsledger.projections.facts.journal import CREATE_JOURNAL
from opsledger.projections.facts.queries import TIMELINES, events, fact_select, file_text, timelines_select
from opsledger.projections.facts.tables import FACTS, STREAMS, FactTable, create_table, facts_of

_SHAPE = "facts_shape_of_timelines"
"""Passing table with no rows: its columns spare the engine from working out the shared step once a fact."""


def ensure_tables(client: Any) -> None:
    """Make the fact tables that are not there."""
    there = {row[0] for row in client.query("SELECT name FROM system.tables WHERE database = currentDatabase()").result_rows}
    create(client, [fact for fact in FACTS if fact.name not in there])


def ensure_views(client: Any) -> None:
    """Make the names that the SQL files read from, so that each can be run by hand as it stands."""
    for statement in views():
        client.command(statement)


def views() -> tuple[str, ...]:
    """The CREATE VIEW statements of those names."""
    streams = (f"CREATE OR REPLACE VIEW {stream}_events AS {events(stream, 'true')}" for stream in STREAMS)
    return (*streams, f"CREATE OR REPLACE VIEW {TIMELINES} AS {file_text(TIMELINES)}")


def definitions(client: Any) -> tuple[str, ...]:
    """Every statement that the facts need beside the ledger's, in order. The ledger of ``client`` stays as it is."""
    tables = (create_table(fact, columns_of(client, fact), f"`{fact.name}`") for fact in FACTS)
    return (CREATE_JOURNAL, *tables, *views())


def create_beside(client: Any, stream: str, suffix: str) -> None:
    """Make empty tables ``<fact><suffix>`` for a stream's facts, in place of any that are left over."""
    for fact in facts_of(stream):
        client.command(f"DROP TABLE IF EXISTS `{fact.name}{suffix}`")
    create(client, facts_of(stream), suffix)


def create(client: Any, facts: Iterable[FactTable], suffix: str = "", database: str = "") -> None:
    """Make tables ``<database>.<fact><suffix>``; the columns are those of the SQL files. Needs the ledger tables."""
    wanted = list(facts)
    place = f"`{database}`." if database else ""
    shape = f"{place}{_SHAPE}"
    if any(fact.stream == "call" for fact in wanted):
        client.command(f"CREATE OR REPLACE TABLE {shape} ENGINE = Memory EMPTY AS {timelines_select('SELECT * FROM call')}")
    for fact in wanted:
        client.command(create_table(fact, columns_of(client, fact, shape), f"{place}`{fact.name}{suffix}`"))
    client.command(f"DROP TABLE IF EXISTS {shape}")


def columns_of(client: Any, fact: FactTable, shape: str = "") -> list[tuple[str, str]]:
    """(column, type) of a fact's SELECT, as the engine understands it; ``shape`` is a table like the shared step's rows."""
    select = fact_select(fact, f"SELECT * FROM `{fact.stream}`", f"SELECT * FROM {shape}" if shape else None)
    return [(row[0], row[1]) for row in client.query(f"DESCRIBE ({select})").result_rows]
