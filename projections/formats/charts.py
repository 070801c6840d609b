"""Draws a chart's data as SVG with Vega, offline; the picture goes into a page as an image that can run nothing."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

import vl_convert

from opsledger.projections.formats import font
from opsledger.projections.formats.units import number
from opsledger.projections.formats.values import clean
from opsledger.projections.metrics.model import Better, Unit
from opsledger.projections.reports.model import Chart, ChartKind

Spec = dict[str, Any]
"""A Vega-Lite specification, or a part of one."""
BLUE, ORANGE, LINE, INK, GRID, TICK = "#56a0d3", "#e69f00", "#111827", "#334155", "#e5e7eb", "#94a3b8"
"""After the Okabe–Ito palette: told apart by the colour-blind, and in print by lightness."""
FONT = f"'{font.NAME}', '{font.FAMILY}', sans-serif"
"""The first is in the picture; the second is the same, by which its text is measured."""
HALF, FULL, HEIGHT = 580, 1220, 210
"""Widths of a chart that has a neighbour and of one that stands alone, and the height, in CSS pixels."""
_MOST = 60
"""Characters of a name in a chart; the table has all of it."""
_FEW = 24
"""Up to this many points of a line are marked large."""
_KEPT = 64
"""Pictures that are kept: the page and the print of a report show the same ones."""
_ROOT, _TEXT = re.compile("<svg[^>]*>"), re.compile(">([^<]+)<")
_SMALL = {"labelColor": INK, "titleColor": INK, "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": 500}
_CONFIG: Spec = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {**_SMALL, "gridColor": GRID, "domainColor": TICK, "tickColor": TICK},
    "legend": {**_SMALL, "orient": "top", "title": None, "symbolType": "square"},
}
_BARE: Spec = {"domain": False, "ticks": False}
_SPANS_MS = ((7_200_000, 3_600_000, "h"), (120_000, 60_000, "min"), (0, 1000, "s"))
"""From which largest duration on an axis is in which unit: round numbers are round in that unit alone."""


def svg_of(chart: Chart, width: int = HALF) -> str:
    """The chart as an SVG document, about ``width`` pixels wide."""
    chart = _drawable(chart)
    spec = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "background": "white", "config": _CONFIG}
    return _drawn(json.dumps({**spec, **_DRAWN[chart.kind](chart, width)}, ensure_ascii=False))


@lru_cache(maxsize=_KEPT)
def _drawn(spec: str) -> str:
    _measured_by_own_font()
    made = str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))
    text = "".join(_TEXT.findall(made))
    return _ROOT.sub(lambda root: f"{root[0]}<style>{font.style(text)}</style>", made, count=1)


@cache
def _measured_by_own_font() -> None:
    """Labels take the same room whatever fonts are installed."""
    vl_convert.register_font_directory(str(font.FOLDER))


def _drawable(chart: Chart) -> Chart:
    """The same with names that can be drawn: the renderer aborts the process on what XML cannot hold."""
    data = [{k: _short(v) if isinstance(v, str) else v for k, v in record.items()} for record in chart.data]
    return replace(chart, data=tuple(data), labels={k: _short(v) for k, v in chart.labels.items()})


def _short(text: str) -> str:
    text = clean(text)
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def image_of(chart: Chart, width: int = HALF) -> str:
    """The chart as a data address for an image."""
    return "data:image/svg+xml;base64," + b64encode(svg_of(chart, width).encode()).decode()


def is_wide(chart: Chart) -> bool:
    """Whether it needs the whole width: a week's half hours."""
    return chart.kind is ChartKind.HEAT


def _field(name: str, kind: str, **more: Any) -> Spec:
    return {"field": name, "type": kind, "title": None, **more}


def _values(records: Sequence[object]) -> Spec:
    return {"values": list(records)}


@dataclass(frozen=True, slots=True)
class _Scale:
    """How values are put on an axis: divided by ``by``, labelled with ``axis``."""

    by: float
    axis: Spec

    def of(self, value: object) -> float | None:
        """A value on the axis."""
        return value / self.by if isinstance(value, (int, float)) else None


def _scale(unit: str, values: Sequence[object]) -> _Scale:
    """The axis of values in a unit."""
    if unit == Unit.RATIO:
        return _Scale(1, {"format": ".3~p"})
    if unit == Unit.MS:
        most = max((abs(v) for v in values if isinstance(v, (int, float))), default=0)
        by, name = next((by, name) for least, by, name in _SPANS_MS if most >= least)
        return _Scale(by, {"labelExpr": f"format(datum.value, ',.4~f') + ' {name}'"})
    return _Scale(1, {"tickMinStep": 1} if unit == Unit.COUNT else {})


