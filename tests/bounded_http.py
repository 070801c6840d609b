"""The gateway's HTTP side without an engine: its server before a small application, in a thread, and clients made by hand."""

from __future__ import annotations

import re
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from waitress import create_server, wasyncore

from opsledger.infra.gateway.logins import Logins
from opsledger.infra.gateway.serve import GatewayBounds, listening

SECRET = "sesame"
LOGIN = f"X-ClickHouse-User: default\r\nX-ClickHouse-Key: {SECRET}\r\n".encode()
STREAM = b"GET /?stream HTTP/1.1\r\nHost: x\r\n" + LOGIN + b"\r\n"
PIECE = bytes(256 * 1024)


def post(length: int, *more: bytes) -> bytes:
    """The headers of a request with a body of this length."""
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%b\r\n" % (length, b"".join(more))


class Endless:
    """An answer without an end; ``pause_s`` between its pieces."""

    def __init__(self, app: App, pause_s: float) -> None:
        self._app, self._pause_s = app, pause_s
        app.open += 1

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield PIECE
            time.sleep(self._pause_s)

    def close(self) -> None:
        self._app.open -= 1


@dataclass(slots=True)
class App:
    """Answers /ping, takes bodies, streams without end (?stream), or waits until its client is gone (?wait)."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    gone: list[bool] = field(default_factory=list)
    waiting: threading.Event = field(default_factory=threading.Event)
    open: int = 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        asked = environ.get("QUERY_STRING", "")
        self.asked.append(environ)
        told = b"Ok.\n" if environ["REQUEST_METHOD"] != "POST" else b"%d\n" % len(environ["wsgi.input"].read())
        if asked.startswith("stream"):
            start("200 OK", [])
            self.waiting.set()
            return Endless(self, 0.1 if asked == "stream=slowly" else 0)
        if asked.startswith("wait"):
            self.gone.append(self._gone(environ["waitress.client_disconnected"], float(asked[5:] or 10)))
        start("200 OK", [("Content-Length", str(len(told)))])
        return [told]

    def _gone(self, is_gone: Callable[[], bool], patience_s: float) -> bool:
        self.waiting.set()
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            if is_gone():
                return True
            time.sleep(0.02)
        return False


@dataclass(slots=True)
class Served:
    """A server at work; ``died`` has what ended its loop."""

    http: Any
    app: App
    died: list[BaseException] = field(default_factory=list)
    left: dict[int, Any] = field(default_factory=dict)

    def connect(self, *, window: int = 0) -> socket.socket:
        """A connection; ``window`` is the most that the client's system takes without being read."""
        made = socket.socket()
        if window:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        made.settimeout(30)
        made.connect(("127.0.0.1", int(self.http.effective_port)))
        return made

    def ask(self, request: bytes, timeout_s: float = 30) -> bytes:
        """Send a request on a connection of its own; its answer."""
        with closing(self.connect()) as client:
            client.settimeout(timeout_s)
            client.sendall(request)
            return answer(client)

    def ping(self, timeout_s: float = 30) -> bytes:
        """Ask whether it is well."""
        return self.ask(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n", timeout_s)

    def _run(self) -> None:
        try:
            self.http.run()
        except Exception as error:  # noqa: BLE001  whatever it was is looked at by the test
            self.died.append(error)

    def _end(self) -> None:
        for channel in list(self.http.active_channels.values()):
            channel.handle_close()  # threads that wait for room go on
        self.left.update(self.http._map)
        self.http._map.clear()  # the loop ends; its trigger is closed when nobody writes to it any more


def answer(client: socket.socket) -> bytes:
    """The next answer with a length, as it comes; of one that was cut off, the beginning."""
    found = bytearray()
    while True:
        head, end, body = bytes(found).partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if end and (not length or len(body) >= int(length[1])):
            return bytes(found)
        some = client.recv(65_536)
        if not some:
            return bytes(found)
        found += some


@contextmanager
def serving(bounds: GatewayBounds | None = None, **plainly: Any) -> Iterator[Served]:
    """The gateway's server; with ``plainly`` waitress as it comes, with these options, as a control."""
    app = App()
    if plainly:
        options = {"log_socket_errors": False, "asyncore_use_poll": True, **plainly}  # select() takes no file beyond 1,023
        http = create_server(app, map={}, host="127.0.0.1", port=0, **options)
    else:
        http = listening(app, Logins(SECRET), "1.0", 0, bounds or GatewayBounds(connections=16))
    served = Served(http, app)
    thread = threading.Thread(target=served._run, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        if not served.died:
            http.trigger.pull_trigger(served._end)
            thread.join(30)
        else:
            served._end()
        wasyncore.close_all(served.left, ignore_all=True)
        http.task_dispatcher.shutdown(timeout=1)


@contextmanager
def many_files() -> Iterator[None]:
    """So many files as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
