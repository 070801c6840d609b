"""What a request is asked before its body is read: so many headers, so many requests at once, and who it is from."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from waitress.parser import HTTPRequestParser

TOO_LARGE = 413
_BAD, _TOO_MANY, _TOO_MANY_HEADERS, _NO_SUCH_VERSION = 400, 429, 431, 505
_VERSIONS = ("1.0", "1.1")
_FOLDED = re.compile(rb"\n[ \t]")
_CODING = re.compile(rb"^transfer-encoding:(.*)$", re.IGNORECASE | re.MULTILINE)
_NONE: frozenset[str] = frozenset()
_MAX_AHEAD = 16
"""Requests that may wait on a connection behind the one that is answered; what they are answered stays in memory."""


@dataclass(frozen=True, slots=True)
class RequestRefusal:
    """An answer to a request whose body nobody has read: status line, headers, body."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """As the server asks for it."""
        return self.status, list(self.headers), self.body


class RefusedError(Exception):
    """A request is not to go on."""

    def __init__(self, refusal: RequestRefusal) -> None:
        super().__init__(refusal.status)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Head:
    """A request as far as its headers tell. ``headers`` are named as the server keeps them: X_CLICKHOUSE_KEY."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    has_body: bool
    remote: str = ""
    """The address it comes from; a proxy's where there is one."""


@dataclass(frozen=True, slots=True)
class Door:
    """How one server lets requests in."""

    admit: Callable[[Head], object]
    """Who it is that asks; None for anybody, whose body is not taken. RefusedError for a request that is not to go on."""
    retold: Callable[[int, str], RequestRefusal]
    """A refusal of the connection's own in the words of this server, from a status and what is the matter."""
    refused: Callable[[int], None] = lambda _: None
    """Hears the status of what was answered before any work."""


@dataclass(slots=True)
class Standing:
    """What is known of a connection: whether somebody has logged in on it, whether it was refused."""

    remote: str = ""
    known: bool = False
    refused: bool = False


class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress comes without types
    """Looks at the headers before it takes the body. What comes behind a request that is refused is dropped."""

    error: Any = None
    user: object = None
    admitted = -math.inf
    """When it was asked who that is, by the monotonic clock."""
    doubled: frozenset[str] = _NONE
    """Headers that stand more than once, in lower case; the server joins their values, so that they look like one."""
    _lines = 0
    _fault: tuple[int, str] | None = None

    def __init__(self, adjustments: Any, door: Door, max_headers: int, standing: Standing, ahead: int) -> None:
        super().__init__(adjustments)
        self._door, self._max_headers, self._standing, self._ahead = door, max_headers, standing, ahead

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers."""
        self._lines = header_plus.count(b"\n")
        self.doubled = _doubled(header_plus)
        super().parse_header(header_plus)
        self._fault = _fault_of(header_plus, self.version, has_length="CONTENT_LENGTH" in self.headers)

    def received(self, data: bytes) -> int:
        """Take some bytes; how many were of this request."""
        if self._ahead > _MAX_AHEAD:
            self.parse_header(b"GET / HTTP/1.0\r\n")
            self.error = self._door.retold(_TOO_MANY, f"at most {_MAX_AHEAD} requests are taken ahead")
            return self._end(data)
        seen = self.headers_finished
        used = int(super().received(data))
        if self.headers_finished and not (seen or self.empty or self.error):
            self.error = self._judged()
        return used if self.error is None else self._end(data)

    def _judged(self) -> RequestRefusal | None:
        if self._fault is not None:
            return self._door.retold(*self._fault)
        if self._lines > self._max_headers:
            return self._door.retold(_TOO_MANY_HEADERS, f"at most {self._max_headers} headers are taken")
        has_body = self.chunked or self.content_length > 0
        head = Head(self.command, self.path, self.query, self.headers, has_body, self._standing.remote)
        try:
            self.user = self._door.admit(head)
        except RefusedError as refused:
            return refused.refusal
        if self.user is None and has_body:  # else strangers could fill the disk with what nobody reads
            return self._door.retold(TOO_LARGE, f"no body is taken at {self.path}")
        self.admitted = time.monotonic()
        self._standing.known = self._standing.known or self.user is not None
        return None

    def _end(self, data: bytes) -> int:
        self.completed, self.expect_continue, self._standing.refused = True, False, True
        if not isinstance(self.error, RequestRefusal):
            self.error = self._door.retold(self.error.code, str(self.error.body)[:200])
        self._door.refused(int(self.error.status[:3]))
        return len(data)


def _fault_of(head: bytes, version: str, *, has_length: bool) -> tuple[int, str] | None:
    """What makes it doubtful where a request ends, as a status and words: two servers that read it differently could be
    fooled by it. The connection is closed behind each."""
    if version not in _VERSIONS:
        return _NO_SUCH_VERSION, f"the version of HTTP has to be {' or '.join(_VERSIONS)}"
    if _FOLDED.search(head):
        return _BAD, "a header may not go on in a further line"
    codings = [coding.strip().lower() for coding in _CODING.findall(head)]
    if not codings:
        return None
    if has_length:
        return _BAD, "Content-Length and Transfer-Encoding exclude each other"
    if version == "1.0" or codings != [b"chunked"]:
        return _BAD, "Transfer-Encoding has to be 'chunked', once, in HTTP/1.1"
    return None


def _doubled(head: bytes) -> frozenset[str]:
    names = [line.partition(b":")[0].lower() for line in head.split(b"\n")[1:]]
    if len(set(names)) == len(names):
        return _NONE
    return frozenset(name.decode("latin-1") for name, count in Counter(names).items() if count > 1)
