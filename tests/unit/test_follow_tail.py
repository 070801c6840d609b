"""A followed path: every whole line once and in order, whatever stands in the file, or does not stand there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opsledger.ingest.follow.files import DiskFiles, Handle
from opsledger.ingest.follow.slice import Shrunk
from tests.follow_reader import Reader, put, rotate


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue_log"


def test_new_lines_are_read_once(path: Path) -> None:
    put(path, "a", "b")
    reader = Reader(path)
    assert reader.read() == ["a", "b"]
    assert reader.read() == []
    put(path, "c")
    assert reader.read() == ["c"]
    assert reader.numbers == [1, 2, 3]


def test_a_half_written_line_waits_for_its_end(path: Path) -> None:
    reader = Reader(path)
    path.write_text("a\nhal")
    assert reader.read() == ["a"]
    path.write_text("a\nhalf")
    assert reader.read() == []
    path.write_text("a\nhalf\nc")
    assert reader.read() == ["half"]


def test_a_file_that_is_not_there_yet_is_waited_for_and_told_of_once(path: Path) -> None:
    reader = Reader(path)
    assert reader.read() == reader.read() == []
    put(path, "a")
    assert reader.read() == ["a"]
    assert reader.told == [f"{path} is not there; waiting"]


def test_a_restart_goes_on_where_it_was(path: Path) -> None:
    put(path, "a", "b")
    reader = Reader(path)
    reader.read()
    put(path, "c")
    reader.restart()
    assert reader.read() == ["c"]
    assert reader.numbers == [1, 2, 3]


class Forbidding(DiskFiles):
    """A disk on which opening is forbidden for a while (root may open everything, so that the disk itself cannot say so)."""

    forbidden = False

    def open(self, path: str) -> Handle:
        if self.forbidden:
            raise PermissionError(13, "Permission denied", path)
        return super().open(path)


def test_a_file_that_may_not_be_read_is_waited_for(path: Path) -> None:
    files = Forbidding()
    put(path, "a")
    reader = Reader(path, files)
    files.forbidden = True
    assert reader.read() == reader.read() == []
    files.forbidden = False
    assert reader.read() == ["a"]
    assert reader.told == [f"{path} cannot be read (Permission denied); waiting"]


def test_permission_lost_in_between_keeps_the_open_file_and_loses_nothing(path: Path) -> None:
    files = Forbidding()
    put(path, "a")
    reader = Reader(path, files)
    reader.read()
    files.forbidden = True
    put(path, "b")
    assert reader.read() == ["b"]
    rotate(path)
    put(path, "c")
    assert reader.read() == []
    files.forbidden = False
    assert reader.read() == ["c"]


def test_a_folder_at_the_path_is_told_of(path: Path) -> None:
    path.mkdir()
    reader = Reader(path)
    reader.read()
    assert reader.told == [f"{path} cannot be read (Is a directory); waiting"] or "waiting" in reader.told[0]


def test_a_line_too_long_to_be_held_is_passed_on_as_such_and_the_next_ones_are_whole(path: Path) -> None:
    reader = Reader(path)
    path.write_bytes(b"a\n" + b"x" * (20 << 20))
    assert reader.read() == ["a"]
    with path.open("ab") as file:
        file.write(b"\nb\n")
    assert reader.read() == ["", "b"]
    assert (reader.long, reader.numbers) == (1, [1, 2, 3])


def test_a_file_that_shrinks_while_it_is_read_is_not_taken_for_read(path: Path) -> None:
    put(path, "a", "b")
    reader = Reader(path)
    part = reader.tail.next()
    assert part is not None
    os.truncate(path, 0)
    with pytest.raises(Shrunk):
        list(part.lines(100))
    put(path, "c")
    assert reader.read() == ["c"]
