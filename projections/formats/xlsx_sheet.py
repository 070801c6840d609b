"""One table as a sheet: header with units that stays in sight, filter, numbers in their units' formats, totals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from opsledger.projections.formats.html_table import TableText
from opsledger.projections.formats.units import MONEY, is_figure
from opsledger.projections.formats.values import MET, MISSED, Writer, clean, is_change
from opsledger.projections.formats.widths import text_width, word_width
from opsledger.projections.metrics.intervals import Every, Interval
from opsledger.projections.metrics.model import Unit
from opsledger.projections.reports.model import Column, Result, Value

MS_PER_DAY = 86_400_000
MAX_TEXT = 32_000
"""Characters of a cell; a spreadsheet takes no more than 32,767."""
_MAX_NAME = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
_NARROWEST, _WIDEST, _HEAD = 7, 44, 15
_NUMBERS: Mapping[str, str] = {
    Unit.COUNT: "#,##0",
    Unit.MS: "[h]:mm:ss",
    Unit.RATIO: "0.00%",
    Unit.PER_HOUR: "#,##0.00",
    Unit.POINTS: "#,##0.00",
    MONEY: "#,##0.00",
}
_ANY = "#,##0.####"
_SECONDS = "+#,##0.0 \\s;-#,##0.0 \\s;0 \\s"
"""A change of a duration: a negative one cannot be shown as hours, minutes and seconds."""
_DAY, _TIME = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
_LINE, _BACK = "#CBD5E1", "#EEF2F7"
_STYLES: Mapping[str, Mapping[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "warning": {"font_color": "#8A4B00", "bg_color": "#FFF7E6"},
    "head": {"bold": True, "text_wrap": True, "valign": "bottom", "bg_color": _BACK, "bottom": 1, "bottom_color": _LINE},
    "head_figure": {"bold": True, "text_wrap": True, "valign": "bottom", "align": "right", "bg_color": _BACK, "bottom": 1,
                    "bottom_color": _LINE},
    "name": {"bold": True, "valign": "top"},
    "wrapped": {"text_wrap": True, "valign": "top"},
}  # fmt: skip
_TOTAL: Mapping[str, Any] = {"bold": True, "top": 1, "top_color": _LINE, "bg_color": _BACK}
_MARKS: Mapping[bool, Mapping[str, Any]] = {True: {"font_color": "#0B5D8F"}, False: {"font_color": "#A33A00", "bold": True}}


class Book:
    """A workbook that is being written: its formats, made once each, and names of sheets that do not clash."""

    def __init__(self, workbook: Workbook, result: Result) -> None:
        self.workbook = workbook
        self.result = result
        self.zone = ZoneInfo(result.period.zone)
        self._formats: dict[tuple[Any, ...], Format] = {}
        self._taken: set[str] = set()

    def style(self, name: str) -> Format:
        """A named format."""
        return self.format(**_STYLES[name])

    def format(self, **properties: Any) -> Format:
        """A format with these properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.workbook.add_format(properties)
        return self._formats[key]

    def sheet(self, title: str) -> Worksheet:
        """A new sheet with a name made from a title: what Excel does not allow in it is left out."""
        plain = _NOT_IN_NAMES.sub(" ", clean(title)).strip()[:_MAX_NAME].strip() or "sheet"
        name, number = plain, 1
        while name.casefold() in self._taken or name.casefold() == "history":
            number += 1
            name = f"{plain[: _MAX_NAME - len(str(number)) - 1]} {number}"
        self._taken.add(name.casefold())
        return self.workbook.add_worksheet(name)

    def text(self, text: str) -> str:
        """Text that a cell can hold."""
        found = clean(text)
        return found if len(found) <= MAX_TEXT else found[: MAX_TEXT - 1] + "…"

    def number_format(self, column: Column, unit: str, met: bool | None, *, total: bool) -> Format:
        """The format of a figure: its unit, a sign where it meets or misses a target, bold in the totals."""
        pattern = _NUMBERS.get(unit, _ANY)
        if is_change(column):
            pattern = _SECONDS if unit == Unit.MS else f"+{pattern};-{pattern};{pattern}"
        elif met is not None:
            pattern = f'"{MET if met else MISSED} "{pattern}'
        found: dict[str, Any] = {"num_format": pattern, **(_TOTAL if total else {}), **({} if met is None else _MARKS[met])}
        return self.format(**found)


