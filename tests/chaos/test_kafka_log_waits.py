"""The log on Kafka while its only broker is away: it waits and goes on, or says in time that it could not."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from kafka.producer.transaction_manager import TransactionManager

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.kafka.local.cluster import Cluster
from opsledger.ingest.log.kafka import KafkaLog
from opsledger.ingest.log.producer import Sent
from tests.integration.log_port_suite import whole
from tests.kafka_cluster import TestKafka, place_on
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import calls, line, tables

pytestmark = [pytest.mark.chaos, pytest.mark.local_kafka]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One broker of this module's own, since it is stopped here."""
    cluster = Cluster(tmp_path_factory.mktemp("kafka1") / "cluster", 1)
    cluster.up()
    yield cluster
    cluster.down(delete=True)


@pytest.fixture
def place(broker: Cluster) -> TestKafka:
    made = place_on(broker)
    make_topics(made.settings)
    return made


class Appending:
    """An append in a thread of its own."""

    def __init__(self, log: KafkaLog, lines: list[bytes]) -> None:
        self.error: BaseException | None = None
        self.spans: list[object] = []
        self._log, self._lines = log, lines
        self.thread = threading.Thread(target=self._work)
        self.thread.start()

    def _work(self) -> None:
        try:
            self.spans = list(self._log.append(tables(self._lines)))
        except BaseException as error:  # noqa: BLE001  looked at by the test
            self.error = error

    def done_within(self, wait_s: float) -> bool:
        self.thread.join(wait_s)
        return not self.thread.is_alive()


def returned_while_the_broker_stood_still(broker: Cluster, log: KafkaLog) -> bool:
    """Whether an append said that it is done while no broker could have said so; it is waited for afterwards."""
    broker.nodes[1].signal(signal.SIGSTOP)
    try:
        appending = Appending(log, calls(100))
        early = appending.done_within(2)
    finally:
        broker.nodes[1].signal(signal.SIGCONT)
    assert appending.done_within(60)
    assert appending.error is None
    return early


def test_append_waits_for_a_broker_that_stands_still_and_goes_on(broker: Cluster, place: TestKafka) -> None:
    with open_log(place.settings, delivery_timeout_s=60) as log:
        assert not returned_while_the_broker_stood_still(broker, log)
        assert sorted(r.value for r in whole(log, "call")) == sorted(calls(100))


def test_an_append_that_does_not_wait_for_acks_is_noticed(
    broker: Cluster, place: TestKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sent, "first", lambda self: 0)
    with open_log(place.settings, delivery_timeout_s=60) as log:
        log.append(tables(calls(1)))  # the connections are there, so that only the acknowledgement is missing
        assert returned_while_the_broker_stood_still(broker, log)


def test_append_goes_on_after_the_broker_was_killed_and_started_again(broker: Cluster, place: TestKafka) -> None:
    with open_log(place.settings, delivery_timeout_s=120) as log:
        log.append(tables(calls(10)))
        broker.kill(1)
        appending = Appending(log, calls(500, first=10))
        assert not appending.done_within(1)
        broker.start(1)
        assert appending.done_within(100)
        assert appending.error is None
        assert sorted(r.value for r in whole(log, "call")) == sorted(calls(510))


def test_a_broker_that_stays_away_is_told_in_time_and_the_log_goes_on_later(broker: Cluster, place: TestKafka) -> None:
    with open_log(place.settings, delivery_timeout_s=3) as log:
        log.append(tables(calls(1)))
        broker.nodes[1].signal(signal.SIGSTOP)
        try:
            started = time.monotonic()
            with pytest.raises(UserError, match=r"100 of them were not acknowledged .*: no broker answered") as told:
                log.append(tables(calls(100)))
            assert time.monotonic() - started < 30
        finally:
            broker.nodes[1].signal(signal.SIGCONT)
        assert told.value.exit_code == EXIT_ENVIRONMENT
        log.append(tables(calls(5, first=200)))
        assert set(calls(5, first=200)) < {r.value for r in whole(log, "call")}


def test_a_producer_that_has_given_its_number_back_gets_another(place: TestKafka) -> None:
    """As the client does where a batch that it had sent runs out of time."""
    with open_log(place.settings, delivery_timeout_s=3) as log:
        log.append(tables(calls(1)))
        client = log._producer._client
        TransactionManager.reset_producer_id(client._transaction_manager)  # the control: without ours it sends nothing more
        appending = Appending(log, calls(5, first=200))
        assert not appending.done_within(5)
        client._transaction_manager.reset_producer_id()
        assert appending.done_within(30)
        assert "5 of them were not acknowledged" in str(appending.error)  # it had waited for longer than the log waits
        client._transaction_manager.reset_producer_id()
        log.append(tables(calls(5, first=300)))
        assert set(calls(5, first=300)) < {r.value for r in whole(log, "call")}


def test_a_log_that_is_closed_in_haste_gives_up_what_is_in_flight(broker: Cluster, place: TestKafka) -> None:
    with open_log(place.settings, delivery_timeout_s=600) as log:
        log.append(tables(calls(1)))
        broker.nodes[1].signal(signal.SIGSTOP)
        try:
            appending = Appending(log, calls(100))
            assert not appending.done_within(1)
            log.close(1)
            assert appending.done_within(30)
        finally:
            broker.nodes[1].signal(signal.SIGCONT)
        assert isinstance(appending.error, UserError)
        assert "100 of them were not acknowledged" in str(appending.error)


MIB = 1024 * 1024


def peak_while_the_broker_stood_still(broker: Cluster, place: TestKafka, in_flight_bytes: int) -> int:
    """The most bytes in flight of an append of 16 MB that cannot go out; it is waited for afterwards."""
    chance = random.Random(1)
    lines = [line(f"e{n}", note=chance.randbytes(4_000).hex()) for n in range(2_000)]
    with open_log(place.settings, delivery_timeout_s=60, in_flight_bytes=in_flight_bytes) as log:
        log.append(tables(calls(1)))
        broker.nodes[1].signal(signal.SIGSTOP)
        try:
            appending = Appending(log, lines)
            assert not appending.done_within(3)
            peak = log.in_flight_peak_bytes
        finally:
            broker.nodes[1].signal(signal.SIGCONT)
        assert appending.done_within(60)
        assert appending.error is None
        return peak


def test_no_more_is_in_flight_than_was_allowed_however_long_the_broker_is_away(broker: Cluster, place: TestKafka) -> None:
    assert peak_while_the_broker_stood_still(broker, place, 2 * MIB) <= 2 * MIB


def test_a_bound_that_binds_nothing_is_noticed(broker: Cluster, place: TestKafka) -> None:
    """Negative control: with room for all of it, more than that is in flight."""
    assert peak_while_the_broker_stood_still(broker, place, 1024 * MIB) > 2 * MIB
