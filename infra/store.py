"""Opens the ledger: the data directory with the embedded engine, the gateway that holds it, or a server over the network."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import NoReturn, cast
from urllib.parse import urlencode

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from opsledger.domain.clock import Clock, SystemClock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.domain.ports import ArrowTable, Span
from opsledger.infra.data_directory import ENGINE, DataDirectory, Folder
from opsledger.infra.directory_lock import in_use_by_engine, lost_lock
from opsledger.infra.engine.address import options
from opsledger.infra.engine.library import load
from opsledger.infra.engine.opening import opened_engine
from opsledger.infra.gateway.found import PASSWORD_VARIABLE, find
from opsledger.infra.ledger_tables import are_made, check_on_server, make_in_directory, make_on_server
from opsledger.infra.manifest import ManifestGuard, OnLoss
from opsledger.infra.manifest_home import FileHome, TableHome
from opsledger.infra.server import CLUSTER_VARIABLE, SETTINGS, Server, connect, parse_url, reaching, server_of
from opsledger.projections.ledger.cluster import OnCluster, on_cluster
from opsledger.projections.ledger.dead_letters import TableDeadLetters
from opsledger.projections.ledger.engine_errors import damage_told, told_to_user
from opsledger.projections.ledger.imports import TableImportJournal
from opsledger.projections.ledger.local_log import LocalLog
from opsledger.projections.ledger.lookup import TableLedger
from opsledger.projections.ledger.manifest import LedgerFinding
from opsledger.projections.ledger.manifest_keeper import ManifestKeeper
from opsledger.projections.ledger.sql import sql

_ALLOCATOR = ("JE_MALLOC_CONF", "dirty_decay_ms:500,muzzy_decay_ms:0")
"""Have the engine give memory back within half a second instead of ten: an import's peak is 100 MB lower."""


class Store:
    """An open ledger. Close it, or use it in a ``with``. A data directory of our own can be opened by nobody else before.

    ``server`` is where it is when it is reached over the network, None for the embedded engine. ``updates_facts`` says
    whether this process keeps the facts equal to the ledger: embedded it does; over the network one sink says so of itself.
    """

    def __init__(
        self,
        directory: Folder,
        client: Client,
        clock: Clock,
        *,
        read_only: bool,
        manifest: ManifestKeeper,
        findings: Sequence[LedgerFinding] = (),
        server: Server | None = None,
    ) -> None:
        self.directory = directory
        self.client = client
        self.clock = clock
        self.read_only = read_only
        self.manifest = manifest
        self.findings = tuple(findings)
        """How the ledger differed from its manifest when it was opened."""
        self.server = server
        self.resources = ExitStack()
        """What was opened for the store and is closed with it."""
        self.updates_facts = server is None
        self.log = LocalLog(client, clock, manifest) if server is None else ReadLog(client, clock, self.place)
        self._asked = "asked_events" if server is None else f"asked_events_{token_hex(4)}"
        self.ledger = TableLedger(client, self._asked) if server is None else _Asking(client, self._asked)
        self.dead_letters = TableDeadLetters(client)
        self.imports = TableImportJournal(client)

    @property
    def path(self) -> Path:
        """The data directory."""
        return self.directory.root

    @property
    def place(self) -> str:
        """Where the ledger is, as the user is told."""
        return self.server.shown if self.server else str(self.directory.root)

    @property
    def remote(self) -> bool:
        """Whether other processes may be at work on the same ledger."""
        return self.server is not None

    def close(self) -> None:
        """Close the engine, or the connections, and let the directory go. Harmless when done twice."""
        try:
            self.resources.close()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        if isinstance(self.ledger, _Asking):
            self.ledger.close()
        self.client.close()
        _release(self.directory)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class ReadLog(LocalLog):
    """The local log's reading half, for a ledger that is reached over the network: a local log has one writer."""

    def __init__(self, client: Client, clock: Clock, place: str) -> None:
        super().__init__(client, clock)
        self._place = place

    def append(self, events: Mapping[str, ArrowTable], *, backfill: bool = False) -> Sequence[Span]:
        """UserError, see ``refuse``."""
        self.refuse()

    def refuse(self) -> NoReturn:
        """UserError: what has no other log than the tables is written by the process alone that holds them."""
        raise UserError(
            f"the ledger {self._place} is reached over the network, and a local log has one writer; stop the gateway and run "
            "the command on its data directory, or put the log on Kafka (OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS), from where "
            "`opsledger sink` brings it into the ledger",
            EXIT_ENVIRONMENT,
        )


class _Asking(TableLedger):
    """The ledger over the network, asked by way of a table of this process's own, which is made when it is needed."""

    def __init__(self, client: Client, asked: str) -> None:
        super().__init__(client, asked)
        self._own, self._table, self._made = client, asked, False

    def stored(self, asked: ArrowTable) -> pa.Table:
        """Which asked events are stored; see ``domain.ports.Ledger``."""
        if not self._made:
            self._own.command(sql("asked_events").replace("asked_events", self._table))
            self._made = True
        return super().stored(asked)

    def close(self) -> None:
        """Drop the table; a server that is away has lost it anyway, or keeps an empty one."""
        if self._made:
            self._made = False
            with suppress(ClickHouseError, HTTPError):
                self._own.command(f"DROP TABLE IF EXISTS `{self._table}`")


