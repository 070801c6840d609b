"""Writes docs/profiles.md: the worked example is put through the product, from events to a report for each profile."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

from opsledger.domain.calendar import Grain, make_period
from opsledger.domain.clock import FixedClock
from opsledger.domain.envelope import Event, EventData
from opsledger.domain.events import call
from opsledger.infra.facts import view
from opsledger.infra.store import Store, open_embedded
from opsledger.ingest.border.columns import tables_of
from opsledger.ingest.border.convert import encode, from_event
from opsledger.projections.metrics.measure import Parts, Sum
from opsledger.projections.metrics.profiles import PROFILES
from opsledger.projections.metrics.profiles.document import render_profiles_md
from opsledger.projections.metrics.profiles.example import CONTACTS, FIGURES, Contact
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.run import run_report

_TENANT, _QUEUE, _AGENT = "example", "q1", "a1"
_DAY = make_period(Grain.DAY, date(2026, 1, 5), "UTC")
_CLOCK = FixedClock(datetime(2026, 1, 6, tzinfo=UTC))
_FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
_APART = timedelta(minutes=10)


def render_profiles_page() -> str:
    """The page with its example's figures; takes a few seconds, since an empty store is made, filled and asked."""
    return render_profiles_md(example_figures())


def example_figures() -> dict[str, dict[str, Parts]]:
    """Profile → metric → parts, of the example's contacts, as the report of service indicators gives them."""
    with tempfile.TemporaryDirectory() as folder, open_embedded(Path(folder) / "data", clock=_CLOCK) as store:
        _append(store, (event for n, contact in enumerate(CONTACTS, 1) for event in _events(n, contact)))
        return {code: _told(store, code) for code in PROFILES}


def _told(store: Store, profile: str) -> dict[str, Parts]:
    with view(store, _TENANT) as facts:
        result = run_report(facts, Request("service_indicators", _DAY, profile=profile))
    at = {column.name: number for number, column in enumerate(result.columns)}
    places = at["metric"], at["numerator"], at["denominator"]
    rows = {str(row[places[0]]): Parts(*(cast("Sum", row[place]) for place in places[1:])) for row in result.rows}
    return {code: rows[code] for code in FIGURES}


def _append(store: Store, events: Iterable[Event]) -> None:
    wire = [from_event(event) for event in events]
    store.log.append(tables_of(wire, [encode(one) for one in wire], range(len(wire))))


def _events(number: int, contact: Contact) -> Iterator[Event]:
    """A contact's events, in order of time."""
    for place, (moment, data) in enumerate(_steps(_FIRST + number * _APART, contact)):
        yield Event(UUID(int=number * 100 + place), f"c{number}", _TENANT, moment, "example:switch", data)


def _steps(start: datetime, contact: Contact) -> Iterator[tuple[datetime, EventData]]:
    yield start, call.CallOffered("inbound", "phone", "h1")
    yield start, call.CallQueued(_QUEUE)
    over = start + timedelta(seconds=contact.wait_s)
    if contact.ended != "answered":
        yield over, call.CallLeftQueue(_QUEUE, cast("call.LeaveReason", contact.ended))
        yield over, call.CallEnded("customer")
        return
    yield over, call.CallAnswered(_AGENT)
    held = over + timedelta(seconds=contact.talk_s)
    done = held + timedelta(seconds=contact.hold_s)
    if contact.hold_s:
        yield held, call.CallHeld(_AGENT)
        yield done, call.CallResumed(_AGENT)
    yield done, call.CallEnded("customer")
    if contact.wrap_up_s:
        yield done + timedelta(seconds=contact.wrap_up_s), call.CallWrappedUp(_AGENT, done, "consult")
