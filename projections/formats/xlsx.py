"""A result as an Excel workbook: numbers as numbers in their formats, sections and definitions on sheets of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from io import BytesIO

from xlsxwriter import Workbook

from opsledger.domain.errors import UserError
from opsledger.projections.formats import html
from opsledger.projections.formats.about import about_of
from opsledger.projections.formats.html_table import TableText, text_of
from opsledger.projections.formats.values import Grid, clean, grids_of
from opsledger.projections.formats.xlsx_charts import add_charts
from opsledger.projections.formats.xlsx_sheet import Book, write_grid
from opsledger.projections.metrics.model import Label
from opsledger.projections.metrics.profiles import PROFILES
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.reports.model import Result

MAX_CELLS = 6_000_000
"""Cells of the largest workbook that is made; spreadsheet programs do not open larger ones."""
MAX_ROWS = 1_048_000
_DEFINITIONS, _ABOUT = Label("Definitions", "指标定义"), Label("About", "报表信息")
_HEADS = (
    Label("Metric", "指标"),
    Label("Definition", "定义"),
    Label("Unit", "单位"),
    Label("Source", "来源"),
    Label("Code", "代码"),
)
_WARNING, _NOTE = Label("Read with care", "请注意"), Label("Note", "说明")


def to_xlsx(result: Result) -> bytes:
    """The result as an .xlsx file; the same result gives the same bytes. Text is written as text, whatever it begins with.

    UserError for one that no spreadsheet program could open.
    """
    grids = list(grids_of(result))
    _check(grids)
    out = BytesIO()
    workbook = Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    cutoff = result.footer.cutoff.astimezone(UTC).replace(tzinfo=None)
    workbook.set_properties({"title": f"{clean(result.title)} {result.period.name}", "created": cutoff, "author": "opsledger"})
    book = Book(workbook, result)
    tables = [text_of(result, grid) for grid in grids]
    for number, table in enumerate(tables):
        sheet = book.sheet(table.grid.title or result.title)
        write_grid(book, sheet, table, warnings=result.footer.warnings if number == 0 else ())
    add_charts(book, result.charts)
    _definitions(book, result, tables)
    _about(book, result)
    workbook.close()
    return out.getvalue()


def _check(grids: Sequence[Grid]) -> None:
    cells = sum(len(grid.rows) * len(grid.columns) for grid in grids)
    if cells > MAX_CELLS or any(len(grid.rows) > MAX_ROWS for grid in grids):
        raise UserError(f"{cells:,} cells do not fit into a workbook; narrow the period or the filters, or use --format csv")


def _definitions(book: Book, result: Result, tables: Sequence[TableText]) -> None:
    found = html.definitions(result, tables)
    if not found:
        return
    codes = _codes(tables)
    sheet = book.sheet(_DEFINITIONS.text(result.lang))
    for column, (label, width) in enumerate(zip(_HEADS, (34, 90, 12, 26, 24), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, label.text(result.lang), book.style("head"))
    for row, each in enumerate(found, start=1):
        code = codes.get(each.title, "")
        texts = (each.title, each.text, each.unit, _source(result, code), code)
        for column, text in enumerate(texts):
            sheet.write_string(row, column, book.text(text), book.style("wrapped"))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(found), len(_HEADS) - 1)


def _codes(tables: Sequence[TableText]) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in tables:
        at = table.grid.at
        if table.grid.by_metric and "indicator" in at:
            found |= {str(row[at["indicator"]]): str(row[at["metric"]]) for row in table.grid.rows}
        else:
            found |= {clean(c.title): c.name for c in table.columns}
    return found


def _source(result: Result, code: str) -> str:
    profile = PROFILES.get(result.parameters.get("profile", ""))
    metric = (profile.metrics.get(code) if profile else None) or METRICS.get(code.partition(".")[0])
    return metric.source if metric else ""


def _about(book: Book, result: Result) -> None:
    sheet = book.sheet(_ABOUT.text(result.lang))
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 110)
    lines = [*about_of(result)]
    lines += [(_WARNING.text(result.lang), text) for text in result.footer.warnings]
    lines += [(_NOTE.text(result.lang), text) for text in result.footer.notes]
    sheet.merge_range(0, 0, 0, 1, "", book.style("title"))
    sheet.write_string(0, 0, book.text(f"{result.title} {result.period.name}"), book.style("title"))
    for row, (name, text) in enumerate(lines, start=1):
        sheet.write_string(row, 0, book.text(name), book.style("name"))
        sheet.write_string(row, 1, book.text(text), book.style("wrapped"))
