"""Generated histories of calls, shifts, tickets and the rest: orderly ones, and ones that contradict themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import get_args
from uuid import UUID

from opsledger.domain.catalogue import TYPES, fields_of
from opsledger.domain.envelope import Event
from opsledger.domain.events import call, evaluation, shift
from opsledger.domain.events.evidence import EvidenceOf
from opsledger.domain.fields import FieldSpec, Kind

START = datetime(2026, 1, 31, 23, 59, 30, tzinfo=UTC)
"""Half a minute before midnight at the end of a month: many histories cross it."""
_FACT_STREAMS = (
    *("call", "shift", "ticket", "callback", "complaint", "evaluation", "fault"),
    *("staff", "cost", "penalty", "award", "report"),
)
_WEIGHTS = {"call.queued": 4, "call.answered": 4, "call.left_queue": 2, "call.released": 3, "call.ended": 1}


def histories(seed: int, subjects: int, tenant: str = "t1") -> list[list[Event]]:
    """So many histories, each a list of one subject's events in any order; duplicates and corrections among them."""
    random = Random(seed)
    made = []
    for number in range(subjects):
        stream = random.choice(_FACT_STREAMS) if number % 2 else "call"
        make = random.choice(_MAKERS[stream]) if stream in _MAKERS else _anything
        made.append(list(make(random, Base(random, stream, f"{stream}-{number}", tenant))))
    _correct(random, made)
    return [_told(random, events) for events in made]


def _told(random: Random, events: list[Event]) -> list[Event]:
    random.shuffle(events)
    return events + random.choices(events, k=random.randrange(3))


class Base:
    """Makes the events of one subject."""

    def __init__(self, random: Random, stream: str, subject: str, tenant: str) -> None:
        self.random = random
        self.stream = stream
        self.subject = subject
        self.tenant = tenant

    def event(self, data: object, at_s: float) -> Event:
        """An event so many seconds after the start, to the microsecond, with an id of the random generator's."""
        return Event(
            event_id=UUID(int=self.random.getrandbits(128)),
            subject=self.subject,
            tenant=self.tenant,
            occurred_at=START + timedelta(microseconds=round(at_s * 1_000_000)),
            source="sim:test",
            data=data,  # type: ignore[arg-type]  # a declared type
            vendor=self.random.choice(("in-house", "v1", "v2")),
        )


def _anything(random: Random, base: Base) -> Iterator[Event]:
    """Any events of the stream at any of a few moments: ties, missing ends, doubled ends, answers out of nowhere."""
    types = [name for name in TYPES if name.startswith(base.stream + ".")]
    weights = [_WEIGHTS.get(name, 1) for name in types]
    step = random.choice((1, 7, 1800, 7200))
    for name in random.choices(types, weights, k=random.randint(1, 14)):
        data = TYPES[name](**{spec.name: value for spec in fields_of(name) if (value := _value(random, spec)) is not None})
        yield base.event(data, random.randrange(12) * step + random.choice((0, 0, 0.0004, 0.5)))


def _value(random: Random, spec: FieldSpec) -> object:
    """A value that few others differ from, so that events meet each other."""
    if spec.optional and random.random() < 0.4:
        return None
    names = {"agent": "a", "from_agent": "a", "queue": "q"}
    made: dict[Kind, Callable[[], object]] = {
        Kind.NAME: lambda: names.get(spec.name, spec.name) + str(random.randrange(3)),
        Kind.TEXT: lambda: f"文字{random.randrange(3)}",
        Kind.CHOICE: lambda: random.choice(spec.choices),
        Kind.INT: lambda: random.randrange(1, 5000),
        Kind.DECIMAL: lambda: Decimal(random.randrange(10_000)) / 100,
        Kind.TIME: lambda: START + timedelta(seconds=random.choice((-5, 0, 3, 6, 9, 5000, 30_000))),
        Kind.BOOL: lambda: random.random() < 0.5,
        Kind.IDS: lambda: tuple(UUID(int=n) for n in range(random.randrange(4))),
        Kind.ITEMS: lambda: _items(random, spec),
    }
    return made[spec.rule.kind]()


def _items(random: Random, spec: FieldSpec) -> tuple[object, ...]:
    if spec.item is EvidenceOf:
        return (EvidenceOf("sim:test", random.randrange(3)),)
    return (evaluation.ScoreItem("greeting", Decimal("0.5"), random.randrange(3)),)


