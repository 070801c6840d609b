"""A data directory: made private, held by one process, of a known layout; whoever cannot have it is told why."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.directory_lock import is_held as find_held
from opsledger.infra.store import Store, open_store
from opsledger.ingest.border.judge import Border
from opsledger.ingest.by_hand import chunk_of
from tests.ledger_samples import NOW, calls, chunks, importer, spec

ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from opsledger.infra.store import open_store
store = open_store(sys.argv[1], command="opsledger ingest")
print("open", flush=True)
time.sleep(60)
"""


def opened(path: Path, **more: object) -> Store:
    return open_store(path, clock=FixedClock(NOW), **more)  # type: ignore[arg-type]  # the test names the options


def holder(path: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == b"open\n"
    return process


def test_a_new_directory_is_private(tmp_path: Path) -> None:
    with opened(tmp_path / "a" / "data"):
        assert stat.S_IMODE((tmp_path / "a" / "data").stat().st_mode) == 0o700


def test_the_engine_compiles_no_expressions(tmp_path: Path) -> None:
    """They are asked a few times each, which does not repay it; that the engine listens to its options is seen here, too."""
    asked = "SELECT name FROM system.settings WHERE name LIKE 'compile%' AND value = '1'"
    with opened(tmp_path / "data") as store:
        assert store.client.query(asked).result_rows == [("compile_regular_expressions",)]


def test_a_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    process = holder(tmp_path / "data")
    try:
        with pytest.raises(UserError, match=rf"in use by `opsledger ingest` \(pid {process.pid}, since 20.* UTC\)") as caught:
            opened(tmp_path / "data")
        assert caught.value.exit_code == EXIT_ENVIRONMENT
    finally:
        process.kill()
        process.wait()


def test_a_killed_holder_stops_nobody(tmp_path: Path) -> None:
    process = holder(tmp_path / "data")
    process.kill()
    process.wait()
    assert json.loads((tmp_path / "data" / "LOCK").read_bytes())["pid"] == process.pid
    with opened(tmp_path / "data") as store:
        assert store.log.end_offsets() == {}


def test_the_same_process_cannot_open_it_twice(tmp_path: Path) -> None:
    with opened(tmp_path / "data"), pytest.raises(UserError, match="in use by"):
        opened(tmp_path / "data")


def test_a_closed_directory_can_be_opened_again_and_closing_twice_is_harmless(tmp_path: Path) -> None:
    for _ in range(3):
        store = opened(tmp_path / "data")
        store.close()
        store.close()


def test_what_was_stored_is_there_after_closing(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as store:
        importer(store).run(chunks(calls(10)), spec())
    with opened(tmp_path / "data", read_only=True) as store:
        assert store.ledger.event_count() == 10


def test_reading_does_not_make_a_directory(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="opsledger init"):
        opened(tmp_path / "nothing", read_only=True)
    assert not (tmp_path / "nothing").exists()


def test_a_file_is_no_data_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="is a file"):
        opened(tmp_path / "file")


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear reader")
    with pytest.raises(UserError, match="holds other files"):
        opened(tmp_path)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["letters.txt"]


def test_a_directory_whose_making_was_cut_short_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "LOCK").touch()
    (tmp_path / "layout.new").write_text("{")
    with opened(tmp_path) as store:
        assert store.ledger.event_count() == 0


def test_another_layout_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path / "data"):
        pass
    (tmp_path / "data" / "layout.json").write_text('{"layout": 99}')
    with pytest.raises(UserError, match="layout 99"):
        opened(tmp_path / "data")
    (tmp_path / "data" / "layout.json").write_text("rubbish")
    with pytest.raises(UserError, match="damaged"):
        opened(tmp_path / "data")


def test_passing_files_stay_inside_the_directory_and_are_cleared(tmp_path: Path) -> None:
    before = tempfile.gettempdir()
    with opened(tmp_path / "data"):
        assert Path(tempfile.gettempdir()) == tmp_path / "data" / "tmp"
        (tmp_path / "data" / "tmp" / "left.raw").write_bytes(b"from a killed import")
    assert tempfile.gettempdir() == before
    with opened(tmp_path / "data"):
        assert not list((tmp_path / "data" / "tmp").iterdir())


