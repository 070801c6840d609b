"""Import of a queue_log: lines a second to events and into the ledger, beside splitting the same lines as the limit."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path

from opsledger.domain.clock import SystemClock
from opsledger.infra.ingesting import Ask, importer_of, reader_for
from opsledger.infra.store import open_store
from opsledger.ingest.adapters.queue_log import QueueLog
from opsledger.ingest.border.judge import Border
from opsledger.ingest.inputs import open_input
from tests.queue_logs import OPTIONS, generated

CALLS = 150_000


def made(path: Path, calls: int) -> int:
    """A log of so many calls; returns its lines."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for line in generated(calls):
            file.write(line + "\n")
            count += 1
    return count


def split(path: Path) -> float:
    """The limit: seconds to read the lines and part their fields, and nothing else."""
    begun = time.perf_counter()
    with path.open(encoding="utf-8") as file:
        for line in file:
            line.rstrip("\n").split("|")
    return time.perf_counter() - begun


def adapted(path: Path) -> tuple[int, float, float]:
    """(events, seconds of the clock, seconds of processor time) of lines to tables, none kept."""
    clock, cpu = time.perf_counter(), time.process_time()
    with open_input(path) as source:
        chunks = QueueLog(Border(SystemClock()), OPTIONS).chunks(source)
        events = sum(table.num_rows for chunk in chunks for table in chunk.events.values())
    return events, time.perf_counter() - clock, time.process_time() - cpu


def imported(path: Path, data: Path) -> tuple[int, float]:
    """(accepted lines, seconds) of a whole import into a new ledger, without the facts."""
    ask = Ask("queue_log", tenant=OPTIONS.tenant, source=OPTIONS.source)
    with open_store(data) as store, open_input(path) as source:
        reader = reader_for(ask, path.name, store.clock)
        result = importer_of(store).run(reader.adapter.chunks(source), reader.spec)
    return result.tally.accepted, result.seconds


def run(calls: int = CALLS) -> list[str]:
    """The lines of the report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "queue_log"
        lines = made(path, calls)
        limit = split(path)
        events, seconds, cpu = adapted(path)
        accepted, whole = imported(path, Path(folder) / "data")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        f"queue_log: {lines:,} lines of {calls:,} calls, {events / lines:.2f} events a line, {os.cpu_count()} cores",
        f"  fields parted, nothing else {lines / limit:>12,.0f} lines/s",
        f"  lines to tables of events   {lines / seconds:>12,.0f} lines/s   ({lines / cpu:,.0f} a CPU second)",
        f"  imported into a new ledger  {accepted / whole:>12,.0f} lines/s   (goal 50,000; {events / whole:,.0f} events/s)",
        f"  peak memory                 {peak:>12,.0f} MiB",
    ]


if __name__ == "__main__":
    print("\n".join(run()))
