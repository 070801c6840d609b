"""What an import into Kafka leaves beside the events comes into the ledger's tables, once, and garbage there is dead too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from opsledger.domain.dead_letters import Attempt, DeadLetter, DeadLetterFilter, Outcome, Status
from opsledger.domain.ports import ImportRun
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.sink.counts import total
from opsledger.infra.store import Store
from opsledger.ingest.log.beside import KafkaDeadLetters, KafkaImportJournal
from opsledger.ingest.log.kafka import KafkaLog
from opsledger.ingest.log.topics import DEAD_LETTERS
from tests.ledger_samples import NOW
from tests.sink_scene import drained, produce

LETTER = DeadLetter(UUID(int=7), "t1", "sim:x", "jsonl", "a.jsonl", 3, "", "invalid", "why", b"{}", 2, "ab", NOW)
RUN = ImportRun(UUID(int=9), "t1", "sim:x", "jsonl", "a.jsonl", "", False, NOW, NOW, "running")


def test_letters_attempts_and_imports_come_into_their_tables_once(log: KafkaLog, settings: KafkaSettings, store: Store) -> None:
    letters, imports = KafkaDeadLetters(log), KafkaImportJournal(log)
    for _ in range(2):
        letters.keep([LETTER])
        letters.record([Attempt(LETTER.id, NOW, Outcome.DUPLICATE)])
        imports.write(RUN)
    imports.write(replace(RUN, at=NOW + timedelta(seconds=5), state="finished", read=4, accepted=4))
    produce(
        settings, [{"topic": settings.topics.of(DEAD_LETTERS), "value": value, "key": b"x"} for value in (b"garbage", None)]
    )
    counts = total(drained(store, settings).counts)
    assert (counts.read, counts.accepted, counts.dead) == (9, 7, 2)
    kept = store.dead_letters.list(DeadLetterFilter())
    assert sorted(each.reason for each in kept) == ["invalid", "invalid", "tombstone"]
    assert next(each for each in kept if each.id == LETTER.id) == replace(LETTER, status=Status.SETTLED, attempts=1)
    (run,) = store.imports.runs()
    assert (run.state, run.accepted) == ("finished", 4)


def test_they_are_read_on_from_where_they_were_and_what_is_read_twice_adds_nothing(
    log: KafkaLog, settings: KafkaSettings, store: Store
) -> None:
    KafkaDeadLetters(log).keep([LETTER])
    KafkaDeadLetters(log).record([Attempt(LETTER.id, NOW, Outcome.DEAD)])
    assert total(drained(store, settings).counts).read == 2
    assert total(drained(store, settings).counts).read == 0
    store.client.command("TRUNCATE TABLE beside_positions")  # as after a kill between the rows and the position
    assert total(drained(store, settings).counts).read == 2
    assert len(store.dead_letters.attempts(LETTER.id)) == 1
    assert len(store.dead_letters.list(DeadLetterFilter())) == 1
