"""A result as a table for the terminal; one that is too wide is cut into blocks that repeat the row names."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from opsledger.projections.formats.values import Writer, clean, facts_of, title_of
from opsledger.projections.reports.model import INTERVAL, TEXT, TIME, Column, Result

_GAP = 2
_MAX_TITLE = 12
"""Titles of figures wrap at this width, so that they do not widen their columns."""
_HIDDEN = ("definition", "metric", "group", "unit")
"""Columns of the indicator layout that a terminal has no room for."""
_MAX_NAMES = 5
"""A result with more row names than these repeats the first alone."""


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
    console.print(Text(f"{result.title}  {result.period.name}", style="bold"))
    for text in result.footer.warnings:
        console.print(Text(f"! {clean(text)}", style="bold yellow"))
    for columns in _blocks(result, width):
        console.print(_table(result, columns))
    console.print(Text("  ".join(f"{title_of(n, result.lang)}: {v}" for n, v in facts_of(result).items()), style="dim"))
    for text in result.footer.notes:
        console.print(Text(f"* {clean(text)}", style="dim"))
    return out.getvalue()


def _blocks(result: Result, width: int) -> list[list[int]]:
    """Which columns stand side by side: the row names in every block."""
    shown = [i for i, c in enumerate(result.columns) if c.name not in _HIDDEN]
    names = [i for i in shown if _names_row(result.columns[i]) and i < _first_figure(result)]
    names = names if len(names) <= _MAX_NAMES else names[:1]
    cells = _cells(result)
    widths = {i: _width(result.columns[i], [row[i] for row in cells]) for i in shown}
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


def _first_figure(result: Result) -> int:
    return next((i for i, c in enumerate(result.columns) if not _names_row(c)), len(result.columns))


def _names_row(column: Column) -> bool:
    return column.unit in (TEXT, INTERVAL, TIME)


def _cells(result: Result) -> list[list[str]]:
    writer = Writer(result)
    rows = [writer.row(row) for row in result.rows]
    return rows if result.totals is None else [*rows, writer.totals(result.totals)]


def _width(column: Column, cells: Sequence[str]) -> int:
    word = max((cell_len(word) for word in column.title.split()), default=0)
    return max([min(word, _MAX_TITLE), *(cell_len(c) for c in cells)])


def _table(result: Result, columns: Sequence[int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    cells = _cells(result)
    for i in columns:
        column = result.columns[i]
        side = "left" if _names_row(column) else "right"
        width = _width(column, [row[i] for row in cells])
        table.add_column(Text(column.title), justify=side, width=width, overflow="fold")  # type: ignore[arg-type]  # a literal
    for number, row in enumerate(cells):
        is_total = result.totals is not None and number == len(cells) - 1
        if is_total:
            table.add_section()
        table.add_row(*(Text(row[i]) for i in columns), style="bold" if is_total else None)
    return table
