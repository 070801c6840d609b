"""Which requests are under way, so that a gateway that is told to stop ends them before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from opsledger.infra.gateway.errors import TOO_MANY_SIMULTANEOUS_QUERIES, refused


class Running:
    """Counts the requests that are being answered, and lets no new ones in once it is told to stop."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._stopping = False

    @contextmanager
    def one(self) -> Iterator[None]:
        """One request. ServerError when the gateway is stopping."""
        with self._changed:
            if self._stopping:
                raise refused(TOO_MANY_SIMULTANEOUS_QUERIES, "The gateway is stopping")
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def stop(self, patience_s: float) -> bool:
        """Let no new requests in and wait for those under way; whether all came to their end."""
        with self._changed:
            self._stopping = True
            return self._changed.wait_for(lambda: self._count == 0, patience_s)
