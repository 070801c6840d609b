"""When a drain is over: all that was in the log at its start is stored, by this sink or by the others of its group."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from opsledger.infra.store import Store
from opsledger.ingest.log.decode import FORMAT
from opsledger.ingest.log.group import Group, Place
from opsledger.projections.ledger.sql import sql

_ASK_EVERY_S = 1.0
StoredUpTo = Callable[[Mapping[Place, int]], frozenset[Place]]
"""Which partitions the ledger has up to an offset, whoever stored them."""


class Goal:
    """The ends to be reached; None: there is no goal, the sink goes on until it is stopped."""

    def __init__(self, ends: Mapping[Place, int] | None, stored: StoredUpTo) -> None:
        self._open = None if ends is None else {place: end for place, end in ends.items() if end}
        self._stored, self._asked = stored, float("-inf")

    def is_reached(self, group: Group, settled: Mapping[Place, int]) -> bool:
        """Whether nothing is left; ``settled``: how far our own partitions are stored.

        Never before we have joined and begun with what is ours: only then is it known whether the facts are ours to make, and
        who stored all that there is may have died before it made them.
        """
        if self._open is None or group.fresh():
            return False
        has_joined, ours = group.has_joined(), group.assigned()
        self._open = {
            place: end
            for place, end in self._open.items()
            if place not in ours or max(settled.get(place, 0), group.position(place)) < end
        }
        theirs = {place: end for place, end in self._open.items() if place not in ours}
        if theirs and len(theirs) == len(self._open) and time.monotonic() - self._asked >= _ASK_EVERY_S:
            self._asked = time.monotonic()
            done = self._stored(theirs)
            self._open = {place: end for place, end in self._open.items() if place not in done}
        return not self._open and has_joined and ours <= settled.keys()


def stored_up_to(store: Store, ends: Mapping[Place, int], stored: Mapping[Place, int]) -> frozenset[Place]:
    """The partitions of which the ledger has every message before an end: what follows its last row is dead letters.

    ``stored``: how far its rows go. Asks the engine.
    """
    return frozenset(place for place, end in ends.items() if _is_stored(store, place, stored.get(place, 0), end))


def _is_stored(store: Store, place: Place, following: int, end: int) -> bool:
    if following >= end:
        return True
    topic, partition = place
    parameters = {"topic": topic, "source": f"{FORMAT}:{partition}", "from": following, "until": end}
    ((dead,),) = store.client.query(sql("dead_after"), parameters=parameters).result_rows
    return int(dead) == end - following
