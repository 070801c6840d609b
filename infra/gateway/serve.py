"""Runs the gateway on loopback until it is told to stop; what is under way is answered before."""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import Any

import waitress

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.gateway.app import Gateway
from opsledger.infra.gateway.codecs import PIECE_BYTES
from opsledger.infra.gateway.engine import Engine

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8124
GRACE_S = 30.0
MAX_PACKED_BODY_BYTES = 2 * 1024**3
_LIMITS: dict[str, Any] = {
    # a thread is busy until its client has taken the answer: enough for many slow ones beside the quick
    "threads": 64,
    "connection_limit": 1000,
    "max_request_header_size": 2 * 1024 * 1024,
    "max_request_body_size": MAX_PACKED_BODY_BYTES,
    "inbuf_overflow": 4 * PIECE_BYTES,
    "outbuf_high_watermark": 4 * PIECE_BYTES,
    "outbuf_overflow": 8 * PIECE_BYTES,
    "recv_bytes": PIECE_BYTES // 4,
    "send_bytes": 1,
    "channel_timeout": 300,
    "expose_tracebacks": False,
    "log_socket_errors": False,
    "ident": "opsledger",
}


class Server:
    """A gateway that listens on loopback; ``port`` 0 takes any free one. UserError for one that is taken."""

    def __init__(self, connection: str, password: str, port: int) -> None:
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._engine = Engine(connection, {"session_timezone": "UTC"})
        self.gateway = Gateway(self._engine, password)
        try:
            self._http = waitress.create_server(self.gateway, map={}, host=LOOPBACK, port=port, **_LIMITS)
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
        self._engine.close()


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
