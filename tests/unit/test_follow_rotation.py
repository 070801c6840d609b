"""A followed path: every whole line once and in order, whatever file comes to stand there; real files, a clock set by hand."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from opsledger.ingest.follow import tail as tail_module
from opsledger.ingest.follow.files import DiskFiles, Seen
from opsledger.ingest.follow.tail import QUIET_S
from tests.follow_reader import Reader, copytruncate, put, rotate


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue_log"


def test_a_rotated_file_is_read_to_its_end_before_the_new_one(path: Path) -> None:
    put(path, "a")
    reader = Reader(path)
    reader.read()
    old = rotate(path)
    put(path, "c")
    put(old, "b")
    assert reader.read() == ["b", "c"]


def test_the_last_line_of_a_rotated_file_needs_no_end(path: Path) -> None:
    path.write_text("a\nb")
    reader = Reader(path)
    reader.read()
    rotate(path)
    put(path, "c")
    assert reader.read() == ["b", "c"]


def test_the_old_file_is_waited_for_as_long_as_its_writer_has_not_opened_the_new_one(path: Path) -> None:
    put(path, "a")
    reader = Reader(path)
    reader.read()
    old = rotate(path)
    path.touch()  # logrotate's "create": the writer does not know yet
    reader.at += 2 * QUIET_S
    put(old, "b")
    assert reader.read() == ["b"]
    put(path, "c")
    reader.at = old.stat().st_mtime + 1
    put(old, "b2")
    assert reader.read() == ["b2"]
    reader.at += QUIET_S
    assert reader.read() == ["c"]


def test_rotated_while_nobody_followed_the_old_one_is_found_by_its_number(path: Path) -> None:
    put(path, "a")
    reader = Reader(path)
    reader.read()
    put(path, "b")
    rotate(path)
    put(path, "c")
    reader.restart()
    assert reader.read() == ["b", "c"]


@pytest.mark.parametrize("restarted", [False, True])
def test_rotated_more_than_once_meanwhile_nothing_between_is_left_out(path: Path, restarted: bool) -> None:
    put(path, "a")
    reader = Reader(path)
    reader.read()
    for name in "bcd":
        put(path, name)
        os.utime(path, (1000 + ord(name), 1000 + ord(name)))
        rotate(path)
    put(path, "e")
    if restarted:
        reader.restart()
    assert reader.read() == ["b", "c", "d", "e"]


def test_what_lies_beside_and_was_read_before_is_not_read_again(path: Path) -> None:
    put(path, "a")
    reader = Reader(path)
    reader.read()
    for name in "bc":
        rotate(path)
        put(path, name)
        reader.read()
    os.utime(path.with_name("queue_log.2"))  # touched: it seems newer than what came after it
    rotate(path)
    put(path, "d")
    reader.restart()
    reader.read()
    assert reader.lines == ["a", "b", "c", "d"]


def test_a_truncated_file_is_read_from_its_beginning(path: Path) -> None:
    put(path, "a", "b")
    reader = Reader(path)
    reader.read()
    os.truncate(path, 0)
    put(path, "c")
    assert reader.read() == ["c"]
    assert reader.numbers[-1] == 1


def test_a_file_truncated_and_grown_past_the_place_is_seen_by_what_it_begins_with(path: Path) -> None:
    put(path, "a", "b")
    reader = Reader(path)
    reader.read()
    os.truncate(path, 0)
    put(path, *"cdefgh")
    assert reader.read() == list("cdefgh")


def test_without_the_fingerprint_such_lines_would_be_lost(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above."""
    monkeypatch.setattr(tail_module, "fits", lambda handle, place: handle.seen().size >= place.offset)
    put(path, "a", "b")
    reader = Reader(path)
    reader.read()
    os.truncate(path, 0)
    put(path, *"cdefgh")
    assert reader.read() == list("efgh")


@pytest.mark.parametrize("restarted", [False, True])
def test_of_a_copied_and_truncated_file_the_rest_is_read_from_the_copy(path: Path, restarted: bool) -> None:
    put(path, "a", "b")
    reader = Reader(path)
    reader.read()
    put(path, "c")
    copytruncate(path)
    put(path, "d")
    if restarted:
        reader.restart()
    assert reader.read() == ["c", "d"]


