"""Contacts as a whole: volumes, the voice menu, outbound dialling, satisfaction."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Better, Label, Metric, Unit

_ENTER = {Attribution.ENTER: ("started_at",)}
_END = {Attribution.END: ("ended_at", "started_at")}
"""A contact that has no end yet, or whose source gives none, counts where it started."""


def _calls(where: str) -> Amount:
    return Amount("calls", "1", where, _ENTER)


def _count(code: str, label: Label, definition: Label, where: str, better: Better = Better.NONE) -> Metric:
    return Metric(code, label, definition, Unit.COUNT, better, _calls(where))


_RATED = "survey_given = true"


def _rated(code: str, label: Label, definition: Label, where: str, better: Better = Better.NONE) -> Metric:
    return Metric(code, label, definition, Unit.COUNT, better, Amount("calls", "1", where, _END), default=Attribution.END)


METRICS: tuple[Metric, ...] = (
    _count(
        "inbound_calls",
        Label("inbound calls", "呼入总量"),
        Label("Inbound contacts offered.", "呼入的通话(联络)数。"),
        "offered AND direction = 'inbound'",
    ),
    _count(
        "outbound_calls",
        Label("outbound calls", "呼出总量"),
        Label("Outbound contacts dialled.", "呼出的通话(联络)数。"),
        "offered AND direction = 'outbound'",
    ),
    _count(
        "outbound_connected",
        Label("outbound connected", "外呼接通量"),
        Label("Outbound contacts that the customer answered.", "客户应答的外呼数。"),
        "offered AND direction = 'outbound' AND connected_at IS NOT NULL",
        Better.HIGHER,
    ),
    Metric(
        "outbound_connect_rate",
        Label("outbound connect rate", "外呼接通率"),
        Label("Outbound contacts that the customer answered ÷ outbound contacts dialled.", "外呼接通量 ÷ 呼出总量。"),
        Unit.RATIO,
        Better.HIGHER,
        _calls("offered AND direction = 'outbound' AND connected_at IS NOT NULL"),
        _calls("offered AND direction = 'outbound'"),
    ),
    _count(
        "calls_answered",
        Label("calls answered", "应答通话数"),
        Label("Contacts that at least one agent answered.", "至少由一名座席应答的通话数。"),
        "answered",
        Better.HIGHER,
    ),
    _count(
        "voicemails",
        Label("voicemails", "语音留言量"),
        Label("Contacts that left a message.", "留下语音留言的通话数。"),
        "voicemail_ms IS NOT NULL",
    ),
    _count(
        "open_calls",
        Label("calls still open", "未结束通话"),
        Label(
            "Contacts offered whose end is not on record; their talk is not counted yet.",
            "已发起但无结束记录的通话;其通话时长尚未计入。",
        ),
        "open",
    ),
    _count(
        "contradictory_calls",
        Label("calls that contradict themselves", "自相矛盾的通话"),
        Label(
            "Contacts whose events contradict each other (answered before offered, ended twice, a negative wait); "
            "kept and counted.",
            "事件相互矛盾的通话(先应答后来电、重复结束、等待为负);保留并计入。",
        ),
        "notEmpty(contradictions)",
        Better.LOWER,
    ),
    _rated(
        "surveys_given",
        Label("surveys given", "参评量"),
        Label("Ratings that customers gave; abandoned surveys are left out.", "客户给出的评价数;中途放弃的不计。"),
        _RATED,
    ),
    Metric(
        "satisfaction",
        Label("satisfaction", "最终用户满意度"),
        Label("Satisfied ÷ surveys given; abandoned surveys are left out.", "满意数 ÷ 参评量;中途放弃的不计。"),
        Unit.RATIO,
        Better.HIGHER,
        Amount("calls", "1", f"{_RATED} AND satisfied = true", _END),
        Amount("calls", "1", _RATED, _END),
        Attribution.END,
    ),
    Metric(
        "survey_score",
        Label("mean survey score", "平均评分"),
        Label("Sum of survey scores ÷ surveys that gave a score.", "评分之和 ÷ 给出评分的评价数。"),
        Unit.POINTS,
        Better.HIGHER,
        Amount("calls", "assumeNotNull(score)", f"{_RATED} AND score IS NOT NULL", _END, exact=True),
        Amount("calls", "1", f"{_RATED} AND score IS NOT NULL", _END),
        Attribution.END,
    ),
)
