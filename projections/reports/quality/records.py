"""The checks of single things: records that stand alone, and records that contradict themselves."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.quality.checks import AREAS, EVENTS, PERCENT, STILL_OPEN, Check


def _orphan(stream: str, code: str, label: Label, meaning: Label, base: str = "") -> Check:
    return Check(code, "orphans", label, meaning, base or stream, stream, bad=PERCENT)


def _against(stream: str, code: str, label: Label, meaning: Label) -> Check:
    return Check(code, "contradictions", label, meaning, stream, stream, bad=PERCENT)


_BEGINNINGS = (
    ("ticket", "ticket_without_opening", "tickets without an opening", "缺建单的工单", "tickets opened", "建单量"),
    ("callback", "callback_without_request", "callbacks without a request", "缺登记的回访", "callbacks due", "应回访量"),
    ("complaint", "complaint_without_filing", "complaints without a filing", "缺登记的投诉", "complaints filed", "投诉量"),
    ("evaluation", "evaluation_without_sample", "evaluations without a sampling", "缺抽检的质检", "evaluations", "质检量"),
    ("fault", "fault_without_raise", "faults cleared and never raised", "缺发生记录的故障", "faults raised", "故障次数"),
)
_NAMING = (
    ("ticket", "tickets", "工单"),
    ("callback", "callbacks", "回访"),
    ("complaint", "complaints", "投诉"),
    ("evaluation", "evaluations", "质检"),
)
_TOO_EARLY = (
    (
        "ticket",
        "ticket_before_opening",
        "tickets dealt with before they were opened",
        "处理早于建单的工单",
        "ticket duration",
        "工单时长",
    ),
    (
        "callback",
        "callback_before_request",
        "callbacks made before they were asked for",
        "早于登记的回访",
        "callback timeliness",
        "回访及时率",
    ),
    (
        "complaint",
        "complaint_before_filing",
        "complaints dealt with before they were filed",
        "处理早于登记的投诉",
        "complaint duration",
        "投诉处理时长",
    ),
    (
        "evaluation",
        "evaluation_before_sample",
        "evaluations scored before they were sampled",
        "评分早于抽检的质检",
        "monitoring",
        "监听统计",
    ),
    (
        "fault",
        "fault_before_raise",
        "faults cleared before they were raised",
        "清除早于发生的故障",
        "fault duration",
        "故障时长",
    ),
)


def _no_beginning() -> tuple[Check, ...]:
    return tuple(
        _orphan(
            stream,
            code,
            Label(en, zh),
            Label(
                f"Later steps are on record, the first is not: missing from {where}.",
                f"有后续记录而无起始记录:未计入{zh_where}。",
            ),
        )
        for stream, code, en, zh, where, zh_where in _BEGINNINGS
    )


def _unknown_calls() -> tuple[Check, ...]:
    return tuple(
        _orphan(
            stream,
            f"{stream}_of_unknown_call",
            Label(f"{en} of an unknown call", f"指向未知通话的{zh}"),
            Label(
                "It names a call that is not in the ledger: the call is missing, or is called otherwise by its own system.",
                "所指通话不在账本中:通话缺失,或其来源使用了另一编号。",
            ),
        )
        for stream, en, zh in _NAMING
    )


_CALL_ORPHANS = (
    _orphan(
        "call",
        "answered_from_nowhere",
        Label("answers without an offer or a queue", "无来电且未排队的应答"),
        Label(
            "An agent answered what nobody offered: missing from inbound calls and from queue entries, present in the legs.",
            "应答前既无来电也无排队:未计入呼入量与排队量,但计入接听段。",
        ),
    ),
    _orphan(
        "call",
        "wrap_up_without_leg",
        Label("wrap-ups without a leg", "无通话段的事后处理"),
        Label(
            "An agent wrapped up a call that he never answered: the time is in no leg, so handle time lacks it.",
            "座席对从未接听的通话做了事后处理:该时长不属于任何段,处理时长缺少此部分。",
        ),
    ),
    _orphan(
        "call",
        "transfer_to_nobody",
        Label("transfers to unknown agents", "转给未知座席"),
        Label(
            "The agent named never appears in a leg or a shift: a wrong id, or a source that is missing.",
            "所转座席从未出现在通话段或班次中:编号有误,或缺少其来源。",
        ),
        "transfer",
    ),
    _orphan(
        "shift",
        "shift_without_sign_in",
        Label("agent states without a sign-in", "未签入的座席状态"),
        Label(
            "The first state begins the session: time signed in before it is missing.",
            "以首个状态作为签入:此前的签入时长缺失。",
        ),
    ),
)
_CALLS: Mapping[str, tuple[Label, Label]] = {
    "offered_twice": (
        Label("calls offered twice", "重复来电的通话"),
        Label("The first offer counts; hotline and customer are its.", "以首次来电为准(热线、客户)。"),
    ),
    "answered_before_offered": (
        Label("calls answered before they were offered", "应答早于来电的通话"),
        Label("Two clocks, or a wrong one: time in the IVR and waits are off.", "时钟不一致:IVR 时长与等待时长失真。"),
    ),
    "ended_twice": (
        Label("calls that ended twice", "重复结束的通话"),
        Label("The first end counts; what was said after it is in no talk time.", "以首次结束为准,其后的通话未计时长。"),
    ),
    "event_after_end": (
        Label("calls that went on after their end", "结束后仍有事件的通话"),
        Label(
            "What happened after the end is counted where it stands; talk is cut at the end.",
            "结束后的事件照记,通话时长截至结束。",
        ),
    ),
    "ended_while_waiting": (
        Label("calls that ended while waiting", "结束时仍在排队的通话"),
        Label("The queue never told how the caller left: counted as still waiting.", "缺离队记录:计为仍在等待。"),
    ),
    "ended_while_talking": (
        Label("calls that ended while talking", "结束时仍在通话的通话"),
        Label("A leg has no end of its own: its talk is not counted.", "通话段缺结束:时长未计入。"),
    ),
    "negative_wait": (
        Label("calls with a negative wait", "等待为负的通话"),
        Label(
            "Answered or left before they queued: mean waits and the service level are off.",
            "应答或离队早于入队:平均等待与接通率失真。",
        ),
    ),
    "negative_ivr": (
        Label("calls with a negative time in the IVR", "IVR 时长为负的通话"),
        Label("Left the voice menu before entering it: time in the IVR is off.", "离开 IVR 早于进入:IVR 时长失真。"),
    ),
    "negative_wrap_up": (
        Label("calls with a negative wrap-up", "事后处理为负的通话"),
        Label("Finished before it began: handle time is off.", "完成早于开始:处理时长失真。"),
    ),
}

RECORDS: tuple[Check, ...] = (
    *_CALL_ORPHANS,
    *_no_beginning(),
    *_unknown_calls(),
    *(_against("call", code, label, meaning) for code, (label, meaning) in _CALLS.items()),
    *(
        _against(
            stream,
            code,
            Label(en, zh),
            Label(f"Two clocks, or a wrong one: {where} is off.", f"时钟不一致:{zh_where}失真。"),
        )
        for stream, code, en, zh, where, zh_where in _TOO_EARLY
    ),
    _against(
        "shift",
        "signed_out_first",
        Label("shifts signed out of before signed in", "签出早于签入的班次"),
        Label("Attendance and signed-in time of the shift are off.", "该班次的考勤与签入时长失真。"),
    ),
)
_AREA_ORDER = list(AREAS)
CHECKS: Mapping[str, Check] = MappingProxyType(
    {c.code: c for c in sorted((*EVENTS, *RECORDS, *STILL_OPEN), key=lambda check: _AREA_ORDER.index(check.area))}
)
"""Code → check, in the order of the report."""


def check_of(code: str) -> Check:
    """The check of a code; a contradiction that was added to the facts and not yet described here is listed by its code."""
    return CHECKS.get(code) or _against(
        "call", code, Label(code, code), Label("The call contradicts itself.", "该通话自相矛盾。")
    )
