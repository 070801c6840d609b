"""A backup and a ledger restored from it: the same reports, the same places; what is damaged or in the way is named."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import EXIT_INCOMPLETE, UserError
from opsledger.infra.backup import taking, writing
from opsledger.infra.backup.freeze import TABLES
from opsledger.infra.backup.writing import Backup
from opsledger.infra.decisions import decide, open_decisions, read_commands
from opsledger.infra.relaying import Relay, local_outlet
from opsledger.infra.serve.keys import FILE, Keys, Sender
from opsledger.infra.store import open_store
from opsledger.projections.ledger.tables import LEDGER
from tests.backup_scene import CALLS, backed_up, filled, flip, is_prefix, offsets, reports, restored, undecided
from tests.damage import PARTS, ROWS, deleted, ledger_in_parts, parts
from tests.desk_samples import NOW, at, ruling
from tests.ledger_samples import calls, chunks, importer, spec, tables


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Backup]:
    """(data directory, a key of it, a backup of it); to be copied by who changes something."""
    folder = tmp_path_factory.mktemp("made")
    key = filled(folder / "data")
    return folder / "data", key, backed_up(folder / "data", folder / "to", FixedClock(NOW))


@pytest.fixture
def data(made: tuple[Path, str, Backup], tmp_path: Path) -> Path:
    shutil.copytree(made[0], tmp_path / "data", symlinks=True)
    return tmp_path / "data"


@pytest.fixture
def copy(made: tuple[Path, str, Backup], tmp_path: Path) -> Path:
    """A copy of the backup, to be damaged."""
    shutil.copytree(made[2].path, tmp_path / "copy")
    return tmp_path / "copy"


def test_all_tables_that_nothing_is_ever_taken_from_are_frozen() -> None:
    assert set(TABLES) == LEDGER
    assert len(TABLES) == len(LEDGER)


def test_a_restored_ledger_gives_the_same_reports_and_goes_on_where_it_was(
    made: tuple[Path, str, Backup], tmp_path: Path
) -> None:
    data, key, backup = made
    new = tmp_path / "new" / "data"
    told = restored(backup.path.parent, new)  # a series: its newest
    assert told.backup == backup.path
    assert backup.index.rows["call"] == CALLS
    assert (backup.index.ends["call/0"], backup.index.decisions) == (CALLS, 2)
    before = reports(data, tmp_path / "before")
    assert reports(new, tmp_path / "after") == before
    assert isinstance(Keys(new / FILE, FixedClock(NOW)).who(key), Sender)
    assert (new / "follow" / "0123456789abcdef.json").read_bytes() == (data / "follow" / "0123456789abcdef.json").read_bytes()
    with sqlite3.connect(new / "schedules.sqlite") as journal:
        assert journal.execute("SELECT name FROM schedules").fetchall() == [("monday",)]
    with open_store(new, clock=FixedClock(NOW)) as store:
        assert not store.findings
        assert store.dead_letters.count(_all()) == 1
        assert undecided(store) == set()
        again = importer(store).run(chunks([*calls(CALLS), b"broken"]), spec())
        assert (again.tally.accepted, again.tally.duplicate, again.tally.dead) == (0, CALLS, 1)
        with open_decisions(store) as app, (relay := Relay(app, local_outlet(store))).alone():
            assert list(relay.run()) == []
        (span,) = store.log.append(tables(calls(1, first=CALLS)))
        assert (span.first, is_prefix(offsets(store)[0])) == (CALLS, True)


def test_a_report_of_a_ledger_with_one_event_less_is_another(made: tuple[Path, str, Backup], tmp_path: Path) -> None:
    """The control of the comparison above."""
    from opsledger.infra.facts import fact_tables
    from tests.new_ledger import new_ledger

    for name, count in (("a", 9), ("b", 10)):
        with open_store(new_ledger(tmp_path / name), clock=FixedClock(NOW)) as store:
            importer(store).run(chunks(calls(count)), spec())
            fact_tables(store).update()
    a, b = (_csv(tmp_path / name, tmp_path) for name in ("a", "b"))
    assert a != b


def test_the_second_backup_is_small_and_each_is_restored_alone(data: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"
    first = backed_up(data, to)
    with open_store(data, clock=FixedClock(NOW)) as store:
        importer(store).run(chunks(calls(3, first=CALLS)), spec())
    second, third = backed_up(data, to), backed_up(data, to)
    assert first.new_bytes == first.bytes
    part = next(name for name in first.index.files if name.endswith("data.bin") and name in second.index.files)
    inodes = {(made.path / "data" / part).stat().st_ino for made in (first, second, third)}
    assert len(inodes) == 1
    assert 0 == third.new_bytes < second.new_bytes < first.new_bytes
    shutil.rmtree(first.path)
    for number, (made, count) in enumerate(((second, CALLS + 3), (third, CALLS + 3))):
        restored(made.path, tmp_path / f"new{number}")
        with open_store(tmp_path / f"new{number}", read_only=True) as store:
            assert store.ledger.event_count() == made.index.rows["call"] + 2 + 2
            assert is_prefix(offsets(store)[0])
            assert len(offsets(store)[0]) == count


def test_what_rotted_in_an_earlier_backup_is_not_linked_but_copied_anew(data: Path, tmp_path: Path) -> None:
    first = backed_up(data, tmp_path / "to")
    part = next(name for name in first.index.files if "/all_" in name and name.endswith("data.bin"))
    flip(first.path / "data" / part)
    second = backed_up(data, tmp_path / "to")
    assert (second.path / "data" / part).stat().st_ino != (first.path / "data" / part).stat().st_ino
    restored(second.path, tmp_path / "new")
    with pytest.raises(UserError, match="other content than was written"):
        restored(first.path, tmp_path / "other")


def test_decisions_made_meanwhile_are_in_the_backup_and_never_fewer_than_the_ledgers(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = writing.take_ledger

    def then_decide(*given: object) -> None:
        take(*given)  # type: ignore[arg-type]  # what it is given
        _decide(data)

    monkeypatch.setattr(writing, "take_ledger", then_decide)
    made = backed_up(data, tmp_path / "to")
    assert made.index.decisions == 3
    restored(made.path, tmp_path / "new")
    with open_store(tmp_path / "new", clock=FixedClock(NOW)) as store:
        assert undecided(store) == set()
        with open_decisions(store) as app, (relay := Relay(app, local_outlet(store))).alone():
            assert len(list(relay.run())) == 1  # the place is of before the ledger: the decision is brought now


def test_decisions_taken_before_the_ledger_would_be_fewer(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the order turned round."""
    take_files, take_databases = writing.take_small_files, writing.take_databases

    def first_databases(each: taking.Taking) -> None:
        take_files(each)
        take_databases(each)
        _decide(data)

    monkeypatch.setattr(writing, "take_small_files", first_databases)
    monkeypatch.setattr(writing, "take_databases", lambda _taking: None)
    made = backed_up(data, tmp_path / "to")
    restored(made.path, tmp_path / "new")
    with open_store(tmp_path / "new", clock=FixedClock(NOW)) as store:
        assert len(undecided(store)) == 1


