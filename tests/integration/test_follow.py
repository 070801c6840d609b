"""Following into a ledger: the same events as a plain import of the whole, over any cuts, rotations and restarts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from opsledger.domain.dead_letters import DeadLetterFilter
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.ingesting import run_imports
from opsledger.infra.store import Store, open_store
from opsledger.ingest.adapters import queue_log_memory
from opsledger.ingest.follow import reading, tail
from opsledger.ingest.follow.follower import Follower
from opsledger.ingest.follow.state import StateFile
from tests.following import JSON, QUEUE_LOG, drained, events, following, switch_log
from tests.ledger_samples import calls, line
from tests.new_ledger import new_ledger


@pytest.fixture(scope="module")
def log_lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return switch_log(tmp_path_factory.mktemp("switch"))


@pytest.fixture(scope="module")
def imported(log_lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, bytes]]:
    """What a plain import of the whole log stores."""
    folder = tmp_path_factory.mktemp("imported")
    (folder / "queue_log").write_bytes(b"".join(log_lines))
    with open_store(new_ledger(folder / "data")) as store:
        ((_, result),) = run_imports(store, [str(folder / "queue_log")], QUEUE_LOG)
        assert result.tally.read == result.tally.accepted == len(log_lines)
        return events(store)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data")) as opened:
        yield opened


def grow(path: Path, lines: list[bytes]) -> None:
    with path.open("ab") as file:
        file.writelines(lines)


def follow_in_pieces(store: Store, path: Path, lines: list[bytes], chance: random.Random) -> int:
    """Grow a file by random pieces, each followed by a process of its own, with a rotation now and then; lines read."""
    path.touch()
    at = read = 0
    while at < len(lines):
        step = chance.randrange(1, 200)
        grow(path, lines[at : at + step])
        at += step
        with following(store, QUEUE_LOG, path.parent / "state", path) as made:
            drained(made)
            read += made.followed[0].tally.read
            assert made.followed[0].total.read == read
        if chance.random() < 0.3:
            for number in range(9, 0, -1):
                if (older := path.with_name(f"queue_log.{number}")).exists():
                    older.rename(path.with_name(f"queue_log.{number + 1}"))
            path.rename(path.with_name("queue_log.1"))
            path.touch()
    return read


@pytest.mark.parametrize("seed", [1, 2])
def test_a_log_followed_in_pieces_over_restarts_is_the_log_imported_whole(
    store: Store,
    tmp_path: Path,
    log_lines: list[bytes],
    imported: list[tuple[str, str, bytes]],
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tail, "QUIET_S", 0.0)
    print(f"seed {seed}")
    read = follow_in_pieces(store, tmp_path / "queue_log", log_lines, random.Random(seed))
    assert read == len(log_lines)
    assert events(store) == imported


def test_without_the_memory_over_a_restart_events_would_be_others(
    store: Store,
    tmp_path: Path,
    log_lines: list[bytes],
    imported: list[tuple[str, str, bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control of the test above."""
    monkeypatch.setattr(tail, "QUIET_S", 0.0)
    monkeypatch.setattr(Follower, "recall", lambda *_: None)
    follow_in_pieces(store, tmp_path / "queue_log", log_lines, random.Random(1))
    assert events(store) != imported


def test_a_call_older_than_the_memory_reaches_is_not_waited_for() -> None:
    memory = queue_log_memory.Memory()
    for at_s in (0, 10, 90_000):
        memory.met(at_s * 1_000_000)
        memory.call(f"c{at_s}")
    assert memory.needed(reading.MEMORY_AGE_US) == 3
    assert memory.needed(100_000 * 1_000_000) == 1


def test_the_second_at_hand_is_always_read_again() -> None:
    """Lines that are the same to the letter are told apart by their order within the second."""
    memory = queue_log_memory.Memory()
    for at_s in (5, 7, 7):
        memory.met(at_s * 1_000_000)
    assert memory.needed(reading.MEMORY_AGE_US) == 2


def test_each_line_is_counted_once_over_runs_and_what_is_dead_is_kept_with_its_line(store: Store, tmp_path: Path) -> None:
    path, state = tmp_path / "in.jsonl", tmp_path / "state"
    grow(path, [b"\n".join(calls(3)) + b"\nnonsense\n\n"])
    with following(store, JSON, state, path) as made:
        drained(made)
        assert (made.followed[0].tally.accepted, made.followed[0].tally.dead) == (3, 1)
    grow(path, [calls(1)[0] + b"\n", line("new") + b"\n", b"worse\n"])
    with following(store, JSON, state, path) as made:
        drained(made)
        ever = made.followed[0].total
    assert (ever.read, ever.accepted, ever.duplicate, ever.dead) == (7, 4, 1, 2)
    letters = store.dead_letters.list(DeadLetterFilter())
    assert [(letter.file, letter.line, letter.raw) for letter in letters] == [
        (str(path), 4, b"nonsense"),
        (str(path), 8, b"worse"),
    ]


