"""A result as one self-contained page: nothing is loaded from elsewhere, no script but its own runs, and it prints well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from opsledger.projections.formats import html_table
from opsledger.projections.formats.about import about_of
from opsledger.projections.formats.charts import FULL, HALF, image_of, is_wide
from opsledger.projections.formats.font import with_letters
from opsledger.projections.formats.html_table import TableText
from opsledger.projections.formats.links import Links, as_json, links_of, script, script_policy
from opsledger.projections.formats.units import is_figure, unit_text
from opsledger.projections.formats.values import MET, MISSED, Grid, Writer, clean, grids_of
from opsledger.projections.metrics.model import Lang
from opsledger.projections.reports.model import Chart, ChartKind, Column, Result, Value

_FOLDER = Path(__file__).parent
TEXTS = {
    "definitions": ("Definitions", "指标定义"),
    "warnings": ("Read with care", "请注意"),
    "notes": ("Notes", "说明"),
    "about": ("About this report", "报表信息"),
    "rows": ("rows", "行"),
    "chart": ("Chart", "图表"),
    "target": ("target", "目标"),
    "met": ("target met", "达标"),
    "missed": ("target missed", "未达标"),
    "behind": ("The rows behind this figure, as a command:", "用以下命令查看该数字背后的明细:"),
    "copy_it": ("Copy", "复制"),
    "close": ("Close", "关闭"),
    "actions": ("Other forms", "其他形式"),
    "first_rows": ("The print shows the first {n} of {all} rows; the sheet (XLSX) and the CSV have all.",
                   "打印版仅含前 {n} 行(共 {all} 行);全部内容见 XLSX 与 CSV。"),
}  # fmt: skip
SIDE_BY_SIDE = 5
"""Two sections of at most this many columns stand side by side."""
_NARROW = 9
"""A table of at most this many columns has the definitions beside it, a wider one below it."""


@dataclass(frozen=True, slots=True)
class Live:
    """What a served page has and a file does not: links to the same report in other forms, title → address."""

    links: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure; ``target`` is text, empty where there is none."""

    title: str
    value: str
    definition: str
    met: bool | None = None
    target: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart as an image."""

    title: str
    image: str
    wide: bool
    tall: bool
    """It has a line of text for each bar, so it cannot be made low."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a column or metric means."""

    title: str
    unit: str
    text: str


def to_html(result: Result, *, live: Live | None = None) -> str:
    """The result as an HTML page in its language; names from outside are escaped, charts are images inside it.

    ``live``: the page is served, so a figure leads to the page of its rows (``cell?ref=…``) instead of to a command.
    """
    tables = [html_table.text_of(result, grid) for grid in grids_of(result)]
    links = links_of(result)
    page = template("page.html.j2").render(
        **common(result, tables),
        style=_style("page.css") + "".join(html_table.sticky(t, f"t{n}") for n, t in enumerate(tables)),
        policy=script_policy() if links else "",
        script=script() if links else "",
        refs=as_json(links, result.lang) if links else "",
        live=live,
        tables=[_table(t, links.get(n), n) for n, t in enumerate(tables)],
        wide=len(tables[0].shown) > _NARROW,
    )
    return with_letters(page)


def common(result: Result, tables: Sequence[TableText]) -> Mapping[str, object]:
    """What page and print share."""
    return {
        "lang": result.lang,
        "text": {name: pair[result.lang == "zh"] for name, pair in TEXTS.items()},
        "title": clean(result.title),
        "group": clean(result.group),
        "period": result.period.name,
        "facts": about_of(result),
        "tiles": tiles(result),
        "charts": pictures(result.charts),
        "definitions": definitions(result, tables),
        "warnings": [clean(w) for w in result.footer.warnings],
        "notes": [clean(n) for n in result.footer.notes],
        "sign": {True: MET, False: MISSED},
    }


def _table(table: TableText, links: Links | None, at: int) -> Mapping[str, object]:
    return {
        "title": clean(table.grid.title),
        "head": html_table.head(table),
        "body": html_table.body(table, links, at=at),
        "foot": html_table.foot(table, links, at=at),
        "count": len(table.rows),
        "wide": len(table.shown) > _NARROW,
        "half": len(table.shown) <= SIDE_BY_SIDE,
    }


@cache
def template(name: str) -> Template:
    """A page's template: loaded from the package, escaped whatever its name; a missing value is an error."""
    environment = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template(name)


@cache
def _style(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


def pictures(charts: Sequence[Chart]) -> list[Picture]:
    """The charts as images: two beside each other, one that is wide or has no neighbour alone."""
    found: list[Picture] = []
    beside = False
    for n, chart in enumerate(charts):
        has_next = n + 1 < len(charts) and not is_wide(charts[n + 1])
        wide = is_wide(chart) or (not beside and not has_next)
        beside = not wide and not beside
        found.append(Picture(clean(chart.title), image_of(chart, FULL if wide else HALF), wide, chart.kind is ChartKind.BARS))
    return found


def definitions(result: Result, tables: Sequence[TableText]) -> list[Definition]:
    """Each metric's definition, once, in the order of the tables."""
    found: dict[str, Definition] = {}
    for table in tables:
        for each in _by_metric(table.grid, result.lang) if table.grid.by_metric else _by_column(table, result.lang):
            found.setdefault(each.title, each)
    return list(found.values())


def _by_metric(grid: Grid, lang: Lang) -> list[Definition]:
    at = grid.at
    if "definition" not in at or "indicator" not in at:
        return []
    unit = at.get("unit")
    return [
        Definition(
            str(row[at["indicator"]]), "" if unit is None else unit_text(str(row[unit]), lang), str(row[at["definition"]])
        )
        for row in grid.rows
    ]


def _by_column(table: TableText, lang: Lang) -> list[Definition]:
    found = [c for c in table.columns if c.definition]
    return [Definition(clean(c.title), unit_text(c.unit, lang, table.grid.currency), clean(c.definition)) for c in found]


def tiles(result: Result) -> list[Tile]:
    """The headline figures that the report has."""
    grid = next(grids_of(result))
    found = _of_metrics(result, grid) if grid.by_metric else _of_totals(result, grid)
    return [found[code] for code in result.headline if code in found]


def _of_metrics(result: Result, grid: Grid) -> dict[str, Tile]:
    at, writer, found = grid.at, Writer(result, grid), {}
    for number, row in enumerate(grid.rows):
        column = Column(str(row[at["metric"]]), str(row[at["indicator"]]), str(row[at["unit"]]), str(row[at["definition"]]))
        target = writer.cell(row[at["target"]], column) if "target" in at and row[at["target"]] is not None else ""
        found[column.name] = _tile(writer, column, row[at["value"]], grid.met(number, "value"), target)
    return found


def _of_totals(result: Result, grid: Grid) -> dict[str, Tile]:
    if grid.totals is None:
        return {}
    writer = Writer(result, grid)
    pairs = [(c, v) for c, v in zip(grid.columns, grid.totals, strict=True) if is_figure(c.unit)]
    return {c.name: _tile(writer, c, v, grid.met(-1, c.name)) for c, v in pairs}


def _tile(writer: Writer, column: Column, value: Value, met: bool | None, target: str = "") -> Tile:
    return Tile(clean(column.title), writer.cell(value, column), clean(column.definition), met, target)
