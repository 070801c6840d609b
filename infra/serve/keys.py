"""API keys: each of one tenant and one source, shown once, kept as a hash; made, changed and ended on record."""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from opsledger.domain.clock import Clock
from opsledger.domain.errors import UserError
from opsledger.domain.fields import MAX_NAME_BYTES
from opsledger.infra.actor import Actor, actor_of
from opsledger.infra.secret_file import NOBODY, SecretFile, exact_text_of, hash_of, is_right, moment_of, new_secret, text_of
from opsledger.infra.serve.key_file import shape
from opsledger.infra.serve.rates import Rate
from opsledger.ingest.http.judging import Owner

FILE = "keys.sqlite"
_PREFIX = "olk"
_ID_BYTES = 6
_KEY = re.compile(rf"{_PREFIX}_([0-9a-f]{{{2 * _ID_BYTES}}})_([A-Za-z0-9_-]{{43}})", re.ASCII)
_COLUMNS = "tenant, source, corrects_others, note, created, revoked, expires, rate, burst, rotated, old_until"

_ASKED = """
SELECT hash, old_hash, revoked, expires, old_until, tenant, source, corrects_others, rate, burst FROM keys WHERE id = ?
"""
_NO_RATE = Rate()


@dataclass(frozen=True, slots=True)
class Terms:
    """What else a key is bound to; at first to nothing. ``expires`` is its first moment of no use."""

    expires: datetime | None = None
    rate: Rate = field(default_factory=Rate)


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; the key itself is not. Times are UTC; ``old_until``: so long the secret before is good, too."""

    id: str
    owner: Owner
    terms: Terms
    note: str
    created: datetime
    revoked: datetime | None = None
    rotated: datetime | None = None
    old_until: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Whether it lets anybody in."""
        return self.revoked is None and (self.terms.expires is None or now < self.terms.expires)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be otherwise; None stays as it is."""

    expires: datetime | Literal["never"] | None = None
    rate: int | None = None
    burst: int | None = None
    corrects_others: bool | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom a key lets in, and how fast."""

    id: str
    owner: Owner
    rate: Rate


@dataclass(frozen=True, slots=True)
class Denied:
    """A key that lets nobody in, and why, which is for the record: who sent it is told no more than that it is not good."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done to a key, by whom."""

    at: datetime
    what: str
    id: str
    by: Actor
    detail: str


