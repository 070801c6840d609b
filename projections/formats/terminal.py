"""A result as a table for the terminal; one that is too wide is cut into blocks that repeat the row names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from opsledger.projections.formats.about import about_of
from opsledger.projections.formats.lines import TextColumn, table_lines
from opsledger.projections.formats.values import MET, MISSED, Grid, Writer, clean, grids_of
from opsledger.projections.metrics.model import Unit
from opsledger.projections.reports.model import INTERVAL, TEXT, TIME, Column, Result

_GAP = 2
_MAX_TITLE = 12
"""Titles of figures wrap at this width, so that they do not widen their columns."""
_HIDDEN = ("definition", "metric", "group")
"""Columns of the indicator layout that a terminal has no room for."""
_MAX_NAME = 60
"""A name that is longer goes on on the next line."""
_MAX_NAMES = 5
"""A result with more row names than these repeats the first alone."""
_TOLD_BY_VALUE = (Unit.COUNT, Unit.RATIO)
"""A bare number is a count, a percentage shows its sign; other units stand in the header."""
_COLORS = {MET: "\x1b[32m", MISSED: "\x1b[31m"}


def to_terminal(result: Result, width: int = 120, *, color: bool = False) -> str:
    """The result as text of at most ``width`` columns where the row names allow it; ``color`` adds ANSI styles."""
    out = StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(Text(f"{clean(result.title)}  {result.period.name}", style="bold"))
    for text in result.footer.warnings:
        console.print(Text(f"! {clean(text)}", style="bold yellow"))
    for grid in grids_of(result):
        if grid.title:
            console.print(Text(clean(grid.title), style="bold"))
        view = _View.of(result, grid)
        for columns in _blocks(view, width):
            out.write(_table(view, columns, color=color))
    console.print(Text("  ".join(f"{title}: {text}" for title, text in about_of(result)), style="dim"))
    for text in result.footer.notes:
        console.print(Text(f"* {clean(text)}", style="dim"))
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _View:
    """A table as text: titles with units, cells of rows and of the totals."""

    columns: tuple[Column, ...]
    titles: list[str]
    cells: list[list[str]]
    has_totals: bool

    @classmethod
    def of(cls, result: Result, grid: Grid) -> _View:
        writer = Writer(result, grid)
        rows = [writer.row(row, n) for n, row in enumerate(grid.rows)]
        if grid.totals is not None:
            rows.append(writer.totals(grid.totals, marked=True))
        return cls(grid.columns, [_title(writer, c) for c in grid.columns], rows, grid.totals is not None)

    def width(self, i: int) -> int:
        word = max((cell_len(word) for word in self.titles[i].split()), default=0)
        widest = max([min(word, _MAX_TITLE), *(cell_len(row[i]) for row in self.cells)])
        return min(widest, _MAX_NAME) if _names_row(self.columns[i]) else widest


def _title(writer: Writer, column: Column) -> str:
    unit = "" if column.unit in _TOLD_BY_VALUE else writer.unit(column)
    return f"{clean(column.title)} [{unit}]" if unit else clean(column.title)


def _blocks(view: _View, width: int) -> list[list[int]]:
    """Which columns stand side by side: the row names in every block."""
    shown = [i for i, c in enumerate(view.columns) if c.name not in _HIDDEN or not _by_metric(view)]
    names = [i for i in shown if _names_row(view.columns[i]) and i < _first_figure(view)]
    names = names if len(names) <= _MAX_NAMES else names[:1]
    widths = {i: view.width(i) for i in shown}
    room = width - sum(widths[i] + _GAP for i in names) - 1
    blocks: list[list[int]] = [[]]
    left = room
    for i in (i for i in shown if i not in names):
        if blocks[-1] and widths[i] + _GAP > left:
            blocks.append([])
            left = room
        blocks[-1].append(i)
        left -= widths[i] + _GAP
    return [[*names, *block] for block in blocks]


def _by_metric(view: _View) -> bool:
    return any(c.name == "metric" for c in view.columns)


def _first_figure(view: _View) -> int:
    return next((i for i, c in enumerate(view.columns) if not _names_row(c)), len(view.columns))


def _names_row(column: Column) -> bool:
    return column.unit in (TEXT, INTERVAL, TIME)


def _table(view: _View, columns: Sequence[int], *, color: bool) -> str:
    shown = [TextColumn(view.titles[i], view.width(i), not _names_row(view.columns[i])) for i in columns]
    rows = [[row[i] for i in columns] for row in view.cells]
    lines = table_lines(shown, rows, has_totals=view.has_totals, color_of=_color if color else None)
    return "\n" + "\n".join(lines) + "\n\n"


def _color(text: str) -> str:
    return _COLORS.get(text[:1], "")
