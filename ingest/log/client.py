"""The one door to Kafka's client (kafka-python): who needs it imports it from here, and its inner parts are known here alone.

Its public side is passed on as it is. Its inner side is what may change with any release without a word: the classes that we
derive from, the attributes that the functions below reach for. ``tests/unit/test_client_inside.py`` says which these are
and fails where a release has changed them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from kafka import (
    ConsumerRebalanceListener,
    KafkaAdminClient,
    KafkaConsumer,
    KafkaProducer,
    TopicPartition,
    errors,
)
from kafka.admin import ConfigResource, ConfigResourceType, MemberToRemove
from kafka.codec import lz4_encode, zstd_encode
from kafka.consumer.fetcher import Fetcher
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.base import MemberState
from kafka.errors import (
    AuthorizationError,
    BrokerResponseError,
    CorruptRecordError,
    IllegalSaslStateError,
    IncompatibleBrokerVersion,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NodeNotReadyError,
    NoError,
    NotEnoughReplicasAfterAppendError,
    NotEnoughReplicasError,
    OffsetOutOfRangeError,
    RequestTimedOutError,
    RetriableError,
    SaslAuthenticationFailedError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
    for_code,
)
from kafka.net.compat import KafkaNetClient
from kafka.producer.producer_batch import ProducerBatch
from kafka.producer.transaction_manager import TransactionState
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment
from kafka.protocol.consumer.offsets import IsolationLevel
from kafka.record.util import calc_crc32c
from kafka.structs import OffsetAndMetadata

PartitionRecords = Fetcher.PartitionRecords
"""What reads the bytes of one fetched partition."""
READ_COMMITTED = "read_committed"
"""The setting of every consumer of ours: what a transaction took back, or has not given yet, is not handed out."""
REBALANCING = MemberState.REBALANCING
_PAUSE_AFTER_ERROR_S = 0.1


@dataclass(frozen=True, slots=True)
class News:
    """What a broker said of a partition last: what went wrong (empty: nothing), where its log ends, and where what is
    certain ends: behind that a transaction is open."""

    error: str
    high: int
    stable: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How one of a consumer's partitions stands. ``position`` is None where it is not known, ``leader`` where there is none,
    ``heard`` where that broker has not answered yet; else when it did, by the monotonic clock."""

    position: int | None
    news: News | None
    leader: int | None
    heard: float | None


__all__ = [
    "READ_COMMITTED",
    "REBALANCING",
    "AuthorizationError",
    "BrokerResponseError",
    "ConfigResource",
    "ConfigResourceType",
    "ConsumerProtocolAssignment",
    "ConsumerRebalanceListener",
    "CooperativeStickyAssignor",
    "CorruptRecordError",
    "Fetcher",
    "IllegalSaslStateError",
    "IncompatibleBrokerVersion",
    "IsolationLevel",
    "KafkaAdminClient",
    "KafkaConnectionError",
    "KafkaConsumer",
    "KafkaError",
    "KafkaNetClient",
    "KafkaProducer",
    "KafkaTimeoutError",
    "MemberToRemove",
    "MessageSizeTooLargeError",
    "News",
    "NoError",
    "NodeNotReadyError",
    "NotEnoughReplicasAfterAppendError",
    "NotEnoughReplicasError",
    "OffsetAndMetadata",
    "OffsetOutOfRangeError",
    "PartitionRecords",
    "ProducerBatch",
    "RequestTimedOutError",
    "RetriableError",
    "SaslAuthenticationFailedError",
    "Standing",
    "TopicAlreadyExistsError",
    "TopicPartition",
    "TransactionState",
    "UnknownTopicOrPartitionError",
    "UnsupportedSaslMechanismError",
    "calc_crc32c",
    "errors",
    "for_code",
    "has_forgotten_its_join",
    "is_joined",
    "join_again",
    "lz4_encode",
    "next_bytes",
    "packed_bytes",
    "read_by",
    "read_committed",
    "standing",
    "zstd_encode",
]


