"""Dead letters, attempts and the journal over Kafka: what is sent is what comes off, and garbage is refused, not raised."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from uuid import UUID

import pytest

from opsledger.domain.dead_letters import Attempt, DeadLetter, DeadLetterFilter, Outcome, Status
from opsledger.domain.errors import UserError
from opsledger.domain.ports import ImportRun
from opsledger.ingest.log.beside import (
    KafkaDeadLetters,
    KafkaImportJournal,
    letters_of,
    row_of_attempt,
    row_of_letter,
    row_of_run,
    runs_of,
)
from opsledger.ingest.log.fetched import Fetched
from opsledger.ingest.log.kafka import KafkaLog
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import NOW

LETTER = DeadLetter(
    UUID(int=7), "t1", "sim:test", "jsonl", "in.jsonl", 3, "", "not_json", '名 "x"', b"\xff\x00{", 3, "ab" * 32, NOW
)
ATTEMPT = Attempt(LETTER.id, NOW + timedelta(microseconds=1), Outcome.DEAD, "invalid", "why", "m")
RUN = ImportRun(
    UUID(int=9), "t1", "sim:test", "table", "a.csv", "m", True, NOW, NOW, "finished", read=3, accepted=2, dead=1,
    reasons={"invalid": 1}, columns=("号", "b"),
)  # fmt: skip


def fetched(values: list[bytes | None]) -> Fetched:
    return Fetched("p.dead-letters", 0, range(len(values)), [b"k"] * len(values), values, [0] * len(values))


def on_kafka(log: KafkaLog, topic: str) -> list[bytes]:
    return [record.value for batch in log.read(log.topics.of(topic), 0, 0) for record in batch]


def test_what_an_import_sends_is_what_comes_off(kafka: TestKafka) -> None:
    make_topics(kafka.settings)
    with open_log(kafka.settings) as log:
        letters = KafkaDeadLetters(log)
        assert letters.keep([LETTER, replace(LETTER, id=UUID(int=8), raw=bytes(range(256)) * 256)]) == 2
        letters.record([ATTEMPT])
        KafkaImportJournal(log).write(RUN)
        found = letters_of(fetched(list(on_kafka(log, "dead-letters"))))
        runs = runs_of(fetched(list(on_kafka(log, "imports"))))
    assert found.letters[0] == LETTER
    assert found.letters[1].raw == bytes(range(256)) * 256
    assert (found.attempts, found.refused) == ([ATTEMPT], [])
    assert [replace(run, columns=tuple(run.columns)) for run in runs.runs] == [RUN]


def test_keeping_nothing_sends_nothing(kafka: TestKafka) -> None:
    make_topics(kafka.settings)
    with open_log(kafka.settings) as log:
        assert KafkaDeadLetters(log).keep([]) == 0
        KafkaDeadLetters(log).record([])
        assert on_kafka(log, "dead-letters") == []


def test_a_letter_is_told_as_it_was_when_it_died() -> None:
    settled = replace(LETTER, status=Status.SETTLED, attempts=2)
    assert letters_of(fetched([row_of_letter(settled)[1]])).letters == [LETTER]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "truncated"),
        (b"", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b'{"kind":"dead_letter"}', "missing required field"),
        (b'{"kind":"other","letter":{}}', "Invalid value 'other'"),
        (b"[" * 100_000, ""),
        (row_of_attempt(ATTEMPT)[1].replace(b"+00:00", b"").replace(b'Z"', b'"'), "the time at has no offset"),
        (row_of_run(RUN)[1], "Invalid value 'import'"),
        (row_of_letter(LETTER)[1].replace(b'"line":3', b'"line":"3"'), "Expected `int`"),
    ],
)
def test_a_message_that_says_nothing_is_refused_with_the_reason(value: bytes | None, why: str) -> None:
    found = letters_of(fetched([row_of_letter(LETTER)[1], value, row_of_attempt(ATTEMPT)[1]]))
    assert (found.letters, found.attempts) == ([LETTER], [ATTEMPT])
    ((index, reason),) = found.refused
    assert index == 1
    assert why in reason


def test_times_come_off_in_utc() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=8)))
    (letter,) = letters_of(fetched([row_of_letter(replace(LETTER, first_seen=local))[1]])).letters
    assert letter.first_seen.utcoffset() == timedelta(0)


def test_what_is_asked_of_them_is_answered_by_the_ledger(kafka: TestKafka) -> None:
    make_topics(kafka.settings)
    with open_log(kafka.settings) as log:
        letters, journal = KafkaDeadLetters(log), KafkaImportJournal(log)
        for ask in (
            lambda: letters.list(DeadLetterFilter()),
            lambda: letters.count(DeadLetterFilter()),
            lambda: letters.show("0000"),
            lambda: letters.attempts(LETTER.id),
            journal.runs,
            lambda: journal.columns("a", "b"),
        ):
            with pytest.raises(UserError, match="opsledger sink"):
                ask()
