"""A batch of records as Kafka keeps them (format version 2), made whole instead of record by record.

The client's own builder takes some ten microseconds a record, most of it to write small numbers and to make a future of
each; a batch that is made in one go, and acknowledged as one, costs a tenth of that.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from opsledger.ingest.log.client import calc_crc32c, lz4_encode, zstd_encode

Encode = Callable[[bytes], bytes]
CODECS: dict[str, tuple[int, Encode]] = {"none": (0, bytes), "lz4": (3, lz4_encode), "zstd": (4, zstd_encode)}

_HEADER = struct.Struct(">qiibIhiqqqhii")
"""Base offset, length, leader epoch, magic, CRC, attributes, last delta, 2 times, producer id, epoch, sequence, count."""
_AFTER_LENGTH, _CRC_AT, _CRC_FROM = 12, 17, 21
_MAGIC = 2
_NOBODY = -1
_ROW_OVERHEAD = 22
"""The most bytes that a record has beside key, value and headers."""
NO_HEADERS = b"\0"


def overhead() -> int:
    """Bytes of a batch beside its records."""
    return _HEADER.size


def _varint(value: int) -> bytes:
    """A signed number as Kafka writes it: zigzag, seven bits a byte, the lowest first. Only for what is not negative."""
    left, out = value << 1, bytearray()
    while left > 0x7F:
        out.append((left & 0x7F) | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


_SMALL = tuple(_varint(value) for value in range(1 << 14))


def _number(value: int) -> bytes:
    return _SMALL[value] if value < len(_SMALL) else _varint(value)


def headers_of(headers: Sequence[tuple[str, bytes]]) -> bytes:
    """Headers as they stand at the end of a record."""
    fields = chain.from_iterable((name.encode(), value) for name, value in headers)
    return _number(len(headers)) + b"".join(_number(len(field)) + field for field in fields)


CONTENT_TYPE = ("content-type", b"application/cloudevents+json")
"""What CloudEvents' binding to Kafka asks for on an event in structured form."""
OURS = headers_of([CONTENT_TYPE])
"""The headers of a record of ours that is marked with nothing else."""


def size_of(key: bytes, value: bytes, headers: bytes = NO_HEADERS) -> int:
    """The most bytes that a record takes in a batch."""
    return len(key) + len(value) + len(headers) + _ROW_OVERHEAD


class Batch:
    """Records of one partition, compressed; the client's sender gives it its producer's state and takes ``buffer``.

    It is what the client calls a records builder that has been filled.
    """

    def __init__(self, records: Sequence[tuple[bytes, bytes, bytes]], codec: str) -> None:
        attributes, encode = CODECS[codec]
        plain = b"".join(_lines(records))
        packed = encode(plain)
        smaller = len(packed) < len(plain)
        self._attributes, self._body = (attributes, packed) if smaller else (0, plain)
        self._count = len(records)
        self._at_ms = time.time_ns() // 1_000_000
        self._state = (_NOBODY, _NOBODY, _NOBODY)
        self._closed = b""

    @property
    def producer_id(self) -> int:
        """Whose batch this is, -1 before it is sent."""
        return self._state[0]

    @property
    def producer_epoch(self) -> int:
        """The producer's epoch, -1 before it is sent."""
        return self._state[1]

    @property
    def base_sequence(self) -> int:
        """The first record's number in the producer's count for the partition, -1 before it is sent."""
        return self._state[2]

    def set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int, is_transactional: bool) -> None:
        """What makes a second sending of the same batch known as such. RuntimeError once it has been sent."""
        if self._closed or is_transactional:
            raise RuntimeError("a batch that was sent keeps its number, and none is part of a transaction")
        self._state = (producer_id, producer_epoch, base_sequence)

    def next_offset(self) -> int:
        """How many records there are."""
        return self._count

    def is_full(self) -> bool:
        """Always: nothing is added to it."""
        return True

    def size_in_bytes(self) -> int:
        """As it is sent."""
        return _HEADER.size + len(self._body)

    def close(self) -> None:
        """Make the bytes that are sent, once."""
        if not self._closed:
            self._closed = self._made()

    def buffer(self) -> bytes:
        """The bytes, after ``close``."""
        return self._closed

    def _made(self) -> bytes:
        times, last = (self._at_ms, self._at_ms), self._count - 1
        length = _HEADER.size - _AFTER_LENGTH + len(self._body)
        head = bytearray(
            _HEADER.pack(0, length, 0, _MAGIC, 0, self._attributes, last, *times, *self._state, self._count) + self._body
        )
        struct.pack_into(">I", head, _CRC_AT, calc_crc32c(memoryview(head)[_CRC_FROM:]))
        return bytes(head)


def _lines(records: Iterable[tuple[bytes, bytes, bytes]]) -> Iterator[bytes]:
    for offset, (key, value, headers) in enumerate(records):
        # attributes and the time's distance from the batch's are zero: the broker's own time counts
        line = b"".join((b"\0\0", _number(offset), _number(len(key)), key, _number(len(value)), value, headers))
        yield _number(len(line))
        yield line


def cut(records: Sequence[tuple[bytes, bytes, bytes]], most_bytes: int) -> Iterator[Sequence[tuple[bytes, bytes, bytes]]]:
    """Records, (key, value, headers) each, in runs that make batches of at most so many bytes, uncompressed."""
    start, size = 0, _HEADER.size
    for index, (key, value, headers) in enumerate(records):
        more = len(key) + len(value) + len(headers) + _ROW_OVERHEAD
        if size + more > most_bytes and index > start:
            yield records[start:index]
            start, size = index, _HEADER.size
        size += more
    if start < len(records):
        yield records[start:]
