"""Tickets, callbacks and complaints, counted row by row from the words of their definitions."""

from __future__ import annotations

from datetime import datetime

from tests.naive_core import Parts, Row, Sum, Test, always, at, between, both, has, one, rows


def _due(cutoff: datetime, *made: str) -> Test:
    def is_due(r: Row) -> bool:
        if r["due_at"] is None or r["cancelled_at"] or r.get("voided_at"):
            return False
        return r["due_at"] <= cutoff or any(r[c] for c in made)

    return is_due


def _by_due(*made: str) -> Test:
    return lambda r: any(r[c] is not None and r[c] <= r["due_at"] for c in made)


def _accurate(r: Row) -> bool:
    return bool(r["checked"] and r["accurate"])


def tickets(cutoff: datetime) -> Parts:
    """Tickets."""

    def opened(test: Test = always, amount: Test = one) -> tuple[Sum, None]:
        return rows("tickets", "enter", at("opened_at"), test, amount), None

    due = _due(cutoff, "resolved_at")
    checked_at = at("resolved_at", "first_resolved_at", "opened_at")
    resolved, due_at = at("resolved_at"), at("due_at")
    lasted = between("opened_at", "resolved_at")
    pending = lambda r: not (r["resolved_at"] or r["cancelled_at"] or r["voided_at"])  # noqa: E731  as short as its kind
    return {
        "tickets_opened": opened(),
        "tickets_dispatched": opened(has("dispatched_at")),
        "tickets_resolved": (rows("tickets", "end", resolved), None),
        "tickets_pending": opened(pending),
        "tickets_cancelled": opened(has("cancelled_at")),
        "tickets_voided": opened(has("voided_at")),
        "ticket_reopens": opened(amount=lambda r: r["reopens"]),
        "ticket_returns": opened(amount=lambda r: r["returns"]),
        "ticket_urges": opened(amount=lambda r: r["urges"]),
        "tickets_due": (rows("tickets", "due", due_at, due), None),
        "ticket_timeliness": (
            rows("tickets", "due", due_at, both(due, _by_due("resolved_at"))),
            rows("tickets", "due", due_at, due),
        ),
        "ticket_duration": (
            rows("tickets", "end", resolved, has("resolved_at"), lasted),
            rows("tickets", "end", resolved, has("resolved_at")),
        ),
        "ticket_duration_p90": (rows("tickets", "end", resolved, has("resolved_at"), lasted, fold="p90"), None),
        "ticket_accuracy": (
            rows("tickets", "end", checked_at, _accurate),
            rows("tickets", "end", checked_at, lambda r: r["checked"]),
        ),
    }


def callbacks(cutoff: datetime) -> Parts:
    """Callbacks: promised, due, tried, completed."""

    def asked(test: Test = always, amount: Test = one) -> tuple[Sum, None]:
        return rows("callbacks", "enter", at("requested_at"), test, amount), None

    def by_due(test: Test) -> Sum:
        return rows("callbacks", "due", at("due_at"), test)

    tried = lambda r: r["attempts"] > 0  # noqa: E731  as short as its kind
    reached = both(tried, lambda r: r["reached"])
    due, made = _due(cutoff, "first_attempt_at", "completed_at"), _by_due("first_attempt_at", "completed_at")
    return {
        "callbacks_requested": asked(),
        "callbacks_cancelled": asked(has("cancelled_at")),
        "callbacks_pending": asked(lambda r: not (r["completed_at"] or r["cancelled_at"])),
        "callback_attempts": asked(amount=lambda r: r["attempts"]),
        "callbacks_due": (by_due(due), None),
        "callbacks_missed": (by_due(both(due, lambda r: not made(r))), None),
        "callback_timeliness": (by_due(both(due, made)), by_due(due)),
        "callback_success": (by_due(reached), by_due(tried)),
    }


def completed_callbacks() -> Parts:
    """Callbacks by their completion."""

    def done(test: Test = always) -> Sum:
        return rows("callbacks", "end", at("completed_at"), test)

    def purpose(*purposes: str) -> tuple[Sum, None]:
        return done(lambda r: r["purpose"] in purposes), None

    checked_at = at("completed_at", "due_at")
    return {
        "callbacks_completed": (done(), None),
        "complaint_callbacks": purpose("complaint"),
        "install_callbacks": purpose("new_install", "relocation"),
        "repair_callbacks": purpose("repair"),
        "callback_accuracy": (
            rows("callbacks", "end", checked_at, _accurate),
            rows("callbacks", "end", checked_at, lambda r: r["checked"]),
        ),
    }


def _filed(test: Test = always, amount: Test = one) -> Sum:
    return rows("complaints", "enter", at("filed_at"), test, amount)


def complaints() -> Parts:
    """Complaints, by their filing and by their resolution."""
    resolved = at("resolved_at")
    lasted = between("filed_at", "resolved_at")

    def done(test: Test = always, amount: Test = one, fold: str = "sum") -> Sum:
        return rows("complaints", "end", resolved, both(has("resolved_at"), test), amount, fold=fold)

    return {
        "complaints_filed": (_filed(), None),
        "internal_complaints": (_filed(lambda r: r["internal"]), None),
        "complaints_withdrawn": (_filed(has("withdrawn_at")), None),
        "complaints_pending": (_filed(lambda r: not (r["resolved_at"] or r["withdrawn_at"])), None),
        "complaint_reopens": (_filed(amount=lambda r: r["reopens"]), None),
        "complaint_rate": (_filed(), rows("calls", "enter", at("started_at"), lambda r: r["answered"])),
        "complaints_resolved": (done(), None),
        "complaint_satisfaction": (done(lambda r: r["satisfied"] is True), done(has("satisfied"))),
        "complaint_resolution_time": (done(amount=lasted), done()),
        "complaint_resolution_p90": (done(amount=lasted, fold="p90"), None),
    }


def judgements() -> Parts:
    """Complaints by their latest ruling."""

    def ruled(test: Test = always) -> Sum:
        return rows("complaints", "end", at("adjudicated_at"), test)

    def liable(*severities: str) -> Sum:
        return ruled(lambda r: r["liable"] is True and (not severities or r["severity"] in severities))

    found: Parts = {f"liable_{severity}": (liable(severity), None) for severity in ("minor", "general", "severe")}
    return found | {
        "complaints_adjudicated": (ruled(), None),
        "liable_complaints": (liable(), None),
        "complaints_not_liable": (ruled(lambda r: r["liable"] is False), None),
    }
