"""Fact tables of any size, filled by the engine itself: what reports are timed over."""

from __future__ import annotations

import time
from typing import Any

from tests.bench.sql import text

DAYS = 90
QUIET_LOOKS = 3
"""A second apart; between two merges there may be a moment with none."""
EVENTS_A_CALL = 6
_ALL = {"tenant": "tenant", "vendor": "vendor", "last_offset": "n"}
_CALL = {**_ALL, "call": "id", "first_day": "toDate(t)"}
_ANSWER = "t + toIntervalMillisecond(wait)"
_END = "t + toIntervalMillisecond(wait + if(lost, 0, talk))"
_CALLS = {
    **_CALL,
    "started_at": "t",
    "direction": "if(luck % 20 = 0, 'outbound', 'inbound')",
    "channel": "'phone'",
    "hotline": "line",
    "customer": "caller",
    "offered": "true",
    "ivr_entered_at": "t",
    "ivr_ms": "9000",
    "ivr_outcome": "'to_queue'",
    "first_queue": "q",
    "first_queued_at": "t",
    "first_agent": "if(lost, '', who)",
    "answered": "NOT lost",
    "entries": "1",
    "legs": "1",
    "answered_at": f"if(lost, NULL, {_ANSWER})",
    "ended_at": _END,
    "category": "what",
    "nature": "['consult', 'request'][1 + luck % 2]",
    "survey_given": "luck % 4 = 0",
    "satisfied": "luck % 8 = 0",
}
_LEGS = {
    **_CALL,
    "leg": "1",
    "queue": "q",
    "hotline": "line",
    "channel": "'phone'",
    "direction": "'inbound'",
    "is_entry": "true",
    "entered_at": "t",
    "queued_at": "t",
    "wait_ms": "wait",
    "rings": "1",
    "customer": "caller",
    "outcome": "if(lost, 'abandoned', 'answered')",
    "answered_at": f"if(lost, NULL, {_ANSWER})",
    "left_at": f"if(lost, {_ANSWER}, NULL)",
    "agent": "if(lost, '', who)",
    "ended_at": f"if(lost, NULL, {_END})",
    "end_kind": "if(lost, '', 'released')",
    "talk_ms": "if(lost, 0, talk)",
    "wrapped_up": "NOT lost",
    "wrap_up_ms": "if(lost, 0, 20000)",
    "wrap_started_at": f"if(lost, NULL, {_END})",
    "wrap_ended_at": f"if(lost, NULL, {_END} + toIntervalMillisecond(20000))",
    "category": "if(lost, '', what)",
    "nature": "if(lost, '', ['consult', 'request'][1 + luck % 2])",
    "accepted": "luck % 4 = 0",
}
_RINGS = {
    **_CALL,
    "n": "1",
    "at": "t",
    "agent": "who",
    "queue": "q",
    "hotline": "line",
    "direction": "'inbound'",
    "channel": "'phone'",
    "missed": "luck % 12 = 0",
}
_IVR = {
    **_CALL,
    "n": "1",
    "at": "t",
    "started_at": "t",
    "flow": "'main'",
    "node": "'menu' || toString(luck % 6)",
    "input": "toString(luck % 6)",
    "hotline": "line",
}
_SPANS = {
    **_ALL,
    "shift": "who || toString(toDate(t))",
    "n": "n",
    "first_day": "toDate(t)",
    "agent": "who",
    "team": "'t' || substring(who, 2, 2)",
    "state": "['talking', 'idle', 'wrap_up', 'break'][1 + luck % 4]",
    "starts_at": "t",
    "ends_at": _END,
    "signed_in_at": "toStartOfDay(t)",
}
_SHIFTS = {
    **_ALL,
    "shift": "id",
    "first_day": "toDate(t)",
    "agent": "who",
    "team": "'t' || substring(who, 2, 2)",
    "starts_at": "t",
    "ends_at": "t + INTERVAL 8 HOUR",
    "signed_in_at": "t + INTERVAL 1 MINUTE",
    "signed_out_at": "t + INTERVAL 8 HOUR",
}
_TICKETS = {
    **_ALL,
    "ticket": "id",
    "first_day": "toDate(t)",
    "kind": "'fault'",
    "category": "what",
    "department": "line",
    "assignee": "who",
    "opened_at": "t",
    "due_at": "t + INTERVAL 2 DAY",
    "resolved_at": "t + INTERVAL 1 DAY",
    "state": "'resolved'",
    "customer": "caller",
}
_CALLBACKS = {
    **_ALL,
    "callback": "id",
    "first_day": "toDate(t)",
    "purpose": "['complaint', 'repair', 'promise'][1 + luck % 3]",
    "agent": "who",
    "customer": "caller",
    "requested_at": "t",
    "due_at": "t + INTERVAL 1 DAY",
    "attempts": "1",
    "first_attempt_at": "t + INTERVAL 5 HOUR",
    "reached": "luck % 5 > 0",
    "completed_at": "t + INTERVAL 5 HOUR",
}
_COMPLAINTS = {
    **_ALL,
    "complaint": "id",
    "first_day": "toDate(t)",
    "channel": "'phone'",
    "business": "what",
    "content": "'c' || toString(luck % 9)",
    "agent": "who",
    "department": "line",
    "filed_at": "t",
    "resolved_at": "t + INTERVAL 2 DAY",
    "state": "'resolved'",
}
_EVALUATIONS = {
    **_ALL,
    "evaluation": "id",
    "call": "id",
    "first_day": "toDate(t)",
    "agent": "who",
    "method": "'recorded'",
    "evaluator": "'m' || toString(luck % 4)",
    "sampled_at": "t",
    "scored_at": "t",
    "approved_at": "t + INTERVAL 1 DAY",
    "score": "80 + luck % 20",
    "items_json": "'[]'",
}
TABLES: dict[str, tuple[dict[str, str], str]] = {
    "calls": (_CALLS, "true"),
    "legs": (_LEGS, "true"),
    "rings": (_RINGS, "true"),
    "ivr_steps": (_IVR, "true"),
    "agent_spans": (_SPANS, "true"),
    "shifts": (_SHIFTS, "n % 60 = 0"),
    "tickets": (_TICKETS, "n % 20 = 0"),
    "callbacks": (_CALLBACKS, "n % 20 = 1"),
    "complaints": (_COMPLAINTS, "n % 200 = 0"),
    "evaluations": (_EVALUATIONS, "n % 100 = 0"),
}
"""Fact table → column → what it is made of, and which calls have such a fact."""


def fill(client: Any, calls: int) -> dict[str, int]:
    """Fill the fact tables from so many calls over ``DAYS`` days, one in ten lost; table → rows."""
    bound, rows = {"calls": calls, "days": DAYS}, {}
    for table, (columns, which) in TABLES.items():
        names, values = ", ".join(f"`{name}`" for name in columns), ", ".join(columns.values())
        client.command(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM ({text('fact_rows')}) WHERE {which}", parameters=bound
        )
        client.command(f"OPTIMIZE TABLE {table}")
        rows[table] = int(client.command(f"SELECT count() FROM {table}"))
    return rows


def settle(client: Any) -> None:
    """Wait until nothing is being merged: that goes on in this process, and its time would count as a report's."""
    quiet = 0
    while quiet < QUIET_LOOKS:
        time.sleep(1)
        quiet = 0 if int(client.command("SELECT count() FROM system.merges")) else quiet + 1
