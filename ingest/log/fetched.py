"""What comes off a Kafka topic before anybody has judged it: plain columns, one entry a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Headers = Sequence[tuple[str, bytes | None]]

BACKFILL = "opsledger-backfill"
"""Header of a record that comes late on purpose; its value is ``1``."""
RECORDED_AT = "opsledger-recorded-at"
"""Header of a record copied from another log: when that log took it, ISO 8601 in UTC; else the broker's time counts."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Messages of one partition, offsets rising (gaps are possible). ``at``: the broker's time, ms since 1970 UTC.

    ``headers`` has only the messages (by index) that have headers. ``values`` and ``keys`` hold None where Kafka has none.
    ``until``: all before this offset was looked at, 0 where it is the one after the last message. There may be no message:
    what a transaction took back, and the marks of its end, are none. ``broken``: why messages (by index) cannot be read.
    """

    topic: str
    partition: int
    offsets: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    at: Sequence[int]
    headers: Mapping[int, Headers] = field(default_factory=dict)
    until: int = 0
    broken: Mapping[int, str] = field(default_factory=dict)

    @property
    def following(self) -> int:
        """The offset to go on from."""
        return max(self.until, self.offsets[-1] + 1 if self.offsets else 0)

    def __len__(self) -> int:
        return len(self.offsets)
