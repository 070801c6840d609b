"""Rings: how often an agent was rung and did not answer, by agent (spec: ring_no_answer_rate)."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Better, Label, Metric, Unit

_AT = {Attribution.END: ("at",)}
_NEEDS = Label(
    "the source does not tell when an agent is rung.",
    "数据源未提供振铃记录。",
)


def _rings(where: str = "") -> Amount:
    return Amount("rings", "1", where, _AT)


METRICS: tuple[Metric, ...] = (
    Metric(
        "rings",
        Label("rings", "振铃次数"),
        Label("Times that an agent was rung.", "振铃座席的次数。"),
        Unit.COUNT,
        Better.NONE,
        _rings(),
        default=Attribution.END,
    ),
    Metric(
        "rings_missed",
        Label("rings missed", "振铃未接次数"),
        Label("Times that an agent was rung and did not answer, or refused.", "振铃后未应答或拒接的次数。"),
        Unit.COUNT,
        Better.LOWER,
        _rings("missed"),
        default=Attribution.END,
    ),
    Metric(
        "rings_rejected",
        Label("rings refused", "拒接次数"),
        Label("Of the rings missed, those that the agent refused.", "振铃未接中,座席主动拒接的次数。"),
        Unit.COUNT,
        Better.LOWER,
        _rings("missed AND reason = 'rejected'"),
        default=Attribution.END,
    ),
    Metric(
        "ring_no_answer_rate",
        Label("ring-no-answer rate", "振铃未接率"),
        Label("Rings missed ÷ rings, by the agent who was rung.", "振铃未接次数 ÷ 振铃次数,按被振铃的座席计。"),
        Unit.RATIO,
        Better.LOWER,
        _rings("missed"),
        _rings(),
        Attribution.END,
        needs=_NEEDS,
    ),
    Metric(
        "avg_ring_missed",
        Label("average ring until missed", "平均未接振铃时长"),
        Label(
            "Length of the rings missed ÷ rings missed whose length is on record.", "未接振铃时长 ÷ 有时长记录的未接振铃次数。"
        ),
        Unit.MS,
        Better.LOWER,
        Amount("rings", "assumeNotNull(ring_ms)", "missed AND ring_ms IS NOT NULL", _AT),
        _rings("missed AND ring_ms IS NOT NULL"),
        Attribution.END,
        needs=_NEEDS,
    ),
)
