"""How the topics of the log are on a cluster now, read in three questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from opsledger.ingest.log.client import ConfigResource, ConfigResourceType, KafkaAdminClient


@dataclass(frozen=True, slots=True)
class PartitionState:
    """One partition: the broker that leads it (None: it cannot be read or written), its copies, those in sync."""

    number: int
    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is. ``topic_id`` changes when it is made anew; ``config``: every setting that is in force."""

    name: str
    topic_id: str
    partitions: tuple[PartitionState, ...]
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ClusterTopics:
    """A cluster's brokers (all that belong to it, also those away now) and those of the topics asked for that exist."""

    cluster_id: str
    brokers: tuple[int, ...]
    away: tuple[int, ...]
    topics: Mapping[str, TopicState]


def read_topics(client: KafkaAdminClient, names: Iterable[str]) -> ClusterTopics:
    """What the cluster says of the named topics; those that do not exist are left out."""
    cluster = client.describe_cluster()
    told = [topic for topic in client.describe_topics(list(names)) if not topic["error_code"]]
    config = _configs(client, [topic["name"] for topic in told])
    brokers = cluster["brokers"]
    return ClusterTopics(
        cluster["cluster_id"],
        tuple(sorted(broker["broker_id"] for broker in brokers)),
        tuple(sorted(broker["broker_id"] for broker in brokers if broker.get("is_fenced"))),
        {topic["name"]: _state(topic, config[topic["name"]]) for topic in told},
    )


def _state(topic: Mapping[str, Any], config: Mapping[str, str]) -> TopicState:
    partitions = (
        PartitionState(
            part["partition_index"],
            part["leader_id"] if part["leader_id"] >= 0 else None,
            tuple(part["replica_nodes"]),
            tuple(part["isr_nodes"]),
        )
        for part in topic["partitions"]
    )
    ordered = tuple(sorted(partitions, key=lambda part: part.number))
    return TopicState(topic["name"], str(topic["topic_id"]), ordered, config)


def _configs(client: KafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    told = client.describe_configs(asked, config_filter="all")["topic"]
    return {name: {key: str(entry["value"]) for key, entry in told[name].items()} for name in names}
