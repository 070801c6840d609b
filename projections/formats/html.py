"""A result as one self-contained page: nothing is loaded from elsewhere, nothing runs, and it prints well."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from opsledger.projections.formats.about import facts_of, title_of
from opsledger.projections.formats.charts import FULL, HALF, image_of
from opsledger.projections.formats.values import Writer, clean
from opsledger.projections.metrics.model import Unit
from opsledger.projections.reports.model import BY_ROW, INTERVAL, TEXT, TIME, Column, Result, Value

_FOLDER = Path(__file__).parent
_TEXTS = {
    "definitions": ("Definitions", "指标定义"),
    "warnings": ("Read with care", "请注意"),
    "notes": ("Notes", "说明"),
    "about": ("About this report", "报表信息"),
    "rows": ("rows", "行"),
    "chart": ("Chart", "图表"),
}
_SIDES = {TEXT: "name", INTERVAL: "name when", TIME: "name when"}
_NARROW = 9
"""A table of at most this many columns has the definitions beside it, a wider one below it."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure."""

    title: str
    value: str
    definition: str


def to_html(result: Result) -> str:
    """The result as an HTML page in its language; names from outside are escaped, charts are images inside it."""
    writer = Writer(result)
    facts = [(title_of(name, result.lang), value) for name, value in facts_of(result).items()]
    columns = [c for c in result.columns if c.name not in _hidden(result)]
    return _template().render(
        result=result,
        text={name: pair[result.lang == "zh"] for name, pair in _TEXTS.items()},
        title=result.title,
        facts=facts,
        tiles=_tiles(result, writer),
        charts=[(c.title, image_of(c, HALF if len(result.charts) > 1 else FULL)) for c in result.charts],
        columns=columns,
        sides=[_SIDES.get(c.unit, "figure") for c in columns],
        rows=[_visible(result, writer.row(row)) for row in result.rows],
        totals=None if result.totals is None else _visible(result, writer.totals(result.totals)),
        definitions=_definitions(result),
        wide=len(columns) > _NARROW,
        warnings=[clean(w) for w in result.footer.warnings],
        notes=[clean(n) for n in result.footer.notes],
    )


@cache
def _template() -> Template:
    # Loaded from the package, escaped whatever the file's name; a missing value is an error, not an empty place.
    environment = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.globals["style"] = (_FOLDER / "page.css").read_text("utf-8")
    return environment.get_template("page.html.j2")


def _hidden(result: Result) -> tuple[str, ...]:
    """Columns for machines, and targets where none is set."""
    if not _by_metric(result):
        return ()
    at = {c.name: i for i, c in enumerate(result.columns)}
    unused = [n for n in ("target", "met") if n in at and all(row[at[n]] is None for row in result.rows)]
    return ("metric", "unit", "definition", *unused)


def _by_metric(result: Result) -> bool:
    return any(c.unit == BY_ROW for c in result.columns)


def _visible(result: Result, cells: list[str]) -> list[str]:
    return [cell for cell, c in zip(cells, result.columns, strict=True) if c.name not in _hidden(result)]


def _definitions(result: Result) -> list[tuple[str, str]]:
    if _by_metric(result):
        at = {c.name: i for i, c in enumerate(result.columns)}
        return [(str(row[at["indicator"]]), str(row[at["definition"]])) for row in result.rows]
    return [(c.title, c.definition) for c in result.columns if c.definition]


def _tiles(result: Result, writer: Writer) -> list[Tile]:
    found = _figures(result)
    shown = [(*found[code], code) for code in result.headline if code in found]
    return [Tile(c.title, writer.cell(value, c), c.definition) for c, value, _ in shown]


def _figures(result: Result) -> dict[str, tuple[Column, Value]]:
    """The headline figures of a report: its totals, or the values of its metrics."""
    if _by_metric(result):
        at = {c.name: i for i, c in enumerate(result.columns)}
        return {
            str(row[at["metric"]]): (
                Column(str(row[at["metric"]]), str(row[at["indicator"]]), str(row[at["unit"]]), str(row[at["definition"]])),
                row[at["value"]],
            )
            for row in result.rows
        }
    if result.totals is None:
        return {}
    return {c.name: (c, v) for c, v in zip(result.columns, result.totals, strict=True) if c.unit in set(Unit)}
