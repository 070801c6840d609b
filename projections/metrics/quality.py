"""Quality monitoring and faults."""

from __future__ import annotations

from collections.abc import Mapping

from opsledger.projections.metrics.model import Amount, Attribution, Better, Fold, Label, Metric, Unit

_APPROVED = {Attribution.END: ("approved_at",)}
_SCORED = {Attribution.END: ("scored_at",)}
_OUTAGE = ("raised_at", "cleared_at")
_ITEMS_LOST = (
    "arrayCount(i -> JSONExtractInt(i, 'times') > 0 AND toDecimal64OrZero(JSONExtractString(i, 'deduction'), 4) != 0, "
    "JSONExtractArrayRaw(items_json))"
)


def _count(
    code: str,
    label: Label,
    definition: Label,
    times: Mapping[Attribution, tuple[str, ...]],
    better: Better = Better.NONE,
    *,
    where: str = "",
    value: str = "1",
) -> Metric:
    amount = Amount("evaluations", value, where, times)
    return Metric(code, label, definition, Unit.COUNT, better, amount, default=next(iter(times)))


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
    _count(
        "evaluations_sampled",
        Label("calls sampled", "抽检量"),
        Label("Calls chosen to be monitored.", "被抽检的通话数。"),
        {Attribution.ENTER: ("sampled_at",)},
    ),
    _count(
        "evaluations_approved",
        Label("scores approved", "成绩审批量"),
        Label("Evaluations whose score was approved.", "成绩已审批的质检数。"),
        _APPROVED,
    ),
    _count(
        "evaluations_disputed",
        Label("disputed", "申诉量"),
        Label("Evaluations that the agent disputed.", "座席提出申诉的质检数。"),
        {Attribution.END: ("disputed_at",)},
        Better.LOWER,
    ),
    _count(
        "evaluations_rescored",
        Label("scored again", "复评量"),
        Label("Of the evaluations scored, those scored again since.", "已评分的质检中至今被复评的数量。"),
        _SCORED,
        where="rescored",
    ),
    Metric(
        "mean_score",
        Label("mean score (approved or not)", "平均得分(含未审批)"),
        Label(
            "Latest scores of the evaluations scored ÷ evaluations with a score.", "已评分质检的最新得分之和 ÷ 有得分的质检数。"
        ),
        Unit.POINTS,
        Better.HIGHER,
        Amount("evaluations", "assumeNotNull(score)", "score IS NOT NULL", _SCORED, exact=True),
        Amount("evaluations", "1", "score IS NOT NULL", _SCORED),
        Attribution.END,
    ),
    _count(
        "items_lost",
        Label("items lost", "扣分项数"),
        Label("Items of the form on which points were lost, by the latest score.", "按最新评分,被扣分的项目数。"),
        _SCORED,
        Better.LOWER,
        value=_ITEMS_LOST,
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
