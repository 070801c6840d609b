"""Time and chance are passed in, so that whatever uses them can be run again with the same result."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """Where the present moment comes from."""

    def now(self) -> datetime:
        """The present moment, UTC and aware."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, UTC and aware."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is set: for tests, replays and the demo."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.at


def uuid7(now: datetime, random_bytes: Callable[[int], bytes] = os.urandom) -> UUID:
    """A UUIDv7 (RFC 9562): sorts by its millisecond of creation; the id of decisions."""
    ms = int(now.timestamp() * 1000)
    value = (ms << 80) | int.from_bytes(random_bytes(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)
