"""What the wall of the readers' views costs: a question on a view beside the same on the fact table, over tables made by SQL.

Run: ``python -m tests.bench.reading [call events]``; the limit measured beside is the question on the table itself.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from opsledger.domain.clock import FixedClock
from opsledger.infra.facts import fact_tables
from opsledger.infra.gateway.audience import SETTING, mark
from opsledger.infra.gateway.engine import Engine
from opsledger.infra.gateway.reading import make_views
from opsledger.infra.gateway.roles import Role, User
from opsledger.infra.gateway.serve import ENGINE_SETTINGS
from opsledger.infra.store import engine_address, open_embedded
from tests.bench.fact_filler import EVENTS_A_CALL, fill, settle

EVENTS = 10_000_000
TIMES = 7
ASKED = """
SELECT queue, count(), avg(wait_ms), quantileExact(0.9)(wait_ms) FROM {table}
WHERE tenant = 'bench' AND {when} GROUP BY queue
"""
PERIODS = {
    "a day": "entered_at >= '2026-02-10' AND entered_at < '2026-02-11'",
    "a month": "entered_at >= '2026-02-01' AND entered_at < '2026-03-01'",
}


def time_of(engine: Engine, user: User, text: str) -> float:
    """Median milliseconds of a question, as the user asks it."""
    with engine.handle({SETTING: mark(user, "bench")}) as handle:
        return statistics.median(handle.query(text.encode(), "Null", {})[1].elapsed_ns / 1e6 for _ in range(TIMES))


def main(events: int = EVENTS) -> None:
    """Fill, make the views, and time both."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_embedded(Path(folder) / "data", clock=FixedClock(datetime.now(UTC))) as store,
    ):
        fact_tables(store)
        rows = fill(store.client, events // EVENTS_A_CALL)
        settle(store.client)
        engine = Engine(engine_address(Path(folder) / "data"), ENGINE_SETTINGS)
        with engine.handle() as handle:
            make_views(handle)
        print(f"legs by queue, {rows['legs']:,} legs, median of {TIMES}, in the engine")
        reader, bound = User("r", Role.READER), User("b", Role.READER, "bench")
        for name, when in PERIODS.items():
            limit = time_of(engine, reader, ASKED.format(table="default.legs FINAL", when=when))
            print(f"  {name:<8} limit: the table itself {limit:6.0f} ms", end="")
            for who, user in (("view, reader", reader), ("view, bound to the tenant", bound)):
                taken = time_of(engine, user, ASKED.format(table="reading.legs", when=when))
                print(f"   {who} {taken:6.0f} ms ({taken / limit:.1f} ×)", end="")
            print(flush=True)
        engine.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
