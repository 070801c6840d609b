"""What strangers send: other codecs, transactions, other partitioners, the binding's binary mode; the sink gets on with all."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from cloudevents.core.bindings import kafka as kafka_binding
from cloudevents.core.bindings.kafka import KafkaMessage
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Producer
from kafka import KafkaConsumer, TopicPartition

from opsledger.domain.dead_letters import DeadLetterFilter
from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.caught_up import missing_in
from opsledger.infra.cli.main import cli
from opsledger.infra.kafka.aborted import stored_aborted
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.sink.counts import total
from opsledger.infra.sink.run import Sink, SinkOptions
from opsledger.infra.store import Store, open_store
from opsledger.ingest.log import codecs
from opsledger.ingest.log.kafka import KafkaLog
from opsledger.ingest.log.unpack import Runs
from opsledger.projections.ledger.sink_writer import SinkWriter
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics
from tests.ledger_samples import calls, line, tables
from tests.sink_scene import SESSION_MS, AtWork, check_exact, content, drained, home, message, produce, sunk, until

KEY = b"t1/call/a"


def producer(settings: KafkaSettings, **more: object) -> Producer:
    return Producer({"bootstrap.servers": ",".join(settings.servers), **more})  # type: ignore[dict-item]  # of several kinds


def sent(client: Producer, topic: str, names: list[str]) -> None:
    for name in names:
        client.produce(topic, line(name, subject="a"), KEY, home(KEY))
    assert client.flush(60) == 0


@pytest.fixture
def transactional(settings: KafkaSettings) -> Producer:
    """A producer of transactions."""
    client = producer(settings, **{"transactional.id": settings.topics.prefix, "transaction.timeout.ms": 600_000})
    client.init_transactions(60)
    return client


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_codec_of_kafka_is_read(settings: KafkaSettings, store: Store, codec: str) -> None:
    client = producer(settings, **{"compression.type": codec, "linger.ms": 50})
    for n in range(300):
        client.produce(settings.topics.of("call"), line(f"c{n}", subject="a"), KEY, home(KEY))
    assert client.flush(60) == 0
    assert total(drained(store, settings).counts).accepted == 300
    check_exact(store, settings)


def snappy_between(settings: KafkaSettings) -> None:
    """20 events, 7 in a batch that cannot be read, 3 events behind it; and 10 in another topic's partition."""
    topic = settings.topics.of("call")
    sent(producer(settings), topic, [f"before-{n}" for n in range(20)])
    sent(producer(settings, **{"compression.type": "snappy", "linger.ms": 500}), topic, [f"snappy-{n}" for n in range(7)])
    sent(producer(settings), topic, [f"behind-{n}" for n in range(3)])


