"""What an import leaves beside the events when the log is on Kafka: dead letters, attempts, the journal; JSON, one topic each.

They are kept here and asked for where the sink stores them: the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, NoReturn, Protocol
from uuid import UUID

import msgspec

from opsledger.domain.dead_letters import Attempt, DeadLetter, DeadLetterFilter, Status
from opsledger.domain.errors import UserError
from opsledger.domain.ports import ImportRun, Span
from opsledger.ingest.log.batch import NO_HEADERS
from opsledger.ingest.log.fetched import Fetched
from opsledger.ingest.log.topics import DEAD_LETTERS, IMPORTS, Topics

Row = tuple[bytes, bytes, bytes]


class Sending(Protocol):
    """Of the log on Kafka: a way to append rows, (key, value, headers) each, to any of its topics."""

    @property
    def topics(self) -> Topics:
        """The names of its topics."""
        ...

    def send(self, topic: str, rows: Sequence[Row]) -> list[Span]:
        """Append rows; returns when they are safely kept."""
        ...


class LetterMessage(msgspec.Struct, tag="dead_letter", tag_field="kind"):
    """What a dead letter is on Kafka."""

    letter: DeadLetter


class AttemptMessage(msgspec.Struct, tag="attempt", tag_field="kind"):
    """What a try of one is."""

    attempt: Attempt


class RunMessage(msgspec.Struct, tag="import", tag_field="kind"):
    """What a state of an import is."""

    run: ImportRun


def row_of_letter(letter: DeadLetter) -> Row:
    """A dead letter as a row of its topic; where it stands is not told: that follows from its attempts."""
    return _row(letter.id, LetterMessage(replace(letter, status=Status.OPEN, attempts=0)))


def row_of_attempt(attempt: Attempt) -> Row:
    """An attempt as a row of the dead letters' topic."""
    return _row(attempt.letter, AttemptMessage(attempt))


def row_of_run(run: ImportRun) -> Row:
    """A state of an import as a row of its topic."""
    return _row(run.id, RunMessage(run))


def _row(id_: UUID, message: msgspec.Struct) -> Row:
    return str(id_).encode(), msgspec.json.encode(message), NO_HEADERS


class KafkaDeadLetters:
    """The dead letter port for an import into Kafka: letters and attempts go to ``<prefix>.dead-letters``.

    Whether a letter is known is the sink's to see: its id follows from what it is.
    """

    def __init__(self, log: Sending) -> None:
        self._log = log

    def keep(self, letters: Sequence[DeadLetter]) -> int:
        """Send them; returns how many."""
        if letters:
            self._log.send(self._log.topics.of(DEAD_LETTERS), [row_of_letter(letter) for letter in letters])
        return len(letters)

    def record(self, attempts: Sequence[Attempt]) -> None:
        """Send attempts."""
        if attempts:
            self._log.send(self._log.topics.of(DEAD_LETTERS), [row_of_attempt(attempt) for attempt in attempts])

    def list(self, wanted: DeadLetterFilter) -> NoReturn:
        """UserError: the ledger is asked."""
        raise _asked_elsewhere("dead letters")

    def count(self, wanted: DeadLetterFilter) -> NoReturn:
        """UserError: the ledger is asked."""
        raise _asked_elsewhere("dead letters")

    def show(self, prefix: str) -> NoReturn:
        """UserError: the ledger is asked."""
        raise _asked_elsewhere("dead letters")

    def attempts(self, letter: UUID) -> NoReturn:
        """UserError: the ledger is asked."""
        raise _asked_elsewhere("dead letters")


class KafkaImportJournal:
    """The journal port for an import into Kafka: every state goes to ``<prefix>.imports``."""

    def __init__(self, log: Sending) -> None:
        self._log = log

    def write(self, run: ImportRun) -> None:
        """Send the state that an import has reached."""
        self._log.send(self._log.topics.of(IMPORTS), [row_of_run(run)])

    def runs(self) -> NoReturn:
        """UserError: the ledger is asked."""
        raise _asked_elsewhere("imports")

    def columns(self, source: str, file: str) -> NoReturn:
        """UserError: the ledger is asked."""
        raise _asked_elsewhere("imports")


def _asked_elsewhere(what: str) -> UserError:
    return UserError(f"{what} on Kafka are looked up in the ledger that the sink fills; run 'opsledger sink', then ask there")


@dataclass(frozen=True, slots=True)
class Letters:
    """What messages of the dead letters' topic say; ``refused``: (index, why) of those that say nothing."""

    letters: list[DeadLetter] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Runs:
    """What messages of the journal's topic say; ``refused``: (index, why) of those that say nothing."""

    runs: list[ImportRun] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)


_letter = msgspec.json.Decoder(LetterMessage | AttemptMessage).decode
_run = msgspec.json.Decoder(RunMessage).decode


def letters_of(fetched: Fetched) -> Letters:
    """Messages of ``<prefix>.dead-letters`` as letters and attempts, times in UTC."""
    found = Letters()
    for message in _decoded(fetched, _letter, found.refused):
        if isinstance(message, LetterMessage):
            found.letters.append(_utc(message.letter))
        else:
            found.attempts.append(_utc(message.attempt))
    return found


def runs_of(fetched: Fetched) -> Runs:
    """Messages of ``<prefix>.imports`` as states of imports, times in UTC."""
    found = Runs()
    found.runs.extend(_utc(message.run) for message in _decoded(fetched, _run, found.refused))
    return found


def _decoded(fetched: Fetched, decode: Callable[[bytes], Any], refused: list[tuple[int, str]]) -> list[Any]:
    messages = []
    for index, value in enumerate(fetched.values):
        try:
            message = decode(value or b"")
            _check_times(message)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            refused.append((index, str(error)[:500] or type(error).__name__))
        else:
            messages.append(message)
    return messages


def _check_times(message: Any) -> None:
    """ValueError for a time without an offset: its moment is not known."""
    (held,) = (getattr(message, name) for name in message.__struct_fields__)
    for each in fields(held):
        value = getattr(held, each.name)
        if isinstance(value, datetime) and value.utcoffset() is None:
            raise ValueError(f"the time {each.name} has no offset")


def _utc(held: Any) -> Any:
    times = {f.name: value.astimezone(UTC) for f in fields(held) if isinstance(value := getattr(held, f.name), datetime)}
    return replace(held, **times)
