"""rings 振铃: each ring at an agent's telephone, told in plain steps; ``rings.sql`` says the same by sorting."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from opsledger.domain.envelope import Event
from opsledger.domain.folds.history import History, Row, first_of, value
from opsledger.domain.folds.legs import Leg, cut_legs


@dataclass(slots=True)
class _Ring:
    """A ring by the place of its first event, and the event that says that it was missed, if any."""

    place: int
    missed: Event | None = None


def rings(state: History) -> list[Row]:
    """The rows of ``rings``, in order."""
    events = state.ordered()
    legs = [leg for leg in cut_legs(events) if leg.queued is not None]
    return [_row(events, legs, ring, number) for number, ring in enumerate(_rings(events), 1)]


def _rings(events: list[Event]) -> list[_Ring]:
    """A ring_missed belongs to the latest ring of its agent that is not missed yet; without one it is a ring of its own."""
    found: list[_Ring] = []
    ringing: dict[str, list[_Ring]] = defaultdict(list)
    for place, event in enumerate(events):
        agent = value(event, "agent")
        if event.type == "call.rung":
            found.append(_Ring(place))
            ringing[agent].append(found[-1])
        elif event.type == "call.ring_missed":
            if ringing[agent]:
                ringing[agent].pop().missed = event
            else:
                found.append(_Ring(place, event))
    return found


def _row(events: list[Event], legs: list[Leg], ring: _Ring, number: int) -> Row:
    first, offer = events[ring.place], first_of(events, "call.offered")
    return {
        "tenant": first.tenant,
        "vendor": first.vendor,
        "call": first.subject,
        "n": number,
        "at": first.occurred_at,
        "agent": value(first, "agent"),
        "queue": _queue(legs, ring.place),
        **{name: value(offer, name) for name in ("hotline", "direction", "channel")},
        "missed": ring.missed is not None,
        "ring_ms": value(ring.missed, "ring_ms", None),
        "reason": value(ring.missed, "reason"),
    }


def _queue(legs: list[Leg], place: int) -> str:
    open_ = [leg for leg in legs if (leg.queued or 0) < place and (leg.closed is None or leg.closed > place)]
    return open_[-1].queue if open_ else ""
