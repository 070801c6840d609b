"""Any table, by a mapping: rows become events, what cannot become one is a dead record with its line and its raw text."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from opsledger.domain.errors import UserError
from opsledger.domain.fields import MAX_FUTURE_S
from opsledger.ingest.adapters import table_worker
from opsledger.ingest.adapters.table_rows import Bad, RowBatch, TextRows, rows_again
from opsledger.ingest.adapters.table_sheet import SheetRows
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import Chunk, DeadRecord, Reason, dead_long_record, dead_record
from opsledger.ingest.inputs import Input
from opsledger.ingest.mapping.frame import Frame
from opsledger.ingest.mapping.plan import AUTO, Mapping, Plan
from opsledger.ingest.mapping.render import Rendered, Renderer
from opsledger.ingest.mapping.rules import KEY_MARK
from opsledger.ingest.workers import Belt, Trade, usable_workers

XLSX = "xlsx"
WARM_BATCHES = 10
"""Batches made here before worker processes are started, which takes them a second."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """A row as it would come in: its cells by column, and its events, or why it is dead."""

    line: int
    cells: AnyMapping[str, str]
    events: Sequence[AnyMapping[str, Any]] = field(default_factory=tuple)
    refusal: str = ""


class Table:
    """Reads CSV, TSV and XLSX by a mapping. ``tenant`` and ``source``, where given, go before the mapping's own.

    ``workers``: processes that help with a large table; by default as many as this machine has use for.
    """

    def __init__(
        self, mapping: Mapping, border: Border, *, tenant: str = "", source: str = "", workers: int | None = None
    ) -> None:
        self._mapping, self._border = mapping, border
        self._workers = usable_workers() if workers is None else workers
        self._tenant, self._source = tenant, source

    def chunks(self, source: Input) -> Iterator[Chunk]:
        """The rows' events and the refused rows, in the order of the table; see ``chunk.Adapter``.

        UserError before the first row where the mapping names a column that the table does not have.
        """
        opened = self._open(source)
        if opened is None:
            return
        reader, maker = opened
        belt = Belt(self._trade(maker), maker.finished, 0 if maker.by_row else self._workers, WARM_BATCHES)
        try:
            for batch in reader.batches():
                yield from belt.put(maker.prepared(batch))
            yield from belt.rest()
        except UserError:
            yield from belt.rest()
            raise
        finally:
            belt.close()

    def preview(self, source: Input, rows: int) -> list[Previewed]:
        """The first rows of a table as they would come in; nothing is stored."""
        opened = self._open(source, batch_rows=rows)
        if opened is None:
            return []
        reader, maker = opened
        return next((maker.previewed(batch) for batch in reader.batches()), [])

    def columns(self, source: Input) -> tuple[str, ...]:
        """The names of a table's columns, as its mapping writes them; none where the table is empty."""
        opened = self._open(source)
        return opened[1].columns if opened else ()

    def again(self, raws: Sequence[bytes], columns: Sequence[str]) -> Chunk:
        """Rows that were dead letters, read again; ``columns`` are those of the table that they come from."""
        return self._maker(columns).chunk(rows_again(raws, self._mapping.layout, len(columns)))

    def _open(self, source: Input, **options: int) -> tuple[TextRows | SheetRows, RowMaker] | None:
        """The rows after the header, and what makes events of them; None for an empty table."""
        layout = self._mapping.layout
        if source.encoding == AUTO:
            source.encoding = layout.encoding
        reader = SheetRows(source, layout, **options) if layout.format == XLSX else TextRows(source, layout, **options)
        if layout.header == 0:
            return reader, self._maker(layout.names)
        cells = reader.header(layout.header)
        if cells is None:
            return None
        return reader, self._maker(self._mapping.names_of(cells))

    def _trade(self, maker: RowMaker) -> Trade[Prepared, Rendered]:
        def task(prepared: Prepared) -> table_worker.Task | None:
            return table_worker.task_of(prepared.rows, self._border.latest() - timedelta(seconds=MAX_FUTURE_S))

        setup = table_worker.Setup(self._mapping, maker.columns, self._tenant, self._source)
        return Trade(table_worker.__name__, setup, task, table_worker.read, lambda prepared: maker.render(prepared.rows))

    def _maker(self, columns: Sequence[str]) -> RowMaker:
        plan = self._mapping.plan(columns, tenant=self._tenant, source=self._source)
        return RowMaker(plan, self._border, pad=self._mapping.layout.pad)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch with its rows sorted: those to make events of, where they stand in it, and why others are dead."""

    batch: RowBatch
    rows: list[list[str]]
    places: list[int]
    bad: dict[int, Bad]


class RowMaker:
    """Makes chunks of row batches; keeps what identical rows were seen where rows have no key of their own."""

    def __init__(self, plan: Plan, border: Border, *, pad: bool) -> None:
        self.columns, self.by_row = plan.columns, plan.by_row
        self._renderer = Renderer(plan, border)
        self._keys = _RowKeys()
        self._pad = pad

    def chunk(self, batch: RowBatch) -> Chunk:
        """The events and the dead of a batch."""
        prepared = self.prepared(batch)
        return self.finished(prepared, self.render(prepared.rows))

    def prepared(self, batch: RowBatch) -> Prepared:
        """The rows that are rows."""
        bad: dict[int, Bad] = {**self._shapes(batch), **batch.bad}
        if not bad and not batch.long:
            return Prepared(batch, batch.rows, list(range(len(batch.rows))), bad)
        places = [i for i in range(len(batch.rows)) if i not in bad and i not in batch.long]
        return Prepared(batch, [batch.rows[i] for i in places], places, bad)

    def render(self, rows: Sequence[Sequence[str]]) -> Rendered:
        """The events of rows, ``record`` counting from the first of them."""
        columns: list[Sequence[str]] = list(zip(*rows, strict=True)) if rows else [()] * len(self.columns)
        if self.by_row:
            columns.append(self._keys.of(rows))
        return self._renderer.render(Frame(len(rows), columns))

    def finished(self, prepared: Prepared, rendered: Rendered) -> Chunk:
        """The chunk of a batch whose rows' events are made."""
        batch, places = prepared.batch, prepared.places
        tables = {stream: _renumbered(table, places) for stream, table in rendered.tables.items()}
        bad = prepared.bad | {places[row]: (Reason(why.code), why.detail) for row, why in rendered.dead.items()}
        dead = [self._dead(batch, record, why) for record, why in bad.items() if record not in batch.long]
        dead += [_too_long(batch, record) for record in batch.long]
        return Chunk(
            read=len(batch.rows),
            events=tables,
            dead=sorted(dead, key=lambda d: d.record),
            origin=lambda record: (batch.lines[record], batch.raw(record)),
            columns=self.columns,
        )

    def previewed(self, batch: RowBatch) -> list[Previewed]:
        """The rows of a batch with their events as JSON objects."""
        chunk = self.chunk(batch)
        refusals = {dead.record: f"{dead.reason}: {dead.detail}" for dead in chunk.dead}
        events: dict[int, list[Any]] = {}
        for table in chunk.events.values():
            for record, payload in zip(table["record"].to_pylist(), table["payload"].to_pylist(), strict=True):
                events.setdefault(record, []).append(json.loads(payload))
        return [
            Previewed(
                batch.lines[i],
                dict(zip(self.columns, row, strict=False)),
                sorted(events.get(i, ()), key=lambda e: str(e["time"])),
                refusals.get(i, ""),
            )
            for i, row in enumerate(batch.rows)
        ]

    def _shapes(self, batch: RowBatch) -> dict[int, Bad]:
        """Rows with too few or too many cells; with ``ragged: pad`` they are filled up or lose empty ones at the end."""
        width = len(self.columns)
        wrong = [i for i, row in enumerate(batch.rows) if len(row) != width]
        if self._pad:
            for i in wrong:
                batch.rows[i] = _padded(batch.rows[i], width)
            wrong = [i for i in wrong if len(batch.rows[i]) != width]
        return {i: (Reason.MALFORMED, f"has {len(batch.rows[i])} cells, the table has {width} columns") for i in wrong}

    def _dead(self, batch: RowBatch, record: int, why: Bad) -> DeadRecord:
        return dead_record(batch.raw(record), why[0], why[1], line=batch.lines[record], record=record)


