"""Every way in which a topic can be wrong is told, with the command that mends it; a topic that is right is not told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsledger.infra.kafka.topic_check import declared_partitions, deviations, wanted_settings
from opsledger.infra.kafka.topic_state import ClusterTopics, PartitionState, TopicState
from opsledger.ingest.log.topics import Topics, TopicSpec

SERVERS = ("a:1", "b:2")
SPECS = Topics("p").specs(3, 2)


def as_declared(spec: TopicSpec) -> TopicState:
    everywhere = (1, 2, 3)[: spec.replication]
    parts = tuple(PartitionState(number, 1, everywhere, everywhere) for number in range(spec.partitions))
    return TopicState(spec.name, "id", parts, wanted_settings(spec))


def told(*changed: TopicState, without: str = "") -> list[str]:
    topics = {spec.name: as_declared(spec) for spec in SPECS if spec.name != without}
    topics |= {state.name: state for state in changed}
    found = ClusterTopics("c", (1, 2, 3), (), topics)
    return [f"{each.topic}: {each.what} | {each.mend}" for each in deviations(SPECS, found, SERVERS)]


CALL = as_declared(SPECS[0])


def with_setting(name: str, value: str) -> TopicState:
    return replace(CALL, config={**CALL.config, name: value})


def with_part(**changes: object) -> TopicState:
    return replace(CALL, partitions=(CALL.partitions[0], replace(CALL.partitions[1], **changes)))


def test_topics_as_declared_have_no_deviation() -> None:
    assert told() == []


def test_a_missing_topic_is_told_with_the_command_that_makes_it() -> None:
    (one,) = told(without="p.call")
    assert one.startswith("p.call: is missing")
    assert "opsledger kafka init" in one


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retention.ms", "604800000"),
        ("retention.bytes", "1000000"),
        ("cleanup.policy", "compact"),
        ("cleanup.policy", "compact,delete"),
        ("message.timestamp.type", "CreateTime"),
        ("max.message.bytes", "100"),
        ("min.insync.replicas", "1"),
        ("min.insync.replicas", "4"),
    ],
)
def test_a_wrong_setting_is_told_with_the_command_that_sets_it_right(name: str, value: str) -> None:
    (one,) = told(with_setting(name, value))
    right = wanted_settings(SPECS[0])[name]
    assert f"p.call: {name} is {value}, it has to be {right}" in one
    assert f"--bootstrap-server a:1,b:2 --alter --entity-type topics --entity-name p.call --add-config {name}={right}" in one


def test_more_copies_in_sync_than_asked_for_is_no_fault_while_there_are_so_many() -> None:
    assert told(with_setting("min.insync.replicas", "3")) == []


def test_another_number_of_partitions_is_told_and_never_mended_by_adding() -> None:
    (one,) = told(replace(CALL, partitions=CALL.partitions[:1]))
    assert "has 1 partitions, 2 are declared" in one
    assert "--delete" in one
    assert "a new prefix" in one
    assert "--alter" not in one


def test_too_few_copies_are_told() -> None:
    told_now = told(with_part(replicas=(1,), in_sync=(1,)))
    assert ["has 1 copies, it has to have 3" in one for one in told_now] == [True]


def test_an_offline_partition_is_told_with_the_brokers_to_start() -> None:
    (one,) = told(with_part(leader=None, replicas=(2, 3, 1), in_sync=(2,)))
    assert "partition 1 is offline" in one
    assert "1, 2, 3" in one


def test_a_copy_that_lags_is_told_with_the_broker_to_look_at() -> None:
    (one,) = told(with_part(in_sync=(1, 2)))
    assert "partition 1 has copies that are not in sync" in one
    assert "start broker 3 again" in one


def test_without_a_number_said_the_streams_keep_the_one_most_of_them_have() -> None:
    names = Topics("p").streams
    topics = {spec.name: as_declared(spec) for spec in Topics("p").specs(3, 12)}
    topics[names[0]] = CALL
    assert declared_partitions(names, ClusterTopics("c", (1,), (), topics), 6) == 12
    assert declared_partitions(names, ClusterTopics("c", (1,), (), {}), 6) == 6
