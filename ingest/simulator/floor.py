"""The floor: callers wait, telephones ring, agents come, pause and go. A discrete-event simulation, one handler an event."""

from __future__ import annotations

from collections.abc import Callable

from opsledger.ingest.simulator.chance import SIZE, lengths
from opsledger.ingest.simulator.staff import BUSY, IDLE, OFF, PAUSED, Agent, Call, Pool, Queue
from opsledger.ingest.simulator.world import World

Answered = Callable[[int, Agent, Call, Queue | None], object]
Left = Callable[[int, Call, Queue, str], None]
Free = Callable[[int, Agent], bool]

_MISSED, _REJECTED = 0.022, 0.004
_WANTS_CALLBACK, _PRESSES_KEY = 0.03, 0.05
_DROPPED = 0.3
_DIVERT_AT = 0.15
_NO_ANSWER_MS = 15_000


def _nothing(*_: object) -> bool:
    return False


def _nobody(*_: object) -> None:
    """Stands in until the parts are wired."""


class Floor:
    """Queues and agents. ``answered``, ``left`` and ``take_task`` are set by those who go on from there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.answered: Answered = _nothing
        self.left: Left = _nobody
        self.take_task: Free = _nothing
        self.broken_until = 0
        self._chance = world.chance("floor")
        self._rings = lengths(4.5, 0.45, 1, 14)
        form = world.journal.form
        self._queued, self._queued_first = form("call.queued", "position"), form("call.queued", "priority", "position")
        self._rung, self._missed, self._left = form("call.rung"), form("call.ring_missed"), form("call.left_queue")
        self._state, self._state_why = form("shift.state_changed"), form("shift.state_changed", "reason")
        self._in, self._out = form("shift.signed_in"), form("shift.signed_out")

    def state(self, at: int, agent: Agent, state: bytes, reason: bytes = b"") -> None:
        """Writes down what an agent does from now on."""
        if reason:
            self.world.journal.add(at, self._state_why, agent.shift, agent.code, state, reason, agent.tail)
        else:
            self.world.journal.add(at, self._state, agent.shift, agent.code, state, agent.tail)

    def enqueue(self, at: int, call: Call, queue: Queue) -> None:
        """A contact asks for a queue: it is refused, rings at a free agent, or waits."""
        add, priority = self.world.journal.add, queue.spec.priority
        call.queue, call.entered, call.rung, call.agent = queue, at, 0, None
        call.turn += 1
        call.row = self.world.truth.queue(self.world.day_name(at), queue.spec.code)
        call.row.entries += 1
        if priority is None:
            add(at, self._queued, call.code, queue.code, queue.size + 1, queue.tail)
        else:
            add(at, self._queued_first, call.code, queue.code, priority, queue.size + 1, queue.tail)
        refusal = self._refusal(at, call, queue)
        if refusal:
            self.world.agenda.at(at + 5 + int(self._chance() * 30), self.leave, call, call.turn, refusal)
            return
        self._plan_leaving(at, call, queue)
        agent = next(iter(queue.idle), None)
        if agent is not None:
            self.ring(at, agent, call)
        else:
            self._wait(call, queue, first=False)
            self.world.agenda.at(call.leave_at, self.leave, call, call.turn, call.leave_why)

    def _refusal(self, at: int, call: Call, queue: Queue) -> str:
        if at < self.broken_until and call.channel == "phone" and self._chance() < _DROPPED:
            return "system"
        if not queue.opens_at <= at < queue.closes_at:
            return "closed"
        if queue.overflow and queue.overflow.staffed and queue.size >= _DIVERT_AT * queue.staffed:
            return "diverted"
        if queue.staffed == 0:
            return "join_empty"
        return "full" if queue.size >= queue.room else ""

    def _plan_leaving(self, at: int, call: Call, queue: Queue) -> None:
        """When and why this contact would give up, if nobody answers before."""
        chance, voice = self._chance, call.channel == "phone"
        wait, limit = queue.patience[int(chance() * SIZE)], int(queue.spec.max_wait_s * 1000)
        why = "abandoned" if voice or (call.channel == "chat" and chance() < 0.85) else "withdrawn"
        if wait >= limit:
            wait, why = limit, "timeout"
        mood = chance()
        if voice and mood < _PRESSES_KEY:
            pressed = 12_000 + int(chance() * 60_000)
            if pressed < wait:
                wait, why = pressed, "callback" if mood < _WANTS_CALLBACK else "key"
        call.leave_at, call.leave_why = at + wait, why

    def _wait(self, call: Call, queue: Queue, *, first: bool) -> None:
        call.waiting = True
        queue.size += 1
        place = (call, call.turn)
        if first:
            queue.waiters.appendleft(place)
        else:
            queue.waiters.append(place)

    def ring(self, at: int, agent: Agent, call: Call) -> None:
        """The contact rings at a free agent."""
        chance = self._chance
        self._take(agent)
        call.agent, call.rung = agent, call.rung + 1
        self.world.journal.add(at, self._rung, call.code, agent.code, agent.tail)
        self.state(at, agent, b"ringing")
        mood, why = chance(), b""
        took = self._rings[int(chance() * SIZE)]
        if mood < _MISSED:
            why, took = (b"rejected", took) if mood < _REJECTED else (b"no_answer", _NO_ANSWER_MS)
        self.world.agenda.at(at + took, self._rung_out, call, call.turn, agent, why, took)
        if call.leave_at < at + took:  # while it waited its leaving was planned already; twice does no harm
            self.world.agenda.at(max(call.leave_at, at + 1), self.leave, call, call.turn, call.leave_why)

    def _rung_out(self, at: int, call: Call, turn: int, agent: Agent, why: bytes, took: int) -> None:
        if call.turn != turn or call.agent is not agent or call.queue is None or call.row is None:
            return
        if why:
            self._miss(at, call, agent, why, took)
            return
        call.turn += 1
        row, wait = call.row, at - call.entered
        row.answered += 1
        row.within_15s += wait <= 15_000
        row.within_20s += wait <= 20_000
        row.answered_wait_ms += wait
        self.answered(at, agent, call, call.queue)

    def _miss(self, at: int, call: Call, agent: Agent, why: bytes, took: int) -> None:
        self.world.journal.add(at, self._missed, call.code, agent.code, took, why, agent.tail)
        call.agent, queue = None, call.queue
        agent.pauses.insert(0, (b"away", b"ring_no_answer", 20_000 + int(self._chance() * 90_000)))
        self.free(at, agent)
        if queue is None:
            return
        other = next(iter(queue.idle), None)
        if other is not None:
            self.ring(at + 1, other, call)
            return
        self._wait(call, queue, first=True)
        self.world.agenda.at(max(call.leave_at, at + 1), self.leave, call, call.turn, call.leave_why)

    def leave(self, at: int, call: Call, turn: int, why: str) -> None:
        """The contact leaves the queue without an answer, unless it has left or was answered before."""
        queue, row = call.queue, call.row
        if call.turn != turn or queue is None or row is None:
            return
        call.turn += 1
        agent, call.agent = call.agent, None
        if call.waiting:
            call.waiting = False
            queue.size -= 1
        self.world.journal.add(at, self._left, call.code, queue.code, why.encode(), queue.tail)
        wait = at - call.entered
        row.left[why] += 1
        row.left_wait_ms += wait
        if why == "abandoned":
            row.abandoned_wait_ms += wait
            row.abandoned_unrung += call.rung == 0
        if agent is not None:
            self.free(at, agent)
        self.left(at, call, queue, why)

    def free(self, at: int, agent: Agent) -> None:
        """An agent has nothing in hand: goes home, pauses, takes who waits, or is idle."""
        if agent.leaving:
            self.sign_out(at, agent)
        elif agent.pool.down_until > at:
            self._go_away(at, agent)
        elif agent.pauses:
            self._pause(at, agent, *agent.pauses.pop(0))
        elif not self._serve(at, agent) and not self.take_task(at, agent):
            agent.state = IDLE
            self.state(at, agent, b"idle")
            for queue in agent.queues:
                queue.idle[agent] = None

    def _serve(self, at: int, agent: Agent) -> bool:
        for queue in agent.queues:
            while queue.waiters:
                call, turn = queue.waiters.popleft()
                if call.turn == turn and call.waiting:
                    call.waiting = False
                    queue.size -= 1
                    self.ring(at, agent, call)
                    return True
        return False

    def _take(self, agent: Agent) -> None:
        agent.state = BUSY
        for queue in agent.queues:
            queue.idle.pop(agent, None)

    def engage(self, agent: Agent) -> None:
        """Takes an agent for something that is not a queue's call."""
        self._take(agent)

    def pause(self, at: int, agent: Agent, state: bytes, reason: bytes, length: int) -> None:
        """A break, meeting or training falls due: now if the agent is idle, else after what is in hand."""
        if agent.state == IDLE:
            self._pause(at, agent, state, reason, length)
        elif agent.state != OFF:
            agent.pauses.append((state, reason, length))

    def _pause(self, at: int, agent: Agent, state: bytes, reason: bytes, length: int) -> None:
        self._take(agent)
        agent.state = PAUSED
        self.state(at, agent, state, reason)
        self.world.agenda.at(at + length, self.free, agent)

    def sign_in(self, at: int, agent: Agent, shift: bytes) -> None:
        """An agent starts to work."""
        agent.shift, agent.leaving = shift, False
        agent.pauses.clear()
        agent.state = BUSY
        self.world.journal.add(at, self._in, shift, agent.code, agent.tail)
        self._staff(at, agent, 1)
        self.free(at + 1, agent)

    def shift_over(self, at: int, agent: Agent, shift: bytes) -> None:
        """The shift ends: the agent goes home now, or after what is in hand."""
        if agent.shift != shift or agent.state == OFF:
            return
        if agent.state == IDLE:
            self.sign_out(at, agent)
        else:
            agent.leaving = True

    def sign_out(self, at: int, agent: Agent) -> None:
        """An agent goes home."""
        self._take(agent)
        agent.state, agent.leaving = OFF, False
        self.world.journal.add(at, self._out, agent.shift, agent.code, agent.tail)
        self._staff(at, agent, -1)

    def outage(self, at: int, pool: Pool, length: int) -> None:
        """A site has no power: whoever is idle or gets free is away until it is back."""
        pool.down_until = at + length
        for agent in pool.agents:
            if agent.state == IDLE:
                self._go_away(at, agent)

    def _go_away(self, at: int, agent: Agent) -> None:
        self._take(agent)
        agent.state = PAUSED
        self.state(at, agent, b"away", b"outage")
        self._staff(at, agent, -1)
        self.world.agenda.at(agent.pool.down_until, self._come_back, agent)

    def _come_back(self, at: int, agent: Agent) -> None:
        self._staff(at, agent, 1)
        self.free(at, agent)

    def _staff(self, at: int, agent: Agent, change: int) -> None:
        for queue in agent.queues:
            queue.staffed += change
            if queue.staffed == 0:
                for call, turn in list(queue.waiters):
                    if call.waiting and call.turn == turn:
                        self.leave(at + 1, call, turn, "leave_empty")

    def drop_waiting(self, at: int, queue: Queue) -> None:
        """The switch fails: it loses whoever waits."""
        for call, turn in list(queue.waiters):
            if call.waiting and call.turn == turn:
                self.leave(at, call, turn, "system")
