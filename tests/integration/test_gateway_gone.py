"""That a client has gone is noticed however it went, and who stays, or has closed one direction alone, is answered."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.bounded_http import LOGIN, STREAM, Served, answer, post, serving
from tests.naive_http import until

WAIT = b"/?wait HTTP/1.1\r\nHost: x\r\n" + LOGIN


def gone_alone(served: Served, client: socket.socket) -> None:
    client.sendall(b"GET " + WAIT + b"\r\n")


def gone_after_much(served: Served, client: socket.socket) -> None:
    client.sendall(b"POST " + WAIT + b"Content-Length: 9000000\r\n\r\n" + bytes(9_000_000))


def gone_after_an_answer(served: Served, client: socket.socket) -> None:
    client.sendall(post(1, LOGIN) + b"x")
    answer(client)
    client.sendall(b"GET " + WAIT + b"Connection: keep-alive\r\n\r\n")


def gone_having_sent_ahead(served: Served, client: socket.socket) -> None:
    client.sendall(b"GET " + WAIT + b"\r\n" + b"GET /ping HTTP/1.1\r\n\r\n" * 3 + b"POST / HTTP")


@pytest.mark.parametrize("go", [gone_alone, gone_after_much, gone_after_an_answer, gone_having_sent_ahead])
def test_it_is_noticed_that_a_client_has_gone(go: Callable[[Served, socket.socket], None]) -> None:
    with serving() as served:
        with closing(served.connect()) as client:
            go(served, client)
            assert served.app.waiting.wait(10)
        until(lambda: served.app.gone == [True])
        until(lambda: not served.http.active_channels)


def test_who_stays_is_not_said_to_have_gone() -> None:
    with serving() as served:
        assert served.ask(b"GET " + WAIT.replace(b"?wait", b"?wait=0.5") + b"\r\n").endswith(b"Ok.\n")
        assert served.app.gone == [False]


def test_who_has_closed_one_direction_is_said_to_have_gone_and_gets_the_answer() -> None:
    with serving() as served, closing(served.connect()) as client:
        gone_alone(served, client)
        client.shutdown(socket.SHUT_WR)
        assert answer(client).endswith(b"Ok.\n")
        assert served.app.gone == [True]


@pytest.mark.parametrize("request_", [STREAM, STREAM.replace(b"?stream", b"?stream=slowly")])
def test_who_goes_while_an_answer_streams_ends_it(request_: bytes) -> None:
    with serving() as served:
        with closing(served.connect()) as client:
            client.sendall(request_)
            assert client.recv(4_096)
            is_gone = served.app.asked[0]["waitress.client_disconnected"]
            assert not is_gone()
        until(is_gone)
        until(lambda: served.app.open == 0)
