"""Restores a backup into a new data directory, which is there as a whole or not at all.

1. The index is read: it is of this version or an older one, and names no file outside of the directory.
2. Each file is copied into a draft and compared with the index; nothing of the backup is opened before all are.
3. The draft is opened: its manifest, rows and ends are compared, every part is read, and the facts are made anew.
4. The draft is put in its place. What a kill before leaves is a draft, which the next restore takes away.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from opsledger.domain.clock import Clock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.backup.contents import Holding, check_tables, count_decisions, holding
from opsledger.infra.backup.files import copy
from opsledger.infra.backup.freeze import HISTORY, TABLES
from opsledger.infra.backup.index import DATA, BackupIndex, damaged, difference, read_index
from opsledger.infra.backup.series import LOCK as SERIES
from opsledger.infra.backup.series import chosen, install
from opsledger.infra.data_directory import DECISIONS, ENGINE, half_restored, restored_in
from opsledger.infra.facts import rebuild_facts
from opsledger.infra.progress import Report
from opsledger.infra.store import open_embedded
from opsledger.ingest.small_file import held
from opsledger.ingest.whole_file import named_folder
from opsledger.projections.ledger.engine_errors import told_to_user

_LOCK = "restore.lock"
_HOME = f"{ENGINE}/metadata/default.sql"
_DATABASE = re.compile(r"ATTACH DATABASE _ UUID '[0-9a-f-]{36}'\nENGINE = Atomic\n")
_TABLE = re.compile(
    r"ATTACH TABLE _ UUID '[0-9a-f-]{36}'\n\(\n.*\n\)\nENGINE = (?:Replacing)?MergeTree(?:\([a-z]+\))?\n.*", re.DOTALL
)
_OF_SOURCE = {
    errno.ENOENT: "is missing",
    errno.ELOOP: "is a link, or behind one, and none is followed",
    errno.ENOTDIR: "is a link, or behind one or a file, and none is followed",
    errno.EISDIR: "is a folder",
    errno.EACCES: "cannot be read (permission denied)",
    errno.EINVAL: "is no file",
    errno.ENXIO: "is no file",
}
"""What goes wrong with a file of the backup; all else goes wrong with what is written."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and from which backup."""

    backup: Path
    index: BackupIndex


def restore_backup(given: Path, root: Path, clock: Clock, report: Report) -> Restored:
    """Restore a backup, or the newest of a series, into a folder that is not there or empty.

    UserError where the folder is neither, exit code 4 where the backup is damaged: nothing is in the folder then.
    """
    folder = chosen(given)
    index = read_index(folder)
    place = _checked(root, folder)
    try:
        with _draft(place) as made:
            _copy(folder, index, made, report)
            _open(folder, index, made, place, clock, report)
            (made / _LOCK).unlink()
            install(made, place)
    except OSError as error:
        raise UserError(
            f"cannot restore into {root}: {error.strerror or error}; nothing was installed", EXIT_ENVIRONMENT
        ) from error
    return Restored(folder, index)


def _checked(root: Path, folder: Path) -> Path:
    place = named_folder(root)
    kept = folder.parent if (folder.parent / SERIES).exists() else folder
    if kept == place or kept in place.parents:
        raise UserError(f"{root} lies among the backups in {kept}; name an empty or a new folder elsewhere (--data)")
    if place.is_mount():
        raise UserError(f"{root} is a disk of its own, and a folder is put in place as a whole; name a folder in it (--data)")
    if place.exists() and (first := next(place.iterdir(), None)):
        raise UserError(
            f"{root} is not empty ({first.name[:60]}); a backup is restored into an empty or a new folder: name one (--data), "
            "or move this one out of the way"
        )
    return place


@contextmanager
def _draft(place: Path) -> Iterator[Path]:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in half_restored(place):  # of a restore that was killed
        with held(left / _LOCK) as nobodys:
            if nobodys:
                shutil.rmtree(left, ignore_errors=True)
    made = restored_in(place, token_hex(4))
    made.mkdir(mode=0o700)
    try:
        with held(made / _LOCK):
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _copy(folder: Path, index: BackupIndex, made: Path, report: Report) -> None:
    """Step 2."""
    total, done = sum(mark.size for mark in index.files.values()), 0
    for name, mark in index.files.items():
        try:
            found = copy(folder / DATA, name, made / name)
        except OSError as error:
            if error.errno not in _OF_SOURCE:
                raise
            raise damaged(folder, f"{DATA}/{name} {_OF_SOURCE[error.errno]}") from None
        if fault := difference(name, found, mark):
            raise damaged(folder, fault)
        done += mark.size
        report(done, total, name)


def _open(folder: Path, index: BackupIndex, made: Path, place: Path, clock: Clock, report: Report) -> None:
    """Step 3."""
    if fault := _foreign(made, index):
        raise damaged(folder, fault)
    if index.decisions and (found := count_decisions(made / DECISIONS)) != index.decisions:
        raise damaged(folder, f"it holds {found:,} decisions instead of {index.decisions:,}")
    try:
        store = open_embedded(made, clock=clock, command="opsledger restore", shown=place)
    except UserError as error:
        told = str(error).replace(str(made), str(folder)).replace(str(place), str(folder))
        raise damaged(folder, f"its ledger cannot be opened: {told}") from error
    with store, told_to_user(f"restoring into {place} (nothing was installed)"):
        there = holding(store)
        if fault := _fault(there, index):
            raise damaged(folder, fault)
        check_tables(store, [table for table in TABLES if there.rows.get(table)], f"the ledger in {folder}")
        rebuild_facts(store, report)


def _foreign(made: Path, index: BackupIndex) -> str:
    """What in a draft defines something else than a ledger: the engine does what definitions say when it is opened."""
    if missing := {"layout.json", _HOME} - index.files.keys():
        return f"{DATA}/{min(missing)} is missing"
    for name in (name for name in index.files if name.startswith(f"{ENGINE}/") and name.endswith(".sql")):
        text = (made / name).read_text(errors="replace")
        plain = _DATABASE if name == _HOME else _TABLE
        if not plain.fullmatch(text) or text.count("\nENGINE = ") != 1 or (name != _HOME and Path(name).stem not in TABLES):
            return f"{DATA}/{name} defines something else than a table of a ledger"
    return ""


def _fault(there: Holding, index: BackupIndex) -> str:
    """How the ledger in a draft differs from what the index says of it."""
    for table in TABLES:
        found, said = there.rows.get(table, 0), index.rows.get(table, 0)
        if found < said or (found > said and table != HISTORY):  # the opening notes that it made a manifest for an older one
            return f"its ledger has {found:,} rows of {table} instead of {said:,}"
    differing = {place for place, end in {*there.ends.items()} ^ {*index.ends.items()}}
    return f"its ledger ends elsewhere in {', '.join(sorted(differing))[:200]}" if differing else ""
