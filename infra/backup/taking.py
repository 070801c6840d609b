"""What a backup takes of a data directory: small files, the frozen ledger, databases; what did not change is linked."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from opsledger.domain.errors import EXIT_ENVIRONMENT, EXIT_INCOMPLETE, UserError
from opsledger.infra.backup.files import FileMark, copy, linked, mark_of, plain_files, private_folder
from opsledger.infra.backup.freeze import TABLES
from opsledger.infra.backup.index import DATA, PASSING, BackupIndex, belongs
from opsledger.infra.data_directory import ENGINE
from opsledger.infra.engine.address import database_id
from opsledger.infra.private import private_file
from opsledger.projections.facts.tables import FACTS

_DATABASE = "metadata/default.sql"
_UUID = re.compile(r"UUID '([0-9a-f-]{36})'")
_SQLITE = b"SQLite format 3\0"
_PASSING = (".lock", ".new", "-wal", "-shm", "-journal", ".part")
_ELSEWHERE = frozenset({ENGINE, "tmp"})
_COPY = "copy.sqlite"
"""What a database is copied into, in the draft, before it is known whether it has changed."""


@dataclass(slots=True)
class Taking:
    """A backup that is being written: its draft, the backup before it, and what it has so far."""

    root: Path
    draft: Path
    before: tuple[Path, BackupIndex] | None
    files: dict[str, FileMark] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
    """Tables with parts that the backup before does not have."""
    copies: set[str] = field(default_factory=set)
    """Files that are new on the disk."""

    @property
    def data(self) -> Path:
        """Where its files go."""
        return self.draft / DATA

    def known(self, name: str) -> FileMark | None:
        """What the backup before says of a file."""
        return self.before[1].files.get(name) if self.before else None

    def taken(self, source: Path, inner: str, name: str) -> bool:
        """Take a file of a folder: what the backup before has of it, else a copy. Whether it is the former."""
        before = self.known(name)
        if before and mark_of(source, inner) == before and self.kept(name, before):
            return True
        self.noted(name, copy(source, inner, self.data / name))
        return False

    def noted(self, name: str, mark: FileMark) -> None:
        """A file was written."""
        self.files[name] = mark
        self.copies.add(name)

    def kept(self, name: str, mark: FileMark) -> bool:
        """Have a file of the backup before in this one, too, if it is still what it was."""
        if self.before is None:
            return False
        old = self.before[0] / DATA
        try:
            if mark_of(old, name) != mark:
                return False
        except OSError:
            return False
        if not linked(old / name, self.data / name):
            return False
        self.files[name] = mark
        return True


def ledger_of(root: Path) -> str:
    """The id of the ledger: that of its database, in a directory of layout 1 as well. UserError where there is none."""
    try:
        if found := database_id(root / ENGINE):
            return found
    except OSError as error:
        raise UserError(f"cannot read the ledger in {root}: {error.strerror or error}", EXIT_ENVIRONMENT) from error
    raise UserError(f"there is no ledger in {root}; name its data directory (--data)")


def take_small_files(taking: Taking) -> None:
    """Step 1."""
    links = sorted(path.name for path in taking.root.iterdir() if path.is_symlink())
    taking.left_out += [f"the link {name}, and what it leads to" for name in links if name != ENGINE]
    for name in plain_files(taking.root, _ELSEWHERE):
        if name in PASSING or name.endswith(_PASSING) or _is_database(taking.root / name):
            continue
        if not belongs(name):
            taking.left_out.append(f"the file {name!r}")
            continue
        try:
            taking.taken(taking.root, name, name)
        except FileNotFoundError:  # a log that was turned over meanwhile
            continue


def _is_database(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(_SQLITE)) == _SQLITE or file.suffix == ".sqlite"
    except OSError:
        return False


def take_ledger(taking: Taking, shadow: Path) -> None:
    """Step 2: definitions and parts."""
    engine = (taking.root / ENGINE).resolve()
    home = _home(engine)
    taking.taken(engine, _DATABASE, f"{ENGINE}/{_DATABASE}")
    for table in TABLES:
        if not (engine / home / f"{table}.sql").exists():  # a ledger of before that table
            continue
        taking.taken(engine, f"{home}/{table}.sql", f"{ENGINE}/{home}/{table}.sql")
        uuid = _UUID.search((taking.data / ENGINE / home / f"{table}.sql").read_text())
        if uuid is None:
            raise UserError(f"{engine / home / table}.sql defines no table", EXIT_INCOMPLETE)
        place = f"store/{uuid[1][:3]}/{uuid[1]}"
        taking.taken(engine, f"{place}/format_version.txt", f"{ENGINE}/{place}/format_version.txt")
        for part in sorted((shadow / place).glob("*/")):
            if not _part(taking, shadow, f"{place}/{part.name}"):
                taking.tables.add(table)
    taking.left_out += [f"the table {name}" for name in _others(engine / home)]


def _others(home: Path) -> list[str]:
    """Tables that are neither the ledger's nor made of it: a writer of the gateway may have made some."""
    ours = {*TABLES, *(fact.name for fact in FACTS)}
    named = [file for file in sorted(home.glob("*.sql")) if file.stem not in ours and "__next" not in file.stem]
    return [file.stem for file in named if not file.stem.startswith("asked_events") and _is_table(file)]


def _is_table(definition: Path) -> bool:
    try:
        return definition.read_text().startswith("ATTACH TABLE")
    except OSError:  # it was dropped meanwhile
        return False


def _home(engine: Path) -> str:
    uuid = database_id(engine)
    return f"store/{uuid[:3]}/{uuid}"


def _part(taking: Taking, shadow: Path, part: str) -> bool:
    """Take a part; whether the backup before has all of it, as it is. Parts never change: one that differs is damaged in one of
    the two, and is looked into."""
    names = [f"{part}/{inner}" for inner in plain_files(shadow / part)]
    same = [taking.taken(shadow, name, f"{ENGINE}/{name}") for name in names]
    return all(same)


def take_databases(taking: Taking) -> None:
    """Step 3, each by SQLite's own copying, which waits for nobody and is of one moment."""
    for name in plain_files(taking.root, _ELSEWHERE):
        if not belongs(name) or not _is_database(taking.root / name):
            continue
        copied = taking.draft / _COPY
        _copy_database(taking.root / name, copied)
        mark = mark_of(taking.draft, _COPY)
        if taking.known(name) == mark and taking.kept(name, mark):
            copied.unlink()
            continue
        private_folder((taking.data / name).parent)
        copied.rename(taking.data / name)
        taking.noted(name, mark)


def _copy_database(file: Path, target: Path) -> None:
    private_file(target)
    try:
        with (
            closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copied,
        ):
            source.backup(copied)
            copied.execute("PRAGMA journal_mode = DELETE")
            (said,) = copied.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        raise UserError(f"{file} is damaged: {said}; no backup was written. Take the file of an earlier one", EXIT_INCOMPLETE)
