"""legs 通话段: how a call is cut into legs, told in plain steps; ``call_timelines.sql`` says the same by sorting."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from opsledger.domain.envelope import Event
from opsledger.domain.folds.history import History, Row, at, count, first_of, millis, value

_GOING = ("call.released", "call.transferred")


@dataclass(slots=True)
class Leg:
    """A queue entry or a direct answer, by the places of its events in the ordered history; None: there is none."""

    queued: int | None = None
    closed: int | None = None
    queue: str = ""

    @property
    def entered(self) -> int:
        """Place of the event that begins it."""
        return self.queued if self.queued is not None else self.closed or 0


def cut_legs(events: list[Event]) -> list[Leg]:
    """Match what enters queues with what leaves them; the rules stand at the top of ``call_timelines.sql``."""
    found: list[Leg] = []
    waiting: dict[str, list[Leg]] = defaultdict(list)
    entered_last = ""
    for place, event in enumerate(events):
        queue = value(event, "queue")
        if event.type == "call.queued":
            entered_last = queue
            found.append(Leg(queued=place, queue=queue))
            waiting[queue].append(found[-1])
        elif event.type in ("call.left_queue", "call.answered"):
            if waiting[queue or entered_last]:
                waiting[queue or entered_last].pop().closed = place
            else:
                found.append(Leg(closed=place, queue=queue))
    found = _joined_backwards(events, found)
    return sorted(found, key=lambda leg: leg.entered)


def _joined_backwards(events: list[Event], legs: list[Leg]) -> list[Leg]:
    """An answer with no entry before it, and the entry queued right after it: one leg with a negative wait."""
    by_entry = {leg.queued: leg for leg in legs if leg.queued is not None}
    gone = []
    for leg in legs:
        if leg.queued is not None or leg.closed is None or events[leg.closed].type != "call.answered" or not leg.queue:
            continue
        following = _next_step(events, leg.closed, leg.queue)
        entry = by_entry.get(following) if following is not None else None
        if entry is None or entry.closed is not None:
            continue
        if not any(e.type in (*_GOING, "call.ended") for e in events[leg.closed : following]):
            entry.closed = leg.closed
            gone.append(leg)
    return [leg for leg in legs if not any(leg is other for other in gone)]


def _next_step(events: list[Event], place: int, queue: str) -> int | None:
    entered_last = ""
    for later, event in enumerate(events):
        named = value(event, "queue")
        if event.type == "call.queued":
            entered_last = named
        if event.type == "call.answered":
            named = named or entered_last
        is_step = event.type in ("call.queued", "call.left_queue", "call.answered")
        if later > place and is_step and named == queue:
            return later
    return None


def legs(state: History) -> list[Row]:
    """The rows of ``legs``, in order."""
    events = state.ordered()
    return [_leg_row(state, events, leg, number) for number, leg in enumerate(cut_legs(events), 1)]


def _leg_row(state: History, events: list[Event], leg: Leg, number: int) -> Row:
    offer = first_of(events, "call.offered")
    queued = events[leg.queued] if leg.queued is not None else None
    closed = events[leg.closed] if leg.closed is not None else None
    answer = closed if closed and closed.type == "call.answered" else None
    left = closed if closed and closed.type == "call.left_queue" else None
    is_entry = queued is not None or bool(value(closed, "queue"))
    first = queued or closed
    assert first is not None  # noqa: S101  a leg has one or the other
    source = answer or first
    return {
        "tenant": first.tenant,
        "vendor": source.vendor,
        "call": first.subject,
        "leg": number,
        "queue": leg.queue if is_entry else "",
        **{name: value(offer, name) for name in ("hotline", "channel", "direction", "customer")},
        "is_entry": is_entry,
        "entered_at": first.occurred_at,
        "queued_at": at(queued),
        "answered_at": at(answer),
        "left_at": at(left),
        "outcome": "answered" if answer else value(left, "reason") if left else "waiting",
        "wait_ms": _wait_ms(queued, closed),
        **_rings(events, leg),
        "priority": value(queued, "priority", None),
        **_service(events, leg.closed if answer else None),
    }


def _wait_ms(queued: Event | None, closed: Event | None) -> int | None:
    if queued and closed:
        return millis(closed.occurred_at - queued.occurred_at)
    return 0 if closed and value(closed, "queue") else None


def _rings(events: list[Event], leg: Leg) -> Row:
    inside = [] if leg.queued is None else events[leg.queued : leg.closed]
    return {"rings": count(inside, "call.rung"), "rings_missed": count(inside, "call.ring_missed")}


def agent_of(event: Event) -> str:
    """The agent whose doing the event is, '' for none."""
    return str(value(event, "from_agent") or value(event, "agent"))


def own_doings(events: list[Event], place: int) -> list[tuple[int, Event]]:
    """(Place, event) of what the agent of an answer did after it, up to the agent's next answer."""
    own = []
    for later in range(place + 1, len(events)):
        if agent_of(events[later]) == agent_of(events[place]):
            if events[later].type == "call.answered":
                break
            own.append((later, events[later]))
    return own


def _stop(events: list[Event], place: int) -> int | None:
    for later in range(place + 1, len(events)):
        event = events[later]
        if event.type == "call.ended" or (event.type in _GOING and agent_of(event) == agent_of(events[place])):
            return later
    return None


def _service(events: list[Event], place: int | None) -> Row:
    """What the agent of the answer at a place did in the leg; the columns of a leg without an answer for None."""
    own = own_doings(events, place) if place is not None else []
    stop = _stop(events, place) if place is not None else None
    ended = events[stop] if stop is not None else None
    held, holds = _held([(n, e) for n, e in own if stop is None or n < stop], ended)
    transfer = next((event for _, event in own if event.type == "call.transferred"), None)
    talked = millis(ended.occurred_at - events[place].occurred_at - held) if ended and place is not None else 0
    kinds = {"call.released": "released", "call.transferred": "transfer", "call.ended": "ended"}
    return {
        "agent": value(events[place], "agent") if place is not None else "",
        "ended_at": at(ended),
        "end_kind": kinds[ended.type] if ended else "open" if place is not None else "",
        "talk_ms": talked,
        "hold_ms": millis(held),
        "holds": holds,
        "transferred_to": value(transfer, "to_kind"),
        "transfer_mode": value(transfer, "mode"),
        **_wrap_up([event for _, event in own if event.type == "call.wrapped_up"]),
    }


def _held(own: list[tuple[int, Event]], ended: Event | None) -> tuple[timedelta, int]:
    total, holds, since = timedelta(), 0, None
    for _, event in own:
        if event.type == "call.held" and since is None:
            since, holds = event.occurred_at, holds + 1
        elif event.type == "call.resumed" and since is not None:
            total, since = total + (event.occurred_at - since), None
    if since is not None and ended:
        total += ended.occurred_at - since
    return total, holds


def _wrap_up(wraps: list[Event]) -> Row:
    last = wraps[-1] if wraps else None
    return {
        "wrapped_up": bool(wraps),
        "wrap_up_ms": millis(sum((e.occurred_at - value(e, "started_at") for e in wraps), timedelta())),
        "wrap_started_at": value(wraps[0], "started_at") if wraps else None,
        "wrap_ended_at": at(last),
        **classified(last),
    }


def classified(wrap: Event | None) -> Row:
    """What a wrap-up says of the contact."""
    return {
        "category": value(wrap, "category"),
        "nature": value(wrap, "nature"),
        "accepted": value(wrap, "accepted", None),
        "resolved": value(wrap, "resolved", None),
    }
