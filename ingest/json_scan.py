"""Where one JSON record ends, told by its brackets; of a broken one, by how the lines after it begin."""

from __future__ import annotations

import hashlib
import re

import msgspec

from opsledger.ingest.json_window import Window
from opsledger.ingest.lines import KEPT_BYTES, LongLine

MAX_RECORD_BYTES = 4 << 20
"""A record with more bytes is not read."""
TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*+"?|[{}\[\]\n]')
_STRING_REST = re.compile(rb'(?:[^"\\\n]|\\.)*+')
_DECODE = msgspec.json.Decoder().decode
_BLANKS = 64
"""So many blanks may stand at the end of a line."""
_DOUBT_BYTES = 16 * 1024
_DOUBT_LEVELS = 32
"""So far, and so deep, a record is read on that may have ended: lines that all broke off look like one that nests on."""


class Scan:
    """Reads one object or list that begins where the window stands, then leaves the window behind it.

    A line that begins with a brace where the record had its own is the next record for sure where a record could not go
    on so (behind a string that is not closed, or a comma within an object); otherwise it is so only if the record turns
    out to be broken (``_maybe``).
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._column = window.column
        self._offset = self._maybe = 0
        self._open = bytearray()
        self._broken = False
        self._in_string = False
        self._head, self._passed, self._hash = b"", 0, hashlib.sha256()

    def read(self) -> bytes | LongLine:
        """The record's bytes, or what is kept of one that is too large."""
        window = self._window
        while not self._ends_here():
            if window.held > MAX_RECORD_BYTES:
                if self._maybe and not self._passed:
                    self._offset = self._maybe
                    break
                self._pass_over()
            if not window.more():
                self._offset = self._maybe or window.held
                break
        if self._passed or self._offset > MAX_RECORD_BYTES:
            self._pass_over()
            return LongLine(self._head, self._passed, self._hash.hexdigest())
        raw = window.data[window.at : window.at + self._offset]
        if self._maybe and self._maybe < self._offset and not is_json(raw):
            raw = raw[: self._maybe]
        window.take(len(raw))
        return raw if self._ends_well(raw) else raw + self._rest()

    def _ends_here(self) -> bool:
        """Look at the tokens held; True when the end of the record is found, which is then ``_offset``."""
        window = self._window
        if self._in_string and not self._leave_string():
            return False
        for token in TOKEN.finditer(window.data, window.at + self._offset):
            end = token.end() - window.at
            if not window.ended and end + self._looked_ahead(token) > window.held:
                return False
            self._offset = end
            if self._closes(token.group()) or (token.group() == b"\n" and self._next_begins(token)):
                return True
        return False

    def _looked_ahead(self, token: re.Match[bytes]) -> int:
        """How many bytes behind a token must be known: a string may go on, a newline is judged by the line behind it."""
        return {b'"': 2, b"\n": self._column + 1}.get(token.group()[:1], 0)

    def _closes(self, word: bytes) -> bool:
        if word in (b"{", b"["):
            self._open += word
        elif word in (b"}", b"]"):
            self._open.pop()
            return not self._open
        elif word[:1] == b'"':
            self._broken = self._broken or len(word) < 2 or word[-1:] != b'"'
        return False

    def _next_begins(self, newline: re.Match[bytes]) -> bool:
        window = self._window
        if not self._begins_alike(newline.end()):
            return False
        before = window.data[max(window.at, newline.start() - _BLANKS) : newline.start()].rstrip()[-1:]
        if before in (b":", b"[") or (before == b"," and self._open[-1:] == b"["):
            self._maybe = self._maybe or self._offset
            return self._broken or self._offset - self._maybe > _DOUBT_BYTES or len(self._open) > _DOUBT_LEVELS
        return True

    def _begins_alike(self, start: int) -> bool:
        """Whether the line at ``start`` has its brace where this record had its own."""
        place = start + self._column
        data = self._window.data
        return data[place : place + 1] == b"{" and not data[start:place].strip()

    def _pass_over(self) -> None:
        """Let go of what was looked at: of a huge record only beginning, length and hash are kept."""
        window = self._window
        if not self._offset:  # one string alone is too large
            self._in_string, self._offset = True, max(0, window.held - 1)
        passed = window.take(self._offset)
        if len(self._head) < KEPT_BYTES:
            self._head += passed[: KEPT_BYTES - len(self._head)]
        self._passed += len(passed)
        self._hash.update(passed)
        self._offset = 0

    def _leave_string(self) -> bool:
        window = self._window
        found = _STRING_REST.match(window.data, window.at + self._offset)
        end = found.end() if found else window.at
        if end >= len(window.data) - 1 and not window.ended:
            return False
        self._offset, self._in_string = min(end + 1, len(window.data)) - window.at, False
        return True

    def _ends_well(self, raw: bytes) -> bool:
        """Whether the brackets closed where the record ends: a name that follows a comma belongs to a broken one."""
        window = self._window
        window.hold(256)
        following = window.data[window.at : window.at + 256].lstrip()
        return not (following[:1] == b"," and following[1:].lstrip()[:1] == b'"') or is_json(raw)

    def _rest(self) -> bytes:
        """Up to the next line that begins alike."""
        window, rest = self._window, b""
        while len(rest) <= MAX_RECORD_BYTES:
            while window.line_end() == window.held and window.held <= MAX_RECORD_BYTES and window.more():
                pass
            rest += window.take(min(window.line_end() + 1, window.held))
            window.hold(self._column + 1)
            if not window.held or self._begins_alike(window.at):
                break
        return rest


def is_json(raw: bytes) -> bool:
    """Whether the bytes are one JSON value."""
    try:
        _DECODE(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True
