"""ticket 工单, callback 回访 and fault 故障: one row each, told in plain steps."""

from __future__ import annotations

from opsledger.domain.envelope import Event
from opsledger.domain.folds.history import History, Row, at, count, first_of, last_of, value

_TICKET_STATES = {
    "ticket.opened": "opened",
    "ticket.dispatched": "dispatched",
    "ticket.accepted": "accepted",
    "ticket.returned": "opened",
    "ticket.resolved": "resolved",
    "ticket.reopened": "reopened",
    "ticket.cancelled": "cancelled",
    "ticket.voided": "voided",
}


def unless_undone(events: list[Event], done: str, undone: str) -> Event | None:
    """The last event of a type, where no later one of another type undid it."""
    last = last_of(events, done, undone)
    return last if last and last.type == done else None


def tickets(state: History) -> list[Row]:
    """The row of ``tickets``; none where no event counts."""
    events = state.ordered()
    if not events:
        return []
    opened, checked = first_of(events, "ticket.opened"), last_of(events, "ticket.checked")
    moved = last_of(events, *_TICKET_STATES)
    now = _TICKET_STATES[moved.type] if moved else ""
    return [
        {
            "tenant": events[0].tenant,
            "vendor": events[0].vendor,
            "ticket": events[0].subject,
            **{name: value(opened, name) for name in ("kind", "category", "priority", "call", "customer")},
            **{name: value(_last_with(events, name), name) for name in ("department", "assignee")},
            "opened_at": at(opened),
            "due_at": value(_last_with(events, "due_at"), "due_at", None),
            "dispatched_at": at(first_of(events, "ticket.dispatched")),
            "accepted_at": at(first_of(events, "ticket.accepted")),
            "resolved_at": at(unless_undone(events, "ticket.resolved", "ticket.reopened")),
            "first_resolved_at": at(first_of(events, "ticket.resolved")),
            "cancelled_at": at(first_of(events, "ticket.cancelled")),
            "voided_at": at(first_of(events, "ticket.voided")),
            "closed": now in ("resolved", "cancelled", "voided"),
            "state": now,
            "outcome": value(last_of(events, "ticket.resolved"), "outcome"),
            "dispatches": count(events, "ticket.dispatched"),
            "returns": count(events, "ticket.returned"),
            "urges": count(events, "ticket.urged"),
            "reopens": count(events, "ticket.reopened"),
            "locked": unless_undone(events, "ticket.locked", "ticket.unlocked") is not None,
            "checked": checked is not None,
            "accurate": value(checked, "accurate", None),
        }
    ]


def _last_with(events: list[Event], name: str) -> Event | None:
    return next((event for event in reversed(events) if value(event, name)), None)


def callbacks(state: History) -> list[Row]:
    """The row of ``callbacks``; none where no event counts."""
    events = state.ordered()
    if not events:
        return []
    requested, completed = first_of(events, "callback.requested"), last_of(events, "callback.completed")
    attempts = [event for event in events if event.type == "callback.attempted"]
    reached = [event for event in attempts if value(event, "outcome") == "reached"]
    checked = last_of(events, "callback.checked")
    return [
        {
            "tenant": events[0].tenant,
            "vendor": events[0].vendor,
            "callback": events[0].subject,
            **{name: value(requested, name) for name in ("purpose", "customer", "call", "ticket", "complaint")},
            "agent": value(completed or last_of(events, "callback.attempted") or requested, "agent"),
            "requested_at": at(requested),
            "due_at": value(requested, "due_at", None),
            "attempts": len(attempts),
            "first_attempt_at": at(attempts[0] if attempts else None),
            "reached": bool(reached),
            "reached_at": at(reached[0] if reached else None),
            "last_outcome": value(attempts[-1] if attempts else None, "outcome"),
            "completed_at": at(first_of(events, "callback.completed")),
            "satisfied": value(completed, "satisfied", None),
            "checked": checked is not None,
            "accurate": value(checked, "accurate", None),
            "cancelled_at": at(first_of(events, "callback.cancelled")),
        }
    ]


def faults(state: History) -> list[Row]:
    """The row of ``faults``; none where no event counts."""
    events = state.ordered()
    if not events:
        return []
    raised = first_of(events, "fault.raised")
    return [
        {
            "tenant": events[0].tenant,
            "vendor": events[0].vendor,
            "fault": events[0].subject,
            **{name: value(raised, name) for name in ("system", "kind", "severity")},
            "raised_at": at(raised),
            "cleared_at": at(unless_undone(events, "fault.cleared", "fault.raised")),
        }
    ]
