"""Clients that send slowly, stop half-way, or are strangers: the service goes on for the others."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from opsledger.domain.clock import FixedClock
from opsledger.infra.serve.connection import Bounds
from opsledger.ingest.http.limits import Limits
from tests.http_server import Service, service
from tests.ledger_samples import NOW, line
from tests.naive_http import Gate, accept_all, at_once, until

CLOCK = FixedClock(NOW)
SLOW = 60
SHORT = Bounds(connections=40, header_s=0.5, request_s=1.0, idle_s=2.0)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    with service(accept_all, tmp_path, CLOCK, limits=Limits(body_bytes=100_000)) as running:
        yield running


@contextmanager
def _connected(running: Service) -> Iterator[socket.socket]:
    with socket.create_connection((running.server.host, running.server.port), timeout=30) as made:
        yield made


def trickle(running: Service, begin: bytes, ended: threading.Event, cut: list[int]) -> None:
    """Send some bytes, then one now and then, until the end or until the server hangs up."""
    with _connected(running) as slow:
        try:
            slow.sendall(begin)
            while not ended.wait(0.1):
                slow.sendall(b"x")
        except OSError:
            cut.append(1)


HEADERS = b"POST /events HTTP/1.1\r\nHost: x\r\nX-Slow: "


@contextmanager
def besieged(running: Service, begin: bytes) -> Iterator[list[int]]:
    """More slow clients than connections there are; one entry for each that was cut off."""
    ended, cut = threading.Event(), list[int]()
    with at_once(*[lambda: trickle(running, begin, ended, cut)] * SLOW):
        until(lambda: len(running.server._http.active_channels) >= running.server._http.adj.connection_limit - 5)
        try:
            yield cut
        finally:
            ended.set()


@pytest.mark.parametrize("attack", ["headers", "body"])
def test_slow_clients_do_not_hold_the_service(attack: str, tmp_path: Path) -> None:
    with service(accept_all, tmp_path, CLOCK, bounds=SHORT) as running:
        client = running.client
        begin = HEADERS
        if attack == "body":
            key = client.key.encode()
            begin = b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nAuthorization: Bearer " + key + b"\r\n\r\n"
        with besieged(running, begin) as cut:
            assert client.post(line("a")).status == 200
            until(lambda: len(cut) == SLOW)


def test_slow_clients_would_hold_a_service_without_a_clock(tmp_path: Path) -> None:
    """Negative control: the same siege, and nobody is cut off."""
    patient = Bounds(connections=40, header_s=600, request_s=600, idle_s=600)
    with service(accept_all, tmp_path, CLOCK, bounds=patient) as running, besieged(running, HEADERS):
        headers = {"Authorization": f"Bearer {running.client.key}", "Content-Type": "application/cloudevents+json"}
        with urllib3.PoolManager(retries=False) as http, pytest.raises(urllib3.exceptions.HTTPError):
            http.request("POST", running.client.url + "/events", body=line("a"), headers=headers, timeout=3)


@pytest.mark.parametrize("begin", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n", b"GET /hea"])
def test_a_connection_that_only_stays_is_closed(begin: bytes, tmp_path: Path) -> None:
    with service(accept_all, tmp_path, CLOCK, bounds=SHORT) as running, _connected(running) as idle:
        idle.sendall(begin)
        while idle.recv(4096):  # at most an answer, then the end
            pass


def test_a_stranger_is_refused_before_his_body_is_read(served: Service) -> None:
    with _connected(served) as stranger:
        stranger.sendall(b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\nAuthorization: Bearer olk_x\r\n\r\n")
        assert stranger.recv(4096).startswith(b"HTTP/1.1 401 ")
    assert served.metrics.page()[1].count(b'opsledger_http_requests_total{status="401"} 1.0') == 1


def test_a_client_that_goes_away_is_nobodys_trouble(tmp_path: Path, gate: Gate) -> None:
    with service(gate, tmp_path, CLOCK) as running:
        body = line("a")
        with _connected(running) as gone:
            head = f"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            head += f"Authorization: Bearer {running.client.key}\r\n"
            gone.sendall(head.encode() + b"Content-Type: application/cloudevents+json\r\n\r\n" + body)
            gate.entered.wait(10)
        gate.opened.set()
        assert running.client.post(line("b")).status == 200


def test_an_expectation_of_100_is_answered(served: Service) -> None:
    body = line("a")
    with _connected(served) as patient:
        head = f"POST /events HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n"
        head += f"Content-Type: application/cloudevents+json\r\nAuthorization: Bearer {served.client.key}\r\n\r\n"
        patient.sendall(head.encode())
        assert patient.recv(4096).startswith(b"HTTP/1.1 100 ")
        patient.sendall(body)
        assert patient.recv(4096).startswith(b"HTTP/1.1 200 ")
    with _connected(served) as stranger:
        stranger.sendall(b"POST /events HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
        assert stranger.recv(4096).startswith(b"HTTP/1.1 401 ")
