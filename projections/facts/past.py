"""The facts as they were known: a passing database in which a fact table is made when it is first asked for.

There are two ways to make one, and they give the same rows. Where not much came after, the present table is taken over as it
stands (its files are linked, not copied), and the subjects of what came after are made again from the ledger as it was: as
quick as a live update. Where much did, or the present table was made by other SQL, it is made from all of that ledger.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from secrets import token_hex
from typing import Any

from opsledger.domain.catalogue import STREAMS as ALL_STREAMS
from opsledger.projections.facts.queries import Positions
from opsledger.projections.facts.rebuild import fill
from opsledger.projections.facts.schema import create
from opsledger.projections.facts.stage import Stage
from opsledger.projections.facts.tables import FACTS, FactTable, facts_of
from opsledger.projections.facts.touched import news

_PREFIX = "known_"
_NAMED = re.compile(rf"\b(?:{'|'.join(fact.name for fact in FACTS)})\b")
_BY_NAME = {fact.name: fact for fact in FACTS}


@dataclass
class Past:
    """A passing database ``name`` with the ledger (as views) and, once they are asked for, the facts as of ``positions``.

    Stands in for the client: whatever fact tables a statement names are made before it is run. ``present`` are the positions
    of the tables in ``home``, None where those are not to be built on; ``is_much(stream, events)`` decides between the ways.
    """

    client: Any
    home: str
    name: str
    positions: Positions
    present: Positions | None
    is_much: Callable[[str, int], bool]
    _made: set[str] = field(default_factory=set)

    def query(self, query: str, *args: Any, **more: Any) -> Any:
        """The client's ``query``, over the facts as they were known."""
        self.make(_BY_NAME[name] for name in _NAMED.findall(query))
        return self.client.query(query, *args, **more)

    def command(self, cmd: str, *args: Any, **more: Any) -> Any:
        """The client's ``command``, over the facts as they were known."""
        self.make(_BY_NAME[name] for name in _NAMED.findall(cmd))
        return self.client.command(cmd, *args, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def make(self, facts: Iterable[FactTable] = FACTS) -> None:
        """Make those of the tables that are not there yet; without an argument all."""
        wanted = [fact for fact in dict.fromkeys(facts) if fact.name not in self._made]
        if not wanted:
            return
        self.client.database = self.home
        try:
            for fact in wanted:
                if fact.name not in self._made:
                    self._make(fact)
        finally:
            self.client.database = self.name

    def _make(self, fact: FactTable) -> None:
        if self.present is not None:
            new = news(self.client, fact.stream, self.positions, self.present)
            if not self.is_much(fact.stream, new.events):
                self._take_over(fact.stream)
                if new.events:
                    # what came after may have moved or taken away rows in any way: as after a correction, look everywhere
                    Stage(self.client, self.name, database=self.name).update(
                        replace(new, corrections=max(1, new.corrections)), self.positions
                    )
                return
        create(self.client, [fact], self.name, database=self.name)
        fill(self.client, fact, self.positions, f"`{self.name}`.`{fact.name}`")
        self._made.add(fact.name)

    def _take_over(self, stream: str) -> None:
        for fact in facts_of(stream):
            self.client.command(f"DROP TABLE IF EXISTS `{self.name}`.`{fact.name}`")
            self.client.command(f"CREATE TABLE `{self.name}`.`{fact.name}` CLONE AS `{self.home}`.`{fact.name}`")
            self._made.add(fact.name)


@contextmanager
def database(
    client: Any, positions: Positions, present: Positions | None, is_much: Callable[[str, int], bool], now: datetime
) -> Iterator[Past]:
    """The past as of positions; its database is the client's until the context ends, and is then dropped.

    No other process has one of that name, and none of the client's requests depends on what an earlier one has set.
    """
    home = str(client.command("SELECT currentDatabase()"))
    name = f"{_PREFIX}{int(now.timestamp())}_{token_hex(4)}"
    try:
        _make_ledger(client, name, home, positions)
        client.database = name
        yield Past(client, home, name, positions, present, is_much)
    finally:
        client.database = home
        client.command(f"DROP DATABASE IF EXISTS `{name}`")


def drop_left_over(client: Any, before: datetime | None = None) -> None:
    """Drop what processes that were killed left behind: all of it, or what was made before a moment (others may be at work)."""
    for name in _left_over(client):
        if before is None or _made_at(name) < before.timestamp():
            client.command(f"DROP DATABASE IF EXISTS `{name}`")


def _made_at(name: str) -> float:
    seconds = name.removeprefix(_PREFIX).partition("_")[0]
    return float(seconds) if seconds.isdigit() else 0.0


def _left_over(client: Any) -> list[str]:
    rows = client.query(
        "SELECT name FROM system.databases WHERE startsWith(name, {prefix:String})", parameters={"prefix": _PREFIX}
    )
    return [row[0] for row in rows.result_rows]


def _make_ledger(client: Any, name: str, home: str, positions: Positions) -> None:
    client.command(f"CREATE DATABASE `{name}`")
    for stream in ALL_STREAMS:
        # a view takes no parameters: the numbers are our own, from the journal
        ends = sorted((partition, end) for (place, partition), end in positions.items() if place == stream)
        cut = " OR ".join(f"(partition = {partition:d} AND offset < {end:d})" for partition, end in ends) or "false"
        client.command(f"CREATE VIEW `{name}`.`{stream}` AS SELECT * FROM `{home}`.`{stream}` WHERE {cut}")
