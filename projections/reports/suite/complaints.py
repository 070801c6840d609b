"""Complaints 投诉."""

from __future__ import annotations

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.model import Report, Shape
from opsledger.projections.reports.suite.shared import COMPLAINTS, bars, codes

REPORTS = (
    Report(
        "complaint_summary",
        COMPLAINTS,
        Label("Complaint summary", "投诉统计月报总表"),
        Shape.INDICATORS,
        (Grain.MONTH,),
        codes(
            "complaints_filed internal_complaints complaints_withdrawn complaints_pending "
            "complaint_reopens complaints_adjudicated liable_complaints liable_minor liable_general "
            "liable_severe complaints_resolved complaint_satisfaction complaint_resolution_time "
            "complaint_rate"
        ),
        filters=("vendor", "agent", "team", "department", "channel"),
        previous=True,
        charts=(bars("Complaints filed by business", "各业务投诉量", "business", "complaints_filed"),),
        headline=codes(
            "complaints_filed internal_complaints liable_complaints complaints_resolved "
            "complaint_resolution_time complaint_rate"
        ),
    ),
)
"""In the order of ``report list``."""
