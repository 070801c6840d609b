"""Serves one report to the browser of this machine: loopback only, behind an address that cannot be guessed."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Full, Queue
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
_WAITING = 32
"""Requests that may wait for their turn; a further one is told to come later."""
_PATIENCE_S = 120.0
_SLOW_CLIENT_S = 15.0
_TURN_S = 0.2
_MOST_PATH = 8_000
"""Characters of an address: the longest reference of a cell fits."""
_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    media: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Site = Callable[[str], Answer]
"""Answers a path below the secret part, with its query: ``cell?ref=…``. It may not raise."""
_Job = tuple[str, "Future[Answer]"]


def plain(status: int, text: str) -> Answer:
    """A short answer without a page."""
    return Answer(status, "text/plain; charset=utf-8", f"{text}\n".encode())


class Server:
    """Listens on the loopback interface. Connections have threads of their own; ``serve`` answers all of them, one after
    the other, in the thread that calls it, which owns the store."""

    def __init__(self, site: Site, token: str | None = None, port: int = 0) -> None:
        self._site = site
        self.token = token or secrets.token_urlsafe(24)
        self._jobs: Queue[_Job] = Queue(_WAITING)
        self._http = _Http((LOOPBACK, port), _Handler)
        self._http.owner = self
        self.port = int(self._http.server_address[1])
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": _TURN_S}, daemon=True)

    @property
    def address(self) -> str:
        """Where the report is: only who knows it can read it."""
        return f"http://{LOOPBACK}:{self.port}/{self.token}/"

    def serve(self, seconds: float | None = None) -> None:
        """Answer requests until the time is over (None: until interrupted), then close the port."""
        self._thread.start()
        end = None if seconds is None else time.monotonic() + seconds
        try:
            while end is None or time.monotonic() < end:
                self._turn()
        finally:
            self._http.shutdown()
            self._http.server_close()

    def _turn(self) -> None:
        try:
            path, answer = self._jobs.get(timeout=_TURN_S)
        except Empty:
            return
        if answer.set_running_or_notify_cancel():
            answer.set_result(self._site(path))

    def ask(self, path: str) -> Answer:
        """The site's answer, given in the serving thread. Called by the threads of the connections."""
        answer: Future[Answer] = Future()
        try:
            self._jobs.put_nowait((path, answer))
            return answer.result(_PATIENCE_S)
        except (Full, TooLong):
            answer.cancel()
            return plain(503, "busy; try again in a moment")

    def check(self, path: str, host: str | None) -> str | Answer:
        """The path below the secret part; an answer for who may not read it.

        The host is checked since a page from elsewhere can have its own name lead to the loopback interface.
        """
        if host not in (f"{LOOPBACK}:{self.port}", f"localhost:{self.port}"):
            return plain(421, "this server answers to its own address only")
        if len(path) > _MOST_PATH:
            return plain(414, "the address is too long")
        secret, slash, rest = path.lstrip("/").partition("/")
        if not slash or not secrets.compare_digest(urlsplit(secret).path.encode(), self.token.encode()):
            return plain(404, "there is nothing here; open the address that `opsledger report open` has printed")
        return rest


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    owner: Server


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    timeout = _SLOW_CLIENT_S
    server_version, sys_version = "opsledger", ""

    def do_GET(self) -> None:
        """Answer with the page."""
        self._send(self._found(), with_body=True)

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body."""
        self._send(self._found(), with_body=False)

    def _found(self) -> Answer:
        owner = self.server.owner
        path = owner.check(self.path, self.headers.get("Host"))
        return path if isinstance(path, Answer) else owner.ask(path)

    def _send(self, answer: Answer, *, with_body: bool) -> None:
        self.send_response(answer.status)
        headers = {"Content-Type": answer.media, "Content-Length": str(len(answer.body)), **_HEADERS, **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that the base class gave it
        """Says nothing: addresses hold the secret."""
