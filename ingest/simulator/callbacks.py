"""Promises to call back, and the outbound agents who keep them or forget to; campaign calls fill their day."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from opsledger.ingest.simulator.centre import CAMPAIGNS, DIAL, OUTBOUND, VISIT, Topic
from opsledger.ingest.simulator.chance import wheel
from opsledger.ingest.simulator.floor import Floor
from opsledger.ingest.simulator.journal import HOUR_MS, quoted
from opsledger.ingest.simulator.staff import BUSY, Agent, Call, Pool, Queue
from opsledger.ingest.simulator.world import World

Answer = Callable[[int, Agent, Call, Queue | None], int]

_FORGOTTEN, _CANCELLED, _REACHED, _CHECKED, _ACCURATE = 0.04, 0.04, 0.72, 0.15, 0.94
_MISSES = wheel((b"no_answer", 80), (b"refused", 14), (b"wrong_number", 6))
_MAX_TRIES = 3
_CAMPAIGN, _CAMPAIGN_FROM_H = 0.12, 9.5
_REASONS = ("客户已自行解决", "客户要求取消", "重复登记")
_BOOLS = (b"false", b"true")


@dataclass(slots=True)
class Task:
    """Somebody to be called: for a ``callback``, or else for a campaign with its topic."""

    customer: bytes
    callback: bytes = b""
    owner: bytes = b""
    tries: int = 0
    campaign: str = ""
    topic: Topic = VISIT


class Callbacks:
    """Callbacks from request to check, and the outbound calls made for them."""

    def __init__(self, world: World, floor: Floor, pool: Pool) -> None:
        self.world, self.floor, self.pool = world, floor, pool
        floor.take_task = self.take_task
        self.answer: Answer = lambda *_: 0
        self._tasks: deque[Task] = deque()
        self._chance = world.chance("callbacks")
        self._numbers = 0
        self._form = form = world.journal.form
        self._requests: dict[tuple[str, ...], bytes] = {}
        self._attempted, self._completed = form("callback.attempted", "call"), form("callback.completed", "satisfied")
        self._checked, self._cancelled = form("callback.checked"), form("callback.cancelled")
        self._offered, self._connected = form("call.offered", "customer"), form("call.connected")
        self._offered_for = form("call.offered", "customer", "campaign")
        self._ended_why = form("call.ended", "cause")

    def request(self, at: int, purpose: str, customer: bytes, owner: bytes, **about: bytes) -> None:
        """A promise to call by the end of the next local day. ``owner``: the tail that names whose promise it is.

        ``about``: the call, ticket or complaint behind it.
        """
        if not customer or at >= self.world.end:
            return
        world, chance = self.world, self._chance
        code, due = world.code("cb", at), world.end_of_next_day(at)
        names = tuple(about)
        form = self._requests.setdefault(names, self._form("callback.requested", *names))
        stamp = world.journal.stamp(due)
        world.journal.add(at, form, code, purpose.encode(), customer, stamp, *about.values(), owner)
        world.truth.things["callbacks"] += 1
        mood = chance()
        if mood < _CANCELLED:
            self._cancel(at + HOUR_MS, code, owner)
        elif mood > _FORGOTTEN + _CANCELLED:
            call_at = world.office(at + HOUR_MS + int(chance() * 12 * HOUR_MS), chance())
            world.agenda.at(call_at, self.add_task, Task(customer, code, owner))

    def _cancel(self, at: int, code: bytes, owner: bytes) -> None:
        if at < self.world.end:
            reason = _REASONS[int(self._chance() * len(_REASONS))].encode()
            self.world.journal.add(at, self._cancelled, code, reason, owner)

    def open_day(self, day: date) -> None:
        """A list of customers to be offered something, on top of the promises; what was not dialled yesterday is dropped."""
        self._numbers = 0
        self._tasks = deque(task for task in self._tasks if task.callback)
        at = self.world.clock(day, _CAMPAIGN_FROM_H)
        calls = self.world.options.calls_per_day
        for n in range(round(calls * _CAMPAIGN)):
            customer = b"m%07d" % int(self._chance() * 15 * calls)
            campaign, topic = CAMPAIGNS[n % len(CAMPAIGNS)]
            self.world.agenda.at(at + n, self.add_task, Task(customer, campaign=campaign, topic=topic))

    def add_task(self, at: int, task: Task) -> None:
        """Something to dial: by whoever is idle, else later. Promises go first."""
        if at >= self.world.end:
            return
        agent = next(iter(self.pool.queues[0].idle), None)
        if agent is not None:
            self._start(at, agent, task)
        elif task.callback:
            self._tasks.appendleft(task)
        else:
            self._tasks.append(task)

    def take_task(self, at: int, agent: Agent) -> bool:
        """Gives an outbound agent who got free the next task; False where there is none, or for other agents."""
        if agent.pool.code != DIAL or not self._tasks:
            return False
        self._start(at, agent, self._tasks.popleft())
        return True

    def _start(self, at: int, agent: Agent, task: Task) -> None:
        self.floor.engage(agent)
        agent.state = BUSY
        self.floor.state(at, agent, b"busy", b"dialling")
        self.world.agenda.at(at + 4000 + int(self._chance() * 20_000), self._dial, agent, task)

    def _dial(self, at: int, agent: Agent, task: Task) -> None:
        world, chance = self.world, self._chance
        self._numbers += 1
        code = b"o%b-%06d" % (world.day_name(at).replace("-", "").encode(), self._numbers)
        call = Call(code, task.customer, OUTBOUND, "phone")
        call.topic = task.topic
        about = (code, b"outbound", b"phone", OUTBOUND.encode(), task.customer)
        if task.campaign:
            call.campaign = world.truth.campaign(world.day_name(at), task.campaign)
            call.campaign.dialled += 1
            world.journal.add(at, self._offered_for, *about, quoted(task.campaign), agent.tail)
        else:
            world.journal.add(at, self._offered, *about, agent.tail)
        day = world.truth.call(world.day_name(at))
        day.outbound += 1
        rings = at + 5000 + int(chance() * 20_000)
        if chance() < _REACHED:
            day.connected += 1
            world.journal.add(rings, self._connected, code, agent.tail)
            world.agenda.at(rings + 40, self._talk, agent, call, task)
        else:
            self._missed(rings + 12_000, agent, call, task)

    def _talk(self, at: int, agent: Agent, call: Call, task: Task) -> None:
        if call.campaign is not None:
            call.campaign.reached += 1
        over = self.answer(at, agent, call, None)
        if not task.callback:
            return
        world, chance = self.world, self._chance
        world.journal.add(over + 1500, self._attempted, task.callback, agent.code, b"reached", call.code, task.owner)
        happy = _BOOLS[chance() < agent.grace]
        world.journal.add(over + 2500, self._completed, task.callback, agent.code, happy, task.owner)
        checked_at = world.office(over + 20 * HOUR_MS, chance())
        if chance() < _CHECKED and checked_at < world.end:
            world.journal.add(checked_at, self._checked, task.callback, _BOOLS[chance() < _ACCURATE], task.owner)

    def _missed(self, at: int, agent: Agent, call: Call, task: Task) -> None:
        world, chance = self.world, self._chance
        outcome = _MISSES[int(chance() * len(_MISSES))]
        cause = b"no_answer" if outcome == b"no_answer" else b"rejected"
        world.journal.add(at, self._ended_why, call.code, b"system", cause, agent.tail)
        world.agenda.at(at + 2000, self.floor.free, agent)
        if not task.callback:
            return
        world.journal.add(at + 800, self._attempted, task.callback, agent.code, outcome, call.code, task.owner)
        task.tries += 1
        if task.tries < _MAX_TRIES and outcome == b"no_answer":
            again = world.office(at + 2 * HOUR_MS + int(chance() * 2 * HOUR_MS), chance())
            world.agenda.at(again, self.add_task, task)
        elif chance() < 1 / 3:
            self._cancel(at + HOUR_MS, task.callback, task.owner)
