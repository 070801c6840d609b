"""What is this user's alone to read: the data directory with what stands in it, and each file of it from the beginning on."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError

_OTHERS = 0o077


def keep_private(root: Path) -> None:
    """Take a data directory, and what stands in it, from all but their owner; with a word where others could read the
    directory. UserError, exit code 4, where that cannot be done."""
    before = stat.S_IMODE(root.stat().st_mode)
    if before & _OTHERS:
        _close(root, 0o700)
        print(f"opsledger: other users could read {root} (rights {before:04o}); they are 0700 now", file=sys.stderr, flush=True)
    for inner in root.iterdir():
        with suppress(FileNotFoundError):  # another process's passing file
            found = inner.lstat()
            if found.st_mode & _OTHERS and (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
                _close(inner, 0o700 if stat.S_ISDIR(found.st_mode) else 0o600)


def private_file(file: Path) -> None:
    """Have a file of a data directory be there, readable for this user alone: what opens it next makes it so that all can
    read it, and its neighbours (``-wal``, ``-shm``) with the same rights."""
    with suppress(FileExistsError):  # one that is there is left shut: to close it would end locks of this process
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if file.stat().st_mode & _OTHERS:
        file.chmod(0o600)


def _close(path: Path, rights: int) -> None:
    """Some systems refuse new rights, others take them and do nothing."""
    with suppress(PermissionError):
        path.chmod(rights)
    left = stat.S_IMODE(path.lstat().st_mode)
    if left & _OTHERS:
        raise UserError(
            f"other users can read {path} (rights {left:04o}), and this user cannot change that; a ledger holds customers' "
            f"numbers: have its owner run chmod {rights:o} {path}, or use a directory on a disk that keeps rights (--data)",
            EXIT_ENVIRONMENT,
        )
