"""Three real brokers: topics on three, one and two brokers killed and told, copies added to a topic that has too few."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from opsledger.infra.kafka.local.cluster import Cluster
from opsledger.infra.kafka.topic_check import MIN_IN_SYNC
from opsledger.infra.kafka.topic_make import Outcome, check_topics, init_topics
from tests.kafka_cluster import TestKafka, place_on

pytestmark = pytest.mark.chaos


def told(outcome: Outcome) -> set[str]:
    return {each.what.split(":")[0] for each in outcome.deviations}


def soon(place: TestKafka, wanted: Callable[[set[str]], bool]) -> set[str]:
    """What a check tells once it is as wanted; what it tells last, if it never is."""
    until = time.monotonic() + 90
    while not wanted(now := told(check_topics(place.settings))) and time.monotonic() < until:
        time.sleep(0.2)
    return now


def healthy(place: TestKafka) -> set[str]:
    return soon(place, lambda now: not now)


def lagging(now: set[str]) -> bool:
    return any("not in sync" in one for one in now)


@pytest.fixture
def three(three_brokers: Cluster) -> Iterator[Cluster]:
    """All three running before a test, and after it."""
    three_brokers.up()
    yield three_brokers
    three_brokers.up()


def test_topics_stand_on_three_brokers_and_take_writes_with_two(three: Cluster) -> None:
    place = place_on(three)
    outcome = init_topics(place.settings, 3)
    assert outcome.deviations == ()
    assert {len(part.replicas) for state in outcome.found.topics.values() for part in state.partitions} == {3}
    assert {state.config[MIN_IN_SYNC] for state in outcome.found.topics.values()} == {"2"}


def test_brokers_that_are_killed_are_told_and_what_was_acknowledged_stays(three: Cluster) -> None:
    place = place_on(three)
    init_topics(place.settings, 3)
    topic = place.settings.topics.of("call")
    producer = KafkaProducer(acks="all", **place.settings.client)
    producer.send(topic, b"before").get(60)
    three.kill(2)
    assert three.alive() == (1, 3)
    assert lagging(soon(place, lagging))
    assert check_topics(place.settings).found.away == (2,)
    producer.send(topic, b"with two").get(60)
    three.start(2)
    assert healthy(place) == set()
    producer.close()
    with KafkaConsumer(topic, auto_offset_reset="earliest", consumer_timeout_ms=15_000, **place.settings.client) as consumer:
        assert sorted(next(consumer).value for _ in range(2)) == [b"before", b"with two"]


def test_with_two_of_three_gone_nothing_is_acknowledged(three: Cluster) -> None:
    """The negative control of min.insync.replicas: where one copy were enough, the last broker would take it."""
    place = place_on(three)
    init_topics(place.settings, 1)
    topic = place.settings.topics.of("call")
    with KafkaAdminClient(**place.settings.client) as client:
        leader = client.describe_topics([topic])[0]["partitions"][0]["leader_id"]
    for number in {1, 2, 3} - {leader}:
        three.kill(number)
    last = f"127.0.0.1:{three.nodes[leader].plan.port}"
    producer = KafkaProducer(bootstrap_servers=last, acks="all", request_timeout_ms=2_000, delivery_timeout_ms=3_000)
    with pytest.raises(KafkaError):
        producer.send(topic, b"lost?", partition=0).get(10)
    with suppress(KafkaError):  # the record is still on its way
        producer.close(0)
    three.up()
    assert healthy(place) == set()


def test_a_topic_on_one_broker_only_is_told_and_copied_when_asked(three: Cluster) -> None:
    place = place_on(three)
    topic = place.settings.topics.of("call")
    with KafkaAdminClient(**place.settings.client) as client:
        client.create_topics({topic: {"num_partitions": 3, "replication_factor": 1}}, wait_for_metadata=True)
        init_topics(place.settings, 3)
        wrong = told(check_topics(place.settings))
        assert "has 1 copies, it has to have 3" in wrong
        assert f"{MIN_IN_SYNC} is 2, it has to be 2" not in wrong
        mended = init_topics(place.settings, mend=True)
    assert mended.mended == (topic,)
    assert healthy(place) == set()
    found = check_topics(place.settings).found.topics[topic]
    assert [sorted(part.replicas) for part in found.partitions] == [[1, 2, 3]] * 3
