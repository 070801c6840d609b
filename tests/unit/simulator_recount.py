"""A recount of a simulated file from its events alone, by the definitions of the metrics, to be held against the truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from opsledger.ingest.simulator.truth import QueueDay, Truth


def ms(later: datetime, earlier: datetime) -> int:
    delta = later - earlier
    return delta.days * 86_400_000 + delta.seconds * 1000 + delta.microseconds // 1000


def kind(event: Any) -> str:
    return str(event.__struct_config__.tag)


@dataclass
class Leg:
    queue: str
    began: datetime
    held_at: datetime | None = None
    hold_ms: int = 0
    row: QueueDay | None = None


@dataclass
class CallState:
    call: str
    entry: tuple[datetime, str] | None = None
    rung: bool = False
    ended: bool = False
    open_legs: dict[str, Leg] = field(default_factory=dict)
    last_legs: dict[str, Leg] = field(default_factory=dict)


class Recount:
    """Queue entries by the local day of queueing, legs by the local day on which they end."""

    def __init__(self, events: Iterable[Any], zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self.queues: dict[tuple[str, str], QueueDay] = defaultdict(QueueDay)
        self.leg_spans: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        self.problems: list[str] = []
        self.waiting = 0
        calls: dict[str, list[Any]] = defaultdict(list)
        for event in events:
            if kind(event).startswith("call."):
                calls[event.subject].append(event)
        for call, own in calls.items():
            self._call(call, sorted(own, key=lambda e: e.time))

    def differences(self, truth: Truth) -> list[str]:
        """Where the recount and the simulator's own count are not the same; empty when they agree."""
        found = []
        for day, queue in sorted(set(self.queues) | set(truth.queues)):
            mine, its = asdict(self.queues[day, queue]), asdict(truth.queue(day, queue))
            mine["left"], its["left"] = +Counter(mine["left"]), +Counter(its["left"])
            found += [f"{day} {queue} {n}: {mine[n]} in the lines, {its[n]} counted" for n in mine if mine[n] != its[n]]
        return found

    def _row(self, at: datetime, queue: str) -> QueueDay:
        return self.queues[at.astimezone(self.zone).date().isoformat(), queue]

    def _call(self, call: str, events: list[Any]) -> None:
        state = CallState(call)
        if kind(events[0]) != "call.offered":
            self.problems.append(f"{call} begins with {kind(events[0])}")
        for event in events:
            name = kind(event)[5:]
            if state.ended and name not in ("wrapped_up", "surveyed", "released"):
                self.problems.append(f"{call}: {name} after the end")
            step = getattr(self, f"_{name}", None)
            if step is not None:
                step(state, event.time, event.data)
        self.waiting += state.entry is not None
        if not state.ended or state.open_legs:
            self.problems.append(f"{call} never ends")

    def _queued(self, state: CallState, at: datetime, data: Any) -> None:
        if state.entry:
            self.problems.append(f"{state.call}: queued twice at once")
        state.entry, state.rung = (at, data.queue), False
        self._row(at, data.queue).entries += 1

    def _rung(self, state: CallState, at: datetime, data: Any) -> None:
        state.rung = True

    def _answered(self, state: CallState, at: datetime, data: Any) -> None:
        state.open_legs[data.agent] = Leg(data.queue or "", at)
        if data.queue is None or (entry := self._entry(state, data.queue, "answered")) is None:
            return
        row, wait = self._row(entry, data.queue), ms(at, entry)
        row.answered += 1
        row.within_15s += wait <= 15_000
        row.within_20s += wait <= 20_000
        row.answered_wait_ms += wait

    def _left_queue(self, state: CallState, at: datetime, data: Any) -> None:
        if (entry := self._entry(state, data.queue, "left")) is None:
            return
        row, wait = self._row(entry, data.queue), ms(at, entry)
        row.left[data.reason] += 1
        row.left_wait_ms += wait
        if data.reason == "abandoned":
            row.abandoned_wait_ms += wait
            row.abandoned_unrung += not state.rung

    def _entry(self, state: CallState, queue: str, what: str) -> datetime | None:
        entry, state.entry = state.entry, None
        if entry is None or entry[1] != queue:
            self.problems.append(f"{state.call}: {what} {queue} without being queued there")
            return None
        return entry[0]

    def _held(self, state: CallState, at: datetime, data: Any) -> None:
        if data.agent in state.open_legs:
            state.open_legs[data.agent].held_at = at
        else:
            self.problems.append(f"{state.call}: held by {data.agent} who is not on the call")

    def _resumed(self, state: CallState, at: datetime, data: Any) -> None:
        leg = state.open_legs.get(data.agent)
        if leg is not None and leg.held_at is not None:
            leg.hold_ms, leg.held_at = leg.hold_ms + ms(at, leg.held_at), None

    def _released(self, state: CallState, at: datetime, data: Any) -> None:
        self._leg_over(state, data.agent, at, passed=False)

    def _transferred(self, state: CallState, at: datetime, data: Any) -> None:
        self._leg_over(state, data.from_agent, at, passed=True)

    def _ended(self, state: CallState, at: datetime, data: Any) -> None:
        state.ended = True
        for agent in list(state.open_legs):
            self._leg_over(state, agent, at, passed=False)

    def _wrapped_up(self, state: CallState, at: datetime, data: Any) -> None:
        leg = state.last_legs.get(data.agent)
        if leg is not None and leg.row is not None:
            leg.row.wrap_up_ms += ms(at, data.started_at)

    def _leg_over(self, state: CallState, agent: str, at: datetime, *, passed: bool) -> None:
        leg = state.open_legs.pop(agent, None)
        if leg is None:
            return
        leg.hold_ms += ms(at, leg.held_at) if leg.held_at else 0
        leg.row = row = self._row(at, leg.queue)
        row.legs += 1
        row.legs_held += leg.hold_ms > 0
        row.legs_transferred += passed
        row.hold_ms += leg.hold_ms
        row.talk_ms += ms(at, leg.began) - leg.hold_ms
        state.last_legs[agent] = leg
        self.leg_spans[agent].append((leg.began, at))
