"""Complaints 投诉: one by one, added up, and by what each is about."""

from __future__ import annotations

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.model import Label, Unit
from opsledger.projections.reports.model import TEXT, TIME, Listing, Report, Shape
from opsledger.projections.reports.suite.shared import ALL, COMPLAINTS, bars, codes, known

COLUMNS: dict[str, tuple[str, Label]] = {
    "complaint": (TEXT, Label("complaint", "投诉编号")),
    "filed_at": (TIME, Label("filed", "登记时间")),
    "channel": (TEXT, Label("channel", "投诉方式")),
    "business": (TEXT, Label("business", "投诉业务")),
    "content": (TEXT, Label("content", "投诉内容")),
    "department": (TEXT, Label("department", "责任部门")),
    "agent": (TEXT, Label("agent", "座席")),
    "internal": ("flag", Label("about our own service", "内部投诉")),
    "complaint_state": (TEXT, Label("state", "状态")),
    "liable": ("flag", Label("liable", "是否有责")),
    "severity": (TEXT, Label("severity", "严重程度")),
    "resolution": (TEXT, Label("resolution", "处理结果")),
    "resolution_ms": (Unit.MS, Label("time to resolve", "处理时长")),
    "satisfied": ("flag", Label("satisfied with the answer", "是否满意")),
    "reopens": (Unit.COUNT, Label("reopenings", "重开次数")),
    "resolved_at": (TIME, Label("resolved", "完成时间")),
    "investigated_at": (TIME, Label("investigated", "调查时间")),
    "adjudicated_at": (TIME, Label("adjudicated", "判定时间")),
    "withdrawn_at": (TIME, Label("withdrawn", "撤诉时间")),
    "customer": (TEXT, Label("customer", "客户")),
    "call": (TEXT, Label("call", "通话")),
    "vendor": (TEXT, Label("vendor", "外包公司")),
}
"""Column of ``complaint_handling.sql`` → unit and title, in the order of its SELECT."""

_SUMMARY = codes(
    "complaints_filed internal_complaints complaints_withdrawn complaints_pending "
    "complaint_reopens complaints_adjudicated liable_complaints liable_minor liable_general "
    "liable_severe complaints_not_liable liability_rate complaints_resolved complaint_satisfaction "
    "complaint_resolution_time complaint_resolution_p90 complaint_rate"
)
_BY = codes(
    "complaints_filed internal_complaints complaints_withdrawn complaints_pending complaints_adjudicated "
    "liable_complaints liability_rate complaints_resolved complaint_resolution_time complaint_satisfaction"
)
_FILTERS = known(_BY)


def _by(code: str, en: str, zh: str, dimension: str) -> Report:
    """Complaints of a month by one dimension, the most frequent first."""
    return Report(
        code,
        COMPLAINTS,
        Label(en, zh),
        Shape.ROWS,
        (Grain.MONTH,),
        _BY,
        (dimension,),
        filters=_FILTERS,
        charts=(bars(en, zh, dimension, "complaints_filed"),),
        headline=codes("complaints_filed internal_complaints liable_complaints complaints_resolved complaint_resolution_time"),
        order="complaints_filed",
        shares={"complaints_filed": ""},
    )


REPORTS = (
    Report(
        "complaint_handling",
        COMPLAINTS,
        Label("Complaint handling", "用户投诉(处理)情况表"),
        Shape.LIST,
        ALL,
        filters=_FILTERS,
        listing=Listing("complaint_handling.sql", COLUMNS),
    ),
    Report(
        "complaint_summary",
        COMPLAINTS,
        Label("Complaint summary", "投诉统计月报总表"),
        Shape.INDICATORS,
        (Grain.MONTH,),
        _SUMMARY,
        filters=_FILTERS,
        previous=True,
        charts=(bars("Complaints filed by business", "各业务投诉量", "business", "complaints_filed"),),
        headline=codes(
            "complaints_filed internal_complaints liable_complaints complaints_resolved "
            "complaint_resolution_time complaint_rate"
        ),
    ),
    _by("complaints_by_business", "Complaints by business", "投诉情况按投诉业务分类统计表", "business"),
    _by("complaints_by_content", "Complaints by content", "投诉情况按投诉内容分类统计表", "content"),
    _by("complaints_by_department", "Complaints by department", "投诉情况按责任部门分类统计表", "department"),
    _by("complaints_by_channel", "Complaints by channel", "投诉情况按投诉方式分类统计表", "channel"),
)
"""In the order of ``report list``."""
