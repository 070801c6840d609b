"""Decompressing a batch of Kafka's records, within a bound: the broker bounds what a batch has compressed, and a mebibyte of
zeros in zstd is gigabytes of them. What is larger is a batch that cannot be read, as one whose codec nobody knows is.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Iterator
from io import BytesIO

import lz4.frame
import snappy
import zstandard

MOST_BYTES = 128 * 1024 * 1024
"""A hundred and twenty-eight times what a batch may have compressed (``max.message.bytes`` of our topics)."""
_XERIAL = b"\x82SNAPPY\0"
_XERIAL_HEAD = 16
_LENGTH = struct.Struct(">I")


class TooLargeError(ValueError):
    """A batch would be larger than the bound when decompressed."""

    def __init__(self, most: int) -> None:
        super().__init__(f"it has more than {most} bytes when decompressed")


def decompressed(codec: int, packed: bytes, most: int = MOST_BYTES) -> bytes:
    """The bytes of a batch's records by Kafka's number of the codec. TooLargeError beyond ``most`` bytes, of which no more are
    made; ValueError for a codec that is not known; and what the codecs raise for bytes that are not theirs."""
    if (decode := _DECODERS.get(codec)) is None:
        raise ValueError(f"Kafka has no codec {codec}")
    return decode(packed, most)


def _bounded(data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise TooLargeError(most)
    return data


def _gzip(packed: bytes, most: int) -> bytes:
    """One member may follow another: a mebibyte holds fifty thousand, so that what came before is not copied with each."""
    with gzip.GzipFile(fileobj=BytesIO(packed)) as members:
        return _bounded(members.read(most + 1), most)


def _lz4(packed: bytes, most: int) -> bytes:
    frame = lz4.frame.LZ4FrameDecompressor()
    data = _bounded(frame.decompress(packed, most + 1), most)
    if not frame.eof or frame.unused_data:
        raise ValueError("the lz4 frame ends too early, or something follows it")
    return data


def _zstd(packed: bytes, most: int) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as reader:
        return _bounded(reader.read(most + 1), most)


def _snappy(packed: bytes, most: int) -> bytes:
    """Blocks as the Java client frames them, or one block as librdkafka writes it. Each says first how long it will be."""
    blocks = list(_xerial(packed)) if packed.startswith(_XERIAL) else [packed]
    if sum(_said_length(block) for block in blocks) > most:
        raise TooLargeError(most)
    return b"".join(snappy.decompress(block) for block in blocks)


def _xerial(packed: bytes) -> Iterator[bytes]:
    place = _XERIAL_HEAD
    while place < len(packed):
        (size,) = _LENGTH.unpack_from(packed, place)
        begin, place = place + _LENGTH.size, place + _LENGTH.size + size
        if not size or place > len(packed):
            raise ValueError("a block of the snappy stream ends behind it")
        yield packed[begin:place]


def _said_length(block: bytes) -> int:
    value = 0
    for index, byte in enumerate(block[:5]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value
    raise ValueError("a block of the snappy stream does not say its length")


_DECODERS: dict[int, Callable[[bytes, int], bytes]] = {1: _gzip, 2: _snappy, 3: _lz4, 4: _zstd}
