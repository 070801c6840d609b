"""The rows behind one figure of a report: each with what it adds, so that anybody can add them up to the figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from opsledger.domain.calendar import Period
from opsledger.domain.errors import UserError
from opsledger.projections.metrics.intervals import Cut
from opsledger.projections.metrics.measure import Sum, ask, bindings
from opsledger.projections.metrics.model import Fold, Label, Metric
from opsledger.projections.metrics.query import Cell, Question, branches_of
from opsledger.projections.metrics.rows_behind import behind_sql
from opsledger.projections.metrics.tables import TABLES
from opsledger.projections.reports import words
from opsledger.projections.reports.cells import CellRef
from opsledger.projections.reports.fact_columns import FACT_COLUMNS
from opsledger.projections.reports.layouts import Layout
from opsledger.projections.reports.listing import MAX_ROWS, value_of
from opsledger.projections.reports.model import Column, Section, Value
from opsledger.projections.reports.request import Job, checked
from opsledger.projections.reports.targets import BEFORE, DENOMINATOR, NUMERATOR

_ADDS = {
    "share": Label("adds", "计入"),
    NUMERATOR: Label("adds to the numerator", "计入分子"),
    DENOMINATOR: Label("adds to the denominator", "计入分母"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of one fact table behind a figure; its totals are counted without them."""

    section: Section
    complete: bool
    breaches: tuple[str, ...]


def by_figure(job: Job, ref: CellRef) -> Layout:
    """The rows behind a metric's figure: first those of the numerator, then, where they are of another fact table, those of
    the denominator as a section. UserError where there is no such cell."""
    origin = checked(job.facts, replace(ref.request, lang=job.request.lang))
    metric = origin.metric(ref.metric)
    question, number = _question(origin, ref, metric)
    found = [
        rows_behind(origin, metric, replace(question, cells=_members(question, branch)), number)
        for branch in branches_of(question)
    ]
    first, *others = (each.section for each in found)
    return Layout(
        first.columns,
        first.rows,
        first.totals,
        warnings=tuple(words.counted("cut", MAX_ROWS, job.request.lang) for each in found if not each.complete),
        notes=tuple(_notes(question, job)),
        breaches=tuple((1, breach) for each in found for breach in each.breaches),
        sections=tuple(others),
        parameters=_parameters(origin, ref, metric),
    )


def _members(question: Question, branch: Sequence[int]) -> tuple[Cell, ...]:
    return tuple(question.cells[index] for index in branch)


def _question(origin: Job, ref: CellRef, metric: Metric) -> tuple[Question, int | None]:
    """What the cell asked of the facts, and the number of its interval."""
    only = {**origin.request.only, **{name: (value,) for name, value in ref.keys.items()}}
    for name, kept in origin.request.only.items():
        if not set(only[name]) <= set(kept):
            raise UserError(f"the report was narrowed to other values of {name} than the cell's {only[name][0]!r}")
    question = origin.question([metric])
    chosen = {NUMERATOR: question.cells[:1], DENOMINATOR: question.cells[-1:]}.get(ref.part, question.cells)
    period, cut, number = origin.request.period, None, None
    if ref.interval:
        number = _number(origin, ref)
    if ref.part == BEFORE:
        period = _before(origin)
    if number is not None and origin.cut is not None:
        cut = Cut(period, origin.cut.every)
    return replace(question, cells=chosen, period=period, cut=cut, filters=only), number


def _before(origin: Job) -> Period:
    if origin.before is None:
        raise UserError(f"the report {origin.report.code} was not compared with another period")
    return origin.before


def _number(origin: Job, ref: CellRef) -> int:
    for interval in origin.cut.intervals if origin.cut is not None else ():
        if interval.code == ref.interval:
            return interval.number
    raise UserError(f"{origin.report.code} of {origin.request.period.name} has no interval {ref.interval!r}")