def test_a_batch_that_cannot_be_read_is_dead_and_what_follows_is_stored(settings: KafkaSettings, store: Store) -> None:
    """As of a codec that nobody here knows."""
    snappy_between(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(codecs._DECODERS, 2)
        count = drained(store, settings).counts[settings.topics.of("call")]
        assert total(drained(store, settings).counts).read == 0
    assert (count.read, count.accepted, count.dead) == (30, 23, 7)
    letters = sorted(store.dead_letters.list(DeadLetterFilter(limit=100)), key=lambda letter: letter.line)
    assert [letter.line for letter in letters] == list(range(20, 27))
    place = ("unreadable", settings.topics.of("call"), f"kafka:{home(KEY)}")
    assert {(letter.reason, letter.file, letter.source) for letter in letters} == {place}
    assert all("the batch at offsets 20 to 26 cannot be read" in letter.detail for letter in letters)
    assert all("Kafka has no codec 2" in letter.detail for letter in letters)
    assert (letters[0].length > 100, [letter.length for letter in letters[1:]]) == (True, [0] * 6)
    check_exact(store, settings)


def test_a_segment_that_is_damaged_on_disk_costs_its_batch_and_nothing_behind_it(kafka: TestKafka, store: Store) -> None:
    """The broker hands out what stands on its disk; the checksum is the reader's to look at."""
    settings, topic = kafka.settings, kafka.settings.topics.of("call")
    make_topics(settings)
    client = producer(settings)
    for part in ("first", "second", "third"):
        for n in range(4):
            client.produce(topic, line(f"{part}-{n}", subject="a"), KEY, home(KEY))
        assert client.flush(60) == 0
    (segment,) = (kafka.cluster.root / "node-1" / "data" / f"{topic}-{home(KEY)}").glob("*.log")
    data = bytearray(segment.read_bytes())
    begin = data.index(json.loads(line("second-0"))["id"].encode())
    with segment.open("r+b") as file:
        file.seek(begin)
        file.write(b"X")
    count = drained(store, settings).counts[topic]
    letters = store.dead_letters.list(DeadLetterFilter(limit=100))
    assert {letter.reason for letter in letters} == {"unreadable"}
    assert all("its checksum is wrong" in letter.detail for letter in letters)
    assert (count.read, count.accepted, count.dead) == (12, 12 - len(letters), len(letters))
    stored = {json.loads(payload)["id"] for (payload,) in store.client.query("SELECT payload FROM call").result_rows}
    assert {json.loads(line(f"{part}-{n}"))["id"] for part in ("first", "third") for n in range(4)} <= stored
    assert content(store, settings).rows + len(letters) == 12


def test_what_a_transaction_took_back_is_no_event(settings: KafkaSettings, store: Store, transactional: Producer) -> None:
    in_transactions(settings, transactional)
    status = drained(store, settings)
    assert total(status.counts).accepted == 5
    stored = {json.loads(payload)["id"] for (payload,) in store.client.query("SELECT payload FROM call").result_rows}
    assert stored == {json.loads(line(f"{name}"))["id"] for name in ("kept-0", "kept-1", "plain", "last-0", "last-1")}
    assert status.lag() == 0, "the marks of the ends are behind us, too"


def in_transactions(settings: KafkaSettings, client: Producer) -> None:
    topic = settings.topics.of("call")
    for names, commit in ((["kept-0", "kept-1"], True), (["gone-0", "gone-1", "gone-2"], False), (["last-0", "last-1"], True)):
        client.begin_transaction()
        sent(client, topic, names)
        if commit:
            client.commit_transaction(60)
        else:
            client.abort_transaction(60)
            sent(producer(settings), topic, ["plain"])


def test_a_reader_of_all_that_is_written_would_take_it(settings: KafkaSettings, store: Store, transactional: Producer) -> None:
    """Negative control: the filter of our own reader. The brokers hand out what was taken back, too. What a ledger of before
    holds of it is found and named.
    """
    in_transactions(settings, transactional)
    assert list(stored_aborted(store, settings)) == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runs, "_is_no_record", lambda _self, batch: batch.is_control_batch)
        assert total(drained(store, settings).counts).accepted == 8
    found = list(stored_aborted(store, settings))
    assert {str(each.id) for each in found} == {json.loads(line(f"gone-{n}"))["id"] for n in range(3)}
    assert [(each.topic, each.partition, each.offset) for each in found] == [
        (settings.topics.of("call"), home(KEY), offset) for offset in (3, 4, 5)
    ]
    assert content(store, settings).rows == 8, "named, never taken away"
    store.close()
    environ = {
        "OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS": ",".join(settings.servers),
        "OPSLEDGER_KAFKA_PREFIX": settings.topics.prefix,
    }
    said = CliRunner().invoke(
        cli, ["--data", str(store.path), "kafka", "check", "--aborted"], env=environ, standalone_mode=False
    )
    assert said.return_value == EXIT_INCOMPLETE, said.output
    assert all(f"{each.topic}/{each.partition}@{each.offset}: {each.type} {each.id} of t1" in said.output for each in found)
    assert "3 event(s) of aborted transactions in the ledger" in said.output


def test_marks_of_transactions_at_the_end_are_no_debt(settings: KafkaSettings, store: Store, transactional: Producer) -> None:
    """The ledger has the log, though its last row is not the log's last place; and a second run reads nothing."""
    client = transactional
    client.begin_transaction()
    sent(client, settings.topics.of("call"), ["a"])
    client.commit_transaction(60)
    assert total(drained(store, settings).counts).read == 1
    assert total(drained(store, settings).counts).read == 0
    assert missing_in(store, settings.topics, {(settings.topics.of("call"), home(KEY)): 2}) == {}
    store.client.command("TRUNCATE TABLE beside_positions")
    assert SinkWriter(store.client).ends(["call"]) == {(settings.topics.of("call"), home(KEY)): 1}
    assert missing_in(store, settings.topics, {(settings.topics.of("call"), home(KEY)): 2}), "negative control: nothing noted"


