"""The contracts that the simulated vendors work under: a fee per seat, deductions, and the outsourced-desk KPI."""

from __future__ import annotations

from typing import Any

from opsledger.ingest.simulator.options import Options

_SEAT_FEE, _POOL_PER_SEAT = 7000, 1000


def terms_of(options: Options, vendor: str, seats: int) -> dict[str, Any]:
    """The terms document of a vendor that staffs ``seats`` seats, in the format that ``domain.terms`` reads."""
    rules = [_seats(seats), _complaints(), _callbacks("complaint"), _callbacks("voicemail"), _report(), _kpi(seats)]
    title = _title(f"Service desk of {vendor}", f"{vendor} 外包客服合同")
    return {"terms": 1, "title": title, "currency": "CNY", "zone": options.zone, "rules": rules}


def _title(en: str, zh: str) -> dict[str, str]:
    return {"en": en, "zh": zh}


def _seats(seats: int) -> dict[str, Any]:
    title = _title("Monthly fee per seat", "座席月费")
    return {"rule": "seats", "kind": "unit_price", "title": title, "quantity": seats, "amount": _SEAT_FEE}


def _complaints() -> dict[str, Any]:
    return {
        "rule": "complaints",
        "kind": "per_event",
        "title": _title("Complaints with the desk liable", "有责投诉扣罚"),
        "measure": "complaints_liable",
        "amounts": {"minor": 500, "general": 2500, "severe": 5000},
    }


def _callbacks(purpose: str) -> dict[str, Any]:
    titles = {
        "complaint": _title("Complaint not called back the next day", "客诉未隔天回访"),
        "voicemail": _title("Message not called back the next day", "留言次日未回电"),
    }
    measure = {"name": "callbacks_missed", "purposes": [purpose]}
    return {
        "rule": f"{purpose}-callbacks",
        "kind": "per_event",
        "title": titles[purpose],
        "measure": measure,
        "amount": 50,
    }


def _report() -> dict[str, Any]:
    return {
        "rule": "reports",
        "kind": "per_event",
        "title": _title("Monthly report not in by the 5th", "每月 5 号前未完成报表"),
        "measure": {"name": "reports_missed", "report": "monthly", "by_day": 5},
        "amount": 50,
    }


def _kpi(seats: int) -> dict[str, Any]:
    speed = {"name": "service_level", "within_ms": 20_000, "leave_out": ["queue_abandons"]}
    return {
        "rule": "kpi",
        "kind": "kpi_score",
        "title": _title("KPI of each agent", "KPI 考核"),
        "pool": {"amount": _POOL_PER_SEAT * seats, "agents": seats},
        "fee": _SEAT_FEE,
        "shortfall": {"at_or_below": 80, "take": "proportional"},
        "items": [
            _item("answered-in-20s", _title("Answered within 20 s", "20 秒接听率"), speed, (40, "97 %", 2)),
            _item("satisfaction", _title("Satisfaction", "满意度"), "satisfaction", (30, "90 %", 1)),
            # An agent of whom no call was evaluated in the month keeps the points.
            {**_item("quality", _title("Quality score", "质检分值"), "quality_score", (30, 90, 1)), "if_empty": "full"},
        ],
    }


def _item(item: str, title: dict[str, str], measure: object, worth: tuple[int, object, int]) -> dict[str, Any]:
    points, target, loss = worth
    return {"item": item, "title": title, "measure": measure, "points": points, "target": target, "loss": loss}
