"""Complaints: filed, judged, answered; by the moment of each."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Better, Fold, Label, Metric, Unit

_FILED = {Attribution.ENTER: ("filed_at",)}
_JUDGED = {Attribution.END: ("adjudicated_at",)}
_RESOLVED = {Attribution.END: ("resolved_at",)}
_DURATION = "age('millisecond', filed_at, assumeNotNull(resolved_at))"
_BOTH = "filed_at IS NOT NULL AND resolved_at IS NOT NULL"
_LIABLE = "liable = true"


def _filed(code: str, label: Label, definition: Label, where: str = "", value: str = "1") -> Metric:
    amount = Amount("complaints", value, where, _FILED)
    return Metric(code, label, definition, Unit.COUNT, Better.LOWER, amount)


def _judged(code: str, label: Label, definition: Label, where: str) -> Metric:
    amount = Amount("complaints", "1", where, _JUDGED)
    return Metric(code, label, definition, Unit.COUNT, Better.LOWER, amount, default=Attribution.END)


METRICS: tuple[Metric, ...] = (
    _filed("complaints_filed", Label("complaints filed", "投诉量"), Label("Complaints filed.", "登记的投诉数。")),
    _filed(
        "internal_complaints",
        Label("about our own service", "内部投诉量"),
        Label("Complaints filed about our own service.", "针对自身服务的投诉数。"),
        "internal",
    ),
    _filed(
        "complaints_withdrawn",
        Label("withdrawn", "撤诉量"),
        Label("Of the complaints filed, those withdrawn so far.", "其中至今已撤回的投诉数。"),
        "withdrawn_at IS NOT NULL",
    ),
    _filed(
        "complaints_pending",
        Label("not yet resolved", "未处理完"),
        Label("Of the complaints filed, those neither resolved nor withdrawn so far.", "其中至今未处理完也未撤回的投诉数。"),
        "resolved_at IS NULL AND withdrawn_at IS NULL",
    ),
    _filed(
        "complaint_reopens",
        Label("reopenings", "重开次数"),
        Label("Times that the complaints filed were reopened so far.", "所登记投诉至今被重开的次数。"),
        "",
        "reopens",
    ),
    _judged(
        "complaints_adjudicated",
        Label("adjudicated", "判定量"),
        Label("Complaints adjudicated, by the latest ruling.", "已判定的投诉数,按最近一次判定计。"),
        "",
    ),
    _judged(
        "liable_complaints", Label("liable", "有责投诉"), Label("Complaints judged liable.", "判定有责的投诉数。"), _LIABLE
    ),
    _judged(
        "liable_minor",
        Label("liable, minor", "有责:轻微"),
        Label("Complaints judged liable, minor.", "判定有责、轻微的投诉数。"),
        f"{_LIABLE} AND severity = 'minor'",
    ),
    _judged(
        "liable_general",
        Label("liable, general", "有责:一般"),
        Label("Complaints judged liable, general.", "判定有责、一般的投诉数。"),
        f"{_LIABLE} AND severity = 'general'",
    ),
    _judged(
        "liable_severe",
        Label("liable, severe", "有责:严重"),
        Label("Complaints judged liable, severe.", "判定有责、严重的投诉数。"),
        f"{_LIABLE} AND severity = 'severe'",
    ),
    _judged(
        "complaints_not_liable",
        Label("not liable", "无责投诉"),
        Label("Complaints judged not liable.", "判定无责的投诉数。"),
        "liable = false",
    ),
    Metric(
        "complaints_resolved",
        Label("resolved", "处理完成量"),
        Label("Complaints resolved and not reopened since, by their resolution.", "已处理完且未重开的投诉数,按完成时刻计。"),
        Unit.COUNT,
        Better.HIGHER,
        Amount("complaints", "1", "resolved_at IS NOT NULL", _RESOLVED),
        default=Attribution.END,
    ),
    Metric(
        "complaint_satisfaction",
        Label("satisfied with the answer", "投诉处理满意率"),
        Label(
            "Complaints whose customer was satisfied ÷ complaints resolved with an opinion on record.",
            "客户满意的投诉 ÷ 有满意度记录的已处理投诉。",
        ),
        Unit.RATIO,
        Better.HIGHER,
        Amount("complaints", "1", "satisfied = true", _RESOLVED),
        Amount("complaints", "1", "satisfied IS NOT NULL", _RESOLVED),
        Attribution.END,
    ),
    Metric(
        "complaint_resolution_time",
        Label("time to resolve, mean", "投诉平均处理时长"),
        Label("Resolved − filed ÷ complaints resolved.", "(完成时刻 − 登记时刻)÷ 处理完成量。"),
        Unit.MS,
        Better.LOWER,
        Amount("complaints", _DURATION, _BOTH, _RESOLVED),
        Amount("complaints", "1", _BOTH, _RESOLVED),
        Attribution.END,
    ),
    Metric(
        "complaint_resolution_p90",
        Label("time to resolve, 90th percentile", "投诉处理时长 P90"),
        Label(
            "Nine in ten complaints resolved took no longer (linear interpolation).",
            "十分之九的投诉处理时长不超过该值(线性插值)。",
        ),
        Unit.MS,
        Better.LOWER,
        Amount("complaints", _DURATION, _BOTH, _RESOLVED, fold=Fold.P90),
        default=Attribution.END,
    ),
    Metric(
        "complaint_rate",
        Label("complaint rate", "投诉率"),
        Label("Complaints filed ÷ calls answered.", "投诉量 ÷ 应答通话数。"),
        Unit.RATIO,
        Better.LOWER,
        Amount("complaints", "1", "", _FILED),
        Amount("calls", "1", "answered", {Attribution.ENTER: ("started_at",)}),
    ),
)
