"""The sink on a real broker: every message of the log is in the ledger once or dead once, and the counts say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from opsledger.domain.dead_letters import DeadLetterFilter
from opsledger.infra.facts import fact_tables
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.sink.counts import lines, total
from opsledger.infra.sink.facts_duty import FactsState
from opsledger.infra.sink.run import Sink
from opsledger.infra.store import Store, open_store
from opsledger.ingest.log import group
from opsledger.ingest.log.fetched import Fetched
from opsledger.ingest.log.kafka import KafkaLog
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import calls, line, tables
from tests.sink_scene import check_exact, drained, home, message, produce, sunk

FAULT = {"system": "ivr", "kind": "outage", "severity": "major"}


def test_what_is_on_the_log_is_in_the_ledger_and_the_facts_follow(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    log.append(tables([*calls(500), line("f", type_="fault.raised", data=FAULT)]))
    status = drained(store, settings)
    found = check_exact(store, settings)
    assert (found.rows, len(found.dead)) == (501, 0)
    assert total(status.counts).accepted == 501
    assert status.facts is FactsState.LIVE
    assert not fact_tables(store).is_behind()
    assert store.client.command("SELECT count() FROM calls FINAL") == 500


def test_the_ledger_says_what_the_log_says(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    log.append(tables(calls(50)), backfill=True)
    drained(store, settings)
    told = {r.position: r for p in range(6) for batch in log.read(settings.topics.of("call"), p, 0) for r in batch}
    query = "SELECT toString(topic), partition, offset, payload, recorded_at, backfill FROM call"
    rows = store.client.query(query, column_formats={"payload": "bytes"}).result_rows
    assert len(rows) == len(told) == 50
    for topic, partition, offset, payload, recorded_at, backfill in rows:
        record = next(r for p, r in told.items() if (p.topic, p.partition, p.offset) == (topic, partition, offset))
        assert (payload, recorded_at, backfill) == (record.value, record.recorded_at, True)


def test_a_second_run_adds_nothing_and_a_third_goes_on(log: KafkaLog, settings: KafkaSettings, tmp_path: Path) -> None:
    log.append(tables(calls(100)))
    assert total(sunk(tmp_path / "data", settings).counts).read == 100
    assert total(sunk(tmp_path / "data", settings).counts).read == 0
    log.append(tables(calls(30, first=100)))
    assert total(sunk(tmp_path / "data", settings).counts).accepted == 30
    with open_store(tmp_path / "data") as store:
        assert check_exact(store, settings).rows == 130


def test_an_event_that_comes_again_counts_as_a_duplicate_and_changes_no_fact(
    log: KafkaLog, settings: KafkaSettings, store: Store
) -> None:
    log.append(tables(calls(40)))
    drained(store, settings)
    log.append(tables(calls(60)))
    log.append(tables([line("c3", at_s=3), line("c4", at_s=4, vendor="another")]))
    count = drained(store, settings).counts[settings.topics.of("call")]
    assert (count.read, count.accepted, count.duplicate, count.conflict) == (62, 20, 42, 1)
    assert check_exact(store, settings).rows == 102
    assert store.client.command("SELECT count() FROM call_once") == 60
    assert store.client.command("SELECT count() FROM calls FINAL") == 60


def test_duplicate_producers_are_told_apart_from_new_events(settings: KafkaSettings, store: Store) -> None:
    """Two sources send the same history at the same time, their records mixed."""
    with open_log(settings) as one, open_log(settings) as other:
        for first in range(0, 300, 50):
            one.append(tables(calls(50, first=first)))
            other.append(tables(calls(50, first=first)))
    count = drained(store, settings).counts[settings.topics.of("call")]
    assert (count.accepted, count.duplicate) == (300, 300)
    assert store.client.command("SELECT count() FROM call_once") == 300


BAD: tuple[tuple[str, dict[str, object]], ...] = (
    ("not_json", message(b"\x00\xff garbage \x02")),
    ("not_json", message(b"[1, 2]")),
    ("not_json", message(b"")),
    ("tombstone", message(None)),
    ("no_key", message(line("a"), key=None)),
    ("wrong_key", message(line("a"), key=b"t1/call/b")),
    ("wrong_key", message(line("a"), key=b"t2/call/a")),
    ("wrong_partition", message(line("a"), partition=(home(b"t1/call/a") + 1) % 6)),
    ("wrong_topic", message(line("f", subject="a", type_="fault.raised", data=FAULT))),
    ("unknown_type", message(line("a", type_="call.teleported"))),
    ("unknown_version", message(line("a", dataschema="urn:opsledger:call.queued:7"))),
    ("invalid", message(line("a", data={"queue": 7}))),
    ("invalid", message(b'{"type":' + b"[" * 3000 + b"]" * 3000 + b"}")),
    ("out_of_time", message(line("a", time="2200-01-01T00:00:00Z"))),
    ("bad_header", message(line("a"), headers=[("opsledger-recorded-at", b"yesterday")])),
    ("bad_header", message(line("a"), headers=[("opsledger-recorded-at", b"2199-01-01T00:00:00Z")])),
)


def test_whatever_comes_is_dead_with_its_reason_and_its_place_and_stops_nothing(
    log: KafkaLog, settings: KafkaSettings, store: Store
) -> None:
    topic = settings.topics.of("call")
    produce(settings, [{"topic": topic, **bad} for _, bad in BAD])
    produce(settings, [{"topic": topic, **message(line("a"), headers=[("empty", None), ("", b""), ("更", b"\xff")])}])
    log.append(tables(calls(20)))
    status = drained(store, settings)
    found = check_exact(store, settings)
    letters = store.dead_letters.list(DeadLetterFilter(limit=1_000))
    assert sorted(each.reason for each in letters) == sorted(reason for reason, _ in BAD)
    assert len(found.dead) == len(BAD)
    assert (found.rows, status.counts[topic].dead) == (21, len(BAD))
    assert dict(status.counts[topic].reasons) == {r: sum(r == each for each, _ in BAD) for r in {each for each, _ in BAD}}
    assert {each.tenant for each in letters} <= {"t1", "t2", ""}
    assert "not_json 3" in "\n".join(lines(status.counts))


def test_a_message_of_ten_megabytes_is_dead_and_what_follows_it_is_stored(kafka: TestKafka, store: Store) -> None:
    settings, topic = kafka.settings, kafka.settings.topics.of("call")
    make_topics(settings, config={"max.message.bytes": str(16 * 1024 * 1024)})
    produce(settings, [{"topic": topic, **message(each)} for each in (line("a"), b"x" * 10_000_000, line("b", subject="a"))])
    drained(store, settings)
    (letter,) = store.dead_letters.list(DeadLetterFilter())
    assert (letter.reason, letter.length, len(letter.raw)) == ("too_large", 10_000_000, 64 * 1024)
    assert check_exact(store, settings).rows == 2


def test_a_dead_tail_is_read_once(settings: KafkaSettings, tmp_path: Path) -> None:
    """No row says how far it was read; it is noted."""
    produce(settings, [{"topic": settings.topics.of("call"), **message(b"broken %d" % n)} for n in range(5)])
    assert total(sunk(tmp_path / "data", settings).counts).dead == 5
    assert total(sunk(tmp_path / "data", settings).counts).read == 0, "the ledger has it all, in rows and letters"
    produce(settings, [{"topic": settings.topics.of("call"), **message(line("a"))}])
    again = total(sunk(tmp_path / "data", settings).counts)
    assert (again.read, again.accepted, again.dead) == (1, 1, 0)
    with open_store(tmp_path / "data") as store:
        assert len(check_exact(store, settings).dead) == 5


def test_dead_messages_read_again_are_the_same_letters(settings: KafkaSettings, tmp_path: Path) -> None:
    """As where the sink died before it noted how far it had read, or was of a version that did not; and negative control of
    the test above."""
    produce(settings, [{"topic": settings.topics.of("call"), **message(b"broken %d" % n)} for n in range(5)])
    assert total(sunk(tmp_path / "data", settings).counts).dead == 5
    with open_store(tmp_path / "data") as store:
        store.client.command("TRUNCATE TABLE beside_positions")
    produce(settings, [{"topic": settings.topics.of("call"), **message(line("a"))}])
    again = total(sunk(tmp_path / "data", settings).counts)
    assert (again.read, again.accepted, again.dead) == (6, 1, 5)
    with open_store(tmp_path / "data") as store:
        assert len(check_exact(store, settings).dead) == 5


def test_decisions_of_the_log_are_taken(settings: KafkaSettings, store: Store) -> None:
    """The relay put them there; what may not come in by a source's door is in the log because it was decided."""
    raw = line("d", type_="award.granted", data={"agent": "a1", "reason": "service", "amount": "50", "currency": "CNY"})
    produce(settings, [{"topic": settings.topics.of("award"), **message(raw, key=b"t1/award/d")}])
    status = drained(store, settings)
    assert "decision" not in total(status.counts).reasons


