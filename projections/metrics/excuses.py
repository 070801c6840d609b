"""Shifts that an agent was excused from, by what is on record for it."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Better, Label, Metric, Unit

_SHIFT = {Attribution.SPREAD: ("starts_at",)}
_BEGUN = "starts_at IS NOT NULL AND starts_at <= {cutoff:DateTime64(6, 'UTC')}"


def _excused(kind: str, label: Label, definition: Label) -> Metric:
    amount = Amount("shifts", "1", f"{_BEGUN} AND excused = '{kind}'", _SHIFT)
    return Metric(f"excused_{kind}", label, definition, Unit.COUNT, Better.NONE, amount, default=Attribution.SPREAD)


METRICS: tuple[Metric, ...] = (
    _excused("leave", Label("on leave", "事假"), Label("Shifts with leave on record.", "有请假记录的班次数。")),
    _excused("sick", Label("sick", "病假"), Label("Shifts with sick leave on record.", "有病假记录的班次数。")),
    _excused("training", Label("in training", "培训"), Label("Shifts with training on record.", "有培训记录的班次数。")),
)
