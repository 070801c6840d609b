"""An empty figure says what would have to be on record, once for all that lack the same."""

from __future__ import annotations

from opsledger.projections.metrics.measure import Parts
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.reports.reasons import reasons

CODES = ("signed_in_time", "seat_utilisation", "productivity", "attendance", "punctuality", "cost_per_call", "abandon_rate")
FOUND = [METRICS[code] for code in CODES]


def test_metrics_that_lack_the_same_are_named_together() -> None:
    whole = {code: Parts(7 if code == "signed_in_time" else 0, 0) for code in CODES}
    told = reasons(FOUND, whole, "en")
    assert any("attendance, punctuality – no shifts are on record" in text for text in told)
    assert any(text.startswith("Empty: seat utilisation –") for text in told)
    assert len(told) == len({METRICS[c].needs for c in CODES if METRICS[c].needs})
    assert any("单个呼叫成本为空:" in text for text in reasons(FOUND, whole, "zh"))


def test_what_is_said_already_is_not_said_again() -> None:
    whole = {code: Parts(0, 0) for code in CODES}
    assert not [text for text in reasons(FOUND, whole, "en") if "seat" in text or "productivity" in text]


def test_nothing_is_said_of_figures_that_are_there_or_were_not_asked_for() -> None:
    assert reasons(FOUND, {code: Parts(1, 1) for code in CODES}, "en") == ()
    assert reasons(FOUND, {}, "en") == ()
