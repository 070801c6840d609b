"""Backups of a ledger: the first, one with nothing new, one with 500 more events; and the restore.

The limit of a backup is to copy the same directory file by file, which says nothing of whether it is whole. A restore makes the
facts anew: its limit is to make them alone.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from opsledger.domain.clock import SystemClock
from opsledger.infra.backup.restoring import restore_backup
from opsledger.infra.backup.writing import Backup, write_backup
from opsledger.infra.cli.main import run
from opsledger.infra.facts import rebuild_facts
from opsledger.infra.store import open_store
from tests.bench.ledger_load import make_file
from tests.ledger_samples import calls, tables

DAYS = 20
Done = TypeVar("Done")


def main() -> None:
    """Print seconds, ratios to the limits and bytes."""
    with tempfile.TemporaryDirectory() as folder:
        root, to = Path(folder) / "data", Path(folder) / "to"
        events = make_file(Path(folder) / "calls.jsonl", DAYS)
        run(["--data", str(root), "ingest", str(Path(folder) / "calls.jsonl"), "--backfill", "--quiet"])
        _, limit = timed(lambda: shutil.copytree(root, Path(folder) / "copy"))
        print(f"{events:,} events; limits: a copy of the directory {limit:.2f} s", end="")
        with open_store(root) as store:
            _, made = timed(lambda: rebuild_facts(store, lambda *_: None))
        print(f", the facts made anew {made:.2f} s")
        show("the first backup", limit, *timed(lambda: backed_up(root, to)))
        show("with nothing new", limit, *timed(lambda: backed_up(root, to)))
        with open_store(root) as store:
            store.log.append(tables(calls(500)))
        show("with 500 more events", limit, *timed(lambda: backed_up(root, to)))
        _, took = timed(lambda: restore_backup(to, Path(folder) / "new", SystemClock(), lambda *_: None))
        print(f"{'restore':<22} {took:6.2f} s   {took / made:5.2f} × the facts")


def backed_up(root: Path, to: Path) -> Backup:
    """One more backup."""
    return write_backup(root, to, SystemClock(), patience_s=0, elsewhere=False, say=lambda _: None)


def show(what: str, limit: float, made: Backup, took: float) -> None:
    """A line."""
    print(f"{what:<22} {took:6.2f} s   {took / limit:5.2f} × the copy   {made.new_bytes:>12,} new of {made.bytes:,} bytes")


def timed(act: Callable[[], Done]) -> tuple[Done, float]:
    """What comes of it, and the seconds it took."""
    begun = time.perf_counter()
    done = act()
    return done, time.perf_counter() - begun


if __name__ == "__main__":
    main()
