"""Keys that were refused, a line each, in two files that turn over; of very many only some, so that nobody can fill the disk.

No part of a key's secret is in it. Several servers may write to the same files.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from opsledger.domain.clock import Clock
from opsledger.infra.secret_file import exact_text_of
from opsledger.infra.serve.keys import Denied
from opsledger.infra.serve.rates import Rate, Rates

FILE = "keys-refused.jsonl"
FILE_BYTES = 4 * 1024 * 1024
"""A file that has so many takes the place of the one before."""
LINES = Rate(a_second=5, burst=5)


@dataclass(frozen=True, slots=True)
class Refused:
    """A line. ``id`` is '' where none was told; ``more`` were refused before it without a line of their own."""

    at: datetime
    id: str
    why: str
    remote: str
    more: int = 0


class Refusals:
    """What one server writes. It never waits, and a disk that is full is nobody's trouble: then a line is only counted."""

    def __init__(
        self, root: Path, clock: Clock, *, now: Callable[[], float] = time.monotonic, file_bytes: int = FILE_BYTES
    ) -> None:
        self._file, self._clock, self._file_bytes = root / FILE, clock, file_bytes
        self._rates, self._lock = Rates(now), Lock()
        self._more = 0

    def write(self, denied: Denied, remote: str) -> None:
        """A key was refused."""
        with self._lock:
            if self._rates.take("", LINES, 1) or not self._written(denied.id, denied.why, remote):
                self._more += 1
            else:
                self._more = 0

    def close(self) -> None:
        """Tell how many had no line."""
        with self._lock:
            if self._more and self._written("", "", ""):
                self._more = 0

    def _written(self, id_: str, why: str, remote: str) -> bool:
        told = {"at": exact_text_of(self._clock.now()), "id": id_, "why": why, "remote": remote[:100], "more": self._more}
        line = json.dumps(told, separators=(",", ":")).encode() + b"\n"
        try:
            return self._appended(line)
        except OSError:
            return False

    def _appended(self, line: bytes) -> bool:
        file = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # another server's turn: BlockingIOError, an OSError
            found = os.fstat(file)
            if found.st_size and os.pread(file, 1, found.st_size - 1) != b"\n":  # a full disk has left half a line
                line = b"\n" + line
            if os.write(file, line) != len(line):
                return False
            if found.st_size + len(line) >= self._file_bytes and os.path.samestat(found, self._file.stat()):
                self._file.replace(_before(self._file))
            return True
        finally:
            os.close(file)


def refused(root: Path) -> Iterator[Refused]:
    """What is on record of a directory, oldest first."""
    for file in (_before(root / FILE), root / FILE):
        with suppress(FileNotFoundError), file.open("rb") as lines:
            for line in lines:
                with suppress(ValueError, KeyError, TypeError):  # a line that a power cut has left half is none
                    told = json.loads(line)
                    yield Refused(
                        datetime.fromisoformat(told["at"]), told["id"], told["why"], told["remote"], int(told["more"])
                    )


def _before(file: Path) -> Path:
    return file.with_name("keys-refused.1.jsonl")
