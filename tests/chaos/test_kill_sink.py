"""kill -9 at any point of the sink: a restart goes on where the ledger ends; log = ledger + dead letters, nothing twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.store import open_store
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import NOW, calls, line, tables
from tests.new_ledger import new_ledger
from tests.sink_scene import check_exact, produce

pytestmark = pytest.mark.chaos
ROOT = Path(__file__).parents[2]
CALLS = 2_000
REPEATED = 300
BROKEN = 20
FAULT = {"system": "ivr", "kind": "outage", "severity": "major"}


@pytest.fixture
def kafka_log(kafka: TestKafka) -> TestKafka:
    """A log with calls, faults, events that come twice, and messages that are none."""
    make_topics(kafka.settings)
    chance = random.Random(7)
    lines = calls(CALLS) + [line(f"f{n}", type_="fault.raised", data=FAULT) for n in range(CALLS // 20)]
    lines += chance.sample(lines, REPEATED)
    with open_log(kafka.settings) as log:
        for start in range(0, len(lines), 250):
            log.append(tables(lines[start : start + 250]))
            broken = [{"topic": kafka.settings.topics.of("call"), "value": b"broken", "key": b"x", "partition": start % 6}]
            produce(kafka.settings, broken * (BROKEN // 10))
    return kafka


def child(data: Path, kafka: TestKafka, *options: str, kill_after_s: float | None = None) -> list[dict[str, Any]]:
    """Run a sink in a child, killed after a while or by itself; what it said. The first finds an empty ledger."""
    if not data.exists():
        new_ledger(data)
    command = [sys.executable, "-m", "tests.chaos.sink_child", str(data), *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ | dict(kafka.environ))
    assert process.stdout is not None
    said = [process.stdout.readline()]  # "opened": from here on the time runs
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        process.kill()
    said += process.stdout.readlines()
    process.wait()
    return [json.loads(text) for text in said if text.endswith(b"\n")]


def completed(data: Path, kafka: TestKafka) -> None:
    said = child(data, kafka)
    assert said[-1] == {"ended": True}, said[-3:]


def check(data: Path, settings: KafkaSettings) -> None:
    with open_store(data, clock=FixedClock(NOW)) as store:
        found = check_exact(store, settings)
        assert found.rows == CALLS + CALLS // 20 + REPEATED
        once = "SELECT (SELECT count() FROM call_once) + (SELECT count() FROM fault_once)"
        assert store.client.command(once) == CALLS + CALLS // 20


POINTS = [
    *("before-insert:1", "before-insert:4", "during-insert:2", "during-insert:5"),
    *("after-insert:1", "after-insert:4", "before-dead:3", "after-dead:3"),
]


@pytest.mark.parametrize("point", POINTS)
def test_a_sink_killed_at_a_point_goes_on_where_the_ledger_ends(point: str, kafka_log: TestKafka, tmp_path: Path) -> None:
    said = child(tmp_path / "data", kafka_log, f"kill={point}")
    assert {"ended": True} not in said, "the child came to its end and was not killed"
    completed(tmp_path / "data", kafka_log)
    check(tmp_path / "data", kafka_log.settings)


def test_a_sink_killed_again_and_again_comes_to_the_same_end(kafka_log: TestKafka, tmp_path: Path) -> None:
    chance = random.Random(seed := 21)
    print(f"seed {seed}")
    for _ in range(5):
        child(tmp_path / "data", kafka_log, kill_after_s=chance.uniform(0.2, 2.5))
    completed(tmp_path / "data", kafka_log)
    check(tmp_path / "data", kafka_log.settings)


def test_the_check_sees_a_sink_that_does_not_ask_the_ledger(kafka_log: TestKafka, tmp_path: Path) -> None:
    """Negative control: without the look at the ledger the restart stores again what is stored."""
    child(tmp_path / "data", kafka_log, "kill=after-insert:4")
    child(tmp_path / "data", kafka_log, "blind")
    with pytest.raises(AssertionError, match="stored more than once"):
        check(tmp_path / "data", kafka_log.settings)


@pytest.fixture
def following(kafka_log: TestKafka, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.chaos.sink_child", str(tmp_path / "data"), "follow"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ | dict(kafka_log.environ))
    yield process
    process.kill()
    process.wait()


def test_a_sink_that_is_asked_to_stop_stores_what_it_has_and_ends(
    following: subprocess.Popen[bytes], kafka_log: TestKafka, tmp_path: Path
) -> None:
    assert following.stdout is not None
    for text in following.stdout:
        if json.loads(text).get("accepted", 0) > 0:
            break
    following.send_signal(signal.SIGTERM)
    said = [json.loads(text) for text in following.stdout]
    assert (following.wait(), said[-1]) == (0, {"ended": True})
    with open_store(tmp_path / "data", clock=FixedClock(NOW)) as store:
        stored = store.client.command("SELECT (SELECT count() FROM call) + (SELECT count() FROM fault)")
        letters = store.client.command("SELECT count() FROM dead_letters")
        assert said[-2]["read"] == stored + letters
    completed(tmp_path / "data", kafka_log)
    check(tmp_path / "data", kafka_log.settings)
