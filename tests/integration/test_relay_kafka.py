"""Decisions on Kafka: relayed once however often it is run or killed, decided only on what the ledger has caught up with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from opsledger.infra.decision_store import VARIABLE
from tests.integration.log_port_suite import whole
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import line

ROOT = Path(__file__).parents[2]
SIGN = ["--actor", "ann", "--terms", str(ROOT / "examples/contracts/outsourced-desk.yaml"), "--set", "vendor=v1"]
SIGN += ["--set", "effective_from=2026-01-01T00:00:00+08:00", "--tenant", "t1"]
_KILLED = """
import os, sys
from opsledger.infra.cli.main import main
from opsledger.ingest.relay import FilePlace
FilePlace.save = lambda self, position: os.kill(os.getpid(), 9)
main(sys.argv[1:])
"""


class Desk:
    """Commands on one data directory, with the log on a test's own Kafka."""

    def __init__(self, kafka: TestKafka, data: Path, **environ: str) -> None:
        make_topics(kafka.settings, partitions=2)
        self.kafka, self.data = kafka, data
        self.environ = {**os.environ, **kafka.environ, **environ, "OPSLEDGER_DATA": str(data)}

    def command(self, *words: str, code: str = "") -> subprocess.CompletedProcess[str]:
        how = ["-c", code] if code else ["-m", "opsledger.infra.cli"]
        return subprocess.run(
            [sys.executable, *how, *words], cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False
        )

    def local(self, *words: str) -> None:
        """With the log in the data directory: decided, and relayed there."""
        without = {name: value for name, value in self.environ.items() if "KAFKA" not in name}
        subprocess.run([sys.executable, "-m", "opsledger.infra.cli", *words], cwd=ROOT, env=without, check=True)

    def logged(self, stream: str) -> list[tuple[str, str]]:
        """(subject, event id) of a stream's topic."""
        with open_log(self.kafka.settings) as log:
            found = [json.loads(record.value) for record in whole(log, stream)]
        return [(event["subject"], event["id"]) for event in found]


@pytest.fixture
def desk(kafka: TestKafka, tmp_path: Path) -> Desk:
    return Desk(kafka, tmp_path / "data")


def test_what_is_decided_is_on_kafka_and_a_second_relay_adds_nothing(desk: Desk) -> None:
    done = desk.command("decide", "contract.sign", "desk", *SIGN)
    assert done.returncode == 0, done.stderr
    assert [subject for subject, _ in desk.logged("contract")] == ["desk"]
    assert "relayed 0 decisions" in desk.command("relay").stdout
    assert len(desk.logged("contract")) == 1


@pytest.mark.chaos
def test_a_relay_killed_between_append_and_save_brings_the_same_ids_again(desk: Desk) -> None:
    desk.local("decide", "contract.sign", "desk", *SIGN)  # decided before the log was on Kafka
    assert desk.command("relay", code=_KILLED).returncode == -signal.SIGKILL
    assert "relayed 1 decisions" in desk.command("relay").stdout
    twice = desk.logged("contract")
    assert len(twice) == 2
    assert len(set(twice)) == 1


def test_a_relay_in_postgres_follows_what_others_decide_until_it_is_stopped(
    kafka: TestKafka, tmp_path: Path, decisions_url: str
) -> None:
    mine, others = (tmp_path / name for name in ("mine", "others"))
    desk = Desk(kafka, mine, **{VARIABLE: decisions_url})
    words = [sys.executable, "-m", "opsledger.infra.cli", "relay", "--follow", "--poll", "0.1"]
    relay = subprocess.Popen(words, cwd=ROOT, env=desk.environ, stdout=subprocess.PIPE, text=True)
    try:
        desk.data, desk.environ["OPSLEDGER_DATA"] = others, str(others)
        desk.local("decide", "contract.sign", "desk", *SIGN)  # elsewhere, where nobody knows of Kafka
        until = time.monotonic() + 60
        while not desk.logged("contract"):
            assert time.monotonic() < until, "it never came"
            time.sleep(0.2)
    finally:
        relay.terminate()
    assert "relayed 1 decisions" in relay.communicate(timeout=60)[0]
    assert [subject for subject, _ in desk.logged("contract")] == ["desk"]


def test_nothing_is_decided_about_what_the_ledger_does_not_know_yet(desk: Desk, tmp_path: Path) -> None:
    complaint = {"channel": "phone", "business": "desk", "content": "rude", "internal": False}
    filed = line("f", subject="cp-1", type_="complaint.filed", data=complaint)
    (tmp_path / "in.jsonl").write_bytes(filed + b"\n")
    told = desk.command("ingest", str(tmp_path / "in.jsonl"), "--tenant", "t1", "--quiet")
    assert told.returncode == 0, told.stdout + told.stderr
    judge = ["decide", "complaint.adjudicate", "cp-1", "--actor", "judge", "--tenant", "t1"]
    judge += ["--set", "liable=true", "--set", "severity=minor", "--set", "reason=rude"]
    behind = desk.command(*judge)
    assert behind.returncode == 4
    assert "is behind the log" in behind.stderr
    assert "opsledger sink" in behind.stderr
    assert len(desk.logged("complaint")) == 1
    sunk = desk.command("sink", "--until-end", "--quiet")
    assert sunk.returncode == 0, sunk.stderr
    done = desk.command(*judge)
    assert done.returncode == 0, done.stderr
    assert len(desk.logged("complaint")) == 2
