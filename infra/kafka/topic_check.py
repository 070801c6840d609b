"""Whether the topics are as the log needs them: every deviation, what it would cost, and the command that mends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from opsledger.infra.kafka.topic_state import ClusterTopics, PartitionState, TopicState
from opsledger.ingest.log.topics import TopicSpec

MIN_IN_SYNC = "min.insync.replicas"
_COST = {
    "cleanup.policy": "compaction or deletion loses events",
    "retention.ms": "old events are thrown away",
    "retention.bytes": "old events are thrown away once the topic is large",
    "message.timestamp.type": "recorded_at would be the sender's clock, not the broker's",
    "max.message.bytes": "events are limited to another size than the border allows",
    MIN_IN_SYNC: "an acknowledged event may stand on one broker only",
}


@dataclass(frozen=True, slots=True)
class Deviation:
    """What is wrong with a topic and how it is mended. ``setting``: name and value that mend it, where that is enough."""

    topic: str
    what: str
    mend: str
    setting: tuple[str, str] | None = None
    copies: int | None = None


def deviations(specs: Sequence[TopicSpec], found: ClusterTopics, servers: Sequence[str]) -> list[Deviation]:
    """Everything that is not as declared, topic by topic. ``servers`` stand in the commands."""
    told: list[Deviation] = []
    for spec in specs:
        state = found.topics.get(spec.name)
        if state is None:
            told.append(Deviation(spec.name, "is missing", "make it: opsledger kafka init"))
            continue
        told += _settings(spec, state, servers)
        told += _partitions(spec, state, servers)
        told += _copies(spec, state)
        told += _health(state)
    return told


def declared_partitions(names: Iterable[str], found: ClusterTopics, default: int) -> int:
    """How many partitions most of the streams' topics have; ``default`` where there are none."""
    numbers = Counter(len(found.topics[name].partitions) for name in names if name in found.topics)
    return max(numbers, key=lambda number: (numbers[number], number)) if numbers else default


def wanted_settings(spec: TopicSpec) -> dict[str, str]:
    """Every setting of a topic that the log relies on."""
    return {**spec.config, MIN_IN_SYNC: str(spec.min_in_sync)}


def _settings(spec: TopicSpec, state: TopicState, servers: Sequence[str]) -> Iterator[Deviation]:
    for name, wanted in wanted_settings(spec).items():
        value = state.config.get(name, "unknown")
        if value == wanted or (name == MIN_IN_SYNC and _between(value, spec)):
            continue
        yield Deviation(
            spec.name,
            f"{name} is {value}, it has to be {wanted}: {_COST.get(name, 'the log relies on it')}",
            f"kafka-configs.sh --bootstrap-server {','.join(servers)} --alter --entity-type topics "
            f"--entity-name {spec.name} --add-config {name}={wanted}",
            setting=(name, wanted),
        )


def _between(value: str, spec: TopicSpec) -> bool:
    """More copies in sync than asked for is no fault, as long as there are so many copies."""
    return value.isdigit() and spec.min_in_sync <= int(value) <= spec.replication


def _partitions(spec: TopicSpec, state: TopicState, servers: Sequence[str]) -> Iterator[Deviation]:
    number = len(state.partitions)
    if number != spec.partitions:
        yield Deviation(
            spec.name,
            f"has {number} partitions, {spec.partitions} are declared: the home of a key follows from their number, "
            "so it is never changed afterwards",
            f"while it is empty: kafka-topics.sh --bootstrap-server {','.join(servers)} --delete --topic {spec.name}, "
            "then opsledger kafka init; once it has events: a new prefix, and a copy (docs/kafka.md, 'Adding partitions')",
        )


def _copies(spec: TopicSpec, state: TopicState) -> Iterator[Deviation]:
    fewest = min((len(part.replicas) for part in state.partitions), default=0)
    if fewest < spec.replication:
        yield Deviation(
            spec.name,
            f"has {fewest} copies, it has to have {spec.replication}: a broker that dies takes events with it",
            "copy it to more brokers: opsledger kafka init --mend",
            copies=spec.replication,
        )


def _health(state: TopicState) -> Iterator[Deviation]:
    offline = [part for part in state.partitions if part.leader is None]
    if offline:
        brokers = _numbers(broker for part in offline for broker in part.replicas)
        yield Deviation(
            state.name, f"partition {_list(offline)} is offline: nobody leads it", f"start its brokers again: {brokers}"
        )
    behind = [part for part in state.partitions if part.leader is not None and len(part.in_sync) < len(part.replicas)]
    if behind:
        brokers = _numbers(broker for part in behind for broker in set(part.replicas) - set(part.in_sync))
        yield Deviation(
            state.name,
            f"partition {_list(behind)} has copies that are not in sync",
            f"start broker {brokers} again, or wait until it has caught up",
        )


def _list(parts: Iterable[PartitionState]) -> str:
    return _numbers(part.number for part in parts)


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in sorted(set(numbers)))
