"""What is known of one thing: its events in the order in which they happened, whatever the order in which they came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, reduce
from typing import Any

from opsledger.domain.catalogue import DECLARED
from opsledger.domain.envelope import Event, Identity

Value = Any
"""What a column may hold: str, int, bool, Decimal, datetime (UTC), list of str, None; which one depends on the column."""
Row = dict[str, Value]
"""One row of a fact table: column → value, without the physical columns."""


@dataclass(frozen=True, slots=True)
class History:
    """The state that ``evolve`` builds: each event once, and what the events are known by that others take the place of."""

    events: Mapping[Identity, Event] = field(default_factory=dict)
    corrected: frozenset[Identity] = frozenset()

    def ordered(self) -> list[Event]:
        """The events that count, by (time, order of the types in the catalogue, id)."""
        return sorted((e for e in self.events.values() if e.identity not in self.corrected), key=_place)


def evolve(state: History, event: Event) -> History:
    """The state after one more event. Order does not matter, and the same event again changes nothing."""
    corrected = state.corrected | ({event.corrected} if event.corrected else frozenset())
    return History({**state.events, event.identity: event}, corrected)


def known(events: Iterable[Event], corrected: Iterable[Identity] = ()) -> History:
    """The state after many events of one thing; ``corrected`` are those that events of other things take the place of."""
    return reduce(evolve, events, History(corrected=frozenset(corrected)))


def first_of(events: Iterable[Event], *types: str) -> Event | None:
    """The first event of the types, in an ordered list; None where there is none."""
    return next((event for event in events if event.type in types), None)


def last_of(events: list[Event], *types: str) -> Event | None:
    """The last event of the types, in an ordered list; None where there is none."""
    return first_of(reversed(events), *types)


def count(events: Iterable[Event], type_: str) -> int:
    """How many events are of a type."""
    return sum(event.type == type_ for event in events)


def at(event: Event | None) -> datetime | None:
    """When an event happened (UTC); None for none."""
    return event.occurred_at if event else None


def value(event: Event | None, name: str, default: Value = "") -> Value:
    """A field of an event's data; the default where the event or the field is absent."""
    found = getattr(event.data, name, None) if event else None
    return default if found is None else found


def millis(span: timedelta) -> int:
    """A span in whole milliseconds, cut towards zero as the engine does."""
    micros = span // timedelta(microseconds=1)
    return -(-micros // 1000) if micros < 0 else micros // 1000


def _place(event: Event) -> tuple[datetime, int, int, int]:
    # the id only breaks ties; the engine compares the second half of a UUID before the first
    low = event.event_id.int & ((1 << 64) - 1)
    return event.occurred_at, _rank(event.type), low, event.event_id.int >> 64


@cache
def _rank(type_: str) -> int:
    return [declaration.TYPE for declaration in DECLARED].index(type_)
