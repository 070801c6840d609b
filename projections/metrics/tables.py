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
    whole: str = ""
    """A SELECT of the same rows as ``view`` with those columns alone that sums over all of them need: it costs less."""

    @property
    def small(self) -> bool:
        """So few rows that a look at all of them costs less than planning a second question."""
        return self.name in _SMALL

    @property
    def source(self) -> str:
        """What stands behind FROM: current rows only."""
        return f"({self.view})" if self.view else f"{self.name} FINAL"

    @property
    def source_of_sums(self) -> str:
        """As ``source``, where rows are neither grouped nor narrowed."""
        return f"({self.whole})" if self.whole else self.source


_SMALL = frozenset({"tickets", "callbacks", "complaints", "evaluations", "faults", "staff_stints", "penalties", "awards"})


def _table(name: str, key: str, view: str = "", /, **dimensions: str) -> FactTable:
    """A fact table that knows the vendor, as all but those without one do."""
    return _whole(name, key, view, vendor="vendor", **dimensions)


def _whole(name: str, key: str, view: str = "", /, **dimensions: str) -> FactTable:
    folder = Path(__file__).parent
    text = (folder / view).read_text("utf-8") if view else ""
    short = folder / f"{name}_whole.sql"
    whole = short.read_text("utf-8") if short.exists() else ""
    return FactTable(name, MappingProxyType(dimensions), tuple(key.split()), text, whole)


def _same(names: str) -> dict[str, str]:
    """Dimensions that are called like their columns."""
    return {name: name for name in names.split()}


NULLABLE = frozenset({"satisfied", "liable", "accepted", "resolved"})
"""Columns that may be null; as a dimension that is empty text, beside ``true`` and ``false``."""
_AGENT = {"agent": "agent", "team": "agent"}
_CALLS = {
    "queue": "first_queue",
    "hotline": "hotline",
    "agent": "first_agent",
    "team": "first_agent",
    **_same("channel direction category nature satisfied"),
}
_LEGS = {**_AGENT, **_same("queue hotline channel direction category nature accepted resolved"), "reason": "outcome"}
_SPANS = {**_AGENT, **_same("state reason queue")}
_STAFF = _same("agent team reason")


TABLES: Mapping[str, FactTable] = MappingProxyType(
    {
        t.name: t
        for t in (
            _table("calls", "call", **_CALLS),
            _table("first_contacts", "call", "first_contacts.sql", **_CALLS),
            _table("campaign_calls", "call", "campaign_calls.sql", campaign="campaign", **_CALLS),
            _table("ivr_steps", "call n", **_same("hotline flow node input")),
            _table("legs", "call leg", **_LEGS),
            _table("lost_entries", "call leg", "lost_entries.sql", **_LEGS),
            _table("month_legs", "call leg", "month_legs.sql", **_LEGS),
            _table("rings", "call n", **_AGENT, **_same("queue hotline direction channel reason")),
            _table(
                "transfers",
                "call n",
                queue="from_queue",
                agent="from_agent",
                team="from_agent",
                **_same("hotline from_queue from_agent to_kind to mode"),
            ),
            _table("agent_spans", "shift n", **_SPANS),
            _table("kept_schedule", "shift n", "kept_schedule.sql", **_SPANS),
            _table("shifts", "shift", **_AGENT, **_same("excused")),
            _whole("seat_hours", "n seat", "seat_hours.sql"),
            _table("staff_stints", "agent n", **_STAFF),
            _table("staff_period", "agent n", "staff_period.sql", **_STAFF),
            _table("tickets", "ticket", agent="assignee", team="assignee", **_same("category department kind priority state")),
            _table("callbacks", "callback", **_AGENT, **_same("purpose satisfied")),
            _table(
                "complaints",
                "complaint",
                **_AGENT,
                **_same("department channel business content severity state liable"),
            ),
            _table("evaluations", "evaluation", **_AGENT, **_same("method evaluator form")),
            _table("faults", "fault", **_same("system kind severity")),
            _table("month_costs", "cost", "month_costs.sql", **_same("kind currency period")),
            _table("penalties", "penalty", **_same("contract rule party party_id currency period state")),
            _table("awards", "award", **_AGENT, **_same("contract rule period")),
        )
    }
)
"""Fact table name → its dimensions. ``team`` is the column of the agent whose team is looked up, or the team's own."""

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
        "form": Label("form", "评分表"),
        "system": Label("system", "系统"),
        "flow": Label("flow", "IVR 流程"),
        "node": Label("node", "IVR 节点"),
        "input": Label("input", "按键"),
        "campaign": Label("campaign", "专项活动"),
        "nature": Label("nature", "性质"),
        "accepted": Label("accepted", "是否受理"),
        "resolved": Label("settled at first contact", "是否一次解决"),
        "satisfied": Label("satisfied", "是否满意"),
        "excused": Label("excused for", "请假类型"),
        "content": Label("content", "投诉内容"),
        "liable": Label("liable", "是否有责"),
        "contract": Label("contract", "合同"),
        "rule": Label("rule", "条款"),
        "party": Label("party", "责任方类型"),
        "party_id": Label("who pays", "责任方"),
        "currency": Label("currency", "币种"),
        "period": Label("month", "所属月份"),
    }
)
"""Every dimension that rows or filters may name."""
