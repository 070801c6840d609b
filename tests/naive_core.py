"""The tools of the naive metrics: which rows count, how much each adds, when, and how that is cut at marks of time."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Test = Callable[[Row], Any]
When = Callable[[Row], datetime | None]
MS = timedelta(milliseconds=1)
US = timedelta(microseconds=1)
T_MS = 20_000


@dataclass(frozen=True)
class Sum:
    """A sum over a table's rows: how much a row adds (None: nothing), and when, by attribution.

    ``fold``: ``sum``; ``p90`` of the amounts; ``union`` of the spans. ``currency``: the column that may not differ.
    """

    table: str
    amount: Test
    when: dict[str, When] = field(default_factory=dict)
    span: Callable[[Row], tuple[datetime | None, datetime | None]] | None = None
    fold: str = "sum"
    currency: str = ""


Parts = dict[str, tuple[Sum, Sum | None]]
"""Code → numerator, denominator."""


def at(*columns: str) -> When:
    """The first of the columns that has a value."""
    return lambda r: next((r[c] for c in columns if r.get(c) is not None), None)


def always(_: Row) -> bool:
    """Every row."""
    return True


def one(_: Row) -> int:
    """Each row adds one."""
    return 1


def both(*tests: Test) -> Test:
    """All of the tests hold."""
    return lambda r: all(t(r) for t in tests)


def has(column: str) -> Test:
    """The column has a value."""
    return lambda r: r.get(column) is not None


def entry(test: Test = always, amount: Test = one, span: Any = None, fold: str = "sum") -> Sum:
    """Queue entries for which a test holds."""
    when = {
        "enter": at("entered_at"),
        "answer": at("answered_at", "left_at", "entered_at"),
        "end": at("ended_at", "left_at", "answered_at", "entered_at"),
    }
    return Sum("legs", lambda r: amount(r) if r["is_entry"] and test(r) else None, when, span, fold)


def leg(test: Test = always, amount: Test = one, span: Any = None) -> Sum:
    """Answered legs that are over and for which a test holds."""
    when = {"enter": at("entered_at"), "answer": at("answered_at"), "end": at("ended_at")}
    return Sum("legs", lambda r: amount(r) if r["answered_at"] and r["ended_at"] and test(r) else None, when, span)


def rows(table: str, kind: str, when: When, test: Test = always, amount: Test = one, **more: Any) -> Sum:
    """Rows of another table, counted at one moment."""
    return Sum(table, lambda r: amount(r) if test(r) else None, {kind: when}, **more)


def spans(table: str, start: str, end: str, test: Test = always, fold: str = "sum") -> Sum:
    """Time between two moments; an open end counts to the cutoff."""
    return Sum(table, lambda r: "length" if test(r) else None, {}, lambda r: (r[start], r[end]), fold)


def between(start: str, end: str) -> Test:
    """Milliseconds from one moment to another."""
    return lambda r: (r[end] - r[start]) // MS


def pieces(
    one_sum: Sum, row: Row, attribution: str, marks: Sequence[datetime], cutoff: datetime
) -> Iterator[tuple[datetime, Decimal]]:
    """(moment, amount) of a row; a spread amount is cut at the marks (ascending), its parts adding up exactly."""
    amount = one_sum.amount(row)
    if amount is None:
        return
    if not _spreads(one_sum, attribution):
        moment = one_sum.when[attribution](row)
        if moment is not None:
            yield moment, Decimal(amount)
        return
    start, end = one_sum.span(row) if one_sum.span else (None, None)
    if start is not None:
        yield from _cut(start, max(start, min(end or cutoff, cutoff)), amount, marks)


def _spreads(one_sum: Sum, attribution: str) -> bool:
    return one_sum.span is not None and (attribution == "spread" or not one_sum.when)


def _cut(start: datetime, end: datetime, amount: Any, marks: Sequence[datetime]) -> Iterator[tuple[datetime, Decimal]]:
    def until(moment: datetime) -> int:
        passed = (moment - start) // US
        return passed // 1000 if amount == "length" else amount * passed // ((end - start) // US)

    if start == end:
        yield start, Decimal(0 if amount == "length" else amount)
        return
    cuts = [start, *marks[bisect_right(marks, start) : bisect_right(marks, end)], end]
    for low, high in pairwise(dict.fromkeys(cuts)):
        yield low, Decimal(until(high) - until(low))


def folded(
    one_sum: Sum, found: Sequence[Row], attribution: str, marks: Sequence[datetime], cutoff: datetime
) -> dict[int, Decimal | None]:
    """Number of the interval between marks → the figure; None where several currencies met."""
    if one_sum.fold == "union":
        return _union(one_sum, found, marks, cutoff)
    gathered: dict[int, list[Decimal]] = defaultdict(list)
    currencies: dict[int, set[str]] = defaultdict(set)
    for row in found:
        for moment, amount in pieces(one_sum, row, attribution, marks, cutoff):
            if marks[0] <= moment < marks[-1]:
                number = bisect_right(marks, moment) - 1
                gathered[number].append(amount)
                currencies[number].add(row.get(one_sum.currency, ""))
    fold = _p90 if one_sum.fold == "p90" else sum
    return {n: None if len(currencies[n]) > 1 else Decimal(fold(amounts)) for n, amounts in gathered.items()}


def _p90(amounts: list[Decimal]) -> Decimal:
    """Nine in ten lie at or below it: on the straight line between the two neighbours of that place."""
    ordered = sorted(amounts)
    whole, tenths = divmod(9 * (len(ordered) - 1), 10)
    return ordered[whole] + (ordered[whole + 1] - ordered[whole]) * tenths / 10 if tenths else ordered[whole]


def _union(one_sum: Sum, found: Sequence[Row], marks: Sequence[datetime], cutoff: datetime) -> dict[int, Decimal | None]:
    lengths: dict[int, Decimal | None] = {}
    ends = [one_sum.span(row) for row in found if one_sum.amount(row) is not None] if one_sum.span else []
    for number, (low, high) in enumerate(pairwise(marks)):
        reached, total = low, timedelta(0)
        for start, end in sorted((s, min(e or cutoff, cutoff)) for s, e in ends if s is not None):
            begin, stop = max(start, reached), min(end, high)
            if stop > begin:
                total, reached = total + (stop - begin), stop
        if total:
            lengths[number] = Decimal(total // MS)
    return lengths
