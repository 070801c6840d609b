"""Work 工单与回访: what outlives the call."""

from __future__ import annotations

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.model import Report, Shape
from opsledger.projections.reports.suite.shared import ALL, WORK, bars, codes, known

_TICKETS = codes(
    "tickets_opened tickets_dispatched tickets_resolved tickets_pending tickets_cancelled "
    "tickets_voided ticket_returns ticket_urges ticket_reopens tickets_due ticket_timeliness "
    "ticket_duration ticket_duration_p90 ticket_accuracy"
)
_CALLBACKS = codes(
    "callbacks_requested callbacks_due callbacks_missed callback_timeliness callbacks_attempted callbacks_reached "
    "callbacks_no_answer callbacks_refused callbacks_wrong_number callback_success callbacks_completed "
    "callback_accuracy"
)
_SURVEY = codes(
    "callbacks_completed callbacks_satisfied callbacks_dissatisfied callbacks_silent callback_satisfaction callback_accuracy"
)

REPORTS = (
    Report(
        "tickets",
        WORK,
        Label("Tickets", "工单统计"),
        Shape.ROWS,
        ALL,
        _TICKETS,
        ("category", "department", "state"),
        filters=known(_TICKETS),
        charts=(
            bars("Tickets opened by category", "各业务分类工单", "category", "tickets_opened"),
            bars("Tickets opened by department", "各责任部门工单", "department", "tickets_opened"),
        ),
        headline=codes("tickets_opened tickets_resolved tickets_pending ticket_timeliness ticket_duration ticket_duration_p90"),
    ),
    Report(
        "callbacks",
        WORK,
        Label("Callbacks", "回访统计"),
        Shape.ROWS,
        ALL,
        _CALLBACKS,
        ("purpose", "agent"),
        filters=known(_CALLBACKS),
        charts=(
            bars("Callbacks due by purpose", "各类型应回访量", "purpose", "callbacks_due"),
            bars("Callbacks completed by agent", "各座席回访完成量", "agent", "callbacks_completed"),
        ),
        headline=codes("callbacks_due callbacks_missed callback_timeliness callback_success callbacks_completed"),
    ),
    Report(
        "callback_survey",
        WORK,
        Label("Callback survey", "回访调查报告"),
        Shape.ROWS,
        (Grain.MONTH,),
        _SURVEY,
        ("purpose",),
        filters=known(_SURVEY),
        charts=(
            bars("Satisfied by purpose", "各类型满意回访", "purpose", "callbacks_satisfied"),
            bars("Not satisfied by purpose", "各类型不满意回访", "purpose", "callbacks_dissatisfied"),
        ),
        headline=_SURVEY,
    ),
)
"""In the order of ``report list``."""
