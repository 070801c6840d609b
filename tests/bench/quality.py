"""Time of the data quality report in the engine over a full ledger, the only report that reads the events themselves.

Run: ``python -m tests.bench.quality [call events]``; the limit beside is one count of the events.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.domain.clock import FixedClock
from opsledger.infra.facts import fact_tables
from opsledger.infra.store import open_store
from opsledger.projections.metrics.query import utc_text
from tests.bench.fact_filler import DAYS, EVENTS_A_CALL, fill, settle
from tests.bench.ledger_filler import fill_ledger
from tests.bench.reports import ENOUGH, EVENTS, GOAL_MS, LARGE_MS, RUNS, time_of

_COUNT = """
SELECT count(), min(recorded_at)
FROM call
WHERE tenant = 'bench' AND occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}
"""


def count_of(client: Any, period: Period) -> float:
    """Median milliseconds of the limit: one look at the call events of a period."""
    bound = {"start": utc_text(period.start), "stop": utc_text(period.stop)}
    return statistics.median(int(client.query(_COUNT, parameters=bound).summary["elapsed_ns"]) / 1e6 for _ in range(RUNS))


def main(events: int = EVENTS) -> None:
    """Fill and time; prints a line a period."""
    goals = LARGE_MS if events >= ENOUGH else GOAL_MS
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(Path(folder) / "data", clock=FixedClock(datetime.now(UTC))) as store,
    ):
        fact_tables(store)
        fill(store.client, events // EVENTS_A_CALL)
        rows = fill_ledger(store.client)
        made = ", ".join(f"{name} {count:,}" for name, count in rows.items())
        print(f"data_quality over a ledger of {DAYS} days ({made}), median of {RUNS}, in the engine")
        settle(store.client)
        for grain in (Grain.DAY, Grain.MONTH):
            print(line_of(store.client, make_period(grain, date(2026, 2, 10), "Asia/Shanghai"), goals[grain]), flush=True)


def line_of(client: Any, period: Period, goal: int) -> str:
    """One line: the report's time and processor time beside the limit's."""
    limit, begun = count_of(client, period), time.process_time()
    ms, queries, _ = time_of(client, "data_quality", period)
    spent = (time.process_time() - begun) / RUNS * 1000
    mark = "✓" if ms <= goal else "✗"
    told = f"{ms:8.0f} ms = {ms / limit:.1f} × the limit of {limit:.0f} ms, processor {spent:.0f} ms"
    return f"  {period.name:<10} {queries:>3} queries {told}   goal {goal} ms {mark}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
