"""How a table is put on paper: upright or across, how large the letters are, and which columns stand on a strip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsledger.projections.formats.html_table import TableText
from opsledger.projections.formats.units import is_figure
from opsledger.projections.formats.widths import text_width, word_width
from opsledger.projections.reports.model import TIME, Column

UPRIGHT_PX, ACROSS_PX = 710, 1040
"""Width of an A4 page between its margins, in CSS pixels."""
_PT = 4 / 3
_CHAR = 0.58
"""Width of a character in ems: of a digit, the commonest here."""
_PAD = 1.7
"""Characters between two columns."""
_NAME, _LONG = 16, 30
"""Characters of a name before it is broken, where there are many columns and where there are few."""
_FEW = 6
_MOST_NAMES = 4
_NAMES_SHARE = 0.4
"""A strip may give this share of its width to the names of the rows; else the first alone is repeated."""


@dataclass(frozen=True, slots=True)
class Paper:
    """The form of a printed table: ``strips`` are groups of columns (places in the table's columns), one below the other,
    each with the names of the rows; ``widths`` their columns' shares of the page, in percent."""

    across: bool
    points: float
    strips: tuple[tuple[int, ...], ...]
    widths: tuple[tuple[float, ...], ...]


def paper_of(table: TableText) -> Paper:
    """The form in which nothing of a table is cut off: upright where it fits, across where it does not, in several strips
    where even small letters do not help."""
    wanted = dict(zip(table.shown, _wanted(table), strict=True))
    whole = sum(wanted.values())
    for across in (False, True):
        for points in (8.0, 7.5, 7.0, 6.5, 6.0) if across else (8.0, 7.5):
            if whole <= _room(points, across=across):
                return _paper(table, wanted, [list(table.shown)], points, across=across)
    points = 7.0
    return _paper(table, wanted, _strips(table, wanted, _room(points, across=True)), points, across=True)


def _paper(
    table: TableText, wanted: dict[int, float], strips: Sequence[Sequence[int]], points: float, *, across: bool
) -> Paper:
    totals = [sum(wanted[i] for i in strip) for strip in strips]
    widths = tuple(tuple(100 * wanted[i] / total for i in strip) for strip, total in zip(strips, totals, strict=True))
    return Paper(across, points, tuple(map(tuple, strips)), widths)


def _room(points: float, *, across: bool) -> float:
    """Characters that a line of the page holds."""
    return (ACROSS_PX if across else UPRIGHT_PX) / (points * _PT * _CHAR)


def _wanted(table: TableText) -> list[float]:
    lines = table.rows if table.totals is None else [*table.rows, table.totals]
    longest = _NAME if len(table.shown) > _FEW else _LONG
    found = []
    for i, column, unit in zip(table.shown, table.columns, table.units, strict=True):
        head = max(word_width(column.title), text_width(unit) * 0.8, 3)
        texts = [line[i] for line in lines]
        if _is_name(column):
            width = min(longest, max((word_width(t) if column.unit == TIME else text_width(t) for t in texts), default=0))
            head = min(head, longest)
        else:
            width = max(map(text_width, texts), default=0)
        found.append(max(width, head) + _PAD)
    return found


def _is_name(column: Column) -> bool:
    return not is_figure(column.unit)


def _strips(table: TableText, wanted: dict[int, float], room: float) -> list[list[int]]:
    first = next((n for n, c in enumerate(table.columns) if not _is_name(c)), len(table.columns))
    names = list(table.shown[:first])
    if len(names) > _MOST_NAMES or sum(wanted[i] for i in names) > room * _NAMES_SHARE:
        names = list(table.shown[:1])
    left = room - sum(wanted[i] for i in names)
    strips: list[list[int]] = [[]]
    space = left
    for i in (i for i in table.shown if i not in names):
        if strips[-1] and wanted[i] > space:
            strips.append([])
            space = left
        strips[-1].append(i)
        space -= wanted[i]
    return [[*names, *strip] for strip in strips]
