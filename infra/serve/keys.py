"""API keys: each of one tenant and one source, shown once, kept as a hash, revoked with immediate effect."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from opsledger.domain.clock import Clock
from opsledger.domain.errors import UserError
from opsledger.domain.fields import MAX_NAME_BYTES
from opsledger.infra.secret_file import NOBODY, SecretFile, hash_of, is_right, moment_of, new_secret, text_of
from opsledger.ingest.http.judging import Owner

FILE = "keys.sqlite"
_PREFIX = "olk"
_ID_BYTES = 6
_KEY = re.compile(rf"{_PREFIX}_([0-9a-f]{{{2 * _ID_BYTES}}})_([A-Za-z0-9_-]{{43}})", re.ASCII)
_TABLE = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY, hash BLOB NOT NULL, tenant TEXT NOT NULL, source TEXT NOT NULL,
    note TEXT NOT NULL, created TEXT NOT NULL, revoked TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; the key itself is not. Times are UTC; ``revoked`` is None while it is good."""

    id: str
    owner: Owner
    note: str
    created: datetime
    revoked: datetime | None


class Keys:
    """The keys in a small file that only this user can read. Any number of processes may use it at once."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file, self._clock = SecretFile(file, "keys", _TABLE), clock

    def add(self, owner: Owner, note: str = "") -> str:
        """A new key, which cannot be shown again. UserError for a tenant or source that no event could have."""
        for name, value in (("tenant", owner.tenant), ("source", owner.source)):
            if not 1 <= len(value.encode()) <= MAX_NAME_BYTES:
                raise UserError(f"--{name} has to be of 1 to {MAX_NAME_BYTES} bytes")
        id_, secret = secrets.token_hex(_ID_BYTES), new_secret()
        row = (id_, hash_of(secret), owner.tenant, owner.source, note, text_of(self._clock.now()))
        with self._file.writing() as store:
            store.execute("INSERT INTO keys (id, hash, tenant, source, note, created) VALUES (?, ?, ?, ?, ?, ?)", row)
        return f"{_PREFIX}_{id_}_{secret}"

    def all(self) -> list[Key]:
        """Every key there ever was, oldest first."""
        with self._file.reading() as store:
            rows = store.execute("SELECT id, tenant, source, note, created, revoked FROM keys ORDER BY created, id").fetchall()
        return [
            Key(id_, Owner(tenant, source), note, datetime.fromisoformat(created), moment_of(revoked))
            for id_, tenant, source, note, created, revoked in rows
        ]

    def revoke(self, id_: str) -> None:
        """Make a key worthless from now on. UserError for one that is not there, or is revoked already."""
        with self._file.writing() as store:
            rows = store.execute("SELECT revoked FROM keys WHERE id = ?", (id_,)).fetchall()
            if not rows:
                raise UserError(f"there is no key '{id_[:40]}'; 'opsledger keys list' shows them")
            if rows[0][0]:
                raise UserError(f"the key {id_} was revoked at {rows[0][0]} already")
            store.execute("UPDATE keys SET revoked = ? WHERE id = ?", (text_of(self._clock.now()), id_))

    def owner_of(self, given: str) -> Owner | None:
        """Who a key is of; None for one that is wrong or revoked. Takes the same time for every wrong secret."""
        found = _KEY.fullmatch(given)
        if found is None:
            return None
        with self._file.reading() as store:
            rows = store.execute("SELECT hash, tenant, source, revoked FROM keys WHERE id = ?", (found[1],)).fetchall()
        hash_, tenant, source, revoked = rows[0] if rows else (NOBODY, "", "", "never")
        right = is_right(found[2], hash_)
        return Owner(tenant, source) if right and not revoked else None
