"""Follows a path as a process would, and does to the file what rotations do; real files, a clock set by hand."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from opsledger.domain.fields import MAX_EVENT_BYTES
from opsledger.ingest.follow.files import DiskFiles
from opsledger.ingest.follow.place import Place
from opsledger.ingest.follow.tail import Tail


class Reader:
    """Follows a path as a process would; ``restart`` forgets all but what would be saved."""

    def __init__(self, path: Path, files: DiskFiles | None = None) -> None:
        self.path, self.files = path, files or DiskFiles()
        self.at = 4e9  # long after any file was written: whatever is replaced is quiet
        self.told: list[str] = []
        self.lines: list[str] = []
        self.numbers: list[int] = []
        self.long = 0
        self.tail = self._made(None, ())

    def _made(self, place: Place | None, finished: Sequence[tuple[int, int]]) -> Tail:
        return Tail(str(self.path), self.files, lambda: self.at, place=place, finished=finished, tell=self.told.append)

    def read(self) -> list[str]:
        """All that is new now."""
        new: list[str] = []
        while (part := self.tail.next()) is not None:
            for some in part.lines(MAX_EVENT_BYTES):
                new += [line.decode() for line in some.lines]
                self.numbers += range(some.first, some.first + len(some.lines))
                self.long += len(some.long)
            self.tail.taken(part)
        self.lines += new
        return new

    def restart(self) -> None:
        self.tail.close()
        self.tail = self._made(self.tail.place, tuple(self.tail.finished))


def put(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.write("".join(line + "\n" for line in lines))


def rotate(path: Path, number: int = 1) -> Path:
    """As logrotate does, the older ones first."""
    target = path.with_name(f"{path.name}.{number}")
    if target.exists():
        rotate_old(path, number)
    path.rename(target)
    return target


def rotate_old(path: Path, number: int) -> None:
    here, further = (path.with_name(f"{path.name}.{n}") for n in (number, number + 1))
    if further.exists():
        rotate_old(path, number + 1)
    here.rename(further)


def copytruncate(path: Path) -> None:
    shutil.copyfile(path, path.with_name(path.name + ".1"))
    os.truncate(path, 0)
