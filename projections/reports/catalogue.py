"""Every report of the suite that is built so far: one definition each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from opsledger.domain.calendar import Grain
from opsledger.domain.errors import UserError, nearest
from opsledger.projections.metrics.intervals import Every
from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.model import ChartKind, ChartPlan, Report, Shape

_ALL = (Grain.DAY, Grain.WEEK, Grain.MONTH)
_TRAFFIC = Label("traffic", "话务")
_WORK = Label("work", "工单与回访")
_SERVICE = Label("service", "服务")
_COMPLAINTS = Label("complaints", "投诉")
_CALLS_BY_TIME = ChartPlan(
    ChartKind.SERVICE,
    Label("Queue entries and service level", "排队量与接通率"),
    ("answered", "unanswered", "service_level"),
)
_HEAT = ChartPlan(ChartKind.HEAT, Label("Queue entries by weekday and hour", "各星期各时段排队量"), ("entries",))


def _bars(en: str, zh: str, dimension: str, *metrics: str) -> ChartPlan:
    return ChartPlan(ChartKind.BARS, Label(en, zh), metrics, dimension)


INDICATORS = (
    "inbound_calls outbound_calls outbound_connect_rate ivr_entered ivr_served ivr_self_service_rate voicemails "
    "entries answered unanswered waiting refused short_abandons answer_rate service_level kpi_service_level abandon_rate "
    "asa avg_queue_time p90_wait avg_abandon_time ring_no_answer_rate called_back_rate "
    "legs_answered avg_talk avg_hold avg_wrap_up avg_handle transfer_rate request_rate resolved_first "
    "signed_in_time occupancy utilisation productivity answers_per_hour dials_per_hour attendance punctuality "
    "tickets_opened ticket_timeliness ticket_duration ticket_duration_p90 ticket_accuracy "
    "complaint_callbacks install_callbacks repair_callbacks callback_timeliness callback_success callback_accuracy "
    "complaints_filed internal_complaints complaint_rate complaint_resolution_time "
    "surveys_given satisfaction quality_score monitoring_rate fault_count fault_minutes"
)
_SUITE = (
    Report(
        "traffic",
        _TRAFFIC,
        Label("Traffic", "话务量统计表"),
        Shape.ROWS,
        _ALL,
        (
            "inbound_calls",
            "outbound_calls",
            "ivr_served",
            "entries",
            "answered",
            "unanswered",
            "refused",
            "waiting",
            "answer_rate",
            "service_level",
            "abandon_rate",
            "short_abandons",
            "asa",
            "avg_queue_time",
            "avg_abandon_time",
            "legs_answered",
            "avg_talk",
            "avg_handle",
        ),
        ("hotline", "queue"),
        {
            Grain.DAY: (Every.HOUR, Every.HALF_HOUR, Every.DAY),
            Grain.WEEK: (Every.DAY, Every.HOUR, Every.HALF_HOUR),
            Grain.MONTH: (Every.DAY, Every.HOUR, Every.HALF_HOUR),
        },
        ("vendor", "hotline", "queue", "channel"),
        charts=(_CALLS_BY_TIME, _HEAT),
        headline=("inbound_calls", "entries", "answer_rate", "service_level", "abandon_rate", "asa", "avg_handle"),
    ),
    Report(
        "service_indicators",
        _SERVICE,
        Label("Service indicators", "服务指标统计表"),
        Shape.INDICATORS,
        _ALL,
        tuple(INDICATORS.split()),
        filters=("vendor", "hotline", "queue", "team", "agent"),
        charts=(_CALLS_BY_TIME,),
        headline=(
            "entries",
            "answer_rate",
            "service_level",
            "abandon_rate",
            "asa",
            "avg_handle",
            "satisfaction",
            "quality_score",
        ),
    ),
    Report(
        "lost_calls",
        _TRAFFIC,
        Label("Lost calls", "呼损统计"),
        Shape.ROWS,
        _ALL,
        ("unanswered", "short_abandons", "avg_lost_wait", "called_back", "called_back_rate"),
        ("queue", "reason"),
        dict.fromkeys(_ALL, (Every.HOUR_OF_DAY, Every.HALF_HOUR, Every.HOUR, Every.DAY)),
        ("vendor", "hotline", "queue", "channel"),
        charts=(
            _bars("Unanswered by reason", "呼损原因", "reason", "unanswered"),
            _bars("Unanswered by queue", "各技能组呼损", "queue", "unanswered"),
        ),
        headline=("unanswered", "short_abandons", "avg_lost_wait", "called_back", "called_back_rate"),
    ),
    Report(
        "agent_workload",
        _TRAFFIC,
        Label("Agent workload", "客服代表工作量统计表"),
        Shape.ROWS,
        _ALL,
        (
            "legs_answered",
            "talk_time",
            "hold_time",
            "wrap_up_time",
            "avg_talk",
            "avg_hold",
            "avg_wrap_up",
            "avg_handle",
            "transferred_inside",
            "transfer_rate",
            "signed_in_time",
            "idle_time",
            "pause_time",
            "occupancy",
            "utilisation",
            "productivity",
        ),
        ("team", "agent"),
        filters=("vendor", "team", "agent"),
        charts=(_bars("Legs handled by agent", "各座席接听量", "agent", "legs_answered"),),
        headline=("legs_answered", "avg_handle", "avg_talk", "transfer_rate", "occupancy", "productivity"),
    ),
    Report(
        "transfers",
        _TRAFFIC,
        Label("Transfers", "转接统计"),
        Shape.ROWS,
        _ALL,
        ("transfers_made", "transfers_attended", "transfers_blind", "transfers_outside"),
        ("from_queue", "from_agent", "to_kind", "to", "mode"),
        filters=("vendor", "hotline", "queue", "team", "agent"),
        charts=(_bars("Transfers by destination", "转入去向", "to", "transfers_made"),),
        headline=("transfers_made", "transfers_attended", "transfers_blind", "transfers_outside"),
    ),
    Report(
        "tickets",
        _WORK,
        Label("Tickets", "工单统计"),
        Shape.ROWS,
        _ALL,
        (
            "tickets_opened",
            "tickets_dispatched",
            "tickets_resolved",
            "tickets_pending",
            "tickets_cancelled",
            "tickets_voided",
            "ticket_returns",
            "ticket_urges",
            "ticket_reopens",
            "tickets_due",
            "ticket_timeliness",
            "ticket_duration",
            "ticket_duration_p90",
        ),
        ("category", "department", "state"),
        filters=("vendor", "category", "department", "state", "kind", "priority", "agent"),
        charts=(
            _bars("Tickets opened by category", "各业务分类工单", "category", "tickets_opened"),
            _bars("Tickets opened by department", "各责任部门工单", "department", "tickets_opened"),
        ),
        headline=(
            "tickets_opened",
            "tickets_resolved",
            "tickets_pending",
            "ticket_timeliness",
            "ticket_duration",
            "ticket_duration_p90",
        ),
    ),
    Report(
        "complaint_summary",
        _COMPLAINTS,
        Label("Complaint summary", "投诉统计月报总表"),
        Shape.INDICATORS,
        (Grain.MONTH,),
        (
            "complaints_filed",
            "internal_complaints",
            "complaints_withdrawn",
            "complaints_pending",
            "complaint_reopens",
            "complaints_adjudicated",
            "liable_complaints",
            "liable_minor",
            "liable_general",
            "liable_severe",
            "complaints_resolved",
            "complaint_satisfaction",
            "complaint_resolution_time",
            "complaint_rate",
        ),
        filters=("vendor", "agent", "team", "department", "channel"),
        previous=True,
        charts=(_bars("Complaints filed by business", "各业务投诉量", "business", "complaints_filed"),),
        headline=(
            "complaints_filed",
            "internal_complaints",
            "liable_complaints",
            "complaints_resolved",
            "complaint_resolution_time",
            "complaint_rate",
        ),
    ),
    Report(
        "call_detail",
        _TRAFFIC,
        Label("Call detail", "通话清单"),
        Shape.LIST,
        (Grain.DAY,),
        filters=("vendor", "hotline", "queue", "team", "agent", "channel", "direction"),
        any_span=True,
    ),
)

REPORTS: Mapping[str, Report] = MappingProxyType({r.code: r for r in _SUITE})
"""Code → report, in the order of ``report list``."""

IDENTITY = ("entries", "answered", "left_queue", "waiting")
"""The first equals the sum of the others (spec: law 2); ``left_queue`` is every way of leaving unanswered."""
TROUBLES = ("open_calls", "contradictory_calls")
"""What a report about calls says about their records."""


def report(code: str) -> Report:
    """The report of a code; UserError with the nearest valid code where there is none."""
    try:
        return REPORTS[code]
    except KeyError:
        raise UserError(f"'{code}' is not a report{nearest(code, tuple(REPORTS))}") from None
