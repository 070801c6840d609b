"""Made-up fact rows for tests of reports, as Python dictionaries and in the engine: the same rows, read two ways."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import clickhouse_connect

from opsledger.domain.events.call import LeaveReason

T = "DateTime64(6, 'UTC')"
NT = f"Nullable({T})"
S = "LowCardinality(String)"
NB, NI = "Nullable(Bool)", "Nullable(Int64)"
COLUMNS: dict[str, dict[str, str]] = {
    "calls": {
        "call": "String",
        "started_at": T,
        "direction": S,
        "channel": S,
        "hotline": S,
        "customer": "String",
        "offered": "Bool",
        "ivr_entered_at": NT,
        "ivr_left_at": NT,
        "ivr_outcome": S,
        "ivr_ms": NI,
        "connected_at": NT,
        "first_queue": S,
        "first_queued_at": NT,
        "first_agent": S,
        "answered_at": NT,
        "answered": "Bool",
        "ended_at": NT,
        "ended_by": S,
        "entries": "UInt16",
        "legs": "UInt16",
        "voicemail_ms": NI,
        "category": S,
        "nature": S,
        "surveyed": "Bool",
        "survey_given": NB,
        "score": "Nullable(Decimal(18, 4))",
        "satisfied": NB,
        "open": "Bool",
        "contradictions": f"Array({S})",
    },
    "legs": {
        "call": "String",
        "leg": "UInt16",
        "queue": S,
        "hotline": S,
        "channel": S,
        "direction": S,
        "customer": "String",
        "is_entry": "Bool",
        "entered_at": T,
        "queued_at": NT,
        "answered_at": NT,
        "left_at": NT,
        "outcome": S,
        "wait_ms": NI,
        "agent": S,
        "ended_at": NT,
        "end_kind": S,
        "talk_ms": "Int64",
        "hold_ms": "Int64",
        "holds": "UInt16",
        "wrapped_up": "Bool",
        "wrap_up_ms": "Int64",
        "wrap_started_at": NT,
        "wrap_ended_at": NT,
        "category": S,
        "nature": S,
        "accepted": NB,
        "resolved": NB,
        "transferred_to": S,
        "transfer_mode": S,
        "rings": "UInt16",
        "rings_missed": "UInt16",
        "priority": NI,
    },
    "transfers": {
        "call": "String",
        "n": "UInt16",
        "at": T,
        "from_agent": S,
        "from_queue": S,
        "to_kind": S,
        "to": S,
        "mode": S,
        "hotline": S,
    },
    "agent_spans": {
        "shift": "String",
        "n": "UInt16",
        "agent": S,
        "team": S,
        "state": S,
        "reason": S,
        "starts_at": T,
        "ends_at": NT,
        "signed_in_at": NT,
        "flag": S,
    },
    "shifts": {
        "shift": "String",
        "agent": S,
        "team": S,
        "starts_at": NT,
        "ends_at": NT,
        "signed_in_at": NT,
        "signed_out_at": NT,
        "excused": S,
    },
    "tickets": {
        "ticket": "String",
        "kind": S,
        "category": S,
        "priority": S,
        "department": S,
        "assignee": S,
        "opened_at": NT,
        "due_at": NT,
        "dispatched_at": NT,
        "resolved_at": NT,
        "first_resolved_at": NT,
        "cancelled_at": NT,
        "voided_at": NT,
        "state": S,
        "returns": "UInt16",
        "urges": "UInt16",
        "reopens": "UInt16",
        "checked": "Bool",
        "accurate": NB,
    },
    "callbacks": {
        "callback": "String",
        "purpose": S,
        "customer": "String",
        "agent": S,
        "call": "String",
        "requested_at": NT,
        "due_at": NT,
        "attempts": "UInt16",
        "first_attempt_at": NT,
        "reached": "Bool",
        "reached_at": NT,
        "completed_at": NT,
        "satisfied": NB,
        "checked": "Bool",
        "accurate": NB,
        "cancelled_at": NT,
    },
    "complaints": {
        "complaint": "String",
        "channel": S,
        "business": S,
        "agent": S,
        "department": S,
        "internal": "Bool",
        "filed_at": NT,
        "adjudicated_at": NT,
        "liable": NB,
        "severity": S,
        "resolved_at": NT,
        "satisfied": NB,
        "reopens": "UInt16",
        "withdrawn_at": NT,
        "state": S,
    },
    "evaluations": {
        "evaluation": "String",
        "call": "String",
        "agent": S,
        "method": S,
        "form": S,
        "evaluator": S,
        "scored_at": NT,
        "score": "Nullable(Decimal(18, 4))",
        "approved_at": NT,
    },
    "faults": {"fault": "String", "system": S, "kind": S, "severity": S, "raised_at": NT, "cleared_at": NT},
}
KEYS = {
    "calls": "call",
    "legs": "call, leg",
    "transfers": "call, n",
    "agent_spans": "shift, n",
    "shifts": "shift",
    "tickets": "ticket",
    "callbacks": "callback",
    "complaints": "complaint",
    "evaluations": "evaluation",
    "faults": "fault",
}
ALWAYS = {"tenant": S, "vendor": S, "first_day": "Date", "last_offset": "UInt64", "is_deleted": "UInt8"}
TIMES = {name: next(c for c, t in columns.items() if t in (T, NT)) for name, columns in COLUMNS.items()}
Row = dict[str, Any]


def ddl(table: str) -> str:
    """The table as the contract between facts and reports has it."""
    columns = ", ".join(f"`{n}` {t}" for n, t in {**ALWAYS, **COLUMNS[table]}.items())
    return (
        f"CREATE TABLE {table} ({columns}) ENGINE = ReplacingMergeTree(last_offset, is_deleted) "
        f"PARTITION BY toYYYYMM(first_day) ORDER BY (tenant, first_day, {KEYS[table]})"
    )


@contextmanager
def engine(folder: Path) -> Iterator[Any]:
    """An engine with empty fact tables."""
    client = clickhouse_connect.get_client(interface="chdb", path=str(folder))
    for table in COLUMNS:
        client.command(ddl(table))
    yield client
    client.close()


def insert(client: Any, table: str, rows: list[Row], tenant: str = "t1") -> None:
    """Store rows; what a row leaves out is empty, or null where the column may be."""
    names = [*ALWAYS, *COLUMNS[table]]
    if rows:
        client.insert(table, [[_cell(table, name, row, tenant) for name in names] for row in rows], column_names=names)


def _cell(table: str, name: str, row: Row, tenant: str) -> Any:
    if name == "first_day":
        return (row.get(TIMES[table]) or datetime(2026, 1, 1, tzinfo=UTC)).date()
    given = {"tenant": tenant, "vendor": "in-house", "last_offset": 1, "is_deleted": 0, **row}
    type_ = {**ALWAYS, **COLUMNS[table]}[name]
    if given.get(name) is not None:
        return given[name]
    return (
        None
        if type_.startswith("Nullable")
        else ""
        if "String" in type_ and "Array" not in type_
        else []
        if "Array" in type_
        else 0
    )


LOST = LeaveReason.__args__  # type: ignore[attr-defined]


def make_leg(rng: random.Random, number: int, start: datetime, span_s: int) -> Row:
    """A random leg that enters within ``span_s`` seconds of ``start``; about half are answered."""
    us = timedelta(microseconds=1)
    entered = start + rng.randrange(span_s * 1_000_000) * us
    row: Row = {
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
        "end_kind": "",
        "direction": "inbound",
        "channel": "phone",
        "agent": "",
        "holds": 0,
        "wait_ms": None,
        "answered_at": None,
        "left_at": None,
        "ended_at": None,
        "talk_ms": 0,
        "hold_ms": 0,
        "wrap_up_ms": 0,
        "wrapped_up": False,
        "transferred_to": "",
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
            "nature": rng.choice(["consult", "request"]),
            "accepted": rng.choice([None, True, False]),
        }


def _ms(delta: timedelta) -> int:
    return delta // timedelta(milliseconds=1)
