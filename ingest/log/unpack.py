"""Reads a batch of Kafka's records (format version 2) as columns, whole, where the client makes an object of each record.

That costs the client some seven microseconds a record, more than judging the event in it; this, about one. The client still
does all that it knows better: asking brokers, checksums, which transactions were taken back, where to go on.

A batch that cannot be read is handed out as so many records that cannot be read: each of its places is accounted for, and
reading goes on behind it. The client would raise, then spin over the rest for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from opsledger.ingest.log.batch import OURS
from opsledger.ingest.log.client import (
    CorruptRecordError,
    IsolationLevel,
    KafkaError,
    PartitionRecords,
    next_bytes,
    packed_bytes,
)
from opsledger.ingest.log.codecs import decompressed
from opsledger.ingest.log.fetched import Headers

_LEGACY = 2
_SMALLEST = 7
"""Bytes of a record of nothing: length, attributes, time, offset, key, value, headers."""
_MOST_BROKEN = 50_000
"""So many places of a batch that cannot be read are handed out at once; the rest with the next fetch."""


@dataclass(frozen=True, slots=True)
class Run:
    """The records of one batch: offsets rising, ``at`` in ms since 1970 UTC; ``headers`` only of those that have some.

    ``until``: all before this offset was looked at; there may be no record at all, where a transaction was taken back or ended.
    ``broken``: why records (by index) cannot be read; the first of their batch has its bytes as its value, the others none.
    """

    offsets: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]
    at: list[int]
    headers: dict[int, Headers]
    until: int = field(default=0, compare=False)
    broken: dict[int, str] = field(default_factory=dict)

    @property
    def offset(self) -> int:
        """Where it ends: what the client asks of each thing that it hands out."""
        return max(self.until - 1, self.offsets[-1] if self.offsets else 0)

    def since(self, offset: int) -> Run:
        """Without the records before an offset: a fetch that begins inside a batch brings all of it."""
        skipped = sum(each < offset for each in self.offsets) if self.offsets and self.offsets[0] < offset else 0
        if not skipped:
            return self
        headers = {index - skipped: pairs for index, pairs in self.headers.items() if index >= skipped}
        columns = (self.offsets[skipped:], self.keys[skipped:], self.values[skipped:], self.at[skipped:])
        return Run(*columns, headers, self.until)


class Runs(PartitionRecords):  # type: ignore[misc]  # the client has no types
    """The client's own reader of fetched bytes, which hands out a Run a batch; what it counts as records are runs."""

    def take(self, n: int | None = None) -> list[Run]:
        """The client's name for it: some runs. After an error nothing is left, or the client would ask on for ever."""
        try:
            return list(super().take(n))
        except BaseException:
            self.drain()
            raise

    def _unpack_records(self, tp: Any, records: Any, key_deserializer: Any, value_deserializer: Any) -> Iterator[Run]:
        """The client's name for it; (de)serializers are not used."""
        del tp, key_deserializer, value_deserializer
        while (raw := next_bytes(records)) is not None:
            run = self._next(records, raw)
            self.next_fetch_offset = run.until
            self.bytes_read += len(raw)
            self.records_read += len(run.offsets)
            yield run
            if run.broken and _first_of(next_bytes(records), run.until) != run.until:
                break  # what comes next among these bytes is not what comes next in the log: that is asked for anew
        self.drain()

    def _next(self, records: Any, raw: memoryview) -> Run:
        """The next batch as a run."""
        begin, batch = self.next_fetch_offset, None
        try:
            batch = records.next_batch()
            if self.check_crcs and not batch.validate_crc():
                end = _end_unsworn(batch, raw, begin, next_bytes(records))
                return self._broken(raw, end, "its checksum is wrong")
            if batch.magic < _LEGACY:
                run = run_of(batch).since(begin)
                return replace(run, until=run.offset + 1)
            self.leader_epoch = batch.leader_epoch
            if not _follows(batch, begin, next_bytes(records)):
                said = f"its head says that it begins at {batch.base_offset}, where {begin} is to come"
                return self._broken(raw, _end_unsworn(batch, raw, begin, next_bytes(records)), said)
            if self._is_no_record(batch):
                return Run([], [], [], [], {}, batch.next_offset)
            return replace(run_of(batch).since(begin), until=batch.next_offset)
        except MemoryError:  # of ours, not of the batch
            raise
        except Exception as error:  # noqa: BLE001  codecs and records raise what they like
            end = batch.next_offset if batch is not None and batch.magic >= _LEGACY else begin + 1
            return self._broken(raw, max(end, begin + 1), _said(error))

    def _is_no_record(self, batch: Any) -> bool:
        """Whether a batch marks the end of a transaction, or belongs to one that was taken back."""
        if self.isolation_level == IsolationLevel.READ_COMMITTED and batch.has_producer_id():
            self._consume_aborted_transactions_up_to(batch.last_offset)
            if self._contains_abort_marker(batch):
                self.aborted_producer_ids.discard(batch.producer_id)
            elif self._is_batch_aborted(batch):
                return True
        return bool(batch.is_control_batch)

    def _broken(self, raw: memoryview, end: int, why: str) -> Run:
        begin, first = self.next_fetch_offset, _first_of(raw, -1)
        until = min(end, begin + _MOST_BROKEN)
        offsets = list(range(begin, until))
        values: list[bytes | None] = [b""] * len(offsets)
        if first == begin:  # else it was read from its middle on, and the letter of its first place has its bytes
            values[0] = bytes(raw)
        told = f"the batch at offsets {first if 0 <= first < begin else begin} to {end - 1} cannot be read: {why}"
        broken = dict.fromkeys(range(len(offsets)), told)
        return Run(offsets, [None] * len(offsets), values, [0] * len(offsets), {}, until, broken)


