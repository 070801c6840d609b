"""What the sink tells of itself, to the terminal and to who asks over HTTP; written by one thread, read by others."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from opsledger.infra.sink.counts import Count, total
from opsledger.infra.sink.facts_duty import FactsDuty, FactsState
from opsledger.infra.sink.storing import Done
from opsledger.infra.sink.watch import Stuck, Watch
from opsledger.ingest.log.group import Group, Place

_RATE_OVER_S = 10.0
ALIVE_S = 60.0
"""A loop that has not come round for so long is not well."""

_JOINING = "waiting for the group of sinks"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is being tried again or does not move, and why; last seen ``at``, first ``since``, by the monotonic clock."""

    doing: str
    error: str
    at: float
    since: float


class Status:
    """The state of one run."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.counts: dict[str, Count] = {}
        self.assigned: frozenset[Place] = frozenset()
        self.settled: dict[Place, int] = {}
        self.ends: dict[Place, int] = {}
        self.readable: dict[Place, int] = {}
        """As ``ends``, but for what stands behind a transaction that is still open."""
        self.newest_ms: int | None = None
        """The broker's time of the newest stored record, ms since 1970 UTC."""
        self.gathered = 0
        self.retries = 0
        self.rebalances = 0
        self.chunks = 0
        self.stuck: Mapping[Place, Stuck] = {}
        """Partitions that do not move."""
        self._failing: dict[str, Problem] = {}
        self.facts = FactsState.POSTPONED
        self.facts_events = 0
        self.facts_ended: float | None = None
        """When the facts last followed the ledger, by the monotonic clock."""
        self._turned = time.monotonic()
        self._read: deque[tuple[float, int]] = deque([(self._turned, 0)])

    def trouble(self, error: BaseException, doing: str, _pause_s: float) -> None:
        """Something failed and is tried again."""
        self.retries += 1
        first = str(error).split("\n", 1)[0][:200]
        self.fails(doing, f"{type(error).__name__}: {first}")

    def fails(self, doing: str, why: str, lasted_s: float = 0.0) -> None:
        """What is being done does not work, for so long already when it is told first."""
        now, before = time.monotonic(), self._failing.get(doing)
        self._failing[doing] = Problem(doing, why, now, before.since if before else now - lasted_s)

    def over(self, doing: str) -> None:
        """What failed has worked."""
        self._failing.pop(doing, None)

    def late(self, doing: str, seconds: float) -> None:
        """The client has not come back for so long from a call; 0: it has."""
        if seconds:
            self.fails(doing, f"Kafka's client has not come back for {seconds:.0f} s", seconds)
        else:
            self.over(doing)

    @property
    def problems(self) -> list[Problem]:
        """All that is wrong: what is being tried again, the newest first, then what does not move."""
        failing = sorted(self._failing.copy().values(), key=lambda problem: -problem.at)
        stuck = sorted(self.stuck.items())
        return failing + [Problem(f"reading {t}/{p}@{each.offset}", each.why, each.since, each.since) for (t, p), each in stuck]

    @property
    def problem(self) -> Problem | None:
        """What is wrong, the first of it."""
        return next(iter(self.problems), None)

    def assign(self, ours: frozenset[Place]) -> None:
        """The partitions that are ours changed."""
        for place in self.assigned - ours:
            self.settled.pop(place, None)
            self.ends.pop(place, None)
            self.readable.pop(place, None)
        self.stuck = {place: stuck for place, stuck in self.stuck.items() if place in ours}
        self.assigned = ours
        self.rebalances += 1

    def settle(self, positions: Mapping[Place, int]) -> None:
        """So far everything is stored."""
        self.settled = {**self.settled, **positions}

    def see_ends(self, ends: Mapping[Place, int], readable: Mapping[Place, int] | None = None) -> None:
        """So far the log goes, and so far it can be read."""
        self.ends = {**self.ends, **ends}
        self.readable = {**self.readable, **(ends if readable is None else readable)}

    def look(self, group: Group, watch: Watch) -> None:
        """How our partitions stand, as the brokers said; what does not move, and whether the group is together."""
        standings = group.standings()
        news = {place: standing.news for place, standing in standings.items() if standing.news is not None}
        said = {place: told for place, told in news.items() if told.high >= 0}
        self.see_ends({p: told.high for p, told in said.items()}, {p: told.stable for p, told in said.items()})
        self.stuck = watch.look(standings)
        if apart := watch.apart(group.is_joined()):
            self.fails(_JOINING, f"the group has not come together for {apart:.0f} s", apart)
        else:
            self.over(_JOINING)

    def add(self, done: Done) -> None:
        """A load is stored."""
        for topic, count in done.counts.items():
            self.counts.setdefault(topic, Count()).add(count)
        self.chunks += 1
        self.settle({place: at for place, at in done.settled.items() if place in self.assigned})
        self.newest_ms = max(done.newest_ms, self.newest_ms or 0)

    def turn(self, gathered: int, facts: FactsDuty) -> None:
        """The loop has come round."""
        self.gathered = gathered
        self.facts, self.facts_events, self.facts_ended = facts.state, facts.events, facts.ended
        self._turned = now = time.monotonic()
        if now - self._read[-1][0] >= 1.0:
            self._read.append((now, total(dict(self.counts)).read))
            while now - self._read[0][0] > _RATE_OVER_S and len(self._read) > 2:
                self._read.popleft()

    def lag(self) -> int:
        """Messages between what is stored and the head of the log, in our partitions."""
        return sum(max(0, self.ends.get(p, 0) - self.settled.get(p, 0)) for p in self.assigned)

    def to_read(self) -> int:
        """As ``lag``, but for what stands behind a transaction that is still open."""
        return sum(max(0, self.readable.get(p, 0) - self.settled.get(p, 0)) for p in self.assigned)

    def rate(self) -> float:
        """Messages stored in a second, over the last ten."""
        (first, before), (last, after) = self._read[0], self._read[-1]
        return (after - before) / (last - first) if last > first else 0.0

    def is_alive(self) -> bool:
        """Whether the loop comes round."""
        return time.monotonic() - self._turned < ALIVE_S
