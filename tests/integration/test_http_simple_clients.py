"""Clients that send all before they read come to know why they were refused: what they still send is read and dropped."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.infra.web import connection
from tests.http_server import Service, service
from tests.ledger_samples import NOW, line
from tests.naive_http import accept_all


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    with service(accept_all, tmp_path, FixedClock(NOW)) as running:
        yield running


def sent(running: Service, body: bytes, key: str = "", path: str = "/events") -> int:
    """What Python's own client is told."""
    headers = {"Authorization": f"Bearer {key or running.client.key}", "Content-Type": "application/cloudevents+json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(running.server.url + path, body, headers), timeout=30) as told:
            return int(told.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_refusal_reaches_a_client_that_sends_all_before_it_reads(served: Service) -> None:
    wrong = served.client.key[:-3] + "xyz"
    assert {sent(served, bytes(9_000_000)) for _ in range(5)} == {413}
    assert {sent(served, bytes(3_000_000), wrong) for _ in range(5)} == {401}
    assert {sent(served, bytes(3_000_000), path="/elsewhere") for _ in range(5)} == {404}
    assert sent(served, line("a")) == 200


def test_it_would_not_if_the_rest_were_left_unread(served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the system answers what nobody reads by cutting the connection."""
    monkeypatch.setattr(connection, "_DRAINED_S", -1.0)
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        print([sent(served, bytes(9_000_000)) for _ in range(20)])


def refused(running: Service) -> socket.socket:
    """A connection that has been refused, in the middle of its body."""
    client = socket.create_connection((running.server.host, running.server.port), timeout=30)
    client.sendall(b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\nAuthorization: Bearer olk_x\r\n\r\n")
    return client


def send_for_ever(client: socket.socket) -> None:
    while True:
        client.sendall(bytes(1_000_000))


def test_who_sends_slowly_comes_to_know_it_too(served: Service) -> None:
    """Longer than a silent client is waited for."""
    with closing(refused(served)) as client:
        for _ in range(12):
            client.sendall(bytes(100_000))
            time.sleep(0.25)
        assert client.recv(4_096).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("bound", ["_DRAINED_BYTES", "_DRAINED_S"])
def test_the_rest_is_bounded_in_bytes_and_in_time(bound: str, served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_DRAINED_BYTES", "_DRAINED_S", "_SILENT_S"):
        monkeypatch.setattr(connection, name, 1.0 if name == bound else float("inf"))
    with closing(refused(served)) as client, pytest.raises(ConnectionError):
        send_for_ever(client)


def test_who_is_refused_and_only_stays_is_cut(served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_DRAINED_S", float("inf"))
    with closing(refused(served)) as client:
        found = bytearray()
        while some := client.recv(65_536):
            found += some
        assert found.startswith(b"HTTP/1.1 401 ")
        with pytest.raises(ConnectionError):
            send_for_ever(client)
