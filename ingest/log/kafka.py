"""The log on Kafka: one topic a stream, a key's partition found as every Kafka client finds it, appended once and for good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.domain.ports import ArrowTable, LogRecord, Span
from opsledger.ingest.log.batch import CONTENT_TYPE, OURS, Batch, cut, headers_of, overhead, size_of
from opsledger.ingest.log.client import READ_COMMITTED, KafkaConsumer, KafkaError, TopicPartition, read_by
from opsledger.ingest.log.fetched import BACKFILL
from opsledger.ingest.log.partition import partitions_of
from opsledger.ingest.log.producer import IN_FLIGHT_BYTES, START_MS, Producer, Sent
from opsledger.ingest.log.reader import ends_of, records_of
from opsledger.ingest.log.survey import Survey, survey
from opsledger.ingest.log.topics import Topics
from opsledger.ingest.log.trouble import be_quiet, told, told_to_user
from opsledger.ingest.log.unpack import Runs

Row = tuple[bytes, bytes, bytes]
"""Key, value, headers (``batch.headers_of``)."""
DELIVERY_TIMEOUT_S = 120.0
"""So long a broker that is away is waited for; what is not acknowledged then is told as lost."""
BATCH_BYTES = 512 * 1024
_ROWS_AT_ONCE = 8_192
"""Cut into batches together: few enough for all partitions to be busy at once, enough to compress well."""
_MARKED = headers_of([CONTENT_TYPE, (BACKFILL, b"1")])
_POLL_BATCHES = 64
_HURRIED_S = 5.0
"""After an error or Ctrl-C so long is waited for what is in flight: nobody was told that it is stored."""


class KafkaLog:
    """The log port on Kafka; ``append`` may be called by many threads at once. Close it, or use it in a ``with``.

    ``client``: the options that every client of kafka-python takes. ``delivery_timeout_s``: how long brokers that are away
    are waited for. Raises UserError where no broker answers, the login is refused or a topic is missing.
    """

    def __init__(
        self,
        client: Mapping[str, Any],
        topics: Topics,
        *,
        delivery_timeout_s: float = DELIVERY_TIMEOUT_S,
        in_flight_bytes: int = IN_FLIGHT_BYTES,
        codec: str = "lz4",
    ) -> None:
        be_quiet()
        self.topics = topics
        self._client, self._codec = dict(client), codec
        self._timeout_s, self._in_flight_bytes = delivery_timeout_s, in_flight_bytes
        self._guard = Lock()
        with told_to_user("opening the log on Kafka"):
            self.survey: Survey = survey(self._client, topics)
            self._producer = self._made_producer()
        self._idle: list[KafkaConsumer] = []

    def __enter__(self) -> KafkaLog:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(_HURRIED_S if kind else None)

    def close(self, timeout_s: float | None = None) -> None:
        """Wait for what is in flight, at most so long (default: the delivery timeout), then let the connections go.

        Harmless when done twice.
        """
        self._producer.close(self._timeout_s if timeout_s is None else timeout_s)
        while self._idle:
            self._idle.pop().close()

    @property
    def in_flight_peak_bytes(self) -> int:
        """The most bytes that waited for their acknowledgement at any moment."""
        return self._producer.in_flight.peak_bytes

    def append(self, events: Mapping[str, ArrowTable], *, backfill: bool = False) -> Sequence[Span]:
        """Store events by stream; see ``domain.ports.Log``.

        Returns once all replicas in sync have them all. UserError says how many of a stream may not be stored: no broker
        came back in time, a login was taken away. An event that is larger than its topic takes is told before any of
        its stream is sent.
        """
        spans: list[Span] = []
        for stream, rows in events.items():
            table = rows if isinstance(rows, pa.Table) else pa.table(rows)
            if table.num_rows:
                spans += self._append(stream, table, _MARKED if backfill else OURS)
        return spans

    def _append(self, stream: str, table: pa.Table, headers: bytes) -> list[Span]:
        keys = keys_of(stream, table)
        values = table["payload"].combine_chunks().to_pylist()
        return self.send(self.topics.of(stream), [(k, v, headers) for k, v in zip(keys.to_pylist(), values, strict=True)])

    def send(self, topic: str, rows: Sequence[Row]) -> list[Span]:
        """Append rows to a topic, each to its key's partition; returns their places, partition by partition, in row order."""
        doing = f"appending {len(rows):,} records to topic '{topic}'"
        self._check_sizes(topic, rows)
        sent: list[Sent] = []
        with told_to_user(doing):
            producer = self._ready_producer()
            producer.know(topic)
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                sent += self._send_some(producer, topic, rows[start : start + _ROWS_AT_ONCE])
        return _acknowledged(sent, doing)

    def _send_some(self, producer: Producer, topic: str, rows: Sequence[Row]) -> Iterator[Sent]:
        homes = partitions_of(pa.array([key for key, _, _ in rows], pa.binary()), self.survey.partitions[topic])
        for partition in np.unique(homes).tolist():
            mine = [rows[index] for index in np.flatnonzero(homes == partition).tolist()]
            for records in cut(mine, min(BATCH_BYTES, self.survey.max_bytes[topic])):
                yield producer.send(topic, partition, Batch(records, self._codec))

    def _check_sizes(self, topic: str, rows: Sequence[Row]) -> None:
        most = self.survey.max_bytes[topic] - overhead()
        for key, value, headers in rows:
            if size_of(key, value, headers) > most:
                raise UserError(
                    f"the event {_shown(key)} has {len(value):,} bytes and topic '{topic}' takes messages of at most {most:,}; "
                    "'opsledger kafka check' says what to set",
                    EXIT_ENVIRONMENT,
                )

    def _ready_producer(self) -> Producer:
        with self._guard:
            if self._producer.broken:  # after a refused login, for one: what it had in flight has ended in errors already
                self._producer.close(0)
                self._producer = self._made_producer()
            return self._producer

    def read(self, topic: str, partition: int, start: int, limit: int | None = None) -> Iterator[Sequence[LogRecord]]:
        """Records in offset order, at most 65,536 a batch; see ``domain.ports.Log``. UserError where older ones are gone."""
        place = TopicPartition(topic, partition)
        with told_to_user(f"reading topic '{topic}'"), self._reader() as consumer:
            end = ends_of(consumer, [place], START_MS / 1000)[place]
            stop = end if limit is None else min(end, start + limit)
            if start < stop:
                consumer.assign([place])
                consumer.seek(place, start)
                yield from records_of(consumer, place, stop, self._timeout_s)

    @contextmanager
    def _reader(self) -> Iterator[KafkaConsumer]:
        """A consumer of this reading alone; one that came to its end is kept for the next, which then starts at once."""
        try:
            consumer = self._idle.pop()
        except IndexError:
            consumer = self._made_consumer()
        try:
            yield consumer
        except BaseException:
            consumer.close()
            raise
        consumer.unsubscribe()
        self._idle.append(consumer)

    def end_offsets(self) -> Mapping[tuple[str, int], int]:
        """(topic, partition) → next offset, of all streams' topics, as the brokers have it now."""
        return self.ends(self.topics.streams)

    def ends(self, topics: Sequence[str]) -> dict[tuple[str, int], int]:
        """Likewise, of some topics."""
        places = [TopicPartition(topic, n) for topic in topics for n in range(self.survey.partitions[topic])]
        with told_to_user("asking for the ends of the topics"):
            return {(place.topic, place.partition): offset for place, offset in self._ends(places).items()}

    def _ends(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        with self._reader() as consumer:
            return ends_of(consumer, places, START_MS / 1000)

    def _made_producer(self) -> Producer:
        return Producer(self._client, delivery_timeout_s=self._timeout_s, in_flight_bytes=self._in_flight_bytes)

    def _made_consumer(self) -> KafkaConsumer:
        consumer = KafkaConsumer(
            **self._client,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=START_MS,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            max_poll_records=_POLL_BATCHES,
            metrics_enabled=False,
            isolation_level=READ_COMMITTED,
        )
        read_by(consumer, Runs)
        return consumer


def keys_of(stream: str, table: pa.Table) -> pa.Array:
    """The keys of a stream's rows, ``tenant/stream/subject`` in UTF-8."""
    tenant, subject = (table[name].combine_chunks().cast(pa.string()) for name in ("tenant", "subject"))
    return pc.binary_join_element_wise(tenant, stream, subject, "/").cast(pa.binary())


def _acknowledged(sent: Sequence[Sent], doing: str) -> list[Span]:
    """Where the batches are, once each has ended. UserError where one ended otherwise, after all have."""
    spans: list[Span] = []
    lost, why = 0, None
    for batch in sent:
        try:
            spans.append(Span(batch.topic, batch.partition, batch.first(), batch.count))
        except KafkaError as error:
            lost, why = lost + batch.count, error
    if why is not None:
        raise told(f"{doing}: {lost:,} of them were not acknowledged and may be missing", why)
    return _joined(spans)


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Spans by partition, those that touch made one."""
    made: list[Span] = []
    for _, group in groupby(sorted(spans), key=lambda span: (span.topic, span.partition)):
        for span in group:
            last = made[-1] if made else None
            if last and (last.topic, last.partition, last.last + 1) == (span.topic, span.partition, span.first):
                made[-1] = Span(last.topic, last.partition, last.first, last.count + span.count)
            else:
                made.append(span)
    return made


def _shown(key: bytes) -> str:
    return key.decode(errors="replace")[:200]
