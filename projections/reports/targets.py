"""What a cell leads to: the rows of a metric's figure, or the place of what is no metric's (a thing, a line, a check)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from opsledger.projections.facts.tables import FACTS, STREAMS
from opsledger.projections.metrics.intervals import Interval
from opsledger.projections.metrics.tables import DIMENSIONS
from opsledger.projections.reports.bulletin import RULES
from opsledger.projections.reports.catalogue import report as report_of
from opsledger.projections.reports.model import TEXT, Column, Report, Result, Shape, Value

BEFORE, NUMERATOR, DENOMINATOR = "before", "numerator", "denominator"
PARTS = {"": "", "value": "", "previous": BEFORE, NUMERATOR: NUMERATOR, DENOMINATOR: DENOMINATOR}
"""Column of a report by metric → the part of the metric that stands in it."""
SUBJECTS: Mapping[str, str] = {fact.subject: fact.stream for fact in FACTS if fact.subject != "agent"}
"""Column that names a thing → the stream of its events. An agent is named in passing: what is told is of the call."""
TOTALS = -1


class Lead(StrEnum):
    """What a place names; its further texts are named here."""

    SUBJECT = "subject"
    """stream, id: the events of one thing."""
    PROOF = "proof"
    """stream, id: the events that a penalty or an award rests on."""
    LINE = "line"
    """contract, rule, first day, part, party's id, then a KPI item (`item`) or the number of a piece of evidence (`#0`)."""
    CHECK = "check"
    """check, then perhaps source, then perhaps stream of the events or reason of the refusal: what was found."""


WIDTHS: Mapping[str, tuple[int, int]] = {Lead.SUBJECT: (3, 3), Lead.PROOF: (3, 3), Lead.LINE: (7, 7), Lead.CHECK: (2, 4)}
"""Lead → how many texts its place has, itself included: at least, at most."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a cell leads: either ``metric``, ``part``, ``keys`` (dimension → value), ``interval``; or ``place``, ``item``."""

    metric: str = ""
    part: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    interval: str = ""
    place: tuple[str, ...] = ()
    item: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a result: the first (``number`` None) or a section."""

    number: int | None
    columns: Sequence[Column]
    rows: Sequence[tuple[Value, ...]]
    totals: tuple[Value, ...] | None
    places: Sequence[tuple[str, ...]]


def table_of(result: Result, number: int | None) -> Table:
    """A table of a result by its number; None is the first."""
    if number is None:
        return Table(None, result.columns, result.rows, result.totals, result.places)
    found = result.sections[number]
    return Table(number, found.columns, found.rows, found.totals, found.places)


def tables_of(result: Result) -> Iterator[Table]:
    """The tables of a result, the first first."""
    yield table_of(result, None)
    yield from (table_of(result, number) for number in range(len(result.sections)))


def metrics_of(report: Report) -> frozenset[str]:
    """The metrics whose figures a report may show, in any of its tables."""
    ranked = {code for rules in RULES.values() for rule in rules for code in rule.codes}
    return frozenset((*report.metrics, *(ranked if report.shape is Shape.BULLETIN else ())))


def keyed_by(report: Report) -> tuple[tuple[str, ...], ...]:
    """By which dimensions the rows of a report's tables stand."""
    return (report.dimensions, *((name,) for name in RULES if report.shape is Shape.BULLETIN))


def target_of(result: Result, table: Table, row: int, index: int) -> Target | None:
    """Where a cell leads: number of the row (−1: the totals), place of the column. None where it leads nowhere."""
    asked, values = result.request, table.totals if row == TOTALS else table.rows[row]
    if asked is None or values is None or values[index] is None:
        return None
    report, name = report_of(result.report), table.columns[index].name
    if asked.cell or report.shape is Shape.LIST:
        return _thing(table, values, row, index)
    if report.shape is Shape.CHECKS:
        return _check(table, values, name)
    if report.shape in (Shape.STATEMENT, Shape.KPI):
        return _line(table, row, table.columns[index])
    return _figure(result, report, table, row, name)


def _thing(table: Table, values: Sequence[Value], row: int, index: int) -> Target | None:
    name, id_ = table.columns[index].name, values[index]
    if row == TOTALS:
        return None
    if name in SUBJECTS and isinstance(id_, str) and id_:
        return Target(place=(Lead.SUBJECT, SUBJECTS[name], id_))
    first = table.columns[0].name
    if (first, name) == ("stream", "subject"):  # a list of events
        return Target(place=(Lead.SUBJECT, str(values[0]), str(id_))) if values[0] else None
    if name == "evidence" and first in ("penalty", "award"):
        return Target(place=(Lead.PROOF, first, str(values[0])))
    return None


def _check(table: Table, values: Sequence[Value], name: str) -> Target | None:
    at = {column.name: str(values[i] or "") for i, column in enumerate(table.columns)}
    if name == "count" and "check" in at:
        stream = [word for word in at.get("example", "").split(" ")[:1] if word in STREAMS]
        return Target(place=(Lead.CHECK, at["check"], *([at["source"], *stream] if "source" in at else [])))
    if "refusal" in at and name in ("open", "settled"):
        return Target(place=(Lead.CHECK, f"dead_{name}", at["source"], at["refusal"]))
    return Target(place=(Lead.CHECK, name, at["source"])) if name == "future" else None


def _line(table: Table, row: int, column: Column) -> Target | None:
    if row == TOTALS or row >= len(table.places) or column.unit == TEXT:
        return None
    place = table.places[row]
    return Target(place=place, item=_item(table, column.name) if place[-1] == "" else "")


def _item(table: Table, column: str) -> str:
    """The KPI item of a column: those of items come in pairs, ``speed`` and ``speed.points``."""
    code = column.removesuffix(".points")
    return code if any(c.name == f"{code}.points" for c in table.columns) else ""


def _figure(result: Result, report: Report, table: Table, row: int, column: str) -> Target | None:
    values = table.totals if row == TOTALS else table.rows[row]
    if values is None:
        return None
    own = table.number is None
    by_row = report.shape is Shape.ROWS or not own
    named = _by_row(column) if by_row else _by_metric(table, values, column)
    if named is None or named[0] not in metrics_of(report):
        return None
    if not by_row or row == TOTALS:
        return Target(*named)
    if own:
        return Target(*named, *_place(report, result, values))
    keys = {c.name: str(values[i] or "") for i, c in enumerate(table.columns) if c.name in DIMENSIONS and c.unit == TEXT}
    return Target(*named, keys) if tuple(keys) in keyed_by(report) else None


def _by_metric(table: Table, values: tuple[Value, ...], column: str) -> tuple[str, str] | None:
    at = next((i for i, c in enumerate(table.columns) if c.name == "metric"), None)
    return (str(values[at]), PARTS[column]) if column in PARTS and at is not None else None


def _by_row(column: str) -> tuple[str, str] | None:
    code, _, part = column.partition(".")
    return (code, part) if part in ("", BEFORE) else None


def _place(report: Report, result: Result, values: tuple[Value, ...]) -> tuple[dict[str, str], str]:
    keys = {name: str(value or "") for name, value in zip(report.dimensions, values, strict=False)}
    interval = values[len(report.dimensions)] if result.every is not None else None
    return keys, interval.code if isinstance(interval, Interval) else ""
