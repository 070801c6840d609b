"""Which of our partitions do not move though something is there to be read, or can no longer be read at all; and why.

The client tries most of what goes wrong again by itself, without end and without a word. So a partition is looked at from
outside: it moves, or it is at the end of its log and its broker has answered lately; else, after some seconds, it is stuck.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from opsledger.ingest.log.client import Standing
from opsledger.ingest.log.group import Place

STUCK_S = 6.0
"""So long a partition may stand still; what is wrong is told within ten seconds."""
_LATELY_S = 2.0
"""A broker is asked anew as soon as it has answered, and answers within a tenth of a second: so long ago is not lately."""
_POLLS = 10
"""So often at least it was asked for meanwhile: while the ledger is slow, everything stands still."""
_OPEN = "the transaction that begins at {where} is still open"


@dataclass(frozen=True, slots=True)
class Stuck:
    """A partition that does not move: from which offset on, why, and since when by the monotonic clock.

    ``waits_for``: the offset at which the transaction begins that it waits for, None where it does not.
    """

    offset: int
    why: str
    since: float
    waits_for: int | None = None


@dataclass(slots=True)
class _Seen:
    furthest: int
    since: float
    polls: int


class Watch:
    """Looks at how partitions stand. ``opened``: when the record at a place was taken by the log, as a text, to say since when
    a transaction is open; asked once each."""

    def __init__(self, opened: Callable[[Place, int], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._opened, self._clock = opened, clock
        self._seen: dict[Place, _Seen] = {}
        self._since: dict[tuple[Place, int], str] = {}
        self._polls = 0
        self._apart: float | None = None

    def polled(self) -> None:
        """The client was asked for what has come."""
        self._polls += 1

    def apart(self, is_joined: bool) -> float:
        """For how many seconds the group has not come together, where that is too long; else 0."""
        now = self._clock()
        self._apart = None if is_joined else self._apart or now
        waited = 0.0 if self._apart is None else now - self._apart
        return waited if waited >= STUCK_S else 0.0

    def look(self, standings: Mapping[Place, Standing]) -> dict[Place, Stuck]:
        """Those that are stuck, of all that are being read."""
        now = self._clock()
        self._seen = {place: seen for place, seen in self._seen.items() if place in standings}
        found = {}
        for place, standing in standings.items():
            seen = self._seen.setdefault(place, _Seen(-1, now, self._polls))
            at = -1 if standing.position is None else standing.position
            if at > seen.furthest or self._is_well(standing, now):
                self._seen[place] = _Seen(max(at, seen.furthest), now, self._polls)
            elif now - seen.since >= STUCK_S and self._polls - seen.polls >= _POLLS:
                found[place] = self._stuck(place, standing, seen.since)
        return found

    def _is_well(self, standing: Standing, now: float) -> bool:
        """Whether it is at the end of its log, as a broker has said lately."""
        news, position = standing.news, standing.position
        heard = standing.leader is not None and standing.heard is not None and now - standing.heard < _LATELY_S
        return heard and news is not None and not news.error and position is not None and position >= news.high

    def _stuck(self, place: Place, standing: Standing, since: float) -> Stuck:
        at, news = standing.position or 0, standing.news
        if standing.leader is None:
            return Stuck(at, "no broker leads it; 'opsledger kafka check' tells which are away", since)
        if standing.heard is None or self._clock() - standing.heard >= STUCK_S:
            return Stuck(at, f"broker {standing.leader}, which leads it, does not answer", since)
        if news is not None and news.error:
            return Stuck(at, f"the broker answers {news.error}", since)
        if news is not None and 0 <= news.stable <= at and news.stable < news.high:
            return self.waiting(place, news.stable, news.high, since)
        return Stuck(at, "records are there and the client hands out none", since)

    def waiting(self, place: Place, first: int, high: int, since: float | None = None) -> Stuck:
        """A partition that waits for the end of a transaction, which begins at ``first``."""
        if (place, first) not in self._since:
            self._since[place, first] = self._opened(place, first)
        opened = self._since[place, first]
        told = _OPEN.format(where=f"{place[0]}/{place[1]}@{first}") + (f" since {opened}" if opened else "")
        told += f"; {high - first:,} messages wait from there on. Its producer has to commit or abort it, or an administrator "
        told += "(kafka-transactions.sh abort)"
        return Stuck(first, told, self._clock() if since is None else since, first)
