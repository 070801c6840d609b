"""Followed files in tests: a switch's log of a simulated day, a following made anew as after a restart, what a ledger holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsledger.domain.clock import FixedClock
from opsledger.infra.cli.main import run
from opsledger.infra.following import Following, Target
from opsledger.infra.ingesting import Ask
from opsledger.infra.store import Store
from opsledger.ingest.importer import Stores
from tests.ledger_samples import NOW

QUEUE_LOG = Ask("queue_log", tenant="t1", source="asterisk:pbx1", zone="Asia/Shanghai")
JSON = Ask("jsonl", tenant="t1", source="sim:test")


def switch_log(folder: Path, calls: int = 150) -> list[bytes]:
    """The lines of a simulated day, with ends."""
    out = folder / "whole_log"
    options = ["--days", "1", "--calls-per-day", str(calls), "--seed", "3", "--tenant", "t1", "--quiet"]
    assert run(["simulate", "--format", "queue_log", "--out", str(out), *options]) == 0
    return out.read_bytes().splitlines(keepends=True)


def into(store: Store) -> Target:
    """A store as where events go."""
    return Target("the test's ledger", Stores(store.log, store.ledger, store.dead_letters, store.imports))


@contextmanager
def following(store: Store, ask: Ask, state: Path, *paths: Path) -> Iterator[Following]:
    """As a process that was started now."""
    made = Following([str(path) for path in paths], ask, into(store), state, FixedClock(NOW), print)
    try:
        yield made
    finally:
        made.close()


def drained(made: Following) -> None:
    """Rounds until there is nothing new."""
    while made.round():
        pass


def events(store: Store) -> list[tuple[str, str, bytes]]:
    """(type, event id, payload) of every stored row, sorted."""
    rows: list[tuple[str, str, bytes]] = []
    for stream in ("call", "shift", "queue", "fault"):
        rows += store.client.query(f"SELECT type, toString(event_id), payload FROM {stream}").result_rows
    return sorted(rows)
