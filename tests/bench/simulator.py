"""The simulator: events a second to a file, beside writing the same bytes plainly as the limit; memory by span."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path

from opsledger.ingest.simulator import Options, write

DAYS, CALLS_PER_DAY = 10, 5_000
_BLOCK = 1 << 20


def simulated(path: Path, options: Options) -> tuple[int, int, float, float]:
    """(events, bytes, seconds of the clock, seconds of processor time)."""
    clock, cpu = time.perf_counter(), time.process_time()
    with path.open("wb") as file:
        counts = write(options, file)
    return counts.lines, counts.bytes, time.perf_counter() - clock, time.process_time() - cpu


def copied(source: Path, target: Path) -> float:
    """The limit: seconds to write the same bytes, which are in memory already."""
    data = source.read_bytes()
    clock = time.perf_counter()
    with target.open("wb") as file:
        for start in range(0, len(data), _BLOCK):
            file.write(data[start : start + _BLOCK])
    return time.perf_counter() - clock


def peak_mib() -> float:
    """The most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(days: int = DAYS, calls_per_day: int = CALLS_PER_DAY) -> list[str]:
    """The lines of the report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        simulated(path, Options(days=max(1, days // 5), calls_per_day=calls_per_day))
        before = peak_mib()
        events, size, seconds, cpu = simulated(path, Options(days=days, calls_per_day=calls_per_day))
        after = peak_mib()
        plain = copied(path, Path(folder) / "copy.jsonl")
    what = f"{days} days of {calls_per_day:,} calls, {events:,} events, {size / events:.0f} bytes each"
    return [
        f"simulator: {what}, {os.cpu_count()} cores",
        f"  written plainly   {events / plain:>12,.0f} events/s   ({size / plain / 1e6:,.0f} MB/s)",
        f"  simulated         {events / seconds:>12,.0f} events/s   ({events / cpu:,.0f} a CPU second)",
        f"  peak memory       {before:>12,.0f} MiB after {max(1, days // 5)} days, {after:,.0f} MiB after {days}",
    ]


if __name__ == "__main__":
    print("\n".join(run()))
