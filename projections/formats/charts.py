"""Draws a chart's data as SVG with Vega, offline; the picture goes into a page as an image that can run nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import vl_convert

from opsledger.projections.formats.values import clean
from opsledger.projections.reports.model import Chart, ChartKind

Spec = dict[str, Any]
"""A Vega-Lite specification, or a part of one."""
BLUE, ORANGE, LINE, INK, GRID, TICK = "#56a0d3", "#e69f00", "#111827", "#334155", "#e5e7eb", "#94a3b8"
"""After the Okabe–Ito palette: told apart by the colour-blind, and in print by lightness."""
FONT = "Inter, 'Helvetica Neue', Arial, 'Noto Sans CJK SC', 'Noto Sans SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"
HALF, FULL, HEIGHT = 580, 1220, 210
"""Widths of a chart that has a neighbour and of one that stands alone, and the height, in CSS pixels."""
_MOST = 60
"""Characters of a name in a chart; the table has all of it."""
_FEW = 24
"""Up to this many points of a line are marked large."""
_SMALL = {"labelColor": INK, "titleColor": INK, "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": 500}
_CONFIG: Spec = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {**_SMALL, "gridColor": GRID, "domainColor": TICK, "tickColor": TICK},
    "legend": {**_SMALL, "orient": "top", "title": None, "symbolType": "square"},
}
_BARE: Spec = {"domain": False, "ticks": False}


def svg_of(chart: Chart, width: int = HALF) -> str:
    """The chart as an SVG document, about ``width`` pixels wide."""
    chart = _drawable(chart)
    spec = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "background": "white", "config": _CONFIG}
    return str(vl_convert.vegalite_to_svg({**spec, **_DRAWN[chart.kind](chart, width)}, allowed_base_urls=[]))


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


def _field(name: str, kind: str, **more: Any) -> Spec:
    return {"field": name, "type": kind, "title": None, **more}


def _values(records: Sequence[object]) -> Spec:
    return {"values": list(records)}


def _service(chart: Chart, width: int) -> Spec:
    order = [r["interval"] for r in chart.data]
    x = _field("interval", "nominal", sort=order, axis={"labelAngle": -45, "labelOverlap": True})
    kinds = ("answered", "unanswered")
    parts = [
        {"interval": r["interval"], "kind": chart.labels[k], "n": r[k], "order": o}
        for r in chart.data
        for o, k in enumerate(kinds)
    ]
    scale = {"domain": [chart.labels[k] for k in kinds], "range": [BLUE, ORANGE]}
    bars: Spec = {
        "data": _values(parts),
        "mark": "bar",
        "encoding": {
            "x": x,
            "y": _field("n", "quantitative", axis={"tickMinStep": 1}),
            "color": _field("kind", "nominal", scale=scale),
            "order": {"field": "order"},
        },
    }
    return {
        "layer": [bars, _level(chart, x)],
        "resolve": {"scale": {"y": "independent"}},
        "width": width - 90,
        "height": HEIGHT,
    }


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


def _heat(chart: Chart, width: int) -> Spec:
    days = dict.fromkeys(r["weekday"] for r in sorted(chart.data, key=lambda r: int(r["order"] or 0)))
    legend = {"orient": "right", "title": None}
    return {
        "data": _values(chart.data),
        "mark": {"type": "rect", "stroke": "white"},
        "encoding": {
            "x": _field("hour", "ordinal", axis={**_BARE, "labelAngle": 0}),
            "y": _field("weekday", "nominal", sort=list(days), axis=_BARE),
            "color": _field("value", "quantitative", scale={"scheme": "blues"}, legend=legend),
        },
        "width": width - 90,
        "height": HEIGHT,
    }


def _bars(chart: Chart, width: int) -> Spec:
    y = _field("name", "nominal", sort=[r["name"] for r in chart.data], axis={**_BARE, "labelLimit": 160})
    x = {**_field("value", "quantitative", axis={"tickMinStep": 1, "tickCount": 6}), "title": chart.labels["value"]}
    text = {"type": "text", "align": "left", "dx": 4, "color": INK, "fontSize": 11}
    return {
        "data": _values(chart.data),
        "encoding": {"x": x, "y": y},
        "layer": [
            {"mark": {"type": "bar", "color": BLUE}},
            {"mark": text, "encoding": {"text": {"field": "value", "type": "quantitative", "format": ","}}},
        ],
        "width": width - 230,
        "height": max(60, 22 * len(chart.data)),
    }


_DRAWN = {ChartKind.SERVICE: _service, ChartKind.HEAT: _heat, ChartKind.BARS: _bars}
