"""``opsledger sink`` as a user meets it: counts, exit codes, what it says where something is missing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from opsledger.domain.errors import EXIT_INCOMPLETE, EXIT_USAGE
from opsledger.infra.cli.main import run
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import calls, tables
from tests.sink_scene import message, produce

ROOT = Path(__file__).parents[2]


@pytest.fixture
def log(kafka: TestKafka, monkeypatch: pytest.MonkeyPatch) -> TestKafka:
    make_topics(kafka.settings)
    with open_log(kafka.settings) as opened:
        opened.append(tables(calls(120)))
    for name, value in kafka.environ.items():
        monkeypatch.setenv(name, value)
    return kafka


def test_a_drain_prints_what_became_of_every_message(log: TestKafka, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--data", str(tmp_path / "d"), "sink", "--until-end"]) == 0
    told = capfd.readouterr().out
    assert f"{log.prefix}.call: read 120 = accepted 120 + duplicate 0 + dead 0" in told
    assert "facts: live, 120 new events" in told
    produce(log.settings, [{"topic": log.settings.topics.of("call"), **message(b"broken")}])
    assert run(["--data", str(tmp_path / "d"), "sink", "--until-end", "--quiet"]) == EXIT_INCOMPLETE
    told = capfd.readouterr().out
    assert "sink: read 1 = accepted 0 + duplicate 0 + dead 1" in told
    assert run(["--data", str(tmp_path / "d"), "dead-letters", "list"]) == 0
    assert "not_json" in capfd.readouterr().out
    assert run(["--data", str(tmp_path / "d"), "report", "run", "traffic", "--day", "2026-01-05", "--tenant", "t1"]) == 0


def test_without_a_kafka_it_says_what_to_set(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS", raising=False)
    assert run(["--data", str(tmp_path / "d"), "sink"]) == EXIT_USAGE
    assert "OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS" in capfd.readouterr().err


def test_topics_that_are_missing_are_told(
    kafka: TestKafka, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in kafka.environ.items():
        monkeypatch.setenv(name, value)
    assert run(["--data", str(tmp_path / "d"), "sink"]) == EXIT_USAGE
    assert "opsledger kafka init" in capfd.readouterr().err


def test_it_follows_the_log_until_it_is_stopped_and_answers_meanwhile(log: TestKafka, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "opsledger.infra.cli", "--data", str(tmp_path / "d"), "sink", "--metrics-port", "0"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | dict(log.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        address = next(found[0] for text in process.stderr if (found := re.search(r"http://\S+", text)))
        accepted = f'opsledger_sink_messages_total{{end="accepted",topic="{log.prefix}.call"}} 120.0'
        while accepted not in urllib.request.urlopen(address).read().decode():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "sink: read 120 = accepted 120" in out
