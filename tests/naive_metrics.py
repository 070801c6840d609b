"""The metrics once more, row by row in plain Python, from the definitions in words: what the SQL is held against."""

from __future__ import annotations

from datetime import UTC, datetime

from tests import naive_calls, naive_handling, naive_money, naive_people, naive_work
from tests.naive_core import MS, T_MS, Parts, Row, Sum, Test, at, both, entry, folded, leg, pieces, rows, spans

__all__ = [
    "MS",
    "T_MS",
    "Parts",
    "Row",
    "Sum",
    "Test",
    "at",
    "both",
    "entry",
    "folded",
    "leg",
    "metrics",
    "pieces",
    "rows",
    "spans",
]

_LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)


def metrics(cutoff: datetime, start: datetime = _LONG_AGO, stop: datetime | None = None) -> Parts:
    """Every metric but those of single reports (naive_suite); what is due later than the cutoff is not judged."""
    whole = (
        *(naive_calls.contacts(), naive_calls.menu(), naive_calls.business()),
        *(naive_handling.queues(), naive_handling.rings(), naive_handling.legs(), naive_handling.transfers()),
        *(naive_people.agents(), naive_people.shifts(cutoff), naive_people.staff(start, stop or cutoff, cutoff)),
        *(naive_work.tickets(cutoff), naive_work.callbacks(cutoff), naive_work.completed_callbacks()),
        *(naive_work.complaints(), naive_work.judgements()),
        *(naive_money.quality(), naive_money.faults(), naive_money.money()),
    )
    return {code: parts for group in whole for code, parts in group.items()}
