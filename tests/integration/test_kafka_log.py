"""The log on Kafka, against a real broker: the port's suite, and what is particular to Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import MessageSizeTooLargeError
from kafka.partitioner.default import murmur2 as reference

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.domain.ports import Log
from opsledger.ingest.log import kafka as kafka_log
from opsledger.ingest.log.fetched import RECORDED_AT
from opsledger.ingest.log.kafka import KafkaLog
from opsledger.ingest.log.partition import partitions_of
from tests.integration.log_port_suite import LogPortSuite, whole
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import calls, line, tables


@pytest.fixture
def opened(kafka: TestKafka) -> Iterator[KafkaLog]:
    make_topics(kafka.settings)
    with open_log(kafka.settings) as log:
        yield log


class TestKafkaLog(LogPortSuite):
    @pytest.fixture
    def log(self, opened: KafkaLog) -> Log:
        return opened


def at_home(log: KafkaLog) -> bool:
    """Whether every record lies where any other client of Kafka would have put its key."""
    records = whole(log, "call")
    assert records
    return all(r.position.partition == (reference(r.key.encode()) & 0x7FFFFFFF) % 6 for r in records)


def test_every_record_lies_in_the_partition_that_any_other_client_finds(opened: KafkaLog) -> None:
    opened.append(tables([*calls(50), line("x", subject="电话-1")]))
    assert at_home(opened)


def test_a_partitioner_that_is_off_by_one_is_noticed(opened: KafkaLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_log, "partitions_of", lambda keys, count: (partitions_of(keys, count) + 1) % count)
    opened.append(tables(calls(50)))
    assert not at_home(opened)


def test_the_suite_notices_an_append_that_drops_a_batch(opened: KafkaLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control of the suite: what was not sent must not have a place."""
    whole_cut = kafka_log.cut
    monkeypatch.setattr(kafka_log, "cut", lambda records, most: [part[1:] or part for part in whole_cut(records, most)])
    with pytest.raises(AssertionError):
        TestKafkaLog().test_what_was_appended_is_read_back_byte_for_byte(_Several(opened))


class _Several:
    """The log, with the sample's three events made one subject's, so that they share a batch."""

    def __init__(self, log: KafkaLog) -> None:
        self._log = log
        self.read, self.end_offsets = log.read, log.end_offsets

    def append(self, events: dict[str, pa.Table], *, backfill: bool = False) -> object:
        one = {
            s: t.set_column(t.schema.get_field_index("subject"), "subject", pa.array(["c1"] * len(t)))
            for s, t in events.items()
        }
        return self._log.append(one, backfill=backfill)


def test_many_rows_are_cut_into_batches_and_each_is_where_it_is_said_to_be(opened: KafkaLog) -> None:
    lines = [line(f"e{n}", subject=f"c{n % 500}", note="x" * (n % 900)) for n in range(20_000)]
    spans = opened.append(tables(lines))
    assert sum(span.count for span in spans) == 20_000
    assert len(spans) == 6
    records = whole(opened, "call")
    assert sorted(r.value for r in records) == sorted(lines)
    of_one = [r.value for r in records if r.key == "t1/call/c7"]
    assert of_one == [raw for n, raw in enumerate(lines) if n % 500 == 7]


def test_a_second_log_goes_on_after_the_first(kafka: TestKafka, opened: KafkaLog) -> None:
    opened.append(tables([line("a", subject="c1")]))
    with open_log(kafka.settings) as other:
        (span,) = other.append(tables([line("b", subject="c1")]))
    assert span.first == 1


def test_threads_that_append_at_once_lose_and_double_nothing(opened: KafkaLog) -> None:
    with ThreadPoolExecutor(8) as threads:
        parts = list(threads.map(lambda n: opened.append(tables(calls(50, first=50 * n))), range(16)))
    places = [span.position(i) for spans in parts for span in spans for i in range(span.count)]
    assert len(set(places)) == len(places) == 800
    assert sorted(r.value for r in whole(opened, "call")) == sorted(calls(800))


