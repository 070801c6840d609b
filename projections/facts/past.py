"""The facts as they were known: a passing database, made from the ledger cut at the positions of that time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opsledger.domain.catalogue import STREAMS as ALL_STREAMS
from opsledger.projections.facts.queries import Positions
from opsledger.projections.facts.rebuild import fill
from opsledger.projections.facts.schema import create
from opsledger.projections.facts.tables import FACTS

_PREFIX = "known_"


@contextmanager
def database(client: Any, positions: Positions) -> Iterator[str]:
    """A database with the fact tables and the ledger (as views) as of positions; the session's until the context ends."""
    home = str(client.command("SELECT currentDatabase()"))
    name = f"{_PREFIX}{len(_left_over(client)) + 1}"
    try:
        _make(client, name, home, positions)
        client.command(f"USE `{name}`")
        yield name
    finally:
        client.command(f"USE `{home}`")
        client.command(f"DROP DATABASE IF EXISTS `{name}`")


def drop_left_over(client: Any) -> None:
    """Drop what a process that was killed left behind."""
    for name in _left_over(client):
        client.command(f"DROP DATABASE `{name}`")


def _left_over(client: Any) -> list[str]:
    rows = client.query(
        "SELECT name FROM system.databases WHERE startsWith(name, {prefix:String})", parameters={"prefix": _PREFIX}
    )
    return [row[0] for row in rows.result_rows]


def _make(client: Any, name: str, home: str, positions: Positions) -> None:
    client.command(f"CREATE DATABASE `{name}`")
    for stream in ALL_STREAMS:
        # a view takes no parameters: the numbers are our own, from the journal
        ends = sorted((partition, end) for (place, partition), end in positions.items() if place == stream)
        cut = " OR ".join(f"(partition = {partition:d} AND offset < {end:d})" for partition, end in ends) or "false"
        client.command(f"CREATE VIEW `{name}`.`{stream}` AS SELECT * FROM `{home}`.`{stream}` WHERE {cut}")
    create(client, FACTS, database=name)
    for fact in FACTS:
        fill(client, fact, positions, f"`{name}`.`{fact.name}`", ledger=f"`{home}`")
