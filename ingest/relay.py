"""Carries decisions from their store to the log: never two writes to two stores, and nothing counts twice.

1. Read the decisions after the relay's own place. Fails: nothing happened.
2. Append them to the log. Fails, or the process dies meanwhile: some may be in the log, the place has not moved, and
   the next run appends them again under the same event ids, which every reader of the log takes once.
3. Save the place, after the append has returned. Fails: as 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from opsledger.domain.envelope import Event
from opsledger.domain.errors import UserError
from opsledger.domain.ports import Log
from opsledger.ingest.border.columns import tables_of
from opsledger.ingest.border.convert import encode, from_event
from opsledger.ingest.border.judge import Border, Refusal
from opsledger.ingest.small_file import replace_whole

BATCH = 1_000


class Outbox(Protocol):
    """Where decisions wait, in one order (``domain.decisions.application.Decisions`` is one)."""

    def outbox(self, after: int, limit: int) -> list[tuple[int, Event]]:
        """Up to ``limit`` decisions that follow position ``after``, each with its position, oldest first."""
        ...


class Place(Protocol):
    """How far the relay has come."""

    def load(self) -> int:
        """The position of the last decision that the log has taken; 0 at the start."""
        ...

    def save(self, position: int) -> None:
        """Keep a position; it is safe when this returns."""
        ...


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A place in a small file that is replaced whole. Losing it costs a second relay and no correctness."""

    path: Path

    def load(self) -> int:
        """The saved position; 0 where there is no file. UserError for a file that is not the relay's."""
        try:
            text = self.path.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return 0
        if not text.isdecimal():
            raise UserError(f"{self.path} does not hold a position; delete it: decisions are then relayed anew, once each")
        return int(text)

    def save(self, position: int) -> None:
        """Put it in place of the one before."""
        replace_whole(self.path, f"{position}\n".encode())


def relay(source: Outbox, log: Log, place: Place, border: Border, *, batch: int = BATCH, backfill: bool = False) -> list[Event]:
    """Append all waiting decisions to the log; returns them. ``border`` has to let decisions through.

    The log only takes what every reader can read: UserError names a decision that the border refuses, and the relay
    stays before it. ``backfill``: they are of the past on purpose (a history taken over) and not late.
    """
    return [event for events in relayed(source, log, place, border, batch=batch, backfill=backfill) for event in events]


def relayed(
    source: Outbox, log: Log, place: Place, border: Border, *, batch: int = BATCH, backfill: bool = False
) -> Iterator[list[Event]]:
    """As ``relay``, batch by batch: the events of each, once the place is saved."""
    while waiting := source.outbox(place.load(), batch):
        events = [event for _, event in waiting]
        log.append(tables(events, border), backfill=backfill)
        place.save(waiting[-1][0])
        yield events


def tables(events: Sequence[Event], border: Border) -> dict[str, pa.Table]:
    """Made events as the log takes them, judged like all others; rows in the order of the decisions."""
    payloads = [encode(from_event(event)) for event in events]
    wires = []
    for event, payload in zip(events, payloads, strict=True):
        wire = border.take(payload)
        if isinstance(wire, Refusal):
            raise UserError(f"decision {event.event_id} ({event.type} {event.subject}) cannot enter the log: {wire.detail}")
        wires.append(wire)
    return tables_of(wires, payloads, range(len(events)))


def refusal_of(event: Event, border: Border) -> str:
    """Why the log would not take an event; '' when it would. Asked before a decision is stored."""
    wire = border.take(encode(from_event(event)))
    return wire.detail if isinstance(wire, Refusal) else ""
