"""The file system as following needs it: what stands at a path, what is open, what lies beside it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_ROTATED = re.compile(r"[.\-_]\d[\dT.:_\-]*", re.ASCII)
"""What a rotation adds to a name: ``queue_log.1``, ``queue_log-20260105``; a compressed one is not read again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file at a moment: which one, how many bytes, and when it was last written (ns since 1970 UTC)."""

    device: int
    inode: int
    size: int
    changed_ns: int

    @property
    def id(self) -> tuple[int, int]:
        """Which file it is, under whatever name."""
        return self.device, self.inode


class Handle(Protocol):
    """An open file: it stays the same one when its name changes or goes."""

    def seen(self) -> Seen:
        """How it is now."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset`` on; fewer at the end of the file only."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class Files(Protocol):
    """A file system. Whatever cannot be done raises OSError."""

    def look(self, path: str) -> Seen | None:
        """What stands at a path, links followed; None where nothing does."""
        ...

    def open(self, path: str) -> Handle:
        """Open what stands at a path for reading."""
        ...

    def real(self, path: str) -> str:
        """The path without links."""
        ...

    def rotated(self, path: str) -> Sequence[str]:
        """The files beside a path that a rotation named after it."""
        ...


class DiskFiles:
    """The machine's own."""

    def look(self, path: str) -> Seen | None:
        """What stands at a path, links followed."""
        try:
            return _seen(os.stat(path))  # noqa: PTH116  the port is the system's own calls
        except (FileNotFoundError, NotADirectoryError):
            return None

    def open(self, path: str) -> Handle:
        """Open what stands at a path for reading."""
        return _DiskHandle(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))

    def real(self, path: str) -> str:
        """The path without links."""
        return os.path.realpath(path)

    def rotated(self, path: str) -> Sequence[str]:
        """The files beside a path that a rotation named after it; those of a link, beside what it leads to."""
        found: dict[str, None] = {}
        for one in dict.fromkeys((path, self.real(path))):
            folder, name = os.path.split(one)
            with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder or ".") as entries:
                names = sorted(e.name for e in entries if e.name.startswith(name) and e.is_file())
                found |= {str(Path(folder) / n): None for n in names if _ROTATED.fullmatch(n[len(name) :])}
        return list(found)


class _DiskHandle:
    def __init__(self, file: int) -> None:
        self._file = file

    def seen(self) -> Seen:
        return _seen(os.fstat(self._file))

    def read(self, offset: int, size: int) -> bytes:
        parts: list[bytes] = []
        while size and (part := os.pread(self._file, size, offset)):
            parts.append(part)
            offset, size = offset + len(part), size - len(part)
        return b"".join(parts)

    def close(self) -> None:
        os.close(self._file)


def _seen(stat: os.stat_result) -> Seen:
    return Seen(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
