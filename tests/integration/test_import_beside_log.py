"""An import into Kafka that asks a ledger: what it appended itself is known to it; what two append at once counts once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra import beside_log
from opsledger.infra.event_log import Beside, kafka_stores
from opsledger.infra.kafka.settings import kafka_settings, needed
from opsledger.infra.store import Store, open_store
from opsledger.ingest.chunk import OnChange
from opsledger.ingest.importer import Importer
from opsledger.ingest.log.kafka import KafkaLog
from opsledger.ingest.tally import Tally
from tests.gateways import Running
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics
from tests.ledger_samples import chunks, line, spec
from tests.new_ledger import new_ledger


@pytest.fixture
def place(kafka: TestKafka) -> TestKafka:
    make_topics(kafka.settings, partitions=2)
    return kafka


@pytest.fixture
def store(place: TestKafka, tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data")) as opened:
        yield opened


def version(n: int) -> bytes:
    return line("row", data={"queue": f"q{n}"})


def read(store: Store, beside: Beside, lines: list[bytes], size: int = 1_000) -> Tally:
    result = Importer(beside.stores, store.clock).run(chunks(lines, size, OnChange.CORRECT), spec())
    assert result.problem is None
    return result.tally


def counted(store: Store) -> list[str]:
    return [queue for (queue,) in store.client.query("SELECT queue FROM call_once ORDER BY queue").result_rows]


def test_what_it_appended_itself_is_corrected(place: TestKafka, store: Store) -> None:
    """A chunk for each row: what a chunk brings is on the log, and the next has to see it."""
    beside = kafka_stores(store, place.settings)
    tally = read(store, beside, [version(1), version(2), version(2), version(3)], 1)
    beside.settle()
    assert (tally.accepted, tally.duplicate, tally.corrected) == (3, 1, 2)
    assert counted(store) == ["q3"]


def test_without_keeping_what_it_appended_it_corrects_nothing(
    place: TestKafka, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control."""
    monkeypatch.setattr(beside_log.Owed, "given", lambda _self, _spans: None)
    assert read(store, kafka_stores(store, place.settings), [version(1), version(2)], 1).corrected == 0


def test_what_may_have_been_appended_is_looked_for(place: TestKafka, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The append lands, and its acknowledgement does not come."""
    beside = kafka_stores(store, place.settings)
    beside.settle()
    append = KafkaLog.append

    def unheard(*given: Any, **more: Any) -> None:
        append(*given, **more)
        raise UserError("no acknowledgement", EXIT_ENVIRONMENT)

    with monkeypatch.context() as broken:
        broken.setattr(KafkaLog, "append", unheard)
        result = Importer(beside.stores, store.clock).run(chunks([version(1)], 1, OnChange.CORRECT), spec())
        assert "no acknowledgement" in str(result.problem)
    assert read(store, beside, [version(1), version(2)]).corrected == 1


def test_two_at_once_of_the_same_records_count_once(place: TestKafka, store: Store) -> None:
    one, other = (kafka_stores(store, place.settings) for _ in range(2))
    read(store, one, [version(1)])
    one.settle()
    other.settle()
    assert [read(store, each, [version(1), version(2)]).accepted for each in (one, other)] == [1, 1]
    kafka_stores(store, place.settings).settle()
    assert store.client.command("SELECT count() FROM call") == 3
    assert counted(store) == ["q2"]
    one, other = (kafka_stores(store, place.settings) for _ in range(2))
    one.settle()
    other.settle()
    assert read(store, one, [version(1), version(2)]).duplicate == 2
    read(store, one, [version(3)])
    read(store, other, [version(4)])
    kafka_stores(store, place.settings).settle()
    assert counted(store) == ["q3", "q4"], "what docs/kafka.md says of two that tell different things at once"


def test_a_sink_that_does_not_come_is_told_with_what_is_missing(
    place: TestKafka, gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSLEDGER_CLICKHOUSE_URL", gateway.address(f"d{place.prefix}"))
    monkeypatch.setattr(beside_log, "PATIENCE_S", 0.5)
    with open_store("nowhere", writes=True) as store:
        read(store, kafka_stores(store, place.settings), [version(1)])
        with pytest.raises(UserError, match=rf"of topic '{place.prefix}\.call', partition \d, up to 1 messages") as told:
            kafka_stores(store, place.settings).settle()
    assert told.value.exit_code == EXIT_ENVIRONMENT
    assert "start 'opsledger sink'" in str(told.value)


def test_brokers_that_are_away_end_an_import_that_is_its_own_sink(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    away = needed(kafka_settings({"OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}))
    monkeypatch.setattr(beside_log, "PATIENCE_S", 0.1)
    owed = beside_log.Owed(lambda: {("opsledger.call", 0): 1}, beside_log._sinking(store, away))
    with pytest.raises(UserError, match="could not be brought up to the log: looking at the log: ") as told:
        owed.settle()
    assert told.value.exit_code == EXIT_ENVIRONMENT
