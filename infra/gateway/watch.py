"""Ends what a client has asked for when the client is gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

EVERY_S = 0.25
AGAIN_S = 1.0


@dataclass(slots=True, eq=False)
class _Watched:
    is_gone: Callable[[], bool]
    stop: Callable[[], None]
    next_at: float = 0.0
    is_over: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Watch:
    """Looks after all requests that are being answered, in one thread, which sleeps while there are none."""

    def __init__(self, every_s: float = EVERY_S, again_s: float = AGAIN_S) -> None:
        self._every_s, self._again_s = every_s, again_s
        self._watched: dict[int, _Watched] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, is_gone: Callable[[], bool], stop: Callable[[], None]) -> Iterator[None]:
        """Watch for the length of a context: once ``is_gone``, ``stop`` is called, and again until the context's end.

        ``stop`` runs in the thread that watches everybody, so it has to be quick, and may not wait for the context to end,
        which waits for it: when the context is left no ``stop`` of its is running, nor will one be. What it raises is dropped.
        """
        watched = _Watched(is_gone, stop)
        with self._changed:
            self._watched[id(watched)] = watched
            if len(self._watched) == 1:
                self._wake()
        try:
            yield
        finally:
            with self._changed:
                del self._watched[id(watched)]
            with watched.lock:
                watched.is_over = True

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="gateway-watch", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._watched)
            time.sleep(self._every_s)
            with self._changed:
                watched = list(self._watched.values())
            for one in watched:
                self._look_at(one)

    def _look_at(self, one: _Watched) -> None:
        now = time.monotonic()
        if now < one.next_at:
            return
        with one.lock, suppress(Exception):
            if not one.is_over and one.is_gone():
                one.next_at = now + self._again_s
                one.stop()