def open_store(
    data_dir: Path | str,
    *,
    read_only: bool = False,
    clock: Clock | None = None,
    command: str = "opsledger",
    memory_bytes: int | None = None,
    writes: bool = False,
    on_loss: OnLoss = OnLoss.REFUSE,
) -> Store:
    """Open the ledger: the server that OPSLEDGER_CLICKHOUSE_URL names, the gateway that holds the data directory, else
    the directory itself, made (rights 0700) when it is not there, unless ``read_only``.

    ``command`` is what another process is told about who holds the directory. ``memory_bytes`` bounds the embedded engine.
    ``writes``: over the network, make database and tables where they are not there. ``on_loss``: what to do with a ledger that
    holds less than its manifest says. UserError, exit code 4: that; in use by another process, no permission, a full disk; a
    server that is away, refuses the login or lacks the database.
    """
    clock, root = clock or SystemClock(), Path(data_dir).expanduser()
    server = server_of() or _gateway_of(root)
    if server is not None:
        return _open_server(server, root, clock, writes=writes, on_loss=on_loss)
    return open_embedded(root, read_only=read_only, clock=clock, command=command, memory_bytes=memory_bytes, on_loss=on_loss)


def is_at_hand(data_dir: Path | str) -> bool:
    """Whether there is a ledger that ``open_store`` would open, without making one. UserError for an address that is none."""
    root = Path(data_dir).expanduser()
    return server_of() is not None or (root / "layout.json").exists()


def open_embedded(
    root: Path,
    *,
    clock: Clock,
    read_only: bool = False,
    command: str = "opsledger",
    memory_bytes: int | None = None,
    on_loss: OnLoss = OnLoss.REFUSE,
    shown: Path | None = None,
) -> Store:
    """Open a data directory with the embedded engine, whatever the environment says; see ``open_store``.

    ``shown``: where it will stand, for what is said of its manifest.
    """
    directory = DataDirectory(root, clock=clock, command=command, create=not read_only)
    client: Client | None = None
    try:
        with told_to_user(f"opening the data directory {root}"):
            client = opened_engine(root, directory.engine, lambda: _open_engine(directory, memory_bytes))
            home, made = FileHome(root, client), are_made(root)
            guard = ManifestGuard(client, home, clock, str(shown or root), directory.engine, made=made)
            looks_only = read_only or on_loss is OnLoss.TELL
            with damage_told(client):
                guard.check(on_loss)
                if not looks_only and (not made or on_loss is OnLoss.ACCEPT):  # of a table whose loss is accepted, an empty one
                    make_in_directory(root, client)
            manifest = guard.watched() if looks_only else guard.keeper()
    except BaseException:
        if client is not None:
            client.close()
        _release(directory)
        raise
    store = Store(directory, client, clock, read_only=read_only, manifest=manifest, findings=guard.findings)
    store.resources.callback(home.settle)
    return store


def _gateway_of(root: Path) -> Server | None:
    """The gateway that holds a data directory."""
    note = find(root)
    if note is None:
        return None
    password = note.password or os.environ.get(PASSWORD_VARIABLE, "")
    if not password:
        raise UserError(f"the gateway of {root} has its password from the environment; set {PASSWORD_VARIABLE} here, too")
    return replace(parse_url(note.url), password=password, named_by=f"the gateway of {root}, process {note.pid}")


def _open_server(server: Server, root: Path, clock: Clock, *, writes: bool, on_loss: OnLoss) -> Store:
    cluster = os.environ.get(CLUSTER_VARIABLE, "")
    make = f"CREATE DATABASE IF NOT EXISTS `{server.database}`" if writes else ""
    client = connect(server, make_database=on_cluster(make, cluster) if cluster else make)
    if cluster:
        client = cast("Client", OnCluster(client, cluster))
    try:
        with reaching(server):
            if writes:
                make_on_server(client, replicated=bool(cluster))
            else:
                check_on_server(client, server)
            guard = ManifestGuard(client, TableHome(client), clock, server.shown)
            notes = on_loss is OnLoss.ACCEPT or (writes and on_loss is not OnLoss.TELL)
            guard.check(on_loss, makes=notes)
            manifest = guard.keeper() if notes else guard.watched()
    except BaseException:
        client.close()
        raise
    return Store(Folder(root), client, clock, read_only=False, manifest=manifest, findings=guard.findings, server=server)


def engine_address(root: Path, memory_bytes: int | None = None) -> str:
    """What the engine of a data directory is opened by, folder and options: every handle on it has to say the same."""
    return f"{os.path.realpath(root / ENGINE)}?{urlencode(options(memory_bytes))}"


def _release(directory: Folder) -> None:
    """Let a directory go whose engine is closed: what passes goes elsewhere from now on."""
    if directory.temporary and tempfile.tempdir == str(directory.temporary):
        tempfile.tempdir = None
    directory.release()


def _open_engine(directory: DataDirectory, memory_bytes: int | None) -> Client:
    os.environ.setdefault(*_ALLOCATOR)  # read when the engine's library is loaded, at its first opening
    load()
    # Passing files of inserts hold records: they belong into the data directory, not into everybody's /tmp.
    tempfile.tempdir = str(directory.temporary)
    try:
        return clickhouse_connect.get_client(
            interface="chdb",
            path=str(directory.engine),
            chdb_options=options(memory_bytes),
            settings=dict(SETTINGS),
            tz_mode="aware",
        )
    except ClickHouseError:  # what it says then does not tell why
        if in_use_by_engine(directory.engine):
            raise lost_lock(directory.root, directory.engine / "status") from None
        raise