def rows_behind(origin: Job, metric: Metric, question: Question, number: int | None) -> Found:
    """The rows behind a metric's sums, all of one branch of a question; where it cuts time, of one interval alone."""
    table = TABLES[question.cells[0].amount.table]
    bound = bindings(origin.facts, question, origin.request.threshold_ms)
    described = origin.facts.engine.query(f"DESCRIBE (SELECT * FROM {table.source})", parameters=bound).result_rows
    there = {str(row[0]) for row in described}
    names = [*table.key, *(name for name in FACT_COLUMNS if name in there and name not in table.key)]
    bound |= {"limit": MAX_ROWS + 1, **({} if number is None else {"interval": number})}
    found = origin.facts.engine.query(behind_sql(question, names), parameters=bound).result_rows
    rows = [_row(row, question) for row in found[:MAX_ROWS]]
    sums, complete = _sums(origin, question, number), len(found) <= MAX_ROWS
    totals: tuple[Value, ...] = (*(None for _ in names), *sums)
    columns = (*(_column(name, origin) for name in names), *_adds(metric, question, origin))
    title = words.DENOMINATOR_ROWS.text(origin.request.lang)
    breaches = _breaches(question, rows, sums) if complete else ()
    return Found(Section(title, columns, tuple(rows), totals), complete, tuple(breaches))


def _row(row: Sequence[Any], question: Question) -> tuple[Value, ...]:
    width = len(question.cells)
    return (*map(value_of, row[:-width]), *map(_whole, row[-width:]))


def _whole(share: Decimal | None) -> Decimal | int:
    if share is None:
        return 0
    return int(share) if share == share.to_integral_value() else share


def _sums(origin: Job, question: Question, number: int | None) -> tuple[Sum, ...]:
    """The figure's sums, counted as the report counts them."""
    for key, sums in ask(origin.facts, question, origin.request.threshold_ms):
        if number is None or key[0] == number:
            return sums
    return tuple(None if cell.amount.fold is Fold.P90 else 0 for cell in question.cells)


def _breaches(question: Question, rows: Sequence[tuple[Value, ...]], sums: Sequence[Sum]) -> list[str]:
    """The first law for a list: what its rows add is the figure."""
    width, found = len(question.cells), []
    for index, (cell, total) in enumerate(zip(question.cells, sums, strict=True)):
        if cell.amount.fold is Fold.P90 or total is None:
            continue
        added = sum((Decimal(str(row[index - width] or 0)) for row in rows), Decimal(0))
        if (int(added) if cell.amount.fold is Fold.UNION else added) != total:
            found.append(f"{cell.amount.table}: the rows add up to {added:f}, the figure is {total:f}")
    return found


def _column(name: str, origin: Job) -> Column:
    unit, label = FACT_COLUMNS[name]
    return Column(name, words.fill(label, 0, origin.request.lang), unit)


def _adds(metric: Metric, question: Question, origin: Job) -> list[Column]:
    lang, found = origin.request.lang, []
    for cell in question.cells:
        side = "share" if metric.denominator is None else DENOMINATOR if cell.amount == metric.denominator else NUMERATOR
        found.append(Column(side, words.fill(_ADDS[side], 0, lang), cell.amount.unit.value))
    return found


def _notes(question: Question, job: Job) -> list[str]:
    folds = {cell.amount.fold for cell in question.cells}
    return [words.FOLDED[fold].text(job.request.lang) for fold in words.FOLDED if fold in folds]


def _parameters(origin: Job, ref: CellRef, metric: Metric) -> Mapping[str, str]:
    """What the figure is: of which report, which metric, which row."""
    lang = origin.request.lang
    part = {"part": words.fill(words.PARTS[ref.part], 0, lang)} if ref.part else {}
    title = words.fill(metric.label, origin.request.threshold_ms, lang)
    found = {"of_report": origin.report.label.text(lang), "figure": title, **part}
    return {**found, **ref.keys, **({"interval": ref.interval} if ref.interval else {})}
