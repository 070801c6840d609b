"""The gateway's HTTP side against clients who only stay, send slowly, do not read, do not log in, or go away."""

from __future__ import annotations

import resource
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from typing import Any

import pytest
import urllib3
from waitress import wasyncore

from opsledger.infra.gateway import serve
from opsledger.infra.gateway.roles import LOCAL
from opsledger.infra.gateway.serve import GatewayBounds, connections_that_fit
from opsledger.infra.web import connection
from tests.bounded_http import LOGIN, SECRET, STREAM, Served, answer, many_files, post, serving
from tests.naive_http import until

CROWD = 1_000


def crowd(served: Served, stack: ExitStack) -> None:
    """Many clients who only stay; every other one has begun to say something."""
    for number in range(CROWD):
        idle = stack.enter_context(closing(served.connect()))
        if number % 2:
            idle.sendall(b"POST / HTTP/1.1\r\nX: ")


def test_a_thousand_who_only_stay_do_not_end_it_and_others_get_their_turn() -> None:
    bounds = GatewayBounds(connections=300, header_s=0.5)
    with many_files(), serving(bounds) as served, ExitStack() as stack:
        crowd(served, stack)
        until(lambda: served.http.in_connection_overflow)
        assert served.ping().startswith(b"HTTP/1.1 200 ")
        assert not served.died


def test_a_thousand_end_a_server_that_looks_at_files_by_select() -> None:
    """Negative control: the gateway as it was."""
    options = {"threads": 2, "connection_limit": CROWD, "channel_timeout": 300, "asyncore_use_poll": False}
    with many_files(), serving(**options) as served, ExitStack() as stack:
        with suppress(OSError):
            crowd(served, stack)
        until(lambda: served.died)
        assert "filedescriptor out of range" in str(served.died[0])


