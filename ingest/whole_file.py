"""Files that people name for output: written whole or not at all, and never through a link that somebody else has laid.

What is written goes into a file of its own beside the place, to the disk, and is then put in place at once. A link where
the file is to be is refused; folders on the way to it may be links of this user's or root's (``/tmp`` is one on some
systems), nobody else's. The folders are opened one within the other, so that none can be exchanged for a link meanwhile.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError

_DESCRIPTOR = re.compile(r"(?:/dev/fd|/proc/self/fd)/([0-9]{1,9})")
_STREAMS = {"-": 1, "/dev/stdout": 1, "/dev/stderr": 2}
_MAX_LINKS = 40
_ONWARD = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)


@contextmanager
def whole_file(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """The file to write; at the context's end it is at ``path``, at an exception nothing is. UserError where it cannot be.

    A file that is there is replaced, and its rights are kept where it is this user's; ``private`` has it readable for this
    user alone. ``-``, ``/dev/stdout``, ``/dev/fd/N`` and ``/dev/null`` are written to as they stand.
    """
    number = descriptor_of(path)
    if number is not None or str(path) == os.devnull:
        with _stream(path, number) as file:
            yield file
        return
    place = Path(os.path.abspath(path))  # noqa: PTH100  resolve() would follow the links that are to be refused
    with _told(path), opened_folder(real_way(place.parent, path)) as folder:
        yield from _written(folder, place.name, path, private=private)


def write_whole(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file, see ``whole_file``."""
    with whole_file(path, private=private) as file:
        file.write(data)


def descriptor_of(path: Path) -> int | None:
    """The open file that a path stands for: ``-``, ``/dev/stdout``, ``/dev/fd/3``; None for a path of a file."""
    if str(path) in _STREAMS:
        return _STREAMS[str(path)]
    found = _DESCRIPTOR.fullmatch(str(path))
    return int(found[1]) if found else None


@contextmanager
def _stream(path: Path, number: int | None) -> Iterator[BinaryIO]:
    """What is open already, from where it stands: to open it by its name would empty a file that it leads to."""
    for each in (sys.stdout, sys.stderr):
        each.flush()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC) if number is None else os.dup(number)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", EXIT_ENVIRONMENT) from error
    with os.fdopen(handle, "wb") as file:
        yield file


def _written(folder: int, name: str, path: Path, *, private: bool) -> Iterator[BinaryIO]:
    kept = check_place(folder, name, path)
    draft = draft_name()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(draft, flags, 0o600 if private else 0o666, dir_fd=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            if kept is not None and not private:
                os.fchmod(handle, kept)
            yield file
            file.flush()
            os.fsync(handle)
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft, dir_fd=folder)
        raise
    sync_folder(folder)


def draft_name() -> str:
    """A name that nobody can foresee, of what is not in its place yet."""
    return f".opsledger-{token_hex(8)}.part"


def check_place(folder: int, name: str, path: Path) -> int | None:
    """The rights that a file in its place is to keep; None where there is none, or another user's.

    UserError for a link, a folder, a device: nothing is written through them.
    """
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise UserError(f"{path} is a link, and nothing is written through links; name the file itself, or delete the link")
    if not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "no file but a device, a pipe or a socket"
        raise UserError(f"{path} is {what}; name a file to write")
    return stat.S_IMODE(found.st_mode) & 0o777 if found.st_uid == os.geteuid() else None


def named_folder(path: Path) -> Path:
    """Where a folder is that people name for what is written: with no link on the way to it, there or not.

    UserError for a link in its place, for what is no folder, and as in ``real_way``.
    """
    named = Path(os.path.abspath(path))  # noqa: PTH100  resolve() would follow the link that is to be refused
    place = real_way(named.parent, path) / named.name
    if place.is_symlink():
        raise UserError(f"{path} is a link, and nothing is written through links; name the folder itself, or delete the link")
    if place.exists() and not place.is_dir():
        raise UserError(f"{path} is a file; name a folder")
    return place


def real_way(folder: Path, path: Path) -> Path:
    """A folder without links on the way to it. UserError for a link that is neither this user's nor root's."""
    here, rest, links = Path(folder.anchor), list(reversed(folder.parts[1:])), 0
    while rest:
        part = rest.pop()
        at = here.parent if part == ".." else here / part
        try:
            found = at.lstat()
        except FileNotFoundError:
            here = at
            continue
        if not stat.S_ISLNK(found.st_mode):
            here = at
            continue
        links += 1
        if found.st_uid not in (0, os.geteuid()) or links > _MAX_LINKS:
            raise UserError(f"{path}: {at} is a link that another user has made, or one of a circle; name the folder itself")
        target = at.readlink()
        here = Path(target.anchor) if target.is_absolute() else here
        rest += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    return here


@contextmanager
def opened_folder(real: Path) -> Iterator[int]:
    """A handle on a folder, which is made where it is not there; no link is followed on the way to it."""
    handle = os.open(real.anchor, _ONWARD)
    try:
        for part in real.parts[1:]:
            inner = _onward(handle, part)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def _onward(handle: int, part: str) -> int:
    try:
        return os.open(part, _ONWARD, dir_fd=handle)
    except FileNotFoundError:
        with suppress(FileExistsError):  # another has just made it
            os.mkdir(part, dir_fd=handle)
        return os.open(part, _ONWARD, dir_fd=handle)


def sync_folder(folder: int) -> None:
    """Have the names in a folder on the disk; not every system can, and the files themselves are."""
    with suppress(OSError):
        handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=folder)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}", EXIT_ENVIRONMENT) from error
