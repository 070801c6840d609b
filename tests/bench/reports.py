"""Time of every report in the engine, over fact tables made by SQL; run: python -m tests.bench.reports [call events]."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.domain.clock import FixedClock
from opsledger.infra.facts import fact_tables
from opsledger.infra.store import open_store
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.model import Request, Shape
from opsledger.projections.reports.run import run_report

EVENTS = 10_000_000
EVENTS_A_CALL = 6
DAYS = 90
RUNS = 5
GOAL_MS = {Grain.DAY: 50, Grain.MONTH: 200}
_BASE = """
SELECT number AS n, 'bench' AS tenant, ['in-house', 'v1', 'v2'][1 + n % 3] AS vendor, toString(generateUUIDv4(n)) AS call,
    toDateTime64('2026-01-01 00:00:00', 6, 'UTC')
        + toIntervalMicrosecond(intDiv(n * {days:UInt64} * 86400, {calls:UInt64}) * 1000000 + rand(1) % 1000000) AS t,
    rand(2) % 45000 AS wait, 30000 + rand(3) % 400000 AS talk, rand(4) % 10 = 0 AS lost, 'q' || toString(n % 12) AS queue,
    'a' || toString(rand(5) % 300) AS agent
FROM numbers({calls:UInt64})
"""
_CALLS = {
    "tenant": "tenant",
    "vendor": "vendor",
    "call": "call",
    "first_day": "toDate(t)",
    "last_offset": "n",
    "started_at": "t",
    "direction": "'inbound'",
    "channel": "'phone'",
    "hotline": "'h' || toString(n % 4)",
    "offered": "true",
    "first_queue": "queue",
    "first_queued_at": "t",
    "first_agent": "if(lost, '', agent)",
    "answered": "NOT lost",
    "entries": "1",
    "legs": "1",
    "answered_at": "if(lost, NULL, t + toIntervalMillisecond(wait))",
    "ended_at": "t + toIntervalMillisecond(wait + if(lost, 0, talk))",
}
_LEGS = {
    "tenant": "tenant",
    "vendor": "vendor",
    "call": "call",
    "leg": "1",
    "first_day": "toDate(t)",
    "last_offset": "n",
    "queue": "queue",
    "hotline": "'h' || toString(n % 4)",
    "channel": "'phone'",
    "direction": "'inbound'",
    "is_entry": "true",
    "entered_at": "t",
    "queued_at": "t",
    "wait_ms": "wait",
    "rings": "1",
    "customer": "'u' || toString(rand(6) % 100000)",
    "outcome": "if(lost, 'abandoned', 'answered')",
    "answered_at": "if(lost, NULL, t + toIntervalMillisecond(wait))",
    "left_at": "if(lost, t + toIntervalMillisecond(wait), NULL)",
    "agent": "if(lost, '', agent)",
    "ended_at": "if(lost, NULL, t + toIntervalMillisecond(wait + talk))",
    "end_kind": "if(lost, '', 'released')",
    "talk_ms": "if(lost, 0, talk)",
    "wrapped_up": "NOT lost",
    "wrap_up_ms": "if(lost, 0, 20000)",
    "wrap_started_at": "if(lost, NULL, t + toIntervalMillisecond(wait + talk))",
    "wrap_ended_at": "if(lost, NULL, t + toIntervalMillisecond(wait + talk + 20000))",
}


class Timed:
    """An engine that adds up the time that its queries took in the engine, by the engine's own account."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.ms = 0.0

    def query(self, query: str, parameters: Mapping[str, Any]) -> Any:
        """Run a query and note its time."""
        answer = self._client.query(query, parameters=parameters)
        self.ms += int(answer.summary["elapsed_ns"]) / 1e6
        return answer


def fill(client: Any, calls: int) -> None:
    """Calls and legs over ``DAYS`` days, one leg a call, one in ten lost."""
    bound = {"calls": calls, "days": DAYS}
    for table, columns in (("calls", _CALLS), ("legs", _LEGS)):
        select = f"SELECT {', '.join(columns.values())} FROM ({_BASE})"
        client.command(f"INSERT INTO {table} ({', '.join(columns)}) {select}", parameters=bound)
        client.command(f"OPTIMIZE TABLE {table}")


def time_of(client: Any, code: str, period: Period) -> tuple[float, int]:
    """Median milliseconds in the engine of a report (all its queries), and its rows."""
    found, rows = [], 0
    for _ in range(RUNS):
        engine = Timed(client)
        rows = len(run_report(Facts(engine, "bench", datetime(2027, 1, 1, tzinfo=UTC)), Request(code, period)).rows)
        found.append(engine.ms)
    return statistics.median(found), rows


def main(events: int = EVENTS) -> None:
    """Fill and time; prints a line a report."""
    calls = events // EVENTS_A_CALL
    periods = [make_period(grain, date(2026, 2, 10), "Asia/Shanghai") for grain in GOAL_MS]
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(Path(folder) / "data", clock=FixedClock(datetime.now(UTC))) as store,
    ):
        fact_tables(store)
        fill(store.client, calls)
        print(f"reports over {calls:,} calls ({events:,} call events) in {DAYS} days, median of {RUNS}, in the engine")
        for report in REPORTS.values():
            for period in periods:
                if period.grain in report.grains and report.shape is not Shape.LIST:
                    ms, rows = time_of(store.client, report.code, period)
                    print(
                        f"  {report.code:<20} {period.name:<10} {rows:>6,} rows {ms:8.0f} ms   goal {GOAL_MS[period.grain]} ms"
                    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
