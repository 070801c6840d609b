"""What a copied ledger holds, found by opening it: rows, ends, and whether each of its parts is whole."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from opsledger.domain.errors import EXIT_INCOMPLETE, UserError
from opsledger.infra.backup.freeze import TABLES
from opsledger.infra.data_directory import ENGINE
from opsledger.infra.store import Store
from opsledger.projections.ledger.manifest import refusal

_ROWS = "SELECT table, sum(rows) FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table"


@dataclass(frozen=True, slots=True)
class Holding:
    """Rows by table, and next offsets by place in the log (``call/0``)."""

    rows: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)


def holding(store: Store) -> Holding:
    """What an open ledger holds."""
    rows = {str(table): int(count) for table, count in store.client.query(_ROWS).result_rows if table in TABLES}
    ends = {f"{topic}/{partition}": int(end) for (topic, partition), end in store.log.end_offsets().items()}
    return Holding(rows, ends)


def check_tables(store: Store, tables: Iterable[str], what: str) -> None:
    """Have the engine read every part of some tables, and see that it took none away when it was opened.

    UserError, exit code 3, where a part is damaged; ``what`` names the ledger.
    """
    wrong = [f"a part cannot be read ({path.name})" for path in (store.path / ENGINE).glob("store/*/*/detached/*")]
    for table in tables:
        told: bytes = store.client.raw_query(f"CHECK TABLE `{table}`", fmt="JSONCompactEachRow")
        for part, whole, why in map(json.loads, told.splitlines()):
            if not whole:
                wrong.append(f"{table}, part {part}: {' '.join(str(why).split())[:200]}")
    if wrong:
        raise UserError(f"{what} is damaged: {'; '.join(wrong[:5])}", EXIT_INCOMPLETE)


def check_manifest(store: Store, what: str) -> None:
    """UserError, exit code 3, where an open ledger holds less than its manifest says; ``what`` names it."""
    if against := refusal(store.findings):
        raise UserError(f"{what} is not whole:\n  {against}", EXIT_INCOMPLETE)


def count_decisions(file: Path) -> int:
    """How many decisions a copied store holds. UserError, exit code 3, where the file is damaged."""
    try:
        with sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True) as store:
            tables = store.execute("SELECT count(*) FROM sqlite_master WHERE name = 'stored_events'").fetchone()[0]
            return int(store.execute("SELECT coalesce(max(rowid), 0) FROM stored_events").fetchone()[0]) if tables else 0
    except sqlite3.Error as error:
        raise UserError(f"the store of decisions {file} is damaged: {error}", EXIT_INCOMPLETE) from None
