"""Topics for a test that is alone with its prefix: made as the log needs them, or wrong on purpose."""

from __future__ import annotations

import time
from collections.abc import Sequence

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.ingest.log.kafka import KafkaLog

PATIENCE_S = 60


def make_topics(settings: KafkaSettings, *, partitions: int = 6, copies: int = 1, config: dict[str, str] | None = None) -> None:
    """All topics of a log; ``config`` is set on top of what they have to be."""
    admin = KafkaAdminClient(**settings.client)
    try:
        topics = [
            NewTopic(spec.name, spec.partitions, copies, topic_configs=dict(spec.config) | (config or {}))
            for spec in settings.topics.specs(1, partitions)
        ]
        admin.create_topics(topics, wait_for_metadata=True)
    finally:
        admin.close()


def add_partitions(settings: KafkaSettings, topic: str, count: int) -> None:
    """A topic has so many partitions from now on, and every answer of a lone broker says so."""
    admin = KafkaAdminClient(**settings.client)
    try:
        admin.create_partitions({topic: count})
        until = time.monotonic() + PATIENCE_S
        while len(admin.describe_topics([topic])[0]["partitions"]) < count:
            assert time.monotonic() < until, "the broker does not tell of the new partitions"
            time.sleep(0.05)
    finally:
        admin.close()


def make_anew(settings: KafkaSettings, topics: Sequence[str], partitions: int = 6) -> None:
    """Topics are deleted and made again under their names, and a lone broker's answers tell of the new ones only."""
    admin = KafkaAdminClient(**settings.client)
    try:
        former = _ids(admin, topics)
        admin.delete_topics(list(topics))
        until = time.monotonic() + PATIENCE_S
        while _ids(admin, topics):
            assert time.monotonic() < until, "the broker still tells of the topics that were deleted"
            time.sleep(0.05)
        admin.create_topics([NewTopic(name, partitions, 1) for name in topics], wait_for_metadata=True)
        assert not former & _ids(admin, topics)
    finally:
        admin.close()


def _ids(admin: KafkaAdminClient, topics: Sequence[str]) -> set[str]:
    return {str(topic["topic_id"]) for topic in admin.describe_topics(list(topics)) if not topic["error_code"]}


def open_log(settings: KafkaSettings, *, delivery_timeout_s: float = 30, in_flight_bytes: int = 32 * 1024 * 1024) -> KafkaLog:
    """The log on topics that are there."""
    return KafkaLog(settings.client, settings.topics, delivery_timeout_s=delivery_timeout_s, in_flight_bytes=in_flight_bytes)
