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
        code,
        label,
        definition,
        Unit.PER_HOUR,
        Better.HIGHER,
        numerator,
        _time(),
        Attribution.SPREAD,
        per=_MS_PER_HOUR,
        needs=_NO_STATES,
    )


def _state(code: str, label: Label, definition: Label, where: str) -> Metric:
    return Metric(code, label, definition, Unit.MS, Better.NONE, _time(where), default=Attribution.SPREAD)


_BUSY = "state IN ('talking', 'holding', 'wrap_up')"
_USED = "state IN ('talking', 'holding', 'wrap_up', 'idle')"
_SHIFT = {Attribution.SPREAD: ("starts_at",)}
_BEGUN = "starts_at IS NOT NULL AND starts_at <= {cutoff:DateTime64(6, 'UTC')}"
_CAME = f"{_BEGUN} AND signed_in_at IS NOT NULL"
_ON_TIME = f"{_CAME} AND (signed_in_at <= starts_at OR excused != '')"
_LATE = f"{_CAME} AND NOT (signed_in_at <= starts_at OR excused != '')"
_EARLY = f"{_CAME} AND ends_at IS NOT NULL AND ifNull(signed_out_at < ends_at, false) AND excused = ''"
_NO_SHIFTS = Label("no shifts are on record.", "没有排班记录。")
_NO_STATES = Label("the source gives no agent states.", "数据源未提供座席状态。")
_NO_SEATS = Label(
    "the tenant's seats and opening hours are not configured (opsledger master set tenant).",
    "未配置席位数与服务时间(opsledger master set tenant)。",
)


def _shifts(where: str, value: str = "1") -> Amount:
    return Amount("shifts", value, where, _SHIFT)


def _shift_count(code: str, label: Label, definition: Label, where: str, better: Better = Better.NONE) -> Metric:
    return Metric(code, label, definition, Unit.COUNT, better, _shifts(where), default=Attribution.SPREAD)


def _late(by: str, where: str) -> Amount:
    return _shifts(where, f"age('millisecond', {by})")


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
        needs=_NO_STATES,
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
        needs=_NO_SHIFTS,
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
        "scheduled_time",
        Label("scheduled time", "排班时长"),
        Label("Time scheduled; a shift that is not over counts to the cutoff.", "排班时长;未结束的班次计至截止时刻。"),
        Unit.MS,
        Better.NONE,
        Amount("shifts", "", "", span=_SPAN),
        default=Attribution.SPREAD,
    ),
    Metric(
        "adherence",
        Label("adherence", "遵时率"),
        Label(
            "Signed-in time that lies within the shift's scheduled time ÷ scheduled time.",
            "排班时段内的签入时长 ÷ 排班时长。",
        ),
        Unit.RATIO,
        Better.HIGHER,
        Amount("kept_schedule", "", "", span=("kept_from", "kept_until")),
        Amount("shifts", "", "", span=_SPAN),
        Attribution.SPREAD,
        needs=_NO_SHIFTS,
    ),
    Metric(
        "seat_utilisation",
        Label("seat utilisation", "坐席(席位)利用率"),
        Label(
            "Signed-in time ÷ seat time available: the tenant's seats over the hours in which any hotline is open.",
            "签入时长 ÷ 席位可用时长(席位数 × 任一热线的服务时间)。",
        ),
        Unit.RATIO,
        Better.HIGHER,
        _time(),
        Amount("seat_hours", "", "", span=("opens_at", "closes_at")),
        Attribution.SPREAD,
        needs=_NO_SEATS,
    ),
    _shift_count(
        "scheduled_shifts",
        Label("shifts scheduled", "排班数"),
        Label(
            "Shifts scheduled, by their start; those not begun at the cutoff left out.",
            "排班班次数,按班次开始计;截止时未开始的不计。",
        ),
        _BEGUN,
    ),
    _shift_count(
        "shifts_attended",
        Label("shifts attended", "出勤班次"),
        Label("Shifts that the agent signed in for.", "座席已签入的班次数。"),
        _CAME,
        Better.HIGHER,
    ),
    _shift_count(
        "shifts_late",
        Label("late", "迟到"),
        Label("Shifts attended whose sign-in came after their start, without an excuse.", "签入晚于班次开始且未请假的班次数。"),
        _LATE,
        Better.LOWER,
    ),
    _shift_count(
        "shifts_early",
        Label("left early", "早退"),
        Label(
            "Shifts attended whose last sign-out came before their end, without an excuse.",
            "最后签出早于班次结束且未请假的班次数。",
        ),
        _EARLY,
        Better.LOWER,
    ),
    _shift_count(
        "shifts_absent",
        Label("absent", "缺勤"),
        Label("Shifts begun without a sign-in and without an excuse.", "已开始而无签入且未请假的班次数。"),
        f"{_BEGUN} AND signed_in_at IS NULL AND excused = ''",
        Better.LOWER,
    ),
    _shift_count(
        "shifts_excused",
        Label("excused", "请假"),
        Label("Shifts with leave, sickness or training on record.", "有请假、病假或培训记录的班次数。"),
        f"{_BEGUN} AND excused != ''",
    ),
    Metric(
        "late_time",
        Label("time late", "迟到时长"),
        Label("Sign-in − start of the shifts begun late.", "迟到班次的(签入时刻 − 班次开始时刻)之和。"),
        Unit.MS,
        Better.LOWER,
        _late("starts_at, signed_in_at", _LATE),
        default=Attribution.SPREAD,
    ),
    Metric(
        "early_time",
        Label("time left early", "早退时长"),
        Label("End − last sign-out of the shifts left early.", "早退班次的(班次结束时刻 − 最后签出时刻)之和。"),
        Unit.MS,
        Better.LOWER,
        _late("signed_out_at, ends_at", _EARLY),
        default=Attribution.SPREAD,
    ),
    Metric(
        "attendance",
        Label("attendance", "出勤率"),
        Label("Shifts attended ÷ shifts scheduled that have begun.", "出勤班次 ÷ 已开始的排班班次。"),
        Unit.RATIO,
        Better.HIGHER,
        _shifts(_CAME),
        _shifts(_BEGUN),
        Attribution.SPREAD,
        needs=_NO_SHIFTS,
    ),
    Metric(
        "punctuality",
        Label("punctuality", "准时出勤率"),
        Label(
            "Shifts begun on time (leave and training excused) ÷ shifts attended.", "准时(请假、培训视为准时)班次 ÷ 出勤班次。"
        ),
        Unit.RATIO,
        Better.HIGHER,
        _shifts(_ON_TIME),
        _shifts(_CAME),
        Attribution.SPREAD,
        needs=_NO_SHIFTS,
    ),
)
