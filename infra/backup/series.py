"""The folder that backups are written into: one folder each, named by its moment; each is whole and can be restored alone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.backup.files import sync_folders
from opsledger.infra.backup.index import INDEX, BackupIndex, read_index
from opsledger.ingest.small_file import held
from opsledger.ingest.whole_file import draft_name, named_folder, opened_folder, sync_folder

LOCK = "backups.lock"
_NAME = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{6}Z")
_DRAFT = re.compile(r"\.opsledger-[0-9a-f]{16}\.part")
_PATTERN = frozenset("{}?")
"""Signs that the engine takes for a pattern: what was written is opened where it stands, to look into it."""


def name_of(at: datetime) -> str:
    """What the backup of a moment (UTC) is called."""
    return f"{at:%Y%m%dT%H%M%S.%f}Z"


def backups_in(folder: Path) -> list[Path]:
    """The backups of a series, the oldest first."""
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name) and not path.is_symlink() and path.is_dir())


def newest(folder: Path, ledger: str) -> tuple[Path, BackupIndex] | None:
    """The newest backup of a series that can be read. UserError for one of another ledger."""
    for path in reversed(backups_in(folder)):
        try:
            index = read_index(path)
        except UserError:  # a damaged one is told when it is restored; a new one does not go by it
            continue
        if index.ledger != ledger:
            raise UserError(f"{folder} holds backups of another ledger ({path.name}); name a folder for this one's alone")
        return path, index
    return None


def chosen(given: Path) -> Path:
    """The backup that is meant: a folder with an index, or the newest of a series. UserError where there is none."""
    folder = given.resolve()
    if not folder.is_dir():
        raise UserError(f"there is no folder {given}; name a backup, or the folder of a series")
    if (folder / INDEX).exists() or _NAME.fullmatch(folder.name):
        return folder
    if not (found := backups_in(folder)):
        raise UserError(f"{given} holds no backup; name what `opsledger backup` has written")
    return found[-1]


@contextmanager
def series(to: Path, data: Path) -> Iterator[Path]:
    """The folder of a series, made (rights 0700) where it is not there, for this process alone.

    UserError for a link, a folder with other files, and one that lies in the data directory or around it.
    """
    with _told(to):
        folder = _checked(to, data)
        with opened_folder(folder.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        with held(folder / LOCK) as alone:
            if not alone:
                raise UserError(f"another backup into {to} is at work; wait until it is done", EXIT_ENVIRONMENT)
            for path in folder.iterdir():  # of a backup that was killed
                if _DRAFT.fullmatch(path.name):
                    shutil.rmtree(path, ignore_errors=True)
            yield folder


@contextmanager
def draft(folder: Path, name: str) -> Iterator[Path]:
    """A folder to write a backup in; at the context's end it is in its place under its name, at an exception it is gone."""
    if (folder / name).exists():
        raise UserError(f"{folder / name} is there already; wait a moment and run the same command again")
    made = folder / draft_name()
    try:
        made.mkdir(mode=0o700)
        yield made
        install(made, folder / name)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def install(made: Path, place: Path) -> None:
    """Put a finished folder in its place, at once; it is there for good when this returns."""
    sync_folders(made)
    made.rename(place)
    with opened_folder(place.parent) as above:
        sync_folder(above)


def _checked(to: Path, data: Path) -> Path:
    folder, ledger = named_folder(to), data.resolve()
    if folder == ledger or ledger in folder.parents or folder in ledger.parents:
        raise UserError(f"{to} lies in the data directory {data}, or around it; name a folder elsewhere, best on another disk")
    if _PATTERN.intersection(str(folder)):
        raise UserError(f"the path {to} may not hold {{, }} or ?; name another folder")
    known = (_NAME, _DRAFT, re.compile(re.escape(LOCK)))
    foreign = [p.name for p in folder.iterdir() if not any(k.fullmatch(p.name) for k in known)] if folder.exists() else []
    if foreign:
        raise UserError(f"{to} holds other files ({min(foreign)[:60]}); name an empty or a new folder, or one of backups alone")
    return folder


@contextmanager
def _told(to: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot write a backup into {to}: {error.strerror or error}{f' ({error.filename})' if error.filename else ''}; "
            "nothing was written, and those of before are as they were",
            EXIT_ENVIRONMENT,
        ) from error
