"""Requests whose end is doubtful, unknown versions, bodies nobody asked for: the ingest and the gateway refuse them alike."""

from __future__ import annotations

import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.clock import FixedClock
from tests.bounded_http import SECRET, serving
from tests.http_server import service
from tests.ledger_samples import NOW
from tests.naive_http import accept_all

LAST = b"GET /last HTTP/1.1\r\nHost: x\r\n\r\n"
"""Comes behind each request: its answer would tell that the connection was left open."""
BODY = b"0\r\n\r\n"
FAULTS = {
    "length-and-chunked": (b"POST", b"HTTP/1.1", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"400"),
    "chunked-and-length": (b"POST", b"HTTP/1.1", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"400"),
    "chunked-twice": (b"POST", b"HTTP/1.1", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"400"),
    "no-coding": (b"POST", b"HTTP/1.1", b"Transfer-Encoding:\r\nContent-Length: 5\r\n", b"400"),
    "chunked-in-1.0": (b"POST", b"HTTP/1.0", b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", b"400"),
    "folded-coding": (b"POST", b"HTTP/1.1", b"Transfer-Encoding:\r\n chunked\r\n", b"400"),
    "folded-by-tab": (b"POST", b"HTTP/1.1", b"X-Long: a\r\n\tb\r\nContent-Length: 5\r\n", b"400"),
    "version-9.9": (b"POST", b"HTTP/9.9", b"Content-Length: 5\r\n", b"505"),
    "version-2.0": (b"GET", b"HTTP/2.0", b"", b"505"),
    "version-1.2-chunked": (b"POST", b"HTTP/1.2", b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", b"505"),
    "no-version": (b"GET", b"", b"", b"505"),
}


@dataclass(frozen=True, slots=True)
class At:
    """A server, where it takes requests with a body, and what lets somebody in."""

    port: int
    path: bytes
    login: bytes

    def told(self, request: bytes) -> bytes:
        """All that is answered until the server hangs up, or nothing more comes."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=30)) as client:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            found = bytearray()
            while some := client.recv(65_536):
                found += some
        return bytes(found)

    def asked(self, method: bytes, version: bytes, headers: bytes) -> bytes:
        """What is answered to a request, with another one behind it."""
        first = b" ".join(filter(None, (method, self.path, version)))
        return self.told(
            first + b"\r\nHost: x\r\n" + self.login + headers + b"\r\n" + (BODY if method == b"POST" else b"") + LAST
        )


@contextmanager
def ingest(tmp_path: Path) -> Iterator[At]:
    with service(accept_all, tmp_path, FixedClock(NOW)) as running:
        login = f"Authorization: Bearer {running.client.key}\r\nContent-Type: application/cloudevents+json\r\n"
        yield At(running.server.port, b"/events", login.encode())


@contextmanager
def gateway(_: Path) -> Iterator[At]:
    with serving() as served:
        yield At(int(served.http.effective_port), b"/", f"X-ClickHouse-Key: {SECRET}\r\n".encode())


@contextmanager
def plain(_: Path) -> Iterator[At]:
    with serving(threads=2) as served:
        yield At(int(served.http.effective_port), b"/", b"")


def answers(told: bytes) -> int:
    """How many there are in what was told."""
    return len(re.findall(rb"HTTP/1\.[01] \d{3} ", told))


Kind = Callable[[Path], Any]
both = pytest.mark.parametrize("kind", [ingest, gateway])


@both
@pytest.mark.parametrize("fault", FAULTS)
def test_a_request_whose_end_is_doubtful_is_refused_and_the_connection_closed(kind: Kind, fault: str, tmp_path: Path) -> None:
    method, version, headers, status = FAULTS[fault]
    with kind(tmp_path) as at:
        answered = at.asked(method, version, headers)
    assert answered.startswith((b"HTTP/1.1 " + status, b"HTTP/1.0 " + status))
    assert answers(answered) == 1, "what came behind it was taken for a request"
    assert b"Connection: close" in answered


@pytest.mark.parametrize("fault", FAULTS)
def test_the_server_as_it_comes_takes_them(fault: str, tmp_path: Path) -> None:
    """Negative control: each of them is answered 200 where nobody looks."""
    method, version, headers, _ = FAULTS[fault]
    with plain(tmp_path) as at:
        assert at.asked(method, version, headers).startswith((b"HTTP/1.1 200 ", b"HTTP/1.0 200 "))


@both
def test_what_is_as_it_should_be_is_answered_and_the_connection_stays(kind: Kind, tmp_path: Path) -> None:
    """Negative control: it is the faults that are refused. A value may begin with blanks or have several words."""
    with kind(tmp_path) as at:
        for headers in (b"Content-Length: 5\r\n", b"Transfer-Encoding:  Chunked\r\nX-Long: a \t b\r\n"):
            answered = at.asked(b"POST", b"HTTP/1.1", headers)
            assert not answered.startswith((b"HTTP/1.1 505", b"HTTP/1.1 413"))
            assert answers(answered) == 2
        assert answers(at.asked(b"POST", b"HTTP/1.0", b"Content-Length: 5\r\n")) == 1


@pytest.fixture
def files_made(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One entry for each passing file."""
    made: list[object] = []
    real: Callable[..., Any] = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda *given, **more: made.append(given) or real(*given, **more))
    return made


BULK = bytes(2_000_000)
LENGTH, CHUNKED = b"Content-Length: 2000000\r\n", b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize("path", [b"/healthz", b"/metrics", b"/docs", b"/openapi.json"])
def test_no_body_is_taken_where_no_key_is_asked(path: bytes, tmp_path: Path, files_made: list[object]) -> None:
    with ingest(tmp_path) as at:
        asked = b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n"
        assert at.told(asked + LENGTH + b"\r\n" + BULK).startswith(b"HTTP/1.1 413 ")
        assert at.told(asked + CHUNKED + b"\r\n1E8480\r\n" + BULK + b"\r\n0\r\n\r\n").startswith(b"HTTP/1.1 413 ")
        assert at.told(asked + b"Content-Length: 0\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert not files_made


def test_a_server_that_takes_them_keeps_them_on_disk(tmp_path: Path, files_made: list[object]) -> None:
    """Negative control: so they are seen."""
    with plain(tmp_path) as at:
        assert at.told(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + LENGTH + b"\r\n" + BULK).startswith(b"HTTP/1.1 200 ")
    assert files_made