def test_a_copied_history_keeps_the_time_at_which_it_was_recorded(settings: KafkaSettings, store: Store) -> None:
    headers = [("opsledger-recorded-at", b"2026-02-03T04:05:06.789Z"), ("opsledger-backfill", b"1")]
    produce(settings, [{"topic": settings.topics.of("call"), **message(line("a"), headers=headers)}])
    drained(store, settings)
    query = "SELECT toString(recorded_at), backfill FROM call"
    assert store.client.query(query).first_row == ("2026-02-03 04:05:06.789000", True)


def test_the_groups_offsets_are_told_to_who_watches(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    log.append(tables(calls(200)))
    status = drained(store, settings)
    admin = KafkaAdminClient(**settings.client)
    group = f"{settings.topics.prefix}.sink"
    told = admin.list_group_offsets([group])
    admin.close()
    committed = {(tp.topic, tp.partition): at.offset for tp, at in next(iter(told.values())).items()} if told else {}
    ours = {place: at for place, at in status.settled.items() if at}
    assert {place: committed.get(place) for place in ours} == ours


def test_committed_offsets_that_went_ahead_lose_nothing(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    """Somebody resets the group to the end of the log: the ledger alone says where reading goes on."""
    log.append(tables(calls(100)))
    drained(store, settings)
    log.append(tables(calls(100, first=100)))
    ahead(settings)
    drained(store, settings)
    assert check_exact(store, settings).rows == 200


def test_a_sink_that_goes_by_committed_offsets_would_lose_records(
    log: KafkaLog, settings: KafkaSettings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control of the test above, and of the law that it asks for."""
    log.append(tables(calls(100)))
    drained(store, settings)
    log.append(tables(calls(100, first=100)))
    ahead(settings)

    def by_commits(sink: Sink) -> None:
        monkeypatch.setattr(sink._storing, "positions", lambda places, _streams: committed(settings, places))

    drained(store, settings, change=by_commits)
    with pytest.raises(AssertionError, match="messages of the log are nowhere"):
        check_exact(store, settings)


@pytest.fixture
def stumbling(monkeypatch: pytest.MonkeyPatch) -> None:
    """The third answer of the broker is lost on its way to us, after the client has moved on past it."""
    read, passed = group._fetched, iter(range(1_000))

    def stumble(*given: Any) -> Fetched:
        if next(passed) == 2:
            raise RuntimeError("out of memory, say")
        return read(*given)

    monkeypatch.setattr(group, "_fetched", stumble)


@pytest.mark.usefixtures("stumbling")
def test_what_is_lost_between_the_client_and_us_is_read_again(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    log.append(tables(calls(300)))
    drained(store, settings)
    assert check_exact(store, settings).rows == 300


@pytest.mark.usefixtures("stumbling")
def test_without_reading_again_it_would_be_gone(
    log: KafkaLog, settings: KafkaSettings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the client goes on past what it has handed out, whether or not anybody has it."""
    monkeypatch.setattr(group.Group, "assigned_again", lambda _self: None)
    log.append(tables(calls(300)))
    drained(store, settings)
    with pytest.raises(AssertionError, match="messages of the log are nowhere"):
        check_exact(store, settings)


def ahead(settings: KafkaSettings) -> None:
    consumer = KafkaConsumer(**settings.client, group_id=f"{settings.topics.prefix}.sink", enable_auto_commit=False)
    places = [TopicPartition(settings.topics.of("call"), n) for n in range(6)]
    consumer.assign(places)
    consumer.commit({tp: OffsetAndMetadata(end, "", -1) for tp, end in consumer.end_offsets(places).items()})
    consumer.close()


def committed(settings: KafkaSettings, places: frozenset[tuple[str, int]]) -> dict[tuple[str, int], int]:
    consumer = KafkaConsumer(**settings.client, group_id=f"{settings.topics.prefix}.sink", enable_auto_commit=False)
    found = {place: consumer.committed(TopicPartition(*place)) or 0 for place in places}
    consumer.close()
    return found
