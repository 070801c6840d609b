"""kill -9 of ``opsledger kafka publish`` at any moment: the next run completes the copy, and nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.infra.store import open_store
from opsledger.ingest.log.kafka import KafkaLog
from tests.chaos.test_kill_import import ROOT
from tests.integration.log_port_suite import whole
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import NOW, calls, line, tables
from tests.new_ledger import new_ledger

pytestmark = pytest.mark.chaos
EVENTS = 150_000


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """More events than one batch of a copy."""
    with open_store(new_ledger(tmp_path / "data"), clock=FixedClock(NOW)) as store:
        few = tables(calls(3_000))
        for _ in range(EVENTS // 3_000):
            store.log.append(few)  # the log looks at no ids: each has many places
        store.log.append(tables([line(f"x{n}", type_="fault.raised", data=FAULT) for n in range(50)]))
    return tmp_path / "data"


FAULT = {"system": "ivr", "kind": "outage", "severity": "major"}


def started(ledger: Path, place: TestKafka) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "opsledger.infra.cli", "--data", str(ledger), "kafka", "publish", "--quiet"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, **place.environ})


def killed_when(ledger: Path, place: TestKafka, log: KafkaLog, on_kafka: int) -> int:
    """Run the command and kill it when so much is on Kafka; how much there is then."""
    process = started(ledger, place)
    while process.poll() is None and sum(log.end_offsets().values()) < on_kafka:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it came to its end and was not killed"
    return sum(log.end_offsets().values())


def test_a_copy_killed_again_and_again_is_completed_and_nothing_is_twice(ledger: Path, kafka: TestKafka) -> None:
    make_topics(kafka.settings)
    chance, there = random.Random(5), 0
    print("seed 5")
    with open_log(kafka.settings) as log:
        for _ in range(3):
            there = killed_when(ledger, kafka, log, there + chance.randint(1, EVENTS // 6))
            print("on Kafka after a death:", there)
        process = started(ledger, kafka)
        out, _ = process.communicate()
        assert process.returncode == 0
        assert f"{EVENTS + 50:,} records are on Kafka, each compared" in out
        copied = Counter(record.value for stream in ("call", "fault") for record in whole(log, stream))
    assert set(copied.values()) == {1, EVENTS // 3_000}
    assert copied.total() == EVENTS + 50
