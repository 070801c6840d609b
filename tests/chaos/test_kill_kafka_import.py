"""kill -9 at any point of an import into Kafka: what was reported is on Kafka, and after a second run nothing is missing.

What is there twice has one event id and one content: the sink takes it once.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from opsledger.ingest.log.beside import letters_of
from opsledger.ingest.log.fetched import Fetched
from tests.chaos.test_kill_import import ROOT, records
from tests.integration.log_port_suite import whole
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return records(3)


@pytest.fixture
def file(lines: list[bytes], tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\n".join(lines))
    return path


@pytest.fixture
def place(kafka: TestKafka) -> TestKafka:
    make_topics(kafka.settings, partitions=3)
    return kafka


def child(place: TestKafka, file: Path, *options: str, kill_after_s: float | None = None) -> list[dict[str, Any]]:
    """Run an import in a child, killed after a while or by itself; what it said."""
    command = [sys.executable, "-m", "tests.chaos.kafka_import_child", str(file), *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ, **place.environ})
    assert process.stdout is not None
    said = [process.stdout.readline()]  # "opened": from here on the time runs
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        process.kill()
    said += process.stdout.readlines()
    process.wait()
    return [json.loads(text) for text in said if text.endswith(b"\n")]


def content(place: TestKafka) -> tuple[Counter[bytes], set[bytes]]:
    """(every event on Kafka and how often, the dead letters' raw records)"""
    with open_log(place.settings) as log:
        events = Counter(record.value for stream in ("call", "fault") for record in whole(log, stream))
        values = [record.value for batch in log.read(log.topics.of("dead-letters"), 0, 0) for record in batch]
    letters = letters_of(Fetched("dead", 0, range(len(values)), [None] * len(values), list(values), [0] * len(values)))
    assert letters.refused == []
    return events, {letter.raw for letter in letters.letters}


def check_reported_is_there(place: TestKafka, said: list[dict[str, Any]], before: int) -> int:
    """Events on Kafka now; AssertionError if fewer than were there plus what was reported."""
    reported = max((part.get("stored", 0) for part in said), default=0)
    there = content(place)[0].total()
    assert there >= before + reported, f"{reported} events were reported and {there - before} are there"
    return there


def check_complete(place: TestKafka, lines: list[bytes]) -> None:
    events, dead = content(place)
    assert set(events) | dead == set(lines)
    assert not set(events) & dead


def test_an_import_killed_again_and_again_loses_nothing(place: TestKafka, lines: list[bytes], file: Path) -> None:
    chance, there = random.Random(21), 0
    print("seed 21")
    for _ in range(3):
        said = child(place, file, kill_after_s=chance.uniform(0.0, 1.5))
        there = check_reported_is_there(place, said, there)
    last = child(place, file)[-1]
    assert (last["problem"], last["read"], last["stored"] + last["dead"]) == ("", len(lines), len(lines))
    check_complete(place, lines)


@pytest.mark.parametrize("point", ["before-dead:2", "after-dead:2", "before-append:1", "after-append:1", "after-append:4"])
def test_an_import_killed_between_its_stores_is_completed(point: str, place: TestKafka, lines: list[bytes], file: Path) -> None:
    said = child(place, file, f"kill={point}")
    assert "problem" not in said[-1], "the child came to its end and was not killed"
    check_reported_is_there(place, said, 0)
    child(place, file)
    check_complete(place, lines)


def test_the_check_sees_an_import_that_reports_too_early(place: TestKafka, file: Path) -> None:
    """Negative control: a report before the acknowledgement would be caught."""
    said = child(place, file, "boast", "kill=before-append:3")
    with pytest.raises(AssertionError, match="were reported"):
        check_reported_is_there(place, said, 0)


def test_the_check_sees_an_import_that_is_not_completed(place: TestKafka, lines: list[bytes], file: Path) -> None:
    """Negative control: without the second run something is missing."""
    child(place, file, "kill=after-append:2")
    with pytest.raises(AssertionError):
        check_complete(place, lines)
