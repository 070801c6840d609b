"""Made-up rows of the fact tables, as Python dictionaries: for tests that read the same rows two ways."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from decimal import Decimal

from opsledger.domain.events.call import LeaveReason
from tests.fact_rows_office import make_office
from tests.fact_tables import Row

LOST = LeaveReason.__args__  # type: ignore[attr-defined]


_NOTHING_YET: Row = {
    "answered_at": None,
    "left_at": None,
    "ended_at": None,
    "talk_ms": 0,
    "hold_ms": 0,
    "wrap_up_ms": 0,
    "wrapped_up": False,
    "transferred_to": "",
    "agent": "",
    "nature": "",
    "accepted": None,
    "resolved": None,
    "wrap_started_at": None,
    "wrap_ended_at": None,
    "holds": 0,
    "wait_ms": None,
    "end_kind": "",
}
"""Of a leg that has only begun."""


def make_leg(rng: random.Random, number: int, start: datetime, span_s: int) -> Row:
    """A random leg that enters within ``span_s`` seconds of ``start``; about half are answered."""
    us = timedelta(microseconds=1)
    entered = start + rng.randrange(span_s * 1_000_000) * us
    row: Row = {
        **_NOTHING_YET,
        "call": f"c{number}",
        "leg": rng.randrange(3),
        "queue": rng.choice(["q1", "q2", "客服"]),
        "hotline": rng.choice(["h1", "h2"]),
        "is_entry": True,
        "entered_at": entered,
        "queued_at": entered,
        "vendor": rng.choice(["in-house", "v1"]),
        "customer": rng.choice(["", "u1", "u2", "u3"]),
        "outcome": "waiting",
        "rings": rng.randrange(3),
        "direction": "inbound",
        "channel": "phone",
    }
    row["rings_missed"] = rng.randrange(row["rings"] + 1)
    kind = rng.random()
    over = entered + rng.choice([0, 1, 19_999_999, 20_000_000, 20_001_000, rng.randrange(90_000_000)]) * us
    if kind < 0.5:
        _answer(rng, row, over, direct=kind < 0.05)
    elif kind < 0.95:
        row |= {"left_at": over, "outcome": rng.choice([*LOST, "abandoned"]), "wait_ms": _ms(over - entered)}
    return row


def _answer(rng: random.Random, row: Row, answered: datetime, *, direct: bool) -> None:
    us = timedelta(microseconds=1)
    row |= {"outcome": "answered", "answered_at": answered, "agent": rng.choice(["a1", "a2", "a3"]), "end_kind": "open"}
    row["wait_ms"] = _ms(answered - row["entered_at"])
    if direct:
        row |= {"is_entry": False, "queue": "", "queued_at": None, "wait_ms": None, "entered_at": answered}
    if rng.random() < 0.1:
        return
    ended = answered + rng.randrange(7_200_000_000) * us
    hold = rng.choice([0, 0, rng.randrange(_ms(ended - answered) + 1)])
    row |= {
        "ended_at": ended,
        "end_kind": rng.choice(["released", "ended", "transfer"]),
        "holds": int(hold > 0),
        "hold_ms": hold,
        "talk_ms": _ms(ended - answered) - hold,
        "resolved": rng.choice([None, True, False]),
    }
    if row["end_kind"] == "transfer":
        row["transferred_to"] = rng.choice(["agent", "queue", "external", "ivr"])
    if rng.random() < 0.7:
        done = ended + rng.randrange(600_000_000) * us
        row |= {
            "wrapped_up": True,
            "wrap_started_at": ended,
            "wrap_ended_at": done,
            "wrap_up_ms": _ms(done - ended),
            "nature": rng.choice(["consult", "request", "complaint", "fault", "other", ""]),
            "accepted": rng.choice([None, True, False]),
        }


def _ms(delta: timedelta) -> int:
    return delta // timedelta(milliseconds=1)


def make_rows(rng: random.Random, start: datetime, span_s: int, count: int) -> dict[str, list[Row]]:
    """Random rows of every fact table, around a span of time; some open, some cancelled, some that overlap."""
    legs = [make_leg(rng, n, start, span_s) for n in range(count)]
    return {
        "legs": legs,
        "calls": [_call(rng, leg, start, span_s) for leg in legs],
        "agent_spans": [_span(rng, n, start, span_s) for n in range(count // 2)],
        "shifts": [_shift(rng, n, start, span_s) for n in range(count // 10)],
        "tickets": [_ticket(rng, n, start, span_s) for n in range(count // 2)],
        "callbacks": [_callback(rng, n, start, span_s) for n in range(count // 3)],
        "complaints": [_complaint(rng, n, start, span_s) for n in range(count // 3)],
        "evaluations": [_evaluation(rng, n, start, span_s) for n in range(count // 3)],
        **make_office(rng, start, span_s, count),
    }


def _at(rng: random.Random, start: datetime, span_s: int) -> datetime:
    return start + timedelta(microseconds=rng.randrange(span_s * 1_000_000))


def _maybe(rng: random.Random, after: datetime, most_s: int, chance: float = 0.6) -> datetime | None:
    return after + timedelta(microseconds=rng.randrange(most_s * 1_000_000)) if rng.random() < chance else None


def _call(rng: random.Random, leg: Row, start: datetime, span_s: int) -> Row:
    began = leg["entered_at"] - timedelta(seconds=rng.randrange(90))
    ivr = rng.random() < 0.6
    rated = rng.random() < 0.4
    return {
        "call": leg["call"],
        "vendor": leg["vendor"],
        "started_at": began,
        "direction": rng.choice(["inbound", "inbound", "outbound"]),
        "hotline": leg["hotline"],
        "customer": leg["customer"],
        "offered": rng.random() < 0.95,
        "ivr_entered_at": began if ivr else None,
        "ivr_outcome": rng.choice(["self_served", "to_queue", "hung_up", "voicemail", ""]) if ivr else "",
        "ivr_ms": rng.choice([None, 0, rng.randrange(90_000)]) if ivr else None,
        "category": rng.choice(["", "bill", "宽带/新装"]),
        "campaign": rng.choice(["", "spring"]),
        "nature": leg["nature"],
        "accepted": leg["accepted"],
        "talk_ms": leg["talk_ms"],
        "contradictions": rng.choice([[], [], ["ended_twice"]]),
        "connected_at": _maybe(rng, began, 60),
        "first_queue": leg["queue"],
        "first_agent": leg["agent"],
        "first_queued_at": leg["queued_at"] if rng.random() < 0.8 else None,
        "answered": leg["outcome"] == "answered",
        "ended_at": leg["ended_at"] or leg["left_at"],
        "open": leg["ended_at"] is None and leg["left_at"] is None,
        "voicemail_ms": rng.choice([None, None, 4000]),
        "surveyed": rated,
        "survey_given": rng.choice([True, False]) if rated else None,
        "satisfied": rng.choice([True, False, None]),
        "score": rng.choice([None, Decimal("4.5"), Decimal(3)]),
    }


STATES = ("idle", "talking", "holding", "wrap_up", "busy", "break", "training", "meeting", "away", "ringing")


def _span(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    begun = _at(rng, start, span_s)
    ended = begun + timedelta(microseconds=rng.choice([0, 1, rng.randrange(9_000_000_000), rng.randrange(60_000_000_000)]))
    return {
        "shift": f"s{n % 50}",
        "n": n,
        "agent": rng.choice(["a1", "a2", "a3"]),
        "team": "t1",
        "state": rng.choice(STATES),
        "starts_at": begun,
        "ends_at": ended if rng.random() < 0.95 else None,
    }


def _shift(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    begun = _at(rng, start, span_s)
    return {
        "shift": f"s{n}",
        "agent": rng.choice(["a1", "a2", "a3"]),
        "team": rng.choice(["t1", "t2"]),
        "starts_at": begun,
        "ends_at": begun + timedelta(hours=8),
        "excused": rng.choice(["", "", "sick", "leave", "training"]),
        "signed_in_at": (came := rng.choice([None, begun, begun + timedelta(minutes=4)])),
        "signed_out_at": rng.choice([None, begun + timedelta(hours=7), begun + timedelta(hours=9)]) if came else None,
    }


def _ticket(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    opened = _at(rng, start, span_s)
    checked = rng.random() < 0.3
    return {
        "ticket": f"t{n}",
        "kind": "request",
        "category": rng.choice(["宽带/新装", "bill"]),
        "department": rng.choice(["", "d1"]),
        "assignee": rng.choice(["", "a1"]),
        "state": rng.choice(["opened", "resolved"]),
        "opened_at": opened,
        "due_at": _maybe(rng, opened, 90_000, 0.8),
        "dispatched_at": _maybe(rng, opened, 3600),
        "resolved_at": _maybe(rng, opened, 120_000),
        "cancelled_at": _maybe(rng, opened, 9000, 0.1),
        "voided_at": _maybe(rng, opened, 9000, 0.1),
        "returns": rng.randrange(3),
        "urges": rng.randrange(3),
        "reopens": rng.randrange(3),
        "checked": checked,
        "accurate": rng.choice([True, False]) if checked else None,
    }


def _callback(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    asked = _at(rng, start, span_s)
    attempt = _maybe(rng, asked, 90_000)
    checked = rng.random() < 0.3
    return {
        "callback": f"b{n}",
        "purpose": rng.choice(["complaint", "new_install", "relocation", "repair"]),
        "customer": "u",
        "agent": "a1",
        "call": f"c{n}" if rng.random() < 0.3 else "",
        "requested_at": asked,
        "due_at": _maybe(rng, asked, 90_000, 0.9),
        "attempts": rng.randrange(1, 3) if attempt else 0,
        "first_attempt_at": attempt,
        "reached": bool(attempt) and rng.random() < 0.7,
        "last_outcome": rng.choice(["reached", "no_answer", "refused", "wrong_number"]) if attempt else "",
        "completed_at": (done := _maybe(rng, asked, 90_000, 0.5)),
        "satisfied": rng.choice([None, True, False]) if done else None,
        "cancelled_at": _maybe(rng, asked, 9000, 0.1),
        "checked": checked,
        "accurate": rng.choice([True, False]) if checked else None,
    }


def _complaint(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    filed = _at(rng, start, span_s)
    judged = _maybe(rng, filed, 90_000)
    resolved = _maybe(rng, filed, 90_000)
    return {
        "complaint": f"k{n}",
        "business": "b",
        "agent": "a1",
        "internal": rng.random() < 0.3,
        "filed_at": filed,
        "adjudicated_at": judged,
        "liable": rng.choice([True, False]) if judged else None,
        "severity": rng.choice(["minor", "general", "severe"]) if judged else "",
        "resolved_at": resolved,
        "satisfied": rng.choice([None, True, False]) if resolved else None,
        "reopens": rng.randrange(2),
        "withdrawn_at": _maybe(rng, filed, 9000, 0.1),
        "state": "filed",
    }


def _evaluation(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    sampled = _at(rng, start, span_s)
    scored = _maybe(rng, sampled, 90_000, 0.9)
    items = [{"item": f"i{n}", "deduction": rng.choice(["0", "2.5", "5"]), "times": rng.randrange(3)} for n in range(3)]
    return {
        "evaluation": f"e{n}",
        "call": f"c{n}",
        "agent": "a1",
        "method": "recorded",
        "sampled_at": sampled,
        "scored_at": scored,
        "rescored": bool(scored) and rng.random() < 0.2,
        "items_json": json.dumps(items) if scored else "",
        "disputed_at": _maybe(rng, scored, 90_000, 0.2) if scored else None,
        "score": Decimal(rng.randrange(8000, 10001)) / 100 if scored else None,
        "approved_at": _maybe(rng, scored, 90_000) if scored else None,
    }
