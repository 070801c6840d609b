"""The journal of scheduled runs: which due time of which schedule was begun, sent, done; so nothing goes out twice.

A run is ``started``; a mail is ``sending`` from just before its content is handed over; then ``done``. What failed for certain
is ``failed`` and will be tried again. A run that a dead process left ``sending`` is ``unsure``: it is not sent again unasked.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.private import private_file

_TABLES = """
CREATE TABLE IF NOT EXISTS schedules (name TEXT PRIMARY KEY, since TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS runs (
    schedule TEXT NOT NULL, due TEXT NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, attempts INTEGER NOT NULL,
    digest TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (schedule, due)
) STRICT;
"""
FINAL = ("done", "skipped", "unsure")
"""States that a run does not leave by itself."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of one due time (UTC) of a schedule."""

    schedule: str
    due: datetime
    state: str
    at: datetime
    attempts: int
    digest: str = ""
    detail: str = ""


class AtWorkError(Exception):
    """Another process is running what is due."""


class Journal:
    """The file ``schedules.sqlite`` of a data directory; every change is on the disk when the call returns."""

    def __init__(self, folder: Path) -> None:
        try:
            private_file(folder / "schedules.sqlite")
            self._base = sqlite3.connect(folder / "schedules.sqlite", isolation_level=None)
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"{folder / 'schedules.sqlite'}: {error}", EXIT_ENVIRONMENT) from error

    def close(self) -> None:
        """Let the file go."""
        self._base.close()

    def setting(self, name: str) -> str | None:
        """A value that was kept."""
        row = self._base.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def keep(self, name: str, value: str) -> None:
        """Keep a value."""
        self._base.execute("INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value))

    def since(self, schedule: str, now: datetime) -> datetime:
        """From when on a schedule is due: from when it was first seen, which is now if it never was."""
        self._base.execute("INSERT INTO schedules VALUES (?, ?) ON CONFLICT DO NOTHING", (schedule, now.isoformat()))
        return _moment(self._base.execute("SELECT since FROM schedules WHERE name = ?", (schedule,)).fetchone()[0])

    def run(self, schedule: str, due: datetime) -> Run | None:
        """What is known of a due time."""
        row = self._base.execute("SELECT * FROM runs WHERE schedule = ? AND due = ?", (schedule, due.isoformat())).fetchone()
        return None if row is None else _run(row)

    def last(self, schedule: str) -> Run | None:
        """The latest due time that is on record."""
        row = self._base.execute("SELECT * FROM runs WHERE schedule = ? ORDER BY due DESC LIMIT 1", (schedule,)).fetchone()
        return None if row is None else _run(row)

    def note(self, schedule: str, due: datetime, state: str, at: datetime, *, digest: str = "", detail: str = "") -> None:
        """Put a run's state on record; ``started`` counts as an attempt."""
        self._base.execute(
            "INSERT INTO runs VALUES (:schedule, :due, :state, :at, :tried, :digest, :detail) ON CONFLICT DO UPDATE SET "
            "state = :state, at = :at, attempts = attempts + :tried, digest = :digest, detail = :detail",
            {
                "schedule": schedule,
                "due": due.isoformat(),
                "state": state,
                "at": at.isoformat(),
                "tried": int(state == "started"),
                "digest": digest,
                "detail": detail,
            },
        )

    def forget(self, schedule: str, due: datetime) -> bool:
        """Take a run off the record, so that it is due again; whether there was one."""
        found = self._base.execute("DELETE FROM runs WHERE schedule = ? AND due = ?", (schedule, due.isoformat()))
        return found.rowcount > 0

    def left_over(self) -> list[Run]:
        """Runs that a process which is gone had begun. To be asked by the holder of the lock alone."""
        rows = self._base.execute("SELECT * FROM runs WHERE state IN ('started', 'sending') ORDER BY due").fetchall()
        return [_run(row) for row in rows]


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the right to run what is due; AtWorkError where another process has it. It ends with the process."""
    file = os.open(folder / "schedules.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AtWorkError from None
        yield
    finally:
        os.close(file)


def _run(row: tuple[str, str, str, str, int, str, str]) -> Run:
    schedule, due, state, at, attempts, digest, detail = row
    return Run(schedule, _moment(due), state, _moment(at), attempts, digest, detail)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
