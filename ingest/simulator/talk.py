"""The conversation: talk, holds, conferences, transfers, the end, wrap-up and survey of one agent's leg of a call."""

from __future__ import annotations

from collections.abc import Callable

from opsledger.ingest.simulator.centre import SERVICE, Topic
from opsledger.ingest.simulator.chance import SIZE, lengths, wheel
from opsledger.ingest.simulator.floor import Floor
from opsledger.ingest.simulator.journal import quoted
from opsledger.ingest.simulator.staff import Agent, Call, Queue
from opsledger.ingest.simulator.world import World

After = Callable[[int, Agent, Call, Topic, bool], None]

_HOLDS, _HOLDS_TWICE, _CONFERENCE, _MAX_LEGS = 0.11, 0.02, 0.012, 4
_TRANSFERS = {"consult": 0.06, "overflow": 0.06, "orders": 0.03, "chat": 0.02, "vip": 0.04}
_TARGETS = wheel(("queue", 45), ("agent", 28), ("external", 21), ("ivr", 6))
_SPECIALISTS = wheel((b"orders", 40), (b"repair", 40), (b"complaint", 20))
_EXTERNAL = (b"01088880001", b"01088880002", b"02166660003")
_SURVEYED, _RATED, _UNWRAPPED, _UNMARKED = 0.32, 0.45, 0.03, 0.05
_PATIENT_MS = 60_000
_BOOLS = (b"false", b"true")


