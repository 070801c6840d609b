"""The query log: a line for each request that ran or was refused, in files that turn over; the auditor asks it as a table.

A line is written before the answer's end goes out, by one call of the operating system, so that it outlives the gateway however
that ends. It has no bound values and no statement, which may hold persons' names, only the statement's digest.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock

from opsledger.infra.gateway.engine import Engine, Handle
from opsledger.infra.gateway.errors import ServerError
from opsledger.infra.gateway.judge.places import LOG

FOLDER = "gateway-log"
TABLE = "query_log"
FILE_BYTES = 32 * 1024 * 1024
FILES = 8
LOGINS_A_SECOND = 5
_PIECE = 4 * 1024 * 1024
_MAX_WHY = 300
_CREATE = f"""
CREATE TABLE `{LOG}`.`{TABLE}`
(
    at DateTime64(3, 'UTC'), user LowCardinality(String), role LowCardinality(String), remote LowCardinality(String),
    kind LowCardinality(String), digest String, ms UInt64, read_rows UInt64, written_rows UInt64, result_rows UInt64,
    code Int32, why String, query_id String, file UInt64
)
ENGINE = MergeTree ORDER BY at
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that has ended, or was refused, and ``why``. ``at`` is UTC; ``code`` is an error's, 0 for none."""

    at: str
    user: str
    role: str
    remote: str
    kind: str
    digest: str
    ms: int
    read_rows: int = 0
    written_rows: int = 0
    result_rows: int = 0
    code: int = 0
    why: str = ""
    query_id: str = ""


def digest_of(statement: bytes) -> str:
    """What stands for a statement in the log: of its SHA-256, without blanks around it, the first 32 hexadecimal digits."""
    return sha256(statement.strip()).hexdigest()[:32]


def now_text() -> str:
    """The present moment as ``at`` has it."""
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d}"


def _text(given: str) -> str:
    """What a client has sent as text; question marks for bytes that are none."""
    return given.encode(errors="replace").decode()


def _is_whole(line: bytes) -> bool:
    try:
        told = json.loads(line)
    except ValueError:
        return False
    return isinstance(told, dict) and told.keys() <= set(Entry.__slots__)


class QueryLog:
    """The log of a gateway. Requests write to it from many threads."""

    def __init__(self, root: Path, engine: Engine, *, file_bytes: int = FILE_BYTES, files: int = FILES) -> None:
        self._folder, self._engine = root / FOLDER, engine
        self._file_bytes, self._keep = file_bytes, files
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._lock, self._loading, self._logins = Lock(), Lock(), Lock()
        self._number = max(self._numbers(), default=1)
        self._file = self._opened()
        self._loaded: dict[int, int] = {}
        self._allowance, self._allowed_at = float(LOGINS_A_SECOND), time.monotonic()
        self._untold = Counter[int]()
        with engine.handle() as handle:
            for text in (f"CREATE DATABASE IF NOT EXISTS `{LOG}`", f"DROP TABLE IF EXISTS `{LOG}`.`{TABLE}` SYNC", _CREATE):
                handle.query(text.encode(), "Null", {})

    def write(self, entry: Entry) -> None:
        """Add a line."""
        told = {name: getattr(entry, name) for name in Entry.__slots__} | {
            "why": _text(entry.why[:_MAX_WHY]),
            "user": _text(entry.user[:100]),
            "query_id": _text(entry.query_id[:200]),
        }
        line = json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            if self._file < 0:  # closed; the number may be another file's by now
                return
            os.write(self._file, line)
            if os.fstat(self._file).st_size >= self._file_bytes:
                self._turn_over()

    def login_refused(self, name: str, error: ServerError) -> None:
        """A login has failed. Of very many only some get a line each, so that nobody can fill the log without a login."""
        now = time.monotonic()
        with self._logins:
            self._allowance = min(LOGINS_A_SECOND, self._allowance + (now - self._allowed_at) * LOGINS_A_SECOND)
            self._allowed_at = now
            if self._allowance < 1:
                self._untold[error.code] += 1
                return
            self._allowance -= 1
        self._tell_untold()
        self._login(name, error.code, error.reason)

    def _tell_untold(self) -> None:
        with self._logins:
            untold, self._untold = self._untold, Counter()
        for code, count in untold.items():
            self._login("", code, f"{count:,} failed logins that were not told one by one")

    def _login(self, name: str, code: int, why: str) -> None:
        self.write(Entry(at=now_text(), user=name, role="", remote="", kind="Login", digest="", ms=0, code=code, why=why))

    def load(self) -> None:
        """Bring the table up to the files."""
        self._tell_untold()
        with self._loading, self._engine.handle() as handle:
            there = self._numbers()
            for number in [number for number in self._loaded if number not in there]:
                handle.query(f"DELETE FROM `{LOG}`.`{TABLE}` WHERE file = {number}".encode(), "Null", {})
                del self._loaded[number]
            for number in there:
                self._load(handle, number)

    def _load(self, handle: Handle, number: int) -> None:
        with suppress(FileNotFoundError), self._path(number).open("rb") as file:  # it may have been deleted meanwhile
            file.seek(self._loaded.get(number, 0))
            while piece := file.read(_PIECE):
                whole = piece[: piece.rfind(b"\n") + 1]
                if not whole:
                    return
                # a line that a power cut has left half is no line
                lines = (line[:-1] + b',"file":%d}\n' % number for line in whole.splitlines() if _is_whole(line))
                handle.insert(f"INSERT INTO `{LOG}`.`{TABLE}`".encode(), "JSONEachRow", iter((b"".join(lines),)))
                self._loaded[number] = self._loaded.get(number, 0) + len(whole)
                file.seek(self._loaded[number])

    def close(self) -> None:
        """Let the file go."""
        self._tell_untold()
        with self._lock:
            os.close(self._file)
            self._file = -1

    def _turn_over(self) -> None:
        os.close(self._file)
        self._number += 1
        self._file = self._opened()
        for number in self._numbers()[: -self._keep]:
            self._path(number).unlink(missing_ok=True)

    def _opened(self) -> int:
        path = self._path(self._number)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            os.write(file, b"\n")
        return file

    def _path(self, number: int) -> Path:
        return self._folder / f"queries-{number:08d}.jsonl"

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem.rpartition("-")[2]) for path in self._folder.glob("queries-????????.jsonl"))
