"""One ledger, one log: which topics a ledger was made from, and what makes it refuse to go on with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from clickhouse_connect.driver.client import Client

from opsledger.domain.clock import Clock
from opsledger.projections.ledger.engine_errors import told_to_user
from opsledger.projections.ledger.sql import sql

_NAMES = ("topic", "topic_id", "cluster_id", "partitions", "first_seen")


@dataclass(frozen=True, slots=True)
class TopicKnown:
    """A topic as a cluster has it, or as the ledger met it. A topic that is made anew under its name has another id."""

    topic: str
    topic_id: UUID
    cluster_id: str
    partitions: int


class LogTopics:
    """The table ``log_topics``."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client, self._clock = client, clock

    def known(self) -> dict[str, TopicKnown]:
        """The topics on record."""
        rows = self._client.query(sql("list_log_topics")).result_rows
        return {row[0]: TopicKnown(*row) for row in rows}

    def note(self, topics: Sequence[TopicKnown]) -> None:
        """Put topics on record."""
        if topics:
            rows: list[list[Any]] = [[t.topic, t.topic_id, t.cluster_id, t.partitions, self._clock.now()] for t in topics]
            with told_to_user("noting the log's topics"):
                self._client.insert("log_topics", rows, column_names=_NAMES)


def refusals(
    known: Mapping[str, TopicKnown],
    found: Mapping[str, TopicKnown],
    stored: Mapping[tuple[str, int], int],
    ends: Mapping[tuple[str, int], int],
) -> list[str]:
    """Why a ledger must not be filled from a log; empty when nothing stands against it.

    ``known`` is what the ledger met, ``found`` what the cluster has now, ``stored`` how far the ledger goes and ``ends`` how
    far the log goes, by (topic, partition).
    """
    complaints = [f"topic '{topic}' is gone from the cluster; {_MEND}" for topic in known if topic not in found]
    for topic, now in found.items():
        if (then := known.get(topic)) is not None:
            complaints += _changed(then, now)
    foreign = sorted({topic for topic, _ in stored if topic not in found})
    if foreign:
        complaints.append(
            f"the ledger holds rows of {', '.join(map(repr, foreign))}, which this log does not have: it was filled from "
            "another log, or by imports; use an empty ledger, or copy a local one into the log: opsledger kafka publish"
        )
    complaints += [
        f"topic '{topic}', partition {partition}: the log ends at offset {ends[topic, partition]}, the ledger at {following}: "
        f"the log has lost records; {_MEND}"
        for (topic, partition), following in sorted(stored.items())
        if (topic, partition) in ends and ends[topic, partition] < following
    ]
    return complaints


_MEND = "bring the topic back as it was (a replica, a backup), or fill an empty ledger from the log as it is now"


def _changed(then: TopicKnown, now: TopicKnown) -> list[str]:
    name = f"topic '{now.topic}'"
    if then.cluster_id != now.cluster_id:
        return [f"{name} is on cluster {now.cluster_id}, the ledger was filled from cluster {then.cluster_id}; {_OTHER}"]
    if then.topic_id != now.topic_id:
        return [f"{name} was made anew: it has id {now.topic_id}, the ledger was filled from id {then.topic_id}; {_MEND}"]
    if then.partitions != now.partitions:
        moved = (
            f"{name} has {now.partitions} partitions, the ledger knows {then.partitions}: keys have moved, and the order of "
        )
        return [moved + _COPY]
    return []


_COPY = (
    "a subject's events is no longer known; copy the log under another OPSLEDGER_KAFKA_PREFIX, "
    "and fill an empty ledger from there"
)
_OTHER = "name that one (OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS), or use an empty ledger (--data)"
