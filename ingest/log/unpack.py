"""Reads a batch of Kafka's records (format version 2) as columns, whole, where the client makes an object of each record.

That costs the client some seven microseconds a record, more than judging the event in it; this, about one. The client still
does all that it knows better: asking brokers, checksums, decompressing, transactions, where to go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError

from opsledger.ingest.log.fetched import Headers

_LEGACY = 2


@dataclass(frozen=True, slots=True)
class Run:
    """The records of one batch: offsets rising, ``at`` in ms since 1970 UTC; ``headers`` only of those that have some."""

    offsets: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]
    at: list[int]
    headers: dict[int, Headers]

    @property
    def offset(self) -> int:
        """Where it ends: what the client asks of each thing that it hands out."""
        return self.offsets[-1]

    def since(self, offset: int) -> Run:
        """Without the records before an offset: a fetch that begins inside a batch brings all of it."""
        skipped = sum(each < offset for each in self.offsets) if self.offsets and self.offsets[0] < offset else 0
        if not skipped:
            return self
        headers = {index - skipped: pairs for index, pairs in self.headers.items() if index >= skipped}
        return Run(self.offsets[skipped:], self.keys[skipped:], self.values[skipped:], self.at[skipped:], headers)


class Runs(Fetcher.PartitionRecords):  # type: ignore[misc]  # the client has no types
    """The client's own reader of fetched bytes, which hands out a Run a batch; what it counts as records are runs."""

    def _unpack_records(self, tp: Any, records: Any, key_deserializer: Any, value_deserializer: Any) -> Iterator[Run]:
        """The client's name for it; (de)serializers are not used."""
        while (batch := records.next_batch()) is not None:
            if self.check_crcs and not batch.validate_crc():
                raise CorruptRecordError(f"{tp.topic}/{tp.partition}: the checksum at offset {batch.base_offset} is wrong")
            whole = run_of(batch)
            run = whole.since(self.fetch_offset)
            self.next_fetch_offset = batch.next_offset if batch.magic >= _LEGACY else whole.offset + 1
            if batch.magic >= _LEGACY:
                self.leader_epoch = batch.leader_epoch
            self.bytes_read += batch.size_in_bytes if batch.magic >= _LEGACY else 0
            self.records_read += len(run.offsets)
            if run.offsets:
                yield run
        self.drain()


def run_of(batch: Any) -> Run:
    """A batch as columns; none of a batch that only marks the end of a transaction. CorruptRecordError where it is broken."""
    if batch.magic < _LEGACY:
        each = list(batch)
        return Run([r.offset for r in each], [r.key for r in each], [r.value for r in each], [r.timestamp for r in each], {})
    if batch.is_control_batch:
        return Run([], [], [], [], {})
    iter(batch)  # decompresses
    try:
        return _columns(bytes(batch._buffer), batch._pos, batch)  # noqa: SLF001  the client has no other way to the bytes
    except (IndexError, ValueError) as error:
        raise CorruptRecordError(f"the batch at offset {batch.base_offset} is broken: {error!r}") from None


def _columns(data: bytes, place: int, batch: Any) -> Run:
    count, base = batch.records_count, batch.base_offset
    offsets: list[int] = [0] * count
    keys: list[bytes | None] = [None] * count
    values: list[bytes | None] = [None] * count
    deltas: list[int] = [0] * count
    headers: dict[int, Headers] = {}
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
        if data[place]:
            headers[index], place = _headers(data, place)
        else:
            place += 1
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
    whole = Run([], [], [], [], {})
    for run in runs:
        start = len(whole.offsets)
        whole.headers.update({start + index: pairs for index, pairs in run.headers.items()})
        whole.offsets.extend(run.offsets)
        whole.keys.extend(run.keys)
        whole.values.extend(run.values)
        whole.at.extend(run.at)
    return whole
