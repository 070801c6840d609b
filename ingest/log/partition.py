"""Where a key lives: Kafka's default partitioner (murmur2 of the key), for a whole column of keys at a time."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Words = NDArray[np.uint32]

_SEED, _M, _R = np.uint32(0x9747B28C), np.uint32(0x5BD1E995), np.uint32(24)
_POSITIVE = np.uint32(0x7FFFFFFF)


def partitions_of(keys: pa.Array, partitions: int) -> NDArray[np.int64]:
    """The partition of each key (an Arrow array of strings or bytes without nulls), as every Kafka client finds it."""
    return (murmur2(keys) & _POSITIVE).astype(np.int64) % partitions


def away_from_home(key: bytes, partition: int, home: int, partitions: int) -> str:
    """Why a message lies in a partition that is not its key's home, and what to set so that the next ones do."""
    told = f"the message's key belongs into partition {home}, not {partition}"
    if partitions > 1 and crc32(key) % partitions == partition:
        return told + "; it lies where librdkafka puts it unless told otherwise: set partitioner=murmur2_random there"
    return told + ": a producer has to place by murmur2 of the key (librdkafka: partitioner=murmur2_random)"


def murmur2(keys: pa.Array) -> Words:
    """The 32-bit murmur2 of each key, as Kafka computes it."""
    starts, data = _cells(keys)
    lengths = starts[1:] - starts[:-1]
    hashes = np.zeros(len(keys), np.uint32)
    for length in np.unique(lengths).tolist():  # keys of one length are worked on together, word by word
        rows = np.flatnonzero(lengths == length)
        hashes[rows] = _of_length(data[starts[rows][:, None] + np.arange(length)], length)
    return hashes


def _cells(keys: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """(where each key starts, with one entry more; the bytes of all)."""
    plain = keys.cast(pa.large_binary())
    _, offsets, data = plain.buffers()
    starts = np.frombuffer(offsets, np.int64)[plain.offset : plain.offset + len(plain) + 1]
    return starts, np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)


def _of_length(cells: NDArray[np.uint8], length: int) -> Words:
    words = length // 4
    hashes: Words = np.full(len(cells), _SEED ^ np.uint32(length), np.uint32)
    blocks = np.ascontiguousarray(cells[:, : 4 * words]).view("<u4")
    for word in range(words):
        block = blocks[:, word] * _M
        hashes = (hashes * _M) ^ ((block ^ (block >> _R)) * _M)
    if rest := length % 4:
        for place in range(rest):
            hashes ^= cells[:, 4 * words + place].astype(np.uint32) << np.uint32(8 * place)
        hashes *= _M
    hashes ^= hashes >> np.uint32(13)
    hashes *= _M
    return hashes ^ (hashes >> np.uint32(15))
