"""One ledger, one log: what the sink refuses on a real broker, and how it says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from opsledger.domain.errors import UserError
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.sink.counts import total
from opsledger.infra.sink.origin import Origin
from opsledger.infra.sink.run import Sink, SinkOptions
from opsledger.infra.store import Store
from opsledger.ingest.log import group
from opsledger.ingest.log.kafka import KafkaLog
from tests.kafka_topics import add_partitions, make_anew
from tests.ledger_samples import calls, tables
from tests.sink_scene import SESSION_MS, AtWork, content, drained, until


def refused(store: Store, settings: KafkaSettings) -> str:
    with pytest.raises(UserError) as caught:
        drained(store, settings)
    return str(caught.value)


def test_a_topic_made_anew_is_refused(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    log.append(tables(calls(50)))
    drained(store, settings)
    make_anew(settings, [settings.topics.of("call")])
    said = refused(store, settings)
    assert "was made anew" in said
    assert content(store, settings).rows == 50


def test_a_log_that_ends_before_the_ledger_is_refused(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    """As after a cluster came back from an old copy: the topic is the same, its end is not."""
    log.append(tables(calls(50)))
    drained(store, settings)
    store.client.command("INSERT INTO call SELECT * REPLACE (offset + 1000 AS offset) FROM call WHERE partition = 2 LIMIT 1")
    assert "the log has lost records" in refused(store, settings)


def test_partitions_that_were_added_are_refused(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    log.append(tables(calls(50)))
    drained(store, settings)
    add_partitions(settings, settings.topics.of("call"), 8)
    said = refused(store, settings)
    assert "has 8 partitions, the ledger knows 6" in said


@pytest.fixture
def running(log: KafkaLog, settings: KafkaSettings, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[AtWork]:
    """A sink whose ledger is new, at work; it soon hears of changes."""
    monkeypatch.setattr(group, "METADATA_MS", 500)
    log.append(tables(calls(50)))
    made = AtWork(Sink(store, settings, SinkOptions("sink", session_ms=SESSION_MS)))
    until(lambda: made.ended() or total(made.sink.status.counts).read == 50)
    yield made
    made.stop()


def test_partitions_that_are_added_while_it_runs_are_refused_with_the_same_words(
    running: AtWork, settings: KafkaSettings, store: Store
) -> None:
    add_partitions(settings, settings.topics.of("call"), 8)
    until(running.ended)
    assert "has 8 partitions, the ledger knows 6: keys have moved" in running.said
    assert running.said == refused(store, settings)


def test_without_that_look_a_running_sink_would_go_on_with_them(
    running: AtWork, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control."""
    monkeypatch.setattr(Origin, "admit", lambda _self, _places: None)
    add_partitions(settings, settings.topics.of("call"), 8)
    until(lambda: running.ended() or running.has((settings.topics.of("call"), 7)))
    assert not running.ended()


def test_a_ledger_with_rows_of_its_own_is_not_filled_from_kafka(settings: KafkaSettings, store: Store) -> None:
    store.log.append(tables(calls(3)))
    assert "filled from another log, or by imports" in refused(store, settings)


def test_a_ledger_filled_from_kafka_takes_no_imports(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    log.append(tables(calls(3)))
    drained(store, settings)
    with pytest.raises(UserError, match="filled from Kafka"):
        store.log.append(tables(calls(3, first=10)))
