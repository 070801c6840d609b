"""How values are written: readable for people, raw for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from opsledger.projections.formats.units import is_figure, number, unit_text
from opsledger.projections.metrics.intervals import Every, Interval
from opsledger.projections.metrics.model import Lang
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.reports.codes import CODES, named
from opsledger.projections.reports.model import BY_ROW, TEXT, Column, Result, Value
from opsledger.projections.reports.words import NONE, TOTAL

EMPTY = "–"
"""Shown where there is no value: 0/0, not known."""
MET, MISSED = "✓", "✗"
"""Stand beside a figure that meets or misses its target: colour alone tells nothing to the colour-blind and in print."""
YES = {"en": ("yes", "no"), "zh": ("是", "否")}
_SIGNED = ("change", "change_rate")


def is_change(column: Column) -> bool:
    """Whether a column holds differences from another period: they carry a sign."""
    return column.name in _SIGNED or column.name.endswith(".change")


def clean(text: str) -> str:
    """Text on one line without characters that cannot be seen: names come from outside, and such characters drive
    terminals, turn text around, or are refused by XML and UTF-8 (a lone surrogate stops a whole page)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)


@dataclass(frozen=True)
class Grid:
    """One table of a result: the first, whose ``title`` is empty, or a section."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    totals: tuple[Value, ...] | None
    marks: Mapping[tuple[int, str], bool]

    @cached_property
    def at(self) -> Mapping[str, int]:
        """Column name → its place."""
        return {c.name: i for i, c in enumerate(self.columns)}

    @property
    def by_metric(self) -> bool:
        """Whether a row is a metric, with values in its unit."""
        return "metric" in self.at and any(c.unit == BY_ROW for c in self.columns)

    @cached_property
    def currency(self) -> str:
        """The currency of all its money, where it has a column of it and they agree."""
        found = {row[self.at["currency"]] for row in self.rows} if "currency" in self.at else set()
        return str(next(iter(found))) if len(found) == 1 and all(found) else ""

    def met(self, number_: int, column: str) -> bool | None:
        """Whether a figure meets its target; of the row −1, the totals. A row's own ``met`` counts for its value."""
        if (number_, column) in self.marks:
            return self.marks[number_, column]
        if column not in ("value", "met") or "met" not in self.at or number_ < 0:
            return None
        told = self.rows[number_][self.at["met"]]
        return told if isinstance(told, bool) else None

    def marked(self, column: str) -> bool:
        """Whether any figure of a column meets or misses a target."""
        return any(name == column for _, name in self.marks)


def grids_of(result: Result) -> Iterator[Grid]:
    """The tables of a result, the first first."""
    yield Grid("", result.columns, result.rows, result.totals, result.met)
    for each in result.sections:
        yield Grid(each.title, each.columns, each.rows, each.totals, {})


class Writer:
    """Writes the values of one table for people: in the result's language, in the period's zone, with names for ids."""

    def __init__(self, result: Result, grid: Grid | None = None) -> None:
        self.lang: Lang = result.lang
        self.every: Every | None = result.every
        self._zone = ZoneInfo(result.period.zone)
        self._one_day = len(result.period.days) == 1
        self._grid = grid or next(grids_of(result))
        self._columns = self._grid.columns
        self._names = result.names
        self._seen: dict[tuple[str, str], str] = {}

    def time(self, moment: datetime) -> str:
        """A moment in the period's zone."""
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"

    def unit(self, column: Column) -> str:
        """The unit under a column's title."""
        return unit_text(column.unit, self.lang, self._grid.currency)

    def row(self, row: tuple[Value, ...], number_: int | None = None) -> list[str]:
        """The cells of a row as text; with its number, those that meet or miss a target carry a sign."""
        units = self.units(row)
        cells = [self.cell(value, column, units.get(column.name, "")) for value, column in zip(row, self._columns, strict=True)]
        return cells if number_ is None else self._marked(cells, number_)

    def _marked(self, cells: list[str], number_: int) -> list[str]:
        if not self._grid.marks and "met" not in self._grid.at:
            return cells
        found = [self._grid.met(number_, c.name) for c in self._columns]
        return [text if met is None else f"{MET if met else MISSED} {text}" for text, met in zip(cells, found, strict=True)]

    def units(self, row: tuple[Value, ...]) -> dict[str, str]:
        """The units of a row's cells where they are not the column's: those of the row's metric."""
        at = self._grid.at
        metric = METRICS.get(str(row[at["metric"]])) if "metric" in at else None
        if metric is None:
            return {}
        amounts = {"numerator": metric.numerator, "denominator": metric.denominator or metric.numerator}
        values = dict.fromkeys((c.name for c in self._columns if c.unit == BY_ROW), metric.unit.value)
        return values | {name: amount.unit.value for name, amount in amounts.items()}

    def totals(self, totals: tuple[Value, ...], *, marked: bool = False) -> list[str]:
        """The totals row: its name in the first cell, names of groups left empty."""
        cells = self.row(totals, -1 if marked else None)
        shown = [text if is_figure(c.unit) else "" for c, text in zip(self._columns, cells, strict=True)]
        return [TOTAL.text(self.lang), *shown[1:]]

    def cell(self, value: Value, column: Column, row_unit: str = "") -> str:
        """One value as text."""
        unit = row_unit or column.unit
        if value is None or value == "":
            return NONE.text(self.lang) if column.unit == TEXT and value == "" else EMPTY
        if isinstance(value, bool):
            return YES[self.lang][0 if value else 1]
        if isinstance(value, Interval):
            return value.title(self.every or Every.HOUR, self.lang, one_day=self._one_day)
        if isinstance(value, datetime):
            return self.time(value)
        if isinstance(value, str):
            return self.word(value, column.name)
        return self._signed(value, unit) if is_change(column) else number(value, unit)

    def word(self, value: str, column: str) -> str:
        """What an id or a code is called; the same text is looked up once."""
        if (value, column) not in self._seen:
            self._seen[value, column] = clean(self._word(value, column))
        return self._seen[value, column]

    def _word(self, value: str, column: str) -> str:
        if column == "unit":
            return unit_text(value, self.lang)
        name = self._names.of(column, value)
        return name if name != value else named(CODES, column, value, self.lang)

    def _signed(self, value: int | Decimal, unit: str) -> str:
        sign = "+" if value > 0 else ""
        return f"{sign}{number(value, unit)}"


def plain(value: Value, zone: str) -> str | int | float | bool | None:
    """A value for machines: numbers as they are (at most 9 decimals), times in ISO 8601 with the zone's offset."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(round(value, 9))
    if isinstance(value, Interval):
        return value.code
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).isoformat(timespec="microseconds")
    return value


def name_columns(result: Result, grid: Grid) -> frozenset[str]:
    """The columns of a table that hold ids of which at least one has a name."""
    found = set()
    for i, column in enumerate(grid.columns):
        if column.unit != TEXT:
            continue
        values = {value for row in grid.rows if isinstance(value := row[i], str) and value}
        if any(result.names.of(column.name, value) != value for value in values):
            found.add(column.name)
    return frozenset(found)


def used_names(result: Result) -> dict[str, dict[str, str]]:
    """Column → id → name, of the ids that occur and have one."""
    found: dict[str, dict[str, str]] = {}
    for grid in grids_of(result):
        for name in sorted(name_columns(result, grid)):
            values = {str(row[grid.at[name]]) for row in grid.rows}
            told = {v: clean(text) for v in sorted(values) if (text := result.names.of(name, v)) != v}
            found.setdefault(name, {}).update(told)
    return found
