"""Import of canonical JSON Lines: events a second into the ledger and peak memory, beside the engine reading the same file.

The limit is the engine alone, reading the file as JSONEachRow into a table with the call ledger's order and granules: it
knows the envelope and the data's fields, judges nothing, looks nothing up, keeps no payload and gives no offsets.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from opsledger.domain.catalogue import columns_of
from opsledger.domain.clock import SystemClock
from opsledger.domain.fields import Kind
from opsledger.infra.store import open_store
from opsledger.ingest.adapters.jsonlines import JsonLines
from opsledger.ingest.border.judge import Border
from opsledger.ingest.importer import Importer, ImportSpec, Stores
from opsledger.ingest.inputs import open_input
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.run import write

DAYS = 60
_ENVELOPE = "tenant LowCardinality(String), subject String, time DateTime64(6, 'UTC'), type LowCardinality(String), id UUID"
_MORE = ", ".join(f"{name} LowCardinality(String)" for name in ("vendor", "source", "actor", "specversion"))
_TYPES = {
    Kind.INT: "Nullable(Int64)",
    Kind.DECIMAL: "Nullable(Decimal(18, 4))",
    Kind.TIME: "Nullable(DateTime64(6, 'UTC'))",
    Kind.BOOL: "Nullable(Bool)",
}


def make_file(path: Path, days: int) -> int:
    """The call events of a simulated centre; returns how many."""
    whole = path.with_suffix(".all")
    with whole.open("wb") as file:
        write(Options(days=days), file)
    count = 0
    with whole.open("rb") as source, path.open("wb") as calls:
        for line in source:
            if b'"type":"call.' in line[:200]:
                calls.write(line)
                count += 1
    whole.unlink()
    return count


def structure() -> str:
    """The columns of the limit's table: the envelope and the data's fields as a named tuple."""
    fields = ", ".join(f"{s.name} {_TYPES.get(s.rule.kind, 'LowCardinality(String)')}" for s in columns_of("call"))
    return f"{_ENVELOPE}, {_MORE}, data Tuple({fields})"


class Watch:
    """Seconds and processor seconds from its making on."""

    def __init__(self) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def read(self, rows: object) -> dict[str, float]:
        """Rows, seconds, processor seconds, and peak megabytes of this process."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        seconds, processor = time.perf_counter() - self._begun[0], time.process_time() - self._begun[1]
        return {"rows": float(str(rows)), "s": seconds, "cpu_s": processor, "peak_mb": peak}


def limit(path: str, folder: str) -> dict[str, float]:
    """The engine alone."""
    with open_store(folder) as store:
        store.client.command(
            f"CREATE TABLE like_call ({structure()}) ENGINE = MergeTree ORDER BY (tenant, subject, time) "
            "SETTINGS index_granularity = 512"
        )
        watch = Watch()
        store.client.command(
            "INSERT INTO like_call SELECT * FROM file({path:String}, JSONEachRow, {structure:String}) "
            "SETTINGS input_format_skip_unknown_fields = 1, date_time_input_format = 'best_effort'",
            parameters={"path": path, "structure": structure()},
        )
        return watch.read(store.client.command("SELECT count() FROM like_call"))


def load(path: str, folder: str) -> dict[str, float]:
    """The product: border, dedup, log, journal."""
    with open_store(folder) as store, open_input(path) as source:
        importer = Importer(Stores(store.log, store.ledger, store.dead_letters, store.imports), SystemClock())
        watch = Watch()
        adapter = JsonLines(Border(SystemClock()))
        result = importer.run(adapter.chunks(source), ImportSpec("demo", "bench", "jsonl", "bench.jsonl"))
        if result.problem or result.tally.dead:
            raise ValueError(f"{result.problem} {result.tally}")
        return watch.read(result.tally.read)


def in_child(what: str, path: Path, folder: Path) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.ledger_load", what, str(path), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def told(name: str, figures: dict[str, float]) -> str:
    """One line of the report."""
    rate, cpu = figures["rows"] / figures["s"], figures["cpu_s"] / figures["rows"] * 1e6
    return f"  {name:28} {rate:>10,.0f} events/s   {cpu:4.1f} µs of processor an event   peak {figures['peak_mb']:,.0f} MB"


def run(days: int = DAYS) -> list[str]:
    """The lines of the report."""
    with tempfile.TemporaryDirectory() as name:
        folder, path, longer = Path(name), Path(name) / "calls.jsonl", Path(name) / "longer.jsonl"
        count, more = make_file(path, days), make_file(longer, days * 4)
        alone = in_child("limit", path, folder / "limit")
        first = in_child("load", path, folder / "ledger")
        again = in_child("load", path, folder / "ledger")
        four = in_child("load", longer, folder / "longer")
    return [
        f"import of canonical JSON Lines: {count:,} call events (goal: 150,000 events/s, peak at most 1,024 MB, flat)",
        told("limit: engine alone", alone),
        told("import", first) + f"   {first['s'] / alone['s']:.1f} × the limit's time",
        told("the same file again", again),
        told(f"{more:,} events", four),
    ]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps({"limit": limit, "load": load}[sys.argv[1]](*sys.argv[2:])))
    else:
        print("\n".join(run()))
