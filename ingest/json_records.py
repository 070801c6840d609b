"""JSON records out of a stream of bytes, however they stand in it: lines, one document, a list, or one behind the other.

What is no JSON is cut out as a record of its own, so that it stops nothing. A record that is too large is not held in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from opsledger.domain.errors import EXIT_INCOMPLETE, UserError
from opsledger.ingest.json_scan import MAX_RECORD_BYTES, TOKEN, Scan, is_json
from opsledger.ingest.json_window import Window
from opsledger.ingest.lines import LongLine

_BLANK = re.compile(rb"[\s,]*+")
_LIST = re.compile(rb"\[\s*+[{\]]")
"""A list of objects; any other bracket at the beginning is that of a line such as ``[ERROR] …``."""
_HEAD_BYTES = 4096
"""How far into an object the name of the list that it wraps is looked for."""
_TRIES = 8
"""After so many lines in a row that are not one record each, records are no longer taken for lines."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One record as it stood: its bytes and the line of its first (from 1); ``long`` where it is too large to be held."""

    raw: bytes
    line: int
    long: LongLine | None = None


def json_records(blocks: Iterable[bytes], wrappers: Sequence[str] = (), name: str = "the input") -> Iterator[Piece]:
    """The records in order. ``wrappers`` are names under which an object may hold a list of records, ``{"Records": […]}``.

    UserError, after the records before it, for a list that is not closed.
    """
    yield from _Cutter(Window(iter(blocks)), wrappers, name).pieces()


class _Cutter:
    """Walks from record to record; ``_closers`` are the brackets of the lists and wrappers that it is in."""

    def __init__(self, window: Window, wrappers: Sequence[str], name: str) -> None:
        self._window, self._name = window, name
        self._closers: list[bytes] = []
        self._wrapper = _pattern(wrappers) if wrappers else None
        self._lines_left = _TRIES

    def pieces(self) -> Iterator[Piece]:
        """All records."""
        window = self._window
        while self._skip_blank():
            first = window.byte()
            if self._closers and first == self._closers[-1]:
                window.take(1)
                self._closers.pop()
            elif self._closers == [b"}"]:
                self._skip_rest_of_wrapper()
            elif not self._closers and self._opens(first):
                continue
            else:
                yield self._record(first)
        if self._closers:
            raise UserError(
                f"{self._name}: ends inside a list of records, so the file is not whole. What stood before was read and is "
                "kept. Get the whole file and run the same command again: nothing is added twice.",
                EXIT_INCOMPLETE,
            )

    def _skip_blank(self) -> bool:
        """Go to the next byte that is neither blank nor a comma; False where there is none."""
        window = self._window
        while True:
            found = _BLANK.match(window.data, window.at)
            window.take(found.end() - window.at if found else 0)
            if window.held:
                return True
            if not window.more():
                return False

    def _opens(self, first: bytes) -> bool:
        """Whether a list begins here, bare or wrapped; then it is entered."""
        window = self._window
        if first not in (b"[", b"{"):
            return False
        window.hold(_HEAD_BYTES)
        if first == b"[" and _LIST.match(window.data, window.at):
            self._closers.append(b"]")
            window.take(1)
            return True
        if first == b"[" or self._wrapper is None:
            return False
        found = self._wrapper.match(window.data, window.at, window.at + _HEAD_BYTES)
        if found:
            self._closers += [b"}", b"]"]
            window.take(found.end() - window.at)
        return bool(found)

    def _skip_rest_of_wrapper(self) -> None:
        """What stands beside the list says something of the transport (a page, a cursor) and is of no record."""
        window, depth = self._window, 1
        while True:
            token = TOKEN.search(window.data, window.at)
            if token is None or (token.end() >= len(window.data) - 1 and token.group()[:1] == b'"' and not window.ended):
                if not window.more():
                    window.take(window.held)
                    return
                continue
            depth += token.group() in (b"{", b"[")
            depth -= token.group() in (b"}", b"]")
            window.take((token.end() if depth else token.start()) - window.at)
            if not depth:
                return

    def _record(self, first: bytes) -> Piece:
        line = self._window.line
        if first == b"{":
            found = self._as_line() or Scan(self._window).read()
            return Piece(b"", line, found) if isinstance(found, LongLine) else Piece(found.rstrip(), line)
        return Piece(self._junk().rstrip(), line)

    def _as_line(self) -> bytes:
        """The rest of the line where it is one record, which is quickly told; nothing where it is not."""
        window = self._window
        size = window.line_end()
        if not self._lines_left or size == window.held:
            return b""
        raw = window.data[window.at : window.at + size].rstrip(b", \t\r")
        if raw[-1:] not in (b"}", b"]") or size > MAX_RECORD_BYTES or not is_json(raw):
            self._lines_left -= 1
            return b""
        self._lines_left = _TRIES
        window.take(size)
        return raw

    def _junk(self) -> bytes:
        """Something that begins no record: to the end of its line."""
        window = self._window
        while window.line_end() == window.held and window.held <= MAX_RECORD_BYTES and window.more():
            pass
        size = min(window.line_end(), MAX_RECORD_BYTES)
        in_list = window.data.find(self._closers[-1], window.at, window.at + size) if self._closers else -1
        return window.take(size if in_list < 0 else max(1, in_list - window.at))


def _pattern(wrappers: Sequence[str]) -> re.Pattern[bytes]:
    """An object that begins with plain values and then has one of the names, with a list."""
    names = "|".join(map(re.escape, wrappers))
    plain = r'"(?:[^"\\\n]|\\.)*+"\s*:\s*(?:"(?:[^"\\\n]|\\.)*+"|[-+.\w]++|\[\s*\]|\{\s*\})\s*,\s*'
    return re.compile(rf'\{{\s*(?:{plain})*?"(?:{names})"\s*:\s*\['.encode())
