"""Agents' time, shifts, seats and head count, counted row by row from the words of their definitions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tests.naive_core import MS, Parts, Row, Sum, Test, always, at, between, both, has, one, rows, spans

_BUSY = ("talking", "holding", "wrap_up")


def _time(*states: str) -> Sum:
    return spans("agent_spans", "starts_at", "ends_at", lambda r: not states or r["state"] in states)


def agents() -> Parts:
    """Time in states, and what is divided by it."""
    signed_in = _time()
    ended = rows("legs", "spread", at("ended_at"), has("answered_at"))
    dialled = rows("calls", "spread", at("started_at"), lambda r: r["offered"] and r["direction"] == "outbound")
    scheduled = spans("shifts", "starts_at", "ends_at")
    return {
        "signed_in_time": (signed_in, None),
        "idle_time": (_time("idle"), None),
        "talking_time": (_time("talking", "holding"), None),
        "wrap_up_state_time": (_time("wrap_up"), None),
        "pause_time": (_time("busy", "break", "training", "meeting", "away"), None),
        "occupancy": (_time(*_BUSY), _time(*_BUSY, "idle")),
        "utilisation": (_time(*_BUSY, "idle"), scheduled),
        "productivity": (ended, signed_in),
        "answers_per_hour": (rows("legs", "spread", at("answered_at")), signed_in),
        "dials_per_hour": (dialled, signed_in),
        "scheduled_time": (scheduled, None),
        "adherence": (spans("kept_schedule", "kept_from", "kept_until"), scheduled),
        "seat_utilisation": (signed_in, spans("seat_hours", "opens_at", "closes_at")),
    }


def shifts(cutoff: datetime) -> Parts:
    """Shifts, by their start; one that has not begun at the cutoff is nobody's fault yet."""

    def shift(test: Test = always, amount: Test = one) -> Sum:
        return rows("shifts", "spread", at("starts_at"), lambda r: r["starts_at"] <= cutoff and test(r), amount)

    came = has("signed_in_at")
    on_time = both(came, lambda r: r["signed_in_at"] <= r["starts_at"] or r["excused"])
    late = both(came, lambda r: r["signed_in_at"] > r["starts_at"] and not r["excused"])
    gone = both(came, has("signed_out_at"), lambda r: r["signed_out_at"] < r["ends_at"] and not r["excused"])
    return {
        "scheduled_shifts": (shift(), None),
        "shifts_attended": (shift(came), None),
        "shifts_late": (shift(late), None),
        "shifts_early": (shift(gone), None),
        "shifts_absent": (shift(lambda r: not r["signed_in_at"] and not r["excused"]), None),
        "shifts_excused": (shift(lambda r: r["excused"]), None),
        "excused_leave": (shift(lambda r: r["excused"] == "leave"), None),
        "excused_sick": (shift(lambda r: r["excused"] == "sick"), None),
        "excused_training": (shift(lambda r: r["excused"] == "training"), None),
        "late_time": (shift(late, between("starts_at", "signed_in_at")), None),
        "early_time": (shift(gone, between("signed_out_at", "ends_at")), None),
        "attendance": (shift(came), shift()),
        "punctuality": (shift(on_time), shift(came)),
    }


def staff(start: datetime, stop: datetime, cutoff: datetime) -> Parts:
    """Who works here (``staff_period`` is made by naive_views)."""
    until = min(stop, cutoff)
    length = max(until - start, until - until) // MS
    left = both(lambda r: r["ended"] == "left", lambda r: r["until_at"] <= cutoff)
    person_time = spans("staff_stints", "from_at", "until_at")
    return {
        "staff_joined": (_stint("enter", "from_at", lambda r: r["began"] == "joined"), None),
        "staff_moved": (_stint("enter", "from_at", lambda r: r["began"] == "moved"), None),
        "staff_left": (_stint("end", "until_at", left), None),
        "headcount_end": (rows("staff_period", "end", at("last_at"), _here), None),
        "headcount": (person_time, spans("staff_period", "begins_at", "stops_at", fold="union")),
        "attrition": (_stint("end", "until_at", left, lambda r: length), person_time),
    }


def _stint(kind: str, column: str, test: Test, amount: Callable[[Row], int] = one) -> Sum:
    return rows("staff_stints", kind, at(column), test, amount)


def _here(r: Row) -> bool:
    return r["from_at"] <= r["last_at"] and (r["until_at"] is None or r["until_at"] > r["last_at"])
