"""A ledger with fact tables for tests: takes domain events, gives rows without their physical columns, and can be emptied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.clock import FixedClock
from opsledger.domain.envelope import Event
from opsledger.domain.folds import tables as folds
from opsledger.domain.folds.history import Row
from opsledger.infra.store import Store
from opsledger.ingest.border.columns import tables_of
from opsledger.ingest.border.convert import encode, from_event
from opsledger.projections.facts.engine import Facts
from opsledger.projections.facts.queries import fact_select
from opsledger.projections.facts.tables import FACTS, PHYSICAL, FactTable
from opsledger.projections.ledger.local_log import LocalLog

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Rows = Mapping[str, Sequence[Row]]
_NOT_FOLDED = ("items_json",)
"""Columns that the folds leave to the engine."""


class FactStore:
    """A store's ledger, its facts and its clock, which stands still until it is set."""

    def __init__(self, store: Store) -> None:
        self.client = store.client
        self.clock = FixedClock(NOW)
        self.empty()

    def empty(self) -> None:
        """Begin anew: no events, no facts, an empty journal."""
        tables = {row[0] for row in self.client.query("SHOW TABLES").result_rows}
        for name in (*STREAMS, *(fact.name for fact in FACTS), "facts_journal"):
            if name in tables:
                self.client.command(f"TRUNCATE TABLE `{name}`")
        self.log = LocalLog(self.client, self.clock)
        self.facts = Facts(self.client, self.clock)

    def append(self, events: Iterable[Event]) -> None:
        """Put events into the ledger in this order."""
        wire = [from_event(event) for event in events]
        self.log.append(tables_of(wire, [encode(one) for one in wire], range(len(wire))))

    def rows(self, fact: FactTable) -> list[Row]:
        """What the fact table says."""
        return self._rows(f"SELECT * EXCEPT ({', '.join(PHYSICAL)}) FROM `{fact.name}` FINAL", fact)

    def selected(self, fact: FactTable) -> list[Row]:
        """What the SQL file says of the ledger as it is, corrections or not."""
        select = fact_select(fact, f"SELECT * FROM {fact.stream}_events")
        return self._rows(f"SELECT * EXCEPT ({', '.join(PHYSICAL)}) FROM ({select})", fact)

    def stored(self) -> Rows:
        """What all fact tables say."""
        return {fact.name: self.rows(fact) for fact in FACTS}

    def _rows(self, text: str, fact: FactTable) -> list[Row]:
        found: Any = self.client.query(text)
        rows = [dict(zip(found.column_names, row, strict=True)) for row in found.result_rows]
        return sorted(({k: v for k, v in row.items() if k not in _NOT_FOLDED} for row in rows), key=_key(fact))


def folded(events: Iterable[Event]) -> Rows:
    """What the folds say of events."""
    made = folds.rows(events)
    return {fact.name: sorted(made[fact.name], key=_key(fact)) for fact in FACTS}


def _key(fact: FactTable) -> Any:
    return lambda row: tuple(row[name] for name in fact.key)


def differences(wanted: Rows, found: Rows, events: Iterable[Event] = ()) -> str:
    """The first subject whose rows differ, told so that a person can see why; '' where all agree."""
    for fact in FACTS:
        by_key = [{_key(fact)(row): row for row in rows[fact.name]} for rows in (wanted, found)]
        for key in sorted({*by_key[0], *by_key[1]}):
            one, other = (rows.get(key) for rows in by_key)
            if one != other:
                history = [e for e in events if (e.tenant, e.stream, e.subject) == (key[0], fact.stream, key[1])]
                return "\n".join([f"{fact.name} {key}", *_unlike(one, other), *map(str, sorted(history, key=_time))])
    return ""


def _unlike(one: Row | None, other: Row | None) -> list[str]:
    if one is None or other is None:
        return [f"  wanted {one}", f"  found  {other}"]
    names = [name for name in {**one, **other} if one.get(name, "-") != other.get(name, "-")]
    return [f"  {name}: wanted {one.get(name, '-')!r}, found {other.get(name, '-')!r}" for name in names]


def _time(event: Event) -> datetime:
    return event.occurred_at
