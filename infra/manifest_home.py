"""Where a ledger's manifest is kept: a file of the data directory, or a table of the server."""

from __future__ import annotations

import time
from collections.abc import Set
from pathlib import Path
from typing import Any, Protocol

from clickhouse_connect.driver.client import Client

from opsledger.infra import manifest_file
from opsledger.infra.manifest_file import UnreadableError
from opsledger.projections.ledger.engine_errors import told_to_user
from opsledger.projections.ledger.manifest import Extent, Manifest, Place, joined
from opsledger.projections.ledger.manifest_look import LedgerLook
from opsledger.projections.ledger.sql import sql

_MARK: Place = ("", 0)
"""What stands in a server's manifest from the beginning on: it is told from one that is gone."""
MADE, BY_TABLE = "made", "table"
"""So begins on record what is said of a manifest that was made on a server."""
SYNC_S = 5.0
"""At most so long after the last time what is noted in a data directory is synced by a further note."""


def manifest_history(client: Client) -> list[Any]:
    """When a manifest was made and a loss accepted, oldest first: (moment, what, account, host, detail)."""
    return list(client.query(sql("list_manifest_history")).result_rows)


class ManifestHome(Protocol):
    """Where a ledger's manifest is kept."""

    def load(self, look: LedgerLook) -> Manifest | None:
        """What it says; None where there was none. Raises UnreadableError."""
        ...

    def save(self, manifest: Manifest, changed: Set[Place]) -> None:
        """Note these places of it, to the disk."""
        ...

    def replace(self, manifest: Manifest) -> None:
        """Have this one count, whatever was noted before."""
        ...


class TableHome:
    """The table ``manifest`` of a ledger that is reached over the network, which several sinks write to."""

    def __init__(self, client: Client) -> None:
        self._client, self._epoch = client, 0

    def load(self, look: LedgerLook) -> Manifest | None:
        """See ManifestHome."""
        if not look.rows.get("manifest"):
            made = look.rows.get("manifest_history") and manifest_history(self._client)
            if made and any(what == MADE and detail.startswith(BY_TABLE) for _, what, *_, detail in made):
                raise UnreadableError("is gone: the table 'manifest' is empty")
            return None
        rows = self._client.query(sql("list_manifest")).result_rows
        self._epoch = max(int(row[0]) for row in rows)
        return Manifest({(str(t), int(p)): Extent(int(n), int(last), int(nxt)) for _, t, p, n, last, nxt in rows if t})

    def save(self, manifest: Manifest, changed: Set[Place]) -> None:
        """See ManifestHome."""
        self._insert({place: manifest.places[place] for place in changed})

    def replace(self, manifest: Manifest) -> None:
        """See ManifestHome."""
        self._epoch += 1
        self._insert({_MARK: Extent(), **manifest.places})

    def _insert(self, places: dict[Place, Extent]) -> None:
        rows = [[self._epoch, *place, each.rows, each.last, each.next] for place, each in sorted(places.items())]
        self._client.insert("manifest", rows, column_names=["epoch", "topic", "partition", "rows", "last", "next"])


class FileHome:
    """A data directory's ``manifest.json``; and what sinks have noted by way of a gateway, in the table."""

    def __init__(self, root: Path, client: Client) -> None:
        self._file, self._table = root / manifest_file.FILE, TableHome(client)
        self._tabled, self._turn = False, ""
        self._synced, self._owed = time.monotonic(), Manifest()

    def load(self, look: LedgerLook) -> Manifest | None:
        """See ManifestHome."""
        found = manifest_file.load(self._file)
        if found is None:
            if look.rows.get("manifest_history"):
                raise UnreadableError("is gone: the ledger had one")
            return None
        said, self._turn = found
        if not look.rows.get("manifest"):
            return said
        self._tabled = True
        return joined(said, self._table.load(look) or Manifest())

    def save(self, manifest: Manifest, changed: Set[Place]) -> None:
        """See ManifestHome; on the disk within some seconds, or by ``settle``."""
        if self._turn and time.monotonic() - self._synced < SYNC_S:
            manifest_file.note(self._file, manifest, self._turn)
            self._owed = manifest
        else:
            self._sync(manifest)

    def replace(self, manifest: Manifest) -> None:
        """See ManifestHome."""
        if self._tabled:
            self._table.replace(manifest)
        self._sync(manifest)

    def settle(self) -> None:
        """Have on the disk what is noted."""
        if self._owed.places:
            with told_to_user("noting in the manifest what is stored"):
                self._sync(self._owed)

    def _sync(self, manifest: Manifest) -> None:
        self._turn = manifest_file.save(self._file, manifest)
        self._synced, self._owed = time.monotonic(), Manifest()
