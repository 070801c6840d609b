"""Topics for a test that is alone with its prefix: made as the log needs them, or wrong on purpose."""

from __future__ import annotations

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.ingest.log.kafka import KafkaLog


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


def open_log(settings: KafkaSettings, *, delivery_timeout_s: float = 30, in_flight_bytes: int = 32 * 1024 * 1024) -> KafkaLog:
    """The log on topics that are there."""
    return KafkaLog(settings.client, settings.topics, delivery_timeout_s=delivery_timeout_s, in_flight_bytes=in_flight_bytes)