def read_by(consumer: KafkaConsumer, records: type[Any]) -> None:
    """Have a consumer read fetched bytes by a class of ours, and remember what the brokers say of its partitions."""
    fetcher = consumer._fetcher  # noqa: SLF001  the client makes its fetcher itself, and reads by an attribute of it
    fetcher.__class__ = _Listening
    fetcher.PartitionRecords = records
    fetcher.heard, fetcher.news = {}, {}


class _Listening(Fetcher):  # type: ignore[misc]  # the client has no types
    """The client's fetcher, which keeps what brokers say. An error of one partition does not stop the others: it is kept as
    that partition's news, and it is asked for again; only what asking again cannot mend is raised."""

    heard: dict[int, float]
    news: dict[TopicPartition, News]

    def _handle_fetch_response(self, node_id: Any, fetch_offsets: Any, send_time: Any, response: Any) -> None:
        self.heard[node_id] = time.monotonic()
        super()._handle_fetch_response(node_id, fetch_offsets, send_time, response)

    def _parse_fetched_data(self, completed_fetch: Any) -> Any:
        said, partition = completed_fetch.partition_data, completed_fetch.topic_partition
        error = for_code(said.error_code)
        told = "" if error is NoError else error.__name__
        self.news[partition] = News(told, said.high_watermark, said.last_stable_offset)
        try:
            return super()._parse_fetched_data(completed_fetch)
        except (OffsetOutOfRangeError, AuthorizationError):
            raise
        except KafkaError as failed:
            self.news[partition] = News(
                f"{type(failed).__name__}: {failed}"[:300], said.high_watermark, said.last_stable_offset
            )
            time.sleep(_PAUSE_AFTER_ERROR_S)  # it is asked for again at once
            return None


def read_committed(consumer: KafkaConsumer, only: bool) -> None:
    """Whether a consumer looks no further than to the first transaction that is open: also asked where a partition ends."""
    level = IsolationLevel.READ_COMMITTED if only else IsolationLevel.READ_UNCOMMITTED
    consumer._fetcher._isolation_level = level  # noqa: SLF001  the client takes it when it is made, and never again


def standing(consumer: KafkaConsumer, partition: TopicPartition) -> Standing:
    """How a partition of a consumer that is ``read_by`` stands."""
    fetcher, state = consumer._fetcher, consumer._subscription.assignment.get(partition)  # noqa: SLF001  it tells less
    leader = consumer._client.cluster.leader_for_partition(partition)  # noqa: SLF001  likewise
    position = state.position.offset if state is not None and state.position is not None else None
    known = leader if leader is not None and leader >= 0 else None
    return Standing(position, fetcher.news.get(partition), known, fetcher.heard.get(leader))


def has_forgotten_its_join(consumer: KafkaConsumer) -> bool:
    """Whether it is rebalancing, and nobody waits for the end."""
    coordinator = consumer._coordinator  # noqa: SLF001  the client does not tell it otherwise
    return not coordinator.rejoin_needed and coordinator.state == REBALANCING


def is_joined(consumer: KafkaConsumer) -> bool:
    """Whether it is a member of its group, and the group is not being put together anew."""
    return bool(consumer._coordinator.state == MemberState.STABLE)  # noqa: SLF001  likewise


def join_again(consumer: KafkaConsumer) -> None:
    """Have it ask for a join anew."""
    consumer._coordinator.request_rejoin()  # noqa: SLF001  likewise


def next_bytes(records: Any) -> memoryview | None:
    """The bytes of the batch that comes next among fetched ones; None where none does, not whole at least."""
    return records._next_slice  # type: ignore[no-any-return]  # noqa: SLF001  it does not tell without handing it out


def packed_bytes(batch: Any) -> tuple[int, memoryview]:
    """(Kafka's number of a batch's codec, the bytes of its records as they came)."""
    return batch.compression_type, memoryview(batch._buffer)[batch._pos :]  # noqa: SLF001  it does not hand out the bytes
