"""Figures beside those of another period: the one before, or the same one a year ago."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from opsledger.domain.calendar import Grain, Period, make_period, make_span
from opsledger.domain.errors import UserError, nearest
from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.model import Compare, Report, Request, Shape

FEBRUARY_29 = Label(
    "The year before has no 29 February: 28 February stands in its place.", "上年无 2 月 29 日,以 2 月 28 日对比。"
)
WEEK_53 = Label("The year before has no week 53: its week 52 stands in its place.", "上年无第 53 周,以第 52 周对比。")


_ONE_BY_ONE = (Shape.LIST, Shape.STATEMENT, Shape.KPI)
"""Reports whose rows are facts, or lines of a contract: they have no counterpart in another period."""


def compare_of(report: Report, request: Request) -> Compare | None:
    """What the figures are compared with: what is asked for, else what the report always does. UserError for anything else."""
    if request.compare is None:
        return Compare.PREVIOUS if report.previous else None
    if report.shape in _ONE_BY_ONE:
        raise UserError(f"{report.code} lists facts, which have nothing to be compared with; leave --compare out")
    if request.compare in tuple(Compare):
        return Compare(request.compare)
    raise UserError(f"there is no comparison '{request.compare}'{nearest(request.compare, tuple(Compare))}")


def period_compared(period: Period, compare: Compare) -> tuple[Period, Label | None]:
    """The period that one is compared with, and what is to be said about it where the calendar has no such period.

    A year ago is the same ISO week, the same month, the same date.
    """
    if compare is Compare.PREVIOUS:
        return period.previous(), None
    if period.grain is Grain.WEEK:
        return _week_a_year_ago(period)
    first = _a_year_ago(period.first)
    note = None if (first.month, first.day) == (period.first.month, period.first.day) else FEBRUARY_29
    if period.grain is not Grain.SPAN:
        return make_period(period.grain, first, period.zone), note
    last = replace(period, first=period.days[-1])
    return make_span(first, _a_year_ago(last.first), period.zone), note


def _week_a_year_ago(period: Period) -> tuple[Period, Label | None]:
    year, week, _ = period.first.isocalendar()
    try:
        return make_period(Grain.WEEK, date.fromisocalendar(year - 1, week, 1), period.zone), None
    except ValueError:
        return make_period(Grain.WEEK, date.fromisocalendar(year - 1, week - 1, 1), period.zone), WEEK_53


def _a_year_ago(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