def _orderly_call(random: Random, base: Base) -> Iterator[Event]:
    """A call as a switch would tell it: menu, queues, rings, holds, transfers, wrap-up; now and then without its end."""
    at = random.choice((0.0, 20.0, 29.999999))
    yield base.event(call.CallOffered("inbound", "phone", "4001", "c7"), at)
    if random.random() < 0.4:
        yield base.event(call.CallIvrEntered("main"), at)
        yield base.event(call.CallIvrSelected("tariffs", "1"), at := at + 2)
        yield base.event(call.CallIvrLeft("to_queue"), at := at + random.choice((0, -1, 3)))
    for _ in range(random.randint(1, 3)):
        queue, agent = random.choice(("q1", "q2")), random.choice(("a1", "a2", "unknown"))
        yield base.event(call.CallQueued(queue, priority=1), at)
        if random.random() < 0.3:
            yield base.event(call.CallRung("a2"), at)
            yield base.event(call.CallRingMissed("a2", 900, "no_answer"), at := at + 1)
        if random.random() < 0.25:
            yield base.event(call.CallLeftQueue(queue, random.choice(get_args(call.LeaveReason))), at := at + 5)
            continue
        at = at + random.choice((0, 0.0005, 4, 40))
        yield base.event(call.CallRung(agent), at)
        yield base.event(call.CallAnswered(agent, random.choice((queue, queue, None))), at)
        talk = list(_talk(random, base, agent, at))
        yield from (event for event, _ in talk)
        at = talk[-1][1] if talk else at
    if random.random() < 0.8:
        yield base.event(call.CallEnded("customer"), at + random.choice((0, 1, -3)))
    if random.random() < 0.3:
        yield base.event(call.CallSurveyed(given=True, score=Decimal(4), scale=Decimal(5), satisfied=True), at + 2)


def _talk(random: Random, base: Base, agent: str, at: float) -> Iterator[tuple[Event, float]]:
    for _ in range(random.randrange(3)):
        yield base.event(call.CallHeld(agent), at := at + 1), at
        if random.random() < 0.8:
            yield base.event(call.CallResumed(agent), at := at + random.choice((0, 3.25))), at
    if random.random() < 0.3:
        yield base.event(call.CallConferenced(agent, "a9"), at := at + 1), at
        yield base.event(call.CallAnswered("a9"), at), at
        yield base.event(call.CallReleased("a9"), at + 2), at
    if random.random() < 0.4:
        yield base.event(call.CallTransferred(agent, "queue", "q2", "attended"), at := at + 2), at
    if random.random() < 0.6:
        yield base.event(call.CallReleased(agent), at := at + random.choice((0, 6))), at
    if random.random() < 0.6:
        started = START + timedelta(seconds=at)
        yield base.event(call.CallWrappedUp(agent, started, "request", "宽带/新装", accepted=True), at + 20), at


def _orderly_shift(random: Random, base: Base) -> Iterator[Event]:
    """A shift with its plan, one or more sessions in one or two queues, states, a sign-out that is sometimes missing."""
    if random.random() < 0.7:
        yield base.event(shift.ShiftScheduled("a1", "team1", START, START + timedelta(hours=random.choice((2, 8)))), -3600)
    at = 0.0
    for _ in range(random.randint(1, 3)):
        for queue in random.choice(((None,), ("q1",), ("q1", "q2"))):
            yield base.event(shift.ShiftSignedIn("a1", queue), at)
            at += random.choice((0, 60))
        for _ in range(random.randrange(4)):
            state = random.choice(get_args(shift.AgentState))
            yield base.event(shift.ShiftStateChanged("a1", state, random.choice((None, "lunch"))), at)
            at += random.choice((0, 300, 3600, 30_000))
        if random.random() < 0.7:
            for queue in random.choice(((None,), ("q1", "q2"), ("q1",))):
                yield base.event(shift.ShiftSignedOut("a1", queue), at)
        at += random.choice((0, 600, 70_000))


def _ringing(random: Random, base: Base) -> Iterator[Event]:
    """Telephones that ring one over the other while queues are entered and left; misses with and without their ring."""
    for at in range(random.randint(4, 16)):
        agent, queue = random.choice(("a1", "a2")), random.choice(("q1", "q2"))
        yield base.event(
            random.choice(
                (
                    call.CallRung(agent),
                    call.CallRung(agent),
                    call.CallRingMissed(agent, random.randrange(5000), random.choice(("no_answer", "rejected"))),
                    call.CallRingMissed(agent, random.randrange(5000), "no_answer"),
                    call.CallQueued(queue),
                    call.CallLeftQueue(queue, "abandoned"),
                )
            ),
            at // random.choice((1, 1, 3)),
        )


_MAKERS: dict[str, tuple[Callable[[Random, Base], Iterator[Event]], ...]] = {
    "call": (_anything, _orderly_call, _ringing),
    "shift": (_anything, _orderly_shift),
}


def _correct(random: Random, made: list[list[Event]]) -> None:
    """Let some events take the place of others: of the same subject, and now and then of another one."""
    for events in made:
        if events and random.random() < 0.15:
            wrong = random.choice(events)
            right = replace(random.choice(events), event_id=UUID(int=random.getrandbits(128)), corrects=wrong.event_id)
            if random.random() < 0.3:
                other = random.choice(made)
                if other and other[0].stream == wrong.stream:
                    right = replace(right, subject=other[0].subject)
                    other.append(right)
                    continue
            events.append(right)
