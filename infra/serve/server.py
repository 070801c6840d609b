"""Runs the HTTP ingest until it is told to stop: then nothing new is let in, and what was taken is answered first."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import waitress
from waitress import wasyncore

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.serve.app import App
from opsledger.infra.serve.connection import Bounds, channel_class
from opsledger.ingest.http.committer import Committer
from opsledger.ingest.http.limits import Limits

DEFAULT_PORT = 8125
LOOPBACK = "127.0.0.1"
GRACE_S = 40.0
"""Longer than any request waits for the log."""
_FLUSH_S = 5.0
_FOREVER_S = 10 * 365 * 24 * 3600
_TURN_S = 1.0
_SPARE_THREADS = 16
"""Beside those that wait for the log: health, metrics and refusals are answered whatever waits."""


class Server:
    """A server that listens; ``port`` 0 takes any free one. UserError for an address that cannot be had."""

    def __init__(self, app: App, committer: Committer, limits: Limits, bounds: Bounds, address: tuple[str, int]) -> None:
        for name in ("waitress", "waitress.queue"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # it would print paths and tracebacks of others' mistakes
        self._app, self._committer = app, committer
        self._map: dict[int, Any] = {}
        self._http = waitress.create_server(app, map=self._map, sockets=[_bound(address)], **_options(limits, bounds))
        self._stopping, self._ended = threading.Event(), threading.Event()
        self._drainer: threading.Thread | None = None
        self.port = int(self._http.effective_port)
        self.host = address[0]

    def connections_by(self, admit: Any, bounds: Bounds, refused: Callable[[int], None]) -> None:
        """How connections are treated before their request is whole."""
        self._http.channel_class = channel_class(admit, bounds, refused)

    @property
    def url(self) -> str:
        """Where it listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def heed_signals(self) -> None:
        """From now on SIGTERM and SIGINT stop it; a second one ends it at once (KeyboardInterrupt)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())

    def turn(self) -> None:
        """Serve until ``stop``."""
        listening = True
        while not self._ended.is_set():
            if listening and self._stopping.is_set():
                wasyncore.dispatcher.close(self._http)  # who comes now finds nobody
                listening = False
            wasyncore.loop(timeout=_TURN_S, use_poll=True, map=self._map, count=1)
        if self._drainer is not None:
            self._drainer.join()  # it wakes the loop by a handle that is closed below
        self._http.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map)

    def stop(self) -> None:
        """Begin to stop; asked again, KeyboardInterrupt."""
        if self._stopping.is_set():
            raise KeyboardInterrupt
        self._stopping.set()
        self._drainer = threading.Thread(target=self._drain, daemon=True)
        self._drainer.start()

    def _drain(self) -> None:
        self._http.pull_trigger()
        self._committer.close(GRACE_S)
        self._app.drained(GRACE_S)
        until = time.monotonic() + _FLUSH_S
        while time.monotonic() < until and any(c.total_outbufs_len for c in list(self._http.active_channels.values())):
            time.sleep(0.02)
        self._ended.set()
        self._http.pull_trigger()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bound(address: tuple[str, int]) -> socket.socket:
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server(address, family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or error
        raise UserError(f"{host}:{port} cannot be had: {said}; choose another (--host, --port)", EXIT_ENVIRONMENT) from error


def _options(limits: Limits, bounds: Bounds) -> dict[str, Any]:
    return {
        "threads": limits.waiting + _SPARE_THREADS,
        "connection_limit": bounds.connections,
        "max_request_header_size": bounds.header_bytes,
        "max_request_body_size": limits.body_bytes + 1,
        "inbuf_overflow": 256 * 1024,
        "recv_bytes": 64 * 1024,
        "channel_timeout": _FOREVER_S,  # the connections have clocks of their own
        "cleanup_interval": 5,
        "asyncore_use_poll": True,
        "expose_tracebacks": False,
        "log_socket_errors": False,
        "ident": "opsledger",
    }
