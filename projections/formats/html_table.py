"""A table of a page: compact, escaped, with units under the titles, links on figures, and signs where a target is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from opsledger.projections.formats.links import Links
from opsledger.projections.formats.values import Grid, Writer, clean
from opsledger.projections.formats.widths import cells_width, text_width, word_width
from opsledger.projections.reports.model import INTERVAL, TEXT, TIME, Column, Result
from opsledger.projections.reports.targets import TOTALS

_CLASSES = {TEXT: "n", INTERVAL: "n w", TIME: "n w"}
_MACHINE = ("metric", "definition")
"""Columns of a table by metric that are for programs; definitions stand beside the table."""
_PAD, _MOST = 2, 30
_PX = 7.3
"""Pixels of a character in a wide table."""
_BESIDE = 18
"""Characters that a further name gets on a line."""
_STUCK = 46
"""Characters of row names that may stay in sight while the rest of a wide table is moved."""
_NARROW = 9
"""A table of at most this many columns needs no names that stay."""


@dataclass(frozen=True)
class TableText:
    """A table as text: the columns shown, their units, and the cells of every row."""

    grid: Grid
    shown: tuple[int, ...]
    units: tuple[str, ...]
    rows: list[list[str]]
    totals: list[str] | None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns shown."""
        return tuple(self.grid.columns[i] for i in self.shown)

    def widths(self) -> list[int]:
        """Characters that each column shown takes at most."""
        lines = self.rows if self.totals is None else [*self.rows, self.totals]
        return [min(_MOST, cells_width([line[i] for line in lines])) for i in self.shown]


def text_of(result: Result, grid: Grid, limit: int | None = None) -> TableText:
    """A table's cells as people read them; at most ``limit`` rows."""
    writer = Writer(result, grid)
    rows = grid.rows if limit is None else grid.rows[:limit]
    shown = tuple(i for i, c in enumerate(grid.columns) if not _is_hidden(grid, c))
    return TableText(
        grid,
        shown,
        tuple(_unit(writer, grid.columns[i]) for i in shown),
        [writer.row(row, number) for number, row in enumerate(rows)],
        None if grid.totals is None else writer.totals(grid.totals, marked=True),
    )


def _unit(writer: Writer, column: Column) -> str:
    """The unit under a title, where the title does not say it already."""
    unit = writer.unit(column)
    title = column.title.casefold()
    return (
        "" if unit and (title == unit.casefold() or title.endswith((f"({unit.casefold()})", f", {unit.casefold()}"))) else unit
    )


def _is_hidden(grid: Grid, column: Column) -> bool:
    """Columns for machines, and targets where none is set."""
    if not grid.by_metric:
        return False
    unused = column.name in ("target", "met") and all(row[grid.at[column.name]] is None for row in grid.rows)
    return unused or column.name in _MACHINE


def head(table: TableText, shown: Sequence[int] | None = None) -> str:
    """The header: titles, units under them, definitions as titles."""
    cells = []
    for i, column, unit in zip(table.shown, table.columns, table.units, strict=True):
        if shown is not None and i not in shown:
            continue
        about = f' title="{escape(clean(column.definition))}"' if column.definition else ""
        small = f"<small>{escape(unit)}</small>" if unit else ""
        cells.append(f'<th scope="col"{_class(column)}{about}>{escape(clean(column.title))}{small}</th>')
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def body(table: TableText, links: Links | None = None, shown: Sequence[int] | None = None, at: int = 0) -> str:
    """The rows, each on a line of its own; ``at`` is the table's number on the page."""
    lines = [_line(table, number, cells, links, shown, at) for number, cells in enumerate(table.rows)]
    return "<tbody>\n" + "\n".join(lines) + "\n</tbody>"


def foot(table: TableText, links: Links | None = None, shown: Sequence[int] | None = None, at: int = 0) -> str:
    """The totals; empty where there are none."""
    return "" if table.totals is None else f"<tfoot>{_line(table, TOTALS, table.totals, links, shown, at)}</tfoot>"


def _line(
    table: TableText, number: int, cells: Sequence[str], links: Links | None, shown: Sequence[int] | None, at: int
) -> str:
    values = table.grid.totals if number == TOTALS else table.grid.rows[number]
    name = f"{f'{at}-' if at else ''}{'t' if number == TOTALS else number}"
    found = []
    for i in table.shown if shown is None else shown:
        column, text = table.grid.columns[i], escape(cells[i], quote=False)
        if links is not None and links.leads(number, i) and values is not None and values[i] is not None:
            text = f"<a href=#c{name}.{i}>{text}</a>"
        found.append(f"<td{_class(column, table.grid.met(number, column.name))}>{text}</td>")
    return f"<tr>{''.join(found)}</tr>"


def _class(column: Column, met: bool | None = None) -> str:
    names = [_CLASSES[column.unit]] if column.unit in _CLASSES else []
    names += [] if met is None else ["ok" if met else "no"]
    return f' class="{" ".join(names)}"' if names else ""


def _title_width(column: Column) -> int:
    """The longest word, and of a Chinese title, which may break anywhere, four characters of it."""
    return max(min(word_width(column.title), _BESIDE), min(text_width(column.title), 8))


def sticky(table: TableText, id_: str) -> str:
    """The styles of a wide table: names have room, and those of the rows stay in sight when it is moved, as many as fit."""
    if len(table.shown) <= _NARROW:
        return ""
    left, rules, stuck = 0, [], True
    for place, (column, width) in enumerate(zip(table.columns, table.widths(), strict=True), start=1):
        stuck = stuck and column.unit in _CLASSES
        wide = min(_MOST if stuck else _BESIDE, max(width, _title_width(column))) + _PAD
        stuck = stuck and left + wide <= _STUCK
        at = f"#{id_} :is(th,td):nth-child({place})"
        if stuck:
            size = f"{wide * _PX:.0f}px"
            rules.append(f"{at}{{position:sticky;left:{left * _PX:.0f}px;min-width:{size};max-width:{size}}}")
            rules.append(f"#{id_} :is(thead,tfoot) :is(th,td):nth-child({place}){{z-index:3}}")
            left += wide
        elif column.unit == TEXT:
            rules.append(f"{at}{{min-width:{wide * _PX:.0f}px}}")
    return "".join(rules)