class _RowKeys:
    """The keys of rows that have none: a hash of the cells, and the ordinal among identical rows of this input.

    Holds 16 bytes of each hash for as long as the input lasts, some 100 bytes of memory a row.
    """

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()

    def of(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """The key of each row, in order."""
        keys = []
        for row in rows:
            digest = hashlib.sha256("\x1f".join(row).encode("utf-8", "surrogateescape")).digest()[:16]
            keys.append(f"{digest.hex()}{KEY_MARK}{self._seen[digest]}")
            self._seen[digest] += 1
        return keys


def _padded(row: list[str], width: int) -> list[str]:
    short = width - len(row)
    return row + [""] * short if short >= 0 else row[:width] if not any(cell.strip() for cell in row[width:]) else row


def _renumbered(table: pa.Table, good: list[int]) -> pa.Table:
    """``record`` counts the rows of the batch, not those of the frame."""
    if not good or good[-1] == len(good) - 1:
        return table
    records = np.array(good, np.int64)[table["record"].to_numpy()]
    return table.set_column(table.schema.get_field_index("record"), "record", pa.array(records))


def _too_long(batch: RowBatch, record: int) -> DeadRecord:
    long = batch.long[record]
    detail = f"the row has a line of {long.length} bytes, more than a row can have"
    return dead_long_record(long, Reason.TOO_LARGE, detail, line=batch.lines[record], record=record)
