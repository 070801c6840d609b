"""How fast events go to a real Kafka: the log's append, an import of a file; librdkafka and kafka-python alone beside them.

``python -m tests.bench.kafka_produce [BROKERS]``; CPU is that of this process: brokers work beside it on the same cores.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

import pyarrow as pa
from confluent_kafka import Producer as Librdkafka
from kafka import KafkaProducer

from opsledger.domain.clock import FixedClock
from opsledger.infra.kafka.local.cluster import Cluster
from opsledger.infra.kafka.log import stores_of
from opsledger.infra.kafka.topic_make import init_topics
from opsledger.ingest.adapters.jsonlines import JsonLines
from opsledger.ingest.border.bulk import Bulk
from opsledger.ingest.border.judge import Border
from opsledger.ingest.importer import Importer, ImportSpec
from opsledger.ingest.inputs import open_input
from opsledger.ingest.log.kafka import KafkaLog, keys_of
from opsledger.ingest.log.partition import partitions_of
from tests.bench.decode import lines
from tests.kafka_cluster import TestKafka, place_on

EVENTS = 300_000
ROWS_AT_ONCE = 75_000
_AS_KAFKA_PYTHON = 60_000
"""Of its own producer fewer are sent: it is slower, and only the ratio is wanted."""
_CLOCK = FixedClock(datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=30))


@contextmanager
def place(brokers: int) -> Iterator[TestKafka]:
    """Topics on a cluster of the bench's own."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder) / "cluster", brokers)
        cluster.up()
        try:
            made = place_on(cluster)
            init_topics(made.settings)
            yield made
        finally:
            cluster.down(delete=True)


def timed(count: int, call: Callable[[], object]) -> tuple[float, float]:
    """(events a second, CPU microseconds an event)."""
    start, cpu = perf_counter(), process_time()
    call()
    return count / (perf_counter() - start), (process_time() - cpu) * 1e6 / count


def by_librdkafka(kafka: TestKafka, rows: list[tuple[bytes, bytes, int]]) -> None:
    """The limit: a C client that knows nothing but bytes."""
    topic, failed = kafka.settings.topics.of("call"), 0

    def seen(error: object, _: object) -> None:
        nonlocal failed
        failed += error is not None

    options = {"enable.idempotence": True, "compression.type": "lz4", "linger.ms": 5, "queue.buffering.max.messages": 2_000_000}
    producer = Librdkafka({"bootstrap.servers": kafka.cluster.bootstrap, **options})
    for key, value, partition in rows:
        producer.produce(topic, value, key, partition, on_delivery=seen)
        producer.poll(0)
    producer.flush()
    assert not failed


def by_kafka_python(kafka: TestKafka, rows: list[tuple[bytes, bytes, int]]) -> None:
    """The client's own way, record by record."""
    topic = kafka.settings.topics.of("call")
    producer = KafkaProducer(**kafka.settings.client, acks="all", compression_type="lz4", linger_ms=5, batch_size=256 * 1024)
    futures = [producer.send(topic, value, key, partition=partition) for key, value, partition in rows]
    producer.flush()
    assert all(future.succeeded() for future in futures)
    producer.close()


def by_append(log: KafkaLog, table: pa.Table) -> None:
    """The log port, in batches as an import stores them."""
    stored = 0
    for start in range(0, table.num_rows, ROWS_AT_ONCE):
        stored += sum(span.count for span in log.append({"call": table.slice(start, ROWS_AT_ONCE)}))
    assert stored == table.num_rows


def by_import(log: KafkaLog, file: Path) -> None:
    """A file of JSON Lines read, judged and acknowledged."""
    source = open_input(str(file))
    spec = ImportSpec("t1", "s", "jsonl", file.name)
    result = Importer(stores_of(log), _CLOCK).run(JsonLines(Border(_CLOCK)).chunks(source), spec)
    source.close()
    assert result.problem is None
    assert result.tally.accepted == result.tally.read == EVENTS


def run(kafka: TestKafka) -> list[tuple[str, float, float]]:
    """(what, events a second, CPU microseconds an event)."""
    raws = lines(EVENTS)
    table = Bulk(Border(_CLOCK)).take(raws, range(EVENTS)).tables["call"]
    keys = keys_of("call", table)
    rows = list(zip(keys.to_pylist(), raws, partitions_of(keys, 6).tolist(), strict=True))
    with KafkaLog(kafka.settings.client, kafka.settings.topics) as log, tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        Path(file.name).write_bytes(b"\n".join(raws) + b"\n")
        by_append(log, table.slice(0, ROWS_AT_ONCE))  # the connections are there and warm
        some = rows[:_AS_KAFKA_PYTHON]
        return [
            ("librdkafka, nothing but bytes: the limit", *timed(EVENTS, lambda: by_librdkafka(kafka, rows))),
            ("kafka-python, record by record", *timed(len(some), lambda: by_kafka_python(kafka, some))),
            ("the log's append, from Arrow to every ack", *timed(EVENTS, lambda: by_append(log, table))),
            ("an import of JSON Lines, to every ack", *timed(EVENTS, lambda: by_import(log, Path(file.name)))),
        ]


def main(brokers: int = 1) -> None:
    """Print each with its share of the limit."""
    with place(brokers) as kafka:
        made = run(kafka)
    size = sum(map(len, lines(1_000))) // 1_000
    print(f"{EVENTS:,} events of {size} bytes, 6 partitions, {brokers} broker(s), lz4, idempotent, acks=all")
    for what, rate, cpu_us in made:
        print(f"{what:<44} {rate:>10,.0f} events/s {rate / made[0][1]:>7.0%} {cpu_us:>8.2f} µs CPU/event")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
