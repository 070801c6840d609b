"""The fact tables as reports see them: what each can be grouped and filtered by, and what names one of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from opsledger.projections.metrics.model import Label


@dataclass(frozen=True, slots=True)
class FactTable:
    """A fact table: report dimension → column, and the columns that name a row."""

    name: str
    dimensions: Mapping[str, str]
    key: tuple[str, ...]
    view: str = ""
    """A SELECT over fact tables (a .sql file of this package) that stands for the table; empty: the table itself."""

    @property
    def source(self) -> str:
        """What stands behind FROM: current rows only."""
        return f"({self.view})" if self.view else f"{self.name} FINAL"


def _table(name: str, key: str, view: str = "", /, **dimensions: str) -> FactTable:
    text = (Path(__file__).parent / view).read_text("utf-8") if view else ""
    return FactTable(name, MappingProxyType({"vendor": "vendor", **dimensions}), tuple(key.split()), text)


_LEGS = {
    "queue": "queue",
    "hotline": "hotline",
    "agent": "agent",
    "team": "agent",
    "channel": "channel",
    "direction": "direction",
    "category": "category",
    "reason": "outcome",
}


TABLES: Mapping[str, FactTable] = MappingProxyType(
    {
        t.name: t
        for t in (
            _table(
                "calls",
                "call",
                queue="first_queue",
                hotline="hotline",
                agent="first_agent",
                team="first_agent",
                channel="channel",
                direction="direction",
                category="category",
            ),
            _table("legs", "call leg", **_LEGS),
            _table("lost_entries", "call leg", "lost_entries.sql", **_LEGS),
            _table(
                "transfers",
                "call n",
                queue="from_queue",
                hotline="hotline",
                agent="from_agent",
                team="from_agent",
                from_queue="from_queue",
                from_agent="from_agent",
                to_kind="to_kind",
                to="to",
                mode="mode",
            ),
            _table("agent_spans", "shift n", agent="agent", team="agent", state="state", reason="reason"),
            _table("shifts", "shift", agent="agent", team="agent"),
            _table(
                "tickets",
                "ticket",
                agent="assignee",
                team="assignee",
                category="category",
                department="department",
                kind="kind",
                priority="priority",
                state="state",
            ),
            _table("callbacks", "callback", agent="agent", team="agent", purpose="purpose"),
            _table(
                "complaints",
                "complaint",
                agent="agent",
                team="agent",
                department="department",
                channel="channel",
                business="business",
                severity="severity",
                state="state",
            ),
            _table("evaluations", "evaluation", agent="agent", team="agent", method="method", evaluator="evaluator"),
            _table("faults", "fault", system="system", kind="kind", severity="severity"),
        )
    }
)
"""Fact table name → its dimensions. ``team`` is the column of the agent whose team is looked up."""

DIMENSIONS: Mapping[str, Label] = MappingProxyType(
    {
        "interval": Label("interval", "时段"),
        "vendor": Label("vendor", "外包公司"),
        "hotline": Label("hotline", "热线"),
        "queue": Label("queue", "技能组"),
        "agent": Label("agent", "座席"),
        "team": Label("team", "班组"),
        "channel": Label("channel", "渠道"),
        "direction": Label("direction", "方向"),
        "category": Label("category", "业务分类"),
        "reason": Label("reason", "原因"),
        "from_queue": Label("from queue", "转出技能组"),
        "from_agent": Label("from agent", "转出座席"),
        "to_kind": Label("to (kind)", "转入类型"),
        "to": Label("to", "转入"),
        "mode": Label("mode", "转接方式"),
        "state": Label("state", "状态"),
        "department": Label("department", "责任部门"),
        "kind": Label("kind", "类型"),
        "priority": Label("priority", "优先级"),
        "purpose": Label("purpose", "回访类型"),
        "business": Label("business", "业务"),
        "severity": Label("severity", "严重程度"),
        "method": Label("method", "质检方式"),
        "evaluator": Label("evaluator", "质检员"),
        "system": Label("system", "系统"),
    }
)
"""Every dimension that rows or filters may name."""
