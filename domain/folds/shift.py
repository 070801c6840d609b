"""shift 班次: its row in shifts and its rows in agent_spans; the rules of sessions stand at the top of ``agent_spans.sql``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from opsledger.domain.envelope import Event
from opsledger.domain.folds.history import History, Row, at, first_of, last_of, value

LONGEST_SESSION = timedelta(hours=16)
"""After so long an agent who did not sign out is taken to have left."""


@dataclass(slots=True)
class Session:
    """From a sign-in to what ends it (None: nothing yet), with the states in between."""

    start: Event
    states: list[Event] = field(default_factory=list)
    end: Event | None = None


def shifts(state: History) -> list[Row]:
    """The row of ``shifts``; none where no event counts."""
    events = state.ordered()
    if not events:
        return []
    plan = last_of(events, "shift.scheduled")
    return [
        {
            "tenant": events[0].tenant,
            "vendor": events[0].vendor,
            "shift": events[0].subject,
            "agent": value(events[0], "agent"),
            "team": value(plan, "team"),
            "starts_at": value(plan, "starts_at", None),
            "ends_at": value(plan, "ends_at", None),
            "signed_in_at": at(first_of(events, "shift.signed_in")),
            "signed_out_at": at(last_of(events, "shift.signed_out")),
            "excused": value(last_of(events, "shift.excused"), "kind"),
        }
    ]


def agent_spans(state: History) -> list[Row]:
    """The rows of ``agent_spans``, in order."""
    events = state.ordered()
    plan = last_of(events, "shift.scheduled")
    rows = [
        {"team": value(plan, "team"), **row}
        for number, session in enumerate(cut_sessions(events), 1)
        for row in _spans(session, number, value(plan, "ends_at", None))
    ]
    return [{**row, "n": number} for number, row in enumerate(rows, 1)]


def cut_sessions(events: list[Event]) -> list[Session]:
    """The sessions of a shift, in order."""
    without_sign_in = first_of(events, "shift.signed_in") is None
    sessions: list[Session] = []
    queues: set[str] = set()  # that the agent is signed in to; '' is a sign-in to no queue in particular
    for event in events:
        queue = value(event, "queue")
        enters = event.type == "shift.signed_in" or (event.type == "shift.state_changed" and without_sign_in and not sessions)
        if event.type == "shift.signed_out" or (enters and (queue in queues or not queue)):
            before, queues = queues, queues - {queue} if queue else set()
            if before and not queues:
                sessions[-1].end = event
        if enters:
            if not queues:
                sessions.append(Session(event))
            queues = queues | {queue}
        if event.type == "shift.state_changed" and queues:
            sessions[-1].states.append(event)
    return sessions


def _end(session: Session, plan_end: datetime | None) -> tuple[datetime, str]:
    if session.end and session.end.type == "shift.signed_out":
        return session.end.occurred_at, ""
    start = session.start.occurred_at
    limits = [(start + LONGEST_SESSION, 2, "cap_16h")]
    if plan_end and plan_end > start:
        limits.append((max([plan_end, *(event.occurred_at for event in session.states)]), 1, "shift_end"))
    if session.end:
        limits.append((session.end.occurred_at, 0, "next_sign_in"))
    ends_at, _, flag = min(limits)
    return ends_at, flag


def _spans(session: Session, number: int, plan_end: datetime | None) -> list[Row]:
    end, flag = _end(session, plan_end)
    points = [(session.start, "idle", ""), *((e, value(e, "state"), value(e, "reason")) for e in session.states)]
    rows: list[Row] = []
    for index, (event, state, reason) in enumerate(points):
        following = points[index + 1][0].occurred_at if index + 1 < len(points) else end
        if event.occurred_at < min(following, end):
            rows.append(
                {
                    "tenant": event.tenant,
                    "vendor": event.vendor,
                    "shift": event.subject,
                    "agent": value(event, "agent"),
                    "state": state,
                    "reason": reason,
                    "queue": value(session.start, "queue"),
                    "starts_at": event.occurred_at,
                    "ends_at": min(following, end),
                    "signed_in_at": session.start.occurred_at,
                    "session": number,
                    "flag": flag if index + 1 == len(points) or following >= end else "",
                }
            )
    return rows
