"""Made-up rows of what surrounds the calls: the menu's steps, rings, people, costs, penalties, awards."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

from tests.fact_tables import Row

AGENTS = ("a1", "a2", "a3")


def make_office(rng: random.Random, start: datetime, span_s: int, count: int) -> dict[str, list[Row]]:
    """Random rows of those fact tables, around a span of time."""
    return {
        "ivr_steps": [_step(rng, n, start, span_s) for n in range(count // 2)],
        "rings": [_ring(rng, n, start, span_s) for n in range(count // 2)],
        "staff_stints": [row for n in range(max(3, count // 20)) for row in _stay(rng, n, start, span_s)],
        "costs": [_cost(rng, n, start, span_s) for n in range(max(4, count // 50))],
        "penalties": [_penalty(rng, n, start, span_s) for n in range(count // 10)],
        "transfers": [_transfer(rng, n, start, span_s) for n in range(count // 4)],
        "faults": [_fault(rng, n, start, span_s) for n in range(max(4, count // 50))],
        "awards": [_award(rng, n, start, span_s) for n in range(count // 10)],
    }


def _at(rng: random.Random, start: datetime, span_s: int) -> datetime:
    return start + timedelta(microseconds=rng.randrange(span_s * 1_000_000))


def _later(rng: random.Random, after: datetime, chance: float) -> datetime | None:
    return after + timedelta(microseconds=rng.randrange(90_000_000_000)) if rng.random() < chance else None


def _step(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    began = _at(rng, start, span_s)
    left_here = rng.random() < 0.5
    return {
        "call": f"c{n}",
        "n": 1,
        "started_at": began,
        "at": began + timedelta(seconds=rng.randrange(90)),
        "flow": rng.choice(["main", "night"]),
        "node": rng.choice(["", "bill", "人工"]),
        "input": rng.choice(["1", "2", ""]),
        "hotline": rng.choice(["h1", "h2"]),
        "entered": rng.random() < 0.6,
        "left_here": left_here,
        "outcome": rng.choice(["", "self_served", "to_queue", "voicemail", "hung_up"]) if left_here else "",
        "went_on": rng.random() < 0.5,
    }


def _ring(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    missed = rng.random() < 0.4
    return {
        "call": f"c{n}",
        "n": 1,
        "at": _at(rng, start, span_s),
        "agent": rng.choice(AGENTS),
        "queue": rng.choice(["q1", "q2", ""]),
        "hotline": "h1",
        "direction": "inbound",
        "channel": "phone",
        "missed": missed,
        "ring_ms": rng.choice([None, 0, 12_000]) if missed else None,
        "reason": rng.choice(["no_answer", "rejected", ""]) if missed else "",
    }


def _stay(rng: random.Random, n: int, start: datetime, span_s: int) -> list[Row]:
    """One person's stays in teams, one after the other; some from long before, some until now."""
    began, reason, found = start - timedelta(days=rng.choice([0, 0, 400])), "joined", []
    moment = _at(rng, began, span_s)
    for number in range(1, rng.randrange(2, 5)):
        until = _later(rng, moment, 0.7)
        ended = "" if until is None else rng.choice(["moved", "moved", "left"])
        found.append(
            {
                "agent": f"p{n}",
                "n": number,
                "team": rng.choice(["t1", "t2"]),
                "from_at": moment,
                "until_at": until,
                "began": reason,
                "ended": ended,
                "reason": "pay" if ended == "left" else "",
            }
        )
        if until is None:
            break
        moment, reason = until, "joined" if ended == "left" else "moved"
    return found


def _cost(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    at = _at(rng, start, span_s)
    return {
        "cost": f"x{n}",
        "kind": rng.choice(["staff", "lines"]),
        "amount": Decimal(rng.randrange(1_000_000)) / 100,
        "currency": "CNY" if rng.random() < 0.95 else "EUR",
        "period": f"{at:%Y-%m}",
        "recorded_at": at,
    }


def _penalty(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    at = _at(rng, start, span_s)
    assessed = Decimal(rng.randrange(100_000)) / 100
    state = rng.choice(["assessed", "appealed", "waived", "settled", "reduced"])
    return {
        "penalty": f"y{n}",
        "contract": "desk",
        "rule": rng.choice(["late", "rude"]),
        "party": "vendor",
        "party_id": "v1",
        "assessed_amount": assessed,
        "amount": {"waived": Decimal(0), "reduced": assessed / 2}.get(state, assessed).quantize(Decimal("0.01")),
        "currency": "CNY" if rng.random() < 0.95 else "EUR",
        "period": f"{at:%Y-%m}",
        "state": state,
        "assessed_at": at,
        "appealed_at": _later(rng, at, 0.3),
        "settled_at": _later(rng, at, 1) if state == "settled" else None,
    }


def _award(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    at = _at(rng, start, span_s)
    return {
        "award": f"w{n}",
        "contract": "desk",
        "rule": "praise",
        "agent": rng.choice(AGENTS),
        "amount": Decimal(rng.randrange(100_000)) / 100,
        "period": f"{at:%Y-%m}",
        "granted_at": at,
        "revoked_at": _later(rng, at, 0.2),
    }


def _transfer(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    return {
        "call": f"c{n}",
        "n": 0,
        "at": _at(rng, start, span_s),
        "from_agent": rng.choice(["a1", "a2"]),
        "from_queue": "q1",
        "to_kind": rng.choice(["agent", "queue", "external", "ivr"]),
        "to": "x",
        "mode": rng.choice(["blind", "attended"]),
    }


def _fault(rng: random.Random, n: int, start: datetime, span_s: int) -> Row:
    raised = _at(rng, start, span_s)
    return {
        "fault": f"f{n}",
        "system": "acd",
        "kind": "k",
        "severity": "minor",
        "raised_at": raised,
        "cleared_at": _later(rng, raised, 0.8),
    }
