"""Trouble planted on request: events that contradict each other, come late, or come twice."""

from __future__ import annotations

from collections.abc import Callable

from opsledger.ingest.simulator.journal import Timed, in_time
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.staff import Call
from opsledger.ingest.simulator.world import World

_SOONEST_H, _SPAN_H = 26, 48


class Contradictions:
    """Adds events to a share of the calls that cannot be true."""

    def __init__(self, world: World, rate: float) -> None:
        self._rate, self._journal, self._truth = rate, world.journal, world.truth
        self._chance = world.chance("contradictions")
        form = world.journal.form
        self._answered, self._ended, self._held = form("call.answered", "queue"), form("call.ended"), form("call.held")
        self._left, self._queued = form("call.left_queue"), form("call.queued")
        self._wrapped = form("call.wrapped_up")

    def spoil(self, at: int, call: Call) -> None:
        """Maybe contradicts a contact that has just been offered."""
        if self._chance() >= self._rate:
            return
        plant, code = self._journal.plant, call.code
        kind = int(self._chance() * 6)
        self._truth.things["contradictions"] += 1
        if kind == 0:  # answered before it was offered
            plant(at - 2000, self._answered, code, b"a1001", b"consult", b"")
        elif kind == 1:  # ended twice, the first time before anything happened
            plant(at + 1, self._ended, code, b"system", b"")
        elif kind == 2:  # something happens a day after the end
            plant(at + 24 * 3_600_000, self._held, code, b"a1001", b"")
        elif kind == 3:  # left a queue that it had not entered
            plant(at - 1000, self._left, code, b"consult", b"abandoned", b"")
        elif kind == 4:  # answered before it was queued
            plant(at + 1, self._answered, code, b"a1002", b"overflow", b"")
            plant(at + 900, self._queued, code, b"overflow", b"")
        else:  # wrap-up that ends before it begins, of a conversation that was not
            began = self._journal.stamp(at + 60_000)
            plant(at + 30_000, self._wrapped, code, b"a1003", began, b"other", b"")


class Delivery:
    """Changes when a line is handed over, never what it says."""

    def __init__(self, options: Options, chance: Callable[[], float]) -> None:
        self._late, self._twice, self._chance = options.late, options.duplicates, chance
        self._held: dict[int, list[Timed]] = {}
        self.late = self.duplicates = 0

    def pass_on(self, hour: int, lines: list[Timed]) -> list[Timed]:
        """What is handed over in an hour: its lines but those held back, and those of earlier hours that are due."""
        if not self._late and not self._twice:
            return lines
        now = []
        for timed in lines:
            if self._chance() < self._late:
                self._hold(hour + _SOONEST_H + int(self._chance() * _SPAN_H), timed)
                self.late += 1
            else:
                now.append(timed)
            if self._chance() < self._twice:
                self._hold(hour + 1 + int(self._chance() * _SPAN_H), timed)
                self.duplicates += 1
        return sorted([*now, *self._due(hour)], key=in_time)

    def _hold(self, hour: int, timed: Timed) -> None:
        self._held.setdefault(hour, []).append(timed)

    def _due(self, hour: int) -> list[Timed]:
        ready = sorted(h for h in self._held if h <= hour)
        return [timed for h in ready for timed in self._held.pop(h)]

    def rest(self) -> list[Timed]:
        """What is still held back when everything else has been handed over."""
        return [timed for hour in sorted(self._held) for timed in self._held.pop(hour)]
