"""What the product asks of its outside: a log, and what is needed to use one backend in place of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from opsledger.domain.envelope import Position

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
    """One record as the log holds it. ``value`` is the event's bytes, ``recorded_at`` UTC."""

    position: Position
    key: str
    value: bytes
    recorded_at: datetime


class Log(Protocol):
    """An append-only, ordered, unlimited record of events; one topic a stream.

    Within a partition offsets rise from 0, and two events with one key (``tenant/stream/subject``) keep the order
    in which they were appended. A record once returned by ``append`` is never lost, changed or moved. The log does
    not look at event ids: the same event appended twice has two places.
    """

    def append(self, events: Mapping[str, ArrowTable], *, backfill: bool = False) -> Sequence[Span]:
        """Store events by stream; returns their places once they are safely kept, in the order of the rows.

        Each table has at least ``tenant``, ``subject`` and ``payload`` (the log's value); a log that is also the
        ledger uses every column. ``backfill`` marks records that were meant to come late. Either all rows of a stream
        are stored or none; of several streams some may be stored when an error is raised. Raises UserError for what
        the user can mend (a full disk).
        """
        ...

    def read(self, topic: str, partition: int, start: int, limit: int | None = None) -> Iterator[Sequence[LogRecord]]:
        """Records of a partition from an offset on, in order, in batches; ends at what is stored when it gets there."""
        ...

    def end_offsets(self) -> Mapping[tuple[str, int], int]:
        """(topic, partition) → the offset that the next record will get; partitions without records are left out or 0."""
        ...
