"""Sessions: a handle of the engine kept between requests for what a client sets, uses, or puts into temporary tables."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opsledger.infra.gateway.engine import Engine, Handle
from opsledger.infra.gateway.errors import SESSION_IS_LOCKED, SESSION_NOT_FOUND, TOO_MANY_SIMULTANEOUS_QUERIES, refused

DEFAULT_TIMEOUT_S = 60.0
MAX_TIMEOUT_S = 3600.0
MAX_SESSIONS = 200


@dataclass(slots=True)
class _Session:
    handle: Handle
    until: float = 0.0
    idle_since: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sessions:
    """All sessions of a gateway. ``monotonic`` is the clock that ends them."""

    def __init__(self, engine: Engine, monotonic: object = time.monotonic) -> None:
        self._engine = engine
        self._now = monotonic if callable(monotonic) else time.monotonic
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    @contextmanager
    def hold(self, name: str, timeout_s: float, *, check: bool) -> Iterator[Handle]:
        """The session's handle for one request; ServerError while another request holds it, or (``check``) if there is none."""
        session = self._taken(name, check=check)
        try:
            yield session.handle
        finally:
            session.idle_since = self._now()
            session.until = session.idle_since + min(timeout_s, MAX_TIMEOUT_S)
            session.lock.release()

    def _taken(self, name: str, *, check: bool) -> _Session:
        with self._lock:
            self._end_old()
            found = self._sessions.get(name)
            if found is None:
                if check:
                    raise refused(SESSION_NOT_FOUND, f"Session {name} not found")
                self._make_room()
                found = self._sessions[name] = _Session(self._engine.handle())
            if not found.lock.acquire(blocking=False):
                raise refused(SESSION_IS_LOCKED, f"Session {name} is locked by a concurrent client")
            return found

    def _end_old(self) -> None:
        now = self._now()
        for name, session in list(self._sessions.items()):
            if session.until and session.until < now and session.lock.acquire(blocking=False):
                self._sessions.pop(name).handle.close()

    def _make_room(self) -> None:
        """End the longest idle session, where there are as many as there may be. ServerError if all are at work."""
        if len(self._sessions) < MAX_SESSIONS:
            return
        for name, session in sorted(self._sessions.items(), key=lambda item: item[1].idle_since):
            if session.lock.acquire(blocking=False):
                self._sessions.pop(name).handle.close()
                return
        raise refused(TOO_MANY_SIMULTANEOUS_QUERIES, f"All of {MAX_SESSIONS} sessions are at work")

    def close(self) -> None:
        """End all sessions that no request holds."""
        with self._lock:
            for name, session in list(self._sessions.items()):
                if session.lock.acquire(blocking=False):
                    self._sessions.pop(name).handle.close()
