"""Canonical JSON Lines: one CloudEvents JSON object a line, the form in which events travel and are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from opsledger.domain.errors import UserError
from opsledger.domain.fields import MAX_EVENT_BYTES
from opsledger.ingest.border.bulk import Bulk
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import Chunk, DeadRecord, Reason, dead_long_record, dead_record
from opsledger.ingest.inputs import Input
from opsledger.ingest.lines import Lines, LongLine

CHUNK_RECORDS = 25_000
"""Records of one chunk: enough to make the columns' fixed costs small."""
CHUNK_BYTES = 32 << 20
"""A chunk of long records is cut here, so that memory stays flat."""


@dataclass(slots=True)
class Batch:
    """The records of one chunk before they are judged: their bytes, and the line where each stood."""

    raws: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    long: dict[int, LongLine] = field(default_factory=dict)
    size: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it is time for the next one."""
        return len(self.raws) >= CHUNK_RECORDS or self.size >= CHUNK_BYTES

    def add(self, block: Lines, start: int) -> int:
        """Takes lines from an index on until it is full; gives the index of the first line that is left."""
        end = min(len(block.lines), start + CHUNK_RECORDS - len(self.raws))
        part = block.lines[start:end]
        self.size += sum(map(len, part))
        if all(part) and not any(map(bytes.isspace, part)):
            self.raws += part
            self.lines += range(block.first + start, block.first + end)
            return end
        for index, raw in enumerate(part, start):
            if index in block.long:
                self.long[len(self.raws)] = block.long[index]
            elif not raw or raw.isspace():
                continue
            self.raws.append(raw)
            self.lines.append(block.first + index)
        return end

    def origin(self, record: int) -> tuple[int, bytes]:
        """Where a record stood and what it was; see ``chunk.Chunk``."""
        return self.lines[record], self.raws[record]


class JsonLines:
    """Reads canonical JSON Lines. Blank lines are no records. With a ``tenant``, another's events are refused."""

    def __init__(self, border: Border, tenant: str = "") -> None:
        self._bulk = Bulk(border)
        self._tenant = tenant

    def chunks(self, source: Input) -> Iterator[Chunk]:
        """The lines' events and the refused lines, in the order of the input; see ``chunk.Adapter``."""
        return map(self.chunk, batches(source))

    def chunk(self, batch: Batch) -> Chunk:
        """The chunk of one batch."""
        records: Sequence[int] = range(len(batch.raws))
        raws = batch.raws
        if batch.long:
            records = [i for i in records if i not in batch.long]
            raws = [raws[i] for i in records]
        taken = self._bulk.take(raws, records)
        dead = [_too_large(long, batch.lines[i], i) for i, long in batch.long.items()]
        for index, refusal in taken.refused:
            record = records[index]
            dead.append(dead_record(raws[index], refusal.reason, refusal.detail, line=batch.lines[record], record=record))
        tables = dict(taken.tables)
        if self._tenant:
            dead += [dead for stream in tables for dead in self._strangers(tables, stream, batch)]
        return Chunk(len(batch.raws), tables, sorted(dead, key=lambda d: d.record), batch.origin)

    def _strangers(self, tables: dict[str, pa.Table], stream: str, batch: Batch) -> Iterator[DeadRecord]:
        """Takes the events of other tenants out of a stream's table; gives their records as dead."""
        table = tables[stream]
        own = pc.equal(table["tenant"], self._tenant)
        if pc.all(own).as_py():
            return
        others = table.filter(pc.invert(own))
        tables[stream] = table.filter(own)
        for record, tenant in zip(others["record"].to_pylist(), others["tenant"].to_pylist(), strict=True):
            line, raw = batch.origin(record)
            detail = f"tenant: the event is of '{tenant}' and the import was run for '{self._tenant}'"
            yield dead_record(raw, Reason.OTHER_TENANT, detail, line=line, record=record)


def _too_large(long: LongLine, line: int, record: int) -> DeadRecord:
    detail = f"the record has {long.length} bytes, at most {MAX_EVENT_BYTES} are allowed"
    return dead_long_record(long, Reason.TOO_LARGE, detail, line=line, record=record)


class Lined(Protocol):
    """What has lines (an ``Input`` is one)."""

    def lines(self, max_bytes: int) -> Iterator[Lines]:
        """The lines in order; one of more than ``max_bytes`` is not held in memory."""
        ...


def batches(source: Lined) -> Iterator[Batch]:
    """The input's records in order, in batches of bounded number and size.

    UserError, after the batches before it, where the input breaks off.
    """
    batch = Batch()
    try:
        for block in source.lines(MAX_EVENT_BYTES):
            start = 0
            while start < len(block.lines):
                start = batch.add(block, start)
                if batch.is_full:
                    yield batch
                    batch = Batch()
    except UserError:
        if batch.raws:
            yield batch
        raise
    if batch.raws:
        yield batch
