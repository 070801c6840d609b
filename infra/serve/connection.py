"""What a connection may do before its request is anybody's work: so many headers, so many seconds, and a key that is good."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.utilities import Error

from opsledger.infra.serve.app import told
from opsledger.ingest.http.problem import TITLES, Problem

Admit = Callable[[str, str, str], object]
"""(path, method, Authorization) of a request whose headers have come; raises Problem for one that is not to go on."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a client may take of the server. Until a request is whole it is in memory or a passing file: no thread waits."""

    connections: int = 512
    headers: int = 100
    header_bytes: int = 32 * 1024
    header_s: float = 10.0
    """From the connection's first moment, or the first byte after an answer, to the end of the headers."""
    request_s: float = 60.0
    """Likewise to the end of the body."""
    idle_s: float = 60.0


class RefusedError(Error):  # type: ignore[misc]  # waitress comes without types
    """A problem that is told before the body is read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """(status line, headers, body)."""
        answer = told(self.problem)
        return answer.status, [("Content-Type", answer.media), *answer.headers], answer.body


class Parser(HTTPRequestParser):  # type: ignore[misc]  # as above
    """Looks at the headers before it takes the body. A subclass says how, see ``channel_class``."""

    admit: Admit
    bounds: Bounds
    refused: Callable[[int], None]
    error: Any = None
    _lines = 0

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers."""
        self._lines = header_plus.count(b"\n")
        super().parse_header(header_plus)

    def received(self, data: bytes) -> int:
        """Take some bytes; how many were of this request."""
        seen = self.headers_finished
        used = int(super().received(data))
        if self.headers_finished and not (seen or self.empty or self.error):
            self.error = self._judged()
        if self.error is not None:
            self.completed, self.expect_continue = True, False
            self._tell()
        return used

    def _judged(self) -> RefusedError | None:
        if self._lines > self.bounds.headers:
            return RefusedError(Problem(431, f"at most {self.bounds.headers} headers are taken"))
        try:
            self.admit(self.path, self.command, self.headers.get("AUTHORIZATION", ""))
        except Problem as problem:
            return RefusedError(problem)
        return None

    def _tell(self) -> None:
        if not isinstance(self.error, RefusedError):
            status = self.error.code if self.error.code in TITLES else 400
            self.error = RefusedError(Problem(status, str(self.error.body)[:200]))
        self.refused(self.error.problem.status)


class Channel(HTTPChannel):  # type: ignore[misc]  # as above
    """A connection with a clock: whoever sends byte by byte is cut off, whatever he sends."""

    bounds: Bounds
    _partial: object = None

    def __init__(self, *given: Any, **more: Any) -> None:
        self._since, self._fresh = time.monotonic(), True
        super().__init__(*given, **more)

    def received(self, data: bytes) -> bool:
        """Take some bytes."""
        done = bool(super().received(data))
        if self.requests:
            self._since, self._fresh = time.monotonic(), False
        return done

    def readable(self) -> bool:
        """Whether more is read; asked in every turn of the loop, at least once a second."""
        if not self.requests and not self.total_outbufs_len and self._is_late():
            self.will_close = True
        return bool(super().readable())

    def _is_late(self) -> bool:
        now, request, bounds = time.monotonic(), self.request, self.bounds
        if request is None:
            return now - self._since > (bounds.header_s if self._fresh else bounds.idle_s)
        if request is not self._partial:
            self._partial = request
            self._since, self._fresh = (self._since if self._fresh else now), False
        return now - self._since > (bounds.request_s if request.headers_finished else bounds.header_s)


def channel_class(admit: Admit, bounds: Bounds, refused: Callable[[int], None]) -> type[Channel]:
    """The class of the server's connections; ``refused`` hears the status of what is answered before any work."""
    told_by = {"admit": staticmethod(admit), "bounds": bounds, "refused": staticmethod(refused)}
    parser = type("BoundParser", (Parser,), told_by)
    return type("BoundChannel", (Channel,), {"bounds": bounds, "parser_class": parser})
