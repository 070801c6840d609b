"""Compressed bodies: unpacked piece by piece whatever the number of frames, packed as a stream."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import lz4.frame
import zstandard

from opsledger.infra.gateway.errors import CANNOT_DECOMPRESS, NOT_IMPLEMENTED, QUERY_IS_TOO_LARGE, refused

PIECE_BYTES = 1024 * 1024
"""So much is read, unpacked, handed to the engine and sent at a time."""
MAX_BODY_BYTES = 8 * 1024**3
"""A body is refused once it has unpacked to more."""


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


_OPENERS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(31),
    "deflate": lambda: zlib.decompressobj(15),
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
    "xz": lzma.LZMADecompressor,
    "bz2": bz2.BZ2Decompressor,
}
ENCODINGS = tuple(_OPENERS)
_ZSTD_STEP = 1024
"""zstandard's decompressor cannot be told how much to give back: from so few packed bytes come at most 32 MB."""
_DAMAGED = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, RuntimeError, EOFError, ValueError)
_ANSWERED = ("lz4", "zstd", "gzip", "deflate")
"""Encodings of answers, the quickest first."""


def pieces(source: Source, encoding: str, limit: int = MAX_BODY_BYTES) -> Iterator[bytes]:
    """A body's bytes, unpacked. ServerError for an unknown encoding, a damaged or cut body, or one above the limit."""
    total = 0
    unpacked = _plain(source) if encoding in ("", "identity") else _unpacked(source, encoding)
    for piece in unpacked:
        total += len(piece)
        if total > limit:
            raise refused(QUERY_IS_TOO_LARGE, f"The body is larger than {limit} bytes")
        if piece:
            yield piece


def _plain(source: Source) -> Iterator[bytes]:
    while piece := source.read(PIECE_BYTES):
        yield piece


def _unpacked(source: Source, encoding: str) -> Iterator[bytes]:
    if encoding not in _OPENERS:
        known = ", ".join(f"'{name}'" for name in ENCODINGS)
        raise refused(NOT_IMPLEMENTED, f"Unknown compression method '{encoding}'. Only {known} are supported")
    machine: Any = None
    step = _ZSTD_STEP if encoding == "zstd" else PIECE_BYTES
    try:
        while data := source.read(PIECE_BYTES // 4):
            while data:  # one frame may end and the next begin anywhere in what was read
                machine = _OPENERS[encoding]() if machine is None else machine
                yield from _expanded(machine, data[:step])
                data = ((machine.unused_data or b"") if machine.eof else b"") + data[step:]
                machine = None if machine.eof else machine
    except _DAMAGED as error:
        raise refused(CANNOT_DECOMPRESS, f"Cannot unpack the body as {encoding}: {error}") from error
    if machine is not None:
        raise refused(CANNOT_DECOMPRESS, f"Cannot unpack the body as {encoding}: it ends in the middle of a frame")


def _expanded(machine: Any, data: bytes) -> Iterator[bytes]:
    """What some packed bytes hold, a piece at a time."""
    if hasattr(machine, "needs_input"):
        yield machine.decompress(data, PIECE_BYTES)
        while not machine.needs_input and not machine.eof:
            yield machine.decompress(b"", PIECE_BYTES)
    elif hasattr(machine, "copy"):  # zlib's
        yield machine.decompress(data, PIECE_BYTES)
        while machine.unconsumed_tail and not machine.eof:
            yield machine.decompress(machine.unconsumed_tail, PIECE_BYTES)
    else:
        yield machine.decompress(data)


def chosen(accepted: str) -> str:
    """The encoding of an answer, by the request's Accept-Encoding; '' for none."""
    asked = {part.partition(";")[0].strip() for part in accepted.lower().split(",")}
    return next((name for name in _ANSWERED if name in asked), "")


def packed(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Chunks as one frame of an encoding. The first goes out at once, the others as it is best for the size."""
    flushed: tuple[int, ...] = ()
    if encoding == "lz4":
        machine: Any = lz4.frame.LZ4FrameCompressor(auto_flush=True)
        yield machine.begin()
    elif encoding == "zstd":
        machine, flushed = zstandard.ZstdCompressor(level=1).compressobj(), (zstandard.COMPRESSOBJ_FLUSH_BLOCK,)
    else:
        machine = zlib.compressobj(level=3, wbits=31 if encoding == "gzip" else 15)
        flushed = (zlib.Z_SYNC_FLUSH,)
    for number, chunk in enumerate(chunks):
        out = machine.compress(chunk)
        if number == 0 and flushed:
            out += machine.flush(*flushed)
        if out:
            yield out
    yield machine.flush()
