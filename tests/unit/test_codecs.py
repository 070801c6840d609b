"""What batches are decompressed by: every codec as producers write it, and nothing beyond the bound."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import lz4.frame
import pytest
import snappy
import zstandard
from kafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode

from opsledger.ingest.log.codecs import TooLargeError, decompressed

TEXT = b"".join(b'{"call": %d}' % n for n in range(20_000))
MEBIBYTE = 1024 * 1024
Encode = Callable[[bytes], bytes]
WRITTEN: dict[str, tuple[int, Encode]] = {
    "gzip": (1, gzip_encode),
    "gzip in two members": (1, lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
    "snappy as Java writes it": (2, snappy_encode),
    "snappy as librdkafka writes it": (2, snappy.compress),
    "lz4": (3, lz4_encode),
    "lz4 that says its size": (3, lambda data: lz4.frame.compress(data, store_size=True)),
    "zstd": (4, zstd_encode),
    "zstd that does not say its size": (4, lambda data: zstandard.ZstdCompressor(write_content_size=False).compress(data)),
    "zstd in two frames": (4, lambda data: zstd_encode(data[:9]) + zstd_encode(data[9:])),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_what_a_producer_compressed_is_what_comes_out(how: str) -> None:
    codec, encode = WRITTEN[how]
    assert decompressed(codec, encode(TEXT)) == TEXT
    assert decompressed(codec, encode(TEXT), len(TEXT)) == TEXT, "the bound itself is within"


@pytest.mark.parametrize("how", WRITTEN)
def test_what_is_larger_than_the_bound_is_not_made(how: str) -> None:
    codec, encode = WRITTEN[how]
    packed = encode(bytes(64 * MEBIBYTE))
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match=f"more than {MEBIBYTE} bytes"):
            decompressed(codec, packed, MEBIBYTE)
        assert tracemalloc.get_traced_memory()[1] < 8 * MEBIBYTE + len(packed)
    finally:
        tracemalloc.stop()


def test_many_gzip_members_behind_a_large_one_are_read_one_after_the_other() -> None:
    """The control is the time that a test may take: to copy what came before with each would take half an hour."""
    packed = gzip.compress(bytes(60 * MEBIBYTE)) + gzip.compress(b"x") * 40_000
    assert decompressed(1, packed) == bytes(60 * MEBIBYTE) + b"x" * 40_000


@pytest.mark.parametrize("how", WRITTEN)
@pytest.mark.parametrize("part", [0, 0.001, 0.5, 0.999])
def test_what_ends_too_early_is_an_error_or_less_than_there_was(how: str, part: float) -> None:
    """Zstd tells no end of a stream from a cut: the count of the records does."""
    codec, encode = WRITTEN[how]
    packed = encode(TEXT)
    broken = (ValueError, RuntimeError, OSError, EOFError, zstandard.ZstdError, snappy.UncompressError, struct.error)
    with suppress(*broken):
        assert decompressed(codec, packed[: int(len(packed) * part)]) != TEXT


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"\xff\xff\xff\xff\x0f", TooLargeError),
        (b"\xff" * 6, ValueError),
        (b"\x82SNAPPY\0" + bytes(8) + b"\xff" * 8, ValueError),
    ],
    ids=["four gibibytes", "no length", "a block of four gibibytes"],
)
def test_a_snappy_block_that_says_what_it_is_not(head: bytes, said: type[Exception]) -> None:
    with pytest.raises(said):
        decompressed(2, head)
