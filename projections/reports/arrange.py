"""What a report does with its rows once they are counted: the order of the largest first, and shares beside the figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from opsledger.projections.reports import words
from opsledger.projections.reports.layouts import Layout
from opsledger.projections.reports.model import Value
from opsledger.projections.reports.request import Job

T = TypeVar("T")
SHARE = "share"
"""A column of shares is called after its metric: ``calls.share``."""


def arranged(job: Job, layout: Layout) -> Layout:
    """The layout with its rows in the report's order and with the report's shares; unchanged where it asks for neither."""
    layout = _ordered(layout, job.report.order) if job.report.order else layout
    for code, within in job.report.shares.items():
        layout = _with_share(job, layout, code, within)
    return layout


def _ordered(layout: Layout, code: str) -> Layout:
    """The largest first; equal ones keep their order by name."""
    at = _place(layout, code)
    order = sorted(range(len(layout.rows)), key=lambda i: -_number(layout.rows[i][at]))
    new = {old: place for place, old in enumerate(order)} | {-1: -1}
    return replace(
        layout,
        rows=tuple(layout.rows[i] for i in order),
        met={(new[row], column): met for (row, column), met in layout.met.items()},
    )


def _with_share(job: Job, layout: Layout, code: str, within: str) -> Layout:
    """A column of shares behind the metric's own: of all rows, or of those with the same value of a dimension."""
    at, lang = _place(layout, code), job.request.lang
    group = _place(layout, within) if within else None
    wholes: defaultdict[Value, Decimal] = defaultdict(Decimal)
    for row in layout.rows:
        wholes[None if group is None else row[group]] += _number(row[at])
    shares: list[Value] = [_share(row[at], wholes[None if group is None else row[group]]) for row in layout.rows]
    totals = layout.totals and _behind(layout.totals, at, None if within else _share(layout.totals[at], wholes[None]))
    return replace(
        layout,
        columns=_behind(layout.columns, at, words.share_column(layout.columns[at], within, SHARE, lang)),
        rows=tuple(_behind(row, at, share) for row, share in zip(layout.rows, shares, strict=True)),
        totals=totals,
    )


def _behind(values: Sequence[T], at: int, one: T) -> tuple[T, ...]:
    return (*values[: at + 1], one, *values[at + 1 :])


def _place(layout: Layout, name: str) -> int:
    return next(i for i, column in enumerate(layout.columns) if column.name == name)


def _number(value: Value) -> Decimal:
    return Decimal(value) if isinstance(value, int | Decimal) else Decimal(0)


def _share(value: Value, whole: Decimal) -> Decimal | None:
    return _number(value) / whole if whole and value is not None else None
