"""Quality monitoring and faults."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Better, Fold, Label, Metric, Unit

_APPROVED = {Attribution.END: ("approved_at",)}
_SCORED = {Attribution.END: ("scored_at",)}
_OUTAGE = ("raised_at", "cleared_at")

METRICS: tuple[Metric, ...] = (
    Metric(
        "quality_score",
        Label("quality score", "平均监控成绩"),
        Label("Mean of approved scores; a re-score replaces the score.", "已审批成绩的平均;复评替代原成绩。"),
        Unit.POINTS,
        Better.HIGHER,
        Amount("evaluations", "assumeNotNull(score)", "score IS NOT NULL", _APPROVED, exact=True),
        Amount("evaluations", "1", "score IS NOT NULL", _APPROVED),
        Attribution.END,
    ),
    Metric(
        "evaluations_scored",
        Label("calls evaluated", "监控量"),
        Label("Evaluations scored.", "已评分的质检数。"),
        Unit.COUNT,
        Better.NONE,
        Amount("evaluations", "1", "", _SCORED),
        default=Attribution.END,
    ),
    Metric(
        "monitoring_rate",
        Label("monitoring rate", "监控率"),
        Label("Evaluations scored ÷ calls answered.", "已评分质检数 ÷ 应答通话数。"),
        Unit.RATIO,
        Better.NONE,
        Amount("evaluations", "1", "", _SCORED),
        Amount("calls", "1", "answered", {Attribution.END: ("ended_at", "started_at")}),
        Attribution.END,
    ),
    Metric(
        "fault_minutes",
        Label("fault time", "故障时长"),
        Label(
            "Time between raised and cleared, overlaps counted once; an open fault counts to the cutoff.",
            "故障发生至恢复的时长,重叠只计一次;未恢复的计至截止时刻。",
        ),
        Unit.MS,
        Better.LOWER,
        Amount("faults", "", "", span=_OUTAGE, fold=Fold.UNION),
        default=Attribution.SPREAD,
    ),
    Metric(
        "fault_count",
        Label("faults", "故障次数"),
        Label("Faults raised.", "发生的故障数。"),
        Unit.COUNT,
        Better.LOWER,
        Amount("faults", "1", "", {Attribution.SPREAD: ("raised_at",)}),
        default=Attribution.SPREAD,
    ),
)
