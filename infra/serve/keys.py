"""API keys: each of one tenant and one source, shown once, kept as a hash, revoked with immediate effect."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from opsledger.domain.clock import Clock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.domain.fields import MAX_NAME_BYTES
from opsledger.ingest.http.judging import Owner

FILE = "keys.sqlite"
_PREFIX = "olk"
_ID_BYTES, _SECRET_BYTES = 6, 32
_KEY = re.compile(rf"{_PREFIX}_([0-9a-f]{{{2 * _ID_BYTES}}})_([A-Za-z0-9_-]{{43}})", re.ASCII)
_BUSY_S = 5.0
_TABLE = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY, hash BLOB NOT NULL, tenant TEXT NOT NULL, source TEXT NOT NULL,
    note TEXT NOT NULL, created TEXT NOT NULL, revoked TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID
"""
_NOBODY = bytes(32)


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
        self._file, self._clock = file, clock
        with _told(file):
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
            file.chmod(0o600)
            self._lock = Lock()
            self._store = sqlite3.connect(file, timeout=_BUSY_S, check_same_thread=False)
        with self._opened() as store:
            store.execute(_TABLE)

    def add(self, owner: Owner, note: str = "") -> str:
        """A new key, which cannot be shown again. UserError for a tenant or source that no event could have."""
        for name, value in (("tenant", owner.tenant), ("source", owner.source)):
            if not 1 <= len(value.encode()) <= MAX_NAME_BYTES:
                raise UserError(f"--{name} has to be of 1 to {MAX_NAME_BYTES} bytes")
        id_, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
        row = (id_, _hash(secret), owner.tenant, owner.source, note, _text(self._clock.now()))
        with self._opened() as store:
            store.execute("INSERT INTO keys (id, hash, tenant, source, note, created) VALUES (?, ?, ?, ?, ?, ?)", row)
        return f"{_PREFIX}_{id_}_{secret}"

    def all(self) -> list[Key]:
        """Every key there ever was, oldest first."""
        with self._opened() as store:
            rows = store.execute("SELECT id, tenant, source, note, created, revoked FROM keys ORDER BY created, id").fetchall()
        return [
            Key(id_, Owner(tenant, source), note, datetime.fromisoformat(created), _moment(revoked))
            for id_, tenant, source, note, created, revoked in rows
        ]

    def revoke(self, id_: str) -> None:
        """Make a key worthless from now on. UserError for one that is not there, or is revoked already."""
        with self._opened() as store:
            rows = store.execute("SELECT revoked FROM keys WHERE id = ?", (id_,)).fetchall()
            if not rows:
                raise UserError(f"there is no key '{id_[:40]}'; 'opsledger keys list' shows them")
            if rows[0][0]:
                raise UserError(f"the key {id_} was revoked at {rows[0][0]} already")
            store.execute("UPDATE keys SET revoked = ? WHERE id = ?", (_text(self._clock.now()), id_))

    def owner_of(self, given: str) -> Owner | None:
        """Who a key is of; None for one that is wrong or revoked. Takes the same time for every wrong secret."""
        found = _KEY.fullmatch(given)
        if found is None:
            return None
        with self._opened() as store:
            rows = store.execute("SELECT hash, tenant, source, revoked FROM keys WHERE id = ?", (found[1],)).fetchall()
        hash_, tenant, source, revoked = rows[0] if rows else (_NOBODY, "", "", "never")
        right = secrets.compare_digest(_hash(found[2]), hash_)
        return Owner(tenant, source) if right and not revoked else None

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """One transaction; what it wrote is on disk at its end. What others wrote meanwhile is seen."""
        with _told(self._file), self._lock, self._store:
            yield self._store


def _hash(secret: str) -> bytes:
    """Of 256 random bits a plain hash is enough: there is no list of likely secrets to try."""
    return hashlib.sha256(secret.encode()).digest()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise UserError(f"the keys in {file} cannot be used: {error}", EXIT_ENVIRONMENT) from None
