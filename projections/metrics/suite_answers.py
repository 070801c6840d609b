"""Counts that single reports need beside the dictionary: callbacks by outcome, surveys by answer, faults, agent states."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Better, Label, Metric, Unit
from opsledger.projections.metrics.suite_counts import count, ratio

_DUE = {Attribution.DUE: ("due_at",)}
_COMPLETED = {Attribution.END: ("completed_at",)}
_RATED = {Attribution.END: ("ended_at", "started_at")}
_JUDGED = {Attribution.END: ("adjudicated_at",)}
_CLEARED = {Attribution.END: ("cleared_at",)}
_TRIED = "attempts > 0"
_REPAIR = "age('millisecond', raised_at, assumeNotNull(cleared_at))"


def _tried(code: str, label: Label, text: Label, where: str, better: Better = Better.NONE) -> Metric:
    return count("callbacks", _DUE, code, label, text, f"{_TRIED}{where}", better)


def _missed_by(outcome: str, label: Label, text: Label) -> Metric:
    return _tried(f"callbacks_{outcome}", label, text, f" AND NOT reached AND last_outcome = '{outcome}'", Better.LOWER)


def _answered(code: str, label: Label, text: Label, where: str, better: Better = Better.NONE) -> Metric:
    return count("callbacks", _COMPLETED, code, label, text, where, better)


CALLBACKS: tuple[Metric, ...] = (
    _tried(
        "callbacks_attempted",
        Label("attempted", "已拨打"),
        Label("Callbacks due in the interval for which the customer was dialled.", "本期到期的回访中已拨打客户的数量。"),
        "",
    ),
    _tried(
        "callbacks_reached",
        Label("reached", "接通"),
        Label("Of the callbacks attempted, those in which the customer was reached.", "已拨打的回访中联系到客户的数量。"),
        " AND reached",
        Better.HIGHER,
    ),
    _missed_by(
        "no_answer",
        Label("no answer", "无人接听"),
        Label(
            "Of the callbacks attempted, those never reached whose last attempt had no answer.",
            "从未联系上且末次拨打无人接听的回访。",
        ),
    ),
    _missed_by(
        "refused",
        Label("refused", "拒访"),
        Label(
            "Of the callbacks attempted, those never reached whose last attempt was refused.",
            "从未联系上且末次拨打被拒访的回访。",
        ),
    ),
    _missed_by(
        "wrong_number",
        Label("wrong number", "号码错误"),
        Label(
            "Of the callbacks attempted, those never reached whose last attempt found a wrong number.",
            "从未联系上且末次拨打号码错误的回访。",
        ),
    ),
    _answered(
        "callbacks_satisfied",
        Label("satisfied", "满意"),
        Label("Callbacks completed whose customer was satisfied.", "已完成且客户满意的回访。"),
        "satisfied = true",
        Better.HIGHER,
    ),
    _answered(
        "callbacks_dissatisfied",
        Label("not satisfied", "不满意"),
        Label("Callbacks completed whose customer was not satisfied.", "已完成且客户不满意的回访。"),
        "satisfied = false",
        Better.LOWER,
    ),
    _answered(
        "callbacks_silent",
        Label("no opinion", "未表态"),
        Label("Callbacks completed without an opinion on record.", "已完成但无满意度记录的回访。"),
        "completed_at IS NOT NULL AND satisfied IS NULL",
    ),
    ratio(
        "callbacks",
        _COMPLETED,
        "callback_satisfaction",
        Label("callback satisfaction", "回访满意率"),
        Label(
            "Callbacks with a satisfied customer ÷ callbacks with an opinion on record.", "满意的回访 ÷ 有满意度记录的回访。"
        ),
        "satisfied = true",
        "satisfied IS NOT NULL",
        Better.HIGHER,
    ),
)


def _survey(code: str, label: Label, text: Label, where: str, better: Better = Better.NONE) -> Metric:
    return count("calls", _RATED, code, label, text, where, better)


SERVICE: tuple[Metric, ...] = (
    _survey(
        "surveys_asked",
        Label("asked to rate", "邀评量"),
        Label("Contacts whose customer was asked for a rating.", "邀请客户评价的通话数。"),
        "surveyed",
    ),
    _survey(
        "surveys_abandoned",
        Label("no rating given", "未评价"),
        Label("Contacts whose customer was asked and gave no rating; in no rate.", "已邀评而客户未评价的通话数;不计入满意度。"),
        "surveyed AND ifNull(survey_given, false) = false",
    ),
    _survey(
        "surveys_satisfied",
        Label("satisfied", "满意"),
        Label("Surveys given by satisfied customers.", "评价为满意的数量。"),
        "survey_given = true AND satisfied = true",
        Better.HIGHER,
    ),
    _survey(
        "surveys_dissatisfied",
        Label("not satisfied", "不满意"),
        Label("Surveys given by customers who were not satisfied.", "评价为不满意的数量。"),
        "survey_given = true AND satisfied = false",
        Better.LOWER,
    ),
    ratio(
        "calls",
        _RATED,
        "survey_response_rate",
        Label("response rate", "参评率"),
        Label("Surveys given ÷ contacts asked to rate.", "参评量 ÷ 邀评量。"),
        "survey_given = true",
        "surveyed",
        Better.HIGHER,
    ),
    count(
        "faults",
        {Attribution.SPREAD: ("raised_at",)},
        "faults_open",
        Label("not yet cleared", "未恢复"),
        Label("Of the faults raised, those not cleared so far.", "其中至今未恢复的故障数。"),
        "cleared_at IS NULL",
        Better.LOWER,
    ),
    Metric(
        "fault_repair_time",
        Label("time to clear, mean", "平均恢复时长"),
        Label("Cleared − raised ÷ faults cleared.", "(恢复时刻 − 发生时刻)÷ 已恢复故障数。"),
        Unit.MS,
        Better.LOWER,
        Amount("faults", _REPAIR, "cleared_at IS NOT NULL", _CLEARED),
        Amount("faults", "1", "cleared_at IS NOT NULL", _CLEARED),
        Attribution.END,
    ),
    ratio(
        "complaints",
        _JUDGED,
        "liability_rate",
        Label("liable, rate", "有责率"),
        Label("Complaints judged liable ÷ complaints adjudicated.", "判定有责的投诉 ÷ 判定量。"),
        "liable = true",
        "liable IS NOT NULL",
        Better.LOWER,
    ),
    Metric(
        "states_entered",
        Label("times", "次数"),
        Label("Times that the state was entered, by its beginning.", "进入该状态的次数,按开始时刻计。"),
        Unit.COUNT,
        Better.NONE,
        Amount("agent_spans", "1", "", {Attribution.SPREAD: ("starts_at",)}),
        default=Attribution.SPREAD,
    ),
    Metric(
        "state_time",
        Label("time", "时长"),
        Label("Time in the state; an open state counts to the cutoff.", "处于该状态的时长;未结束的状态计至截止时刻。"),
        Unit.MS,
        Better.NONE,
        Amount("agent_spans", "", "", span=("starts_at", "ends_at")),
        default=Attribution.SPREAD,
    ),
)
