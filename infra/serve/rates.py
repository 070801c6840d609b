"""So many events a second for each key: a bucket that fills evenly, up to what may come at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

BURST_S = 10
"""What may come at once where nothing is said: as much as comes in so many seconds."""


@dataclass(frozen=True, slots=True)
class Rate:
    """``a_second`` 0 is none: nothing is bounded. ``burst`` 0 is what comes in ``BURST_S``."""

    a_second: int = 0
    burst: int = 0

    @property
    def at_once(self) -> int:
        """What may come at once after a pause."""
        return self.burst or self.a_second * BURST_S

    def __str__(self) -> str:
        return f"{self.a_second:,}/s, {self.at_once:,} at once" if self.a_second else "none"


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """The buckets of one process. ``now`` is a clock that never goes back, in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._lock = now, Lock()
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: str, rate: Rate, events: int) -> float:
        """Count events in, 0.0; or, of more than there is room for, the seconds until there is.

        What is more than may ever come at once is let in when the bucket is full, and then owed: so a batch of any size comes
        through, and in the long run no more than the rate.
        """
        if not rate.a_second:
            return 0.0
        with self._lock:
            bucket, wait = self._looked(key, rate, events)
            if not wait:
                bucket.left -= events
            return wait

    def give_back(self, key: str, events: int) -> None:
        """Events that were counted in did not go on after all."""
        with self._lock:
            if key in self._buckets:
                self._buckets[key].left += events

    def wait(self, key: str, rate: Rate) -> float:
        """The seconds until there is room for one event; nothing is counted."""
        if not rate.a_second:
            return 0.0
        with self._lock:
            return self._looked(key, rate, 1)[1]

    def _looked(self, key: str, rate: Rate, events: int) -> tuple[_Bucket, float]:
        now = self._now()
        bucket = self._buckets.setdefault(key, _Bucket(rate.at_once, now))
        bucket.left = min(rate.at_once, bucket.left + (now - bucket.at) * rate.a_second)
        bucket.at = now
        missing = min(events, rate.at_once) - bucket.left
        return bucket, max(0.0, missing / rate.a_second)
