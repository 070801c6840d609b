"""Answers to questions about the facts: sums by dimension, and single figures with the evidence behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from opsledger.domain.calendar import Period
from opsledger.domain.errors import UserError
from opsledger.projections.metrics.bound import further
from opsledger.projections.metrics.model import Attribution, Fold, Metric
from opsledger.projections.metrics.query import (
    Cell,
    Filters,
    Parameters,
    Question,
    cells_of,
    parameters_of,
    scans_of,
    sql_of,
    utc_text,
)
from opsledger.projections.metrics.registry import metric
from opsledger.projections.metrics.rows_behind import evidence_sql
from opsledger.projections.metrics.tables import TABLES

DEFAULT_THRESHOLD_MS = 20_000


class Answer(Protocol):
    """Rows of an answer."""

    @property
    def result_rows(self) -> Sequence[Sequence[Any]]:
        """The rows."""
        ...


class Engine(Protocol):
    """What runs SQL with parameters bound by the server (a clickhouse-connect client)."""

    def query(self, query: str, parameters: Mapping[str, Any]) -> Answer:
        """Run a SELECT."""
        ...


@dataclass(frozen=True, slots=True)
class Facts:
    """Where the facts are, whose, and how far they go.

    ``cutoff`` (UTC): open spans count to it, and what is due later is not judged yet. ``positions`` are
    (topic/partition → next offset) that the facts were made from; ``refreshed_at`` says when. ``dead_letters`` is how
    many records were refused and are in no figure; ``late_after``: what is recorded longer after a period's end is late.
    """

    engine: Engine
    tenant: str
    cutoff: datetime
    positions: Mapping[str, int] = field(default_factory=dict)
    refreshed_at: datetime | None = None
    as_known_at: datetime | None = None
    dead_letters: int = 0
    late_after: timedelta = timedelta(hours=24)


Sum = int | Decimal | None
Row = tuple[tuple[str | int, ...], tuple[Sum, ...]]
"""Dimension values (the number of the interval first, where time is cut) and one sum per cell."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A metric's numerator and denominator; the denominator of a plain sum is None."""

    numerator: Sum
    denominator: Sum = None

    def value(self, of: Metric) -> Decimal | int | None:
        """The figure, unrounded; None where there is nothing to divide by."""
        if of.denominator is None:
            return self.numerator
        if not self.denominator or self.numerator is None:
            return None
        return Decimal(self.numerator) * of.per / Decimal(self.denominator)


def ask(facts: Facts, question: Question, threshold_ms: int = DEFAULT_THRESHOLD_MS) -> list[Row]:
    """The answer to a question, ordered by dimensions, then time: one query (one more, small, where teams are asked for)."""
    return _asked(facts, question, threshold_ms)[0]


def ask_with_whole(facts: Facts, question: Question, threshold_ms: int = DEFAULT_THRESHOLD_MS) -> tuple[list[Row], list[Sum]]:
    """As ``ask``, with the sums over all rows of every cell of a question with a ``whole``. They are not made from the rows:
    the same scan counts both, where time is cut spans have one of their own."""
    rows, whole = _asked(facts, question, threshold_ms)
    return rows if question.keys else [((), tuple(whole[: len(question.cells)]))], whole


def _asked(facts: Facts, question: Question, threshold_ms: int) -> tuple[list[Row], list[Sum]]:
    bound = bindings(facts, question, threshold_ms)
    width, every, scans = len(question.keys), question.every, scans_of(question)
    found: dict[tuple[str | int, ...], list[Sum]] = {}
    whole = [_nothing(cell) for cell in every]
    for row in facts.engine.query(sql_of(question), parameters=bound).result_rows:
        key, number, *is_whole, values = tuple(row[:width]), *row[width:]
        sums = whole if any(is_whole) else found.setdefault(key, [_nothing(cell) for cell in every])
        for index, value in zip(scans[number].members, values, strict=True):
            sums[index] = _sum(every[index], value)
    cells = len(question.cells)
    rows = [(key, tuple(sums[:cells])) for key, sums in sorted(found.items(), key=lambda item: _order(question, item[0]))]
    return rows, whole


