"""Monitoring, faults and money, counted row by row from the words of their definitions."""

from __future__ import annotations

import json
from decimal import Decimal

from tests.naive_core import Parts, Row, Sum, Test, always, at, has, one, rows, spans


def _scored(test: Test = always, amount: Test = one) -> Sum:
    return rows("evaluations", "end", at("scored_at"), test, amount)


def _lost(r: Row) -> int:
    return sum(1 for item in json.loads(r["items_json"] or "[]") if item["times"] and Decimal(item["deduction"]))


def quality() -> Parts:
    """Monitored calls."""

    def by(column: str, kind: str = "end", amount: Test = one) -> Sum:
        return rows("evaluations", kind, at(column), has("score") if amount is not one else always, amount)

    score = lambda r: r["score"]  # noqa: E731  as short as its kind
    answered = rows("calls", "end", at("ended_at", "started_at"), lambda r: r["answered"])
    return {
        "quality_score": (by("approved_at", amount=score), rows("evaluations", "end", at("approved_at"), has("score"))),
        "mean_score": (_scored(has("score"), score), _scored(has("score"))),
        "evaluations_sampled": (by("sampled_at", "enter"), None),
        "evaluations_scored": (_scored(), None),
        "evaluations_approved": (by("approved_at"), None),
        "evaluations_disputed": (by("disputed_at"), None),
        "evaluations_rescored": (_scored(lambda r: r["rescored"]), None),
        "items_lost": (_scored(amount=_lost), None),
        "monitoring_rate": (_scored(), answered),
    }


def faults() -> Parts:
    """Faults."""
    return {
        "fault_minutes": (spans("faults", "raised_at", "cleared_at", fold="union"), None),
        "fault_count": (rows("faults", "spread", at("raised_at")), None),
    }


def money() -> Parts:
    """Costs (``month_costs`` and ``month_legs`` are made by naive_views), penalties, awards."""

    def penalty(test: Test = always, amount: Test = one, currency: str = "") -> Sum:
        return rows("penalties", "enter", at("assessed_at"), test, amount, currency=currency)

    def award(test: Test, amount: Test = one) -> Sum:
        return rows("awards", "enter", at("granted_at"), test, amount)

    cost = rows("month_costs", "end", at("month_at"), amount=lambda r: r["amount"], currency="currency")
    kept = lambda r: r["revoked_at"] is None  # noqa: E731  as short as its kind
    return {
        "cost_recorded": (cost, None),
        "cost_per_call": (cost, rows("month_legs", "end", at("month_at"), has("answered_at"))),
        "penalties": (penalty(), None),
        "penalties_appealed": (penalty(has("appealed_at")), None),
        "penalties_waived": (penalty(lambda r: r["state"] == "waived"), None),
        "penalties_settled": (penalty(has("settled_at")), None),
        "penalty_assessed": (penalty(amount=lambda r: r["assessed_amount"], currency="currency"), None),
        "penalty_amount": (penalty(amount=lambda r: r["amount"], currency="currency"), None),
        "awards": (award(kept), None),
        "awards_revoked": (award(has("revoked_at")), None),
        "award_amount": (award(kept, lambda r: r["amount"]), None),
    }
