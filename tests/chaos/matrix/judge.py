"""The judge: what Kafka itself holds against the ledger, by place and by event id, and the facts against facts made anew.

It asks no part of the product what it believes to have done: the log is read by a plain consumer.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition

from opsledger.domain.dead_letters import DeadLetterFilter
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.store import Store
from opsledger.ingest.log.beside import letters_of
from opsledger.ingest.log.fetched import Fetched
from opsledger.ingest.log.topics import DEAD_LETTERS
from opsledger.projections.facts import rebuild
from opsledger.projections.facts.tables import STREAMS, facts_of
from opsledger.projections.facts.turn import Turn
from tests.sink_scene import Content, Placed, content

Ids = Counter[UUID]


@dataclass(slots=True)
class Told:
    """What sources were told that is kept: event ids (with their places, where told), refused records' bytes."""

    events: set[UUID] = field(default_factory=set)
    places: dict[UUID, Placed] = field(default_factory=dict)
    refused: set[bytes] = field(default_factory=set)

    def add(self, other: Told) -> None:
        """Both."""
        self.events |= other.events
        self.places |= other.places
        self.refused |= other.refused


@dataclass(frozen=True, slots=True)
class Judgement:
    """``complaints`` is empty where all holds. ``records``: messages of the log; ``repeats``: those whose id came before;
    ``dead``: those that are no events; ``rows_again``: rows stored at a place that has one."""

    complaints: tuple[str, ...]
    records: int = 0
    repeats: int = 0
    dead: int = 0
    rows_again: int = 0


def messages(kafka: KafkaSettings, topics: Iterable[str]) -> dict[Placed, bytes]:
    """Every message of some topics, by its place; b'' where it has no value."""
    consumer = KafkaConsumer(**kafka.client, enable_auto_commit=False)
    try:
        places = [TopicPartition(topic, n) for topic in topics for n in sorted(consumer.partitions_for_topic(topic) or ())]
        ends = {place: end for place, end in consumer.end_offsets(places).items() if end}
        consumer.assign(list(ends))
        for place in ends:
            consumer.seek(place, 0)
        return dict(_read(consumer, ends))
    finally:
        consumer.close()


def _read(consumer: KafkaConsumer, ends: Mapping[TopicPartition, int]) -> Iterator[tuple[Placed, bytes]]:
    while any(consumer.position(place) < end for place, end in ends.items()):
        for rows in consumer.poll(timeout_ms=1_000).values():
            yield from (((row.topic, row.partition, row.offset), bytes(row.value or b"")) for row in rows)


def id_of(value: bytes) -> UUID | None:
    """The id of an event's bytes; None for what is none."""
    try:
        return UUID(json.loads(value)["id"])
    except (ValueError, KeyError, TypeError):
        return None


def acknowledged(kafka: KafkaSettings, told: Told) -> list[str]:
    """What sources were told is kept and Kafka does not have, asked before anybody sends anything again."""
    found = {place: id_of(value) for place, value in messages(kafka, kafka.topics.streams).items()}
    beside = messages(kafka, [kafka.topics.of(DEAD_LETTERS)]) if told.refused else {}
    refused = {_raw(value) for value in beside.values()}
    elsewhere = [id_ for id_, place in told.places.items() if found.get(place) != id_]
    return [
        *_unless(told.events - set(found.values()), "events were acknowledged and are not in the log"),
        *_unless(elsewhere, "events are not at the place that was told"),
        *_unless(told.refused - refused, "refused records were acknowledged and are not in the log"),
    ]


def _raw(value: bytes) -> bytes:
    letters = letters_of(Fetched("", 0, range(1), [None], [value], [0])).letters
    return letters[0].raw if letters else b""


def judge(store: Store, kafka: KafkaSettings, told: Told) -> Judgement:
    """The judgement over all that is in the log and in the ledger, after a drain."""
    log, found = messages(kafka, kafka.topics.streams), content(store, kafka)
    ids: dict[str, Ids] = defaultdict(Counter)
    for place, value in log.items():
        if place not in found.dead and (id_ := id_of(value)):
            ids[kafka.topics.stream(place[0])][id_] += 1
    return Judgement(
        (
            *_by_place(log, found),
            *_by_id(store, ids),
            *_kept(store, log, told),
            *_facts(store, kafka, found),
        ),
        records=len(log),
        repeats=sum(many.total() - len(many) for many in ids.values()),
        dead=len(found.dead),
        rows_again=found.rows - len(found.events),
    )


def _by_place(log: Mapping[Placed, bytes], found: Content) -> Iterator[str]:
    stored, dead = set(found.events), set(found.dead)
    yield from _unless(set(log) - stored - dead, "messages of the log are nowhere")
    yield from _unless((stored | dead) - set(log), "places of the ledger are not in the log")
    yield from _unless(stored & dead, "messages are both stored and dead")
    yield from _unless((place for place, count in found.dead.items() if count > 1), "messages are dead twice")


def _by_id(store: Store, ids: Mapping[str, Ids]) -> Iterator[str]:
    for stream, logged in ids.items():
        counted = dict(_query(store, f"SELECT event_id, count() FROM `{stream}_once` GROUP BY event_id"))
        yield from _unless(set(logged) - set(counted), f"events of '{stream}' are in the log and not counted")
        yield from _unless(set(counted) - set(logged), f"events of '{stream}' are counted and not in the log")
        yield from _unless((id_ for id_, n in counted.items() if n > 1), f"events of '{stream}' are counted more than once")


def _kept(store: Store, log: Mapping[Placed, bytes], told: Told) -> Iterator[str]:
    yield from _unless(told.events - {id_of(value) for value in log.values()}, "acknowledged events are not in the log")
    letters = {letter.raw for letter in store.dead_letters.list(DeadLetterFilter(limit=1_000_000))}
    yield from _unless(told.refused - letters, "acknowledged refused records are no dead letters")


def _facts(store: Store, kafka: KafkaSettings, found: Content) -> Iterator[str]:
    """Facts made anew beside those that are there, of every stream that has events; nobody writes meanwhile."""
    ends: dict[tuple[str, int], int] = {}
    for topic, partition, offset in found.events:
        place = kafka.topics.stream(topic), partition
        ends[place] = max(ends.get(place, 0), offset + 1)
    streams = sorted({stream for stream, _ in ends} & set(STREAMS))
    (turn := Turn(store.client)).take()
    rebuild.build_beside(store.client, streams, ends, lambda *_: None, turn)
    compared = [rebuild.compared(store.client, fact, turn) for stream in streams for fact in facts_of(stream)]
    rebuild.drop_beside(store.client, streams)
    assert any(each.rows_after for each in compared), "there is no fact to compare"
    yield from _unless((each.fact for each in compared if not each.equal), "fact tables are not those made anew")


def _query(store: Store, text: str) -> list[tuple[UUID, int]]:
    return [(row[0], int(row[1])) for row in store.client.query(text).result_rows]


def _unless(wrong: Iterable[object], what: str) -> list[str]:
    """A complaint, unless there is nothing wrong."""
    some = [str(each) for each in wrong]
    return [f"{len(some)} {what}, such as {', '.join(sorted(some)[:2])}"] if some else []
