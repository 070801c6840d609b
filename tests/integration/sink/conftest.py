"""What the tests of the sink share: the topics of a log, the log on them, and an empty ledger in a data directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.store import Store, open_store
from opsledger.ingest.log.kafka import KafkaLog
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.new_ledger import new_ledger


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
    with open_store(new_ledger(tmp_path / "data")) as opened:
        yield opened
