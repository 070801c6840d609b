"""Users of the gateway: each of one role, with a secret shown once, kept as a hash, worthless the moment it is revoked."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from opsledger.domain.clock import Clock
from opsledger.domain.errors import UserError
from opsledger.domain.fields import MAX_NAME_BYTES
from opsledger.infra.gateway.roles import LOCAL_USER, Role, User
from opsledger.infra.secret_file import NOBODY, SecretFile, hash_of, is_right, moment_of, new_secret, text_of

FILE = "gateway-users.sqlite"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", re.ASCII)
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_TABLE = """
CREATE TABLE IF NOT EXISTS users (
    name TEXT PRIMARY KEY, hash BLOB NOT NULL, role TEXT NOT NULL, tenant TEXT NOT NULL, vendor TEXT NOT NULL,
    created TEXT NOT NULL, rotated TEXT NOT NULL DEFAULT '', revoked TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID
"""
_UNBOUND = {
    Role.WRITER: "a writer writes for all tenants",
    Role.AUDITOR: "an auditor proves that nothing was dropped, for all",
}


@dataclass(frozen=True, slots=True)
class KnownUser:
    """What is known of a user; the secret is not. Times are UTC; ``revoked`` is None while the user is let in."""

    user: User
    created: datetime
    rotated: datetime | None
    revoked: datetime | None


@dataclass(frozen=True, slots=True)
class Hashed:
    """A user that is let in, with the SHA-256 of the secret."""

    user: User
    secret_hash: bytes = field(repr=False)


class Users:
    """The users in a small file that only this user can read. Any number of processes may use it at once."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file, self._clock = SecretFile(file, "users", lambda store: store.execute(_TABLE)), clock

    def add(self, name: str, role: Role, tenant: str = "", vendor: str = "") -> str:
        """A new user's secret, which cannot be shown again. A revoked name may be given anew.

        UserError for a name that is taken or cannot be one, and for bounds that the role does not have.
        """
        _check_name(name)
        for option, value in (("tenant", tenant), ("vendor", vendor)):
            _check_bound(role, option, value)
        secret = new_secret()
        row = (name, hash_of(secret), role.value, tenant, vendor, text_of(self._clock.now()))
        with self._file.writing() as store:
            if store.execute("SELECT 1 FROM users WHERE name = ? AND revoked = ''", (name,)).fetchall():
                raise UserError(f"there is a user '{name}' already; 'opsledger gateway users rotate {name}' gives a new secret")
            store.execute(
                "INSERT OR REPLACE INTO users (name, hash, role, tenant, vendor, created) VALUES (?, ?, ?, ?, ?, ?)", row
            )
        return secret

    def all(self) -> list[KnownUser]:
        """Every user there ever was, by name; of a name that was given anew, its last user."""
        statement = "SELECT name, role, tenant, vendor, created, rotated, revoked FROM users ORDER BY name"
        with self._file.reading() as store:
            rows = store.execute(statement).fetchall()
        return [
            KnownUser(User(name, Role(role), *bounds), datetime.fromisoformat(created), moment_of(rotated), moment_of(revoked))
            for name, role, *bounds, created, rotated, revoked in rows
        ]

    def hashed(self) -> list[Hashed]:
        """The users that are let in, for a server that is to know them, too."""
        statement = "SELECT name, role, tenant, vendor, hash FROM users WHERE revoked = '' ORDER BY name"
        with self._file.reading() as store:
            rows = store.execute(statement).fetchall()
        return [Hashed(User(name, Role(role), tenant, vendor), bytes(hash_)) for name, role, tenant, vendor, hash_ in rows]

    def revoke(self, name: str) -> None:
        """Let a user in no more, from now on. UserError for one that is not there, or is revoked already."""
        with self._file.writing() as store:
            _check_good(store, name)
            store.execute("UPDATE users SET revoked = ? WHERE name = ?", (text_of(self._clock.now()), name))

    def rotate(self, name: str) -> str:
        """A user's new secret; the old one is worthless from now on. UserError for who is not there, or is revoked."""
        secret = new_secret()
        row = (hash_of(secret), text_of(self._clock.now()), name)
        with self._file.writing() as store:
            _check_good(store, name)
            store.execute("UPDATE users SET hash = ?, rotated = ? WHERE name = ?", row)
        return secret

    def who(self, name: str, secret: str) -> User | None:
        """Whose name and secret these are; None for nobody's. An unknown name takes as long as a wrong secret."""
        if not (_NAME.fullmatch(name) and _SECRET.fullmatch(secret)):
            return None
        with self._file.reading() as store:
            rows = store.execute("SELECT hash, role, tenant, vendor, revoked FROM users WHERE name = ?", (name,)).fetchall()
        hash_, role, tenant, vendor, revoked = rows[0] if rows else (NOBODY, "", "", "", "never")
        right = is_right(secret, hash_)
        return User(name, Role(role), tenant, vendor) if right and not revoked else None


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{name[:70]!r} cannot be a user's name: a letter or '_' first, then letters, digits, '_', '.' and '-', 64 at most"
        )
    if name == LOCAL_USER:
        raise UserError(f"the user '{name}' is the one that local commands log in as; choose another name")


def _check_bound(role: Role, option: str, value: str) -> None:
    if not value:
        return
    if role in _UNBOUND:
        raise UserError(f"--{option} is for readers only: {_UNBOUND[role]}")
    if any(unicodedata.category(each) in ("Cc", "Cs") for each in value) or len(value.encode()) > MAX_NAME_BYTES:
        raise UserError(f"--{option} has to be of 1 to {MAX_NAME_BYTES} bytes, without control characters")


def _check_good(store: sqlite3.Connection, name: str) -> None:
    rows = store.execute("SELECT revoked FROM users WHERE name = ?", (name,)).fetchall() if _NAME.fullmatch(name) else []
    if not rows:
        raise UserError(f"there is no user {name[:70]!r}; 'opsledger gateway users list' shows them")
    if rows[0][0]:
        raise UserError(
            f"the user {name} was revoked at {rows[0][0]} already; 'opsledger gateway users add' gives the name anew"
        )
