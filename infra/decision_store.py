"""Where decisions are kept: an SQLite file in the data directory, or the PostgreSQL that OPSLEDGER_DECISIONS_URL names."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from eventsourcing.persistence import MapperDeserialisationError, PersistenceError

from opsledger.domain.decisions.application import Decisions
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.data_directory import Folder
from opsledger.infra.private import private_file
from opsledger.projections.ledger.engine_errors import told_to_user

VARIABLE = "OPSLEDGER_DECISIONS_URL"
"""``postgresql://user:password@host:port/database``; TLS by libpq's own variables (PGSSLMODE, PGSSLROOTCERT)."""
POSTGRES = "eventsourcing.postgres"
CONNECT_S = 5
_LOCK_S = 10
_SQLITE = b"SQLite format 3\0"
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_FORM = f"{VARIABLE} has to be postgresql://user:password@host:port/database"


@dataclass(frozen=True, slots=True)
class Keeping:
    """A store of decisions. ``environment`` is what the library is told, password and all: it is never shown."""

    shown: str
    environment: Mapping[str, str] = field(repr=False)

    @property
    def password(self) -> str:
        """What must not stand in any message."""
        return self.environment.get("POSTGRES_PASSWORD", "")


def keeping(directory: Folder, environ: Mapping[str, str] = os.environ) -> Keeping:
    """Where the decisions of a data directory are. UserError for an address that is none."""
    url = environ.get(VARIABLE, "")
    if url:
        return _postgres(url)
    file = str(directory.decisions)
    return Keeping(file, {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": file})


def _postgres(url: str) -> Keeping:
    try:
        parts = urlsplit(url)
        host, port, user = parts.hostname, parts.port or 5432, unquote(parts.username or "")
        password, database = unquote(parts.password or ""), unquote(parts.path.removeprefix("/"))
    except ValueError:
        raise UserError(_FORM) from None  # the library's own words hold parts of the address
    if parts.scheme not in ("postgresql", "postgres") or not (host and user and database) or parts.query or parts.fragment:
        raise UserError(f"{_FORM}, without anything after it")
    return Keeping(
        f"postgresql://{host}:{port}/{database}",
        {
            "PERSISTENCE_MODULE": POSTGRES,
            "POSTGRES_DBNAME": database,
            "POSTGRES_HOST": host,
            "POSTGRES_PORT": str(port),
            "POSTGRES_USER": user,
            "POSTGRES_PASSWORD": password,
            "POSTGRES_CONNECT_TIMEOUT": "2",
            "POSTGRES_LOCK_TIMEOUT": str(_LOCK_S),
            "POSTGRES_PRE_PING": "y",
        },
    )


@contextmanager
def opened_decisions(directory: Folder, environ: Mapping[str, str] = os.environ) -> Iterator[Decisions]:
    """The decisions of a data directory, which is made for them where they are kept in it.

    UserError, exit code 4, where they cannot be opened, read or written; the password is in none of its words.
    """
    kept = keeping(directory, environ)
    with telling(kept):
        if kept.environment["PERSISTENCE_MODULE"] == POSTGRES:
            with _door(kept):
                app = Decisions(env=dict(kept.environment))
        else:
            directory.made()
            with told_to_user(f"opening {directory.decisions}"):
                private_file(directory.decisions)
                _check_whole(directory.decisions)
            app = Decisions(env=dict(kept.environment))
        try:
            yield app
        finally:
            app.close()


@contextmanager
def telling(kept: Keeping) -> Iterator[None]:
    """What goes wrong with a store of decisions becomes a UserError, exit code 4, without the password."""
    try:
        yield
    except MapperDeserialisationError as error:
        raise damaged(kept.shown, f"a decision cannot be read ({' '.join(str(error).split())[:160]})") from None
    except (PersistenceError, sqlite3.Error) as error:
        cause = error if isinstance(error, sqlite3.Error) else error.__cause__
        if isinstance(cause, sqlite3.DatabaseError) and cause.sqlite_errorname in _DAMAGED:
            raise damaged(kept.shown, str(cause)) from None
        raise _unusable(kept, error) from None


def count_decisions(app: Decisions) -> int:
    """How many events the store has. In an SQLite file they are numbered without gaps; PostgreSQL is not asked."""
    file = app.env.get("SQLITE_DBNAME")
    if not file:
        return app.recorder.max_notification_id() or 0
    with closing(sqlite3.connect(file)) as opened:
        return int(opened.execute("SELECT count(*) FROM stored_events").fetchone()[0])


def close_gaps(app: Decisions) -> None:
    """Number the events of an SQLite file anew, in their order, so that what was deleted is not missed again."""
    if file := app.env.get("SQLITE_DBNAME"):
        with closing(sqlite3.connect(file)) as opened:
            numbers = [number for (number,) in opened.execute("SELECT rowid FROM stored_events ORDER BY rowid")]
            moved = [(new, old) for new, old in enumerate(numbers, 1) if new != old]
            opened.executemany("UPDATE stored_events SET rowid = ? WHERE rowid = ?", moved)
            opened.commit()


def damaged(shown: str, what: str) -> UserError:
    """A store of decisions that is there and cannot be read."""
    return UserError(
        f"the store of decisions {shown} is damaged: {what}; restore it from a backup. What was relayed from it is in the "
        "log, and reports go on without it",
        EXIT_ENVIRONMENT,
    )


def _check_whole(file: Path) -> None:
    """UserError where an SQLite file is none, or shorter than it says of itself. An empty one is whole: it is about to be made.

    The library would tell of the one by chance, when it comes to what is missing, and of the other as of a defect.
    """
    with file.open("rb") as opened:
        head = opened.read(100)
    if head and not head.startswith(_SQLITE):
        raise damaged(str(file), "it is not an SQLite database")
    if len(head) < 100 or head[24:28] != head[92:96]:  # the number of pages does not hold then
        if head and len(head) < 100:
            raise damaged(str(file), "it is cut short")
        return
    page_bytes, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    wanted, found = pages * (65_536 if page_bytes == 1 else page_bytes), file.stat().st_size
    if found < wanted:
        raise damaged(str(file), f"it is cut short, {found:,} bytes of {wanted:,}")


@contextmanager
def _door(kept: Keeping) -> Iterator[None]:
    """Log in once, and have others wait while the tables are made or looked at: two at once stand in each other's way.

    The library's pool alone would try for a minute, and say only that it took too long.
    """
    try:
        import psycopg  # noqa: PLC0415  only who keeps decisions there needs it
    except ImportError:
        raise UserError(
            f"{VARIABLE} names a PostgreSQL, and its client is missing: pip install 'opsledger[postgres]'"
        ) from None
    said = kept.environment
    try:
        connection = psycopg.connect(
            host=said["POSTGRES_HOST"],
            port=said["POSTGRES_PORT"],
            user=said["POSTGRES_USER"],
            password=said["POSTGRES_PASSWORD"],
            dbname=said["POSTGRES_DBNAME"],
            connect_timeout=CONNECT_S,
            autocommit=True,
        )
        with connection:
            connection.execute("SELECT set_config('lock_timeout', %s, false)", [f"{_LOCK_S}s"])
            connection.execute("SELECT pg_advisory_lock(hashtextextended('opsledger decisions', 0))")
            yield
    except psycopg.Error as error:
        raise _unusable(kept, error) from None


def _unusable(kept: Keeping, error: Exception) -> UserError:
    text = " ".join(str(error).split()) or type(error).__name__
    if kept.password:
        text = text.replace(kept.password, "…")
    return UserError(f"the store of decisions {kept.shown} cannot be used: {text}; see {VARIABLE}", EXIT_ENVIRONMENT)
