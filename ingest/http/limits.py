"""Every bound of the HTTP ingest in one place: sizes in bytes, waiting in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from opsledger.ingest.border.fast import MAX_NESTING

BATCH_DEPTH = MAX_NESTING + 1
"""Levels that a body may have: a list of events, each as deep as a record may be."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken at most. ``waiting`` requests and ``in_flight_bytes`` are those between the network and the log."""

    body_bytes: int = 8 * 1024 * 1024
    events: int = 5_000
    """Of one batch."""
    parsing: int = 8
    """Bodies that are in memory and taken apart at once; the others wait where the server has put them."""
    waiting: int = 256
    in_flight_bytes: int = 64 * 1024 * 1024
    group_events: int = 10_000
    """Requests that wait together are appended together, up to so many events."""
    answer_s: float = 30.0
    """So long a request waits for the log's acknowledgement; then it is told to come again."""
    stalled_s: float = 5.0
    """A log that takes longer than this for one group is away: new requests are told at once."""
    away_s: float = 15.0
    """So long after a failure the service calls itself unwell, unless a group has been stored since."""
    busy_retry_s: int = 1
    away_retry_s: int = 5
