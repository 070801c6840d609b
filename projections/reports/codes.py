"""How the closed sets of codes are called: reasons, states, directions, channels. What is not listed is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping

from opsledger.projections.metrics.model import Label, Lang
from opsledger.projections.metrics.queues import OUTCOMES

_CHANNELS = {
    "phone": Label("phone", "电话"),
    "chat": Label("chat", "在线"),
    "email": Label("email", "邮件"),
    "letter": Label("letter", "信函"),
    "fax": Label("fax", "传真"),
    "web": Label("web", "网页"),
}
_OUTCOMES = {**OUTCOMES, "answered": Label("answered", "已应答"), "waiting": Label("still waiting", "仍在等待")}
_TARGETS = {
    "agent": Label("agent", "座席"),
    "queue": Label("queue", "技能组"),
    "external": Label("outside", "外线"),
    "ivr": Label("IVR", "IVR"),
}
_STATES = {
    "opened": Label("not dispatched", "未派单"),
    "dispatched": Label("dispatched", "已派单"),
    "accepted": Label("accepted", "已接单"),
    "resolved": Label("resolved", "已完成"),
    "reopened": Label("reopened", "重开"),
    "cancelled": Label("cancelled", "取消"),
    "voided": Label("voided", "作废"),
}
_MODES = {"blind": Label("blind", "盲转"), "attended": Label("attended", "咨询转")}
_DIRECTIONS = {"inbound": Label("inbound", "呼入"), "outbound": Label("outbound", "呼出")}
_ENDS = {
    "released": Label("released", "挂机"),
    "transfer": Label("transfer", "转接"),
    "ended": Label("call ended", "通话结束"),
    "open": Label("open", "未结束"),
}
_PARTIES = {"customer": Label("customer", "客户"), "agent": Label("agent", "座席"), "system": Label("system", "系统")}
_VENDORS = {"in-house": Label("in-house", "自营")}
CODES: Mapping[str, Mapping[str, Label]] = {
    "reason": _OUTCOMES,
    "outcome": _OUTCOMES,
    "channel": _CHANNELS,
    "direction": _DIRECTIONS,
    "to_kind": _TARGETS,
    "transferred_to": _TARGETS,
    "mode": _MODES,
    "state": _STATES,
    "end_kind": _ENDS,
    "ended_by": _PARTIES,
    "vendor": _VENDORS,
}
"""Column → code → what it is called."""
PARAMETERS: Mapping[str, Mapping[str, Label]] = {
    "attribution": {
        "default": Label("each metric's own", "各指标自有"),
        "enter": Label("enter", "进入时段"),
        "answer": Label("answer", "应答时段"),
        "end": Label("end", "结束时段"),
        "spread": Label("spread", "分摊"),
    },
    "interval": {
        "half_hour": Label("half hour", "半小时"),
        "hour": Label("hour", "小时"),
        "day": Label("day", "日"),
        "hour_of_day": Label("hour of the day", "每日时段"),
    },
}
"""Parameter → value → what it is called."""


def named(table: Mapping[str, Mapping[str, Label]], name: str, value: str, lang: Lang) -> str:
    """What a code is called; the code itself where it has no name."""
    label = table.get(name, {}).get(value)
    return value if label is None else label.text(lang)
