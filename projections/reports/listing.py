"""The layout with a row per fact: call detail, every leg of every call."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opsledger.projections.metrics.measure import teams_of
from opsledger.projections.metrics.model import Label, Unit
from opsledger.projections.metrics.query import Parameters, utc_text
from opsledger.projections.reports import words
from opsledger.projections.reports.layouts import Layout, overall, troubles
from opsledger.projections.reports.model import TEXT, TIME, Column, Value
from opsledger.projections.reports.request import Job

MAX_ROWS = 200_000
"""The most rows of a list; a longer one is cut and says so."""
_SQL = (Path(__file__).parent / "call_detail.sql").read_text("utf-8")
COLUMNS: dict[str, tuple[str, Label]] = {
    "call": (TEXT, Label("call", "通话")),
    "started_at": (TIME, Label("began", "开始时间")),
    "vendor": (TEXT, Label("vendor", "外包公司")),
    "direction": (TEXT, Label("direction", "方向")),
    "channel": (TEXT, Label("channel", "渠道")),
    "hotline": (TEXT, Label("hotline", "热线")),
    "customer": (TEXT, Label("customer", "客户")),
    "ivr_ms": (Unit.MS, Label("in the IVR", "IVR 时长")),
    "leg": (Unit.COUNT, Label("leg", "段")),
    "queue": (TEXT, Label("queue", "技能组")),
    "queued_at": (TIME, Label("queued", "进入排队")),
    "outcome": (TEXT, Label("outcome", "结果")),
    "wait_ms": (Unit.MS, Label("wait", "等待")),
    "answered_at": (TIME, Label("answered", "应答时间")),
    "agent": (TEXT, Label("agent", "座席")),
    "talk_ms": (Unit.MS, Label("talk", "通话时长")),
    "hold_ms": (Unit.MS, Label("hold", "保持")),
    "wrap_up_ms": (Unit.MS, Label("wrap-up", "事后处理")),
    "leg_ended_at": (TIME, Label("leg ended", "段结束")),
    "end_kind": (TEXT, Label("ended by way of", "段结束方式")),
    "transferred_to": (TEXT, Label("transferred to", "转接到")),
    "category": (TEXT, Label("category", "业务分类")),
    "ended_at": (TIME, Label("call ended", "通话结束")),
    "ended_by": (TEXT, Label("ended by", "挂断方")),
    "contradictions": (TEXT, Label("contradictions", "数据矛盾")),
}
"""Column of ``call_detail.sql`` → unit and title, in the order of its SELECT."""
_ADDED = ("wait_ms", "talk_ms", "hold_ms", "wrap_up_ms")


def by_fact(job: Job) -> Layout:
    """A row per leg of the calls that began in the period; a call without legs has one row."""
    lang = job.request.lang
    columns = tuple(Column(name, words.fill(label, 0, lang), str(unit)) for name, (unit, label) in COLUMNS.items())
    found = job.facts.engine.query(_SQL, parameters=_parameters(job)).result_rows
    rows = tuple(tuple(map(_value, row)) for row in found[:MAX_ROWS])
    cut = (words.counted("cut", MAX_ROWS, lang),) if len(found) > MAX_ROWS else ()
    whole = overall(job, (), job.request.period)
    return Layout(columns, rows, _totals(rows), (*cut, *troubles(job, whole)))


def _parameters(job: Job) -> Parameters:
    period, only = job.request.period, job.request.only
    teams = teams_of(job.facts, period) if "team" in only else {}
    return {
        "tenant": job.facts.tenant,
        "start": utc_text(period.start),
        "stop": utc_text(period.stop),
        "cutoff": utc_text(job.facts.cutoff),
        "limit": MAX_ROWS + 1,
        "team_agents": list(teams),
        "team_names": list(teams.values()),
        **{f"only_{name}": list(only.get(name, ())) for name in job.report.filters},
    }


def _value(value: Any) -> Value:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return None if value == "" else value


def _totals(rows: tuple[tuple[Value, ...], ...]) -> tuple[Value, ...]:
    return tuple(
        sum(int(str(row[i])) for row in rows if row[i] is not None) if name in _ADDED else None
        for i, name in enumerate(COLUMNS)
    )
