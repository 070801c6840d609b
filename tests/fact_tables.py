"""Empty fact tables, the real ones, for tests that bring their own rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from opsledger.domain.clock import FixedClock
from opsledger.infra.facts import fact_tables
from opsledger.infra.store import open_store
from opsledger.projections.facts.tables import FACTS
from tests.new_ledger import new_ledger

Row = dict[str, Any]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@contextmanager
def engine(folder: Path) -> Iterator[Any]:
    """An engine with an empty ledger and empty fact tables."""
    with open_store(new_ledger(folder), clock=FixedClock(NOW)) as store:
        fact_tables(store)
        yield store.client


@cache
def _first_time(table: str) -> str:
    return next(fact.times[0] for fact in FACTS if fact.name == table)


def insert(client: Any, table: str, rows: list[Row], tenant: str = "t1") -> None:
    """Store rows; what a row leaves out is empty, or null where the column may be."""
    given = [{"tenant": tenant, "vendor": "in-house", "last_offset": 1, "first_day": _day(table, row), **row} for row in rows]
    for names in {tuple(row) for row in given}:
        part = [list(row.values()) for row in given if tuple(row) == names]
        client.insert(table, part, column_names=list(names))


def _day(table: str, row: Row) -> Any:
    return (row.get(_first_time(table)) or datetime(2026, 1, 1, tzinfo=UTC)).date()


def configure(
    client: Any,
    targets: str = "{}",
    tenant: str = "t1",
    zone: str = "Asia/Shanghai",
    since: datetime = datetime(2020, 1, 1, tzinfo=UTC),
    **more: Any,
) -> None:
    """Put a tenant.configured into the ledger."""
    row = {"tenant": tenant, "type": "tenant.configured", "subject": tenant, "zone": zone, "targets": targets, **more}
    row |= {"event_id": uuid4(), "effective_from": since, "occurred_at": since}
    client.insert("tenant", [list(row.values())], column_names=list(row))
