"""The voice menu: who entered it, how they left it, and what they chose."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Better, Label, Metric, Unit

_ENTER = {Attribution.ENTER: ("started_at",)}
_ENTERED = "ivr_entered_at IS NOT NULL"
_SELF_SERVED = f"{_ENTERED} AND ivr_outcome = 'self_served' AND first_queued_at IS NULL AND NOT answered"
_TIMED = f"{_ENTERED} AND ivr_ms >= 0"


def _calls(where: str, value: str = "1") -> Amount:
    return Amount("calls", value, where, _ENTER)


def _count(code: str, label: Label, definition: Label, where: str, better: Better = Better.NONE) -> Metric:
    return Metric(code, label, definition, Unit.COUNT, better, _calls(where))


METRICS: tuple[Metric, ...] = (
    _count(
        "ivr_entered",
        Label("entered the IVR", "IVR 进入量"),
        Label("Contacts that entered the voice menu.", "进入 IVR 的通话数。"),
        _ENTERED,
    ),
    _count(
        "ivr_served",
        Label("served by the IVR", "IVR 受理量"),
        Label(
            "Contacts finished in the voice menu: self-served, never queued, never answered by a person.",
            "在 IVR 内完成的通话:自助完成、未进入排队、未经人工。",
        ),
        _SELF_SERVED,
        Better.HIGHER,
    ),
    Metric(
        "ivr_self_service_rate",
        Label("IVR self-service rate", "IVR 自助服务率"),
        Label("Contacts finished in the voice menu ÷ contacts that entered it.", "IVR 受理量 ÷ IVR 进入量。"),
        Unit.RATIO,
        Better.HIGHER,
        _calls(_SELF_SERVED),
        _calls(_ENTERED),
    ),
    _count(
        "ivr_to_queue",
        Label("from the IVR to a queue", "IVR 转人工量"),
        Label("Contacts that left the voice menu for a queue.", "由 IVR 转入排队的通话数。"),
        f"{_ENTERED} AND ivr_outcome = 'to_queue'",
    ),
    _count(
        "ivr_voicemail",
        Label("from the IVR to voicemail", "IVR 转留言量"),
        Label("Contacts that left the voice menu for voicemail.", "由 IVR 转入语音留言的通话数。"),
        f"{_ENTERED} AND ivr_outcome = 'voicemail'",
    ),
    _count(
        "ivr_hung_up",
        Label("hung up in the IVR", "IVR 内挂机量"),
        Label("Contacts that hung up in the voice menu.", "在 IVR 内挂机的通话数。"),
        f"{_ENTERED} AND ivr_outcome = 'hung_up'",
        Better.LOWER,
    ),
    _count(
        "ivr_open",
        Label("outcome of the IVR not told", "IVR 结果未知"),
        Label("Contacts that entered the voice menu and whose way out is not on record.", "进入 IVR 而无离开记录的通话数。"),
        f"{_ENTERED} AND ivr_outcome = ''",
    ),
    Metric(
        "avg_ivr_time",
        Label("average time in the IVR", "平均 IVR 时长"),
        Label(
            "Time in the voice menu ÷ contacts whose way in and out are on record.", "IVR 内时长 ÷ 进入与离开均有记录的通话数。"
        ),
        Unit.MS,
        Better.LOWER,
        _calls(_TIMED, "assumeNotNull(ivr_ms)"),
        _calls(_TIMED),
    ),
    Metric(
        "ivr_by_node",
        Label("choices in the IVR", "IVR 各节点选择量"),
        Label(
            "Choices made in the voice menu, by the moment of each; by flow, node and key.",
            "IVR 内的选择次数,按选择时刻计;可按流程、节点、按键细分。",
        ),
        Unit.COUNT,
        Better.NONE,
        Amount("ivr_steps", "1", "node != ''", {Attribution.ENTER: ("at",)}),  # a stay without a choice has a row, too
    ),
)
