"""Work that outlives the call: tickets and callbacks."""

from __future__ import annotations

from collections.abc import Mapping

from opsledger.projections.metrics.model import Amount, Attribution, Better, Fold, Label, Metric, Unit

_OPENED = {Attribution.ENTER: ("opened_at",)}
_DUE = {Attribution.DUE: ("due_at",)}
_RESOLVED = {Attribution.END: ("resolved_at",)}
_DURATION = "age('millisecond', opened_at, assumeNotNull(resolved_at))"
_BOTH = "opened_at IS NOT NULL AND resolved_at IS NOT NULL"
_TICKET_DUE = (
    "due_at IS NOT NULL AND cancelled_at IS NULL AND voided_at IS NULL "
    "AND (due_at <= {cutoff:DateTime64(6, 'UTC')} OR resolved_at IS NOT NULL)"
)
_CALLBACK_DUE = (
    "due_at IS NOT NULL AND cancelled_at IS NULL "
    "AND (due_at <= {cutoff:DateTime64(6, 'UTC')} OR first_attempt_at IS NOT NULL OR completed_at IS NOT NULL)"
)
_CALLBACK_IN_TIME = f"{_CALLBACK_DUE} AND (ifNull(first_attempt_at <= due_at, false) OR ifNull(completed_at <= due_at, false))"


def _ticket(
    code: str,
    label: Label,
    definition: Label,
    where: str,
    times: Mapping[Attribution, tuple[str, ...]],
    better: Better = Better.NONE,
    value: str = "1",
) -> Metric:
    return Metric(
        code, label, definition, Unit.COUNT, better, Amount("tickets", value, where, times), default=next(iter(times))
    )


def _completed(code: str, label: Label, where: str) -> Metric:
    definition = Label("Callbacks completed, by purpose.", "已完成的回访数,按类型。")
    amount = Amount("callbacks", "1", f"completed_at IS NOT NULL{where}", {Attribution.END: ("completed_at",)})
    return Metric(code, label, definition, Unit.COUNT, Better.NONE, amount, default=Attribution.END)


TICKETS: tuple[Metric, ...] = (
    _ticket("tickets_opened", Label("tickets opened", "工单创建量"), Label("Tickets opened.", "创建的工单数。"), "", _OPENED),
    _ticket(
        "tickets_dispatched",
        Label("dispatched", "已派单"),
        Label("Of the tickets opened, those handed to a department so far.", "其中至今已派单的工单数。"),
        "dispatched_at IS NOT NULL",
        _OPENED,
    ),
    _ticket(
        "tickets_resolved",
        Label("tickets resolved", "工单完成量"),
        Label("Tickets resolved and not reopened since, by their resolution.", "已完成且未重开的工单数,按完成时刻计。"),
        "resolved_at IS NOT NULL",
        _RESOLVED,
        Better.HIGHER,
    ),
    _ticket(
        "tickets_pending",
        Label("still open", "未完成"),
        Label(
            "Of the tickets opened, those neither resolved, cancelled nor voided so far.",
            "其中至今未完成、未取消、未作废的工单数。",
        ),
        "resolved_at IS NULL AND cancelled_at IS NULL AND voided_at IS NULL",
        _OPENED,
        Better.LOWER,
    ),
    _ticket(
        "tickets_cancelled",
        Label("cancelled", "取消"),
        Label("Of the tickets opened, those cancelled so far.", "其中至今已取消的工单数。"),
        "cancelled_at IS NOT NULL",
        _OPENED,
    ),
    _ticket(
        "tickets_voided",
        Label("voided", "作废"),
        Label("Of the tickets opened, those voided so far.", "其中至今已作废的工单数。"),
        "voided_at IS NOT NULL",
        _OPENED,
    ),
    _ticket(
        "ticket_reopens",
        Label("reopenings", "重开次数"),
        Label("Times that the tickets opened were reopened so far.", "所创建工单至今被重开的次数。"),
        "",
        _OPENED,
        Better.LOWER,
        "reopens",
    ),
    _ticket(
        "ticket_returns",
        Label("returns", "退单次数"),
        Label("Times that a department gave back the tickets opened.", "所创建工单被退回的次数。"),
        "",
        _OPENED,
        Better.LOWER,
        "returns",
    ),
    _ticket(
        "ticket_urges",
        Label("urgings", "催单次数"),
        Label("Times that customers asked when the tickets opened will be done.", "客户催办所创建工单的次数。"),
        "",
        _OPENED,
        Better.LOWER,
        "urges",
    ),
    _ticket(
        "tickets_due",
        Label("tickets due", "到期工单"),
        Label("Tickets due that were neither cancelled nor voided.", "到期且未取消、未作废的工单数。"),
        _TICKET_DUE,
        _DUE,
    ),
    Metric(
        "ticket_timeliness",
        Label("ticket timeliness", "工单处理及时率"),
        Label(
            "Tickets resolved by their due time ÷ tickets due; cancelled and voided ones, and those not yet due at the "
            "cutoff, left out.",
            "按期完成的工单 ÷ 到期工单;取消、作废及截止时尚未到期的不计。",
        ),
        Unit.RATIO,
        Better.HIGHER,
        Amount("tickets", "1", f"{_TICKET_DUE} AND ifNull(resolved_at <= due_at, false)", _DUE),
        Amount("tickets", "1", _TICKET_DUE, _DUE),
        Attribution.DUE,
    ),
    Metric(
        "ticket_duration",
        Label("ticket duration, mean", "工单平均历时"),
        Label("Resolved − opened, of the tickets resolved, ÷ their number.", "完成时刻 − 创建时刻之和 ÷ 完成工单数。"),
        Unit.MS,
        Better.LOWER,
        Amount("tickets", _DURATION, _BOTH, _RESOLVED),
        Amount("tickets", "1", _BOTH, _RESOLVED),
        Attribution.END,
    ),
    Metric(
        "ticket_duration_p90",
        Label("ticket duration, 90th percentile", "工单历时 P90"),
        Label(
            "Nine in ten tickets resolved took no longer (linear interpolation).", "十分之九的工单历时不超过该值(线性插值)。"
        ),
        Unit.MS,
        Better.LOWER,
        Amount("tickets", _DURATION, _BOTH, _RESOLVED, fold=Fold.P90),
        default=Attribution.END,
    ),
    Metric(
        "ticket_accuracy",
        Label("ticket accuracy", "工单处理准确率"),
        Label(
            "Tickets checked and found accurate ÷ tickets checked, by their resolution.",
            "核查为准确的工单 ÷ 被核查工单,按完成时刻计。",
        ),
        Unit.RATIO,
        Better.HIGHER,
        Amount(
            "tickets", "1", "checked AND accurate = true", {Attribution.END: ("resolved_at", "first_resolved_at", "opened_at")}
        ),
        Amount("tickets", "1", "checked", {Attribution.END: ("resolved_at", "first_resolved_at", "opened_at")}),
        Attribution.END,
    ),
)


