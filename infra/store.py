"""Opens a data directory: the embedded engine with its tables, the log on it, the dead letters."""

from __future__ import annotations

import os
import tempfile
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from opsledger.domain.clock import Clock, SystemClock
from opsledger.infra.data_directory import DataDirectory
from opsledger.projections.ledger.dead_letters import TableDeadLetters
from opsledger.projections.ledger.engine_errors import told_to_user
from opsledger.projections.ledger.imports import TableImportJournal
from opsledger.projections.ledger.local_log import LocalLog
from opsledger.projections.ledger.lookup import TableLedger
from opsledger.projections.ledger.tables import additions, statements

_ENGINE_OPTIONS = {
    "mark_cache_size": 128 * 1024 * 1024,
    "primary_index_cache_size": 128 * 1024 * 1024,
    "background_pool_size": 2,
}
_ALLOCATOR = ("JE_MALLOC_CONF", "dirty_decay_ms:500,muzzy_decay_ms:0")
"""Have the engine give memory back within half a second instead of ten: an import's peak is 100 MB lower."""
_SETTINGS: dict[str, Any] = {
    "session_timezone": "UTC",
    "max_partitions_per_insert_block": 0,
    "max_insert_threads": 1,
}


_PRESENT = "SELECT table, name FROM system.columns WHERE database = currentDatabase()"


class Store:
    """An open data directory. Close it, or use it in a ``with``; nobody else can open it before."""

    def __init__(self, directory: DataDirectory, client: Client, clock: Clock, *, read_only: bool) -> None:
        self.directory = directory
        self.client = client
        self.clock = clock
        self.read_only = read_only
        self.log = LocalLog(client, clock)
        self.ledger = TableLedger(client)
        self.dead_letters = TableDeadLetters(client)
        self.imports = TableImportJournal(client)

    @property
    def path(self) -> Path:
        """The data directory."""
        return self.directory.root

    def close(self) -> None:
        """Close the engine and let the directory go. Harmless when done twice."""
        self.client.close()
        if tempfile.tempdir == str(self.directory.temporary):
            tempfile.tempdir = None
        self.directory.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_store(
    data_dir: Path | str,
    *,
    read_only: bool = False,
    clock: Clock | None = None,
    command: str = "opsledger",
    memory_bytes: int | None = None,
) -> Store:
    """Open a data directory, made (rights 0700) when it is not there, unless ``read_only``.

    ``command`` is what another process is told about who holds it. ``memory_bytes`` bounds the engine. UserError,
    exit code 4: in use by another process, no permission, a read-only or full disk. One directory at a time.
    """
    clock = clock or SystemClock()
    root = Path(data_dir).expanduser()
    directory = DataDirectory(root, clock=clock, command=command, create=not read_only)
    try:
        with told_to_user(f"opening the data directory {root}"):
            client = _open_engine(directory, memory_bytes)
            if not read_only:
                _make_tables(directory, client)
    except BaseException:
        directory.release()
        raise
    return Store(directory, client, clock, read_only=read_only)


def _open_engine(directory: DataDirectory, memory_bytes: int | None) -> Client:
    os.environ.setdefault(*_ALLOCATOR)  # read when the engine's library is loaded, at its first opening
    # Passing files of inserts hold records: they belong into the data directory, not into everybody's /tmp.
    tempfile.tempdir = str(directory.temporary)
    options = _ENGINE_OPTIONS | ({"max_server_memory_usage": memory_bytes} if memory_bytes else {})
    directory.engine.mkdir(mode=0o700, exist_ok=True)
    return clickhouse_connect.get_client(
        interface="chdb", path=str(directory.engine), chdb_options=options, settings=_SETTINGS, tz_mode="aware"
    )


def _make_tables(directory: DataDirectory, client: Client) -> None:
    """Run the statements, unless these very ones were run here before: opening is part of every command's time."""
    done, wanted = directory.root / "tables.sha256", sha256("\n".join(statements()).encode()).hexdigest()
    if done.exists() and done.read_text() == wanted:
        return
    present: dict[str, set[str]] = {}
    for table, column in client.query(_PRESENT).result_rows:
        present.setdefault(str(table), set()).add(str(column))
    for statement in (*additions(present), *statements()):
        client.command(statement)
    done.write_text(wanted)
