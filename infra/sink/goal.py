"""When a drain is over: all that was in the log at its start is stored, by this sink or by the others of its group."""

from __future__ import annotations

import time
from collections.abc import Mapping

from opsledger.ingest.log.group import Group, Place

_ASK_EVERY_S = 1.0


class Goal:
    """The ends to be reached; None: there is no goal, the sink goes on until it is stopped."""

    def __init__(self, ends: Mapping[Place, int] | None) -> None:
        self._open = None if ends is None else {place: end for place, end in ends.items() if end}
        self._asked = float("-inf")

    def is_reached(self, group: Group, settled: Mapping[Place, int]) -> bool:
        """Whether nothing is left; ``settled``: how far our own partitions are stored."""
        if self._open is None or not group.is_stable():
            return False
        ours, fresh = group.assigned(), group.fresh()
        if fresh:
            return False
        self._open = {
            place: end
            for place, end in self._open.items()
            if place not in ours or max(settled.get(place, 0), group.position(place)) < end
        }
        theirs = [place for place in self._open if place not in ours]
        if theirs and len(theirs) == len(self._open) and time.monotonic() - self._asked >= _ASK_EVERY_S:
            self._asked = time.monotonic()
            committed = group.committed(theirs)
            self._open = {place: end for place, end in self._open.items() if committed.get(place, 0) < end}
        return not self._open
