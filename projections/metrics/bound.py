"""What some views over the facts are told besides the period: when the doors are open, which months are whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.projections.master.names import Engine
from opsledger.projections.master.opening import openings_of
from opsledger.projections.metrics.query import Parameters, Question

_SEATS = frozenset({"seat_hours"})
_MONTHS = frozenset({"month_costs", "month_legs"})


def further(engine: Engine, tenant: str, question: Question) -> Parameters:
    """The arrays that the views of a question need, by name; empty where it reads none of them. Moments are in µs of UTC."""
    found: Parameters = {}
    if question.tables & _SEATS:
        found |= _seats(engine, tenant, question.period)
    if question.tables & _MONTHS:
        found |= _months(question.period)
    return found


def _seats(engine: Engine, tenant: str, period: Period) -> Parameters:
    spans = openings_of(engine, tenant, period.start, period.stop)
    return {
        "seat_from": [_us(s.opens_at) for s in spans],
        "seat_until": [_us(s.closes_at) for s in spans],
        "seat_count": [s.seats for s in spans],
    }


def _months(period: Period) -> Parameters:
    months = whole_months(period)
    return {
        "month_names": [m.name for m in months],
        "month_starts": [_us(m.start) for m in months],
        "months_until": _us(months[-1].stop) if months else 0,
    }


def whole_months(period: Period) -> list[Period]:
    """The calendar months of the period's zone that lie in it from their first day to their last."""
    month = make_period(Grain.MONTH, period.first, period.zone)
    found = []
    while month.end <= period.end:
        if month.first >= period.first:
            found.append(month)
        month = make_period(Grain.MONTH, month.end, period.zone)
    return found


def _us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
