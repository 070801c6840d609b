"""Legs: what an agent did with a contact, from answer to release, and the work after it (spec: a leg)."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Better, Label, Metric, Unit

TIMES = {
    Attribution.ENTER: ("entered_at",),
    Attribution.ANSWER: ("answered_at",),
    Attribution.END: ("ended_at",),
}
_DONE = "outcome = 'answered' AND ended_at IS NOT NULL"
"""An answered leg that is over: an open leg's talk is not known yet."""
_TALKED = ("answered_at", "ended_at")
_WRAPPED = ("wrap_started_at", "wrap_ended_at")
_HANDLE = "talk_ms + hold_ms + wrap_up_ms"


def _legs(where: str, value: str = "1") -> Amount:
    return Amount("legs", value, where, TIMES)


def _mean(code: str, label: Label, definition: Label, value: str, where: str = _DONE) -> Metric:
    """A mean duration; shorter counts as better where a target is set."""
    parts = _legs(where, value), _legs(where)
    return Metric(code, label, definition, Unit.MS, Better.LOWER, *parts, Attribution.END, movable=True)


def _total(code: str, label: Label, definition: Label, value: str, span: tuple[str, str] | None) -> Metric:
    amount = Amount("legs", value, _DONE, TIMES, span)
    return Metric(code, label, definition, Unit.MS, Better.NONE, amount, default=Attribution.END, movable=True)


_TRANSFERS = {Attribution.END: ("at",)}


def _transfers(code: str, label: Label, definition: Label, where: str = "") -> Metric:
    return Metric(
        code, label, definition, Unit.COUNT, Better.NONE, Amount("transfers", "1", where, _TRANSFERS), default=Attribution.END
    )


METRICS: tuple[Metric, ...] = (
    Metric(
        "legs_answered",
        Label("legs handled", "接听量"),
        Label(
            "Answered legs that are over; an agent who takes a contact has one leg of it.",
            "已结束的人工应答段数;座席每接听一次为一段。",
        ),
        Unit.COUNT,
        Better.NONE,
        _legs(_DONE),
        default=Attribution.END,
        movable=True,
    ),
    _total(
        "talk_time",
        Label("talk time", "通话总时长"),
        Label("Talk of answered legs, time on hold left out.", "人工应答段的通话时长(不含保持)。"),
        "talk_ms",
        _TALKED,
    ),
    _total(
        "hold_time",
        Label("hold time", "保持总时长"),
        Label("Time on hold of answered legs.", "人工应答段的保持时长。"),
        "hold_ms",
        _TALKED,
    ),
    _total(
        "wrap_up_time",
        Label("wrap-up time", "事后处理总时长"),
        Label("Work after the call, of the agent's legs.", "座席话后处理时长。"),
        "wrap_up_ms",
        _WRAPPED,
    ),
    _total(
        "handle_time",
        Label("handle time", "处理总时长"),
        Label("Talk + hold + wrap-up of answered legs.", "通话 + 保持 + 事后处理时长。"),
        _HANDLE,
        None,
    ),
    _mean(
        "avg_talk",
        Label("average talk", "平均通话时长"),
        Label("Talk ÷ answered legs.", "通话时长 ÷ 人工应答段数。"),
        "talk_ms",
    ),
    _mean(
        "avg_hold",
        Label("average hold", "平均持线等待时长"),
        Label("Time on hold ÷ legs that were held.", "保持时长 ÷ 有保持的段数。"),
        "hold_ms",
        f"{_DONE} AND holds > 0",
    ),
    _mean(
        "avg_wrap_up",
        Label("average wrap-up", "平均事后处理时长"),
        Label("Wrap-up ÷ answered legs.", "事后处理时长 ÷ 人工应答段数。"),
        "wrap_up_ms",
    ),
    _mean(
        "avg_handle",
        Label("average handle time", "平均处理时长"),
        Label("Talk + hold + wrap-up ÷ answered legs.", "(通话 + 保持 + 事后处理)÷ 人工应答段数。"),
        _HANDLE,
    ),
    Metric(
        "transferred_inside",
        Label("transferred inside", "内部转接量"),
        Label("Legs transferred to an agent or a queue.", "转接到座席或技能组的段数。"),
        Unit.COUNT,
        Better.LOWER,
        _legs(f"{_DONE} AND transferred_to IN ('agent', 'queue')"),
        default=Attribution.END,
        movable=True,
    ),
    Metric(
        "transfer_rate",
        Label("transfer rate", "内部转接率"),
        Label("Legs transferred to an agent or a queue ÷ legs answered.", "转接到座席或技能组的段数 ÷ 人工应答段数。"),
        Unit.RATIO,
        Better.LOWER,
        _legs(f"{_DONE} AND transferred_to IN ('agent', 'queue')"),
        _legs(_DONE),
        Attribution.END,
        movable=True,
    ),
    Metric(
        "resolved_first",
        Label("settled at first contact (agent's mark)", "首次解决率(座席标记)"),
        Label("Legs marked as settled at first contact ÷ legs that carry a mark.", "标记为首次解决的段数 ÷ 有标记的段数。"),
        Unit.RATIO,
        Better.HIGHER,
        _legs(f"{_DONE} AND resolved = true"),
        _legs(f"{_DONE} AND resolved IS NOT NULL"),
        Attribution.END,
        movable=True,
    ),
    _transfers(
        "transfers_made",
        Label("transfers", "转接量"),
        Label("Transfers of every kind, by the moment of the transfer.", "各类转接次数,按转接时刻计。"),
    ),
    _transfers(
        "transfers_attended",
        Label("attended", "咨询转接"),
        Label("Transfers announced to the receiver first.", "先与接收方沟通后的转接次数。"),
        "mode = 'attended'",
    ),
    _transfers(
        "transfers_blind",
        Label("blind", "盲转"),
        Label("Transfers not announced first.", "未事先沟通的转接次数。"),
        "mode = 'blind'",
    ),
    _transfers(
        "transfers_to_ivr",
        Label("to the IVR", "转 IVR"),
        Label("Transfers back to the voice menu.", "转回 IVR 的次数。"),
        "to_kind = 'ivr'",
    ),
    _transfers(
        "transfers_outside",
        Label("to the outside", "转外线"),
        Label("Transfers to an outside number.", "转接到外部号码的次数。"),
        "to_kind = 'external'",
    ),
)
