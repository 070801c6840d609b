"""Runs the gateway on loopback until it is told to stop; what is under way is answered before."""

from __future__ import annotations

import logging
import math
import os
import resource
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import waitress

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.gateway.app import Gateway
from opsledger.infra.gateway.codecs import PIECE_BYTES
from opsledger.infra.gateway.engine import Engine
from opsledger.infra.gateway.errors import REQUIRED_PASSWORD, ServerError
from opsledger.infra.gateway.logins import Logins, credentials
from opsledger.infra.gateway.query_log import QueryLog
from opsledger.infra.gateway.reading import make_views
from opsledger.infra.gateway.roles import User
from opsledger.infra.gateway.watch import Watch
from opsledger.infra.store import engine_address
from opsledger.infra.web.connection import Bounds, channels
from opsledger.infra.web.door import Door, Head, RefusedError, RequestRefusal

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8124
GRACE_S = 30.0
MAX_PACKED_BODY_BYTES = 2 * 1024**3
MAX_CONNECTIONS, MIN_CONNECTIONS = 256, 16
_FILES_OF_THE_ENGINE = 256
_SPARE_THREADS = 16
"""Beside one for each connection: a thread is busy until its client has taken the answer."""
_FOREVER_S = 10 * 365 * 24 * 3600
_OPEN = {"/ping", "/replicas_status"}
ENGINE_SETTINGS = {
    "session_timezone": "UTC",
    "input_format_values_interpret_expressions": "0",
    "input_format_values_deduce_templates_of_expressions": "0",
}
"""What every statement runs with. Expressions among the values of an INSERT would run without having been judged."""
_OWN_FILES = 2
"""What the server counts among its connections: where it listens, and what wakes it."""
_OPTIONS: dict[str, Any] = {
    "max_request_body_size": MAX_PACKED_BODY_BYTES,
    "inbuf_overflow": 4 * PIECE_BYTES,
    "outbuf_high_watermark": 4 * PIECE_BYTES,
    "outbuf_overflow": 8 * PIECE_BYTES,
    "recv_bytes": PIECE_BYTES // 4,
    "channel_timeout": _FOREVER_S,  # the connections have clocks of their own
    "asyncore_use_poll": True,  # select() ends a process that has more than 1,024 files
    "asyncore_loop_timeout": 1,
    "expose_tracebacks": False,
    "log_socket_errors": False,
    "ident": "opsledger",
}


def connections_that_fit() -> int:
    """So many connections as the process may have files for: each has up to two beside the engine's."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = math.inf if soft == resource.RLIM_INFINITY else soft
    return int(max(MIN_CONNECTIONS, min(MAX_CONNECTIONS, (files - _FILES_OF_THE_ENGINE) // 2)))


@dataclass(frozen=True, slots=True)
class GatewayBounds(Bounds):
    """What a client may take of the gateway. A body that makes progress goes on, however large it is."""

    connections: int = field(default_factory=connections_that_fit)
    header_bytes: int = 1024 * 1024
    """Statements and bound values stand in the address."""
    request_s: float = math.inf
    idle_s: float = 300.0
    stranger_s: float = 10.0


class Server:
    """A gateway that listens on loopback; ``port`` 0 takes any free one. UserError for one that is taken."""

    def __init__(self, root: Path, logins: Logins, port: int, bounds: GatewayBounds | None = None) -> None:
        self._engine = Engine(engine_address(root), ENGINE_SETTINGS)
        with self._engine.handle() as handle:
            make_views(handle)
        self._log = QueryLog(root, self._engine)
        self.gateway = Gateway(self._engine, self._log, Watch())
        try:
            version, refused = self._engine.version, self._log.login_refused
            self._http = listening(self.gateway, logins, version, port, bounds or GatewayBounds(), refused)
        except OSError as error:
            self._engine.close()
            raise UserError(
                f"port {port} on {LOOPBACK} cannot be had: {error.strerror}; choose another (--port)", EXIT_ENVIRONMENT
            ) from error
        self.port = int(self._http.effective_port)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.port}"

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. The first one lets what is under way end, the second one does not."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _Stop(self.gateway, self._http))
        self._http.run()
        self.gateway.sessions.close()
        self._log.close()
        self._engine.close()


def listening(  # what is served, to whom, where, within what
    application: Callable[..., Any],
    logins: Logins,
    version: str,
    port: int,
    bounds: GatewayBounds,
    refused: Callable[[str, ServerError], None] = lambda *_: None,
) -> Any:
    """A server of waitress before an application, which finds who asks under ``USER``. OSError for a port that is taken.

    ``version`` is the engine's, as errors tell it. Connections beyond the bound wait in the system's queue. ``refused`` hears
    the name that a login was tried with, and why it failed.
    """
    logging.getLogger("waitress").setLevel(logging.ERROR)
    options = {
        **_OPTIONS,
        "threads": bounds.connections + _SPARE_THREADS,
        "connection_limit": bounds.connections + _OWN_FILES,
        "max_request_header_size": bounds.header_bytes,
    }
    http = waitress.create_server(application, map={}, host=LOOPBACK, port=port, **options)
    http.channel_class = channels(Door(lambda head: _admitted(head, logins, version, refused), _retold), bounds)
    return http


def _admitted(head: Head, logins: Logins, version: str, refused: Callable[[str, ServerError], None]) -> User | None:
    """Who asks; None where it does not matter."""
    if head.method in ("GET", "HEAD") and (head.path in _OPEN or (head.path in ("/", "") and not head.query)):
        return None
    headers = {f"HTTP_{name}": value for name, value in head.headers.items()}
    try:
        return logins.admitted(headers, head.query)
    except ServerError as error:
        refused(_name_in(headers, head.query), error)
        raise RefusedError(_refusal(error, version)) from None


def _name_in(headers: Mapping[str, str], query: str) -> str:
    """Who is said to ask; '' where the address cannot be read."""
    try:
        return credentials(headers, query)[0]
    except ServerError:
        return ""


def _refusal(error: ServerError, version: str) -> RequestRefusal:
    headers = [("X-ClickHouse-Exception-Code", str(error.code)), ("X-ClickHouse-Server-Display-Name", "opsledger")]
    if error.code == REQUIRED_PASSWORD:
        headers.append(("WWW-Authenticate", 'Basic realm="ClickHouse server HTTP API"'))
    return _plain(error.status, error.body(version), headers)


def _retold(status: int, text: str) -> RequestRefusal:
    return _plain(f"{status} {HTTPStatus(status).phrase}", f"{text}\n".encode(), [])


def _plain(status: str, body: bytes, headers: list[tuple[str, str]]) -> RequestRefusal:
    return RequestRefusal(status, (("Content-Type", "text/plain; charset=UTF-8"), *headers), body)


class _Stop:
    """Stops a server: at first in good order, asked again at once."""

    def __init__(self, gateway: Gateway, http: Any) -> None:
        self._gateway = gateway
        self._http = http
        self._asked = False

    def __call__(self, number: int, frame: object) -> None:
        """The signal has come."""
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        signal.signal(signal.SIGTERM, self)
        signal.signal(signal.SIGINT, self)
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        self._gateway.running.stop(GRACE_S)
        threading.Event().wait(0.3)  # the last bytes of the last answer are on their way
        os.kill(os.getpid(), signal.SIGINT)