def _order(question: Question, key: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return key if question.cut is None else (*key[1:], key[0])


def _nothing(cell: Cell) -> Sum:
    return None if cell.amount.fold is Fold.P90 else 0


def bindings(facts: Facts, question: Question, threshold_ms: int) -> Parameters:
    """The values bound into a question's SQL: the agents' teams, opening hours and months where they are needed."""
    bound = parameters_of(question, facts.tenant, facts.cutoff, threshold_ms)
    if "team" in (*question.dimensions, *question.filters):
        teams = teams_of(facts, question.period)
        bound |= {"team_agents": list(teams), "team_names": list(teams.values())}
    return bound | further(facts.engine, facts.tenant, question)


def _sum(cell: Cell, value: Decimal | None) -> Sum:
    if value is None:
        return None if cell.amount.currency else _nothing(cell)
    return value if cell.amount.exact or cell.amount.fold is Fold.P90 else int(value)


def parts_of(metrics: Sequence[Metric], asked: Attribution | None, cells: Sequence[Cell], sums: Sequence[Sum]) -> list[Parts]:
    """Each metric's parts out of one row of sums."""
    at = dict(zip(cells, sums, strict=True))
    return [Parts(*(at[Cell(a, m.under(asked))] for a in m.amounts)) for m in metrics]


def teams_of(facts: Facts, period: Period) -> dict[str, str]:
    """Each agent's team: that of the latest shift that began before the period's end."""
    sql = (
        "SELECT agent, argMax(team, starts_at) FROM shifts FINAL WHERE tenant = {tenant:String} AND team != '' "
        "AND starts_at < {stop:DateTime64(6, 'UTC')} GROUP BY agent ORDER BY agent"
    )
    rows = facts.engine.query(sql, parameters={"tenant": facts.tenant, "stop": utc_text(period.stop)}).result_rows
    return {str(agent): str(team) for agent, team in rows}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The rows that a figure was made from: table, predicate, bound values, how many, and a digest of their keys.

    ``digest`` is SHA-256 (hex) over the sorted keys (``call/leg``), each followed by a line feed.
    """

    table: str
    predicate: str
    parameters: Mapping[str, Any]
    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric's parts for a period, with the evidence of its base: the denominator's rows, else the numerator's."""

    code: str
    numerator: Decimal
    denominator: Decimal | None
    evidence: Evidence


def measure(
    facts: Facts,
    code: str,
    period: Period,
    filters: Filters | None = None,
    *,
    by: str | None = None,
    threshold_ms: int = DEFAULT_THRESHOLD_MS,
) -> dict[str, Measured]:
    """A metric under its own attribution, by a dimension's values or ('' alone) as a whole, with evidence.

    Raises UserError for an unknown code, and for a filter or dimension that its fact tables do not have.
    """
    found = metric(code)
    filters = filters or {}
    dimensions = (by,) if by else ()
    require_dimensions(found, (*filters, *dimensions))
    question = Question(cells_of([found], None), period, dimensions, None, filters)
    rows = {str(key[0]) if by else "": sums for key, sums in ask(facts, question, threshold_ms)}
    return {name: _measured(facts, question, found, by, name, sums, threshold_ms) for name, sums in rows.items()}


def _measured(
    facts: Facts, question: Question, found: Metric, by: str | None, name: str, sums: Sequence[Sum], threshold_ms: int
) -> Measured:
    (parts,) = parts_of([found], None, question.cells, sums)
    filters = {**question.filters, **({by: (name,)} if by else {})}
    one = Question(question.cells, question.period, (), None, filters)
    numerator, denominator = Decimal(parts.numerator or 0), parts.denominator
    if found.denominator is not None:
        denominator = Decimal(denominator or 0)
    return Measured(
        found.code,
        numerator,
        None if denominator is None else Decimal(denominator),
        evidence_of(facts, one, found, threshold_ms),
    )


def evidence_of(facts: Facts, question: Question, of: Metric, threshold_ms: int) -> Evidence:
    """Count and digest the rows behind a metric's base under a question's filters."""
    cell = Cell(of.amounts[-1], of.under(None))
    table = TABLES[cell.amount.table]
    predicate = evidence_sql(cell, question.filters)
    key = " || '/' || ".join(f"toString(`{k}`)" for k in table.key)
    sql = (
        f"SELECT count(), lower(hex(SHA256(arrayStringConcat(arraySort(groupArray({key} || '\\n'))))))\n"
        f"FROM {table.source}\nWHERE {predicate}"
    )
    bound = bindings(facts, question, threshold_ms)
    count, digest = facts.engine.query(sql, parameters=bound).result_rows[0]
    return Evidence(table.name, predicate, bound, int(count), str(digest))


def require_dimensions(of: Metric, names: Sequence[str]) -> None:
    """UserError where a metric's tables cannot be filtered or grouped by one of the names."""
    for name in names:
        lacking = [t for t in of.tables if name not in TABLES[t].dimensions]
        if lacking:
            valid = set.intersection(*(set(TABLES[t].dimensions) for t in of.tables))
            raise UserError(f"{of.code} cannot be taken by '{name}'; valid: {', '.join(sorted(valid))}")
