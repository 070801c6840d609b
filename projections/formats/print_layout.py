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
_CHAR = 0.56
"""Width of a character in ems: of a digit, the commonest here."""
_BOLD = 1.12
"""How much wider a title is than the same text in a cell."""
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
    pairs = dict(zip(table.shown, _wanted(table), strict=True))
    wanted = {i: least for i, (least, _) in pairs.items()}
    liked = {i: most for i, (_, most) in pairs.items()}
    whole = sum(wanted.values())
    for across in (False, True):
        for points in (8.0, 7.5, 7.0, 6.5, 6.0) if across else (8.0, 7.5):
            room = _room(points, across=across)
            if whole <= room:
                return _paper(_widened(wanted, liked, room - whole), [list(table.shown)], points, across=across)
    points = 7.0
    return _paper(wanted, _strips(table, wanted, _room(points, across=True)), points, across=True)


def _widened(wanted: dict[int, float], liked: dict[int, float], left: float) -> dict[int, float]:
    """The room that is left goes to the columns whose text would be broken into lines."""
    lacking = {i: liked[i] - wanted[i] for i in wanted}
    share = min(1.0, left / total) if (total := sum(lacking.values())) else 0.0
    return {i: wanted[i] + share * lacking[i] for i in wanted}


def _paper(wanted: dict[int, float], strips: Sequence[Sequence[int]], points: float, *, across: bool) -> Paper:
    totals = [sum(wanted[i] for i in strip) for strip in strips]
    widths = tuple(tuple(100 * wanted[i] / total for i in strip) for strip, total in zip(strips, totals, strict=True))
    return Paper(across, points, tuple(map(tuple, strips)), widths)


def _room(points: float, *, across: bool) -> float:
    """Characters that a line of the page holds."""
    return (ACROSS_PX if across else UPRIGHT_PX) / (points * _PT * _CHAR)


def _wanted(table: TableText) -> list[tuple[float, float]]:
    """Characters that each column needs, and those with which none of its text would be broken."""
    lines = table.rows if table.totals is None else [*table.rows, table.totals]
    longest = _NAME if len(table.shown) > _FEW else _LONG
    found = []
    for i, column, unit in zip(table.shown, table.columns, table.units, strict=True):
        head = max(word_width(column.title) * _BOLD, text_width(unit) * 0.8, 3)
        texts = [line[i] for line in lines]
        whole = max(map(text_width, texts), default=0)
        if not _is_name(column):
            least = whole
        elif column.unit == TIME:
            least = max(map(word_width, texts), default=0)
        else:
            least, head = min(longest, whole), min(head, longest)
        found.append((max(least, head) + _PAD, max(whole, head) + _PAD))
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