def test_a_copy_that_holds_nothing_new_is_left_alone(path: Path) -> None:
    put(path, "a", "b")
    reader = Reader(path)
    reader.read()
    copytruncate(path)
    put(path, "c")
    assert reader.read() == ["c"]


def test_a_deleted_file_is_read_to_its_end_and_another_waited_for(path: Path) -> None:
    put(path, "a")
    reader = Reader(path)
    reader.read()
    put(path, "b")
    path.unlink()
    assert reader.read() == ["b"]
    assert reader.read() == []
    put(path, "c")
    assert reader.read() == ["c"]
    assert f"{path} is gone; waiting for another" in reader.told


def test_what_was_deleted_unread_while_nobody_followed_is_told(path: Path) -> None:
    put(path, "a")
    reader = Reader(path)
    reader.read()
    path.unlink()
    put(path, "x", "y")
    reader.restart()
    assert reader.read() == ["x", "y"]
    assert "is gone unread" in reader.told[-1]


def test_a_link_that_is_switched_leads_to_the_next_file(path: Path, tmp_path: Path) -> None:
    monday, tuesday = tmp_path / "monday", tmp_path / "tuesday"
    put(monday, "a")
    path.symlink_to(monday)
    reader = Reader(path)
    reader.read()
    put(monday, "b")
    put(tuesday, "c")
    path.unlink()
    path.symlink_to(tuesday)
    assert reader.read() == ["b", "c"]


def test_a_link_switched_while_nobody_followed_first_the_old_file_is_finished(path: Path, tmp_path: Path) -> None:
    monday, tuesday = tmp_path / "monday", tmp_path / "tuesday"
    put(monday, "a")
    path.symlink_to(monday)
    reader = Reader(path)
    reader.read()
    put(monday, "b")
    put(tuesday, "c")
    path.unlink()
    path.symlink_to(tuesday)
    reader.restart()
    assert reader.read() == ["b", "c"]


def test_only_what_a_rotation_names_lies_beside(path: Path) -> None:
    others = ("queue_log.2.gz", "queue_log.bak", "queue_log2", "queue_log.1.new", "other.1")
    for name in ("queue_log.1", "queue_log-20260105", *others):
        path.with_name(name).touch()
    put(path, "a")
    assert [Path(found).name for found in DiskFiles().rotated(str(path))] == ["queue_log-20260105", "queue_log.1"]


def test_which_file_it_is_does_not_depend_on_its_name() -> None:
    assert Seen(1, 2, 10, 5).id == Seen(1, 2, 20, 6).id != Seen(1, 3, 10, 5).id


@pytest.mark.parametrize("seed", range(25))
def test_whatever_happens_to_the_file_every_line_is_read_once_and_in_order(path: Path, seed: int) -> None:
    chance, written, reader, moment = random.Random(seed), 0, Reader(path), 1_000_000
    path.touch()
    reader.read()
    for _ in range(60):
        act = chance.choice(["write", "write", "write", "half", "rotate", "copytruncate", "read", "read", "restart"])
        if act == "write":
            for _ in range(chance.randrange(1, 4)):
                written += 1
                put(path, f"line {written}")
        elif act == "half" and path.exists():
            written += 1
            text = f"line {written}"
            with path.open("a") as file:
                file.write(text[:3])
            reader.read()
            with path.open("a") as file:
                file.write(text[3:] + "\n")
        elif act == "rotate" and path.exists() and path.stat().st_size:
            rotate(path)
        elif act == "copytruncate" and path.exists() and path.stat().st_size and not path.with_name("queue_log.1").exists():
            reader.read()  # what comes between the copy and the cut is lost by its nature
            copytruncate(path)
            os.utime(path.with_name("queue_log.1"), (moment, moment))
            reader.read()
        elif act == "read":
            reader.read()
        elif act == "restart":
            reader.restart()
        if path.exists():
            moment += 1
            os.utime(path, (moment, moment))
    put(path, "the end")
    reader.read()
    print(f"seed {seed}")
    assert reader.lines == [f"line {n}" for n in range(1, written + 1)] + ["the end"]
