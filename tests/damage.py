"""Damage to a data directory that nobody holds, done as disks and people do it: to the engine's own files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from opsledger.domain.clock import FixedClock
from opsledger.infra.facts import view
from opsledger.infra.manifest import OnLoss
from opsledger.infra.store import Store, open_store
from tests.ledger_samples import NOW, calls, tables
from tests.merges import SETTING
from tests.new_ledger import new_ledger

PARTS = 3
ROWS = 40
"""Of each part."""


def opened(data: Path, on_loss: OnLoss = OnLoss.REFUSE) -> Store:
    """The data directory, open."""
    return open_store(data, clock=FixedClock(NOW), on_loss=on_loss)


def ledger_in_parts(folder: Path, parts: int = PARTS) -> Path:
    """A ledger whose table of calls has some parts, each of as many rows, its offsets one after the other."""
    with opened(new_ledger(folder)) as store:
        store.client.command(f"ALTER TABLE call MODIFY SETTING {SETTING} = 1")  # parts stay as they are
        for part in range(parts):
            store.log.append(tables(calls(ROWS, first=part * ROWS)))
    return folder


def ledger_with_facts(folder: Path) -> Path:
    """Likewise, and its facts are made; to be copied."""
    with opened(ledger_in_parts(folder)) as store, view(store, "t1"):
        return folder


def parts(data: Path, table: str = "call") -> list[Path]:
    """The folders of a table's parts, oldest first."""
    with opened(data, OnLoss.TELL) as store:
        asked = "SELECT path FROM system.parts WHERE active AND database = currentDatabase() AND table = {table:String}"
        rows = store.client.query(f"{asked} ORDER BY min_block_number", parameters={"table": table}).result_rows
        return [Path(path) for (path,) in rows]


def without_manifest(data: Path) -> None:
    """As a program from before manifests has left it."""
    with opened(data) as store:
        for table in ("manifest", "manifest_history"):
            store.client.command(f"DROP TABLE `{table}`")
    (data / "manifest.json").unlink()
    (data / "manifest.late").unlink(missing_ok=True)
    (data / "tables.sha256").unlink()


def deleted(part: Path) -> None:
    """Its files are gone."""
    shutil.rmtree(part)


def detached(part: Path) -> None:
    """It lies where the engine puts what it does not read."""
    part.rename(part.parent / "detached" / part.name)


def checksums_emptied(part: Path) -> None:
    """A file of it is empty, as after a power cut: the engine puts it aside when it starts."""
    (part / "checksums.txt").write_bytes(b"")


DAMAGES: dict[str, Callable[[Path], None]] = {
    "deleted": deleted,
    "detached": detached,
    "checksums emptied": checksums_emptied,
}
