"""All benchmarks, each in a process of its own, one after the other: ``make bench``, or ``make bench BENCH="decode facts"``.

Each prints rates with a limit measured in the same run. Absolute figures say little on a shared machine, ratios more.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = (
    "simulator",
    "decode",
    "ledger_load",
    "table",
    "queue_log",
    "follow",
    "facts",
    "reports",
    "quality",
    "kafka_produce",
    "http_ingest",
    "kafka_sink",
    "two_sinks",
    "freshness",
    "gateway",
    "reading",
    "backup",
)


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; 1 when one of them failed."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
        return 2
    failed = []
    for name in names or NAMES:
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], cwd=Path(__file__).parents[2], check=False)
        failed += [name] * bool(done.returncode)
    print(f"\nfailed: {', '.join(failed)}" if failed else "")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
