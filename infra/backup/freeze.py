"""The ledger's tables as they stand at a moment: hard links to their parts, made by the engine itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from opsledger.domain.catalogue import STREAMS
from opsledger.infra.engine.library import load
from opsledger.infra.store import engine_address

HISTORY = "manifest_history"
TABLES = (
    HISTORY,
    "manifest",
    "beside_positions",
    "facts_journal",
    "imports",
    "dead_letter_attempts",
    *STREAMS,
    "log_topics",
    "dead_letters",
)
"""The tables of a backup in the order in which they are frozen, one after the other, while others may write.

First what says how far something is in the tables after it: it never says more than they have. Then the events. Then what
is stored before the events that go by it: none of theirs is missing. Facts are left out: they are made of these.
"""
SHADOW = "shadow"
"""Where the engine puts the links."""
_PRESENT = "SELECT name FROM system.tables WHERE database = 'default'"


def freeze(root: Path, name: str) -> None:
    """Freeze the ledger of a data directory whose engine this process has open, into the folder ``name`` below ``SHADOW``.

    It takes some milliseconds, and nothing that is under way waits for it. RuntimeError: what the engine says.
    """
    connection = load().connect(engine_address(root))
    try:
        present = {json.loads(line)[0] for line in _lines(connection, _PRESENT)}
        for table in (table for table in TABLES if table in present):
            connection.query(f"ALTER TABLE `default`.`{table}` FREEZE WITH NAME '{name}'", "Null")
    finally:
        connection.close()


def _lines(connection: Any, text: str) -> list[bytes]:
    found: bytes = connection.query(text, "JSONCompactEachRow").bytes()
    return found.splitlines()