def test_connections_are_as_many_as_there_are_files_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for soft in (100, 512, 768, 1_024, 1 << 20, resource.RLIM_INFINITY):
        monkeypatch.setattr(serve.resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        found.append(connections_that_fit())
    assert found == [16, 128, 256, 256, 256, 256]


def not_reading(served: Served, stack: ExitStack, count: int, request: bytes = STREAM) -> list[socket.socket]:
    """Clients who ask for an answer without an end and take nothing of it."""
    clients = [stack.enter_context(closing(served.connect(window=2_048))) for _ in range(count)]
    for client in clients:
        client.sendall(request)
    until(lambda: served.app.open == count)
    return clients


def read_all(client: socket.socket) -> bytes:
    found = bytearray()
    while some := client.recv(65_536):
        found += some
    return bytes(found)


def test_who_does_not_read_keeps_nobody_waiting_and_is_cut() -> None:
    with serving(GatewayBounds(connections=10, unread_s=1.0)) as served, ExitStack() as stack:
        clients = not_reading(served, stack, 9)
        assert served.ping(timeout_s=5).startswith(b"HTTP/1.1 200 ")
        assert served.app.open == 9, "still there, and yet others were answered"
        until(lambda: served.app.open == 0)  # their threads are free: each one has left its answer
        until(lambda: not served.http.active_channels)
        with pytest.raises(ConnectionResetError):
            read_all(clients[0])


def test_who_does_not_read_stays_with_waitress_as_it_comes_and_holds_its_threads() -> None:
    """Negative control: its ``channel_timeout`` is heeded when the client takes more, thus never."""
    options = {"threads": 4, "channel_timeout": 1, "cleanup_interval": 1, "outbuf_high_watermark": 1 << 20}
    with serving(**options) as served, ExitStack() as stack:
        not_reading(served, stack, 4)
        with pytest.raises(TimeoutError):
            served.ping(timeout_s=2.5)
        assert served.app.open == 4


def take_slowly(client: socket.socket, seconds: float) -> None:
    """Take some bytes now and then."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert client.recv(8_192)
        time.sleep(0.1)


@pytest.mark.parametrize("is_asked", [True, False])
def test_who_reads_slowly_is_not_cut(is_asked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system takes much at once and then for long nothing: it is asked what the client has (control: it is not)."""
    if not is_asked:
        monkeypatch.setattr(connection, "_on_the_way", lambda _: 0)
    with serving(GatewayBounds(connections=4, unread_s=0.6)) as served, closing(served.connect(window=32_768)) as client:
        client.sendall(STREAM)
        take_slowly(client, 1.8)
        assert served.app.open == int(is_asked)


def test_a_body_that_stalls_is_cut_and_a_slow_one_goes_on() -> None:
    with serving(GatewayBounds(connections=4, stalled_s=1.0, header_s=1.0)) as served:
        with closing(served.connect()) as slow, closing(served.connect()) as stalled:
            stalled.sendall(post(10, LOGIN) + b"12345")
            slow.sendall(post(10, LOGIN))
            for byte in b"1234567890":
                time.sleep(0.15)
                slow.sendall(bytes((byte,)))
            assert answer(slow).endswith(b"\r\n\r\n10\n")
            assert stalled.recv(4_096) == b""
        assert len(served.app.asked) == 1


def test_who_has_logged_in_may_stay_longer_than_a_stranger() -> None:
    with serving(GatewayBounds(connections=4, idle_s=30, stranger_s=0.5)) as served:
        with closing(served.connect()) as known, closing(served.connect()) as stranger:
            known.sendall(post(1, LOGIN) + b"x")
            stranger.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer(stranger).startswith(b"HTTP/1.1 200 ")
            assert stranger.recv(4_096) == b""
            assert answer(known).startswith(b"HTTP/1.1 200 ")
            known.sendall(post(2, LOGIN) + b"xy")
            assert answer(known).endswith(b"2\n")
        assert [environ["opsledger.user"] for environ in served.app.asked if environ["REQUEST_METHOD"] == "POST"] == [LOCAL] * 2


@pytest.fixture
def files_made(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One entry for each passing file."""
    made: list[object] = []
    real: Callable[..., Any] = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda *given, **more: made.append(given) or real(*given, **more))
    return made


@pytest.mark.parametrize(
    ("login", "status", "code"),
    [(b"", b"401", b"194"), (b"X-ClickHouse-Key: guess\r\n", b"403", b"516"), (b"Authorization: Basic !\r\n", b"403", b"516")],
)
def test_the_login_is_checked_before_the_body_is_read(
    login: bytes, status: bytes, code: bytes, files_made: list[object]
) -> None:
    with serving() as served, closing(served.connect()) as client:
        client.sendall(post(1 << 30, login))
        for _ in range(20):
            client.sendall(bytes(500_000))
        told = answer(client)
        assert told.startswith(b"HTTP/1.1 " + status)
        assert b"X-Clickhouse-Exception-Code: " + code in told
        assert (b"Www-Authenticate: Basic" in told) == (status == b"401")
        assert (served.app.asked, files_made) == ([], [])


def test_the_body_of_who_has_logged_in_is_kept_in_a_passing_file(files_made: list[object]) -> None:
    """Negative control of the test before."""
    with serving() as served, closing(served.connect()) as client:
        client.sendall(post(10_000_000, LOGIN))
        for _ in range(20):
            client.sendall(bytes(500_000))
        assert answer(client).endswith(b"10000000\n")
        assert files_made


def test_a_client_that_sends_its_whole_body_first_still_reads_why_it_is_refused() -> None:
    with serving() as served, urllib3.PoolManager(retries=False) as http:
        url = f"http://127.0.0.1:{served.http.effective_port}/"
        told = {http.request("POST", url, body=bytes(9_000_000)).status for _ in range(5)}
        form = {"user": "default", "password": SECRET, "query": "SELECT 1"}
        assert told == {401}
        assert http.request("POST", url, fields=form).status == 401, "a login in a form comes too late"
        assert http.request("POST", url + f"?user=default&password={SECRET}", body=b"12").data == b"2\n"


def test_a_refused_client_that_never_ends_is_cut() -> None:
    with serving() as served, closing(served.connect()) as client:
        client.sendall(post(1 << 40))
        with pytest.raises(ConnectionError):
            client.sendall(bytes(500_000_000))


def test_nobody_is_told_to_go_on_before_the_login() -> None:
    with serving() as served:
        expecting = b"Expect: 100-continue\r\n"
        assert served.ask(post(9, expecting)).startswith(b"HTTP/1.1 401 ")
        assert served.ask(post(9, expecting, LOGIN)).startswith(b"HTTP/1.1 100 ")


@pytest.mark.parametrize("path", [b"/ping", b"/", b"/replicas_status"])
def test_who_asks_whether_it_is_well_needs_no_login_and_brings_no_body(path: bytes) -> None:
    with serving() as served:
        asked = b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n"
        assert served.ask(asked + b"\r\n").startswith(b"HTTP/1.1 200 ")
        assert served.ask(asked + b"Content-Length: 5\r\n\r\n").startswith(b"HTTP/1.1 413 ")
        assert served.ask(asked + b"Transfer-Encoding: chunked\r\n\r\n").startswith(b"HTTP/1.1 413 ")
        assert len(served.app.asked) == 1
        assert served.ask(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 401 ")


def test_headers_are_bounded_in_number_and_size() -> None:
    with serving() as served:
        get = b"GET /ping HTTP/1.1\r\n"
        assert served.ask(get + b"X: 1\r\n" * 120 + b"\r\n").startswith(b"HTTP/1.1 431 ")
        assert served.ask(b"GET /ping?" + b"x" * 1_048_576 + b" HTTP/1.1\r\n\r\n").startswith(
            (b"HTTP/1.0 431", b"HTTP/1.1 431")
        )
        assert served.ask(b"GET /ping?" + b"x" * 1_000_000 + b" HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_requests_sent_ahead_are_bounded() -> None:
    with serving() as served, closing(served.connect()) as client:
        client.sendall(b"GET /ping HTTP/1.1\r\n\r\n" * 700)
        assert b" 429 Too Many Requests" in read_all(client)
        assert 0 < len(served.app.asked) < 20


def test_the_loop_looks_at_its_clocks_though_nothing_happens() -> None:
    turns: list[float] = []
    with serving() as served:
        channel = served.http
        looked = wasyncore.dispatcher.readable
        channel.trigger.readable = lambda: turns.append(time.monotonic()) or looked(channel.trigger)
        until(lambda: len(turns) >= 2)
