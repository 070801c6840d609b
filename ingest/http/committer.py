"""One thread between all requests and the log: what waits is stored together, so that many small requests cost few appends.

While one group is on its way the next one gathers. What waits is bounded in requests and bytes; who comes beyond that is sent
away at once with a time to come again, and so is everybody while the log does not answer.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Condition, Event, Thread

from opsledger.domain.errors import UserError
from opsledger.ingest.http.item import Item
from opsledger.ingest.http.judging import Owner
from opsledger.ingest.http.limits import Limits
from opsledger.ingest.http.problem import Problem, later
from opsledger.ingest.http.verdict import Verdict

Store = Callable[[Sequence[Item], Sequence[Owner]], list[Verdict]]
"""Judges and keeps a group; a verdict for each item."""
_UNSURE = "the log has not acknowledged these events; they may be stored or not: send them again, they are counted once"


@dataclass(slots=True, eq=False)
class _Waiting:
    owner: Owner
    items: Sequence[Item]
    size: int
    done: Event = field(default_factory=Event)
    verdicts: list[Verdict] | None = None
    problem: Problem | None = None


@dataclass(slots=True)
class Trouble:
    """The last failure of the log, for the operator's eyes; ``at`` by the monotonic clock."""

    what: str
    at: float = field(default_factory=time.monotonic)


class Committer:
    """``take`` may be called by many threads at once; it returns when the log has the events. Close it."""

    def __init__(self, store: Store, limits: Limits, told: Callable[[str], None] | None = None) -> None:
        self._store, self._limits = store, limits
        self._told = told or (lambda text: print(text, file=sys.stderr, flush=True))
        self._changed = Condition()
        self._queue: deque[_Waiting] = deque()
        self._closing = False
        self._since: float | None = None
        self.waiting = self.in_flight_bytes = self.groups = 0
        self.trouble: Trouble | None = None
        self._thread = Thread(target=self._work, name="http-committer", daemon=True)
        self._thread.start()

    @property
    def is_stalled(self) -> bool:
        """Whether the log has been at one group for longer than is usual."""
        since = self._since
        return since is not None and time.monotonic() - since > self._limits.stalled_s

    @property
    def is_away(self) -> bool:
        """Whether the log did not take events lately: a group failed, or the one on its way does not come to its end."""
        trouble = self.trouble
        return self.is_stalled or (trouble is not None and time.monotonic() - trouble.at < self._limits.away_s)

    def take(self, owner: Owner, items: Sequence[Item]) -> list[Verdict]:
        """The verdicts on a request's events. Problem: 429 too much waits, 503 the log is away or the service is stopping."""
        waiting = _Waiting(owner, items, sum(len(item.raw) + len(item.value) for item in items))
        with self._changed:
            self._admit(waiting)
            self._queue.append(waiting)
            self._changed.notify()
        try:
            waiting.done.wait(self._limits.answer_s)
        finally:
            with self._changed:
                self.waiting -= 1
                self.in_flight_bytes -= waiting.size
                if waiting in self._queue:
                    self._queue.remove(waiting)  # nobody waits for it any more: it is not stored
        if waiting.verdicts is None:
            raise waiting.problem or later(503, self._limits.away_retry_s, _UNSURE)
        return waiting.verdicts

    def _admit(self, waiting: _Waiting) -> None:
        """Count a request in, or Problem."""
        limits = self._limits
        if self._closing:
            raise later(503, limits.away_retry_s, "the service is stopping; nothing of this request was stored")
        if self.is_stalled:
            raise later(503, limits.away_retry_s, "the log does not answer at present; nothing of this request was stored")
        full = self.waiting >= limits.waiting or (
            self.waiting > 0 and self.in_flight_bytes + waiting.size > limits.in_flight_bytes
        )
        if full:
            raise later(429, limits.busy_retry_s, "too much is on its way to the log; nothing of this request was stored")
        self.waiting += 1
        self.in_flight_bytes += waiting.size

    def close(self, patience_s: float) -> bool:
        """Let nothing new in, store what waits; whether that came to its end. Harmless when done twice."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while group := self._next():
            self._since = time.monotonic()
            self._serve(group)
            self._since = None
            self.groups += 1
            for each in group:
                each.done.set()

    def _next(self) -> list[_Waiting]:
        """What waits, up to a bound, as soon as anything does; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            group: list[_Waiting] = []
            events = 0
            while self._queue and (not group or events + len(self._queue[0].items) <= self._limits.group_events):
                group.append(self._queue.popleft())
                events += len(group[-1].items)
            return group

    def _serve(self, group: Sequence[_Waiting]) -> None:
        items = [item for each in group for item in each.items]
        owners = [each.owner for each in group for _ in each.items]
        try:
            verdicts = iter(self._store(items, owners))
        except UserError as error:
            self._failed(group, later(503, self._limits.away_retry_s, _UNSURE), str(error))
        except Exception as error:  # noqa: BLE001  one request's defect must not end the service
            self._defect(group, error)
        else:
            self.trouble = None
            for each in group:
                each.verdicts = [next(verdicts) for _ in each.items]

    def _failed(self, group: Sequence[_Waiting], problem: Problem, what: str) -> None:
        self.trouble = Trouble(what)
        self._told(what)
        for each in group:
            each.problem = problem

    def _defect(self, group: Sequence[_Waiting], error: Exception) -> None:
        """A defect met in company: each request is tried alone, so that only the one that has it is told of it."""
        if len(group) > 1:
            for each in group:
                self._serve([each])
            return
        place = traceback.extract_tb(error.__traceback__)[-1]
        self._told(f"a defect of the program: {type(error).__name__} at {place.name}, line {place.lineno}")
        group[0].problem = Problem(500, "a defect of the program; the operator is told. The events may be stored or not")
