"""The files of a backup: copied with their checksum, or linked to the one before; no link is followed on the way to them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import msgspec

_PIECE_BYTES = 1024 * 1024
_ONWARD = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class FileMark(msgspec.Struct, frozen=True):
    """What is known of a file: its bytes' number and SHA-256."""

    size: int
    sha256: str


@contextmanager
def opened_below(root: Path, name: str) -> Iterator[BinaryIO]:
    """A plain file below a folder, to be read. OSError where it is not there, or a link is on the way to it."""
    *folders, last = PurePosixPath(name).parts
    handle = os.open(root, _ONWARD)
    try:
        for part in folders:
            inner = os.open(part, _ONWARD, dir_fd=handle)
            os.close(handle)
            handle = inner
        file = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle)
    except OSError as error:
        error.filename = str(root / name)
        raise
    finally:
        os.close(handle)
    with os.fdopen(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "it is no file", name)
        yield opened


def copy(root: Path, name: str, target: Path) -> FileMark:
    """Copy a file of a folder, for this user alone, to the disk; folders are made. What it was while it was copied."""
    private_folder(target.parent)
    with opened_below(root, name) as source:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as written:
            mark = _read(source, written.write)
            written.flush()
            os.fsync(handle)
    return mark


def private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are not there, for this user alone."""
    if not folder.is_dir():
        private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def mark_of(root: Path, name: str) -> FileMark:
    """What a file is. OSError as in ``opened_below``."""
    with opened_below(root, name) as source:
        return _read(source, len)


def _read(source: BinaryIO, each: Callable[[bytes], object]) -> FileMark:
    digest, size = sha256(), 0
    while piece := source.read(_PIECE_BYTES):
        digest.update(piece)
        size += len(piece)
        each(piece)
    return FileMark(size, digest.hexdigest())


def linked(source: Path, target: Path) -> bool:
    """Have a file stand in a second place without being copied; False where the system has no such thing."""
    private_folder(target.parent)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        return False
    return True


def plain_files(root: Path, without: frozenset[str] = frozenset()) -> Iterator[str]:
    """The files in a folder and the folders in it, by their names from there; no link is followed. ``without``: folders of the
    first level that are passed over. OSError where a folder cannot be read; one that went away meanwhile has nothing."""
    for folder, folders, names in os.walk(root, onerror=_unless_gone):
        if Path(folder) == root:
            folders[:] = sorted(set(folders) - without)
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def sync_folders(root: Path) -> None:
    """Have the names in a folder, and in those in it, on the disk."""
    for folder, *_ in os.walk(root):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
