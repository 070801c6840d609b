"""Following a file: lines a second into a new ledger, beside the plain import of the same file in the same run."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from opsledger.infra.following import Following, Target
from opsledger.infra.ingesting import Ask, importer_of, reader_for
from opsledger.infra.store import open_store
from opsledger.ingest.importer import Stores
from opsledger.ingest.inputs import open_input
from tests.bench.queue_log import made
from tests.queue_logs import OPTIONS

CALLS = 60_000
PIECES = 40
"""A file that grows is read in so many turns."""
ASK = Ask("queue_log", tenant=OPTIONS.tenant, source=OPTIONS.source)


def imported(path: Path, data: Path) -> float:
    """Seconds of the plain import."""
    with open_store(data) as store, open_input(path) as source:
        reader = reader_for(ASK, path.name, store.clock)
        begun = time.perf_counter()
        importer_of(store).run(reader.adapter.chunks(source), reader.spec)
        return time.perf_counter() - begun


def followed(whole: Path, data: Path, pieces: int) -> tuple[float, float]:
    """(seconds at work while the file grows by so many pieces, seconds of the start after it)."""
    path = data.with_suffix(".log")
    lines = whole.read_bytes().splitlines(keepends=True)
    step, spent = -(-len(lines) // pieces), 0.0
    with open_store(data) as store:
        target = Target("the bench", Stores(store.log, store.ledger, store.dead_letters, store.imports))
        following = Following([str(path)], ASK, target, data.with_suffix(".state"), store.clock, lambda _text: None)
        for start in range(0, len(lines), step):
            with path.open("ab") as file:
                file.writelines(lines[start : start + step])
            begun = time.perf_counter()
            while following.round():
                pass
            spent += time.perf_counter() - begun
        assert following.followed[0].total.read == len(lines)
        following.close()
        begun = time.perf_counter()
        Following([str(path)], ASK, target, data.with_suffix(".state"), store.clock, lambda _text: None).close()
        return spent, time.perf_counter() - begun


def run(calls: int = CALLS) -> list[str]:
    """The lines of the report."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "queue_log"
        lines = made(whole, calls)
        plain = imported(whole, Path(folder) / "plain")
        told = [f"plain import                 {lines / plain:>10,.0f} lines/s   ({lines:,} lines)"]
        for pieces in (1, PIECES):
            at_work, start = followed(whole, Path(folder) / f"followed{pieces}", pieces)
            share = f"{plain / at_work:.0%} of the plain import; a start after it {start:.2f} s"
            told.append(f"followed, grown in {pieces:>3} pieces {lines / at_work:>10,.0f} lines/s   ({share})")
        return told


if __name__ == "__main__":
    print("\n".join(run()))
