"""The topics of the log: one a stream, cut into partitions, kept for good; declared here, made and checked elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.errors import UserError

DEFAULT_PREFIX = "opsledger"
PARTITIONS = 6
"""Of a stream's topic, unless it is made with another number; fixed from then on, since a key's home follows from it."""
DEAD_LETTERS, IMPORTS = "dead-letters", "imports"
"""Topics beside the streams': refused records, and the journal of imports. One partition each."""
FOREVER: Mapping[str, str] = MappingProxyType(
    {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(1024 * 1024),
    }
)
"""What every topic must be set to: nothing is thrown away or compacted, and the broker's clock says when it came."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it has to be. ``replication`` and ``min_in_sync`` follow from the number of brokers."""

    name: str
    partitions: int
    replication: int = 1
    min_in_sync: int = 1
    config: Mapping[str, str] = field(default_factory=lambda: FOREVER)


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of one log's topics: ``<prefix>.<stream>``."""

    prefix: str = DEFAULT_PREFIX

    def of(self, stream: str) -> str:
        """The topic of a stream (or of ``DEAD_LETTERS``, ``IMPORTS``)."""
        return f"{self.prefix}.{stream}"

    def stream(self, topic: str) -> str:
        """The stream of a topic. UserError for a topic that is not of this log."""
        stream = topic.removeprefix(f"{self.prefix}.")
        if stream == topic or stream not in (*STREAMS, DEAD_LETTERS, IMPORTS):
            raise UserError(f"topic '{topic}' is not one of the log '{self.prefix}'")
        return stream

    @property
    def streams(self) -> tuple[str, ...]:
        """The topics of all streams."""
        return tuple(self.of(stream) for stream in STREAMS)

    def specs(self, brokers: int, partitions: int = PARTITIONS) -> tuple[TopicSpec, ...]:
        """Every topic as it has to be on a cluster of so many brokers: with three or more, 3 copies, 2 of them in sync."""
        copies, in_sync = (3, 2) if brokers >= 3 else (1, 1)
        streams = tuple(TopicSpec(name, partitions, copies, in_sync) for name in self.streams)
        return (*streams, *(TopicSpec(self.of(name), 1, copies, in_sync) for name in (DEAD_LETTERS, IMPORTS)))
