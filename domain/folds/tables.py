"""Fact table → the fold that says what its rows are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from opsledger.domain.envelope import Event, Identity
from opsledger.domain.folds import call, legs, money, quality, rings, shift, staff, work
from opsledger.domain.folds.history import History, Row, known

FOLDS: Mapping[str, tuple[str, Callable[[History], list[Row]]]] = MappingProxyType(
    {
        "calls": ("call", call.calls),
        "legs": ("call", legs.legs),
        "transfers": ("call", call.transfers),
        "ivr_steps": ("call", call.ivr_steps),
        "agent_spans": ("shift", shift.agent_spans),
        "shifts": ("shift", shift.shifts),
        "tickets": ("ticket", work.tickets),
        "callbacks": ("callback", work.callbacks),
        "complaints": ("complaint", quality.complaints),
        "evaluations": ("evaluation", quality.evaluations),
        "faults": ("fault", work.faults),
        "rings": ("call", rings.rings),
        "staff_stints": ("staff", staff.staff_stints),
        "costs": ("cost", money.costs),
        "penalties": ("penalty", money.penalties),
        "awards": ("award", money.awards),
        "submissions": ("report", money.submissions),
    }
)
"""Fact table → (stream, rows of one subject's history)."""


def histories(events: Iterable[Event]) -> dict[tuple[str, str, str], History]:
    """(tenant, stream, subject) → its history; a correction counts against any subject of its tenant and stream."""
    groups: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    corrected: dict[tuple[str, str], set[Identity]] = defaultdict(set)
    for event in events:
        groups[event.tenant, event.stream, event.subject].append(event)
        if event.corrected:
            corrected[event.tenant, event.stream].add(event.corrected)
    return {key: known(group, corrected[key[0], key[1]]) for key, group in groups.items()}


def rows(events: Iterable[Event]) -> dict[str, list[Row]]:
    """Fact table → the rows that the events of any number of things give."""
    made: dict[str, list[Row]] = {name: [] for name in FOLDS}
    for (_, stream, _), history in histories(events).items():
        for name, (source, fold) in FOLDS.items():
            if source == stream:
                made[name] += fold(history)
    return made
