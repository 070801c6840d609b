"""What the tests of backups share: a small ledger with all that a data directory may hold, its reports, and its backups."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from opsledger.domain.clock import Clock, FixedClock, SystemClock
from opsledger.infra.backup.restoring import Restored, restore_backup
from opsledger.infra.backup.writing import Backup, write_backup
from opsledger.infra.decisions import open_decisions
from opsledger.infra.facts import fact_tables
from opsledger.infra.schedule_journal import Journal
from opsledger.infra.serve.keys import FILE, Keys
from opsledger.infra.store import Store, open_store
from tests.desk_samples import NOW, at, complaint, given, ruling, signing, without_kpi
from tests.e2e.conftest import Cli
from tests.http_server import OWNER
from tests.ledger_samples import calls, chunks, importer, spec
from tests.new_ledger import new_ledger

CALLS = 200
KNOWN_AT = datetime(2026, 3, 1, tzinfo=UTC)
_DECIDED = "SELECT toString(event_id) FROM contract UNION ALL SELECT toString(event_id) FROM complaint WHERE actor != ''"


def filled(folder: Path) -> str:
    """Make a ledger with calls, a dead letter, complaints, decisions, a key, a schedule's journal, a place of a followed file.

    Returns the key.
    """
    with open_store(new_ledger(folder), clock=FixedClock(NOW)) as store:
        importer(store).run(chunks([*calls(CALLS), b"broken"]), spec())
        given(store, [complaint("p1"), complaint("p2")], signing(terms=without_kpi()), ruling("p1", at("01-12")))
        fact_tables(store).update()
    journal = Journal(folder)
    journal.since("monday", NOW)
    journal.close()
    (folder / "follow").mkdir(mode=0o700)
    (folder / "follow" / "0123456789abcdef.json").write_text('{"about":"a file"}\n')
    return Keys(folder / FILE, FixedClock(NOW)).add(OWNER)


def backed_up(data: Path, to: Path, clock: Clock | None = None, *, wait_s: float = 0) -> Backup:
    """Write a backup."""
    return write_backup(data, to, clock or SystemClock(), patience_s=wait_s, elsewhere=False, say=lambda _text: None)


def restored(given_: Path, data: Path) -> Restored:
    """Restore one."""
    return restore_backup(given_, data, SystemClock(), lambda *_: None)


def reports(data: Path, folder: Path, names: Collection[str] = ()) -> dict[str, bytes]:
    """Some reports of a ledger as it was known when it was made, in each kind of file; all, or those that are named."""
    folder.mkdir()
    cli, known = Cli(data), ("--as-known-at", KNOWN_AT.isoformat(), "--tenant", "t1")
    asked = {
        "calls.csv": ("traffic", "--day", "2026-01-05"),
        "calls.html": ("traffic", "--day", "2026-01-05"),
        "calls.pdf": ("traffic", "--day", "2026-01-05"),
        "complaints.csv": ("complaint_handling", "--month", "2026-01"),
        "statement.csv": ("vendor_statement", "--month", "2026-01"),
    }
    chosen = names or asked
    with cli.held():
        for name, words in ((name, asked[name]) for name in chosen):
            cli.ok("report", "run", *words, *known, "--format", name.rpartition(".")[2], "--out", folder / name)
    return {name: (folder / name).read_bytes() for name in chosen}


def offsets(store: Store, table: str = "call") -> dict[int, list[int]]:
    """Partition → the offsets that a ledger has of a stream, each as often as it has it."""
    found: dict[int, list[int]] = {}
    for partition, offset in store.client.query(f"SELECT partition, offset FROM `{table}` ORDER BY 1, 2").result_rows:
        found.setdefault(partition, []).append(offset)
    return found


def is_prefix(found: Sequence[int]) -> bool:
    """Whether offsets are those of a log's beginning, each once."""
    return list(found) == list(range(len(found)))


def undecided(store: Store) -> set[str]:
    """Decisions that a ledger has and the store of decisions has not."""
    with open_decisions(store) as app:
        made = {str(event.event_id) for _, event in app.outbox(0, 10_000)}
    return {str(row[0]) for row in store.client.query(_DECIDED).result_rows} - made


def flip(file: Path) -> None:
    """Change a bit of a file in its middle, without changing what is linked to it."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o600)
    file.unlink()
    file.write_bytes(bytes(content))
