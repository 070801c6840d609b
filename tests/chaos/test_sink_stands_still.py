"""A sink that cannot read says so on the terminal, in metrics and health; a signal ends it whatever its client does."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from opsledger.infra.kafka.local.cluster import Cluster
from tests.kafka_cluster import TestKafka, place_on
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import calls, tables
from tests.sink_scene import until

pytestmark = [pytest.mark.chaos, pytest.mark.local_kafka]
ROOT = Path(__file__).parents[2]


@contextmanager
def at_work(module: str, kafka: TestKafka, folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process, and the file that has what it says."""
    said = folder / "said.txt"
    with said.open("w") as file:
        command = [sys.executable, "-m", module, *options]
        process = subprocess.Popen(command, stderr=file, stdout=file, cwd=ROOT, env=os.environ | dict(kafka.environ), text=True)
    try:
        yield process, said
    finally:
        process.kill()
        process.wait(30)


def answer(said: Path, path: str) -> str:
    port = re.findall(r"http://127.0.0.1:(\d+)/metrics", said.read_text())[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as told:
        return str(told.read().decode())


def troubled(said: Path) -> bool:
    return "opsledger_sink_troubled 1.0" in answer(said, "/metrics")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_sink_whose_client_spins(kafka: TestKafka, tmp_path: Path, number: signal.Signals) -> None:
    make_topics(kafka.settings)
    with at_work("tests.chaos.spinning_child", kafka, tmp_path, str(tmp_path / "d")) as (process, said):
        until(lambda: "sink: troubled: reading the log: Kafka's client has not come back" in said.read_text())
        assert troubled(said)
        health = json.loads(answer(said, "/healthz"))
        assert (health["troubled"], "has not come back" in health["problem"]) == (True, True)
        process.send_signal(number)
        assert process.wait(60) == 0
        assert "left before all was done: reading the log: the client has not come back" in said.read_text()


def test_a_sink_that_calls_its_client_itself_would_hear_none(kafka: TestKafka, tmp_path: Path) -> None:
    """Negative control."""
    make_topics(kafka.settings)
    with at_work("tests.chaos.spinning_child", kafka, tmp_path, str(tmp_path / "d"), "bare") as (process, said):
        until(lambda: "spins" in said.read_text())
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(10)
        assert "troubled" not in said.read_text()


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker of this module's own, to be killed."""
    cluster = Cluster(tmp_path_factory.mktemp("lone") / "cluster", 1)
    try:
        cluster.up()
        yield cluster
    finally:
        cluster.down(delete=True)


def test_a_broker_that_is_away_is_told_and_when_it_is_back_all_goes_on(lone: Cluster, tmp_path: Path) -> None:
    kafka = place_on(lone)
    make_topics(kafka.settings)
    with open_log(kafka.settings) as log:
        log.append(tables(calls(30)))
    options = ("--data", str(tmp_path / "d"), "sink", "--quiet", "--metrics-port", "0")
    with at_work("opsledger.infra.cli", kafka, tmp_path, *options) as (process, said):
        until(lambda: "metrics: " in said.read_text() and 'end="accepted",topic="' in answer(said, "/metrics"))
        assert not troubled(said)
        lone.kill(1)
        until(lambda: "which leads it, does not answer" in said.read_text())
        assert troubled(said)
        assert json.loads(answer(said, "/healthz"))["stuck"]
        lone.up()
        until(lambda: not troubled(said))
        assert "sink: no longer troubled: reading" in said.read_text()
        lone.kill(1)
        until(lambda: troubled(said))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, said.read_text()
    lone.up()
