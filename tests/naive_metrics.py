"""The metrics once more, row by row in plain Python, from the definitions in words: what the SQL is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

Row = dict[str, Any]
Test = Callable[[Row], Any]
MS = timedelta(milliseconds=1)
US = timedelta(microseconds=1)
T_MS = 20_000


@dataclass(frozen=True)
class Sum:
    """A sum over a table's rows: how much a row adds (None: nothing), and when, by attribution."""

    table: str
    amount: Test
    when: dict[str, Callable[[Row], datetime | None]]
    span: Callable[[Row], tuple[datetime | None, datetime | None]] | None = None


def at(*columns: str) -> Callable[[Row], datetime | None]:
    """The first of the columns that has a value."""
    return lambda r: next((r[c] for c in columns if r.get(c) is not None), None)


def entry(test: Test = lambda r: True, amount: Test = lambda r: 1, span: Any = None) -> Sum:
    """Queue entries for which a test holds."""
    when = {
        "enter": at("entered_at"),
        "answer": at("answered_at", "left_at", "entered_at"),
        "end": at("ended_at", "left_at", "answered_at", "entered_at"),
    }
    return Sum("legs", lambda r: amount(r) if r["is_entry"] and test(r) else None, when, span)


def leg(test: Test = lambda r: True, amount: Test = lambda r: 1, span: Any = None) -> Sum:
    """Answered legs that are over and for which a test holds."""
    when = {"enter": at("entered_at"), "answer": at("answered_at"), "end": at("ended_at")}
    return Sum("legs", lambda r: amount(r) if r["answered_at"] and r["ended_at"] and test(r) else None, when, span)


def rows(table: str, kind: str, when: Any, test: Test = lambda r: True, amount: Test = lambda r: 1) -> Sum:
    """Rows of another table, counted at one moment."""
    return Sum(table, lambda r: amount(r) if test(r) else None, {kind: when})


def spans(table: str, start: str, end: str, test: Test = lambda r: True) -> Sum:
    """Time between two moments; an open end counts to the cutoff."""
    return Sum(table, lambda r: "length" if test(r) else None, {}, lambda r: (r[start], r[end]))


def _settled(r: Row) -> bool:
    return bool(r["answered_at"] or r["left_at"])