def _text(value: object, unit: str) -> str:
    return number(Decimal(str(value)), unit) if isinstance(value, (int, float)) else ""


def _across(chart: Chart, name: str) -> Spec:
    order = [r[name] for r in chart.data]
    return _field(name, "nominal", sort=order, axis={"labelAngle": -45, "labelOverlap": True})


def _stacked(chart: Chart, name: str, kinds: Sequence[str]) -> Spec:
    """Bars of two parts, the first below."""
    parts = [{name: r[name], "kind": chart.labels[k], "n": r[k], "order": o} for r in chart.data for o, k in enumerate(kinds)]
    scale = {"domain": [chart.labels[k] for k in kinds], "range": [BLUE, ORANGE]}
    return {
        "data": _values(parts),
        "mark": "bar",
        "encoding": {
            "x": _across(chart, name),
            "y": _field("n", "quantitative", axis={"tickMinStep": 1}),
            "color": _field("kind", "nominal", scale=scale),
            "order": {"field": "order"},
        },
    }


def _service(chart: Chart, width: int) -> Spec:
    bars = _stacked(chart, "interval", ("answered", "unanswered"))
    level = _level(chart, _across(chart, "interval"))
    return {"layer": [bars, level], "resolve": {"scale": {"y": "independent"}}, "width": width - 90, "height": HEIGHT}


def _level(chart: Chart, x: Spec) -> Spec:
    y = {
        **_field("level", "quantitative", scale={"domain": [0, 1]}, axis={"format": "%", "grid": False}),
        "title": chart.labels["service_level"],
    }
    point = {"fill": "white", "stroke": LINE, "strokeWidth": 1.5, "size": 26 if len(chart.data) <= _FEW else 4}
    line: Spec = {
        "data": _values([{"interval": r["interval"], "level": r["service_level"]} for r in chart.data]),
        "mark": {"type": "line", "color": LINE, "strokeWidth": 2, "point": point},
        "encoding": {"x": x, "y": y},
    }
    if chart.target is None:
        return line
    mark = {"type": "rule", "color": LINE, "strokeDash": [5, 4]}
    return {"layer": [line, {"data": _values([{"level": chart.target}]), "mark": mark, "encoding": {"y": y}}]}


def _trend(chart: Chart, width: int) -> Spec:
    """A line; where there is a target, points that miss it are orange triangles: told apart by shape, not colour alone."""
    unit, x = chart.labels.get("unit", ""), _across(chart, "interval")
    scale = _scale(unit, [*(r["value"] for r in chart.data), chart.target])
    domain = {"zero": unit != Unit.RATIO, "nice": True}
    y = {**_field("value", "quantitative", axis=scale.axis, scale=domain), "title": chart.labels["value"]}
    data = [
        {"interval": r["interval"], "value": scale.of(r["value"]), "missed": _misses(chart, r["value"])} for r in chart.data
    ]
    shape: Spec = {"condition": {"test": "datum.missed", "value": "triangle-down"}, "value": "circle"}
    color: Spec = {"condition": {"test": "datum.missed", "value": ORANGE}, "value": BLUE}
    size = 60 if len(data) <= 2 * _FEW else 24
    points: Spec = {
        "mark": {"type": "point", "filled": True, "opacity": 1, "size": size},
        "encoding": {"x": x, "y": y, "shape": shape, "color": color},
    }
    line: Spec = {"mark": {"type": "line", "color": LINE, "strokeWidth": 1.5}, "encoding": {"x": x, "y": y}}
    layers = [{"data": _values(data), "layer": [line, points]}, *_target(chart, scale, y, width)]
    return {"layer": layers, "width": width - 90, "height": HEIGHT}


def _target(chart: Chart, scale: _Scale, y: Spec, width: int) -> list[Spec]:
    if chart.target is None:
        return []
    text = f"┄ {chart.labels.get('target', '')} {_text(chart.target, chart.labels.get('unit', ''))}"
    data = _values([{"value": scale.of(chart.target), "text": text}])
    rule: Spec = {"mark": {"type": "rule", "color": LINE, "strokeDash": [5, 4]}, "encoding": {"y": y}}
    mark = {"type": "text", "align": "right", "baseline": "bottom", "color": INK, "fontSize": 11}
    place = {"x": {"value": width - 92}, "y": {"value": -5}}
    said: Spec = {"mark": mark, "encoding": {**place, "text": {"field": "text", "type": "nominal"}}}
    return [{"data": data, "layer": [rule, said]}]


