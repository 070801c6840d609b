"""Work 工单与回访: what outlives the call."""

from __future__ import annotations

from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.model import Report, Shape
from opsledger.projections.reports.suite.shared import ALL, WORK, bars, codes

REPORTS = (
    Report(
        "tickets",
        WORK,
        Label("Tickets", "工单统计"),
        Shape.ROWS,
        ALL,
        codes(
            "tickets_opened tickets_dispatched tickets_resolved tickets_pending tickets_cancelled "
            "tickets_voided ticket_returns ticket_urges ticket_reopens tickets_due ticket_timeliness "
            "ticket_duration ticket_duration_p90"
        ),
        ("category", "department", "state"),
        filters=("vendor", "category", "department", "state", "kind", "priority", "agent"),
        charts=(
            bars("Tickets opened by category", "各业务分类工单", "category", "tickets_opened"),
            bars("Tickets opened by department", "各责任部门工单", "department", "tickets_opened"),
        ),
        headline=codes("tickets_opened tickets_resolved tickets_pending ticket_timeliness ticket_duration ticket_duration_p90"),
    ),
)
"""In the order of ``report list``."""
