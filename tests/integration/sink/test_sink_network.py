"""A ledger over the network: storing does not wait for the facts that are being made beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.sink.counts import total
from opsledger.infra.sink.facts_duty import FactsDuty
from opsledger.infra.sink.run import Sink, SinkOptions
from opsledger.infra.store import Store, open_store
from opsledger.ingest.log.kafka import KafkaLog
from tests.gateways import running
from tests.ledger_samples import calls, tables
from tests.sink_scene import SESSION_MS, AtWork, until

WAITED_S = 3.0


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    with running(tmp_path / "held") as gateway:
        monkeypatch.setenv("OPSLEDGER_CLICKHOUSE_URL", gateway.address())
        with open_store(tmp_path / "data", writes=True) as opened:
            yield opened


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """The update of the facts waits for this, so long as a test takes."""
    going_on, update = Event(), FactsDuty.update

    def waits(self: FactsDuty) -> None:
        going_on.wait(120)
        update(self)

    monkeypatch.setattr(FactsDuty, "update", waits)
    yield going_on
    going_on.set()


def stored(sink: Sink) -> int:
    return total(dict(sink.status.counts)).read


@pytest.fixture
def sink(log: KafkaLog, settings: KafkaSettings, store: Store, held: Event) -> Iterator[Sink]:
    log.append(tables(calls(20)))
    made = Sink(store, settings, SinkOptions("sink", session_ms=SESSION_MS))
    yield made
    held.set()
    made.stop()


def test_events_are_stored_while_facts_are_made_and_the_facts_follow(
    log: KafkaLog, store: Store, sink: Sink, held: Event
) -> None:
    at_work = AtWork(sink)
    until(lambda: stored(sink) == 20)
    log.append(tables(calls(20, first=20)))
    until(lambda: stored(sink) == 40)
    assert not held.is_set()
    held.set()
    until(lambda: store.client.command("SELECT count() FROM calls FINAL") == 40)
    at_work.stop()


def test_in_one_thread_storing_would_wait(sink: Sink, held: Event) -> None:
    """Negative control."""
    sink._maker = sink._engine
    at_work = AtWork(sink)
    until(sink._makes_facts_now)
    time.sleep(WAITED_S)
    assert stored(sink) == 0
    held.set()
    until(lambda: stored(sink) == 20)
    at_work.stop()
