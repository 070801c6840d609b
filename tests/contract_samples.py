"""Small terms and decisions that tests start from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from opsledger.domain.decisions.application import Decisions

NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)


def sample_terms(**changes: Any) -> dict[str, Any]:
    """Terms with one rule, changed at the top level."""
    terms: dict[str, Any] = {
        "terms": 1,
        "title": {"en": "Desk", "zh": "坐席"},
        "currency": "CNY",
        "zone": "Asia/Shanghai",
        "rules": [complaint_rule()],
    }
    return {**terms, **changes}


def complaint_rule(minor: Any = 500) -> dict[str, Any]:
    return {
        "rule": "complaints",
        "kind": "per_event",
        "title": {"en": "Complaints", "zh": "投诉"},
        "measure": "complaints_liable",
        "amounts": {"minor": minor, "general": 2500, "severe": 5000},
    }


def kpi_rule(**changes: Any) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "rule": "kpi",
        "kind": "kpi_score",
        "title": {"en": "KPI", "zh": "绩效"},
        "pool": {"amount": 2000, "agents": 2},
        "fee": 7000,
        "shortfall": {"at_or_below": 80, "take": "proportional"},
        "items": [
            {
                "item": "answered",
                "title": {"en": "Answered within 20 s", "zh": "20 秒接听率"},
                "measure": {"name": "service_level", "within_ms": 20000, "leave_out": ["queue_abandons"]},
                "points": 40,
                "target": "97 %",
                "loss": 2,
            },
            {
                "item": "satisfaction",
                "title": {"en": "Satisfaction", "zh": "满意度"},
                "measure": "satisfaction",
                "points": 30,
                "target": "90 %",
                "loss": 1,
            },
            {
                "item": "quality",
                "title": {"en": "Quality score", "zh": "质检分值"},
                "measure": "quality_score",
                "points": 30,
                "target": 90,
                "loss": 1,
            },
        ],
    }
    return {**rule, **changes}


def in_memory() -> Decisions:
    """A store of decisions that lives as long as the test."""
    return Decisions(env={"PERSISTENCE_MODULE": "eventsourcing.popo"})


def in_file(path: Any) -> Decisions:
    """A store of decisions in an SQLite file."""
    return Decisions(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})
