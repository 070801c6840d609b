"""Clients of the ingest that do not read what they are answered are cut off, and the service goes on for the others."""

from __future__ import annotations

import socket
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import urllib3

from opsledger.domain.clock import FixedClock
from opsledger.infra.serve.connection import Bounds
from opsledger.infra.web.connection import Channel
from tests.http_server import Service, service
from tests.ledger_samples import NOW, line
from tests.naive_http import accept_all, until

CLOCK = FixedClock(NOW)
CONNECTIONS = 24
SHORT = Bounds(connections=CONNECTIONS, unread_s=0.5)


def besiege(running: Service, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many clients as there are connections, who ask for pages and take none; the system does not take them either.

    The clock stands until all are there, or the first would be cut before the last have come; ``monkeypatch.undo`` starts it.
    """
    monkeypatch.setattr(Channel, "_is_unread", lambda *_: False)
    running.server._http.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
    for _ in range(CONNECTIONS):
        mute = stack.enter_context(closing(socket.socket()))
        mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        mute.connect((running.server.host, running.server.port))
        mute.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 16)
    until(lambda: sum(c.total_outbufs_len > 0 for c in list(running.server._http.active_channels.values())) >= CONNECTIONS - 2)


def test_clients_that_do_not_read_do_not_hold_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(accept_all, tmp_path, CLOCK, bounds=SHORT) as running, ExitStack() as stack:
        besiege(running, stack, monkeypatch)
        monkeypatch.undo()
        assert running.client.get("/healthz").status == 200
        assert running.client.post(line("a")).status == 200


def test_clients_that_do_not_read_would_hold_a_service_without_a_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the same siege, and nobody else is answered."""
    with service(accept_all, tmp_path, CLOCK, bounds=SHORT) as running, ExitStack() as stack:
        besiege(running, stack, monkeypatch)
        with urllib3.PoolManager(retries=False) as http, pytest.raises(urllib3.exceptions.HTTPError):
            http.request("GET", running.client.url + "/healthz", timeout=2)


def test_a_reason_reaches_who_sends_all_before_it_reads(tmp_path: Path) -> None:
    with service(accept_all, tmp_path, CLOCK) as running, urllib3.PoolManager(retries=False) as http:
        url, headers = running.client.url + "/events", {"Authorization": f"Bearer {running.client.key}"}
        assert {http.request("POST", url, body=bytes(8_000_000)).status for _ in range(5)} == {401}
        assert {http.request("POST", url, body=bytes(9_000_000), headers=headers).status for _ in range(5)} == {413}


def test_requests_sent_ahead_are_bounded(tmp_path: Path) -> None:
    with service(accept_all, tmp_path, CLOCK) as running, closing(socket.socket()) as eager:
        eager.connect((running.server.host, running.server.port))
        eager.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
        told = bytearray()
        while some := eager.recv(65_536):
            told += some
        assert told.count(b"HTTP/1.1 200 OK") < 20
        assert b"429 Too Many Requests" in told
