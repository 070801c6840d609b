"""Small files of our own that are replaced whole: after a crash there is the old one or the new one, never half of either.

They are this user's alone to read. What people name for output is written by ``whole_file``.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


def replace_whole(path: Path, data: bytes) -> None:
    """Write beside it, to the disk, then put it in place; it is safe when this returns."""
    draft = path.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, 0o600)  # one that a killed process of a former version has left may be others' to read
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    with contextlib.suppress(OSError):  # a directory cannot be synced everywhere; the file itself is
        _sync(path.parent)


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Whether this process alone holds a lock file, for the length of the context; it ends with the process at the latest."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(file)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