def write_grid(book: Book, sheet: Worksheet, table: TableText, warnings: Sequence[str] = ()) -> None:
    """Title, warnings, header, rows and totals; the header and the row names stay in sight."""
    grid, result = table.grid, book.result
    sheet.write_string(0, 0, book.text(f"{grid.title or result.title}  {result.period.name}"), book.style("title"))
    for number, warning in enumerate(warnings, start=1):
        sheet.write_string(number, 0, book.text(f"! {warning}"), book.style("warning"))
    top = 1 + len(warnings)
    _write_head(book, sheet, table, top)
    writer = Writer(result, grid)
    for number, row in enumerate(grid.rows):
        _write_row(book, sheet, table, writer, top + 1 + number, number, row)
    end = top + len(grid.rows)
    if grid.totals is not None:
        _write_totals(book, sheet, table, end + 1)
    names = next((n for n, c in enumerate(table.columns) if is_figure(c.unit)), 1)
    sheet.freeze_panes(top + 1, min(names, 3))
    sheet.autofilter(top, 0, max(end, top), max(len(table.shown) - 1, 0))
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top)
    sheet.set_footer("&C&P / &N")


def _write_head(book: Book, sheet: Worksheet, table: TableText, top: int) -> None:
    for place, (column, unit, width) in enumerate(zip(table.columns, table.units, table.widths(), strict=True)):
        title = book.text(f"{column.title} [{unit}]" if unit else column.title)
        sheet.write_string(top, place, title, book.style("head_figure" if is_figure(column.unit) else "head"))
        wanted = max(width + 2, min(word_width(title), _HEAD) + 2, min(text_width(title) / 2 + 2, _HEAD))
        sheet.set_column(place, place, min(max(wanted, _NARROWEST), _WIDEST))


def _write_row(
    book: Book, sheet: Worksheet, table: TableText, writer: Writer, at: int, number: int, row: tuple[Value, ...]
) -> None:
    units, grid, texts = writer.units(row), table.grid, table.rows[number]
    for place, (i, column) in enumerate(zip(table.shown, table.columns, strict=True)):
        value = row[i]
        if value is None:
            continue
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            unit = units.get(column.name) or column.unit
            style = book.number_format(column, unit, grid.met(number, column.name), total=False)
            sheet.write_number(at, place, _number(value, unit, column), style)
        else:
            _write_other(book, sheet, at, place, value, texts[i])


def _write_other(book: Book, sheet: Worksheet, at: int, place: int, value: Value, text: str) -> None:
    if isinstance(value, datetime):
        moment = value.astimezone(book.zone).replace(tzinfo=None, microsecond=0)
        sheet.write_datetime(at, place, moment, book.format(num_format=_TIME, align="left"))
    elif isinstance(value, Interval) and value.local is not None and book.result.every is Every.DAY:
        day = value.local.replace(tzinfo=None, hour=0, minute=0)
        sheet.write_datetime(at, place, day, book.format(num_format=_DAY, align="left"))
    else:
        sheet.write_string(at, place, book.text(text))


def _write_totals(book: Book, sheet: Worksheet, table: TableText, at: int) -> None:
    totals, texts = table.grid.totals or (), table.totals or []
    for place, (i, column) in enumerate(zip(table.shown, table.columns, strict=True)):
        value = totals[i]
        if place and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            style = book.number_format(column, column.unit, table.grid.met(-1, column.name), total=True)
            sheet.write_number(at, place, _number(value, column.unit, column), style)
        elif place == 0:
            sheet.write_string(at, place, book.text(texts[i]), book.format(**_TOTAL))
        else:
            sheet.write_blank(at, place, None, book.format(**_TOTAL))


def _number(value: int | Decimal, unit: str, column: Column) -> float:
    if unit == Unit.MS:
        return float(value) / (1000 if is_change(column) else MS_PER_DAY)
    return float(value)
