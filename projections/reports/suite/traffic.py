"""Traffic 话务: what came in, who took it, what was lost, call by call."""

from __future__ import annotations

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.intervals import Every
from opsledger.projections.metrics.model import Label, Unit
from opsledger.projections.reports.model import TEXT, TIME, Listing, Report, Shape
from opsledger.projections.reports.suite.shared import ALL, CALLS_BY_TIME, HEAT, TRAFFIC, WAITS, bars, codes, known, trend

CALL_COLUMNS: dict[str, tuple[str, Label]] = {
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

_MENU = codes(
    "node_entered ivr_by_node node_served node_to_queue node_to_voicemail node_hung_up node_left_otherwise node_hang_up_rate"
)
_WORKLOAD = codes(
    "legs_answered talk_time wrap_up_time avg_talk avg_hold avg_wrap_up avg_handle "
    "transferred_inside transfer_rate rings_missed ring_no_answer_rate internal_complaints "
    "signed_in_time idle_time pause_time occupancy utilisation productivity answers_per_hour"
)
_BY_HOUR = {
    Grain.DAY: (Every.HOUR, Every.HALF_HOUR, Every.DAY),
    Grain.WEEK: (Every.HOUR_OF_DAY, Every.DAY, Every.HOUR, Every.HALF_HOUR),
    Grain.MONTH: (Every.HOUR_OF_DAY, Every.DAY, Every.HOUR, Every.HALF_HOUR),
}
"""What is asked about the hour: of a longer period, the hour of the day."""

REPORTS = (
    Report(
        "ivr",
        TRAFFIC,
        Label("Voice menu (IVR)", "IVR 受理报表"),
        Shape.ROWS,
        ALL,
        _MENU,
        ("flow", "node"),
        _BY_HOUR,
        filters=known(_MENU),
        charts=(
            bars("Times reached by node", "各节点选择量", "node", "ivr_by_node"),
            bars("Hung up by node", "各节点中途挂机量", "node", "node_hung_up"),
        ),
        headline=codes("node_entered node_served node_to_queue node_to_voicemail node_hung_up"),
    ),
    Report(
        "traffic",
        TRAFFIC,
        Label("Traffic", "话务量统计表"),
        Shape.ROWS,
        ALL,
        codes(
            "inbound_calls outbound_calls ivr_served entries answered unanswered refused waiting "
            "answer_rate service_level abandon_rate short_abandons asa avg_queue_time avg_abandon_time "
            "legs_answered avg_talk avg_handle"
        ),
        ("hotline", "queue"),
        {
            Grain.DAY: (Every.HOUR, Every.HALF_HOUR, Every.DAY),
            Grain.WEEK: (Every.DAY, Every.HOUR, Every.HALF_HOUR),
            Grain.MONTH: (Every.DAY, Every.HOUR, Every.HALF_HOUR),
        },
        ("vendor", "hotline", "queue", "channel"),
        charts=(CALLS_BY_TIME, WAITS, HEAT),
        headline=("inbound_calls", "entries", "answer_rate", "service_level", "abandon_rate", "asa", "avg_handle"),
    ),
    Report(
        "lost_calls",
        TRAFFIC,
        Label("Lost calls", "呼损统计"),
        Shape.ROWS,
        ALL,
        ("unanswered", "short_abandons", "avg_lost_wait", "called_back", "called_back_rate"),
        ("queue", "reason"),
        dict.fromkeys(ALL, (Every.HOUR_OF_DAY, Every.HALF_HOUR, Every.HOUR, Every.DAY)),
        ("vendor", "hotline", "queue", "channel"),
        charts=(
            trend("Abandoned, rate", "放弃率走势", "abandon_rate"),
            bars("Unanswered by reason", "呼损原因", "reason", "unanswered"),
            bars("Unanswered by queue", "各技能组呼损", "queue", "unanswered"),
        ),
        headline=("unanswered", "short_abandons", "avg_lost_wait", "called_back", "called_back_rate"),
    ),
    Report(
        "agent_workload",
        TRAFFIC,
        Label("Agent workload", "客服代表工作量统计表"),
        Shape.ROWS,
        ALL,
        _WORKLOAD,
        ("team", "agent"),
        filters=known(_WORKLOAD),
        charts=(
            bars("Legs handled by agent", "各座席接听量", "agent", "legs_answered"),
            bars("Ring-no-answer by agent", "各座席振铃未接次数", "agent", "rings_missed"),
        ),
        headline=codes("legs_answered avg_handle avg_talk transfer_rate ring_no_answer_rate occupancy productivity"),
    ),
    Report(
        "transfers",
        TRAFFIC,
        Label("Transfers", "转接统计"),
        Shape.ROWS,
        ALL,
        ("transfers_made", "transfers_attended", "transfers_blind", "transfers_outside"),
        ("from_queue", "from_agent", "to_kind", "to", "mode"),
        filters=("vendor", "hotline", "queue", "team", "agent"),
        charts=(bars("Transfers by destination", "转入去向", "to", "transfers_made"),),
        headline=("transfers_made", "transfers_attended", "transfers_blind", "transfers_outside"),
    ),
    Report(
        "agent_states",
        TRAFFIC,
        Label("Agent states and pause reasons", "座席状态与示忙原因"),
        Shape.ROWS,
        ALL,
        ("state_time", "states_entered"),
        ("agent", "state", "reason"),
        filters=known(("state_time", "states_entered")),
        charts=(
            bars("Time by state", "各状态时长", "state", "state_time"),
            bars("Paused time by reason", "各示忙原因时长", "reason", "pause_time"),
        ),
        headline=("state_time", "states_entered"),
        shares={"state_time": "agent"},
    ),
    Report(
        "call_detail",
        TRAFFIC,
        Label("Call detail", "通话清单"),
        Shape.LIST,
        (Grain.DAY,),
        filters=("vendor", "hotline", "queue", "team", "agent", "channel", "direction"),
        listing=Listing("call_detail.sql", CALL_COLUMNS, added=("wait_ms", "talk_ms", "hold_ms", "wrap_up_ms")),
        any_span=True,
    ),
)
"""In the order of ``report list``."""