def _asked(code: str, label: Label, definition: Label, where: str = "", value: str = "1") -> Metric:
    amount = Amount("callbacks", value, where, {Attribution.ENTER: ("requested_at",)})
    return Metric(code, label, definition, Unit.COUNT, Better.NONE, amount)


CALLBACKS: tuple[Metric, ...] = (
    _asked(
        "callbacks_requested",
        Label("callbacks requested", "回访登记量"),
        Label("Callbacks promised.", "登记的回访数。"),
    ),
    _asked(
        "callbacks_cancelled",
        Label("cancelled", "取消"),
        Label("Of the callbacks promised, those cancelled so far.", "其中至今已取消的回访数。"),
        "cancelled_at IS NOT NULL",
    ),
    _asked(
        "callbacks_pending",
        Label("still open", "未完成"),
        Label("Of the callbacks promised, those neither completed nor cancelled so far.", "其中至今未完成也未取消的回访数。"),
        "completed_at IS NULL AND cancelled_at IS NULL",
    ),
    _asked(
        "callback_attempts",
        Label("attempts", "拨打次数"),
        Label("Times that the customers of the callbacks promised were dialled so far.", "所登记回访至今的拨打次数。"),
        value="attempts",
    ),
    _completed("callbacks_completed", Label("callbacks completed", "回访完成量"), ""),
    _completed("complaint_callbacks", Label("complaint callbacks", "投诉回访量"), " AND purpose = 'complaint'"),
    _completed(
        "install_callbacks",
        Label("install and relocation callbacks", "新装移机回访量"),
        " AND purpose IN ('new_install', 'relocation')",
    ),
    _completed("repair_callbacks", Label("repair callbacks", "修障回访量"), " AND purpose = 'repair'"),
    Metric(
        "callbacks_due",
        Label("callbacks due", "应回访量"),
        Label("Callbacks due; cancelled ones left out.", "到期应回访数;已取消的不计。"),
        Unit.COUNT,
        Better.NONE,
        Amount("callbacks", "1", _CALLBACK_DUE, _DUE),
        default=Attribution.DUE,
    ),
    Metric(
        "callbacks_missed",
        Label("callbacks not made in time", "未按时回访量"),
        Label(
            "Callbacks neither attempted nor completed by their due time; cancelled ones left out.",
            "到期前既未拨打也未完成的回访数;已取消的不计。",
        ),
        Unit.COUNT,
        Better.LOWER,
        Amount("callbacks", "1", f"{_CALLBACK_DUE} AND NOT ({_CALLBACK_IN_TIME})", _DUE),
        default=Attribution.DUE,
    ),
    Metric(
        "callback_timeliness",
        Label("callback timeliness", "回访及时率"),
        Label(
            "Callbacks attempted or completed by their due time ÷ callbacks due; cancelled ones left out.",
            "到期前已拨打或完成的回访 ÷ 应回访量;已取消的不计。",
        ),
        Unit.RATIO,
        Better.HIGHER,
        Amount("callbacks", "1", _CALLBACK_IN_TIME, _DUE),
        Amount("callbacks", "1", _CALLBACK_DUE, _DUE),
        Attribution.DUE,
    ),
    Metric(
        "callback_success",
        Label("callback success", "回访成功率"),
        Label("Callbacks in which the customer was reached ÷ callbacks attempted.", "联系到客户的回访 ÷ 已拨打的回访。"),
        Unit.RATIO,
        Better.HIGHER,
        Amount("callbacks", "1", "attempts > 0 AND reached", _DUE),
        Amount("callbacks", "1", "attempts > 0", _DUE),
        Attribution.DUE,
    ),
    Metric(
        "callback_accuracy",
        Label("callback accuracy", "投诉回访准确率"),
        Label(
            "Callbacks checked and found accurate ÷ callbacks checked, by their completion.",
            "核查为准确的回访 ÷ 被核查回访,按完成时刻计。",
        ),
        Unit.RATIO,
        Better.HIGHER,
        Amount("callbacks", "1", "checked AND accurate = true", {Attribution.END: ("completed_at", "due_at")}),
        Amount("callbacks", "1", "checked", {Attribution.END: ("completed_at", "due_at")}),
        Attribution.END,
    ),
)
