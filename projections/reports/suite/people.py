"""People 人员: who works here, who came on time, whose calls were listened to, who earned what."""

from __future__ import annotations

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.model import Label, Unit
from opsledger.projections.reports.model import TEXT, Listing, Report, Shape
from opsledger.projections.reports.suite.shared import ALL, PEOPLE, bars, codes

_HEADCOUNT = codes("headcount_end headcount staff_joined staff_left staff_moved attendance attrition")
_ATTENDANCE = codes(
    "scheduled_shifts shifts_attended shifts_late late_time shifts_early early_time shifts_absent "
    "excused_leave excused_sick excused_training attendance punctuality adherence"
)
_MONITORING = codes(
    "evaluations_sampled evaluations_scored evaluations_approved evaluations_disputed evaluations_rescored mean_score "
    "quality_score items_lost"
)
ITEMS: dict[str, tuple[str, Label]] = {
    "form": (TEXT, Label("form", "评分表")),
    "form_item": (TEXT, Label("item", "扣分项")),
    "lost_in": (Unit.COUNT, Label("evaluations in which it was lost", "扣分的质检数")),
    "times": (Unit.COUNT, Label("times", "扣分次数")),
    "points_lost": (Unit.POINTS, Label("points lost", "扣分")),
}
"""Column of ``items_lost.sql`` → unit and title, in the order of its SELECT."""

REPORTS = (
    Report(
        "headcount",
        PEOPLE,
        Label("Head count", "人力资源状况"),
        Shape.ROWS,
        (Grain.MONTH,),
        _HEADCOUNT,
        ("team",),
        filters=("vendor", "team", "agent"),
        charts=(bars("Head count by team", "各班组人数", "team", "headcount_end"),),
        headline=codes("headcount_end headcount staff_joined staff_left attrition attendance"),
    ),
    Report(
        "attendance",
        PEOPLE,
        Label("Attendance", "考勤"),
        Shape.ROWS,
        ALL,
        _ATTENDANCE,
        ("team", "agent"),
        filters=("vendor", "team", "agent"),
        charts=(bars("Shifts begun late by agent", "各座席迟到班次", "agent", "shifts_late"),),
        headline=codes("scheduled_shifts attendance punctuality adherence shifts_late shifts_absent"),
    ),
    Report(
        "monitoring",
        PEOPLE,
        Label("Call monitoring", "监听记录统计表"),
        Shape.ROWS,
        (Grain.WEEK, Grain.MONTH),
        _MONITORING,
        ("evaluator", "agent", "method"),
        filters=("vendor", "team", "agent", "evaluator", "method", "form"),
        below=((Label("Items lost", "扣分项"), Listing("items_lost.sql", ITEMS, counted={"lost_in": "items_lost"})),),
        charts=(bars("Calls evaluated by agent", "各座席监控量", "agent", "evaluations_scored"),),
        headline=codes("evaluations_scored quality_score mean_score items_lost"),
    ),
    Report(
        "kpi",
        PEOPLE,
        Label("KPI", "绩效考核"),
        Shape.KPI,
        (Grain.MONTH,),
        filters=("vendor", "contract"),
        headline=("bonus",),
    ),
)
"""In the order of ``report list``."""
