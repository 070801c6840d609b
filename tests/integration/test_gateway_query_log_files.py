"""The files of the query log and the table made of them: they outlive a kill, turn over, and hold what they say they hold."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from opsledger.domain.clock import SystemClock
from opsledger.infra.gateway.engine import Engine
from opsledger.infra.gateway.errors import AUTHENTICATION_FAILED, refused
from opsledger.infra.gateway.query_log import FOLDER, LOGINS_A_SECOND, LoggedQuery, QueryLog
from opsledger.infra.gateway.serve import ENGINE_SETTINGS
from opsledger.infra.store import engine_address, open_embedded
from tests.gateway_scene import make_users
from tests.gateways import running, start


def _lines(root: Path) -> list[dict[str, Any]]:
    files = sorted((root / FOLDER).iterdir())
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_lines_outlive_a_kill_and_half_a_line_is_none(tmp_path: Path) -> None:
    root = tmp_path / "data"
    gateway = start(root)
    logins = make_users(root)
    asked = [str(uuid4()) for _ in range(5)]
    for query_id in asked:
        assert gateway.ask("SELECT 1", headers=logins["reader"], query_id=query_id).status == 200
    gateway.stop(signal.SIGKILL)
    assert [line["query_id"] for line in _lines(root)] == asked
    (file,) = (root / FOLDER).iterdir()
    halves = (b'{"at":"2026-01-05 09:00:00.000","user":"half', b'{"at":"2026-01-05 09:00:00.000","user":"half\\"}', b"\0" * 50)
    for half in halves:
        file.write_bytes(file.read_bytes() + half + b"\n")
    file.write_bytes(file.read_bytes() + halves[0])
    with running(root) as second:
        assert second.ask("SELECT 1", headers=logins["reader"], query_id="next").status == 200
        told = second.ask("SELECT query_id FROM gateway_log.query_log ORDER BY at, query_id", headers=logins["auditor"])
        assert told.text.split() == [*asked, "next"]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_embedded(tmp_path / "data", clock=SystemClock()):
        found = Engine(engine_address(tmp_path / "data"), ENGINE_SETTINGS)
        yield found
        found.close()


def _entry(number: int) -> LoggedQuery:
    return LoggedQuery(f"2026-01-05 09:00:{number % 60:02d}.000", "u", "reader", "", "k", "", number, query_id=f"q{number}")


def _there(engine: Engine) -> list[str]:
    with engine.handle() as handle:
        return handle.text("SELECT query_id FROM gateway_log.query_log ORDER BY ms").split()


def test_files_turn_over_and_rows_of_those_that_go_leave_the_table(tmp_path: Path, engine: Engine) -> None:
    size = 700
    log = QueryLog(tmp_path, engine, file_bytes=size, files=3)
    for number in range(10, 40):
        log.write(_entry(number))
        if number % 5 == 0:
            log.load()
            assert _there(engine) == [line["query_id"] for line in _lines(tmp_path)]
    files = sorted((tmp_path / FOLDER).iterdir())
    assert len(files) == 3
    assert all(file.stat().st_size < size + 300 for file in files)
    kept = [line["query_id"] for line in _lines(tmp_path)]
    assert kept == [f"q{number}" for number in range(40 - len(kept), 40)]
    assert 4 <= len(kept) < 30
    log.close()
    again = QueryLog(tmp_path, engine, file_bytes=size, files=3)
    again.load()
    assert _there(engine) == kept
    again.close()


def test_a_closed_log_writes_into_nothing(tmp_path: Path, engine: Engine) -> None:
    log = QueryLog(tmp_path, engine)
    log.write(_entry(1))
    log.close()
    other = (tmp_path / "other").open("w+b")  # it gets the number that the log's file had
    log.write(_entry(2))
    assert [line["query_id"] for line in _lines(tmp_path)] == ["q1"]
    other.seek(0)
    assert other.read() == b""
    other.close()


def test_of_very_many_failed_logins_some_get_a_line_and_the_others_are_counted(tmp_path: Path, engine: Engine) -> None:
    log, failed = QueryLog(tmp_path, engine), refused(AUTHENTICATION_FAILED, "m: no")
    began = time.monotonic()
    for _ in range(5_000):
        log.login_refused("m", failed)
    most = (time.monotonic() - began + 1) * LOGINS_A_SECOND + 1
    told = [line for line in _lines(tmp_path) if line["user"] == "m"]
    assert LOGINS_A_SECOND <= len(told) <= most
    log.load()
    counted = [line["why"].split()[0] for line in _lines(tmp_path) if not line["user"]]
    assert len(told) + sum(int(count.replace(",", "")) for count in counted) == 5_000
    log.close()
