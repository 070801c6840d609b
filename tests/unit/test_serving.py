"""Who may read what is served: only who asks this machine's own address, with the secret in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from socket import create_connection

import pytest

from opsledger.infra.serving import LOOPBACK, Answer, Server


def site(path: str) -> Answer:
    return Answer(200, "text/plain", f"you asked for {path}".encode())


@contextmanager
def serving(token: str = "secret-token") -> Iterator[Server]:
    server = Server(site, token)
    thread = threading.Thread(target=server.serve, args=(60.0,), daemon=True)
    thread.start()
    yield server
    server._http.shutdown()


def get(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(LOOPBACK, server.port, timeout=20)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_the_address_with_the_secret_is_answered() -> None:
    with serving() as server:
        answer, body = get(server, "/secret-token/cell?ref=a")
        assert (answer.status, body) == (200, b"you asked for cell?ref=a")
        assert answer.getheader("Cache-Control") == "no-store"
        assert answer.getheader("X-Frame-Options") == "DENY"
        assert server.address == f"http://127.0.0.1:{server.port}/secret-token/"


@pytest.mark.parametrize("path", ["/", "/secret-token", "/secret-toke/", "/other/", "//secret-token", "/secret-token-2/x"])
def test_without_the_secret_nothing_is_told(path: str) -> None:
    with serving() as server:
        answer, body = get(server, path)
        assert answer.status == 404
        assert b"asked" not in body


def test_another_host_name_is_refused_since_a_foreign_page_may_point_its_own_here() -> None:
    with serving() as server:
        for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1", ""):
            assert get(server, "/secret-token/", Host=host)[0].status == 421
        assert get(server, "/secret-token/", Host=f"localhost:{server.port}")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent_to_it(method: str) -> None:
    with serving() as server:
        assert get(server, "/secret-token/", method)[0].status == 501


def test_it_listens_on_the_loopback_interface_alone() -> None:
    with serving() as server:
        assert server._http.server_address[0] == "127.0.0.1"


def test_a_connection_that_says_nothing_stops_nobody() -> None:
    with serving() as server, create_connection((LOOPBACK, server.port)):
        assert get(server, "/secret-token/")[0].status == 200


def test_an_address_without_end_is_refused() -> None:
    with serving() as server:
        assert get(server, "/secret-token/" + "a" * 9_000)[0].status == 414


def test_two_servers_have_different_secrets() -> None:
    first, second = Server(site), Server(site)
    assert first.token != second.token
    assert len(first.token) >= 32
    for server in (first, second):
        server._http.server_close()
