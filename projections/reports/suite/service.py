"""Service 服务: every metric of the dictionary against its target."""

from __future__ import annotations

from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.model import Report, Shape
from opsledger.projections.reports.suite.shared import ALL, CALLS_BY_TIME, SERVICE, WAITS, codes, trend

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
"""The metrics of service_indicators, in the order of the page."""

REPORTS = (
    Report(
        "service_indicators",
        SERVICE,
        Label("Service indicators", "服务指标统计表"),
        Shape.INDICATORS,
        ALL,
        codes(INDICATORS),
        filters=("vendor", "hotline", "queue", "team", "agent"),
        charts=(
            CALLS_BY_TIME,
            trend("Answer rate against its target", "人工接通率走势与目标", "answer_rate"),
            WAITS,
        ),
        headline=codes("entries answer_rate service_level abandon_rate asa avg_handle satisfaction quality_score"),
    ),
)
"""In the order of ``report list``."""