class Keys:
    """The keys in a small file that only this user can read. Any number of processes may use it at once.

    What is done to a key is on record together with being done; ``by`` is who does it, by default who runs the process.
    """

    def __init__(self, file: Path, clock: Clock, by: Actor | None = None) -> None:
        self._file, self._clock, self._by = SecretFile(file, "keys", shape), clock, by or actor_of()

    def add(self, owner: Owner, note: str = "", terms: Terms | None = None) -> str:
        """A new key, which cannot be shown again. UserError for a tenant or source that no event could have."""
        for name, value in (("tenant", owner.tenant), ("source", owner.source)):
            if not 1 <= len(value.encode()) <= MAX_NAME_BYTES:
                raise UserError(f"--{name} has to be of 1 to {MAX_NAME_BYTES} bytes")
        terms = terms or Terms()
        id_, secret = secrets.token_hex(_ID_BYTES), new_secret()
        with self._file.writing() as store:
            row = {"id": id_, "hash": hash_of(secret), "tenant": owner.tenant, "source": owner.source, "note": note}
            _insert(store, row | {"created": text_of(self._clock.now())} | _row_of(terms, owner))
            bound = f"tenant {owner.tenant}, source {owner.source}, {_told(_known(store, id_))}"
            self._record(store, "made", id_, bound)
        return f"{_PREFIX}_{id_}_{secret}"

    def all(self) -> list[Key]:
        """Every key there ever was, oldest first."""
        with self._file.reading() as store:
            rows = store.execute(f"SELECT id, {_COLUMNS} FROM keys ORDER BY created, id").fetchall()
        return [_key_of(*row) for row in rows]

    def is_good(self, key: Key) -> bool:
        """Whether a key lets anybody in at present."""
        return key.is_good(self._clock.now())

    def change(self, id_: str, change: Change) -> Key:
        """Bind a key otherwise, from the next request on. UserError for one that is not there, or is revoked."""
        with self._file.writing() as store:
            before = _live(store, id_)
            values: dict[str, Any] = {
                "expires": "" if change.expires == "never" else change.expires and text_of(change.expires),
                "rate": change.rate,
                "burst": change.burst,
                "corrects_others": change.corrects_others,
            }
            _update(store, id_, {name: value for name, value in values.items() if value is not None})
            after = _known(store, id_)
            self._record(store, "changed", id_, f"{_told(after)}; before: {_told(before)}")
        return after

    def rotate(self, id_: str, overlap: timedelta = timedelta()) -> str:
        """A key's new form; the old one is good for as long as ``overlap`` yet, and the one before it ends at once.

        UserError for a key that is not there, is revoked, or has expired.
        """
        secret, now = new_secret(), self._clock.now()
        with self._file.writing() as store:
            if not (known := _live(store, id_)).is_good(now):
                raise UserError(f"the key {id_} expired at {known.terms.expires}; 'opsledger keys change' gives it more time")
            until = text_of(now + overlap)
            store.execute("UPDATE keys SET old_hash = hash WHERE id = ?", (id_,))
            _update(store, id_, {"hash": hash_of(secret), "rotated": text_of(now), "old_until": until})
            self._record(store, "rotated", id_, f"old secret good until {until}" if overlap else "old secret ended")
        return f"{_PREFIX}_{id_}_{secret}"

    def revoke(self, id_: str) -> None:
        """Make a key worthless from now on. UserError for one that is not there, or is revoked already."""
        with self._file.writing() as store:
            _live(store, id_)
            _update(store, id_, {"revoked": text_of(self._clock.now())})
            self._record(store, "revoked", id_, "")

    def history(self) -> list[Entry]:
        """What was done to keys, in its order. It can be added to, and not be changed."""
        with self._file.reading() as store:
            rows = store.execute("SELECT at, what, id, actor, account, host, detail FROM history ORDER BY number").fetchall()
        return [Entry(datetime.fromisoformat(at), what, id_, Actor(*by), detail) for at, what, id_, *by, detail in rows]

    def who(self, given: str) -> Sender | Denied:
        """Whom a key lets in. Takes the same time for every wrong secret."""
        found = _KEY.fullmatch(given)
        if found is None:
            return Denied("", "not a key" if given else "no key")
        id_, secret = found[1], found[2]
        with self._file.reading() as store:
            rows = store.execute(_ASKED, (id_,)).fetchall()
        hash_, old_hash, revoked, expires, old_until, *bound = rows[0] if rows else (NOBODY, b"", "", "", "")
        right, was_right = is_right(secret, hash_), is_right(secret, old_hash or NOBODY)
        if not rows:
            return Denied(id_, "no such key")
        if not (right or was_right):
            return Denied(id_, "wrong secret")
        if revoked:
            return Denied(id_, "revoked")
        if expires and not self._is_before(expires):
            return Denied(id_, "expired")
        if not right and not self._is_before(old_until):
            return Denied(id_, "the secret before it was rotated")
        tenant, source, corrects_others, rate, burst = bound
        return Sender(id_, Owner(tenant, source, bool(corrects_others)), Rate(rate, burst) if rate else _NO_RATE)

    def _is_before(self, moment: str) -> bool:
        """Whether it is before a moment that was kept; texts of one form, which is much cheaper at every request."""
        return text_of(self._clock.now()) < moment

    def _record(self, store: sqlite3.Connection, what: str, id_: str, detail: str) -> None:
        row = (exact_text_of(self._clock.now()), what, id_, self._by.name, self._by.account, self._by.host, detail)
        store.execute("INSERT INTO history (at, what, id, actor, account, host, detail) VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _row_of(terms: Terms, owner: Owner) -> dict[str, Any]:
    return {
        "expires": text_of(terms.expires) if terms.expires else "",
        "rate": terms.rate.a_second,
        "burst": terms.rate.burst,
        "corrects_others": owner.corrects_others,
    }


def _key_of(  # a row, in the order of its columns
    id_: str,
    tenant: str,
    source: str,
    corrects_others: int,
    note: str,
    created: str,
    revoked: str,
    expires: str,
    rate: int,
    burst: int,
    rotated: str,
    old_until: str,
) -> Key:
    owner, terms = Owner(tenant, source, bool(corrects_others)), Terms(moment_of(expires), Rate(rate, burst))
    made = datetime.fromisoformat(created)
    return Key(id_, owner, terms, note, made, moment_of(revoked), moment_of(rotated), moment_of(old_until))


def _insert(store: sqlite3.Connection, row: Mapping[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    store.execute(f"INSERT INTO keys ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def _update(store: sqlite3.Connection, id_: str, row: Mapping[str, Any]) -> None:
    if row:
        store.execute(f"UPDATE keys SET {', '.join(f'{name} = ?' for name in row)} WHERE id = ?", (*row.values(), id_))


def _known(store: sqlite3.Connection, id_: str) -> Key:
    rows = store.execute(f"SELECT id, {_COLUMNS} FROM keys WHERE id = ?", (id_,)).fetchall()
    if not rows:
        raise UserError(f"there is no key '{id_[:40]}'; 'opsledger keys list' shows them")
    return _key_of(*rows[0])


def _live(store: sqlite3.Connection, id_: str) -> Key:
    known = _known(store, id_)
    if known.revoked is not None:
        raise UserError(f"the key {id_} was revoked at {text_of(known.revoked)} already")
    return known


def _told(key: Key) -> str:
    expires = text_of(key.terms.expires) if key.terms.expires else "never"
    rights = "may" if key.owner.corrects_others else "may not"
    return f"expires {expires}, rate {key.terms.rate}, {rights} correct others"
