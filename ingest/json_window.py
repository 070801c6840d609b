"""A stretch of bytes that is read on block by block, and the line and column of where the reading stands."""

from __future__ import annotations

from collections.abc import Iterator


class Window:
    """``data`` from ``at`` on is what was read and not passed yet, and ``at`` is in ``line`` (from 1), ``column`` (from 0)."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.data, self.at, self.line, self.column = b"", 0, 1, 0
        self.ended = False

    @property
    def held(self) -> int:
        """Bytes that were read and not passed."""
        return len(self.data) - self.at

    def byte(self) -> bytes:
        """The byte at ``at``; none at the end of what is held."""
        return self.data[self.at : self.at + 1]

    def more(self) -> bool:
        """Read another block behind what is held; False at the end. Places in ``data`` change, offsets from ``at`` do not."""
        block = next(self._blocks, None)
        if block is None:
            self.ended = True
            return False
        self.data, self.at = self.data[self.at :] + block, 0
        return True

    def hold(self, size: int) -> None:
        """Read on until so many bytes are held, or the end is reached."""
        while self.held < size and self.more():
            pass

    def take(self, size: int) -> bytes:
        """Pass some of the bytes held; they are given back."""
        end = self.at + size
        taken = self.data[self.at : end]
        lines = taken.count(b"\n")
        self.line += lines
        self.column = len(taken) - taken.rfind(b"\n") - 1 if lines else self.column + len(taken)
        self.at = end
        return taken

    def line_end(self) -> int:
        """Offset of the end of the line at ``at``, its newline left out; what is held, where no newline is in it."""
        end = self.data.find(b"\n", self.at)
        return (end if end >= 0 else len(self.data)) - self.at
