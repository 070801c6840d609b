"""A store of its own, queue_log lines written by the second, and the facts that they give."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.infra.facts import fact_tables
from opsledger.infra.store import Store, open_store
from opsledger.ingest.adapters.queue_log import QueueLog
from opsledger.ingest.importer import ImportResult
from opsledger.ingest.inputs import Input
from tests.ledger_samples import importer, spec
from tests.new_ledger import new_ledger
from tests.queue_logs import NOW, adapter

T = 1_767_600_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data"), clock=FixedClock(NOW)) as opened:
        yield opened


def take(store: Store, lines: list[str], reader: QueueLog | None = None) -> tuple[int, int, int, int]:
    """(read, accepted, duplicate, dead) of an import of these lines as one file."""
    source = Input("queue_log", None, io.BytesIO("\n".join(lines).encode()))
    result: ImportResult = importer(store).run((reader or adapter()).chunks(source), spec(source="asterisk:pbx1"))
    assert result.problem is None
    tally = result.tally
    assert tally.read == tally.accepted + tally.duplicate + tally.dead
    return tally.read, tally.accepted, tally.duplicate, tally.dead


def log(text: str) -> list[str]:
    """Lines written as ``+seconds rest``: easier to read than epochs."""
    rows = [row.strip().split(" ", 1) for row in text.splitlines() if row.strip()]
    return [f"{T + int(second)}|{rest.replace(' ', '|')}" for second, rest in rows]


def facts(store: Store, columns: str, table: str = "legs", order: str = "call, leg") -> list[tuple[Any, ...]]:
    fact_tables(store).update()
    rows = store.client.query(f"SELECT {columns} FROM {table} FINAL ORDER BY {order}").result_rows
    return [tuple(row) for row in rows]


LEG = "call, queue, outcome, wait_ms, agent, talk_ms, end_kind"