def test_a_ledger_of_an_earlier_version_gets_the_fields_declared_since(tmp_path: Path) -> None:
    """Negative control: without the new statement the column stays away, and an event that has the field cannot be stored."""
    with opened(tmp_path) as store:
        store.client.command("ALTER TABLE tenant DROP COLUMN seats")
        store.client.command("ALTER TABLE tenant DROP COLUMN currency")
    (tmp_path / "tables.sha256").write_text("of an earlier version")
    with opened(tmp_path) as store:
        line = (
            b'{"type":"tenant.configured","specversion":"1.0","id":"5b6ac0c6-7d5c-4a7d-9d51-1f6d3c1a0001","source":"s",'
            b'"subject":"t","time":"2026-01-01T00:00:00Z","tenant":"t","data":{"zone":"UTC",'
            b'"effective_from":"2026-01-01T00:00:00Z","seats":7,"currency":"CNY"}}'
        )
        result = importer(store).run(chunk_of(line, Border(store.clock)), spec())
        assert (result.tally.accepted, result.problem) == (1, None)
        rows = store.client.query("SELECT seats, currency, zone FROM tenant_once").result_rows
    assert rows == [(7, "CNY", "UTC")]


@pytest.mark.parametrize("before", [0o755, 0o750, 0o707, 0o777])
def test_a_directory_that_others_can_read_is_taken_from_them_with_a_word(
    tmp_path: Path, before: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """One that was there before, empty; then one of old, with a ledger in it."""
    data = tmp_path / "data"
    data.mkdir()
    for _ in range(2):
        data.chmod(before)
        with opened(data):
            assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert f"other users could read {data} (rights {before:04o}); they are 0700 now" in capfd.readouterr().err
    with opened(data):
        pass
    assert capfd.readouterr().err == ""


def test_a_folder_that_is_no_ledger_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "letters.txt").write_text("dear reader")
    with pytest.raises(UserError, match="holds other files"):
        opened(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


_AS_ANOTHER = """
import os, sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from opsledger.domain.errors import UserError
from opsledger.infra.data_directory import Folder
os.setgroups([])
os.setgid(12345)
os.setuid(12345)
try:
    Folder(Path(sys.argv[1])).made()
except UserError as error:
    print(error.exit_code, error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_directory_that_cannot_be_taken_from_others_is_refused() -> None:
    """It is another user's, who lets all in."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        Path(folder).chmod(0o755)
        data.mkdir()
        data.chmod(0o777)
        command = [sys.executable, "-c", _AS_ANOTHER, str(data), *sys.path]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert stat.S_IMODE(data.stat().st_mode) == 0o777
    assert said.startswith(f"{EXIT_ENVIRONMENT} other users can read {data} (rights 0777), and this user cannot change that")
    assert f"chmod 700 {data}" in said


LOST = r"is in use by another process \(pid %d\); the LOCK file that says by which command was deleted while it was held"


def test_a_lock_that_was_deleted_while_it_was_held_is_told_for_what_it_is(tmp_path: Path) -> None:
    """Also to the third; and once the holder is gone, the directory can be had."""
    data = tmp_path / "data"
    process = holder(data)
    try:
        for _ in range(2):
            (data / "LOCK").unlink()
            with pytest.raises(UserError, match=LOST % process.pid) as caught:
                opened(data)
            assert caught.value.exit_code == EXIT_ENVIRONMENT
        assert find_held(data)
    finally:
        process.kill()
        process.wait()
    with opened(data) as store:
        assert store.ledger.event_count() == 0


ENGINE_ALONE = """
import sys, time
import chdb.session
session = chdb.session.Session(sys.argv[1])
print("open", flush=True)
time.sleep(60)
"""


def test_an_engine_that_another_program_has_opened_is_told_too(tmp_path: Path) -> None:
    """As an older version does whose LOCK was deleted: it does not lock the folder."""
    data = tmp_path / "data"
    with opened(data):
        pass
    command = [sys.executable, "-c", ENGINE_ALONE, str(data / "engine")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        said = subprocess.run([sys.executable, "-c", HOLD, str(data)], capture_output=True, text=True, cwd=ROOT, check=False)
    finally:
        process.kill()
        process.wait()
    assert f"UserError: data directory {data} is in use by another process (pid {process.pid})" in said.stderr
