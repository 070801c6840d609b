"""The data directory: this user's alone, held by one process at a time, of a known layout."""

from __future__ import annotations

import glob
import json
import os
import shutil
from datetime import datetime
from pathlib import Path

from opsledger.domain.clock import Clock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.directory_lock import LOCK, DirectoryLock
from opsledger.infra.engine.address import prepare
from opsledger.infra.private import keep_private
from opsledger.ingest.small_file import replace_whole
from opsledger.projections.ledger.engine_errors import told_to_user

ENGINE = "engine"
DECISIONS = "decisions.sqlite"
LAYOUT = 2
"""Version of what stands where in a data directory; raised by changes that an older program could not read.

2: the engine's database ``default`` is a plain one (infra/engine/address.py); an older program would find it empty.
"""
_READABLE = (1, LAYOUT)

_UNFINISHED = (LOCK, "layout.new")
"""All that stands in a directory whose making was cut short, by a full disk for one: it is made again."""

_PATTERN = frozenset("{}?")
"""Signs that the engine takes for a pattern, or for the end of a path: it would not find the rows of an insert there."""


def restored_in(root: Path, by: str) -> Path:
    """What a restore into a directory stands in until it is whole; ``by`` tells one restore from another."""
    return root.parent / f".{root.name}.{by}.restoring"


def half_restored(root: Path) -> list[Path]:
    """Those of restores that are at work, or were killed."""
    return sorted(root.parent.glob(restored_in(Path(glob.escape(root.name)), "*").name))


class Folder:
    """The part of a data directory that needs no engine: where the decisions are kept. Made when it is asked for."""

    temporary: Path | None = None
    """Where passing files go; None for the system's own place."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def decisions(self) -> Path:
        """The database file of the decisions made here."""
        return self.root / DECISIONS

    def made(self) -> None:
        """Make the folder where it is not there. UserError where it cannot be, or holds something else."""
        with told_to_user(f"opening the data directory {self.root}"):
            _make(self.root, create=True)
            _check_layout(self.root)

    def release(self) -> None:
        """Nothing is held."""


class DataDirectory(Folder):
    """A data directory held by this process until ``release``; UserError (exit code 4) when it cannot be had.

    The lock is the operating system's: it ends with the process, however that ends, so a lock file that a killed
    process left behind stops nobody.
    """

    def __init__(self, root: Path, *, clock: Clock, command: str, create: bool) -> None:
        super().__init__(root)
        with told_to_user(f"opening the data directory {root}"):
            _make(root, create=create)
            self._lock = DirectoryLock(root, {"pid": os.getpid(), "command": command, "since": _text(clock.now())})
        try:
            with told_to_user(f"opening the data directory {root}"):
                _check_layout(root)
                prepare(self.engine)
                _write_layout(root)
                self.temporary = _emptied(root / "tmp")
        except BaseException:
            self.release()
            raise

    @property
    def engine(self) -> Path:
        """Where the embedded engine keeps its files."""
        return self.root / ENGINE

    def made(self) -> None:
        """It is."""

    def release(self) -> None:
        """Let others have it. Harmless when done twice."""
        self._lock.release()


def _make(root: Path, *, create: bool) -> None:
    if _PATTERN.intersection(str(root.resolve())):
        raise UserError(f"the path {root} may not hold {{, }} or ?; name another folder (--data)", EXIT_ENVIRONMENT)
    if root.exists() and not root.is_dir():
        raise UserError(f"{root} is a file; the data directory must be a folder (--data)", EXIT_ENVIRONMENT)
    if not root.exists():
        if left := half_restored(root):
            raise UserError(
                f"a restore into {root} is at work, or was cut short: run it again (opsledger restore), or delete {left[0]}",
                EXIT_ENVIRONMENT,
            )
        if not create:
            raise UserError(f"there is no data directory {root}; make it with 'opsledger init', or name another (--data)")
        root.mkdir(mode=0o700, parents=True)
    elif not (root / "layout.json").exists() and any(item.name not in _UNFINISHED for item in root.iterdir()):
        raise UserError(f"{root} holds other files and no ledger; name an empty or a new folder (--data)")
    keep_private(root)


def _check_layout(root: Path) -> None:
    file = root / "layout.json"
    if not file.exists():
        _write_layout(root)
        return
    try:
        found = json.loads(file.read_text())["layout"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f'{file} is damaged; it should hold {{"layout": {LAYOUT}}}', EXIT_ENVIRONMENT) from None
    if found not in _READABLE:
        raise UserError(f"{root} has layout {found}, this program knows layout {LAYOUT}; use the version that made it")


def _write_layout(root: Path) -> None:
    """Have the directory say that it is of today's layout."""
    file, wanted = root / "layout.json", json.dumps({"layout": LAYOUT}) + "\n"
    if file.exists() and file.read_text() == wanted:
        return
    replace_whole(file, wanted.encode())


def _emptied(folder: Path) -> Path:
    """A folder for passing files, without what an earlier process left in it when it was killed."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    return folder


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
