"""The local log: the ledger tables themselves, one writer, offsets given here; the embedded default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.clock import Clock
from opsledger.domain.envelope import Position
from opsledger.domain.errors import UserError
from opsledger.domain.ports import MAX_READ_RECORDS, ArrowTable, LogRecord, Span
from opsledger.projections.ledger.arrow_insert import cut, insert_whole, slim
from opsledger.projections.ledger.engine_errors import told_to_user
from opsledger.projections.ledger.manifest_keeper import ManifestKeeper
from opsledger.projections.ledger.manifest_look import extents
from opsledger.projections.ledger.sql import sql

_MICROS = pa.timestamp("us", "UTC")


class LocalLog:
    """The log port on the ledger tables; topic = stream, one partition, offsets without gaps.

    Only one process may hold the tables (the data directory's lock sees to it), and within it one thread may append
    at a time. ``clock`` gives recorded_at, one moment for each insert.
    """

    def __init__(self, client: Client, clock: Clock, manifest: ManifestKeeper | None = None) -> None:
        self._client = client
        self._clock = clock
        self._manifest = manifest or ManifestKeeper(client)
        self._next: dict[tuple[str, int], int] | None = None

    def append(self, events: Mapping[str, ArrowTable], *, backfill: bool = False) -> Sequence[Span]:
        """Store events by stream (columns of ``schema_of(stream)``); see ``domain.ports.Log``."""
        spans: list[Span] = []
        for stream, rows in events.items():
            table = rows if isinstance(rows, pa.Table) else pa.table(rows)
            spans += [self._insert(stream, part, backfill=backfill) for part in cut(slim(table))]
        with told_to_user("noting in the manifest what is stored"):
            self._manifest.write()
        return spans

    def _insert(self, stream: str, table: pa.Table, *, backfill: bool) -> Span:
        ends = self._offsets()
        _check_own(ends)
        place = stream, 0
        span = Span(*place, max(ends.get(place, 0), self._manifest.next(place)), table.num_rows)
        self._next = None  # an insert that fails may have been stored: what counts then is what the table says
        try:
            with told_to_user(f"storing {span.count} events of stream '{stream}'"):
                insert_whole(self._client, stream, _placed(table, span, self._clock.now(), backfill=backfill))
        except BaseException:
            self._manifest.unsure(stream)
            raise
        self._manifest.stored(place, span.count, span.last)
        self._next = {**ends, (stream, 0): span.first + span.count}
        return span

    def read(self, topic: str, partition: int, start: int, limit: int | None = None) -> Iterator[Sequence[LogRecord]]:
        """Records in offset order, at most 65,536 a batch; see ``domain.ports.Log``."""
        end = self._offsets().get((topic, partition), 0)
        stop = end if limit is None else min(end, start + limit)
        for first in range(start, stop, MAX_READ_RECORDS):
            yield self._page(topic, partition, first, min(first + MAX_READ_RECORDS, stop))

    def _page(self, topic: str, partition: int, start: int, stop: int) -> list[LogRecord]:
        parameters: dict[str, Any] = {"stream": topic, "topic": topic, "partition": partition, "start": start, "stop": stop}
        rows = self._client.query(sql("read_log"), parameters=parameters, column_formats={"payload": "bytes"}).result_rows
        return [LogRecord(Position(topic, partition, offset), key, value, at, late) for offset, key, value, at, late in rows]

    def end_offsets(self) -> Mapping[tuple[str, int], int]:
        """(topic, partition) → next offset, as the tables have it now."""
        self._next = None
        return dict(self._offsets())

    def _offsets(self) -> dict[tuple[str, int], int]:
        if self._next is None:
            self._next = {place: extent.last + 1 for place, extent in extents(self._client, STREAMS)}
        return self._next


def _check_own(ends: Mapping[tuple[str, int], int]) -> None:
    """UserError where the ledger was filled from Kafka: what is appended here would be in no log."""
    if foreign := sorted({topic for topic, _ in ends if topic not in STREAMS}):
        raise UserError(
            f"this ledger is filled from Kafka (topic '{foreign[0]}'); append there: set OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS, "
            "or use another data directory (--data)"
        )


def _placed(table: pa.Table, span: Span, at: datetime, *, backfill: bool) -> pa.Table:
    """The rows with their place in the log; ``at`` is UTC and aware."""
    size = table.num_rows
    same = pa.array([0], pa.int32()).take(pa.nulls(size, pa.int32()).fill_null(0))
    columns = {
        "topic": pa.DictionaryArray.from_arrays(same, [span.topic]),
        "partition": pa.nulls(size, pa.uint16()).fill_null(span.partition),
        "offset": pa.array(range(span.first, span.first + size), pa.uint64()),
        "recorded_at": pa.nulls(size, _MICROS).fill_null(pa.scalar(at, _MICROS)),
        "backfill": pa.nulls(size, pa.bool_()).fill_null(backfill),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table
