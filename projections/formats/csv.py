"""A result as CSV: raw numbers, localised titles with units, what the report is about in comment lines at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from opsledger.projections.formats.about import about_of
from opsledger.projections.formats.guard import guarded, line_of, note_of
from opsledger.projections.formats.units import raw_unit
from opsledger.projections.formats.values import Grid, grids_of, name_columns, plain
from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.model import Column, Result, Value
from opsledger.projections.reports.words import TOTAL

_EMPTY = "\r\n"
_NAME, _MET = Label("name", "名称"), Label("target met", "达标")


def to_csv(result: Result, *, bom: bool = False, header: Literal["titles", "names"] = "titles") -> str:
    """The result as CSV text (RFC 4180). ``bom`` puts a byte order mark first, for spreadsheets; text that a
    spreadsheet would run as a formula is led by an apostrophe. Behind a column of ids stands one of names where any is
    known, behind a figure with a target one that says whether it is met. Sections follow, each with its title, then what
    the table is about, in lines that begin with ``#``."""
    lines: list[str] = ["\ufeff"] if bom else []
    for grid in grids_of(result):
        if grid.title:
            lines += [_EMPTY, line_of([guarded(grid.title)])]
        lines += map(line_of, _lines(result, grid, named=header == "names"))
    return "".join([*lines, _EMPTY, *map(note_of, _about(result))])


@dataclass(frozen=True, slots=True)
class _Place:
    """A column as written: at ``index`` of the rows, its values, their names, or whether they meet their target."""

    index: int
    column: Column
    kind: Literal["value", "name", "met"] = "value"


def _places(result: Result, grid: Grid) -> Iterator[_Place]:
    with_names = name_columns(result, grid)
    for i, column in enumerate(grid.columns):
        yield _Place(i, column)
        if column.name in with_names:
            yield _Place(i, column, "name")
        if grid.marked(column.name):
            yield _Place(i, column, "met")


def _lines(result: Result, grid: Grid, *, named: bool) -> Iterator[list[str]]:
    places = list(_places(result, grid))
    yield [_header(result, grid, place, named=named) for place in places]
    for number, row in enumerate(grid.rows):
        yield [_cell(result, grid, place, number, row[place.index]) for place in places]
    if grid.totals is not None:
        totals = grid.totals
        yield [TOTAL.text(result.lang), *(_cell(result, grid, p, -1, totals[p.index]) for p in places[1:])]


def _cell(result: Result, grid: Grid, place: _Place, number: int, value: Value) -> str:
    if place.kind == "met":
        return _text(grid.met(number, place.column.name))
    if place.kind == "name":
        known = result.names.of(place.column.name, str(value)) if value else ""
        return "" if known == value else guarded(known)
    return _decimal(value) if isinstance(value, Decimal) else _text(plain(value, result.period.zone))


def _header(result: Result, grid: Grid, place: _Place, *, named: bool) -> str:
    column = place.column
    if named:
        return column.name if place.kind == "value" else f"{column.name}_{place.kind}"
    if place.kind != "value":
        return guarded(f"{column.title}: {(_NAME if place.kind == 'name' else _MET).text(result.lang)}")
    unit = raw_unit(column.unit, grid.currency)
    return guarded(f"{column.title} [{unit}]" if unit else column.title)


def _text(value: str | float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return guarded(value)
    return str(value)


def _decimal(value: Decimal) -> str:
    """At most nine decimals, none of them a zero at the end, all digits before them."""
    text = f"{round(value, 9):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _about(result: Result) -> list[str]:
    return [
        result.title,
        *(f"{title}: {value}" for title, value in about_of(result)),
        *(f"! {text}" for text in result.footer.warnings),
        *(f"* {text}" for text in result.footer.notes),
    ]
