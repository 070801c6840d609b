"""One ledger, one log: what the sink refuses on a real broker, and how it says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from opsledger.domain.errors import UserError
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.store import Store, open_store
from opsledger.ingest.log.kafka import KafkaLog
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import calls, tables
from tests.sink_scene import content, drained


@pytest.fixture
def settings(kafka: TestKafka) -> KafkaSettings:
    make_topics(kafka.settings)
    return kafka.settings


@pytest.fixture
def log(settings: KafkaSettings) -> Iterator[KafkaLog]:
    with open_log(settings) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "data") as opened:
        yield opened


def refused(store: Store, settings: KafkaSettings) -> str:
    with pytest.raises(UserError) as caught:
        drained(store, settings)
    return str(caught.value)


def test_a_topic_made_anew_is_refused(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    log.append(tables(calls(50)))
    drained(store, settings)
    admin = KafkaAdminClient(**settings.client)
    admin.delete_topics([settings.topics.of("call")])
    admin.create_topics([NewTopic(settings.topics.of("call"), 6, 1)], wait_for_metadata=True)
    admin.close()
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
    admin = KafkaAdminClient(**settings.client)
    admin.create_partitions({settings.topics.of("call"): 8})
    admin.close()
    said = refused(store, settings)
    assert "has 8 partitions, the ledger knows 6" in said


def test_a_ledger_with_rows_of_its_own_is_not_filled_from_kafka(settings: KafkaSettings, store: Store) -> None:
    store.log.append(tables(calls(3)))
    assert "filled from another log, or by imports" in refused(store, settings)


def test_a_ledger_filled_from_kafka_takes_no_imports(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    log.append(tables(calls(3)))
    drained(store, settings)
    with pytest.raises(UserError, match="filled from Kafka"):
        store.log.append(tables(calls(3, first=10)))
