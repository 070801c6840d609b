"""A statement as the result of a report: so that a sheet and a print of it are made as those of every report are."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from opsledger.domain.calendar import Grain, parse_period
from opsledger.domain.settling import Line
from opsledger.projections.formats.statement import Sheet, basis_of, figure, notes, row_of, said, word
from opsledger.projections.formats.units import MONEY
from opsledger.projections.metrics.model import Lang, Unit
from opsledger.projections.reports.model import TEXT, Column, Footer, Result, Section, Value

_LINES = (
    ("rule", TEXT), ("whom", TEXT), ("days", TEXT), ("terms", TEXT), ("quantity", "quantity"), ("unit", "unit_price"),
    ("amount", MONEY), ("basis", TEXT), ("events", Unit.COUNT.value),
)  # fmt: skip
_DETAILS = (
    ("rule", TEXT), ("whom", TEXT), ("item", TEXT), ("numerator", "exact"), ("denominator", "exact"), ("reached", TEXT),
    ("points", Unit.POINTS.value), ("of_points", Unit.POINTS.value),
)  # fmt: skip
_EVIDENCE = (
    ("rule", TEXT), ("whom", TEXT), ("days", TEXT), ("events", Unit.COUNT.value), ("digest", TEXT), ("predicate", TEXT),
)  # fmt: skip


def result_of(sheet: Sheet, lang: Lang, *, predicates: bool = True) -> Result:
    """The statement as a result: its lines, and how each figure was made on tables of their own; ``predicates`` shows what
    was counted as the engine was asked."""
    made = sheet.statement
    lines = tuple(_line(line, lang) for line in made.lines)
    total = tuple(made.total if name == "amount" else None for name, _ in _LINES)
    parameters = {"tenant": sheet.tenant, "contract": f"{made.contract} · {said(made.title, lang)}", "vendor": made.vendor}
    return Result(
        report="vendor_statement",
        title=f"{word('statement', lang)} ({word('draft', lang)})",
        group="",
        lang=lang,
        period=parse_period(Grain.MONTH, made.month, made.zone),
        parameters={**parameters, "currency": made.currency, "digest": made.digest},
        columns=_columns(_LINES, lang, made.currency),
        rows=lines,
        totals=total,
        footer=Footer(sheet.cutoff, sheet.positions, None, None, None, tuple(notes(sheet, lang))),
        headline=("amount",),
        sections=tuple(_sections(sheet, lang, predicates=predicates)),
    )


def _columns(names: tuple[tuple[str, str], ...], lang: Lang, currency: str = "") -> tuple[Column, ...]:
    titles = ((name, unit, word(name, lang)) for name, unit in names)
    return tuple(Column(name, f"{title} ({currency})" if unit == MONEY else title, unit) for name, unit, title in titles)


def _line(line: Line, lang: Lang) -> tuple[Value, ...]:
    row = row_of(line, lang)
    events = sum(each.count for each in line.evidence)
    text = (row.rule, row.whom, row.days, row.terms)
    return (*text, line.quantity, line.unit_amount, line.amount, basis_of(line, lang) or None, events)


def _sections(sheet: Sheet, lang: Lang, *, predicates: bool) -> Iterator[Section]:
    lines = sheet.statement.lines
    details = tuple(row for line in lines for row in _details(line, lang))
    if details:
        yield Section(f"{word('explain', lang)}: {word('points', lang)}", _columns(_DETAILS, lang), details)
    proof = tuple(row for line in lines for row in _proof(line, lang))
    shown = len(_EVIDENCE) - (not predicates)
    if proof:
        yield Section(word("evidence", lang), _columns(_EVIDENCE, lang)[:shown], tuple(row[:shown] for row in proof))


def _details(line: Line, lang: Lang) -> Iterator[tuple[Value, ...]]:
    row = row_of(line, lang)
    for each in line.details:
        reached = None if each.figure is None else f"{figure(round(each.figure, 2))}{' %' if each.percent else ''}"
        points = (round(each.points, 2), Decimal(each.of_points))
        yield (row.rule, row.whom, said(each.title, lang), each.numerator, each.denominator, reached, *points)


def _proof(line: Line, lang: Lang) -> Iterator[tuple[Value, ...]]:
    row = row_of(line, lang)
    for each in line.evidence:
        yield (row.rule, row.whom, row.days, each.count, each.digest, each.predicate)
