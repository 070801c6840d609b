"""Compressed input as blocks of bytes: bounded memory, everything before a break delivered, then a clear error."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

import zstandard

from opsledger.domain.errors import EXIT_INCOMPLETE, UserError

BLOCK_BYTES = 1 << 20
"""The most that one block holds."""
_ZSTD_SLICE = 2048
"""Compressed bytes given to zstd at once: even a bomb makes at most 64 MiB of them."""
GZIP, ZSTD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")
_DEFLATED = 8
_DATA_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".log")

Blocks = Iterator[bytes]


class Source(Protocol):
    """Where compressed bytes come from."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Expansion:
    """How far input may grow: beyond ``free_bytes``, at most ``ratio`` times what was read."""

    ratio: int = 200
    free_bytes: int = 4 << 30


def broken(name: str, what: str) -> UserError:
    """The error after the data of an input that breaks off."""
    return UserError(
        f"{name}: {what}. What stood before the break was read and is kept. "
        "Get the whole file and run the same command again: nothing is added twice.",
        EXIT_INCOMPLETE,
    )


def plain(source: Source, name: str) -> Blocks:
    """The bytes as they are."""
    try:
        while block := source.read(BLOCK_BYTES):
            yield block
    except OSError as error:
        raise broken(name, f"could not be read on: {error.strerror}") from None


def gunzip(source: Source, name: str) -> Blocks:
    """The members of a gzip file one after the other; zeros may pad the end."""
    rest = b""
    while True:
        rest = (rest or source.read(BLOCK_BYTES)).lstrip(b"\0")
        if not rest:
            rest = source.read(BLOCK_BYTES)
            if not rest:
                return
            continue
        rest += source.read(1) if len(rest) == 1 else b""
        if not rest.startswith(GZIP):
            raise broken(name, "holds bytes after its gzip data that are not gzip")
        rest = yield from inflate(rest, source, name, zlib.MAX_WBITS | 16)


def inflate(rest: bytes, source: Source, name: str, wbits: int) -> Generator[bytes, None, bytes]:
    """One deflate stream that starts with ``rest``; gives back what follows it."""
    engine = zlib.decompressobj(wbits)
    while True:
        try:
            block = engine.decompress(rest, BLOCK_BYTES)
        except zlib.error as error:
            raise broken(name, f"is damaged ({error})") from None
        if block:
            yield block
        if engine.eof:
            return engine.unused_data
        rest = engine.unconsumed_tail or source.read(BLOCK_BYTES)
        if not rest and not block:
            raise broken(name, "is cut short: its compressed data has no end")


def unzstd(source: Source, name: str) -> Blocks:
    """The frames of a zstd file one after the other."""
    engine, whole = zstandard.ZstdDecompressor().decompressobj(), True
    while data := source.read(_ZSTD_SLICE):
        while data:
            if engine.eof:
                engine = zstandard.ZstdDecompressor().decompressobj()
            try:
                block = engine.decompress(data)
            except zstandard.ZstdError as error:
                raise broken(name, f"is damaged ({error})") from None
            yield from (block[i : i + BLOCK_BYTES] for i in range(0, len(block), BLOCK_BYTES))
            whole, data = engine.eof, engine.unused_data
    if not whole:
        raise broken(name, "is cut short: its compressed data has no end")


def unzip(path: Path, name: str, counted: Callable[[IO[bytes]], IO[bytes]]) -> Blocks:
    """The one data member of a zip file; of a file that was cut short, the beginning of its first member."""
    with path.open("rb") as file:
        source = counted(file)
        try:
            archive = zipfile.ZipFile(source)
        except zipfile.BadZipFile:
            yield from _cut_zip(source, name)
            raise broken(name, "is cut short: a zip's table of contents stands at its end, and there is none") from None
        yield from _member_blocks(archive, _member(archive, path, name), name)


def is_spreadsheet(path: Path) -> bool:
    """Whether a zip file is an XLSX workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def _member_blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Blocks:
    try:
        with archive.open(member) as stream:
            while block := stream.read(BLOCK_BYTES):
                yield block
    except RuntimeError:
        raise UserError(f"{name}: '{member.filename}' is locked with a password; unpack it first") from None
    except NotImplementedError as error:
        raise UserError(f"{name}: '{member.filename}' cannot be unpacked here ({error}); unpack it first") from None
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise broken(name, f"'{member.filename}' is damaged ({error})") from None


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> zipfile.ZipInfo:
    members = [m for m in archive.infolist() if not m.is_dir() and not _is_clutter(m.filename)]
    if len(members) == 1:
        return members[0]
    same = [m for m in members if PurePosixPath(m.filename).stem == path.stem or PurePosixPath(m.filename).name == path.stem]
    data = [m for m in members if m.filename.lower().endswith(_DATA_SUFFIXES)]
    for candidates in (same, data):
        if len(candidates) == 1:
            return candidates[0]
    if not members:
        raise UserError(f"{name}: the zip holds no file")
    shown = ", ".join(m.filename for m in members[:5]) + (", …" if len(members) > 5 else "")
    raise UserError(f"{name}: the zip holds {len(members)} files ({shown}); unpack it and give the ones to be read")


def _is_clutter(member: str) -> bool:
    return member.startswith("__MACOSX/") or PurePosixPath(member).name.startswith(".")


def _cut_zip(source: IO[bytes], name: str) -> Blocks:
    """What can be read of a zip without its end: its first member, from the header before it."""
    source.seek(0)
    head = source.read(_LOCAL_HEADER.size)
    if len(head) < _LOCAL_HEADER.size or not head.startswith(ZIP):
        return
    _, _, flags, method, *_, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(head)
    source.read(name_bytes + extra_bytes)
    if method == _DEFLATED and not flags & 1:
        yield from inflate(source.read(BLOCK_BYTES), source, name, -zlib.MAX_WBITS)
