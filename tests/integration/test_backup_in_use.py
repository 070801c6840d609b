"""Backups while others work: a gateway, the HTTP ingest and a followed file go on; what is restored is a whole prefix."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock, SystemClock
from opsledger.domain.errors import EXIT_ENVIRONMENT, EXIT_INCOMPLETE, UserError
from opsledger.infra.backup import holder as holding
from opsledger.infra.backup.freeze import SHADOW
from opsledger.infra.backup.holder import SOCKET
from opsledger.infra.data_directory import Folder
from opsledger.infra.serve.keys import FILE, Keys
from opsledger.infra.store import open_store
from tests.backup_scene import backed_up, filled, is_prefix, offsets, reports, restored, undecided
from tests.desk_samples import NOW
from tests.e2e.test_follow_command import place_of, started, wait_for
from tests.gateways import running
from tests.http_server import OWNER, Client, start
from tests.integration.test_data_directory import holder
from tests.ledger_samples import calls, line, tables
from tests.new_ledger import new_ledger


def asked(data: Path, text: bytes) -> dict[str, str]:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(data / SOCKET))
        asking.sendall(text)
        told: dict[str, str] = json.loads(asking.recv(4096))
        return told


def _is_of_calls(columns: Path) -> bool:
    return "`hotline`" in columns.read_text()


def test_a_gateway_goes_on_and_freezes_for_this_user_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    filled(data)
    before = reports(data, tmp_path / "before", ["complaints.csv"])
    with running(data) as gateway:
        assert stat.S_IMODE((data / SOCKET).stat().st_mode) == 0o600
        for said in (b'{"freeze": "../../x"}\n', b'{"freeze": 1}\n', b'{"drop": "call"}\n', b"[]\n", b"nonsense\n"):
            assert asked(data, said) == {"error": "nothing but to freeze is done for those who ask here"}
        made = backed_up(data, tmp_path / "to")
        assert gateway.client().command("SELECT count() FROM call") == made.index.rows["call"]
        assert [path.name for path in (data / "engine" / SHADOW).iterdir() if path.is_dir()] == []
        part = next(path for path in sorted((data / "engine" / "store").rglob("all_*/columns.txt")) if _is_of_calls(path))
        part.write_bytes(b"")
        with pytest.raises(UserError, match=r"is damaged: a part cannot be read") as caught:
            backed_up(data, tmp_path / "to")
        assert caught.value.exit_code == EXIT_INCOMPLETE
        (data / SOCKET).unlink()  # the control: of one that cannot be asked nothing is frozen
        with pytest.raises(UserError, match=r"in use by `opsledger gateway` .*A backup can be asked of") as caught:
            backed_up(data, tmp_path / "to")
        assert caught.value.exit_code == EXIT_ENVIRONMENT
        assert gateway.stop() == 0
    restored(made.path, tmp_path / "new")
    assert reports(tmp_path / "new", tmp_path / "after", ["complaints.csv"]) == before
    with open_store(tmp_path / "new", clock=FixedClock(NOW)) as store:
        assert undecided(store) == set()


def test_a_holder_that_cannot_be_asked_is_waited_for(tmp_path: Path) -> None:
    data = new_ledger(tmp_path / "data")
    process = holder(data)
    try:
        with pytest.raises(UserError, match=rf"in use by `opsledger ingest` \(pid {process.pid}.*has waited 0 s"):
            backed_up(data, tmp_path / "to")
        ending = threading.Timer(1.0, process.kill)
        ending.start()
        assert backed_up(data, tmp_path / "to", wait_s=60).path.is_dir()
    finally:
        process.kill()
        process.wait()
    assert sorted(path.name for path in (tmp_path / "to").iterdir())[-1] == "backups.lock"


def test_what_is_sent_over_http_meanwhile_is_in_a_backup_up_to_a_place(tmp_path: Path) -> None:
    data = tmp_path / "data"
    Folder(data).made()
    key, stop, acknowledged = Keys(data / FILE, SystemClock()).add(OWNER), threading.Event(), []
    process = start(data)

    def send() -> None:
        client, number = Client(process.url, key), 0
        while not stop.is_set():
            sent = [line(f"n{number}-{each}", at_s=number) for each in range(20)]
            assert client.batch(sent).status == 200
            acknowledged.append(number := number + 1)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        sure, backups = [], []
        for _ in range(2):
            seen = len(acknowledged)
            while len(acknowledged) < seen + 3:
                time.sleep(0.01)
            sure.append(20 * len(acknowledged))
            backups.append(backed_up(data, tmp_path / "to"))
    finally:
        stop.set()
        sender.join()
        assert process.stop() == 0
    assert backups[0].index.rows["call"] < backups[1].index.rows["call"] <= 20 * len(acknowledged)
    for number, (least, made) in enumerate(zip(sure, backups, strict=True)):
        restored(made.path, tmp_path / f"new{number}")
        with open_store(tmp_path / f"new{number}", clock=FixedClock(NOW)) as store:
            found = offsets(store)[0]
            assert is_prefix(found)
            assert len(found) >= least, "what was acknowledged before the backup is in it"
            (span,) = store.log.append(tables(calls(1)))
            assert span.first == len(found)
    assert not is_prefix([*found[:3], *found[4:]])  # the control of the comparison
    assert not is_prefix([*found, found[-1]])


def test_a_followed_file_goes_on_where_the_restored_ledger_was(tmp_path: Path) -> None:
    path, data = tmp_path / "in.jsonl", tmp_path / "data"
    path.write_bytes(b"".join(event + b"\n" for event in calls(5)))
    process = started(path, OPSLEDGER_DATA=str(data))
    wait_for(lambda: '"read":5' in place_of(data / "follow"))
    made = backed_up(data, tmp_path / "to")
    with path.open("ab") as file:
        file.write(b"".join(event + b"\n" for event in calls(2, first=5)))
    wait_for(lambda: '"read":7' in place_of(data / "follow"))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    shutil.rmtree(data)
    restored(made.path, data)
    process = started(path, OPSLEDGER_DATA=str(data))
    wait_for(lambda: '"read":7' in place_of(data / "follow"))
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert "read 2 = accepted 2 + duplicate 0 + dead 0" in out, err
    with open_store(data, clock=FixedClock(NOW)) as store:
        assert offsets(store) == {0: list(range(7))}


def test_a_data_directory_of_a_long_path_is_asked_too(tmp_path: Path) -> None:
    data = tmp_path / ("d" * 90) / "data"
    data.parent.mkdir()
    new_ledger(data)
    with open_store(data, clock=FixedClock(NOW)) as store:
        store.log.append(tables(calls(2)))
        name = "opsledger_backup_0123456789abcdef"
        with holding.answering(store):
            assert holding.ask(data, name)
        assert list((data / "engine" / SHADOW / name).rglob("all_*/count.txt"))
        assert not (data / SOCKET).exists()
        assert not holding.ask(data, name)


def test_two_backups_of_one_directory_do_not_disturb_each_other(tmp_path: Path) -> None:
    data = new_ledger(tmp_path / "data")
    with open_store(data, clock=FixedClock(NOW)) as store:
        store.log.append(tables(calls(2)))
    code = (
        "import sys; from pathlib import Path; from opsledger.domain.clock import SystemClock\n"
        "from opsledger.infra.backup.frozen import frozen\n"
        "with frozen(Path(sys.argv[1]), SystemClock(), 0): print('frozen', flush=True); sys.stdin.read()"
    )
    command, root = [sys.executable, "-c", code, str(data)], Path(__file__).parents[2]
    first = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert first.stdout is not None
    assert first.stdout.readline() == b"frozen\n"
    with pytest.raises(UserError, match=r"another backup of .* is at work"):
        backed_up(data, tmp_path / "to")
    first.kill()
    first.wait()
    left = [path for path in (data / "engine" / SHADOW).iterdir() if path.is_dir()]
    assert len(left) == 1
    backed_up(data, tmp_path / "to")
    assert not left[0].exists()
