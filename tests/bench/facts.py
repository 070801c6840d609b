"""Facts of many calls: rebuild beside a plain copy of the ledger, live update; run: python -m tests.bench.facts [events]."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from opsledger.infra.store import Store, open_store
from opsledger.projections.facts.engine import Facts
from opsledger.projections.facts.rebuild import NEXT, drop_beside, fill
from opsledger.projections.facts.schema import create_beside
from opsledger.projections.facts.tables import facts_of
from opsledger.projections.facts.turn import Turn
from opsledger.projections.ledger.tables import create_table

EVENTS = 10_000_000
EVENTS_A_CALL = 6
CALLS_AN_INSERT = 80_000
TOUCHED = 1_000
GOALS = {"calls": 1.5, "legs": 3.0}
_MAKE = (Path(__file__).parent / "facts_calls.sql").read_text(encoding="utf-8")
_TOUCH = """
INSERT INTO call (tenant, subject, occurred_at, type, version, event_id, vendor, source, agent, payload, topic, partition, offset, recorded_at)
SELECT tenant, call, started_at + toIntervalSecond(5), 'call.rung', 1, generateUUIDv4(), vendor, 'sim:bench', 'a9', '{}', 'call', 0,
    {from:UInt64} + rowNumberInAllBlocks(), started_at
FROM calls FINAL
ORDER BY cityHash64(call, {from:UInt64})
LIMIT {count:UInt64}
"""  # noqa: E501  one list of columns


def make_ledger(client: Any, events: int) -> int:
    """Fill the call ledger; returns the number of its events."""
    calls = events // EVENTS_A_CALL
    for first in range(0, calls, CALLS_AN_INSERT):
        count = min(CALLS_AN_INSERT, calls - first)
        client.command(_MAKE, parameters={"calls": calls, "first": first, "count": count})
    return int(client.command("SELECT count() FROM call"))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """(seconds of the clock, seconds of processor time) of some work."""
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - cpu


def copy(client: Any) -> None:
    """The limit: the ledger table's rows into another table like it."""
    client.command("DROP TABLE IF EXISTS ledger_copy")
    client.command(create_table("call").replace("`call`", "ledger_copy", 1))
    client.command("INSERT INTO ledger_copy SELECT * FROM call")


def live(store: Store, facts: Facts) -> tuple[float, float]:
    """The best of a few live updates, each with one new event for each of ``TOUCHED`` calls spread over the month."""
    best = (1e9, 1e9)
    for _ in range(4):
        start = int(store.client.command("SELECT max(offset) + 1 FROM call"))
        store.client.command(_TOUCH, parameters={"from": start, "count": TOUCHED})
        best = min(best, timed(facts.update))
    return best


def peak_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(events: int = EVENTS) -> list[str]:
    """The lines of the report."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "data") as store:
        facts = Facts(store.client, store.clock)
        count = make_ledger(store.client, events)
        lines = [f"facts: {count:,} call events"]
        limit = timed(lambda: copy(store.client))
        store.client.command("DROP TABLE ledger_copy")
        lines.append(told("copy of the ledger table", limit, limit, 0, count))
        ends = {("call", 0): 1 << 62}
        (turn := Turn(store.client)).take()
        create_beside(store.client, "call", NEXT, turn.database)
        for fact in facts_of("call"):
            spent = timed(lambda fact=fact: fill(store.client, fact, ends, f"`{fact.name}{NEXT}`"))  # type: ignore[misc]
            lines.append(told(fact.name, spent, limit, GOALS.get(fact.name, 0), count))
        drop_beside(store.client, ["call"])
        lines.append(f"  peak memory {peak_mb():,.0f} MB")
        facts.ensure()
        facts.update()
        spent = live(store, facts)
        lines.append(f"  live update of {TOUCHED:,} calls: {spent[0]:.2f} s (goal 0.30), processor {spent[1]:.2f} s")
        lines.append(past(facts))
    return lines


def past(facts: Facts) -> str:
    """One figure as known before the last update, with the facts made out of the present; and all facts out of the ledger."""
    entry = facts.last_update()
    moment = (entry.at if entry else datetime.now(UTC)) - timedelta(microseconds=1)

    def asked() -> None:
        with facts.as_known_at(moment) as known:
            known.query("SELECT count(), sum(talk_ms) FROM legs FINAL")

    def anew() -> None:
        with facts.as_known_at(moment) as known:
            known.present = None
            known.make()

    quick, slow = timed(asked), timed(anew)
    return (
        f"  a figure as known before that update: {quick[0]:.2f} s; all facts anew from the ledger: {slow[0] / quick[0]:.1f} ×"
    )


def told(name: str, spent: tuple[float, float], limit: tuple[float, float], goal: float, events: int) -> str:
    """One line of the report."""
    aim = f" (goal {goal})" if goal else ""
    ratios = f"{spent[0] / limit[0]:5.2f} × the copy{aim}, by processor time {spent[1] / limit[1]:.2f}"
    return f"  {name:25} {spent[0]:6.1f} s   {events / spent[0]:>10,.0f} events/s   {ratios}"


if __name__ == "__main__":
    print("\n".join(run(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)))