def test_two_files_that_tell_the_same_event_bring_it_once(store: Store, tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    for path in (one, two):
        grow(path, [event + b"\n" for event in calls(5)])
    with following(store, JSON, tmp_path / "state", one, two) as made:
        drained(made)
        assert [(each.tally.accepted, each.tally.duplicate) for each in made.followed] == [(5, 0), (0, 5)]
    assert len(events(store)) == 5


def test_another_source_is_read_from_the_beginning(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    grow(path, [event + b"\n" for event in calls(5)])
    for source in ("sim:a", "sim:b"):
        with following(store, replace(JSON, source=source), tmp_path / "state", path) as made:
            drained(made)
            assert made.followed[0].tally.read == 5


def test_two_processes_do_not_follow_the_same(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.touch()
    with (
        following(store, JSON, tmp_path / "state", path),
        pytest.raises(UserError, match="another process follows this"),
        following(store, JSON, tmp_path / "state", path),
    ):
        pass


class Away:
    """A log that is away for a number of appends."""

    def __init__(self, store: Store, times: int) -> None:
        self.append_really, self.times = store.log.append, times

    def append(self, *args: object, **more: object) -> object:
        if self.times:
            self.times -= 1
            raise UserError("the log is away", EXIT_ENVIRONMENT)
        return self.append_really(*args, **more)  # type: ignore[arg-type]  # handed on as they came


def test_while_the_log_is_away_it_waits_and_then_goes_on_with_nothing_lost(
    store: Store, tmp_path: Path, log_lines: list[bytes], imported: list[tuple[str, str, bytes]]
) -> None:
    path, stop = tmp_path / "queue_log", Event()
    grow(path, log_lines[:500])
    away = Away(store, 2)
    store.log.append = away.append  # type: ignore[method-assign,assignment]  # the trouble
    told: list[str] = []
    with following(store, QUEUE_LOG, tmp_path / "state", path) as made:
        made._tell = told.append

        def look(text: str) -> None:
            told.append(text)
            if text == "it works again":
                grow(path, log_lines[500:])
                stop.set()

        made._tell = look
        made.run(stop, poll_s=0.01)
        drained(made)
        assert made.followed[0].total.read == len(log_lines)
    assert sum("the log is away" in text for text in told) == 1
    assert events(store) == imported


def test_a_state_that_is_none_is_refused_with_what_to_do(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.touch()
    with following(store, JSON, tmp_path / "state", path) as made:
        drained(made)
    (saved,) = (tmp_path / "state").glob("*.json")
    saved.write_text("{}")
    with pytest.raises(UserError, match="delete it"), following(store, JSON, tmp_path / "state", path):
        pass


def test_while_the_place_cannot_be_kept_nothing_is_read_on_and_lines_read_again_are_duplicates(
    store: Store, tmp_path: Path
) -> None:
    path, state = tmp_path / "in.jsonl", tmp_path / "state"
    path.touch()
    with following(store, JSON, state, path) as made:
        (saved,) = state.glob("*.json")
        saved.with_suffix(".new").mkdir()
        grow(path, [event + b"\n" for event in calls(3)])
        with pytest.raises(UserError, match="the place cannot be kept") as told:
            drained(made)
        assert told.value.exit_code == EXIT_ENVIRONMENT
        saved.with_suffix(".new").rmdir()
        made.begin()
        drained(made)
        assert (made.followed[0].tally.read, made.followed[0].tally.duplicate) == (3, 3)
    assert len(events(store)) == 3


def test_what_cannot_be_followed_is_refused(store: Store, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("time,callid,queuename,agent,event,data1\n")
    for path, ask, words in (
        (Path("-"), JSON, "standard input"),
        (tmp_path / "x.gz", JSON, "compressed"),
        (tmp_path / "x", replace(JSON, encoding="utf-16"), "utf-16"),
        (tmp_path / "x", replace(JSON, format="connect"), "--follow reads the formats"),
        (table, QUEUE_LOG, "exported from a queue_log"),
    ):
        with pytest.raises(UserError, match=words), following(store, ask, tmp_path / "state", path) as made:
            drained(made)


def test_the_journal_tells_how_far_a_following_came(store: Store, tmp_path: Path) -> None:
    path, stop = tmp_path / "in.jsonl", Event()
    grow(path, [event + b"\n" for event in calls(5)])
    stop.set()
    with following(store, JSON, tmp_path / "state", path) as made:
        drained(made)
        made.run(stop)
    (run,) = store.imports.runs()
    assert (run.state, run.read, run.accepted, run.file) == ("finished", 5, 5, str(path))


def test_a_state_is_kept_for_one_path_one_source_and_one_log(tmp_path: Path) -> None:
    files = [StateFile(tmp_path, about) for about in ("a into x", "a into y", "b into x")]
    assert len({file.path for file in files}) == 3
    for file in files:
        file.close()


def test_a_file_is_on_record_from_the_start_before_anything_is_read_of_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "QUIET_S", 0.0)
    path = tmp_path / "in.jsonl"
    path.touch()
    with following(store, JSON, tmp_path / "state", path):
        pass
    grow(path, [event + b"\n" for event in calls(2)])
    path.rename(tmp_path / "in.jsonl.1")
    grow(path, [event + b"\n" for event in calls(3, first=2)])
    with following(store, JSON, tmp_path / "state", path) as made:
        drained(made)
        assert made.followed[0].tally.accepted == 5
