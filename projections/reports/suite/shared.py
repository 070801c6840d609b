"""What the definitions of the suite share: groups, spans, the plans of charts that several reports carry."""

from __future__ import annotations

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.model import Label
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.metrics.tables import DIMENSIONS, TABLES
from opsledger.projections.reports.model import ChartKind, ChartPlan

ALL = (Grain.DAY, Grain.WEEK, Grain.MONTH)
TRAFFIC = Label("traffic", "话务")
BUSINESS = Label("business", "业务")
COMPLAINTS = Label("complaints", "投诉")
WORK = Label("work", "工单与回访")
SERVICE = Label("service", "服务")
PEOPLE = Label("people", "人员")
MONEY = Label("money", "结算")
SPECIAL = Label("special", "专项")
TRUST = Label("trust", "数据可信度")

CALLS_BY_TIME = ChartPlan(
    ChartKind.SERVICE,
    Label("Queue entries and service level", "排队量与接通率"),
    ("answered", "unanswered", "service_level"),
)
HEAT = ChartPlan(ChartKind.HEAT, Label("Queue entries by weekday and half hour", "各星期各半小时排队量"), ("entries",))
WAITS = ChartPlan(
    ChartKind.DISTRIBUTION,
    Label("Queue entries by waiting time", "排队等待时长分布"),
    ("answered", "unanswered"),
)


def trend(en: str, zh: str, metric: str) -> ChartPlan:
    """A metric per interval against its target."""
    return ChartPlan(ChartKind.TREND, Label(en, zh), (metric,))


def bars(en: str, zh: str, dimension: str, *metrics: str) -> ChartPlan:
    """The largest values of a metric by a dimension."""
    return ChartPlan(ChartKind.BARS, Label(en, zh), metrics, dimension)


def known(metrics: tuple[str, ...]) -> tuple[str, ...]:
    """The dimensions that all the facts of these metrics know: what their report can be narrowed by."""
    tables = {table for code in metrics for table in METRICS[code].tables}
    return tuple(name for name in DIMENSIONS if all(name in TABLES[table].dimensions for table in tables))


def codes(text: str) -> tuple[str, ...]:
    """Metric codes, separated by spaces."""
    return tuple(text.split())
