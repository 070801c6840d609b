"""What a run of the sink is told."""

from __future__ import annotations

from dataclasses import dataclass

from opsledger.ingest.log.group import SESSION_MS


@dataclass(frozen=True, slots=True)
class SinkOptions:
    """``name`` is the member's name in the group: the same after a restart, and no other's at the same time.

    ``session_ms``: a sink that says nothing for so long loses its partitions to the others. ``group``: who shares the work;
    sinks of one ledger have to have the same.
    """

    name: str
    until_end: bool = False
    session_ms: int = SESSION_MS
    group: str = "sink"
