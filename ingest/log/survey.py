"""What the cluster says of the log's topics before anything is sent: that they are there, their partitions, their limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsledger.domain.errors import UserError
from opsledger.ingest.log.client import AuthorizationError, ConfigResource, ConfigResourceType, KafkaAdminClient
from opsledger.ingest.log.producer import START_MS
from opsledger.ingest.log.topics import DEAD_LETTERS, FOREVER, IMPORTS, Topics

_LIMIT = "max.message.bytes"


@dataclass(frozen=True, slots=True)
class Survey:
    """By topic: its id, how many partitions it has, the largest message that it takes."""

    cluster_id: str
    ids: Mapping[str, str]
    partitions: Mapping[str, int]
    max_bytes: Mapping[str, int]


def survey(client: Mapping[str, Any], topics: Topics) -> Survey:
    """Ask the cluster. UserError where a topic of the log is missing; KafkaError as the client raises it."""
    names = [*topics.streams, topics.of(DEAD_LETTERS), topics.of(IMPORTS)]
    admin = KafkaAdminClient(**client, bootstrap_timeout_ms=START_MS)
    try:
        told = {each["name"]: each for each in admin.describe_topics(names) if not each["error_code"]}
        missing = [name for name in names if name not in told]
        if missing:
            some = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
            raise UserError(f"Kafka has no topic {some}; make what is missing with 'opsledger kafka init'")
        cluster = str(admin.describe_cluster()["cluster_id"])
        limits = _limits(admin, names)
    finally:
        admin.close()
    return Survey(
        cluster,
        {name: str(told[name]["topic_id"]) for name in names},
        {name: len(told[name]["partitions"]) for name in names},
        limits,
    )


def _limits(admin: KafkaAdminClient, names: list[str]) -> dict[str, int]:
    try:
        found = admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name, {_LIMIT: None}) for name in names], config_filter="all"
        )["topic"]
    except AuthorizationError:  # who may write need not be allowed to look at settings
        found = {}
    return {name: int(found.get(name, {}).get(_LIMIT, {}).get("value") or FOREVER[_LIMIT]) for name in names}
