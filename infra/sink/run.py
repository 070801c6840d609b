"""The sink's loop: reads and judges in this thread, stores in another; steps 4 to 7 are ``storing``'s, 8 may have a third.

1. The topics are looked at, and compared with what the ledger was filled from; logs are not mixed.
2. Partitions that are newly ours: the ledger says how far it goes, and reading begins there.
3. Messages are fetched, gathered, and judged into rows and dead letters. Nothing is stored yet.
8. The facts follow: at once near the head of the log, at the end when it was far away.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from threading import Event, current_thread
from typing import TypeVar

from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.sink.calls import Calls, Stuck
from opsledger.infra.sink.errors import Verdict, as_user_error, rule_of
from opsledger.infra.sink.facts_duty import FactsDuty
from opsledger.infra.sink.gather import Gather
from opsledger.infra.sink.goal import Goal
from opsledger.infra.sink.judging import Judging
from opsledger.infra.sink.options import SinkOptions
from opsledger.infra.sink.origin import Origin
from opsledger.infra.sink.retrier import Retrier, Stopped
from opsledger.infra.sink.status import Status
from opsledger.infra.sink.storing import Done, Storing
from opsledger.infra.sink.watch import Watch
from opsledger.infra.store import Store
from opsledger.ingest.log.client import KafkaError
from opsledger.ingest.log.group import Group, Place
from opsledger.ingest.log.reader import taken_at

__all__ = ["Sink", "SinkOptions"]
T = TypeVar("T")
QUEUED_LOADS = 2
"""Loads handed on and not stored yet: one at work, one behind it."""
GATHER_S = 0.2
"""Near the head of the log a chunk is handed on after so long, full or not."""
_POLL_S = 0.1
_SAY_EVERY_S = 3.0
_LOOK_EVERY_S = 0.25
_WAIT_S = 0.5


class Sink:
    """One run, from ``run`` to its end; ``stop`` may be called from a signal's handler or another thread."""

    def __init__(
        self,
        store: Store,
        kafka: KafkaSettings,
        options: SinkOptions,
        told: Callable[[Status], None] = lambda _status: None,
    ) -> None:
        self._options, self._told, self._kafka = options, told, kafka
        self._remote, self._stop = store.remote, Event()
        self.status = Status(options.name)
        self.left = ""
        """Why it left the client behind, where that did not come back after the stop."""
        chance = random.Random()  # noqa: S311  spreads retries in time, guards nothing
        self._retrier = Retrier(self._stop, self._troubled, self.status.over, chance)
        self._calls = Calls(self._stop, self._retrier, self._late)
        self._watch = Watch(lambda *at: self._calls.once("looking at an open transaction", lambda: taken_at(kafka.client, *at)))
        self._origin = Origin(store, kafka)
        self._storing = Storing(store, self._retrier, session_ms=options.session_ms)
        self._judging = Judging(kafka.topics, self._origin.partitions, store.clock)
        self._facts = FactsDuty(store, self._makes_facts, live=not options.until_end)
        self._gather, self._oldest = Gather(), 0.0
        self._said = self._looked = time.monotonic()
        self._engine = ThreadPoolExecutor(1, "sink-storing")
        # over the network the facts are made beside the storing; the embedded engine does one thing at a time anyhow
        self._maker = ThreadPoolExecutor(1, "sink-facts") if store.remote else self._engine
        self._loads: deque[Future[Done]] = deque()
        self._update: Future[None] | None = None

    def stop(self) -> None:
        """Have the run end after what was fetched is stored."""
        self._stop.set()

    def run(self) -> Status:
        """Work until stopped, or with ``until_end`` until all that was in the log at the start is stored.

        Raises UserError for what ends it before; what is stored by then stays, and the next start goes on from there.
        """
        self._thread = current_thread()
        try:
            ends = self._open()
            goal = Goal(ends if self._options.until_end else None, self._stored_up_to)
            group = self._calls.call("joining the group", self._join)
            try:
                self._loop(goal, group)
                self._tell_what_waits()
            finally:
                self._shut_down()
                with suppress(Stuck):
                    self._calls.once("leaving the group", group.close)
        except Stopped as stopped:  # it waited for a store or a log that is away; nothing that was counted is lost
            self.left = self.left or str(stopped)
        except KafkaError as error:
            raise as_user_error(error, "reading the log") from error
        finally:
            self._shut_down()
            self._calls.close()
        return self.status

    def _loop(self, goal: Goal, group: Group) -> None:
        try:
            while not self._stop.is_set() and not self._reached(goal, group):
                self._turn(group)
        except Stuck as stuck:  # asked to stop: what was fetched is stored without the client
            self.left = str(stuck)
        self._finish(group)

    def _troubled(self, error: BaseException, doing: str, pause_s: float) -> None:
        self.status.trouble(error, doing, pause_s)
        if current_thread() is self._thread:  # which does not come round while it waits; of other threads it tells itself
            self._told(self.status)

    def _late(self, doing: str, seconds: float) -> None:
        self.status.late(doing, seconds)
        self._told(self.status)

    def _tell_what_waits(self) -> None:
        """A drain ends before transactions that are open: they are told, for nothing else will."""
        if self._options.until_end and not self._stop.is_set() and self._origin.waiting:
            waiting = self._calls.call("looking at the log's end", self._origin.still_waiting)
            self.status.stuck = {place: self._watch.waiting(place, at, high) for place, (at, high) in waiting.items()}

    def _shut_down(self) -> None:
        for threads in (self._maker, self._engine):
            threads.shutdown(wait=True, cancel_futures=True)

    def _open(self) -> dict[Place, int]:
        """Step 1. How far the log goes now."""
        stored = self._asked("asking how far the ledger goes", self._origin.stored)
        ends = self._calls.call("looking at the log", lambda: self._origin.look(stored))
        self._asked("noting the log's topics", self._origin.note)
        return ends

    def _asked(self, doing: str, act: Callable[[], T]) -> T:
        return self._engine.submit(self._retrier.call, doing, act).result()

    def _join(self) -> Group:
        topics, options = self._origin.partitions, self._options
        name = f"{self._kafka.topics.prefix}.{options.group}"
        return Group(self._kafka.client, topics, name, options.name, self._storing.let_go, session_ms=options.session_ms)

    def _turn(self, group: Group) -> None:
        """One round of the loop."""
        for fetched in self._calls.call("reading the log", lambda: group.poll(_POLL_S)):
            if self._gather.is_empty:
                self._oldest = time.monotonic()
            self._gather.add(fetched)
        self._watch.polled()
        self._look_at_assignment(group)
        waited = not self._gather.is_empty and time.monotonic() - self._oldest >= GATHER_S
        if self._gather.is_full or (waited and self._can_store()):
            self._hand_on(group)
        self._collect(group)
        self._make_facts_when_due()
        if time.monotonic() - self._said >= _SAY_EVERY_S:
            # the client does not tell that another has taken our name: the answer to a commit does
            self._commit(group, self.status.settled)
        self._look_at_standings(group)
        self.status.turn(self._gather.rows, self._facts)
        self._told(self.status)

    def _look_at_standings(self, group: Group) -> None:
        if time.monotonic() - self._looked >= _LOOK_EVERY_S:
            self._looked = time.monotonic()
            self.status.look(group, self._watch)

    def _look_at_assignment(self, group: Group) -> None:
        ours = group.assigned()
        if ours != self.status.assigned:
            self._gather.drop(self.status.assigned - ours)
            self.status.assign(ours)
        if fresh := group.fresh():
            self._begin(group, fresh)

    def _begin(self, group: Group, places: frozenset[Place]) -> None:
        """Step 2. What was handed on before is stored first, so that the ledger's answer holds."""
        self._calls.call("looking at partitions that came", lambda: self._origin.admit(places))
        found = self._engine.submit(self._storing.positions, places, self._origin.streams).result()
        self._collect(group)
        ends = self._calls.call("looking at the log's end", lambda: group.ends(places))
        self._calls.call("looking at the log's end", lambda: self._origin.check_ends(found, ends))
        self._gather.begin(found)
        self.status.settle(found)
        self.status.see_ends(ends)
        group.seek(found)
        self._commit(group, found)

    def _hand_on(self, group: Group) -> None:
        """Step 3, then the load waits for its turn; meanwhile we stay a member of the group."""
        load = self._judging.judge(self._gather.take())
        self._drain(group, QUEUED_LOADS - 1)
        self._loads.append(self._engine.submit(self._storing.store, load))

    def _drain(self, group: Group, left: int = 0) -> None:
        """Wait until so many loads are left."""
        while len(self._loads) > left:
            self._collect(group, _WAIT_S)
            if len(self._loads) > left:
                self._idle(group)

    def _idle(self, group: Group) -> None:
        with suppress(Stuck):  # we are asked to stop, and what is on its way is stored without the client
            self._calls.call("staying in the group", group.idle)
        self.status.turn(self._gather.rows, self._facts)
        self._told(self.status)

    def _collect(self, group: Group, wait_s: float = 0.0) -> None:
        """Step 7 for all that is stored; raises what ended the storing."""
        while self._loads:
            try:
                done = self._loads[0].result(timeout=wait_s)
            except NotYet:
                return
            self._loads.popleft()
            self._facts.stored()
            self.status.add(done)
            if again := done.again & self._ours(group):
                self._gather.drop(again)
                group.hold(again)
            self._commit(group, done.settled)

    def _commit(self, group: Group, positions: dict[Place, int]) -> None:
        """For those who watch: what fails is told again with the next. Only who has lost its name has to hear of it."""
        self._said = time.monotonic()
        try:
            self._calls.once("telling how far it is", lambda: group.commit(positions))
        except Stuck:  # we are asked to stop
            return
        except KafkaError as error:
            if rule_of(error).verdict is Verdict.PERMANENT:
                raise

    def _makes_facts(self) -> bool:
        return not self._remote or (self._kafka.topics.of("call"), 0) in self.status.assigned

    def _makes_facts_now(self) -> bool:
        return self._update is not None and not self._update.done()

    def _can_store(self) -> bool:
        """Whether what is handed on now waits for nothing."""
        return not self._loads and (self._maker is not self._engine or not self._makes_facts_now())

    def _make_facts_when_due(self) -> None:
        """Step 8; where it is done in the thread that stores, while nothing waits to be stored."""
        if self._makes_facts_now() or (self._loads and self._maker is self._engine):
            return
        if self._update is not None:
            self._update.result()
            self._update = None
        if self._facts.is_due(self.status.to_read()):
            self._begin_facts()

    def _begin_facts(self) -> None:
        self._update = self._maker.submit(self._retrier.call, "making the facts", self._facts.update)

    def _finish(self, group: Group) -> None:
        """What was fetched is stored, and the facts follow."""
        self._gather.drop(self.status.assigned - self._ours(group))
        if not self._gather.is_empty:
            self._hand_on(group)
        self._drain(group)
        self._await_facts(group)
        if self._facts.is_owed():
            self._begin_facts()
            self._await_facts(group)
        self._commit(group, self.status.settled)  # what a rebalance refused meanwhile
        self.status.turn(0, self._facts)
        self._told(self.status)

    def _ours(self, group: Group) -> frozenset[Place]:
        """Our partitions; of a client that does not come back those that were ours: the ledger refuses what others have."""
        return self.status.assigned if self._calls.is_stuck else group.assigned()

    def _await_facts(self, group: Group) -> None:
        while self._update is not None and not self._update.done():
            self._idle(group)
            with suppress(NotYet):
                self._update.result(timeout=_WAIT_S)
        if self._update is not None:
            self._update.result()

    def _reached(self, goal: Goal, group: Group) -> bool:
        if self._loads or not self._gather.is_empty:
            return False
        return goal.is_reached(group, self.status.settled)

    def _stored_up_to(self, ends: Mapping[Place, int]) -> frozenset[Place]:
        return self._asked("asking how far the ledger goes", lambda: self._storing.has_all(ends))
