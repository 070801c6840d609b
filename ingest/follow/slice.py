"""Whole lines of one file, from one offset to another."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field

from opsledger.ingest.follow.files import Handle
from opsledger.ingest.lines import Lines, split_lines

BLOCK_BYTES = 1 << 20


class Shrunk(Exception):  # noqa: N818  what happened to the file; caught where it is followed, never shown
    """The file became shorter while it was read."""


@dataclass(slots=True)
class Slice:
    """The bytes [start, stop) of an open file; ``line`` lines come before them. The end of the slice ends its last line."""

    handle: Handle
    path: str
    start: int
    stop: int
    line: int
    encoding: str = "utf-8"
    lines_read: int = field(default=0, init=False)
    """How many lines were given out so far."""

    def lines(self, max_bytes: int) -> Iterator[Lines]:
        """The lines as UTF-8, numbered as in the whole file. Raises Shrunk where the file has lost some of them."""
        for part in split_lines(self._blocks(), max_bytes):
            self.lines_read += len(part.lines)
            yield Lines(part.first + self.line, self._recoded(part.lines), part.long)

    def _blocks(self) -> Iterator[bytes]:
        at = self.start
        while at < self.stop:
            block = self.handle.read(at, min(BLOCK_BYTES, self.stop - at))
            if not block:
                raise Shrunk
            yield block.removeprefix(codecs.BOM_UTF8) if at == 0 else block
            at += len(block)

    def _recoded(self, lines: list[bytes]) -> list[bytes]:
        if self.encoding == "utf-8":
            return lines
        return [line.decode(self.encoding, "surrogateescape").encode("utf-8", "surrogateescape") for line in lines]
