"""Service 服务: every metric of the dictionary against its target, what customers say, what was out of order."""

from __future__ import annotations

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.model import Report, Shape
from opsledger.projections.reports.suite.shared import ALL, CALLS_BY_TIME, SERVICE, WAITS, bars, codes, known, trend

INDICATORS = (
    "inbound_calls outbound_calls outbound_connected outbound_connect_rate calls_answered voicemails "
    "ivr_entered ivr_served ivr_self_service_rate ivr_to_queue ivr_voicemail ivr_hung_up ivr_by_node avg_ivr_time "
    "entries answered unanswered waiting refused short_abandons answered_in_time answer_rate service_level "
    "kpi_service_level abandon_rate asa avg_queue_time p90_wait avg_abandon_time avg_lost_wait called_back called_back_rate "
    "rings rings_missed ring_no_answer_rate avg_ring_missed "
    "legs_answered avg_talk avg_hold avg_wrap_up avg_handle transferred_inside transfer_rate "
    "contacts request_rate requests requests_accepted consults resolved_first fcr fcr_unjudged "
    "signed_in_time idle_time pause_time occupancy utilisation productivity answers_per_hour dials_per_hour "
    "scheduled_time attendance punctuality adherence seat_utilisation "
    "headcount attrition "
    "tickets_opened tickets_resolved tickets_pending tickets_due ticket_timeliness ticket_duration ticket_duration_p90 "
    "ticket_accuracy "
    "callbacks_requested callbacks_completed complaint_callbacks install_callbacks repair_callbacks callbacks_due "
    "callbacks_missed callback_timeliness callback_success callback_accuracy callback_satisfaction "
    "complaints_filed internal_complaints liable_complaints liability_rate complaints_resolved complaint_rate "
    "complaint_resolution_time complaint_resolution_p90 complaint_satisfaction "
    "surveys_asked surveys_given survey_response_rate satisfaction survey_score quality_score mean_score evaluations_scored "
    "monitoring_rate fault_count fault_minutes fault_repair_time cost_recorded cost_per_call"
)
"""The metrics of service_indicators, in the order of the page."""

NOT_SHOWN = {
    "node_hang_up_rate": "says something of one node of the menu only: report ivr",
    "consults_settled": "resolved_first narrowed to consultations: report consults",
    "avg_consult_handle": "avg_handle narrowed to consultations: report consults",
    "avg_request_handle": "avg_handle narrowed to requests: report requests",
    "campaign_connect_rate": "outbound_connect_rate narrowed to campaigns: report campaign",
    "campaign_accept_rate": "says something of one campaign only: report campaign",
    "campaign_avg_talk": "avg_talk narrowed to campaigns: report campaign",
}
"""Metrics of the dictionary that are no indicators, with the reason; mere counts need none."""

_SATISFACTION = codes(
    "surveys_asked surveys_given surveys_abandoned survey_response_rate surveys_satisfied surveys_dissatisfied "
    "satisfaction survey_score"
)
_FAULTS = codes("fault_count faults_open fault_minutes fault_repair_time")

REPORTS = (
    Report(
        "service_indicators",
        SERVICE,
        Label("Service indicators", "服务指标统计表"),
        Shape.INDICATORS,
        ALL,
        codes(INDICATORS),
        filters=("vendor", "hotline", "queue", "team", "agent"),
        charts=(CALLS_BY_TIME, WAITS, trend("Answer rate and its target", "人工接通率走势与目标", "answer_rate")),
        headline=codes("entries answer_rate service_level abandon_rate asa avg_handle satisfaction quality_score"),
    ),
    Report(
        "satisfaction",
        SERVICE,
        Label("Customer satisfaction", "客户满意度"),
        Shape.ROWS,
        ALL,
        _SATISFACTION,
        ("hotline", "team", "agent"),
        filters=known(_SATISFACTION),
        charts=(
            trend("Satisfaction", "满意度趋势", "satisfaction"),
            bars("Not satisfied by agent", "各座席不满意评价", "agent", "surveys_dissatisfied"),
        ),
        headline=_SATISFACTION,
    ),
    Report(
        "faults",
        SERVICE,
        Label("Faults", "故障记录统计"),
        Shape.ROWS,
        (Grain.WEEK, Grain.MONTH),
        _FAULTS,
        ("system", "kind"),
        filters=known(_FAULTS),
        charts=(
            bars("Fault time by system", "各系统故障时长", "system", "fault_minutes"),
            bars("Faults by kind", "各类故障次数", "kind", "fault_count"),
        ),
        headline=_FAULTS,
    ),
)
"""In the order of ``report list``."""
