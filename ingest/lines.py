"""Lines out of blocks in bounded memory: of a line beyond the limit only its beginning, length and hash are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

KEPT_BYTES = 64 * 1024
"""Of a record that is too large at most this many bytes are kept."""


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line beyond the limit: its beginning, and length and SHA-256 (hex) of all of it."""

    head: bytes
    length: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Consecutive lines without their ends; ``first`` is the number of the first, counted from 1.

    A line beyond the limit is empty in ``lines`` and stands in ``long`` under its index.
    """

    first: int
    lines: list[bytes]
    long: Mapping[int, LongLine] = field(default_factory=dict)


class _Growing:
    """A long line while it is read."""

    def __init__(self) -> None:
        self._head, self._length, self._hash = b"", 0, hashlib.sha256()

    def add(self, part: bytes) -> None:
        if len(self._head) < KEPT_BYTES:
            self._head += part[: KEPT_BYTES - len(self._head)]
        self._length += len(part)
        self._hash.update(part)

    def done(self) -> LongLine:
        return LongLine(self._head, self._length, self._hash.hexdigest())


def split_lines(blocks: Iterable[bytes], max_bytes: int) -> Iterator[Lines]:
    """The lines of some blocks of bytes; LF or CRLF ends a line, and so does the end of the input."""
    number, tail = 1, b""
    growing: _Growing | None = None
    for block in blocks:
        rest = block
        if growing is not None:
            end = block.find(b"\n")
            growing.add(block if end < 0 else block[:end])
            if end < 0:
                continue
            yield Lines(number, [b""], {0: growing.done()})
            number, growing, rest = number + 1, None, block[end + 1 :]
        lines = (tail + rest).split(b"\n")
        tail = lines.pop()
        if lines:
            yield _checked(number, lines, max_bytes)
            number += len(lines)
        if len(tail) > max_bytes:
            growing = _Growing()
            growing.add(tail)
            tail = b""
    if growing is not None:
        yield Lines(number, [b""], {0: growing.done()})
    elif tail:
        yield _checked(number, [tail], max_bytes)


def _checked(number: int, lines: list[bytes], max_bytes: int) -> Lines:
    if any(line.endswith(b"\r") for line in lines):
        lines = [line.removesuffix(b"\r") for line in lines]
    if max(map(len, lines)) <= max_bytes:
        return Lines(number, lines)
    long = {index: long_line(line) for index, line in enumerate(lines) if len(line) > max_bytes}
    return Lines(number, [b"" if index in long else line for index, line in enumerate(lines)], long)


def long_line(line: bytes) -> LongLine:
    """A line that is in memory as one that is beyond the limit."""
    return LongLine(line[:KEPT_BYTES], len(line), hashlib.sha256(line).hexdigest())