def test_an_open_transaction_is_told_and_a_drain_ends_before_it(
    settings: KafkaSettings, store: Store, transactional: Producer
) -> None:
    sent(producer(settings), settings.topics.of("call"), ["before"])
    client = transactional
    client.begin_transaction()
    sent(client, settings.topics.of("call"), ["open-0", "open-1"])
    sent(producer(settings), settings.topics.of("call"), ["behind"])
    status = drained(store, settings)
    assert total(status.counts).accepted == 1
    place = (settings.topics.of("call"), home(KEY))
    assert f"the transaction that begins at {place[0]}/{place[1]}@1 is still open since 20" in status.stuck[place].why
    at_work = AtWork(Sink(store, settings, SinkOptions("beside", session_ms=SESSION_MS)))
    until(lambda: place in at_work.sink.status.stuck)
    assert "is still open since 20" in at_work.sink.status.stuck[place].why
    client.commit_transaction(60)
    until(lambda: content(store, settings).rows == 4)
    until(lambda: at_work.sink.status.problem is None)
    at_work.stop()


def test_a_partition_without_news_is_not_troubled(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    """Negative control of all that is told of partitions that do not move."""
    log.append(tables(calls(30)))
    at_work = AtWork(Sink(store, settings, SinkOptions("well", session_ms=SESSION_MS)))
    until(lambda: content(store, settings).rows == 30)
    seen = [threading.Event().wait(0.5) or at_work.sink.status.problem for _ in range(20)]
    at_work.stop()
    assert seen == [None] * 20


def test_what_the_default_partitioner_of_librdkafka_misplaces_is_told_with_its_remedy(
    settings: KafkaSettings, store: Store
) -> None:
    client, topic = producer(settings), settings.topics.of("call")
    for n in range(40):
        client.produce(topic, line(f"p{n}"), f"t1/call/p{n}".encode())
    assert client.flush(60) == 0
    count = drained(store, settings).counts[topic]
    letters = store.dead_letters.list(DeadLetterFilter(limit=100))
    assert count.accepted + count.dead == 40
    assert {letter.reason for letter in letters} == {"wrong_partition"}
    assert all("it lies where librdkafka puts it" in letter.detail for letter in letters)
    assert all("set partitioner=murmur2_random" in letter.detail for letter in letters)
    mended = producer(settings, partitioner="murmur2_random")
    for n in range(40, 80):
        mended.produce(topic, line(f"p{n}"), f"t1/call/p{n}".encode())
    assert mended.flush(60) == 0
    assert drained(store, settings).counts[topic].accepted == 40


def test_both_modes_of_the_binding_are_one_event(settings: KafkaSettings, tmp_path: Path) -> None:
    event = json.loads(line("a", subject="a", tenant="t1"))
    named = {name: value for name, value in event.items() if name != "data"}
    headers = [(f"ce_{name}", value.encode()) for name, value in named.items()] + [("content-type", b"application/json")]
    data = json.dumps(event["data"]).encode()
    produce(settings, [{"topic": settings.topics.of("call"), **message(data, headers=headers)}])
    whole = [("content-type", b"application/cloudevents+json; charset=UTF-8"), ("ce_id", b"another")]
    produce(settings, [{"topic": settings.topics.of("call"), **message(line("a", subject="a"), headers=whole)}])
    count = total(sunk(tmp_path / "data", settings).counts)
    assert (count.read, count.accepted, count.duplicate, count.conflict) == (2, 1, 1, 0)
    with open_store(tmp_path / "data") as opened:
        check_exact(opened, settings)


def test_the_sdk_knows_our_records_and_the_sink_knows_the_sdks(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    log.append(tables([line("ours", subject="a")]))
    found = first_of(settings, settings.topics.of("call"))
    event = kafka_binding.from_structured(found, JSONFormat())
    assert found.headers["content-type"] == b"application/cloudevents+json"
    assert event.get_id() == json.loads(line("ours"))["id"]
    given = json.loads(line("theirs", subject="a", tenant="t1"))
    data = given.pop("data")
    made = CloudEvent(attributes={**given, "time": datetime.fromisoformat(given["time"])}, data=data)
    both = (kafka_binding.to_binary(made, JSONFormat()), kafka_binding.to_structured(made, JSONFormat()))
    topic = settings.topics.of("call")
    produce(settings, [{"topic": topic, **message(each.value, headers=list(each.headers.items()))} for each in both])
    count = drained(store, settings).counts[topic]
    assert (count.read, count.accepted, count.duplicate, count.conflict) == (3, 2, 1, 0)


def first_of(settings: KafkaSettings, topic: str) -> KafkaMessage:
    consumer = KafkaConsumer(**settings.client, auto_offset_reset="earliest", enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, home(KEY))])
    message_ = next(consumer)
    consumer.close()
    return KafkaMessage(headers=dict(message_.headers), key=message_.key, value=message_.value)
