"""Native charts of a workbook, on a sheet with their data: where the page has a picture, the sheet has one to work with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlsxwriter.chart import Chart as Native
from xlsxwriter.worksheet import Worksheet

from opsledger.projections.formats.charts import BLUE, LINE, ORANGE
from opsledger.projections.formats.units import unit_text
from opsledger.projections.formats.xlsx_sheet import MS_PER_DAY, Book
from opsledger.projections.metrics.model import Label, Unit
from opsledger.projections.reports.model import Chart, ChartKind

_CHARTS, _TARGET = Label("Charts", "图表"), Label("target", "目标")
_BESIDE = 8
"""The column at which a chart stands, beside its data."""
_LEAST = 22
"""Rows that a chart needs."""
_FORMATS = {Unit.RATIO.value: "0.00%", Unit.MS.value: "[h]:mm:ss"}


def add_charts(book: Book, charts: Sequence[Chart]) -> None:
    """A sheet with every chart and its data; none where there are no charts."""
    if not charts:
        return
    sheet = book.sheet(_CHARTS.text(book.result.lang))
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, _BESIDE - 1, 13)
    top = 0
    for chart in charts:
        sheet.write_string(top, 0, book.text(chart.title), book.style("name"))
        used = _heat(book, sheet, chart, top) if chart.kind is ChartKind.HEAT else _drawn(book, sheet, chart, top)
        top += max(used, _LEAST) + 3


def _drawn(book: Book, sheet: Worksheet, chart: Chart, top: int) -> int:
    name, series = _series(book, chart)
    _write(book, sheet, chart, top + 1, name, series)
    first, last = top + 2, top + 1 + len(chart.data)
    native = _NATIVE[chart.kind](book, sheet.get_name(), chart, first, last)
    native.set_title({"name": book.text(chart.title), "name_font": {"size": 11}})
    native.set_legend({"position": "top"})
    native.set_size({"width": 760, "height": 380})
    sheet.insert_chart(top + 1, _BESIDE, native)
    return len(chart.data) + 2


def _series(book: Book, chart: Chart) -> tuple[str, list[tuple[str, str, str]]]:
    """The field of the categories, and of each series: field, title, unit."""
    unit = chart.labels.get("unit", Unit.COUNT.value)
    if chart.kind is ChartKind.SERVICE:
        fields = [("answered", Unit.COUNT.value), ("unanswered", Unit.COUNT.value), ("service_level", Unit.RATIO.value)]
        found = [(f, chart.labels.get(f, f), u) for f, u in fields]
    elif chart.kind is ChartKind.DISTRIBUTION:
        kinds = [k for k in chart.data[0] if k not in ("band", "number", "in_time")]
        found = [(k, chart.labels.get(k, k), Unit.COUNT.value) for k in kinds]
    else:
        found = [("value", chart.labels.get("value", ""), unit)]
    if chart.target is not None:
        found.append(("target", _TARGET.text(book.result.lang), found[-1][2]))
    first = {ChartKind.DISTRIBUTION: "band", ChartKind.BARS: "name"}.get(chart.kind, "interval")
    return first, found


def _write(book: Book, sheet: Worksheet, chart: Chart, top: int, name: str, series: Sequence[tuple[str, str, str]]) -> None:
    sheet.write_string(top, 0, "s" if chart.kind is ChartKind.DISTRIBUTION else "", book.style("head"))
    for place, (_, title, unit) in enumerate(series, start=1):
        shown = unit_text(unit, book.result.lang)
        sheet.write_string(top, place, book.text(f"{title} [{shown}]" if shown else title), book.style("head_figure"))
    for row, record in enumerate(chart.data, start=top + 1):
        sheet.write_string(row, 0, book.text(str(record[name])))
        for place, (field, _, unit) in enumerate(series, start=1):
            value = chart.target if field == "target" else record.get(field)
            if isinstance(value, (int, float)):
                scaled = value / MS_PER_DAY if unit == Unit.MS else value
                sheet.write_number(row, place, scaled, book.format(num_format=_FORMATS.get(unit, "#,##0.####")))


def _line(sheet: str, first: int, last: int, column: int, **more: Any) -> dict[str, Any]:
    return {
        "name": [sheet, first - 1, column],
        "categories": [sheet, first, 0, last, 0],
        "values": [sheet, first, column, last, column],
        **more,
    }


def _bars_of(book: Book, kind: dict[str, str], sheet: str, first: int, last: int, colours: Sequence[str]) -> Native:
    native = book.workbook.add_chart(kind)
    for column, colour in enumerate(colours, start=1):
        native.add_series(_line(sheet, first, last, column, fill={"color": colour}, gap=40))
    return native


def _service(book: Book, sheet: str, chart: Chart, first: int, last: int) -> Native:
    native = _bars_of(book, {"type": "column", "subtype": "stacked"}, sheet, first, last, (BLUE, ORANGE))
    level = book.workbook.add_chart({"type": "line"})
    level.add_series(_line(sheet, first, last, 3, line={"color": LINE, "width": 1.75}, y2_axis=True))
    if chart.target is not None:
        level.add_series(_line(sheet, first, last, 4, line={"color": LINE, "dash_type": "dash", "width": 1.25}, y2_axis=True))
    level.set_y2_axis({"min": 0, "max": 1, "num_format": "0%"})
    native.combine(level)
    return native


def _trend(book: Book, sheet: str, chart: Chart, first: int, last: int) -> Native:
    native = book.workbook.add_chart({"type": "line"})
    marker = {"type": "circle", "size": 5, "fill": {"color": BLUE}, "border": {"color": BLUE}}
    native.add_series(_line(sheet, first, last, 1, line={"color": BLUE, "width": 1.75}, marker=marker))
    if chart.target is not None:
        native.add_series(_line(sheet, first, last, 2, line={"color": LINE, "dash_type": "dash", "width": 1.25}))
    native.set_y_axis({"num_format": _FORMATS.get(chart.labels.get("unit", ""), "General")})
    return native


def _distribution(book: Book, sheet: str, chart: Chart, first: int, last: int) -> Native:
    native = _bars_of(book, {"type": "column", "subtype": "stacked"}, sheet, first, last, (BLUE, ORANGE)[: _parts(chart)])
    native.set_x_axis({"name": f"s (≤ {chart.labels.get('threshold', '')})"})
    return native


def _parts(chart: Chart) -> int:
    return len([k for k in chart.data[0] if k not in ("band", "number", "in_time")])


def _bars(book: Book, sheet: str, chart: Chart, first: int, last: int) -> Native:
    native = _bars_of(book, {"type": "bar"}, sheet, first, last, (BLUE,))
    native.set_y_axis({"reverse": True})
    native.set_x_axis({"num_format": _FORMATS.get(chart.labels.get("unit", ""), "#,##0")})
    return native


def _heat(book: Book, sheet: Worksheet, chart: Chart, top: int) -> int:
    """A matrix of weekdays and times whose cells are coloured by their values, as the page's heat map is."""
    days = list(dict.fromkeys(r["weekday"] for r in sorted(chart.data, key=lambda r: int(r["order"] or 0))))
    times = sorted({str(r["hour"]) for r in chart.data})
    for place, day in enumerate(days, start=1):
        sheet.write_string(top + 1, place, book.text(str(day)), book.style("head_figure"))
    for row, time in enumerate(times, start=top + 2):
        sheet.write_string(row, 0, book.text(time))
    for record in chart.data:
        value = record["value"]
        if isinstance(value, (int, float)):
            sheet.write_number(top + 2 + times.index(str(record["hour"])), 1 + days.index(record["weekday"]), value)
    scale = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": BLUE}
    sheet.conditional_format(top + 2, 1, top + 1 + len(times), len(days), scale)
    return len(times) + 2


_NATIVE = {
    ChartKind.SERVICE: _service,
    ChartKind.TREND: _trend,
    ChartKind.DISTRIBUTION: _distribution,
    ChartKind.BARS: _bars,
}