def _misses(chart: Chart, value: object) -> bool:
    if chart.target is None or not isinstance(value, (int, float)):
        return False
    better = chart.labels.get("better")
    return (better == Better.HIGHER and value < chart.target) or (better == Better.LOWER and value > chart.target)


def _distribution(chart: Chart, width: int) -> Spec:
    """Bars per band of seconds, with a line after the last band that lies within the threshold."""
    kinds = [name for name in chart.data[0] if name not in ("band", "number", "in_time")][:2]
    bars = _stacked(chart, "band", kinds)
    across = {**_across(chart, "band"), "axis": {"labelAngle": 0, "labelOverlap": False, "labelFontSize": 9}, "title": "s"}
    bars["encoding"]["x"] = across
    layers = [bars, _counts(chart, kinds, across)]
    within = [r for r in chart.data if r["in_time"]]
    if within:
        data = _values([{"band": within[-1]["band"], "text": f" ≤ {chart.labels.get('threshold', '')}"}])
        x = {**across, "bandPosition": 1.05}
        rule: Spec = {"mark": {"type": "rule", "color": LINE, "strokeDash": [5, 4]}, "encoding": {"x": x}}
        mark = {"type": "text", "align": "left", "baseline": "top", "dx": 3, "color": INK, "fontSize": 11}
        said: Spec = {"mark": mark, "encoding": {"x": x, "y": {"value": 0}, "text": {"field": "text", "type": "nominal"}}}
        layers.append({"data": data, "layer": [rule, said]})
    return {"layer": layers, "width": width - 70, "height": HEIGHT}


def _counts(chart: Chart, kinds: Sequence[str], x: Spec) -> Spec:
    """The number above each bar: a low bar beside a high one says nothing by its height."""
    sums = [(r["band"], sum(int(r[k] or 0) for k in kinds)) for r in chart.data]
    mark = {"type": "text", "baseline": "bottom", "dy": -2, "color": INK, "fontSize": 10}
    y = _field("n", "quantitative")
    data = _values([{"band": band, "n": n, "text": f"{n:,}"} for band, n in sums])
    return {"data": data, "mark": mark, "encoding": {"x": x, "y": y, "text": {"field": "text", "type": "nominal"}}}


def _heat(chart: Chart, width: int) -> Spec:
    days = dict.fromkeys(r["weekday"] for r in sorted(chart.data, key=lambda r: int(r["order"] or 0)))
    full = [str(r["hour"]) for r in chart.data if str(r["hour"])[2:] in ("", ":00")]
    scale = _scale(chart.labels.get("unit", Unit.COUNT.value), [r["value"] for r in chart.data])
    axis = {**_BARE, "labelAngle": 0, "values": list(dict.fromkeys(full)), "labelExpr": "slice(datum.value, 0, 2)"}
    return {
        "data": _values([{**r, "value": scale.of(r["value"])} for r in chart.data]),
        "mark": {"type": "rect", "stroke": "white", "strokeWidth": 0.5},
        "encoding": {
            "x": _field("hour", "ordinal", axis=axis),
            "y": _field("weekday", "nominal", sort=list(days), axis=_BARE),
            "color": _field(
                "value", "quantitative", scale={"scheme": "blues"}, legend={"orient": "right", "title": None, **scale.axis}
            ),
        },
        "width": width - 110,
        "height": 24 * len(days),
    }


def _bars(chart: Chart, width: int) -> Spec:
    unit = chart.labels.get("unit", Unit.COUNT.value)
    y = _field("name", "nominal", sort=[r["name"] for r in chart.data], axis={**_BARE, "labelLimit": 160})
    scale = _scale(unit, [r["value"] for r in chart.data])
    axis = {**scale.axis, "tickCount": 6}
    x = {**_field("value", "quantitative", axis=axis), "title": chart.labels["value"]}
    text = {"type": "text", "align": "left", "dx": 4, "color": INK, "fontSize": 11}
    return {
        "data": _values(
            [{"name": r["name"], "value": scale.of(r["value"]), "text": _text(r["value"], unit)} for r in chart.data]
        ),
        "encoding": {"x": x, "y": y},
        "layer": [
            {"mark": {"type": "bar", "color": BLUE}},
            {"mark": text, "encoding": {"text": {"field": "text", "type": "nominal"}}},
        ],
        "width": width - 230,
        "height": max(60, 22 * len(chart.data)),
    }


_DRAWN = {
    ChartKind.SERVICE: _service,
    ChartKind.HEAT: _heat,
    ChartKind.BARS: _bars,
    ChartKind.TREND: _trend,
    ChartKind.DISTRIBUTION: _distribution,
}
