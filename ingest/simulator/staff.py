"""The people of the simulated centre: pools sized for the load, teams of 8 to 12, who works which shift on which day."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from math import ceil, sqrt

from opsledger.domain.envelope import IN_HOUSE
from opsledger.ingest.simulator.centre import DIAL, DIAL_QUEUE, FIRST, HOME, QUEUES, SECOND, SHIFTS, QueueSpec, Topic
from opsledger.ingest.simulator.chance import lengths, waits
from opsledger.ingest.simulator.journal import quoted, tail
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.truth import CampaignDay, QueueDay

OFF, IDLE, BUSY, PAUSED = range(4)
"""What an agent is doing, as far as giving out calls goes."""
_PEAK = 0.105
"""Share of a day's contacts that the busiest hour of a busy day brings."""
_ON_DUTY, _WORKED, _SMALLEST, _TEAM = 0.58, 0.66, 8, 10
_DIAL_LOAD = 0.32
_FIRST_DAY_OFF = (5, 0, 2, 5, 3, 1, 4)
_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉萍红"


class Call:
    """One contact while it is alive. ``turn`` tells one stay (in a queue, at an agent) from the next."""

    __slots__ = (
        "agent",
        "campaign",
        "channel",
        "code",
        "customer",
        "entered",
        "leave_at",
        "leave_why",
        "legs",
        "line",
        "queue",
        "row",
        "rung",
        "topic",
        "turn",
        "waiting",
    )

    def __init__(self, code: bytes, customer: bytes, line: str, channel: str) -> None:
        self.code, self.customer, self.line, self.channel = code, customer, line, channel
        self.turn = self.entered = self.rung = self.legs = self.leave_at = 0
        self.leave_why = ""
        self.waiting = False
        self.queue: Queue | None = None
        self.agent: Agent | None = None
        self.row: QueueDay | None = None
        self.topic: Topic | None = None
        self.campaign: CampaignDay | None = None


class Queue:
    """One queue while the centre runs: who waits, who is free for it, how many serve it."""

    __slots__ = (
        "closes_at",
        "code",
        "idle",
        "opens_at",
        "overflow",
        "patience",
        "size",
        "spec",
        "staffed",
        "tail",
        "talks",
        "waiters",
        "wraps",
    )

    def __init__(self, spec: QueueSpec, vendor: str) -> None:
        self.spec, self.code, self.tail = spec, spec.code.encode(), tail(vendor)
        self.waiters: deque[tuple[Call, int]] = deque()
        self.idle: OrderedDict[Agent, None] = OrderedDict()
        self.staffed = self.size = self.opens_at = self.closes_at = 0
        self.overflow: Queue | None = None
        self.talks = lengths(spec.talk_s, 0.75, 8, 3600)
        self.wraps = lengths(spec.wrap_s, 0.6, 2, 900)
        self.patience = waits(spec.patience_s, 6)

    @property
    def room(self) -> int:
        """How many may wait at once."""
        return 10_000 if self.spec.max_wait_s > 3600 else 3 + self.staffed // 3


class Agent:
    """One agent. ``speed`` stretches talk and wrap-up, ``grace`` (0 to 1) is how well customers like them."""

    __slots__ = (
        "code",
        "grace",
        "leaving",
        "name",
        "pauses",
        "pool",
        "queues",
        "rested_at",
        "shift",
        "speed",
        "state",
        "tail",
        "team",
    )

    def __init__(self, code: str, pool: Pool, team: str, chance: Callable[[], float]) -> None:
        self.code, self.pool, self.team, self.tail = code.encode(), pool, team.encode(), pool.tail
        self.queues = pool.queues
        self.speed = 0.8 + 0.4 * chance()
        self.grace = 0.86 + 0.13 * chance()
        self.name = _SURNAMES[int(chance() * 20)] + "".join(_GIVEN[int(chance() * 26)] for _ in range(1 + (chance() < 0.5)))
        self.state, self.leaving, self.shift, self.rested_at = OFF, False, b"", 0
        self.pauses: list[tuple[bytes, bytes, int]] = []


@dataclass(eq=False, slots=True)
class Pool:
    """Agents of one vendor who serve the same queues, the first of them first."""

    code: str
    vendor: str
    queues: tuple[Queue, ...]
    tail: bytes
    agents: list[Agent]
    teams: list[str]
    down_until: int = 0


def vendor_of(pool: str, options: Options) -> str:
    """The company that staffs a pool."""
    place = {FIRST: 0, SECOND: 1}.get(pool, len(options.vendors))
    return options.vendors[place] if place < len(options.vendors) else IN_HOUSE


def make_queues(options: Options) -> dict[str, Queue]:
    """All queues by code."""
    queues = {spec.code: Queue(spec, vendor_of(spec.pool, options)) for spec in QUEUES}
    for queue in queues.values():
        queue.overflow = queues.get(queue.spec.overflow)
    return queues


def head_count(pool: str, calls_per_day: int) -> int:
    """How many people a pool needs on its books for its share of the load (square-root staffing at the busiest hour)."""
    erlangs = sum(calls_per_day * s.share * _PEAK * (s.talk_s + s.wrap_s + 6) / 3600 for s in QUEUES if s.pool == pool)
    if pool == DIAL:
        erlangs = calls_per_day * _DIAL_LOAD * 150 / 3600 / 9
    margin = 1.8 if pool == HOME else 1.5  # a pool that is there round the clock is spread thinner
    return max(2 * _SMALLEST if pool == HOME else _SMALLEST, ceil((erlangs + margin * sqrt(erlangs)) / _ON_DUTY / _WORKED))


def make_pools(options: Options, queues: dict[str, Queue], chance: Callable[[], float]) -> tuple[Pool, ...]:
    """The pools with their agents, in teams of 8 to 12."""
    pools = []
    number = 1000
    for code in (FIRST, SECOND, HOME, DIAL):
        vendor = vendor_of(code, options)
        served = tuple(q for q in queues.values() if q.spec.pool == code) or (Queue(DIAL_QUEUE, vendor),)
        served = tuple(sorted(served, key=lambda q: -(q.spec.priority or 0)))
        size = head_count(code, options.calls_per_day)
        count = max(1, round(size / _TEAM))
        pool = Pool(code, vendor, served, tail(vendor), [], [f"{code}-{n + 1}" for n in range(count)])
        for n in range(size):
            number += 1
            pool.agents.append(Agent(f"a{number}", pool, pool.teams[n * count // size], chance))
        pools.append(pool)
    return tuple(pools)


def shift_of(place: int, day: date, pool: Pool) -> tuple[float, float] | None:
    """The shift that the agent in a place of the pool works on a local day; None on a day off (two a week)."""
    week, weekday = divmod(day.toordinal() - 1, 7)
    slots = [shift for shift in SHIFTS[pool.code] for _ in range(shift[2])]
    slot = (place * 7 + week * 3) % len(slots)  # 7 shares no factor with any pool's number of slots
    # Days off go by turns within each slot, so that a small night shift never has all of them on one day.
    first_off = _FIRST_DAY_OFF[(slot + place // len(slots) * 3) % len(_FIRST_DAY_OFF)]
    if weekday in (first_off, first_off + 1):
        return None
    start, end, _ = slots[slot]
    return start, end


def personal(agent: Agent, number: int) -> Iterator[bytes]:
    """Name, staff number and extension of a person, as they stand in a line."""
    yield quoted(agent.name)
    yield b"%06d" % (300_000 + number)
    yield b"%d" % (8000 + number)
