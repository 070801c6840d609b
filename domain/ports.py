"""What the product asks of its outside: a log, a ledger, dead letters, a journal of imports; and nothing of how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from opsledger.domain.dead_letters import Attempt, DeadLetter, DeadLetterFilter
from opsledger.domain.envelope import Identity, Position

MAX_READ_RECORDS = 65_536
"""The most records that one batch of a read holds."""


class ArrowTable(Protocol):
    """Anything that hands its columns on by the Arrow C stream interface (a pyarrow table, for one)."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A PyCapsule with an ArrowArrayStream."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Consecutive places in one partition: ``count`` records from offset ``first`` on."""

    topic: str
    partition: int
    first: int
    count: int

    @property
    def last(self) -> int:
        """Offset of the last record."""
        return self.first + self.count - 1

    def position(self, index: int) -> Position:
        """The place of the index-th record of the span."""
        return Position(self.topic, self.partition, self.first + index)


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record as the log holds it. ``value`` is the event's bytes, ``recorded_at`` UTC; ``backfill``: late on purpose."""

    position: Position
    key: str
    value: bytes
    recorded_at: datetime
    backfill: bool = False


class Log(Protocol):
    """An append-only, ordered, unlimited record of events; one topic a stream.

    Within a partition offsets rise from 0, and two events with one key (``tenant/stream/subject``) keep the order
    in which they were appended. A record once returned by ``append`` is never lost, changed or moved. The log does
    not look at event ids: the same event appended twice has two places.
    """

    def append(self, events: Mapping[str, ArrowTable], *, backfill: bool = False) -> Sequence[Span]:
        """Store events by stream; returns their places once they are safely kept.

        Places are in the order of the rows; where a topic has several partitions, partition by partition.

        Each table has at least ``tenant``, ``subject`` and ``payload`` (the log's value); a log that is also the
        ledger uses every column. ``backfill`` marks records that were meant to come late. When an error is raised some
        rows may be stored, and appending them all again is right. Raises UserError for what the user can mend (a full disk,
        a broker that is away).
        """
        ...

    def read(self, topic: str, partition: int, start: int, limit: int | None = None) -> Iterator[Sequence[LogRecord]]:
        """Records of a partition from an offset on, in order, in batches; ends at what is stored when it gets there."""
        ...

    def end_offsets(self) -> Mapping[tuple[str, int], int]:
        """(topic, partition) → the offset that the next record will get; partitions without records are left out or 0."""
        ...


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the ledger holds it; ``corrects`` is None for one that corrects nothing."""

    identity: Identity
    corrects: Identity | None
    payload: bytes


class NamedEvent(NamedTuple):
    """What an id stands for within a tenant: an event of this source about this thing."""

    event_id: UUID
    source: str
    stream: str
    subject: str


class Ledger(Protocol):
    """What an import asks of the events stored so far."""

    def event_count(self) -> int:
        """How many events are stored, at least roughly."""
        ...

    def identities(self) -> Iterator[memoryview]:
        """All stored events, 24 bytes each, in batches: the id in the order of RFC 9562, and ``owner_mark``."""
        ...

    def stored(self, asked: ArrowTable) -> ArrowTable:
        """Which of some events are stored under their identity.

        ``asked`` has ``row`` (uint32), ``tenant``, ``source``, ``event_id`` (16 bytes) and ``payload``. The answer has, for
        each row whose identity is stored, ``row`` and ``same`` (bool): whether a stored event of that identity has the same
        payload, byte for byte.
        """
        ...

    def events(self, identities: Sequence[Identity]) -> Mapping[Identity, StoredEvent]:
        """The stored events of some identities; those that are not stored are left out."""
        ...

    def named(self, tenant: str, ids: Sequence[UUID]) -> Sequence[NamedEvent]:
        """The stored events of a tenant that have one of some ids, of whatever source; each once."""
        ...

    def corrections(self, identities: Sequence[Identity]) -> Sequence[StoredEvent]:
        """The stored events that correct one of some events directly, in log order."""
        ...


class DeadLetters(Protocol):
    """Keeps refused records and what was tried with them."""

    def keep(self, letters: Sequence[DeadLetter]) -> int:
        """Store those that are not stored yet; returns how many that were."""
        ...

    def list(self, wanted: DeadLetterFilter) -> Sequence[DeadLetter]:
        """The letters that match, by time, file and line."""
        ...

    def count(self, wanted: DeadLetterFilter) -> int:
        """How many letters match, whatever the filter's ``limit``; reads none of their records."""
        ...

    def show(self, prefix: str) -> DeadLetter:
        """The one letter whose id begins so; UserError when there is none or more than one."""
        ...

    def attempts(self, letter: UUID) -> Sequence[Attempt]:
        """What was tried with a letter, oldest first."""
        ...

    def record(self, attempts: Sequence[Attempt]) -> None:
        """Store attempts."""
        ...


@dataclass(frozen=True, slots=True)
class ImportRun:
    """One import of one input: what was read, how, and how it went so far.

    ``state`` is ``running``, ``finished``, ``broken`` (``problem`` says why) or ``interrupted``; an import that was killed
    stays ``running``. Counts are of records, but for ``events*``. ``reasons``: dead records by reason.
    """

    id: UUID
    tenant: str
    source: str
    format: str
    file: str
    mapping: str
    backfill: bool
    started_at: datetime
    at: datetime
    state: str
    problem: str = ""
    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    dead: int = 0
    events: int = 0
    events_duplicate: int = 0
    corrected: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    columns: Sequence[str] = ()
    """Of a table: the names of its columns."""


class ImportJournal(Protocol):
    """On record: every import, also the one that broke."""

    def write(self, run: ImportRun) -> None:
        """Store the state that an import has reached."""
        ...

    def runs(self) -> Sequence[ImportRun]:
        """Every import in its latest state, oldest first."""
        ...

    def columns(self, source: str, file: str) -> Sequence[str]:
        """The columns of the table that was last read from a source under this name; empty where none was."""
        ...
