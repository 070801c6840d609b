"""A process that is killed while it notes what it stored: ``python -m tests.chaos.manifest_child DATA POINT``.

It opens a ledger and stores some calls. The points:

stored        the rows are on the disk, nothing is noted
noted         it is noted, and not synced
draft         the manifest is being written
draft-synced  it is written, and not in its place
placed        it is in its place
made          a first manifest is in its place, and not on record
recording     a loss is about to be put on record
accepted      it is on record, and the manifest does not say so yet
ahead         it is noted before it is stored: a control of what the order is for
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from opsledger.infra import manifest, manifest_file
from opsledger.infra.manifest import OnLoss
from opsledger.ingest import small_file
from opsledger.projections.ledger import local_log
from tests.damage import ROWS, opened
from tests.ledger_samples import calls, tables

MORE = 25
NEW = 10_000
"""The number of the first call that is stored here."""


def killed(*_: object, **__: object) -> Any:
    """The end."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed_after(act: Callable[..., object]) -> Callable[..., Any]:
    """The same, and then the end."""

    def acted(*args: Any, **more: Any) -> None:
        act(*args, **more)
        killed()

    return acted


def store(data: Path, on_loss: OnLoss = OnLoss.REFUSE) -> None:
    with opened(data, on_loss) as ledger:
        ledger.log.append(tables(calls(MORE, first=NEW)))


def ahead(data: Path) -> None:
    with opened(data) as ledger:
        ledger.manifest.stored(("call", 0), MORE, 3 * ROWS + MORE - 1)
        ledger.manifest.write()
        with patch.object(local_log, "insert_whole", killed):
            ledger.log.append(tables(calls(MORE, first=NEW)))


def main(data: Path, point: str) -> None:
    if point == "ahead":
        ahead(data)  # which does not come back
    saved = manifest_file.save
    points: dict[str, Any] = {
        "stored": patch.object(manifest_file, "note", killed),
        "noted": patch.object(manifest_file, "note", killed_after(manifest_file.note)),
        "draft": patch.object(small_file.os, "fsync", killed),
        "draft-synced": patch.object(Path, "replace", killed),
        "placed": patch.object(manifest_file, "save", killed_after(saved)),
        "made": patch.object(manifest_file, "save", killed_after(saved)),
        "accepted": patch.object(manifest_file, "save", killed),
        "recording": patch.object(manifest.ManifestGuard, "_record", killed),
    }
    with points[point]:
        store(data, OnLoss.ACCEPT if point in ("accepted", "recording") else OnLoss.REFUSE)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