def test_an_event_larger_than_its_topic_takes_is_told_and_nothing_of_its_stream_is_sent(kafka: TestKafka) -> None:
    make_topics(kafka.settings, config={"max.message.bytes": "20000"})
    with open_log(kafka.settings) as log:
        with pytest.raises(UserError, match=r"t1/call/big has 3.* takes messages of at most 1.*kafka check") as told:
            log.append(tables([line("a"), line("big", note="x" * 30_000)]))
        assert told.value.exit_code == EXIT_ENVIRONMENT
        assert whole(log, "call") == []
        log.append(tables([line(f"e{n}", note="x" * 15_000) for n in range(20)]))
        assert len(whole(log, "call")) == 20


def test_a_limit_that_was_lowered_behind_our_back_is_told_and_the_log_goes_on(kafka: TestKafka) -> None:
    make_topics(kafka.settings)
    with open_log(kafka.settings) as log:
        lower_limit(kafka, "call", 2_000)
        with pytest.raises(UserError, match=r"may be missing.*kafka check"):
            log.append(tables([line("big", note=np.random.default_rng(1).bytes(9_000).hex())]))
        log.append(tables([line("small")]))
        assert [r.key for r in whole(log, "call") if r.key] == ["t1/call/small"]


def lower_limit(kafka: TestKafka, stream: str, most_bytes: int) -> None:
    """Set the limit, and see that the broker goes by it."""
    admin = KafkaAdminClient(**kafka.settings.client)
    topic = kafka.settings.topics.of(stream)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": str(most_bytes)})])
    admin.close()
    producer = KafkaProducer(**kafka.settings.client, enable_idempotence=False)
    while not refuses(producer, topic, most_bytes + 1):
        pass
    producer.close()


def refuses(producer: KafkaProducer, topic: str, size: int) -> bool:
    try:
        producer.send(topic, bytes(size), partition=0).get(10)
    except MessageSizeTooLargeError:
        return True
    return False


def test_topics_that_are_missing_are_named_with_what_to_do(kafka: TestKafka) -> None:
    with pytest.raises(UserError, match=r"Kafka has no topic .* and \d+ more; .*opsledger kafka init"):
        open_log(kafka.settings)


def test_any_client_of_kafka_reads_what_the_log_wrote(kafka: TestKafka, opened: KafkaLog) -> None:
    raw = line("a", subject="电话-1")
    (span,) = opened.append(tables([raw]), backfill=True)
    consumer = KafkaConsumer(**kafka.settings.client, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(span.topic, span.partition)])
    message = next(consumer)
    consumer.close()
    assert (message.key, message.value) == ("t1/call/电话-1".encode(), raw)
    assert list(message.headers) == [("content-type", b"application/cloudevents+json"), ("opsledger-backfill", b"1")]


def test_the_log_reads_what_any_client_wrote(kafka: TestKafka, opened: KafkaLog) -> None:
    topic = kafka.settings.topics.of("call")
    producer = KafkaProducer(**kafka.settings.client)
    at = "2026-01-05T09:00:00.123456+08:00"
    producer.send(topic, b"garbage", key=b"\xff", partition=0, headers=[(RECORDED_AT, at.encode())])
    producer.send(topic, None, key=b"gone", partition=0, headers=[(RECORDED_AT, b"yesterday")])
    producer.flush()
    producer.close()
    first, second = whole(opened, "call")
    assert (first.key, first.value) == ("\ufffd", b"garbage")
    assert first.recorded_at.isoformat() == "2026-01-05T01:00:00.123456+00:00"
    assert (second.key, second.value, second.recorded_at.year >= 2026) == ("gone", b"", True)


def test_records_that_are_gone_are_not_passed_over_in_silence(kafka: TestKafka, opened: KafkaLog) -> None:
    (span,) = opened.append(tables([line(f"e{n}", subject="c1") for n in range(10)]))
    admin = KafkaAdminClient(**kafka.settings.client)
    admin.delete_records({TopicPartition(span.topic, span.partition): 5})
    admin.close()
    with pytest.raises(UserError, match="records that the topic once had are gone"):
        list(opened.read(span.topic, span.partition, 0))


def test_a_broker_that_is_not_there_is_told_after_a_bounded_time(kafka: TestKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsledger.ingest.log.survey.START_MS", 500)
    client = {"bootstrap_servers": ["127.0.0.1:1"]}
    with pytest.raises(UserError, match=r"opening the log on Kafka: no broker answered .*OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS"):
        KafkaLog(client, kafka.settings.topics)
