"""Native blocks for a client that says its protocol's version: with the block's head, and with the time zones of DateTime.

The engine writes them as for clients that say none. From version 1 on a block has a head, and from 54337 on a column's type
``DateTime('Asia/Shanghai')`` keeps its zone, without which a client takes the values for its own zone's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from opsledger.infra.gateway.errors import BAD_REQUEST_PARAMETER, refused
from opsledger.infra.gateway.native_columns import number_at, passed

WITH_ZONES = 54337
NEWEST = 54405
"""From a later version on blocks are written in ways that the engine does not write here."""
_HEAD = bytes.fromhex("010002ffffffff00")
"""Is no overflow, has no bucket, ends."""
_BARE = b"\x08DateTime"
Types = Callable[[], Sequence[str]]
"""The types of the answer's columns as they are, asked for when they are needed."""


def version_of(text: str) -> int:
    """The version that a request says; 0 for none. ServerError for one that is none, or is too new."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= NEWEST):
        raise refused(BAD_REQUEST_PARAMETER, f"client_protocol_version is a number up to {NEWEST}, not {text[:20]!r}")
    return int(text)


def retold(blocks: Iterator[bytes], version: int, types: Types) -> Iterator[bytes]:
    """The blocks of an answer, one by one, as a client of a version reads them."""
    known: Sequence[str] | None = None
    for block in blocks:
        told = block
        if version >= WITH_ZONES and _BARE in block:
            known = types() if known is None else known
            if any(map(_has_zone, known)):
                told = _with_zones(block, known)
        yield _HEAD + told if told else told


def split(data: bytes) -> Iterator[bytes]:
    """The blocks of an answer that has come as a whole."""
    while data:
        end = 0
        for _, _, after in _columns(data):
            end = after
        yield data[:end] if end else data
        data = data[end:] if end else b""


def _has_zone(type_: str) -> bool:
    return type_.startswith("DateTime(")


def _with_zones(block: bytes, types: Sequence[str]) -> bytes:
    found, done = bytearray(), 0
    for number, (start, end, _) in enumerate(_columns(block)):
        if number < len(types) and _has_zone(types[number]) and block[start:end] == _BARE:
            name = types[number].encode()
            found += block[done:start] + bytes((len(name),)) + name  # no zone's name is longer than a byte tells
            done = end
    return bytes(found + block[done:])


def _columns(block: bytes) -> Iterator[tuple[int, int, int]]:
    """Where each column's type begins and ends in a block, and where its values end."""
    columns, at = number_at(block, 0)
    rows, at = number_at(block, at)
    for _ in range(columns):
        length, at = number_at(block, at)
        start = at + length
        length, at = number_at(block, start)
        type_, end = block[at : at + length].decode(), at + length
        at = passed(type_, block, end, rows)
        yield start, end, at
