"""The commands around the gateway as a user meets them: it is found, it says who holds the directory, it is stopped."""

from __future__ import annotations

import json
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger.infra.gateway.found import PASSWORD_VARIABLE
from opsledger.infra.server import CLUSTER_VARIABLE, URL_VARIABLE
from tests.e2e.conftest import Cli
from tests.gateways import Running, running, start
from tests.ledger_samples import calls


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cli, Running, str]]:
    """A ledger with a day of calls, its traffic as told before the gateway was started, and the gateway."""
    folder = tmp_path_factory.mktemp("served")
    cli = Cli(folder / "data")
    (folder / "calls.jsonl").write_bytes(b"\n".join(calls(30)) + b"\n")
    cli.ok("ingest", folder / "calls.jsonl", "--quiet")
    moment = "2200-01-01T00:00"
    before = cli.ok("report", "run", "traffic", "--day", "2026-01-05", "--as-known-at", moment, "--format", "csv")
    with running(cli.data) as gateway:
        yield cli, gateway, before


def test_commands_find_the_gateway_and_say_the_same(served: tuple[Cli, Running, str]) -> None:
    cli, _, before = served
    asked = ("report", "run", "traffic", "--day", "2026-01-05", "--as-known-at", "2200-01-01T00:00", "--format", "csv")
    assert cli.ok(*asked) == before
    assert "30" in before
    assert "call.queued" in cli.ok("history", "call", "c1")
    assert cli("dead-letters", "list").err == "0 dead letters\n"
    assert "answer_rate" in cli.ok("metrics", "show", "answer_rate")
    assert cli("quality", "--day", "2026-01-05").code in (0, 3)


def test_the_note_is_for_this_user_alone(served: tuple[Cli, Running, str]) -> None:
    cli, gateway, _ = served
    note = cli.data / "gateway.json"
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    assert json.loads(note.read_text()).keys() == {"url", "pid", "started", "password"}
    assert json.loads(note.read_text())["pid"] == gateway.process.pid


def test_the_doctor_says_where_the_ledger_is_and_how_old_the_facts_are(served: tuple[Cli, Running, str]) -> None:
    cli, gateway, _ = served
    told = cli.ok("doctor")
    assert f"at {gateway.found.url}/default, engine " in told
    assert " s ago" in told
    assert gateway.found.password not in told


def test_a_local_import_is_refused_while_a_gateway_holds_the_directory(
    served: tuple[Cli, Running, str], tmp_path: Path
) -> None:
    cli, *_ = served
    (tmp_path / "more.jsonl").write_bytes(b"\n".join(calls(1, first=99)) + b"\n")
    said = cli("ingest", tmp_path / "more.jsonl", "--quiet")
    assert said.code == 4
    assert "a local log has one writer; stop the gateway" in said.err
    assert "nothing is known" in cli("history", "call", "c99").err


def test_a_second_gateway_is_told_who_was_first(served: tuple[Cli, Running, str]) -> None:
    cli, gateway, _ = served
    said = cli.process("gateway", "--port", "0")
    assert said.code == 4
    assert f"is in use by `opsledger gateway` (pid {gateway.process.pid}" in said.err


def test_a_port_that_is_taken_is_said_to_be(served: tuple[Cli, Running, str], tmp_path: Path) -> None:
    _, gateway, _ = served
    said = Cli(tmp_path / "data").process("gateway", "--port", gateway.found.url.rpartition(":")[2])
    assert said.code == 4
    assert "choose another (--port)" in said.err


def test_the_address_in_the_environment_goes_before_the_directory(
    served: tuple[Cli, Running, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, gateway, _ = served
    monkeypatch.setenv(URL_VARIABLE, gateway.address())
    elsewhere = Cli(tmp_path / "none")
    assert "call.queued" in elsewhere.ok("history", "call", "c1")
    monkeypatch.setenv(URL_VARIABLE, gateway.address("nowhere"))
    said = elsewhere("history", "call", "c1")
    assert (said.code, gateway.found.password in said.err) == (4, False)
    assert "there is no database 'nowhere'" in said.err
    assert not (tmp_path / "none").exists()


def test_a_password_from_the_environment_is_not_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = Cli(tmp_path / "data")
    cli.ok("init", "--tenant", "t1", "--zone", "UTC")
    gateway = start(cli.data, **{PASSWORD_VARIABLE: "from outside"})
    try:
        assert "from outside" not in (cli.data / "gateway.json").read_text()
        assert f"set {PASSWORD_VARIABLE} here, too" in cli("history", "call", "c1").err
        monkeypatch.setenv(PASSWORD_VARIABLE, "from outside")
        assert "nothing is known" in cli("history", "call", "c1").err
        monkeypatch.setenv(PASSWORD_VARIABLE, "guessed")
        assert "user or password is wrong" in cli("history", "call", "c1").err
    finally:
        assert gateway.stop(signal.SIGINT) == 0
        out = gateway.process.stdout.read().decode() if gateway.process.stdout else ""
    assert "from outside" not in out
    assert out.startswith(f"serving {cli.data} at http://127.0.0.1:")
    assert out.endswith("stopped\n")


def test_the_definitions_are_printed_for_one_server_or_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = Cli(tmp_path / "data")
    alone, clustered = cli.ok("ddl"), cli.ok("ddl", "--cluster", "main")
    assert "CREATE TABLE IF NOT EXISTS `call`\n" in alone
    assert "Replicated" not in alone
    assert "CREATE TABLE IF NOT EXISTS `call` ON CLUSTER `main`\n" in clustered
    assert "ENGINE = MergeTree" not in clustered
    monkeypatch.setenv(CLUSTER_VARIABLE, "main")
    assert cli.ok("ddl") == clustered
