"""Time of every report in the engine, over fact tables made by SQL.

Run: ``python -m tests.bench.reports [call events]``; the limit measured beside is a plain scan of the month's legs.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.infra.facts import fact_tables
from opsledger.infra.report_set import Refused, write_set
from opsledger.infra.store import open_store
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.model import Lang
from opsledger.projections.metrics.query import utc_text
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.run import run_report
from tests.bench.fact_filler import DAYS, EVENTS_A_CALL, fill, settle

EVENTS = 10_000_000
RUNS = 3
SET_FORMATS = ("html", "xlsx", "pdf", "csv", "json")
SET_S = 20
ENOUGH = 30_000_000
"""From so many events on the goals are those for a large ledger."""
GOAL_MS = {Grain.DAY: 50, Grain.WEEK: 300, Grain.MONTH: 300}
LARGE_MS = {Grain.DAY: 100, Grain.WEEK: 500, Grain.MONTH: 500}
_SCAN = """
SELECT count(), sum(wait_ms), sum(talk_ms), uniqExact(queue), uniqExact(agent), uniqExact(outcome)
FROM legs FINAL
WHERE tenant = 'bench' AND entered_at >= {start:DateTime64(6, 'UTC')} AND entered_at < {stop:DateTime64(6, 'UTC')}
"""


class Timed:
    """An engine that adds up the time that its queries took in the engine, by the engine's own account."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.ms = 0.0
        self.queries = 0

    def query(self, query: str, parameters: Mapping[str, Any]) -> Any:
        """Run a query and note its time."""
        answer = self._client.query(query, parameters=parameters)
        self.ms += int(answer.summary["elapsed_ns"]) / 1e6
        self.queries += 1
        return answer


def time_of(client: Any, code: str, period: Period) -> tuple[float, int, int]:
    """Median milliseconds in the engine of a report (all its queries), its queries and its rows."""
    found, rows, queries = [], 0, 0
    for _ in range(RUNS):
        engine = Timed(client)
        rows = len(run_report(Facts(engine, "bench", datetime(2027, 1, 1, tzinfo=UTC)), Request(code, period)).rows)
        found.append(engine.ms)
        queries = engine.queries
    return statistics.median(found), queries, rows


def scan_of(client: Any, period: Period) -> float:
    """Median milliseconds of the limit: one pass over the period's legs that adds up six of their columns."""
    bound = {"start": utc_text(period.start), "stop": utc_text(period.stop)}
    return statistics.median(int(client.query(_SCAN, parameters=bound).summary["elapsed_ns"]) / 1e6 for _ in range(RUNS))


def main(events: int = EVENTS) -> None:
    """Fill and time; prints a line a report."""
    goals = LARGE_MS if events >= ENOUGH else GOAL_MS
    periods = [make_period(grain, date(2026, 2, 10), "Asia/Shanghai") for grain in (Grain.DAY, Grain.MONTH)]
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(Path(folder) / "data", clock=FixedClock(datetime.now(UTC))) as store,
    ):
        fact_tables(store)
        rows = fill(store.client, events // EVENTS_A_CALL)
        settle(store.client)
        made = ", ".join(f"{name} {count:,}" for name, count in rows.items())
        print(f"reports over {events:,} call events in {DAYS} days ({made}), median of {RUNS}, in the engine")
        for period in periods:
            print(f"  limit: one scan of the legs of {period.name}: {scan_of(store.client, period):.0f} ms")
        for report in REPORTS.values():
            for period in periods:
                if period.grain in report.grains:
                    print(_line(store.client, report.code, period, goals[period.grain]), flush=True)
        for langs in (("en",), ("en", "zh")):
            print(_set_line(store.client, periods[-1], langs, Path(folder) / "-".join(langs)), flush=True)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB")


def _line(client: Any, code: str, period: Period, goal: int) -> str:
    try:
        ms, queries, rows = time_of(client, code, period)
    except UserError as error:
        return f"  {code:<24} {period.name:<10} {error}"
    mark = "✓" if ms <= goal else "✗"
    return f"  {code:<24} {period.name:<10} {rows:>7,} rows {queries:>3} queries {ms:8.0f} ms   goal {goal} ms {mark}"


def _set_line(client: Any, period: Period, langs: Sequence[Lang], folder: Path) -> str:
    """The month's whole set with all formats, as `report run --all` makes it."""
    begun, refused = time.perf_counter(), list[Refused]()
    facts = Facts(client, "bench", datetime(2027, 1, 1, tzinfo=UTC))
    made = write_set(facts, [period], langs, SET_FORMATS, folder, lambda *_: None, refused=refused)
    seconds, files = time.perf_counter() - begun, len(made)
    mark, missing = "✓" if seconds <= SET_S else "✗", ", ".join(r.report for r in refused) or "none"
    what = f"the month's set in {' and '.join(langs)}, {', '.join(SET_FORMATS)}"
    return f"  {what}: {files} files, {seconds:.1f} s   goal {SET_S} s {mark} (refused: {missing})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
