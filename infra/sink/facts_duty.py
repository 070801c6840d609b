"""When the sink makes facts: in small steps while it is near the head of the log, once afterwards when it is far behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum

from opsledger.infra.facts import fact_tables, forget_fact_tables
from opsledger.infra.store import Store
from opsledger.projections.facts.turn import TurnLost

FAR_BEHIND = 50_000
"""Messages between us and the head of the log from which on facts wait."""
APART_S = 0.2
"""At least so long from the end of one update to the begin of the next …"""
APART_SHARE = 0.25
"""… and so much of the time that the last one took: of a large ledger's engine, storing and readers get a fifth at least."""

TAKEN_S = 2.0
"""So long after another has begun to write the facts we do not, if we still think that they are ours: one of us will hear."""


class FactsState(StrEnum):
    """Where the facts stand."""

    LIVE = "live"
    POSTPONED = "postponed"
    ELSEWHERE = "elsewhere"
    """Another sink makes them."""


class FactsDuty:
    """Decides and does. ``mine`` says whether this process is the one that makes facts, ``live`` that it may do so in steps."""

    def __init__(self, store: Store, mine: Callable[[], bool], *, live: bool) -> None:
        self._store, self._mine, self._live = store, mine, live
        self._behind = self._elsewhere = True
        self.ended: float | None = None
        """When the last update ended, by the monotonic clock."""
        self._apart_s = APART_S
        self.state = FactsState.POSTPONED
        self.events = 0
        """New events that the facts were made of."""

    def stored(self) -> None:
        """The ledger has more than before."""
        self._behind = True

    def is_due(self, lag: int) -> bool:
        """Whether to update now, ``lag`` messages from the head."""
        if not self._mine():
            self.state, self._elsewhere = FactsState.ELSEWHERE, True
            return False
        self.state = FactsState.LIVE if self._live and lag <= FAR_BEHIND else FactsState.POSTPONED
        return self._behind and self.state is FactsState.LIVE and self._waited() >= self._apart_s

    def is_owed(self) -> bool:
        """Whether something is stored here that the facts do not know of, however far behind."""
        return self._behind and self._mine()

    def update(self) -> None:
        """Bring the facts up to the ledger; where they are another's by now, that is left to it."""
        if not self._mine():
            self.state, self._elsewhere = FactsState.ELSEWHERE, True
            return
        self._behind, begun = False, time.monotonic()
        self._store.updates_facts = True
        if self._elsewhere and self._store.remote:
            forget_fact_tables(self._store)  # somebody may have made them before us, or between two times of ours
        apart_s = 0.0
        try:
            self.events += fact_tables(self._store).update().events
            self.state, self._elsewhere = FactsState.LIVE, False
        except TurnLost:
            self._behind = self._elsewhere = True
            apart_s = TAKEN_S
        except BaseException:
            self._behind = True
            raise
        finally:
            self.ended = time.monotonic()
            self._apart_s = max(APART_S, APART_SHARE * (self.ended - begun), apart_s)

    def _waited(self) -> float:
        return self._apart_s if self.ended is None else time.monotonic() - self.ended
