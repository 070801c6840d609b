"""A local Kafka: started, stopped, killed; what is kept, and what a user is told when it cannot be."""

from __future__ import annotations

from tests.kafka_cluster import TestKafka


def test_the_shared_broker_answers(kafka: TestKafka) -> None:
    assert kafka.cluster.state().brokers == (1,)


def test_each_test_has_a_prefix_of_its_own(kafka: TestKafka) -> None:
    assert kafka.settings.topics.prefix == kafka.prefix
