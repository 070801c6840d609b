"""A small file of hashed secrets that only this user can read, and that any number of processes may use at once."""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.private import private_file

NOBODY = bytes(32)
"""No secret's hash: what a secret is compared with where there is nobody, so that it takes the same time."""
_SECRET_BYTES = 32
_BUSY_S = 5.0


class SecretFile:
    """``what`` is in it, for messages; ``shape`` makes its tables where they are not there, or are an earlier version's."""

    def __init__(self, file: Path, what: str, shape: Callable[[sqlite3.Connection], object]) -> None:
        self._file, self._what, self._shape, self._lock = file, what, shape, Lock()
        with self._told():
            self._open()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """For one SELECT: what others have written is seen, in a file that has been put in this one's place, too."""
        with self._told(), self._lock:
            if self._is_another():
                self._store.close()
                self._open()
            yield self._store

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: nobody else writes between its first look and its end, and then it is on disk."""
        with self.reading() as store:
            store.execute("BEGIN IMMEDIATE")
            with store:
                yield store

    def _open(self) -> None:
        private_file(self._file)
        found, address = self._identity(), f"{self._file.absolute().as_uri()}?mode=rw"
        self._store = sqlite3.connect(address, uri=True, timeout=_BUSY_S, check_same_thread=False, isolation_level=None)
        self._shape(self._store)
        self._opened = found  # not before it is known to be good: else the next one looks again

    def _identity(self) -> tuple[int, int]:
        found = os.stat(self._file)  # noqa: PTH116  asked at every request
        return found.st_dev, found.st_ino

    def _is_another(self) -> bool:
        try:
            return self._identity() != self._opened
        except FileNotFoundError:
            return True

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"the {self._what} in {self._file} cannot be used: {error}", EXIT_ENVIRONMENT) from None


def new_secret() -> str:
    """256 random bits in 43 characters."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def hash_of(secret: str) -> bytes:
    """Of 256 random bits a plain hash is enough: there is no list of likely secrets to try."""
    return hashlib.sha256(secret.encode()).digest()


def is_right(secret: str, hash_: bytes) -> bool:
    """Whether a hash is this secret's; it takes the same time wherever they differ."""
    return secrets.compare_digest(hash_of(secret), hash_)


def text_of(at: datetime) -> str:
    """A moment as it is kept: in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def exact_text_of(at: datetime) -> str:
    """A moment as records keep it, whose order counts: in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def moment_of(text: str) -> datetime | None:
    """A moment that was kept; None for ''."""
    return datetime.fromisoformat(text) if text else None
