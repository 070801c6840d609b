"""What the tests of the sink share: a drain into a data directory, and the law that log = ledger + dead letters by place."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pyarrow as pa
from confluent_kafka import Producer
from kafka import KafkaConsumer, TopicPartition

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.dead_letters import DeadLetterFilter
from opsledger.domain.errors import UserError
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.sink.run import Sink, SinkOptions
from opsledger.infra.sink.status import Status
from opsledger.infra.store import Store, open_store
from opsledger.ingest.log.decode import FORMAT, partition_of
from opsledger.ingest.log.group import Place
from opsledger.ingest.log.partition import partitions_of
from tests.kafka_topics import PATIENCE_S

SESSION_MS = 6_000
Placed = tuple[str, int, int]
"""(topic, partition, offset)"""


def drained(
    store: Store, kafka: KafkaSettings, *, name: str = "sink", change: Callable[[Sink], object] | None = None
) -> Status:
    """Read the log to its end into an open store."""
    sink = Sink(store, kafka, SinkOptions(name, until_end=True, session_ms=SESSION_MS))
    if change:
        change(sink)
    return sink.run()


def sunk(data: Path, kafka: KafkaSettings) -> Status:
    """Likewise, into a data directory."""
    with open_store(data) as store:
        return drained(store, kafka)


@dataclass(frozen=True)
class Content:
    """By place: what the ledger has, which of it is dead; ``rows`` counts every row of the ledger."""

    events: Counter[Placed]
    dead: Counter[Placed]

    @property
    def rows(self) -> int:
        return sum(self.events.values())


def content(store: Store, kafka: KafkaSettings) -> Content:
    """All that the ledger holds of a log."""
    parts = " UNION ALL ".join(f"SELECT toString(topic), partition, offset FROM `{stream}`" for stream in STREAMS)
    events = Counter((t, p, o) for t, p, o in store.client.query(parts).result_rows)
    letters = [each for each in store.dead_letters.list(DeadLetterFilter(limit=1_000_000)) if each.format == FORMAT]
    assert all(letter.file.startswith(kafka.topics.prefix) for letter in letters)
    return Content(events, Counter((letter.file, partition_of(letter), letter.line) for letter in letters))


def logged(kafka: KafkaSettings, topics: Iterable[str] = ()) -> set[Placed]:
    """The places of every message on the streams' topics."""
    consumer = KafkaConsumer(**kafka.client, enable_auto_commit=False)
    names = list(topics or kafka.topics.streams)
    partitions = [TopicPartition(name, p) for name in names for p in consumer.partitions_for_topic(name) or ()]
    ends = {tp: end for tp, end in consumer.end_offsets(partitions).items() if end}
    found: set[Placed] = set()
    if ends:
        consumer.assign(list(ends))
        consumer.seek_to_beginning()
        while any(consumer.position(tp) < end for tp, end in ends.items()):
            found |= {(r.topic, r.partition, r.offset) for rows in consumer.poll(timeout_ms=1_000).values() for r in rows}
    consumer.close()
    return found


def check_exact(store: Store, kafka: KafkaSettings) -> Content:
    """AssertionError unless log = ledger + dead letters by place, nothing lost and nothing twice."""
    found, log = content(store, kafka), logged(kafka)
    twice = [place for place, count in (found.events + found.dead).items() if count > 1]
    assert not twice, f"{len(twice)} places are stored more than once, such as {twice[:3]}"
    stored = set(found.events) | set(found.dead)
    assert not log - stored, f"{len(log - stored)} messages of the log are nowhere, such as {sorted(log - stored)[:3]}"
    assert not stored - log, f"{len(stored - log)} places are not in the log, such as {sorted(stored - log)[:3]}"
    return found


def produce(kafka: KafkaSettings, messages: Iterable[dict[str, object]]) -> None:
    """Send messages as anybody could: each with what confluent_kafka's produce takes, without a look at what they are."""
    size = {"message.max.bytes": 16 * 1024 * 1024, "enable.idempotence": True}
    producer = Producer({"bootstrap.servers": ",".join(kafka.servers), **size})
    failed: list[object] = []
    for message in messages:
        producer.produce(**message, on_delivery=lambda error, _: failed.append(error) if error else None)
        producer.poll(0)
    assert producer.flush(60) == 0
    assert not failed, failed[0]


def home(key: bytes) -> int:
    """The partition of a key, of six."""
    return int(partitions_of(pa.array([key]), 6)[0])


def message(value: bytes | None, key: bytes | None = b"t1/call/a", **more: object) -> dict[str, object]:
    """A message for ``produce`` on the topic of calls, where its key belongs."""
    return {"value": value, "key": key, "partition": home(key or b"t1/call/a")} | more


@dataclass
class AtWork:
    """A sink at work in a thread; ``said``: what ended it."""

    sink: Sink
    said: str = ""
    thread: Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.sink.run()
        except UserError as error:
            self.said = str(error)

    def has(self, partition: Place) -> bool:
        return partition in self.sink.status.assigned

    def stop(self) -> None:
        """Ask it to end, and see it end."""
        self.sink.stop()
        self.thread.join(PATIENCE_S)
        assert self.ended()

    def ended(self) -> bool:
        return not self.thread.is_alive()


def until(what: Callable[[], bool]) -> None:
    """Wait for something that will come; AssertionError where it does not."""
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