class Talk:
    """Everything from an answer to the end of that agent's wrap-up."""

    def __init__(self, world: World, floor: Floor, queues: dict[str, Queue]) -> None:
        self.world, self.floor, self.queues = world, floor, queues
        self.after: After = lambda *_: None
        self._chance = world.chance("talk")
        self._holds = lengths(40, 0.7, 3, 420)
        self._consult_ms = lengths(22, 0.5, 4, 90)
        form = world.journal.form
        self._direct, self._answered = form("call.answered"), form("call.answered", "queue")
        self._held, self._resumed = form("call.held"), form("call.resumed")
        self._conferenced, self._released = form("call.conferenced"), form("call.released")
        self._transferred, self._rung = form("call.transferred"), form("call.rung")
        self._ended, self._ended_why = form("call.ended"), form("call.ended", "cause")
        self._wrapped: dict[tuple[str, ...], bytes] = {
            marks: form("call.wrapped_up", "category", *marks)
            for marks in ((), ("accepted",), ("resolved",), ("accepted", "resolved"))
        }
        self._asked, self._rated = form("call.surveyed"), form("call.surveyed", "score", "scale", "satisfied")
        self._ivr_entered, self._ivr_left = form("call.ivr_entered"), form("call.ivr_left")

    def answer(self, at: int, agent: Agent, call: Call, queue: Queue | None, told: int = 0) -> int:
        """An agent takes the contact, out of a queue or directly (after an introduction of ``told`` ms).

        Returns when the conversation ends.
        """
        add, chance = self.world.journal.add, self._chance
        call.agent, call.legs = agent, call.legs + 1
        if queue is None:
            add(at, self._direct, call.code, agent.code, agent.tail)
        else:
            add(at, self._answered, call.code, agent.code, queue.code, agent.tail)
        self.floor.state(at, agent, b"talking")
        desk = queue or agent.queues[0]
        if queue is not None or call.topic is None:
            topics = desk.spec.topics
            call.topic = topics[int(chance() * len(topics))]
        talk = int(desk.talks[int(chance() * SIZE)] * agent.speed) + told
        held = self._hold(at, talk, agent, call) if chance() < _HOLDS and not told else 0
        if chance() < _CONFERENCE:
            add(at + talk // 2 + held, self._conferenced, call.code, agent.code, _EXTERNAL[0], agent.tail)
        end = at + talk + held
        if call.legs < _MAX_LEGS and queue is not None and chance() < _TRANSFERS.get(desk.spec.code, 0.015):
            self.world.agenda.at(end, self._pass_on, agent, call, queue, at, held)
        else:
            self._finish(end, agent, call, queue, at, held)
        return end

    def _hold(self, at: int, talk: int, agent: Agent, call: Call) -> int:
        """Writes one hold or two within the first half of the talk. Returns their length together."""
        chance, add, total = self._chance, self.world.journal.add, 0
        for n in range(1 + (chance() < _HOLDS_TWICE / _HOLDS)):
            start = at + talk // 4 + n * (talk // 8) + total
            length = self._holds[int(chance() * SIZE)]
            add(start, self._held, call.code, agent.code, agent.tail)
            self.floor.state(start, agent, b"holding")
            add(start + length, self._resumed, call.code, agent.code, agent.tail)
            self.floor.state(start + length, agent, b"talking")
            total += length
        return total

    def _finish(self, end: int, agent: Agent, call: Call, queue: Queue | None, began: int, held: int) -> None:
        """The contact is over: the customer or the agent hangs up."""
        chance = self._chance
        by_agent = chance() < (0.9 if call.channel == "email" else 0.22)
        self.world.journal.add(end, self._released, call.code, agent.code, agent.tail)
        over = end + 1 + int(chance() * 60)
        self.end(over, call, b"agent" if by_agent else b"customer")
        if chance() < _SURVEYED and call.channel != "email":
            self._survey(over + 4000 + int(chance() * 30_000), agent, call)
        self._wrap(end, agent, call, queue, began, held, passed=False)

    def end(self, at: int, call: Call, by: bytes, cause: bytes = b"") -> None:
        """The contact is over for the customer."""
        if cause:
            self.world.journal.add(at, self._ended_why, call.code, by, cause, b"")
        else:
            self.world.journal.add(at, self._ended, call.code, by, b"")

    def _survey(self, at: int, agent: Agent, call: Call) -> None:
        chance, add = self._chance, self.world.journal.add
        if chance() >= _RATED:
            add(at, self._asked, call.code, b"false", agent.tail)
            return
        row = call.row
        waited = row is not None and call.entered and at - call.entered > 20 * _PATIENT_MS
        good = chance() < agent.grace - (0.25 if waited else 0)
        score = (b"5" if chance() < 0.8 else b"4") if good else (b"3", b"2", b"1")[int(chance() * 3)]
        add(at, self._rated, call.code, b"true", score, b"5", _BOOLS[good], agent.tail)

    def _wrap(self, end: int, agent: Agent, call: Call, queue: Queue | None, began: int, held: int, *, passed: bool) -> None:
        """Counts the leg, writes its wrap-up, and frees the agent after it."""
        chance, topic = self._chance, call.topic
        desk = queue or agent.queues[0]
        wrap = int(desk.wraps[int(chance() * SIZE)] * agent.speed) // (3 if passed else 1)
        if chance() < _UNWRAPPED or topic is None:
            wrap = 0
        row = self.world.truth.queue(self.world.day_name(end), queue.spec.code if queue else "")
        row.legs += 1
        row.legs_held += held > 0
        row.legs_transferred += passed
        row.talk_ms += end - began - held
        row.hold_ms += held
        row.wrap_up_ms += wrap
        if wrap and topic is not None:
            self.floor.state(end, agent, b"wrap_up")
            settled = chance() < 0.84 and not passed
            self._write_wrap(end, end + wrap, agent, call, topic, settled)
            if not passed:
                self.after(end + wrap, agent, call, topic, settled)
        self.world.agenda.at(end + max(wrap, 1), self.floor.free, agent)

    def _write_wrap(self, began: int, at: int, agent: Agent, call: Call, topic: Topic, settled: bool) -> None:
        chance = self._chance
        marks: tuple[str, ...] = ("accepted",) if topic.accepted else ()
        accepted = bool(topic.accepted) and chance() < topic.accepted
        values: tuple[bytes, ...] = (_BOOLS[accepted],) if topic.accepted else ()
        if call.campaign is not None:
            call.campaign.accepted += accepted
            call.campaign.refused += not accepted
        if chance() >= _UNMARKED:
            marks, values = (*marks, "resolved"), (*values, _BOOLS[settled])
        self.world.journal.add(
            at,
            self._wrapped[marks],
            call.code,
            agent.code,
            self.world.journal.stamp(began),
            topic.nature.encode(),
            quoted(topic.category),
            *values,
            agent.tail,
        )

    def _pass_on(self, at: int, agent: Agent, call: Call, queue: Queue, began: int, held: int) -> None:
        """The agent passes the contact on; where nobody can take it, the conversation ends instead."""
        chance = self._chance
        kind = _TARGETS[int(chance() * len(_TARGETS))]
        if kind == "agent":
            colleague = self._colleague(queue)
            if colleague is None:
                self._finish(at, agent, call, queue, began, held)
            elif chance() < 0.6:
                self._introduce(at, agent, colleague, call, queue, began, held)
            else:
                self._transfer(at, agent, call, queue, b"agent", colleague.code, began, held)
                self._call_colleague(at + 200, colleague, call)
        elif kind == "queue":
            self._to_queue(at, agent, call, queue, began, held)
        else:
            self._outside(at, agent, call, queue, kind, began, held)

    def _to_queue(self, at: int, agent: Agent, call: Call, queue: Queue, began: int, held: int) -> None:
        target = self.queues[_SPECIALISTS[int(self._chance() * len(_SPECIALISTS))].decode()]
        if target is queue or not target.opens_at <= at < target.closes_at:
            self._finish(at, agent, call, queue, began, held)
            return
        self._transfer(at, agent, call, queue, b"queue", target.code, began, held)
        self.world.agenda.at(at + 150, self.floor.enqueue, call, target)

    def _outside(self, at: int, agent: Agent, call: Call, queue: Queue, kind: str, began: int, held: int) -> None:
        chance = self._chance
        number = _EXTERNAL[int(chance() * len(_EXTERNAL))] if kind == "external" else b"survey-menu"
        self._transfer(at, agent, call, queue, kind.encode(), number, began, held)
        over = at + 20_000 + int(chance() * 240_000)
        if kind == "ivr":
            self.world.journal.add(at + 120, self._ivr_entered, call.code, number, b"")
            self.world.journal.add(over, self._ivr_left, call.code, b"self_served", b"")
            self.world.truth.things["second_ivr"] += 1
        self.end(over + 80, call, b"customer")

    def _transfer(self, at: int, agent: Agent, call: Call, queue: Queue, kind: bytes, to: bytes, began: int, held: int) -> None:
        add, mode = self.world.journal.add, b"blind"
        add(at, self._transferred, call.code, agent.code, kind, to, mode, agent.tail)
        add(at + 1, self._released, call.code, agent.code, agent.tail)
        self._wrap(at, agent, call, queue, began, held, passed=True)

    def _colleague(self, queue: Queue) -> Agent | None:
        """Somebody free: of another group where one is, else of the same."""
        others = self.queues["vip"] if queue.spec.hotline == SERVICE else queue
        return next(iter(others.idle), None) or next(iter(queue.idle), None)

    def _call_colleague(self, at: int, colleague: Agent, call: Call) -> None:
        """The contact rings at a colleague, who takes it: a leg without a queue."""
        took = 1500 + int(self._chance() * 5000)
        self.floor.engage(colleague)
        self.world.journal.add(at, self._rung, call.code, colleague.code, colleague.tail)
        self.floor.state(at, colleague, b"ringing")
        call.turn += 1
        self.world.agenda.at(at + took, self.answer, colleague, call, None)

    def _introduce(self, at: int, agent: Agent, colleague: Agent, call: Call, queue: Queue, began: int, held: int) -> None:
        """An attended transfer: the customer is held, the colleague is told, then the first agent leaves."""
        add, chance = self.world.journal.add, self._chance
        add(at, self._held, call.code, agent.code, agent.tail)
        self.floor.state(at, agent, b"holding")
        ring = 1500 + int(chance() * 5000)
        self.floor.engage(colleague)
        add(at + 600, self._rung, call.code, colleague.code, colleague.tail)
        self.floor.state(at + 600, colleague, b"ringing")
        told = self._consult_ms[int(chance() * SIZE)]
        self.world.agenda.at(at + 600 + ring, self._told, agent, colleague, call, queue, began, (held, told, at))

    def _told(
        self,
        at: int,
        agent: Agent,
        colleague: Agent,
        call: Call,
        queue: Queue,
        began: int,
        holds: tuple[int, int, int],
    ) -> None:
        held, told, asked = holds
        add, gone = self.world.journal.add, at + told
        add(gone, self._transferred, call.code, agent.code, b"agent", colleague.code, b"attended", agent.tail)
        add(gone + 1, self._released, call.code, agent.code, agent.tail)
        self._wrap(gone, agent, call, queue, began, held + gone - asked, passed=True)
        self.answer(at, colleague, call, None, told)
