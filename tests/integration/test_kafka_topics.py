"""The topics of the log on a real broker: made, made again, spoilt on purpose, told, mended."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from opsledger.domain.errors import UserError
from opsledger.infra.kafka.topic_check import wanted_settings
from opsledger.infra.kafka.topic_make import Outcome, check_topics, init_topics
from tests.kafka_cluster import TestKafka


@pytest.fixture
def client(kafka: TestKafka) -> Iterator[KafkaAdminClient]:
    with KafkaAdminClient(**kafka.settings.client) as admin:
        yield admin


def spoil(client: KafkaAdminClient, topic: str, **settings: str) -> None:
    values = {name.replace("_", "."): value for name, value in settings.items()}
    assert client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=values)])["topic"] == {topic: "OK"}


def told(outcome: Outcome) -> list[str]:
    return [f"{each.topic.split('.', 1)[1]}: {each.what.split(':')[0]}" for each in outcome.deviations]


def soon(kafka: TestKafka, expected: list[str]) -> list[str]:
    """What a check tells, once the broker has heard of a change just made by its controller; what it tells last, if never."""
    until = time.monotonic() + 30
    while (now := told(check_topics(kafka.settings))) != expected and time.monotonic() < until:
        time.sleep(0.1)
    return now


def test_the_topics_are_made_as_the_log_needs_them(kafka: TestKafka) -> None:
    outcome = init_topics(kafka.settings, 3)
    assert outcome.deviations == ()
    assert set(outcome.made) == {spec.name for spec in outcome.specs} == set(outcome.found.topics)
    for spec in outcome.specs:
        state = outcome.found.topics[spec.name]
        assert {name: state.config[name] for name in wanted_settings(spec)} == wanted_settings(spec)
        assert [part.leader for part in state.partitions] == [1] * spec.partitions


def test_made_again_nothing_changes(kafka: TestKafka) -> None:
    first = init_topics(kafka.settings, 2)
    again = init_topics(kafka.settings)
    assert (again.made, again.deviations) == ((), ())
    assert again.found == first.found


def test_a_check_before_anything_is_made_names_every_topic(kafka: TestKafka) -> None:
    outcome = check_topics(kafka.settings)
    assert told(outcome) == [f"{spec.name.split('.', 1)[1]}: is missing" for spec in outcome.specs]


def test_settings_spoilt_on_the_broker_are_told_and_init_changes_them_only_when_asked(
    kafka: TestKafka, client: KafkaAdminClient
) -> None:
    init_topics(kafka.settings, 1)
    assert told(check_topics(kafka.settings)) == []
    spoil(client, kafka.settings.topics.of("call"), retention_ms="1000")
    spoil(client, kafka.settings.topics.of("ticket"), cleanup_policy="compact")
    spoil(client, kafka.settings.topics.of("fault"), message_timestamp_type="CreateTime", retention_bytes="5000000")
    expected = [
        "call: retention.ms is 1000, it has to be -1",
        "ticket: cleanup.policy is compact, it has to be delete",
        "fault: retention.bytes is 5000000, it has to be -1",
        "fault: message.timestamp.type is CreateTime, it has to be LogAppendTime",
    ]
    assert soon(kafka, expected) == expected
    assert told(init_topics(kafka.settings)) == expected
    mended = init_topics(kafka.settings, mend=True)
    assert [name.split(".", 1)[1] for name in mended.mended] == ["call", "fault", "ticket"]
    assert told(mended) == told(check_topics(kafka.settings)) == []


def test_a_topic_with_another_number_of_partitions_than_the_rest_is_told_and_never_changed(
    kafka: TestKafka, client: KafkaAdminClient
) -> None:
    init_topics(kafka.settings, 2)
    client.create_partitions({kafka.settings.topics.of("call"): 4})
    expected = ["call: has 4 partitions, 2 are declared"]
    assert soon(kafka, expected) == expected
    assert told(init_topics(kafka.settings, mend=True)) == expected


def test_another_number_than_the_one_that_is_there_is_told_for_every_stream(kafka: TestKafka) -> None:
    made = init_topics(kafka.settings, 2)
    outcome = init_topics(kafka.settings, 5)
    assert [part for part in told(outcome) if "5 are declared" not in part] == []
    assert len(outcome.deviations) == len(kafka.settings.topics.streams)
    assert outcome.found == made.found


def test_a_topic_that_was_deleted_is_made_again_beside_the_others(kafka: TestKafka, client: KafkaAdminClient) -> None:
    init_topics(kafka.settings, 2)
    gone = kafka.settings.topics.of("call")
    client.delete_topics([gone])
    assert soon(kafka, ["call: is missing"]) == ["call: is missing"]
    outcome = init_topics(kafka.settings)
    assert (outcome.made, told(outcome), len(outcome.found.topics[gone].partitions)) == ((gone,), [], 2)


def test_a_prefix_that_kafka_does_not_take_is_told(kafka: TestKafka) -> None:
    spoilt = TestKafka(kafka.cluster, "no spaces here")
    with pytest.raises(UserError, match="Kafka refuses, InvalidTopic"):
        init_topics(spoilt.settings)
