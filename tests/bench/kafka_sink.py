"""How fast the sink brings events from a real Kafka into the ledger, and what of its CPU goes where.

``python -m tests.bench.kafka_sink [BROKERS [EVENTS]]``. Beside it, in the same run: librdkafka and JSONEachRow into a table
of the same engine, which looks at nothing (ClickHouse's own way), and what the sink's reading alone costs.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from time import perf_counter, process_time, thread_time
from typing import Any
from unittest import mock

from confluent_kafka import Consumer, TopicPartition

from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.sink import storing
from opsledger.infra.sink.counts import total
from opsledger.infra.sink.facts_duty import FactsDuty
from opsledger.infra.sink.repeats import RepeatCounter
from opsledger.infra.sink.run import Sink, SinkOptions
from opsledger.infra.sink.status import Status
from opsledger.infra.store import Store, open_store
from opsledger.ingest.border import bulk
from opsledger.ingest.border.bulk import Bulk
from opsledger.ingest.border.judge import Border
from opsledger.ingest.log.decode import Decoder
from opsledger.ingest.log.group import Group
from opsledger.ingest.log.kafka import KafkaLog
from opsledger.projections.ledger.sink_writer import SinkWriter
from tests.bench.decode import lines
from tests.bench.kafka_produce import _CLOCK, ROWS_AT_ONCE, place

EVENTS = 1_500_000
CHUNK = 60_000
_PLAIN = (
    "CREATE TABLE plain (id UUID, source String, subject String, time DateTime64(6, 'UTC'), tenant String, type String, "
    "data String) ENGINE = MergeTree ORDER BY (tenant, subject, time) SETTINGS index_granularity = 512"
)
_TEXTS = {"input_format_json_read_objects_as_strings": 1, "date_time_input_format": "best_effort", "max_insert_threads": 1}


class Clocks:
    """CPU seconds of threads by section; a section inside another counts for itself alone."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._open: dict[int, list[float]] = defaultdict(list)

    def timed(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        """The same act, its time counted under a name."""

        def acted(*args: Any, **more: Any) -> Any:
            inner = self._open[get_ident()]
            start = thread_time()
            inner.append(0.0)
            try:
                return act(*args, **more)
            finally:
                whole = thread_time() - start
                self.spent[name] += whole - inner.pop()
                if inner:
                    inner[-1] += whole

        return acted


def resident_mb() -> int:
    """Memory of this process, MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


@contextmanager
def watched(clocks: Clocks) -> Iterator[None]:
    """The sink's parts with their clocks; facts stay postponed."""
    parts: list[tuple[Any, str, str]] = [
        (Group, "poll", "consume"),
        (Decoder, "take", "judge"),
        (bulk, "decode", "decode"),
        (bulk, "build", "build"),
        (RepeatCounter, "look", "repeats"),
        (SinkWriter, "write", "write"),
        (storing.Storing, "store", "rest of storing"),
    ]
    with mock.patch.object(FactsDuty, "is_owed", return_value=False):
        for owner, name, section in parts:
            setattr(owner, name, clocks.timed(section, getattr(owner, name)))
        yield


def by_sink(store: Store, kafka: KafkaSettings, clocks: Clocks, seen: list[tuple[int, int, float]]) -> None:
    """The sink itself, to the end of the log, facts postponed."""

    def told(status: Status) -> None:
        read = total(dict(status.counts)).read
        if not seen or read > seen[-1][0]:
            seen.append((read, resident_mb(), perf_counter()))

    with watched(clocks):
        status = Sink(store, kafka, SinkOptions("bench", until_end=True), told).run()
    assert total(status.counts).accepted == total(status.counts).read


def by_plain_path(store: Store, kafka: KafkaSettings, count: int) -> None:
    """librdkafka and JSONEachRow: nothing is judged, no place is kept, nothing is known to be there once."""
    store.client.command(_PLAIN)
    consumer = Consumer({"bootstrap.servers": ",".join(kafka.servers), "group.id": "plain", "enable.auto.commit": False})
    consumer.assign([TopicPartition(kafka.topics.of("call"), n, 0) for n in range(6)])
    read = 0
    while read < count:
        messages = consumer.consume(CHUNK, timeout=1.0)
        read += len(messages)
        if messages:
            rows = b"\n".join(message.value() or b"" for message in messages)
            store.client.raw_insert("plain", None, rows, settings=_TEXTS, fmt="JSONEachRow")
    consumer.close()
    assert store.client.command("SELECT count() FROM plain") == count


def fill(kafka: KafkaSettings, count: int) -> None:
    """Events on the log, made and judged before."""
    with KafkaLog(kafka.client, kafka.topics) as log:
        raws = lines(count)
        for start in range(0, count, ROWS_AT_ONCE):
            some = raws[start : start + ROWS_AT_ONCE]
            log.append({"call": Bulk(Border(_CLOCK)).take(some, range(len(some))).tables["call"]})


def main(brokers: int = 1, count: int = EVENTS) -> None:
    """Print the table."""
    with place(brokers) as kafka, tempfile.TemporaryDirectory() as folder:
        fill(kafka.settings, count)
        with open_store(Path(folder) / "plain") as store:
            start, cpu = perf_counter(), process_time()
            by_plain_path(store, kafka.settings, count)
            plain, plain_cpu = count / (perf_counter() - start), (process_time() - cpu) * 1e6 / count
        clocks, seen = Clocks(), list[tuple[int, int, float]]()
        with open_store(Path(folder) / "data") as store:
            cpu = process_time()
            by_sink(store, kafka.settings, clocks, seen)
            whole = (process_time() - cpu) * 1e6 / count
    show(brokers, count, (plain, plain_cpu), seen, {name: spent * 1e6 / count for name, spent in clocks.spent.items()}, whole)


def show(
    brokers: int,
    count: int,
    plain: tuple[float, float],
    seen: list[tuple[int, int, float]],
    parts: dict[str, float],
    whole: float,
) -> None:
    """The figures as text."""
    (first, _, begun), (last, _, ended) = seen[0], seen[-1]
    rate = (last - first) / (ended - begun)
    print(f"{count:,} events, {brokers} broker(s), this process beside them on {os.cpu_count()} cores")
    print(f"librdkafka + JSONEachRow, no validation: {plain[0]:>9,.0f}/s  {plain[1]:5.1f} us CPU an event")
    print(f"opsledger sink, facts postponed:         {rate:>9,.0f}/s  {whole:5.1f} us CPU an event")
    engine = whole - sum(parts.values())
    for name, micros in [*parts.items(), ("engine's threads and the rest", engine)]:
        print(f"  {name:<32}{micros:5.2f} us")
    reading = sum(parts.get(name, 0.0) for name in ("consume", "judge", "decode", "build"))
    print(f"  the reading thread, with a core of its own: {1e6 / reading:,.0f}/s")
    third = next(memory for read, memory, _ in seen if read >= count / 3)
    print(
        f"memory: {third} MiB after a third, {seen[-1][1]} MiB at the end, {max(memory for _, memory, _ in seen)} MiB at most"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
