"""Special 专项: what was offered to customers by telephone, and the centre on one page."""

from __future__ import annotations

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.model import Report, Shape
from opsledger.projections.reports.suite.shared import ALL, CALLS_BY_TIME, SPECIAL, bars, codes, known

_CAMPAIGN = codes(
    "campaign_dialled campaign_connected campaign_connect_rate campaign_reached campaign_accepted campaign_refused "
    "campaign_undecided campaign_accept_rate campaign_avg_talk"
)
_BULLETIN = codes(
    "inbound_calls entries answer_rate service_level abandon_rate avg_handle fcr satisfaction quality_score "
    "complaints_filed tickets_opened ticket_timeliness callback_timeliness occupancy attendance fault_minutes"
)

REPORTS = (
    Report(
        "bulletin",
        SPECIAL,
        Label("Service centre bulletin", "服务中心简报"),
        Shape.BULLETIN,
        ALL,
        _BULLETIN,
        filters=("vendor", "hotline", "queue", "team", "agent"),
        previous=True,
        charts=(CALLS_BY_TIME,),
        headline=codes("inbound_calls answer_rate service_level abandon_rate avg_handle satisfaction complaints_filed"),
    ),
    Report(
        "campaign",
        SPECIAL,
        Label("Campaigns", "专项 / 营销报告"),
        Shape.ROWS,
        (Grain.DAY, Grain.WEEK, Grain.MONTH),
        _CAMPAIGN,
        ("campaign",),
        filters=known(_CAMPAIGN),
        any_span=True,
        charts=(bars("Accepted by campaign", "各专项接受量", "campaign", "campaign_accepted"),),
        headline=_CAMPAIGN,
        order="campaign_dialled",
    ),
)
"""In the order of ``report list``."""
