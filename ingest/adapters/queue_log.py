"""Adapter of Asterisk's queue_log, as the text file that the switch writes or as a table exported from its database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from opsledger.domain.errors import UserError
from opsledger.ingest.adapters import queue_log_agents, queue_log_calls
from opsledger.ingest.adapters.jsonlines import Batch, batches
from opsledger.ingest.adapters.queue_log_book import Book, Options
from opsledger.ingest.adapters.queue_log_lines import Refused, text_entry
from opsledger.ingest.adapters.queue_log_memory import Memory
from opsledger.ingest.adapters.queue_log_tables import Reader, is_header, reader_of
from opsledger.ingest.border.bulk import Bulk
from opsledger.ingest.border.judge import Border, Refusal
from opsledger.ingest.chunk import Chunk, DeadRecord, OnChange, Reason, dead_long_record, dead_record
from opsledger.ingest.inputs import Input
from opsledger.ingest.lines import LongLine

CHUNK_LINES = 8_192
"""A line makes two to three events; larger chunks are slower, for they no longer fit the processor's caches."""
HANDLERS = MappingProxyType({**queue_log_calls.HANDLERS, **queue_log_agents.HANDLERS})
"""Event word → what makes events of it."""


class QueueLog:
    """Reads queue_logs. Its memory of open calls goes on from chunk to chunk, and from file to file when used again.

    Ids follow from the line alone, and what is stored first stays: reading a file twice, or a rotated file that
    overlaps the one before, adds nothing, whatever the memory held.
    """

    def __init__(self, border: Border, options: Options) -> None:
        self._bulk = Bulk(border)
        self._options = options
        self._book = Book(options)

    def chunks(self, source: Input) -> Iterator[Chunk]:
        """The log's lines in order, as chunks of events and dead records.

        UserError for a table that lacks a column and, after the chunks before it, where the input breaks off.
        """
        return self._chunks(batches(source), source.name)

    def read(self, lines: Iterable[tuple[int, bytes]], name: str = "queue_log") -> Iterator[Chunk]:
        """As ``chunks``, from (line number, line) pairs."""
        return self._chunks(_batched(lines), name)

    def text(self, found: Iterable[Batch]) -> Iterator[Chunk]:
        """Batches of lines of the text form, which may begin anywhere in a file, as chunks."""
        for batch in found:
            for start in range(0, len(batch.raws), CHUNK_LINES):
                yield _Reading(self._book, self._bulk, text_entry).chunk(_part(batch, start))

    def remember(self, found: Iterable[Batch]) -> None:
        """Take lines of the text form into the memory again; their events were stored before."""
        book = self._book
        for batch in found:
            for raw in batch.raws:
                try:
                    entry = text_entry(_text(raw))
                    book.start(entry)
                    HANDLERS[entry.word](book, entry)
                except Refused:
                    continue

    @property
    def memory(self) -> Memory:
        """What is remembered from line to line."""
        return self._book.memory

    def _chunks(self, found: Iterable[Batch], name: str) -> Iterator[Chunk]:
        reader: Reader | None = None
        for batch in found:
            if reader is None:
                heading = batch.raws[0].decode("utf-8", "replace").rstrip("\r")
                try:
                    reader = reader_of(heading, self._options.zone)
                except UserError as error:
                    raise UserError(f"{name}:{batch.lines[0]}: {error}") from None
                if is_header(heading):
                    batch = _without_first(batch)  # noqa: PLW2901  the header is no record
            for start in range(0, len(batch.raws), CHUNK_LINES):
                yield _Reading(self._book, self._bulk, reader).chunk(_part(batch, start))


def _batched(lines: Iterable[tuple[int, bytes]]) -> Iterator[Batch]:
    rest = ((number, raw) for number, raw in lines if raw and not raw.isspace())
    while some := list(islice(rest, CHUNK_LINES)):
        yield Batch([raw for _, raw in some], [number for number, _ in some])


def _part(batch: Batch, start: int) -> Batch:
    stop = start + CHUNK_LINES
    long = {index - start: found for index, found in batch.long.items() if start <= index < stop}
    return Batch(batch.raws[start:stop], batch.lines[start:stop], long)


def _without_first(batch: Batch) -> Batch:
    return Batch(batch.raws[1:], batch.lines[1:], {index - 1: long for index, long in batch.long.items()})


class _Reading:
    """The lines of one chunk on their way to be events."""

    def __init__(self, book: Book, bulk: Bulk, reader: Reader) -> None:
        self._book, self._bulk, self._reader = book, bulk, reader
        self._raws: list[tuple[int, bytes]] = []
        self._payloads: list[bytes] = []
        self._records: list[int] = []
        self._dead: dict[int, Refusal] = {}
        self._long: dict[int, LongLine] = {}

    def chunk(self, batch: Batch) -> Chunk:
        """The chunk of one batch of lines."""
        for index, (number, raw) in enumerate(zip(batch.lines, batch.raws, strict=True)):
            if index in batch.long:
                self._too_long(number, batch.long[index])
            else:
                self._line(number, raw)
        taken = self._bulk.take(self._payloads, self._records)
        for index, refusal in taken.refused:
            self._dead.setdefault(self._records[index], refusal)
        raws = self._raws
        return Chunk(len(raws), _kept_first(taken.tables), self._dead_records(), lambda record: raws[record])

    def _line(self, number: int, raw: bytes) -> None:
        record, book = len(self._raws), self._book
        try:
            entry = self._reader(_text(raw))
            if entry is None:
                return
            book.start(entry)
            HANDLERS[entry.word](book, entry)
        except Refused as refused:
            self._raws.append((number, raw))
            self._dead[record] = refused.refusal
            return
        self._raws.append((number, raw))
        self._payloads += book.events
        self._records += [record] * len(book.events)

    def _too_long(self, number: int, long: LongLine) -> None:
        record = len(self._raws)
        self._raws.append((number, long.head))
        self._long[record] = long
        self._dead[record] = Refusal(Reason.TOO_LARGE, f"the line has {long.length} bytes; no line of a queue_log is so long")

    def _dead_records(self) -> list[DeadRecord]:
        return [self._dead_record(record, self._dead[record]) for record in sorted(self._dead)]

    def _dead_record(self, record: int, why: Refusal) -> DeadRecord:
        number, raw = self._raws[record]
        if record in self._long:
            return dead_long_record(self._long[record], why.reason, why.detail, line=number, record=record)
        return dead_record(raw, why.reason, why.detail, line=number, record=record)


def _text(raw: bytes) -> str:
    try:
        return raw.decode().rstrip("\r")
    except UnicodeDecodeError as error:
        detail = f"byte {error.start + 1} of the line is not UTF-8; name the file's encoding"
        raise Refused(Reason.NOT_TEXT, detail) from None


def _kept_first(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """What a line meant when it was read first stays: a second reading may know less of the calls before it."""
    name = pa.field("on_change", pa.int8())
    return {s: t.append_column(name, pa.array(np.full(t.num_rows, OnChange.KEEP_FIRST, np.int8))) for s, t in tables.items()}
