"""Events over HTTP into a real Kafka: each is where its answer says, and what is sent twice counts once in the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.clock import FixedClock, SystemClock
from opsledger.infra.kafka.log import stores_of
from opsledger.infra.serve.target import homes_on, target
from opsledger.infra.store import open_store
from opsledger.ingest.http.places import Homes, one_home
from opsledger.ingest.http.storing import Storing
from opsledger.ingest.log.beside import letters_of
from opsledger.ingest.log.fetched import Fetched
from opsledger.ingest.log.kafka import KafkaLog
from tests.http_server import Client, running, service
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import NOW, line
from tests.sink_scene import check_exact, sunk

FAULT = {"system": "ivr", "kind": "outage", "severity": "major"}
CLOCK = FixedClock(NOW)


@pytest.fixture
def log(kafka: TestKafka) -> Iterator[KafkaLog]:
    make_topics(kafka.settings)
    with open_log(kafka.settings) as opened:
        yield opened


def events(count: int, *, first: int = 0) -> list[bytes]:
    """Calls and faults, mixed, of many keys."""
    made = [line(f"k{n}", at_s=n) for n in range(first, first + count)]
    made[::5] = [line(f"f{n}", type_="fault.raised", data=FAULT) for n in range(first, first + count, 5)]
    return made


def at(log: KafkaLog, place: dict[str, Any]) -> dict[str, Any]:
    """The event at a place."""
    ((record,),) = log.read(place["topic"], place["partition"], place["offset"], 1)
    told: dict[str, Any] = json.loads(record.value)
    return told


def test_each_event_is_where_its_answer_says(log: KafkaLog, tmp_path: Path) -> None:
    with service(Storing(stores_of(log), CLOCK, homes_on(log)).store, tmp_path, CLOCK) as served:
        sent = [*events(60), b'{"type":1}', *events(20, first=60)]
        told = served.client.batch(sent).json()
        assert (told["read"], told["accepted"], told["dead"]) == (81, 80, 1)
        places = [
            (raw, each["position"]) for raw, each in zip(sent, told["events"], strict=True) if each["status"] == "accepted"
        ]
        assert len({place["partition"] for _, place in places}) == 6
        assert {log.topics.stream(place["topic"]) for _, place in places} == {"call", "fault"}
        for raw, place in places[::7]:
            assert at(log, place)["id"] == json.loads(raw)["id"]
        alone = served.client.post(line("alone")).json()
        assert at(log, alone["position"]) == json.loads(line("alone"))


@pytest.mark.parametrize("homes", [one_home, lambda _s, rows: [n % 6 for n in range(rows.num_rows)]], ids=["one", "any"])
def test_places_that_do_not_add_up_are_a_defect_and_no_answer(homes: Homes, log: KafkaLog, tmp_path: Path) -> None:
    """Negative control: were the homes of the keys others than the log's, it would be seen."""
    said: list[str] = []
    with service(Storing(stores_of(log), CLOCK, homes).store, tmp_path, CLOCK, told=said.append) as served:
        assert served.client.batch(events(60)).status == 500
    assert "RuntimeError at places_of" in said[0]


def test_what_is_refused_is_a_dead_letter_on_kafka(log: KafkaLog, tmp_path: Path) -> None:
    with service(Storing(stores_of(log), CLOCK, homes_on(log)).store, tmp_path, CLOCK) as served:
        told = served.client.post(line("x", tenant="t2")).json()
    values = [record.value for batch in log.read(log.topics.of("dead-letters"), 0, 0) for record in batch]
    letters = letters_of(Fetched("dead", 0, range(len(values)), [None] * len(values), list(values), [0] * len(values)))
    ((letter,), refused) = (letters.letters, letters.refused)
    assert (str(letter.id), letter.reason, letter.raw, refused) == (
        told["dead_letter"],
        "other_tenant",
        line("x", tenant="t2"),
        [],
    )


def test_the_command_takes_events_into_kafka_and_what_comes_twice_counts_once(kafka: TestKafka, tmp_path: Path) -> None:
    make_topics(kafka.settings)
    from opsledger.infra.serve.keys import Keys
    from tests.http_server import OWNER
    from tests.integration.test_http_keys import _made

    key = Keys(_made(tmp_path / "keys"), SystemClock()).add(OWNER)
    with running(tmp_path / "keys", environ=kafka.environ) as process:
        client = Client(process.url, key)
        for _ in range(2):
            assert client.batch(events(30)).json()["accepted"] == 30
        assert process.stop() == 0
    assert process.said[-1] == "stopped; read 60 = accepted 60 + duplicate 0 + dead 0\n"
    sunk(tmp_path / "data", kafka.settings)
    with open_store(tmp_path / "data") as store:
        assert check_exact(store, kafka.settings).rows == 60
        once = "SELECT (SELECT count() FROM call_once) + (SELECT count() FROM fault_once)"
        assert store.client.command(once) == 30


def test_the_target_waits_for_kafka_no_longer_than_a_client_would(kafka: TestKafka, tmp_path: Path) -> None:
    make_topics(kafka.settings)
    with target(tmp_path, kafka.settings, CLOCK) as found:
        assert isinstance(found.stores.log, KafkaLog)
        assert found.stores.log._timeout_s == 20.0
        assert kafka.prefix in found.shown
