"""Kafka's idempotent producer, given whole batches: so much in flight and no more, one answer a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Condition
from typing import Any

from opsledger.ingest.log.batch import Batch
from opsledger.ingest.log.client import KafkaProducer, KafkaTimeoutError, ProducerBatch, TopicPartition, TransactionState

IN_FLIGHT_BYTES = 32 * 1024 * 1024
"""So many bytes wait for their acknowledgement at most; who has more to send waits."""
_REQUEST_BYTES = 8 * 1024 * 1024
_REQUEST_MS = 30_000
START_MS = 15_000
"""So long a broker is waited for at the start."""


class InFlight:
    """Bytes that are on their way, bounded. ``take`` waits until there is room; one alone may be larger than the bound."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._bytes = most_bytes, 0
        self._changed = Condition()
        self.peak_bytes = 0

    def take(self, size: int) -> None:
        """Count bytes in, as soon as there is room for them."""
        with self._changed:
            self._changed.wait_for(lambda: self._bytes == 0 or self._bytes + size <= self._most)
            self._bytes += size
            self.peak_bytes = max(self.peak_bytes, self._bytes)

    def give(self, size: int) -> None:
        """Count bytes out."""
        with self._changed:
            self._bytes -= size
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class Sent:
    """A batch on its way."""

    topic: str
    partition: int
    count: int
    future: Any

    def first(self) -> int:
        """Offset of its first record, once every replica in sync has it. Waits; raises the KafkaError that it ended in."""
        self.future.wait()
        offset, _, failure = self.future.value
        if failure is not None:
            raise failure(0)
        return int(offset)


class Producer:
    """A producer of batches; may be used by many threads. Batches of one partition keep the order in which they were sent.

    Each ends acknowledged by all replicas in sync, or in an error after ``delivery_timeout_s``; what did is not sent twice.
    """

    def __init__(self, client: Mapping[str, Any], *, delivery_timeout_s: float, in_flight_bytes: int = IN_FLIGHT_BYTES) -> None:
        self._options = {
            **client,
            "acks": "all",
            "enable_idempotence": True,
            "linger_ms": 0,
            "max_request_size": _REQUEST_BYTES,
            "delivery_timeout_ms": int(delivery_timeout_s * 1000),
            "request_timeout_ms": min(_REQUEST_MS, int(delivery_timeout_s * 1000)),
            "max_block_ms": int(delivery_timeout_s * 1000),
            "bootstrap_timeout_ms": START_MS,
            "allow_auto_create_topics": False,
            "metrics_enabled": False,
        }
        self.in_flight = InFlight(in_flight_bytes)
        self._client = _BatchProducer(**self._options)

    def send(self, topic: str, partition: int, batch: Batch) -> Sent:
        """Hand a batch over. Waits while too much is in flight."""
        size = batch.size_in_bytes()
        self.in_flight.take(size)
        future = self._client.send_batch(TopicPartition(topic, partition), batch)
        future.add_both(lambda _: self.in_flight.give(size))
        return Sent(topic, partition, batch.next_offset(), future)

    def know(self, topic: str) -> None:
        """Have the client learn who leads a topic's partitions. Raises KafkaError."""
        self._client.partitions_for(topic)

    @property
    def broken(self) -> bool:
        """Whether it ended in an error after which Kafka's client sends nothing more."""
        return self._client.broken

    def close(self, timeout_s: float) -> None:
        """Wait for what is in flight, at most so long, then close. Harmless when done twice."""
        try:
            self._client.close(timeout_s)
        except KafkaTimeoutError:
            self._client.give_up()


class _BatchProducer(KafkaProducer):  # type: ignore[misc]  # the client is not typed
    """The client with a way in for batches that are already made.

    The one place that knows how the client keeps its queues; its idempotence, its retries and its order stay as they are.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # The client would cut a batch that is too large in two and answer each record apart; ours has one answer.
        self._sender._can_split = lambda batch, error: False  # noqa: SLF001
        self._take_number_back = self._transaction_manager.reset_producer_id
        self._transaction_manager.reset_producer_id = self._take_another_number

    def _take_another_number(self) -> None:
        """Where a batch that was sent runs out of time, the client gives its producer's number back and never asks for
        another: from then on it would send nothing, and let nothing run out of time, for ever."""
        manager = self._transaction_manager
        with manager._lock:  # noqa: SLF001
            self._take_number_back()
            if manager._current_state == TransactionState.READY:  # noqa: SLF001
                manager._current_state = TransactionState.UNINITIALIZED  # noqa: SLF001

    def send_batch(self, place: TopicPartition, records: Batch) -> Any:
        """Queue a batch; the future of (base offset, time, what went wrong or None)."""
        queues = self._accumulator
        batch = ProducerBatch(place, records)
        with queues._tp_lock(place):  # noqa: SLF001
            if queues._closed:  # noqa: SLF001
                raise RuntimeError("the producer is closed")
            queues._incomplete.add(batch)  # noqa: SLF001
            queues._batches[place].append(batch)  # noqa: SLF001
        self._sender.wakeup()
        return batch.produce_future

    def give_up(self) -> None:
        """Close; what is in flight ends in errors."""
        self._sender.force_close()
        self._sender.join()
        self.close(0)

    @property
    def broken(self) -> bool:
        """Whether the client's state allows no more sending."""
        return bool(self._transaction_manager.has_fatal_error())
