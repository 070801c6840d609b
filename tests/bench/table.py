"""Mapped tables: rows a second of a generated call table, beside csv.reader over the same file as the limit."""

from __future__ import annotations

import csv
import os
import random
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from opsledger.domain.clock import SystemClock
from opsledger.infra.ingesting import importer_of
from opsledger.infra.store import open_store
from opsledger.ingest.adapters.table import Table
from opsledger.ingest.border.judge import Border
from opsledger.ingest.importer import ImportSpec
from opsledger.ingest.inputs import open_input
from opsledger.ingest.mapping.plan import parse_mapping
from opsledger.ingest.workers import usable_workers

ROWS = 400_000
MAPPING = """
mapping: 1
format: csv
zone: Asia/Shanghai
dates: ['%d/%m/%Y']
tenant: bench
source: csv:bench
id_space: pbx
subject: '{line}-{call_id}'
key: [line, call_id]
missing_in: {agent: ['-'], customer: ['0']}
let:
  started: {date: date, clock: time}
  wait: {duration: wait_s, unit: s}
  spoken: {duration: talk, unit: 'h:mm:ss'}
  over: {start: started, plus: wait}
  ended: {start: over, plus: spoken}
events:
  - type: call.offered
    at: '{started}'
    data: {direction: inbound, channel: phone, hotline: '{hotline}', customer: '{customer}'}
  - {type: call.queued, at: '{started}', data: {queue: '{queue}', priority: '{priority}'}}
  - {type: call.answered, when: outcome == 'ANSWERED', at: '{over}', data: {agent: '{agent}', queue: '{queue}'}}
  - {type: call.released, when: outcome == 'ANSWERED', at: '{ended}', data: {agent: '{agent}'}}
  - {type: call.left_queue, when: outcome != 'ANSWERED', at: '{over}', data: {queue: '{queue}', reason: abandoned}}
  - {type: call.ended, when: outcome == 'ANSWERED', at: '{ended}', data: {by: customer}}
  - {type: call.ended, when: outcome != 'ANSWERED', at: '{over}', data: {by: customer}}
"""
HEADER = ["line", "call_id", "customer", "priority", "queue", "hotline", "date", "time", "wait_s", "outcome", "talk", "agent"]


def write(path: Path, rows: int, seed: int = 1) -> None:
    """A call table of a month, in the order of time."""
    chance = random.Random(seed)
    start, step = datetime(2026, 1, 1), timedelta(days=31) / rows  # noqa: DTZ001  local times, as tables hold them
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for number in range(rows):
            at = start + step * number
            answered, talk = chance.random() < 0.85, chance.randrange(10, 900)
            out.writerow(
                [
                    f"L{chance.randrange(30):02}", number, chance.randrange(0, 900_000), chance.randrange(3),
                    f"queue-{chance.randrange(12)}", f"955{chance.randrange(20):02}",
                    f"{at.day}/{at.month}/{at.year}", f"{at.hour}:{at.minute:02}:{at.second:02}", chance.randrange(0, 180),
                    "ANSWERED" if answered else "LOST", f"0:{talk // 60:02}:{talk % 60:02}" if answered else "",
                    f"agent{chance.randrange(400)}" if answered else "-",
                ]
            )  # fmt: skip


def timed(work: Callable[[], int]) -> tuple[int, float, float]:
    """(what the work gave, seconds of the clock, seconds of processor time of this process)."""
    clock, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - clock, time.process_time() - cpu


def read_csv(path: Path) -> int:
    """The limit: the rows as lists of texts."""
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def read_table(path: Path, workers: int | None) -> int:
    """The adapter alone: rows to Arrow tables of events; nothing is stored."""
    table = Table(parse_mapping(MAPPING), Border(SystemClock()), workers=workers)
    events = 0
    with open_input(path) as source:
        for chunk in table.chunks(source):
            if chunk.dead:
                raise ValueError(chunk.dead[0].detail)
            events += sum(len(t) for t in chunk.events.values())
    return events


def import_table(path: Path, folder: Path) -> int:
    """End to end: rows stored in a fresh data directory."""
    table = Table(parse_mapping(MAPPING), Border(SystemClock()))
    with open_store(folder) as store, open_input(path) as source:
        spec = ImportSpec("bench", "csv:bench", "table", str(path))
        return importer_of(store).run(table.chunks(source), spec).tally.accepted


def run(rows: int = ROWS) -> list[str]:
    """The lines of the report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "calls.csv"
        write(path, rows)
        works: dict[str, Callable[[], int]] = {
            "csv.reader alone (the limit)": lambda: read_csv(path),
            "mapped in one process": lambda: read_table(path, 0),
            f"mapped with {usable_workers()} workers": lambda: read_table(path, None),
            "imported, end to end (goal 50,000)": lambda: import_table(path, folder / "data"),
        }
        found = {title: timed(work) for title, work in works.items()}
    events = found["mapped in one process"][0] / rows
    lines = [f"table: {rows:,} rows, {events:.2f} events a row, {os.cpu_count()} cores"]
    lines += [
        f"  {title:<36} {rows / seconds:>10,.0f} rows/s   {cpu / rows * 1e6:>6.1f} µs of processor time a row in this process"
        for title, (_, seconds, cpu) in found.items()
    ]
    return lines


if __name__ == "__main__":
    print("\n".join(run()))
