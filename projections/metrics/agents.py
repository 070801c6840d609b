"""Agents' time from their states, and their shifts (spec: agent time comes from states alone)."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Better, Label, Metric, Unit

_MS_PER_HOUR = 3_600_000
_SPAN = ("starts_at", "ends_at")


def _time(where: str = "") -> Amount:
    """Length of the spans; the value is empty because a span is its own amount."""
    return Amount("agent_spans", "", where, span=_SPAN)


def _hours(code: str, label: Label, definition: Label, numerator: Amount) -> Metric:
    return Metric(
        code, label, definition, Unit.PER_HOUR, Better.HIGHER, numerator, _time(), Attribution.SPREAD, per=_MS_PER_HOUR
    )


def _state(code: str, label: Label, definition: Label, where: str) -> Metric:
    return Metric(code, label, definition, Unit.MS, Better.NONE, _time(where), default=Attribution.SPREAD)


_BUSY = "state IN ('talking', 'holding', 'wrap_up')"
_USED = "state IN ('talking', 'holding', 'wrap_up', 'idle')"
_SHIFT = {Attribution.SPREAD: ("starts_at",)}
_SCHEDULED = Amount("shifts", "1", "starts_at IS NOT NULL", _SHIFT)
_ATTENDED = Amount("shifts", "1", "starts_at IS NOT NULL AND signed_in_at IS NOT NULL", _SHIFT)

METRICS: tuple[Metric, ...] = (
    _state(
        "signed_in_time",
        Label("signed in", "签入时长"),
        Label(
            "Time signed in, in any state. An open session ends at the next sign-in, at the shift's end or after 16 h; "
            "an open state counts to the cutoff.",
            "签入时长(各状态合计)。未签出的,以下次签入、班次结束或 16 小时为止;未结束的状态计至截止时刻。",
        ),
        "",
    ),
    _state("idle_time", Label("idle", "空闲时长"), Label("Time ready for a contact.", "等待来话的时长。"), "state = 'idle'"),
    _state(
        "talking_time",
        Label("talking (states)", "通话状态时长"),
        Label("Time in the states talking and holding.", "处于通话与保持状态的时长。"),
        "state IN ('talking', 'holding')",
    ),
    _state(
        "wrap_up_state_time",
        Label("wrap-up (states)", "话后状态时长"),
        Label("Time in the state wrap-up.", "处于话后处理状态的时长。"),
        "state = 'wrap_up'",
    ),
    _state(
        "pause_time",
        Label("paused", "示忙时长"),
        Label("Time busy, on a break, in training, in a meeting or away.", "示忙、小休、培训、会议、离席的时长。"),
        "state IN ('busy', 'break', 'training', 'meeting', 'away')",
    ),
    Metric(
        "occupancy",
        Label("occupancy", "负荷率"),
        Label("Talk + hold + wrap-up ÷ (that + idle), from agent states.", "(通话 + 保持 + 话后)÷(上述 + 空闲),按座席状态。"),
        Unit.RATIO,
        Better.NONE,
        _time(_BUSY),
        _time(_USED),
        Attribution.SPREAD,
    ),
    Metric(
        "utilisation",
        Label("utilisation", "座席利用率"),
        Label("Talk + hold + idle + wrap-up ÷ scheduled time.", "(通话 + 保持 + 空闲 + 话后)÷ 排班时长。"),
        Unit.RATIO,
        Better.HIGHER,
        _time(_USED),
        Amount("shifts", "", "", span=_SPAN),
        Attribution.SPREAD,
    ),
    _hours(
        "productivity",
        Label("productivity", "生产率"),
        Label("Contacts handled (legs that ended) ÷ signed-in hours.", "处理量(已结束的段)÷ 签入小时数。"),
        Amount("legs", "1", "outcome = 'answered' AND ended_at IS NOT NULL", {Attribution.SPREAD: ("ended_at",)}),
    ),
    _hours(
        "answers_per_hour",
        Label("answers per hour", "人均小时应答量"),
        Label("Contacts answered ÷ signed-in hours.", "应答量 ÷ 签入小时数。"),
        Amount("legs", "1", "outcome = 'answered'", {Attribution.SPREAD: ("answered_at",)}),
    ),
    _hours(
        "dials_per_hour",
        Label("dials per hour", "人均小时呼出量"),
        Label("Outbound contacts ÷ signed-in hours.", "呼出量 ÷ 签入小时数。"),
        Amount("calls", "1", "offered AND direction = 'outbound'", {Attribution.SPREAD: ("started_at",)}),
    ),
    Metric(
        "scheduled_shifts",
        Label("shifts scheduled", "排班数"),
        Label("Shifts scheduled, by their start.", "排班班次数,按班次开始计。"),
        Unit.COUNT,
        Better.NONE,
        _SCHEDULED,
        default=Attribution.SPREAD,
    ),
    Metric(
        "attendance",
        Label("attendance", "出勤率"),
        Label("Shifts attended ÷ shifts scheduled.", "出勤班次 ÷ 排班班次。"),
        Unit.RATIO,
        Better.HIGHER,
        _ATTENDED,
        _SCHEDULED,
        Attribution.SPREAD,
    ),
    Metric(
        "punctuality",
        Label("punctuality", "准时出勤率"),
        Label(
            "Shifts begun on time (leave and training excused) ÷ shifts attended.", "准时(请假、培训视为准时)班次 ÷ 出勤班次。"
        ),
        Unit.RATIO,
        Better.HIGHER,
        Amount(
            "shifts",
            "1",
            "starts_at IS NOT NULL AND signed_in_at IS NOT NULL AND (signed_in_at <= starts_at OR excused != '')",
            _SHIFT,
        ),
        _ATTENDED,
        Attribution.SPREAD,
    ),
)