def test_a_backup_is_for_this_user_alone(made: tuple[Path, str, Backup], tmp_path: Path) -> None:
    *_, backup = made
    there = (backup.path.parent, *backup.path.parent.rglob("*"))
    assert [path for path in there if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    restored(backup.path, tmp_path / "new")
    assert [p for p in (tmp_path / "new").iterdir() if stat.S_IMODE(p.stat().st_mode) & 0o077] == []
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert os.listdir(tmp_path) == ["new"]  # noqa: PTH208  no draft, no lock file


def test_a_backup_goes_into_a_folder_of_its_own(data: Path, tmp_path: Path) -> None:
    foreign, file, link = tmp_path / "letters", tmp_path / "file", tmp_path / "link"
    foreign.mkdir()
    (foreign / "a.txt").write_text("dear reader")
    file.write_text("x")
    link.symlink_to(foreign)
    for to, told in (
        (data, "lies in the data directory"),
        (data / "backups", "lies in the data directory"),
        (tmp_path, "or around it"),
        (foreign, r"holds other files \(a.txt\)"),
        (file, "is a file"),
        (file / "below", "cannot write|Not a directory"),
        (link, "is a link"),
        (tmp_path / "a{b}", "may not hold"),
    ):
        with pytest.raises(UserError, match=told):
            backed_up(data, to)
    assert os.listdir(foreign) == ["a.txt"]  # noqa: PTH208
    assert not (data / "backups").exists()
    other = tmp_path / "other"
    open_store(other).close()
    backed_up(other, tmp_path / "to")
    with pytest.raises(UserError, match="backups of another ledger"):
        backed_up(data, tmp_path / "to")
    with pytest.raises(UserError, match="there is no ledger in"):
        backed_up(tmp_path / "nowhere", tmp_path / "to")


def test_a_restore_goes_into_an_empty_or_a_new_folder(made: tuple[Path, str, Backup], data: Path, tmp_path: Path) -> None:
    backup = made[2].path
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for place, told in (
        (data, "is not empty"),
        (tmp_path / "file", "is a file"),
        (tmp_path / "link", "is a link"),
        (backup / "new", "lies among the backups"),
        (backup.parent / "new", "lies among the backups"),
    ):
        with pytest.raises(UserError, match=told):
            restored(backup, place)
    for given, told in ((tmp_path / "none", "there is no folder"), (data / "follow", "holds no backup")):
        with pytest.raises(UserError, match=told):
            restored(given, tmp_path / "new")
    (tmp_path / "empty").mkdir()
    restored(backup, tmp_path / "empty")
    assert (tmp_path / "empty" / "layout.json").exists()


def test_a_damaged_ledger_or_store_of_decisions_is_named_and_not_backed_up(data: Path, tmp_path: Path) -> None:
    good = backed_up(data, tmp_path / "to")
    position = (data / "relay.position").read_text()
    assert position == "2\n"
    whole = (data / "decisions.sqlite").read_bytes()
    for content, told in ((b"", "holds 0 decisions, and 2 were relayed"), (whole[:5000], "decisions.sqlite is damaged")):
        (data / "decisions.sqlite").write_bytes(content)
        with pytest.raises(UserError, match=told) as caught:
            backed_up(data, tmp_path / "to")
        assert caught.value.exit_code == EXIT_INCOMPLETE
    (data / "decisions.sqlite").write_bytes(whole)
    with open_store(data, clock=FixedClock(NOW)) as store:
        store.log.append(tables(calls(50, first=CALLS)))
    flip(max((data / "engine" / "store").rglob("all_*/data.bin"), key=lambda path: path.stat().st_mtime_ns))
    with pytest.raises(UserError, match="is damaged: call, part all_") as caught:
        backed_up(data, tmp_path / "to")
    assert caught.value.exit_code == EXIT_INCOMPLETE
    assert [path.name for path in (tmp_path / "to").iterdir() if path.is_dir()] == [good.path.name]
    restored(tmp_path / "to", tmp_path / "new")


def test_a_ledger_that_holds_less_than_its_manifest_says_is_not_backed_up_and_comes_back_from_a_backup(tmp_path: Path) -> None:
    data = ledger_in_parts(tmp_path / "data")
    backed_up(data, tmp_path / "to")
    deleted(parts(data)[-1])
    with pytest.raises(UserError, match=r"(?s)is not whole.*40 are missing") as caught:
        backed_up(data, tmp_path / "to")
    assert caught.value.exit_code == EXIT_INCOMPLETE
    restored(tmp_path / "to", tmp_path / "new")
    with open_store(tmp_path / "new", clock=FixedClock(NOW)) as store:
        assert not store.findings
        assert offsets(store) == {0: list(range(PARTS * ROWS))}


def _decide(data: Path) -> None:
    with open_store(data, clock=FixedClock(NOW)) as store:
        line = json.dumps({"tenant": "t1", **ruling("p2", at("01-13"))}).encode()
        assert decide(store, read_commands([line], "", "", store.clock)).events


def _all() -> object:
    from opsledger.domain.dead_letters import DeadLetterFilter

    return DeadLetterFilter(tenant="t1")


def _csv(data: Path, folder: Path) -> bytes:
    from tests.e2e.conftest import Cli

    out = folder / f"{data.name}.csv"
    asked = ("--day", "2026-01-05", "--tenant", "t1", "--as-known-at", "2026-03-01T00:00", "--format", "csv", "--out", out)
    Cli(data).ok("report", "run", "traffic", *asked)
    return out.read_bytes()
