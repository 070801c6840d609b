"""A local ledger copied to Kafka: same bytes, keys, order and times; nothing twice whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import KafkaProducer

from opsledger.domain.clock import FixedClock
from opsledger.domain.dead_letters import Attempt, DeadLetterFilter, Outcome
from opsledger.domain.errors import UserError
from opsledger.domain.ports import LogRecord
from opsledger.infra.kafka.publishing import places_of, sources_of
from opsledger.infra.store import Store, open_store
from opsledger.ingest.log import publish as publishing
from opsledger.ingest.log.bag import Bag
from opsledger.ingest.log.beside import letters_of, runs_of
from opsledger.ingest.log.fetched import Fetched
from opsledger.ingest.log.kafka import KafkaLog
from opsledger.ingest.log.publish import Published, publish
from tests.integration.log_port_suite import whole
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_anew, make_topics, open_log
from tests.ledger_samples import NOW, calls, chunks, importer, line, spec, tables
from tests.new_ledger import new_ledger

FAULT = {"system": "ivr", "kind": "outage", "severity": "major"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A ledger with two streams, late events, dead letters, an attempt."""
    with open_store(new_ledger(tmp_path / "data", facts=False), clock=FixedClock(NOW)) as opened:
        lines = [*calls(40), b"broken", *(line(f"f{n}", type_="fault.raised", data=FAULT) for n in range(3))]
        importer(opened).run(chunks(lines, 25), spec())
        importer(opened, FixedClock(NOW + timedelta(days=1))).run(chunks(calls(10, first=40)), spec(backfill=True))
        opened.log.append(tables([line(f"s{n}", subject="c1", tenant="t2") for n in range(30)]))
        (letter,) = opened.dead_letters.list(DeadLetterFilter())
        opened.dead_letters.record([Attempt(letter.id, NOW, Outcome.DEAD, "not_json")])
        yield opened


@pytest.fixture
def log(kafka: TestKafka) -> Iterator[KafkaLog]:
    make_topics(kafka.settings)
    with open_log(kafka.settings) as opened:
        yield opened


def copy(store: Store, log: KafkaLog, tenant: str = "", *, append: bool = False) -> dict[str, Published]:
    made = publish(log, sources_of(store, log, tenant), places_of(store, log, tenant), append=append)
    return {each.topic.rpartition(".")[2]: each for each in made}


def told(record: LogRecord) -> tuple[object, ...]:
    return record.key, record.value, record.recorded_at, record.backfill