def _wait(r: Row) -> int:
    return int(((r["answered_at"] or r["left_at"]) - r["entered_at"]) // MS)


def _answered(r: Row) -> bool:
    return r["answered_at"] is not None


def _abandoned(r: Row) -> bool:
    return bool(r["outcome"] == "abandoned")


def _in_time(r: Row) -> bool:
    return _answered(r) and _wait(r) <= T_MS


def _talked(r: Row) -> tuple[Any, Any]:
    return r["answered_at"], r["ended_at"]


def _handle(r: Row) -> int:
    return int(r["talk_ms"] + r["hold_ms"] + r["wrap_up_ms"])


def _duration(start: str) -> Test:
    return lambda r: (r["resolved_at"] - r[start]) // MS


def _due(cutoff: datetime, *made: str) -> Test:
    def is_due(r: Row) -> bool:
        if r["due_at"] is None or r["cancelled_at"] or r.get("voided_at"):
            return False
        return r["due_at"] <= cutoff or any(r[c] for c in made)

    return is_due


def _by_due(*made: str) -> Test:
    return lambda r: any(r[c] is not None and r[c] <= r["due_at"] for c in made)


def _given(r: Row) -> bool:
    return r["survey_given"] is True


def _self_served(r: Row) -> bool:
    return r["ivr_outcome"] == "self_served" and not r["first_queued_at"] and not r["answered"]


def both(*tests: Test) -> Test:
    """All of the tests hold."""
    return lambda r: all(t(r) for t in tests)


Parts = dict[str, tuple[Sum, Sum | None]]
"""Code → numerator, denominator."""


def _calls() -> Parts:
    offered = [
        rows("calls", "enter", at("started_at"), both(lambda r: r["offered"], lambda r, d=d: r["direction"] == d))
        for d in ("inbound", "outbound")
    ]
    ended = at("ended_at", "started_at")
    return {
        "inbound_calls": (offered[0], None),
        "outbound_calls": (offered[1], None),
        "ivr_served": (
            rows("calls", "enter", at("started_at"), _self_served),
            None,
        ),
        "satisfaction": (
            rows("calls", "end", ended, both(_given, lambda r: r["satisfied"] is True)),
            rows("calls", "end", ended, _given),
        ),
        "survey_score": (
            rows("calls", "end", ended, both(_given, lambda r: r["score"] is not None), lambda r: r["score"]),
            rows("calls", "end", ended, both(_given, lambda r: r["score"] is not None)),
        ),
    }


def _queues() -> Parts:
    return {
        "entries": (entry(), None),
        "answered": (entry(_answered), None),
        "unanswered": (entry(lambda r: r["left_at"]), None),
        "waiting": (entry(lambda r: not _settled(r)), None),
        "refused": (entry(lambda r: r["outcome"] in ("full", "closed", "join_empty", "diverted")), None),
        "short_abandons": (entry(lambda r: _abandoned(r) and _wait(r) <= T_MS), None),
        "answer_rate": (entry(_answered), entry(_settled)),
        "service_level": (entry(_in_time), entry(_settled)),
        "kpi_service_level": (entry(_in_time), entry(lambda r: _settled(r) and not (_abandoned(r) and r["rings"] == 0))),
        "abandon_rate": (entry(_abandoned), entry(_settled)),
        "asa": (entry(_answered, _wait), entry(_answered)),
        "avg_queue_time": (entry(_settled, _wait), entry(_settled)),
        "avg_abandon_time": (entry(_abandoned, _wait), entry(_abandoned)),
        "queue_time": (entry(_settled, _wait, lambda r: (r["entered_at"], r["answered_at"] or r["left_at"])), None),
    }


def _legs() -> Parts:
    return {
        "legs_answered": (leg(), None),
        "talk_time": (leg(amount=lambda r: r["talk_ms"], span=_talked), None),
        "hold_time": (leg(amount=lambda r: r["hold_ms"], span=_talked), None),
        "wrap_up_time": (
            leg(lambda r: r["wrapped_up"], lambda r: r["wrap_up_ms"], lambda r: (r["wrap_started_at"], r["wrap_ended_at"])),
            None,
        ),
        "avg_talk": (leg(amount=lambda r: r["talk_ms"]), leg()),
        "avg_hold": (leg(lambda r: r["holds"] > 0, lambda r: r["hold_ms"]), leg(lambda r: r["holds"] > 0)),
        "avg_wrap_up": (leg(amount=lambda r: r["wrap_up_ms"]), leg()),
        "avg_handle": (leg(amount=_handle), leg()),
        "transfer_rate": (leg(lambda r: r["transferred_to"] in ("agent", "queue")), leg()),
        "transfers_attended": (rows("transfers", "end", at("at"), lambda r: r["mode"] == "attended"), None),
    }


def _agents() -> Parts:
    used = spans("agent_spans", "starts_at", "ends_at", lambda r: r["state"] in ("idle", "talking", "holding", "wrap_up"))
    signed_in = spans("agent_spans", "starts_at", "ends_at")
    return {
        "signed_in_time": (signed_in, None),
        "occupancy": (
            spans("agent_spans", "starts_at", "ends_at", lambda r: r["state"] in ("talking", "holding", "wrap_up")),
            used,
        ),
        "utilisation": (used, spans("shifts", "starts_at", "ends_at")),
        "answers_per_hour": (rows("legs", "spread", at("answered_at"), _answered), signed_in),
    }


def _tickets(cutoff: datetime) -> Parts:
    ticket_due = _due(cutoff, "resolved_at")
    checked_at = at("resolved_at", "first_resolved_at", "opened_at")
    return {
        "tickets_opened": (rows("tickets", "enter", at("opened_at")), None),
        "ticket_urges": (rows("tickets", "enter", at("opened_at"), amount=lambda r: r["urges"]), None),
        "ticket_timeliness": (
            rows("tickets", "due", at("due_at"), both(ticket_due, _by_due("resolved_at"))),
            rows("tickets", "due", at("due_at"), ticket_due),
        ),
        "ticket_duration": (
            rows("tickets", "end", at("resolved_at"), lambda r: r["resolved_at"], _duration("opened_at")),
            rows("tickets", "end", at("resolved_at"), lambda r: r["resolved_at"]),
        ),
        "ticket_accuracy": (
            rows("tickets", "end", checked_at, lambda r: r["checked"] and r["accurate"]),
            rows("tickets", "end", checked_at, lambda r: r["checked"]),
        ),
    }


def _callbacks(cutoff: datetime) -> Parts:
    call_due = _due(cutoff, "first_attempt_at", "completed_at")
    return {
        "complaint_callbacks": (rows("callbacks", "end", at("completed_at"), lambda r: r["purpose"] == "complaint"), None),
        "callback_timeliness": (
            rows("callbacks", "due", at("due_at"), both(call_due, _by_due("first_attempt_at", "completed_at"))),
            rows("callbacks", "due", at("due_at"), call_due),
        ),
        "callbacks_missed": (
            rows(
                "callbacks", "due", at("due_at"), lambda r: call_due(r) and not _by_due("first_attempt_at", "completed_at")(r)
            ),
            None,
        ),
        "callback_success": (
            rows("callbacks", "due", at("due_at"), lambda r: r["attempts"] and r["reached"]),
            rows("callbacks", "due", at("due_at"), lambda r: r["attempts"]),
        ),
    }


def _complaints() -> Parts:
    return {
        "complaints_filed": (rows("complaints", "enter", at("filed_at")), None),
        "internal_complaints": (rows("complaints", "enter", at("filed_at"), lambda r: r["internal"]), None),
        "liable_severe": (
            rows("complaints", "end", at("adjudicated_at"), lambda r: r["liable"] and r["severity"] == "severe"),
            None,
        ),
        "complaint_rate": (
            rows("complaints", "enter", at("filed_at")),
            rows("calls", "enter", at("started_at"), lambda r: r["answered"]),
        ),
        "complaint_resolution_time": (
            rows("complaints", "end", at("resolved_at"), lambda r: r["resolved_at"], _duration("filed_at")),
            rows("complaints", "end", at("resolved_at"), lambda r: r["resolved_at"]),
        ),
    }


def _quality() -> Parts:
    return {
        "quality_score": (
            rows("evaluations", "end", at("approved_at"), amount=lambda r: r["score"]),
            rows("evaluations", "end", at("approved_at")),
        ),
        "fault_count": (rows("faults", "spread", at("raised_at")), None),
    }


def metrics(cutoff: datetime) -> Parts:
    """Every metric that is counted here; those that are due later than the cutoff are not judged."""
    return _calls() | _queues() | _legs() | _agents() | _tickets(cutoff) | _callbacks(cutoff) | _complaints() | _quality()


def pieces(
    one: Sum, row: Row, attribution: str, marks: Sequence[datetime], cutoff: datetime
) -> Iterator[tuple[datetime, Decimal]]:
    """(moment, amount) of a row; a spread amount is cut at the marks (ascending), its parts adding up exactly."""
    amount = one.amount(row)
    if amount is None:
        return
    if one.span is None or attribution != "spread":
        moment = one.when[attribution](row)
        if moment is not None:
            yield moment, Decimal(amount)
        return
    start, end = one.span(row)
    yield from _cut(start, max(start, min(end or cutoff, cutoff)), amount, marks)


def _cut(start: datetime, end: datetime, amount: Any, marks: Sequence[datetime]) -> Iterator[tuple[datetime, Decimal]]:
    def until(moment: datetime) -> int:
        passed = (moment - start) // US
        return passed // 1000 if amount == "length" else amount * passed // ((end - start) // US)

    if start == end:
        yield start, Decimal(0 if amount == "length" else amount)
        return
    cuts = [start, *(m for m in marks if start < m < end), end]
    for low, high in pairwise(cuts):
        yield low, Decimal(until(high) - until(low))
