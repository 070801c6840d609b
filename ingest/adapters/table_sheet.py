"""Rows of an XLSX sheet as texts, the way a CSV export of it would write them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from opsledger.domain.errors import UserError, nearest
from opsledger.ingest.adapters.table_rows import BATCH_ROWS, RowBatch
from opsledger.ingest.inputs import Input
from opsledger.ingest.mapping.plan import Layout

MAX_UNPACKED_BYTES = 1 << 30
MAX_RATIO = 200
_FREE_BYTES = 16 << 20
_SPREADSHEET_DAY_ZERO = (1899, 1900)
_FRACTIONS = re.compile(rb"""s\.0|numFmtId=["']47["']""", re.IGNORECASE)
"""A format of numbers that shows fractions of a second: one written out, or the built-in mm:ss.0."""
_HALF = timedelta(milliseconds=500)


class SheetRows:
    """The rows of one sheet. ``line`` is the row's number in the sheet."""

    def __init__(self, source: Input, layout: Layout, batch_rows: int = BATCH_ROWS) -> None:
        self._size, self._row = batch_rows, 0
        self._sheet = _opened(source, layout.sheet)
        self._cell = text_of if _shows_fractions(source.path) else _as_shown
        self._rows = iter(self._sheet.iter_rows())
        self._row = self._sheet.start[0] if self._sheet.start else 0

    def header(self, row: int) -> list[str] | None:
        """The cells of a row of the sheet (from 1), taken together with those before it."""
        cells: list[Any] | None = [] if row <= self._row else None
        while self._row < row and (cells := next(self._rows, None)) is not None:
            self._row += 1
        return None if cells is None else [self._cell(cell) for cell in cells]

    def batches(self) -> Iterator[RowBatch]:
        """All further rows; empty ones are no rows."""
        while block := list(islice(self._rows, self._size)):
            first, self._row = self._row + 1, self._row + len(block)
            rows = [[self._cell(cell) for cell in row] for row in block]
            lines = [first + i for i, row in enumerate(rows) if any(row)]
            yield _batch([row for row in rows if any(row)], lines)


def _batch(rows: list[list[str]], lines: list[int]) -> RowBatch:
    return RowBatch(rows, lines, lambda i: _csv(rows[i]))


def _csv(row: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(row)
    return out.getvalue().encode("utf-8", "surrogatepass")


def _opened(source: Input, wanted: str) -> CalamineSheet:
    if source.path is None:
        raise UserError("a spreadsheet cannot be read from standard input; give it as a file")
    if not source.is_spreadsheet:
        raise UserError(f"{source.name}: is not an XLSX workbook; for a text table the mapping says format: csv")
    _guard(source.path, source.name)
    try:
        book = CalamineWorkbook.from_path(source.path)
        return book.get_sheet_by_name(_sheet_name(book.sheet_names, wanted, source.name))
    except (CalamineError, OSError, ValueError) as error:
        raise UserError(f"{source.name}: the workbook cannot be read: {error}") from None


def _guard(path: Path, name: str) -> None:
    """A workbook is a zip that is unpacked as a whole: one that grows too much is left alone."""
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > _FREE_BYTES and unpacked > MAX_RATIO * path.stat().st_size):
        raise UserError(f"{name}: unpacks to {unpacked >> 20} MiB; save the sheet as CSV and read that")


def _sheet_name(names: list[str], wanted: str, file: str) -> str:
    """By name, by number from 1, or the first."""
    if not names:
        raise UserError(f"{file}: the workbook has no sheet")
    if wanted in names or not wanted:
        return wanted or names[0]
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return names[int(wanted) - 1]
    raise UserError(f"{file}: has no sheet '{wanted}'{nearest(wanted, names)}")


def _shows_fractions(path: Path | None) -> bool:
    """Whether any cell of a workbook may show fractions of a second; without styles nothing is known, so: yes."""
    try:
        with zipfile.ZipFile(path or "") as archive:
            return _FRACTIONS.search(archive.read("xl/styles.xml")) is not None
    except (KeyError, OSError, zipfile.BadZipFile, zlib.error):
        return True


def _as_shown(cell: Any) -> str:
    """A cell as text, times to the second: a sheet's times are parts of a day, and 0.384 of it is shown, and exported, as
    9:12:58 while it is 9:12:57.6."""
    if isinstance(cell, datetime):
        return text_of((cell + _HALF).replace(microsecond=0))
    if isinstance(cell, timedelta):
        return text_of(timedelta(seconds=(cell + _HALF) // timedelta(seconds=1)))
    if isinstance(cell, time) and cell.microsecond:
        shown = datetime.combine(date.min, cell) + _HALF
        return text_of(shown.time().replace(microsecond=0) if shown.day == 1 else cell.replace(microsecond=0))
    return text_of(cell)


def text_of(cell: Any) -> str:
    """A cell as text: whole numbers without a point, dates as ISO 8601, times and durations as h:mm:ss."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return _moment(cell)
    if isinstance(cell, timedelta):
        return _length(cell)
    if isinstance(cell, time | date):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def _moment(cell: datetime) -> str:
    if cell.year in _SPREADSHEET_DAY_ZERO and cell.month in (1, 12) and cell.day in (30, 31, 1):
        return cell.time().isoformat()  # a clock time without a day
    return cell.date().isoformat() if cell.time() == time() else cell.isoformat()


def _length(cell: timedelta) -> str:
    seconds, micros = divmod(round(cell / timedelta(microseconds=1)), 1_000_000)
    text = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{micros:06}" if micros else text
