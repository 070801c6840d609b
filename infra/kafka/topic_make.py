"""The topics of the log made on a cluster, and, when asked, those that are there mended."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.kafka.contact import ask
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.kafka.topic_check import Deviation, declared_partitions, deviations, wanted_settings
from opsledger.infra.kafka.topic_state import ClusterTopics, TopicState, read_topics
from opsledger.ingest.log.client import (
    BrokerResponseError,
    ConfigResource,
    ConfigResourceType,
    KafkaAdminClient,
    KafkaTimeoutError,
    NoError,
    TopicAlreadyExistsError,
    TopicPartition,
    for_code,
)
from opsledger.ingest.log.topics import PARTITIONS, TopicSpec

_LEADERS_MS = 60_000
_MOVED_S = 300.0
_HEARD_S = 30.0
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was made and mended, how all of it is now, and what is still not as declared."""

    specs: tuple[TopicSpec, ...]
    made: tuple[str, ...]
    mended: tuple[str, ...]
    found: ClusterTopics
    deviations: tuple[Deviation, ...]


def init_topics(settings: KafkaSettings, partitions: int | None = None, *, mend: bool = False) -> Outcome:
    """Make the topics that are missing, and return when every partition has a leader. What is there is checked only.

    ``mend``: wrong settings are set right and copies are added where there are too few; nothing else is changed, least
    of all a number of partitions. UserError when Kafka cannot be reached or refuses.
    """
    return ask(settings, lambda client: _init(client, settings, partitions, mend=mend))


def check_topics(settings: KafkaSettings, partitions: int | None = None) -> Outcome:
    """Every deviation of the topics from what the log needs; nothing is changed. UserError when Kafka cannot be reached."""
    specs, found = ask(settings, lambda client: _declared(client, settings, partitions))
    return Outcome(specs, (), (), found, tuple(deviations(specs, found, settings.servers)))


def _init(client: KafkaAdminClient, settings: KafkaSettings, partitions: int | None, *, mend: bool) -> Outcome:
    specs, found = _declared(client, settings, partitions)
    missing = [spec for spec in specs if spec.name not in found.topics]
    _make(client, missing)
    mended = _mend(client, found, deviations(specs, found, settings.servers)) if mend else ()
    _wait_for_leaders(client, specs)
    found = _settled(client, specs, set(mended))
    left = tuple(deviations(specs, found, settings.servers))
    return Outcome(specs, tuple(spec.name for spec in missing), mended, found, left)


def _declared(
    client: KafkaAdminClient, settings: KafkaSettings, partitions: int | None
) -> tuple[tuple[TopicSpec, ...], ClusterTopics]:
    """The topics as they have to be. Without a number said, the streams keep the one that most of them have."""
    names = [spec.name for spec in settings.topics.specs(1)]
    found = read_topics(client, names)
    number = partitions or declared_partitions(settings.topics.streams, found, PARTITIONS)
    return settings.topics.specs(len(found.brokers), number), found


def _make(client: KafkaAdminClient, specs: Sequence[TopicSpec]) -> None:
    if not specs:
        return
    wanted = {
        spec.name: {
            "num_partitions": spec.partitions,
            "replication_factor": spec.replication,
            "configs": wanted_settings(spec),
        }
        for spec in specs
    }
    for told in client.create_topics(wanted, raise_errors=False)["topics"]:
        error = for_code(told["error_code"])
        if error not in (NoError, TopicAlreadyExistsError):  # another init may have been faster; it is checked below
            raise _refused(f"making topic {told['name']}", error, told.get("error_message"))


def _refused(doing: str, error: type[BrokerResponseError], said: str | None) -> UserError:
    return UserError(f"{doing}: Kafka refuses, {error.__name__}: {said or error.description}", EXIT_ENVIRONMENT)


def _wait_for_leaders(client: KafkaAdminClient, specs: Sequence[TopicSpec]) -> None:
    try:
        client.wait_for_topics([spec.name for spec in specs], timeout_ms=_LEADERS_MS)
    except KafkaTimeoutError:
        return  # a partition without a leader is told by the check, with its brokers


def _settled(client: KafkaAdminClient, specs: Sequence[TopicSpec], mended: set[str]) -> ClusterTopics:
    """The topics as they are once every broker has heard of what was mended: a broker asked at once may not have."""
    until = time.monotonic() + _HEARD_S
    while True:
        found = read_topics(client, [spec.name for spec in specs])
        mendable = (each for each in deviations(specs, found, ()) if each.setting or each.copies)
        if time.monotonic() > until or not any(each.topic in mended for each in mendable):
            return found
        time.sleep(_POLL_S)


def _mend(client: KafkaAdminClient, found: ClusterTopics, told: Sequence[Deviation]) -> tuple[str, ...]:
    changes: dict[str, dict[str, str]] = {}
    for deviation in told:
        if deviation.setting:
            changes.setdefault(deviation.topic, {}).update([deviation.setting])
    copies = {deviation.topic: deviation.copies for deviation in told if deviation.copies}
    _add_copies(client, found, copies)  # first: more in sync than there are copies would stop all writing
    _set(client, changes)
    return tuple(sorted({*changes, *copies}))


def _set(client: KafkaAdminClient, changes: Mapping[str, dict[str, str]]) -> None:
    if not changes:
        return
    asked = [ConfigResource(ConfigResourceType.TOPIC, name, configs=values) for name, values in changes.items()]
    for name, answer in client.alter_configs(asked)["topic"].items():
        if answer != "OK":
            raise UserError(f"setting topic {name} right: Kafka refuses, {answer}", EXIT_ENVIRONMENT)


def _add_copies(client: KafkaAdminClient, found: ClusterTopics, copies: Mapping[str, int]) -> None:
    """Let more brokers take copies of partitions, and wait until they have them."""
    if not copies:
        return
    moves: dict[Any, list[int]] = {}
    for name, number in copies.items():
        moves |= _moves(found.topics[name], found.brokers, number)
    for place, error in client.alter_partition_reassignments(moves).items():
        if error is not None:
            raise _refused(f"copying topic {place.topic} to more brokers", error, None)
    until = time.monotonic() + _MOVED_S
    while client.list_partition_reassignments():
        if time.monotonic() > until:
            raise UserError("the copies are not complete yet; look again later: opsledger kafka check", EXIT_ENVIRONMENT)
        time.sleep(_POLL_S)


def _moves(topic: TopicState, brokers: Sequence[int], number: int) -> dict[Any, list[int]]:
    """For each partition its copies of now, and after them other brokers, each partition beginning at another."""
    moves = {}
    for part in topic.partitions:
        turned = [*brokers[part.number % len(brokers) :], *brokers[: part.number % len(brokers)]]
        others = [broker for broker in turned if broker not in part.replicas]
        if len(part.replicas) < number:
            moves[TopicPartition(topic.name, part.number)] = [*part.replicas, *others][:number]
    return moves
