"""``opsledger serve`` as a user meets it: what it says, what it warns of, what it cannot do, how it ends."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from opsledger.domain.clock import SystemClock
from opsledger.infra.cli.main import run
from opsledger.infra.serve.keys import FILE, Keys
from tests.http_server import OWNER, Client, running
from tests.ledger_samples import line


def test_it_says_where_it_is_and_what_is_missing_and_ends_in_good_order(tmp_path: Path) -> None:
    with running(tmp_path / "data") as process:
        client = Client(process.url, Keys(tmp_path / "data" / FILE, SystemClock()).add(OWNER))
        assert client.post(line("a")).status == 200
        assert process.stop(signal.SIGTERM) == 0
    said = "".join(process.said)
    assert f"into the data directory {tmp_path / 'data'}; what can be sent: {process.url}/docs" in said
    assert "nobody can send yet: opsledger keys add" in said
    assert "warning" not in said
    assert said.endswith("stopped; read 1 = accepted 1 + duplicate 0 + dead 0\n")


def test_it_warns_where_keys_could_be_read_on_the_way(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--host", "0.0.0.0") as process:
        assert process.stop(signal.SIGINT) == 0
    assert "without TLS keys can be read on the way" in "".join(process.said)


def test_a_port_that_is_taken_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["--data", str(tmp_path / "data"), "serve", "--port", str(port)]) == 4
    assert f"127.0.0.1:{port} cannot be had" in capsys.readouterr().err


def test_a_directory_in_use_and_a_kafka_that_is_away_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "data"):
        assert run(["--data", str(tmp_path / "data"), "serve", "--port", "0"]) == 4
        assert "in use by `opsledger serve`" in capsys.readouterr().err
    monkeypatch.setenv("OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    assert run(["--data", str(tmp_path / "data"), "serve", "--port", "0"]) == 4
    assert "Kafka at 127.0.0.1:1: nothing answers" in capsys.readouterr().err
