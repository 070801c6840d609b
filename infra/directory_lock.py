"""Who holds a data directory: the operating system's locks on its LOCK file, which says who, and on the folder itself.

Both end with the process, however that ends. The folder's cannot be lost: a LOCK file that is deleted while it is held
would let a second process in.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError

LOCK = "LOCK"
_LOCKS = Path("/proc/locks")
_ENDING_S = 0.3


class DirectoryLock:
    """A data directory held by this process until ``release``. UserError, exit code 4, where another has it."""

    def __init__(self, root: Path, holder: dict[str, Any]) -> None:
        self._held: list[int] = []
        try:
            self._take(root, holder)
        except BaseException:
            self.release()
            raise

    def _take(self, root: Path, holder: dict[str, Any]) -> None:
        file = self._opened(root / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
        if not _locked(file, strict=True):
            raise _in_use(root)
        folder = self._opened(root, os.O_RDONLY | os.O_DIRECTORY)
        patience = time.monotonic() + _ENDING_S  # of a process that ends, or is looked for, the locks go one by one
        while not _locked(folder):
            if time.monotonic() > patience:
                raise lost_lock(root, root)
            time.sleep(0.02)
        os.truncate(file, 0)
        os.pwrite(file, json.dumps(holder).encode(), 0)

    def _opened(self, path: Path, flags: int) -> int:
        self._held.append(os.open(path, flags, 0o600))
        return self._held[-1]

    def release(self) -> None:
        """Let others have it, the folder first: who finds LOCK free is to find the folder free. Harmless when done twice."""
        if len(self._held) > 1:
            with contextlib.suppress(OSError):
                os.truncate(self._held[0], 0)
        while self._held:
            os.close(self._held.pop())


def is_held(root: Path) -> bool:
    """Whether a process has a data directory."""
    return _is_locked(root / LOCK) or _is_locked(root)


def in_use_by_engine(engine: Path) -> bool:
    """Whether an engine of another process has the folder: it was opened by something else than this product, or by a
    version that does not lock the folder, and its LOCK was deleted."""
    return _is_locked(engine / "status")


def lost_lock(root: Path, file: Path) -> UserError:
    """A process has the directory, and no LOCK says which. ``file`` is what it has locked."""
    pid = _holder(file)
    who = f"another process{f' (pid {pid})' if pid else ''}"
    return UserError(
        f"data directory {root} is in use by {who}; the LOCK file that says by which command was deleted while it was held. "
        "Wait for that process or stop it; the next command makes LOCK anew, and it never needs to be deleted",
        EXIT_ENVIRONMENT,
    )


def _locked(file: int, *, strict: bool = False) -> bool:
    """Take a lock; False where another has it. Not every system can lock a folder: then the file's has to do."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        if strict:
            raise
    return True


def _is_locked(path: Path) -> bool:
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
    return False


def _in_use(root: Path) -> UserError:
    """By whom a directory is held, as its LOCK says."""
    try:
        holder = json.loads((root / LOCK).read_bytes()[:4096])
        who = f"`{holder['command']}` (pid {holder['pid']}, since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        who = "another process"
    return UserError(f"data directory {root} is in use by {who}; wait for it or stop it", EXIT_ENVIRONMENT)


def _holder(file: Path) -> int | None:
    """The process that has locked a file or folder, where the system says so."""
    with contextlib.suppress(OSError, ValueError):
        wanted = f":{file.stat().st_ino}"
        for line in _LOCKS.read_text().splitlines():
            parts = line.split()
            if parts[1] == "FLOCK" and parts[3] == "WRITE" and parts[5].endswith(wanted) and int(parts[4]) > 0:
                return int(parts[4])
    return None