class Aborted(Runs):
    """Hands out the places of what transactions took back, and nothing of anything else; decompresses nothing."""

    def _next(self, records: Any, raw: memoryview) -> Run:
        del raw
        batch = records.next_batch()
        if batch.magic < _LEGACY:
            return Run([], [], [], [], {}, batch.base_offset + 1)
        gone = self._is_no_record(batch) and not batch.is_control_batch
        return Run(list(range(batch.base_offset, batch.next_offset)) if gone else [], [], [], [], {}, batch.next_offset)


def _first_of(raw: memoryview | None, else_: int) -> int:
    """The first offset that a batch's bytes name."""
    return else_ if raw is None else int.from_bytes(raw[:8], "big", signed=True)


def _follows(batch: Any, begin: int, following: memoryview | None) -> bool:
    """Whether a batch is where it should be: its first offset is not under the checksum. Where it leaves places out, as after
    compaction, the next batch has to bear it out."""
    if batch.base_offset <= begin:
        return bool(begin < batch.next_offset)
    return bool(_first_of(following, -1) == batch.next_offset)


def _end_unsworn(batch: Any, raw: memoryview, begin: int, following: memoryview | None) -> int:
    """The offset after a batch whose head is not vouched for: as it says where that fits together, else as the next one
    begins where that can be, else only its first place is given up, and the rest is asked for again."""
    if batch.magic >= _LEGACY and batch.base_offset <= begin < batch.next_offset:
        end = int(batch.next_offset)
        if batch.records_count == batch.last_offset_delta + 1 and _first_of(following, end) == end:
            return end
    next_ = _first_of(following, -1)
    return next_ if following is not None and begin < next_ <= begin + len(raw) else begin + 1


def _said(error: Exception) -> str:
    first = str(error).split("\n", 1)[0][:200]
    return first if isinstance(error, KafkaError) and first else f"{type(error).__name__}: {first}".removesuffix(": ")


def run_of(batch: Any) -> Run:
    """A batch as columns; none of a batch that only marks the end of a transaction. CorruptRecordError where it is broken."""
    if batch.magic < _LEGACY:
        each = list(batch)
        return Run([r.offset for r in each], [r.key for r in each], [r.value for r in each], [r.timestamp for r in each], {})
    if batch.is_control_batch:
        return Run([], [], [], [], {})
    codec, packed = packed_bytes(batch)
    data = decompressed(codec, bytes(packed)) if codec else bytes(packed)
    try:
        return _columns(data, batch)
    except (IndexError, ValueError) as error:
        raise CorruptRecordError(f"the batch at offset {batch.base_offset} is broken: {error!r}") from None


def _columns(data: bytes, batch: Any) -> Run:
    count, base, place = batch.records_count, batch.base_offset, 0
    if not 0 <= count <= len(data) // _SMALLEST:
        raise ValueError(f"{len(data)} bytes cannot be {count} records")
    offsets: list[int] = [0] * count
    keys: list[bytes | None] = [None] * count
    values: list[bytes | None] = [None] * count
    deltas: list[int] = [0] * count
    headers: dict[int, Headers] = {}
    begins, ours, ours_size = data.startswith, OURS, len(OURS)
    for index in range(count):
        size, place = _number(data, place)
        end = place + size
        deltas[index], place = _number(data, place + 1)  # one byte of attributes, none of them in use
        delta, place = _number(data, place)
        offsets[index] = base + delta
        size, place = _number(data, place)
        if size >= 0:
            keys[index] = data[place : place + size]
            place += size
        size, place = _number(data, place)
        if size >= 0:
            values[index] = data[place : place + size]
            place += size
        if not data[place]:
            place += 1
        elif begins(ours, place):  # says no more than that it is an event in JSON, which is taken for granted
            place += ours_size
        else:
            headers[index], place = _headers(data, place)
        if place != end or place > len(data):
            raise ValueError(f"record {index} ends at {place}, not at {end}")
    if place != len(data):
        raise ValueError(f"{len(data) - place} bytes after the last record")
    # the broker's time is one for the whole batch; a producer's is told record by record
    at = [batch.max_timestamp] * count if batch.timestamp_type else [batch.first_timestamp + delta for delta in deltas]
    return Run(offsets, keys, values, at, headers)


def _number(data: bytes, place: int) -> tuple[int, int]:
    """A signed number (zigzag, seven bits a byte, the lowest first), and the place after it."""
    byte = data[place]
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), place + 1
    second = data[place + 1]
    if second < 0x80:
        byte = (byte & 0x7F) | second << 7
        return (byte >> 1) ^ -(byte & 1), place + 2
    return _long_number(data, place)


def _long_number(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), place
        shift += 7
    raise ValueError("a number of more than ten bytes")


def _headers(data: bytes, place: int) -> tuple[Headers, int]:
    count, place = _number(data, place)
    if count < 0:
        raise ValueError("a negative number of headers")
    found: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        size, place = _number(data, place)
        if size < 0:
            raise ValueError("a header without a name")
        name, place = data[place : place + size].decode("utf-8", "replace"), place + size
        size, place = _number(data, place)
        found.append((name, None if size < 0 else data[place : place + size]))
        place += max(size, 0)
    return found, place


def joined(runs: Sequence[Run]) -> Run:
    """Runs that follow each other, as one."""
    if len(runs) == 1:
        return runs[0]
    whole = Run([], [], [], [], {}, runs[-1].until)
    for run in runs:
        start = len(whole.offsets)
        whole.headers.update({start + index: pairs for index, pairs in run.headers.items()})
        whole.broken.update({start + index: why for index, why in run.broken.items()})
        whole.offsets.extend(run.offsets)
        whole.keys.extend(run.keys)
        whole.values.extend(run.values)
        whole.at.extend(run.at)
    return whole
