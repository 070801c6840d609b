"""A chunk's events laid out in one row of numbers, whatever their stream, so that they can be judged together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from opsledger.domain.envelope import Identity, owner_mark
from opsledger.ingest.border.columns import or_own
from opsledger.ingest.chunk import Chunk, OnChange
from opsledger.ingest.seen import Words, digests

_ASKED = pa.schema(
    [
        ("row", pa.uint32()),
        ("tenant", pa.string()),
        ("source", pa.string()),
        ("event_id", pa.binary(16)),
        ("payload", pa.binary()),
    ]
)
_OF_INPUT = ("record", "on_change")
"""Columns that say something about the input and not about the event."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a correcting event has in place of the row it is made from."""

    event_id: UUID
    corrects: UUID
    corrects_source: str
    """'' for one of its own source."""
    payload: bytes


class Rows:
    """The events of a chunk, numbered stream by stream in the order of its tables."""

    def __init__(self, chunk: Chunk) -> None:
        self._streams = [(stream, table.combine_chunks()) for stream, table in chunk.events.items() if table.num_rows]
        sizes = [table.num_rows for _, table in self._streams]
        self._starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        self._ids = b"".join(_id_bytes(table["event_id"]) for _, table in self._streams)
        self._owners: list[tuple[str, str]] = []
        parts = [_owners(table, self._owners) for _, table in self._streams]
        self._owned: NDArray[np.int64] = np.concatenate([np.empty(0, np.int64), *parts])
        self.records: NDArray[np.int64] = self._joined("record", np.int64, 0)
        self._on_change: NDArray[np.int8] = self._joined("on_change", np.int8, OnChange.CONFLICT)
        self.keep_first: NDArray[np.bool_] = self._on_change == OnChange.KEEP_FIRST
        self.corrects = bool((self._on_change >= OnChange.CORRECT).any())
        self.digests: Words = digests(self._identities())

    def __len__(self) -> int:
        return int(self._starts[-1])

    def _joined(self, name: str, kind: type[np.generic], default: int) -> NDArray[Any]:
        parts = [
            table[name].to_numpy().astype(kind) if name in table.column_names else np.full(table.num_rows, default, kind)
            for _, table in self._streams
        ]
        return np.concatenate([np.empty(0, kind), *parts])

    def _identities(self) -> memoryview[Any]:
        cells = np.empty((len(self), 3), "<u8")
        cells[:, :2] = np.frombuffer(self._ids, "<u8").reshape(-1, 2)
        marks = np.frombuffer(b"".join(owner_mark(*owner) for owner in self._owners), "<u8")
        cells[:, 2] = marks[self._owned] if len(self) else 0
        return memoryview(cells.tobytes())

    def mark(self, row: int) -> bytes:
        """The ``owner_mark`` of the row's tenant and source."""
        return owner_mark(*self._owners[int(self._owned[row])])

    def identity(self, row: int) -> Identity:
        """What the row's event is known by."""
        return Identity(*self._owners[int(self._owned[row])], UUID(bytes=self._ids[16 * row : 16 * row + 16]))

    def on_change(self, row: int) -> OnChange:
        """What is to be done when the row's id is known with other content."""
        return OnChange(int(self._on_change[row]))

    def payload(self, row: int) -> bytes:
        """The row's log value."""
        payload: bytes = self._cell(row, "payload").as_py()
        return payload

    def event_type(self, row: int) -> str:
        """The row's event type."""
        return str(self._cell(row, "type").as_py())

    def _cell(self, row: int, name: str) -> Any:
        index = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._streams[index][1][name][row - int(self._starts[index])]

    def same_identity(self, some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether rows have the identities of other rows, pair by pair."""
        halves = np.frombuffer(self._ids, "<u8").reshape(-1, 2)
        same: NDArray[np.bool_] = (halves[some] == halves[others]).all(axis=1) & (self._owned[some] == self._owned[others])
        return same

    def same_payload(self, some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether rows have the log values of other rows, pair by pair."""
        if not len(some):
            return np.zeros(0, np.bool_)
        payloads = pa.chunked_array([chunk for _, table in self._streams for chunk in table["payload"].chunks])
        equal = pc.equal(payloads.take(pa.array(some)), payloads.take(pa.array(others)))
        found: NDArray[np.bool_] = equal.to_numpy().astype(np.bool_)
        return found

    def of_record(self, record: int) -> list[int]:
        """The rows made from one record."""
        return [int(row) for row in np.flatnonzero(self.records == record)]

    def asked(self, rows: NDArray[np.int64]) -> pa.Table:
        """The rows as a question to the ledger: ``row``, ``tenant``, ``source``, ``event_id``, ``payload``."""
        parts = []
        for (_, table), start, stop in zip(self._streams, self._starts, self._starts[1:], strict=False):
            inside = rows[(rows >= start) & (rows < stop)]
            if len(inside):
                part = table.select(_ASKED.names[1:]).take(pa.array(inside - start))
                parts.append(part.add_column(0, "row", pa.array(inside, pa.uint32())).cast(_ASKED))
        return pa.concat_tables(parts)

    def kept(self, keep: NDArray[np.bool_], replaced: Mapping[int, Replacement]) -> dict[str, pa.Table]:
        """The tables by stream with only some rows, those to be replaced changed."""
        tables: dict[str, pa.Table] = {}
        for (stream, table), start, stop in zip(self._streams, self._starts, self._starts[1:], strict=False):
            mask = keep[start:stop]
            if not mask.any():
                continue
            mine = {row - int(start): new for row, new in replaced.items() if start <= row < stop}
            whole = (_replaced(table, mine) if mine else table).drop_columns([n for n in _OF_INPUT if n in table.column_names])
            tables[stream] = whole if mask.all() else whole.filter(pa.array(mask))
        return tables


def _id_bytes(column: pa.ChunkedArray) -> bytes:
    return b"".join(
        chunk.buffers()[1].to_pybytes()[16 * chunk.offset : 16 * (chunk.offset + len(chunk))] for chunk in column.chunks
    )


def _owners(table: pa.Table, known: list[tuple[str, str]]) -> NDArray[np.int64]:
    """For each row the number of its tenant and source among those that are known; others are added."""
    columns = [_encoded(table[name]) for name in ("tenant", "source")]
    tenants, sources = ([str(value) for value in values] for _, values in columns)
    codes = columns[0][0] * len(sources) + columns[1][0]
    pairs, of_pairs = np.unique(codes, return_inverse=True)
    numbers = []
    for pair in pairs.tolist():
        owner = tenants[pair // len(sources)], sources[pair % len(sources)]
        if owner not in known:
            known.append(owner)
        numbers.append(known.index(owner))
    found: NDArray[np.int64] = np.asarray(numbers, np.int64)[of_pairs]
    return found


def _encoded(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[Any]]:
    whole = column.combine_chunks()
    encoded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_pylist()


def _replaced(table: pa.Table, new: Mapping[int, Replacement]) -> pa.Table:
    cells: dict[str, dict[int, Any]] = {
        "event_id": {row: r.event_id.bytes for row, r in new.items()},
        "corrects": {row: r.corrects.bytes for row, r in new.items()},
        "corrects_source": {row: r.corrects_source for row, r in new.items()},
        "payload": {row: r.payload for row, r in new.items()},
    }
    for name, values in cells.items():
        index = table.schema.get_field_index(name)
        column = table[name].to_pylist()
        for row, value in values.items():
            column[row] = value
        table = table.set_column(index, table.schema.field(index), pa.array(column, table.schema.field(index).type))
    named = or_own(*(table[name].combine_chunks() for name in ("corrects_source", "source")))
    return table.set_column(table.schema.get_field_index("corrects_source"), "corrects_source", named)
