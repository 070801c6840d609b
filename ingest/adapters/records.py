"""Adapter of JSON records of other systems: cuts the input into records, has each mapped, and keeps what cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from opsledger.domain.errors import UserError
from opsledger.ingest.adapters.record_book import RecordBook, RecordOptions
from opsledger.ingest.adapters.record_node import RecordRefused
from opsledger.ingest.border.bulk import Bulk
from opsledger.ingest.border.fast import MAX_NESTING, brackets
from opsledger.ingest.border.judge import Border, Refusal
from opsledger.ingest.chunk import Chunk, DeadRecord, OnChange, Reason, dead_long_record, dead_record
from opsledger.ingest.inputs import Input
from opsledger.ingest.json_records import Piece, json_records
from opsledger.ingest.json_scan import MAX_RECORD_BYTES

CHUNK_RECORDS = 4_096
CHUNK_BYTES = 16 << 20
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"{}[]")
_DECODE = msgspec.json.Decoder().decode

Mapper = Callable[[RecordBook, dict[str, Any]], None]
"""Writes a record's events into the book; RecordRefused for one that cannot become events."""


class Records:
    """Reads one system's records. Each is mapped by itself, so that neither order nor repetition matters.

    ``wrappers`` are the names under which an export wraps a list of records.
    """

    def __init__(self, border: Border, options: RecordOptions, mapper: Mapper, wrappers: Sequence[str] = ()) -> None:
        self._bulk = Bulk(border)
        self._options, self._mapper, self._wrappers = options, mapper, wrappers

    def chunks(self, source: Input) -> Iterator[Chunk]:
        """The records' events and the refused records, in the order of the input; see ``chunk.Adapter``."""
        yield from self._chunks(json_records(source.blocks(), self._wrappers, source.name))

    def again(self, letters: Iterable[tuple[int, bytes]]) -> Iterator[Chunk]:
        """As ``chunks``, from the (line, bytes) of records that were dead letters."""
        yield from self._chunks(Piece(raw, line) for line, raw in letters)

    def _chunks(self, pieces: Iterable[Piece]) -> Iterator[Chunk]:
        for batch in _batches(iter(pieces)):
            yield _Reading(self._mapper, self._bulk, RecordBook(self._options)).chunk(batch)


def _batches(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    """Pieces in batches of bounded number and size; a UserError comes after the pieces before it."""
    batch: list[Piece] = []
    size = 0
    try:
        for piece in pieces:
            batch.append(piece)
            size += len(piece.raw)
            if len(batch) >= CHUNK_RECORDS or size >= CHUNK_BYTES:
                yield batch
                batch, size = [], 0
    except UserError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


class _Reading:
    """The records of one chunk on their way to be events."""

    def __init__(self, mapper: Mapper, bulk: Bulk, book: RecordBook) -> None:
        self._mapper, self._bulk, self._book = mapper, bulk, book
        self._events: list[tuple[str, bytes, OnChange]] = []
        self._records: list[int] = []
        self._dead: dict[int, Refusal] = {}

    def chunk(self, pieces: Sequence[Piece]) -> Chunk:
        """The chunk of some records."""
        for record, piece in enumerate(pieces):
            self._read(record, piece)
        taken = self._bulk.take([payload for _, payload, _ in self._events], self._records)
        for index, refusal in taken.refused:
            self._dead.setdefault(self._records[index], refusal)
        tables = {stream: self._with_policies(stream, table) for stream, table in taken.tables.items()}
        dead = [self._dead_record(pieces[record], record) for record in sorted(self._dead)]
        return Chunk(len(pieces), tables, dead, lambda record: (pieces[record].line, pieces[record].raw))

    def _read(self, record: int, piece: Piece) -> None:
        try:
            self._mapper(self._book, _object(piece))
        except RecordRefused as refused:
            self._dead[record] = refused.refusal
            return
        events = self._book.events
        if not events:
            self._dead[record] = Refusal(Reason.NO_EVENT, "the record says nothing: all its fields are empty")
        self._events += events
        self._records += [record] * len(events)

    def _with_policies(self, stream: str, table: pa.Table) -> pa.Table:
        events = zip(self._events, self._records, strict=True)
        policies = [policy for (name, _, policy), record in events if name == stream and record not in self._dead]
        return table.append_column(pa.field("on_change", pa.int8()), pa.array(np.asarray(policies, np.int8)))

    def _dead_record(self, piece: Piece, record: int) -> DeadRecord:
        why = self._dead[record]
        if piece.long is not None:
            return dead_long_record(piece.long, why.reason, why.detail, line=piece.line, record=record)
        return dead_record(piece.raw, why.reason, why.detail, line=piece.line, record=record)


def _object(piece: Piece) -> dict[str, Any]:
    """The record as an object. RecordRefused for what is none."""
    if piece.long is not None:
        detail = f"the record has {piece.long.length} bytes, at most {MAX_RECORD_BYTES} are allowed"
        raise RecordRefused(Reason.TOO_LARGE, detail)
    return decoded(piece.raw)


def decoded(raw: bytes) -> dict[str, Any]:
    """The object of some JSON bytes. RecordRefused for what is no JSON, no object, or nested too deep."""
    if brackets(raw) > MAX_NESTING and _depth(raw) > MAX_NESTING:
        raise RecordRefused(Reason.INVALID, f"is nested more than {MAX_NESTING} levels deep")
    try:
        value = _DECODE(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RecordRefused(Reason.NOT_JSON, f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise RecordRefused(Reason.NOT_JSON, "is JSON, but not an object {…}")
    return value


def _depth(raw: bytes) -> int:
    """The most brackets open at once, those in strings among them: never less than the real depth."""
    depth = deepest = 0
    for byte in raw.translate(None, _NO_BRACKETS):
        if byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest
