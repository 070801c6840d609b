"""The gateway beside the engine in process: what inserts, small questions and long answers cost over HTTP, as ratios.

The limit is the same client on the same data without a process in between.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from opsledger.domain.clock import SystemClock
from opsledger.infra.store import open_embedded
from opsledger.projections.ledger.arrow_insert import insert_whole
from tests.gateways import running

ROWS = 400_000
TIMES = 5
ASKED = 200
_TABLE = (
    "CREATE OR REPLACE TABLE bench (subject String, at DateTime64(6, 'UTC'), queue LowCardinality(String), payload String) "
)
Rates = dict[str, float]


def rows() -> pa.Table:
    """Rows as long as a ledger's: a dictionary, a time, a text of 200 bytes."""
    numbers = range(ROWS)
    return pa.table(
        {
            "subject": pa.array([f"call-{n // 6}" for n in numbers]),
            "at": pa.array([n * 1_000_000 for n in numbers], pa.int64()).cast(pa.timestamp("us", "UTC")),
            "queue": pa.array([f"queue-{n % 20}" for n in numbers]).dictionary_encode(),
            "payload": pa.array([f"{n:0200d}" for n in numbers]),
        }
    )


def measured(client: Client, table: pa.Table) -> Rates:
    """Rows or questions a second, the best of some tries each: others share the machine."""
    client.command(f"{_TABLE} ENGINE = MergeTree ORDER BY (subject, at)")

    def read() -> None:
        with client.raw_stream("SELECT * FROM bench LIMIT 400000", fmt="RowBinary") as stream:
            while stream.read(1 << 20):
                pass

    return {
        "insert, rows/s": ROWS / _best(lambda: insert_whole(client, "bench", table)),
        "long answer, rows/s": ROWS / _best(read),
        "rows as Python objects, rows/s": 100_000 / _best(lambda: client.query("SELECT * FROM bench LIMIT 100000").result_rows),
        "small questions/s": ASKED / _best(lambda: [client.query("SELECT count() FROM bench") for _ in range(ASKED)]),
    }


def _best(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(TIMES):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    """Measure both and print them side by side."""
    table = rows()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        with open_embedded(root, clock=SystemClock()) as store:
            alone = measured(store.client, table)
        with running(root) as gateway:
            over = measured(gateway.client(), table)
    print(f"{'':<32} {'in process':>14} {'gateway':>14} {'ratio':>7}")
    for name, rate in alone.items():
        print(f"{name:<32} {rate:>14,.0f} {over[name]:>14,.0f} {over[name] / rate:>7.2f}")


if __name__ == "__main__":
    main()
