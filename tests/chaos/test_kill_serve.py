"""kill -9 at any point of the HTTP ingest: what was answered as accepted is in the log; what is sent again counts once."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

import pytest
import urllib3

from opsledger.domain.clock import SystemClock
from opsledger.infra.data_directory import Folder
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.serve.keys import FILE, Keys
from opsledger.infra.store import open_store
from tests.http_server import OWNER, Client, Process, start
from tests.integration.log_port_suite import whole
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import line
from tests.sink_scene import check_exact, sunk

pytestmark = pytest.mark.chaos
REQUESTS, EVENTS = 60, 5
SENDERS = 6
POINTS = ["before-append:1", "during-append:3", "after-append:2"]


@dataclass
class Sender:
    """Sends its requests until each was accepted; ``acknowledged`` are the ids that it was told of."""

    requests: Sequence[Sequence[bytes]]
    acknowledged: set[str] = field(default_factory=set)
    left: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = list(range(len(self.requests)))

    def send(self, client: Client) -> None:
        """Send what is left, side by side, until the server is gone."""

        def one(number: int) -> int | None:
            events = self.requests[number]
            try:
                told = client.batch(events) if len(events) > 1 else client.post(events[0])
            except urllib3.exceptions.HTTPError:
                return None
            return number if told.status == 200 else None

        with ThreadPoolExecutor(SENDERS) as pool:
            done = {number for number in pool.map(one, self.left) if number is not None}
        self.acknowledged |= {json.loads(raw)["id"] for number in done for raw in self.requests[number]}
        self.left = [number for number in self.left if number not in done]


@pytest.fixture
def sender() -> Sender:
    batches = [[line(f"r{n}e{m}", at_s=n) for m in range(EVENTS if n % 3 else 1)] for n in range(REQUESTS)]
    return Sender(batches)


@pytest.fixture
def data(tmp_path: Path) -> tuple[Path, str]:
    """(data directory, a key for it)"""
    Folder(tmp_path / "data").made()
    return tmp_path / "data", Keys(tmp_path / "data" / FILE, SystemClock()).add(OWNER)


def served(data: tuple[Path, str], sender: Sender, environ: Mapping[str, str], *options: str, after_s: float = 0) -> Process:
    """Let a server take what the sender has, until it is killed or all is sent."""
    process = start(data[0], *options, environ=environ, module="tests.chaos.serve_child")
    if after_s:
        Timer(after_s, process.process.kill).start()
    sender.send(Client(process.url, data[1]))
    return process


def completed(data: tuple[Path, str], sender: Sender, environ: Mapping[str, str]) -> None:
    process = served(data, sender, environ)
    assert sender.left == []
    assert process.stop() == 0


def on_kafka(settings: KafkaSettings) -> list[str]:
    with open_log(settings) as log:
        return [json.loads(record.value)["id"] for record in whole(log, "call")]


def check_acknowledged(sender: Sender, there: Sequence[str]) -> None:
    lost = sender.acknowledged - set(there)
    assert not lost, f"{len(lost)} events were acknowledged and are not in the log"


def check_counted_once(data: Path, sender: Sender) -> None:
    with open_store(data) as store:
        rows = store.client.query("SELECT toString(event_id), count() FROM call_once GROUP BY event_id").result_rows
    assert {id_ for id_, _ in rows} == sender.acknowledged
    assert {count for _, count in rows} == {1}


@pytest.mark.parametrize("point", POINTS)
def test_what_was_acknowledged_before_a_kill_is_on_kafka_and_what_is_sent_again_counts_once(
    point: str, kafka: TestKafka, data: tuple[Path, str], sender: Sender, tmp_path: Path
) -> None:
    make_topics(kafka.settings)
    process = served(data, sender, kafka.environ, f"kill={point}")
    assert process.end() == -9, "the child came to its end and was not killed"
    assert sender.left
    check_acknowledged(sender, on_kafka(kafka.settings))
    completed(data, sender, kafka.environ)
    check_acknowledged(sender, on_kafka(kafka.settings))
    sunk(tmp_path / "ledger", kafka.settings)
    with open_store(tmp_path / "ledger") as store:
        check_exact(store, kafka.settings)
    check_counted_once(tmp_path / "ledger", sender)


def test_a_server_killed_again_and_again_loses_nothing(
    kafka: TestKafka, data: tuple[Path, str], sender: Sender, tmp_path: Path
) -> None:
    chance = random.Random(seed := 5)
    print(f"seed {seed}")
    make_topics(kafka.settings)
    for _ in range(2):
        served(data, sender, kafka.environ, after_s=chance.uniform(0.02, 0.2)).process.kill()
        check_acknowledged(sender, on_kafka(kafka.settings))
    completed(data, sender, kafka.environ)
    sunk(tmp_path / "ledger", kafka.settings)
    check_counted_once(tmp_path / "ledger", sender)


@pytest.mark.parametrize("point", ["before-append:2", "after-append:2"])
def test_a_kill_over_a_data_directory_loses_nothing_either(point: str, data: tuple[Path, str], sender: Sender) -> None:
    assert served(data, sender, {}, f"kill={point}").end() == -9
    completed(data, sender, {})
    check_counted_once(data[0], sender)


def test_the_check_sees_a_server_that_answers_too_early(kafka: TestKafka, data: tuple[Path, str], sender: Sender) -> None:
    """Negative control: an answer before the log's acknowledgement would be caught."""
    make_topics(kafka.settings)
    assert served(data, sender, kafka.environ, "boast", "kill=before-append:2").end() == -9
    assert sender.acknowledged
    with pytest.raises(AssertionError, match="were acknowledged and are not in the log"):
        check_acknowledged(sender, on_kafka(kafka.settings))


def test_the_check_sees_what_is_not_sent_again(
    kafka: TestKafka, data: tuple[Path, str], sender: Sender, tmp_path: Path
) -> None:
    """Negative control: without the second sending something is missing."""
    make_topics(kafka.settings)
    served(data, sender, kafka.environ, "kill=before-append:2").end()
    sunk(tmp_path / "ledger", kafka.settings)
    sender.acknowledged = {json.loads(raw)["id"] for events in sender.requests for raw in events}
    with pytest.raises(AssertionError):
        check_counted_once(tmp_path / "ledger", sender)
