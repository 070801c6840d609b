"""Kafka's client in a thread of its own, so that who waits for it can say that it does not come back, and can leave.

The client may spin or wait inside a call for as long as it likes: nothing from outside ends that. The thread is not waited for
when the process ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, TypeVar

from opsledger.infra.sink.retrier import Retrier, Stopped

T = TypeVar("T")
Late = Callable[[str, float], None]
"""Called now and then with what is being done and how many seconds it has lasted; 0: it has come back."""
LATE_S = 6.0
"""So long a call may take before it is told; what is wrong is told within ten seconds."""
LEAVING_S = 3.0
"""So long after the stop the client is waited for …"""
_LEAST_S = 0.5
"""… and so long at least in a single call: what is said at the end, while the ledger took long, has its chance, too."""
_SLICE_S = 0.2


class Stuck(Stopped):
    """The sink was asked to stop, and the client does not come back."""


class Calls:
    """Calls of the client, one after the other. After ``Stuck`` none is made any more: each is ``Stuck`` at once."""

    def __init__(self, stop: Event, retrier: Retrier, late: Late) -> None:
        self._stop, self._retrier, self._late = stop, retrier, late
        self._stopped_at: float | None = None
        self._work: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread: Thread | None = None
        self.is_stuck = False

    def call(self, doing: str, act: Callable[[], T]) -> T:
        """What ``act`` returns once it works; see ``Retrier.call``."""
        return self._retrier.call(doing, lambda: self.once(doing, act))

    def once(self, doing: str, act: Callable[[], T]) -> T:
        """What ``act`` returns, or raises."""
        if self.is_stuck:
            raise Stuck
        if self._thread is None:
            self._thread = Thread(target=self._run, name="sink-kafka", daemon=True)
            self._thread.start()
        future: Future[T] = Future()
        done, begun, told = Event(), time.monotonic(), False
        future.add_done_callback(lambda _: done.set())
        self._work.put((future, act))
        while not done.wait(_SLICE_S):
            told = self._waited(doing, begun) or told
        if told:
            self._late(doing, 0.0)
        return future.result()

    def _waited(self, doing: str, begun: float) -> bool:
        now = time.monotonic()
        if self._stop.is_set():
            self._stopped_at = self._stopped_at or now
            if now > max(self._stopped_at + LEAVING_S, begun + _LEAST_S):
                self.is_stuck = True
                raise Stuck(f"{doing}: the client has not come back for {now - begun:.0f} s")
        if now - begun < LATE_S:
            return False
        self._late(doing, now - begun)
        return True

    def close(self) -> None:
        """No more calls."""
        self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            future, act = work
            try:
                future.set_result(act())
            except BaseException as error:  # noqa: BLE001  whoever waits for it raises it
                future.set_exception(error)
            del future, work, act  # or what they hold would live until the next call