def by_key(records: list[LogRecord]) -> dict[str, list[tuple[object, ...]]]:
    """The records of each key, in their order."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for record in records:
        found.setdefault(record.key, []).append(told(record))
    return found


def test_every_record_is_copied_with_its_bytes_key_order_time_and_mark(store: Store, log: KafkaLog) -> None:
    made = copy(store, log)
    for stream in ("call", "fault"):
        assert by_key(whole(log, stream)) == by_key(whole(store.log, stream))
    assert {r.recorded_at for r in whole(log, "call") if r.backfill} == {NOW}
    assert (made["call"].rows, made["call"].sent, made["call"].found, made["call"].others) == (80, 80, 0, 0)


def test_dead_letters_attempts_and_imports_go_too(store: Store, log: KafkaLog) -> None:
    copy(store, log)
    letters = letters_of(fetched(log, "dead-letters"))
    (letter,) = store.dead_letters.list(DeadLetterFilter())
    assert [replace(each, attempts=1) for each in letters.letters] == [letter]
    assert letters.attempts == store.dead_letters.attempts(letter.id)
    assert [run.id for run in runs_of(fetched(log, "imports")).runs] == [run.id for run in store.imports.runs()]


def fetched(log: KafkaLog, topic: str) -> Fetched:
    values = [record.value for batch in log.read(log.topics.of(topic), 0, 0) for record in batch]
    return Fetched(topic, 0, range(len(values)), [None] * len(values), list(values), [0] * len(values))


def test_running_it_twice_adds_nothing(store: Store, log: KafkaLog) -> None:
    first = copy(store, log)
    again = copy(store, log)
    assert all(each.sent == 0 and each.found == each.rows for each in again.values())
    assert {name: each.digest for name, each in again.items()} == {name: each.digest for name, each in first.items()}
    assert len(whole(log, "call")) == 80


def test_what_came_since_is_added(store: Store, log: KafkaLog) -> None:
    copy(store, log)
    store.log.append(tables(calls(5, first=500)))
    made = copy(store, log)
    assert (made["call"].sent, made["call"].found) == (5, 80)
    assert by_key(whole(log, "call")) == by_key(whole(store.log, "call"))


def test_without_its_places_it_compares_with_what_the_topics_hold(store: Store, log: KafkaLog) -> None:
    copy(store, log)
    (store.path / "kafka-publish.json").unlink()
    assert all(each.sent == 0 for each in copy(store, log).values())


@pytest.mark.parametrize("dies", [1, 2, 3])
def test_after_a_death_between_sending_and_saving_the_rest_is_copied_once(
    dies: int, store: Store, log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_while_saving(monkeypatch, dies)
    with pytest.raises(KeyboardInterrupt):
        copy(store, log)
    monkeypatch.undo()
    copy(store, log)
    assert by_key(whole(log, "call")) == by_key(whole(store.log, "call"))


def die_while_saving(monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
    """Small batches; the n-th place is not saved any more."""
    monkeypatch.setattr("opsledger.projections.ledger.local_log.MAX_READ_RECORDS", 20)
    saved = publishing.Places.save
    calls_made = 0

    def save(self: publishing.Places, topic: str, copied: publishing.Copied) -> None:
        nonlocal calls_made
        calls_made += 1
        if calls_made == nth:
            raise KeyboardInterrupt
        saved(self, topic, copied)

    monkeypatch.setattr(publishing.Places, "save", save)


def test_a_copy_that_looks_at_nothing_is_noticed(store: Store, log: KafkaLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: what was sent before the death is sent again, and the comparison in the end says so."""
    die_while_saving(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        copy(store, log)
    monkeypatch.undo()
    compare = publishing._Copy._verified
    monkeypatch.setattr(publishing._Copy, "_on_kafka", lambda self, since: np.zeros(0, np.uint64))
    monkeypatch.setattr(publishing._Copy, "_verified", lambda self, sent: (monkeypatch.undo(), compare(self, sent))[1])
    with pytest.raises(UserError, match="holds 20 records that are not of this ledger"):
        copy(store, log)


def test_a_topic_with_other_records_is_refused_before_anything_is_sent_there(
    kafka: TestKafka, store: Store, log: KafkaLog
) -> None:
    log.append(tables([line("other")]))
    with pytest.raises(UserError, match=r"holds 1 records that are not of this ledger.*--append"):
        copy(store, log)
    assert len(whole(log, "call")) == 1
    made = copy(store, log, append=True)
    assert (made["call"].sent, made["call"].others) == (80, 1)
    assert copy(store, log, append=True)["call"].sent == 0


def test_records_that_nobody_can_read_count_as_others(kafka: TestKafka, store: Store, log: KafkaLog) -> None:
    producer = KafkaProducer(**kafka.settings.client)
    producer.send(log.topics.of("call"), None, key=b"\xff", partition=0).get(10)
    producer.close()
    with pytest.raises(UserError, match="holds 1 records"):
        copy(store, log)


def test_only_one_tenant_is_copied_when_asked(store: Store, log: KafkaLog) -> None:
    assert copy(store, log, "t2")["call"].rows == 30
    assert {record.key for record in whole(log, "call")} == {"t2/call/c1"}
    assert {record.key.partition("/")[0] for record in whole(log, "fault")} == set()


def test_a_topic_that_was_made_anew_is_refused(kafka: TestKafka, store: Store, log: KafkaLog) -> None:
    copy(store, log)
    make_anew(kafka.settings, [spec.name for spec in kafka.settings.topics.specs(1)])
    with open_log(kafka.settings) as other, pytest.raises(UserError, match=r"made anew.*kafka-publish\.json"):
        copy(store, other)


def test_rows_that_are_missing_in_the_end_are_told(store: Store, log: KafkaLog, monkeypatch: pytest.MonkeyPatch) -> None:
    send = log.send
    monkeypatch.setattr(log, "send", lambda topic, rows: send(topic, rows[1:]))
    with pytest.raises(UserError, match=r"lacks 1 of the ledger's 80 records"):
        copy(store, log)


def test_a_places_file_that_is_damaged_is_told(store: Store, log: KafkaLog) -> None:
    (store.path / "kafka-publish.json").write_text("[" * 10_000)
    with pytest.raises(UserError, match=r"kafka-publish\.json does not hold places"):
        copy(store, log)


@given(held=st.lists(st.integers(0, 5)), asked=st.lists(st.lists(st.integers(0, 5))))
def test_a_bag_gives_each_thing_as_often_as_it_was_put_in(held: list[int], asked: list[list[int]]) -> None:
    bag, left = Bag(np.array(held, np.uint64)), list(held)
    for some in asked:
        wanted = []
        for one in some:
            wanted.append(one in left)
            if one in left:
                left.remove(one)
        assert bag.take(np.array(some, np.uint64)).tolist() == wanted
        assert len(bag) == len(left)
