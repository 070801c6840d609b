"""A small desk for tests: facts and commands by hand, at times of the contract's zone, and the statement that they give."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid5

from opsledger.domain.envelope import Event
from opsledger.domain.events.award import AwardGranted, AwardRevoked
from opsledger.domain.settling import Line
from opsledger.domain.statement import Statement
from opsledger.infra.decisions import Carried, decide, read_commands
from opsledger.infra.facts import view
from opsledger.infra.statements import run_statement
from opsledger.infra.store import Store
from opsledger.ingest.terms_yaml import read_terms_file
from tests.ledger_samples import SPACE, line, tables

NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)
TERMS = read_terms_file(Path(__file__).parents[1] / "examples" / "contracts" / "outsourced-desk.yaml")
LAST_OF_JANUARY, FIRST_OF_FEBRUARY = "2026-01-31T23:59:59+08:00", "2026-02-01T00:00:00+08:00"
NEVER = "2026-12-31T00:00:00+08:00"


def at(day: str, clock: str = "12:00:00") -> str:
    return f"2026-{day}T{clock}+08:00"


def event(type_: str, subject: str, when: str, vendor: str = "v1", **data: Any) -> bytes:
    moment = datetime.fromisoformat(when).astimezone(UTC).isoformat().replace("+00:00", "Z")
    return line(f"{type_}/{subject}/{when}", subject=subject, type_=type_, time=moment, vendor=vendor, data=data)


def complaint(name: str, vendor: str = "v1") -> bytes:
    about = {"channel": "phone", "business": "b", "content": "c", "internal": True, "agent": "a1"}
    return event("complaint.filed", name, at("01-10"), vendor, **about)


def ruling(name: str, when: str, severity: str = "minor", *, liable: bool = True) -> dict[str, Any]:
    values = {"command": "complaint.adjudicate", "id": name, "actor": "judge", "at": when}
    return {**values, "liable": liable, "severity": severity, "reason": "r"}


def signing(since: str = "2026-01-01T00:00:00+08:00", terms: dict[str, Any] = TERMS) -> dict[str, Any]:
    values = {"command": "contract.sign", "id": "desk", "actor": "ann", "at": "2025-12-20T00:00:00Z"}
    return {**values, "vendor": "v1", "terms": terms, "effective_from": since}


def given(store: Store, lines: list[bytes], *commands: dict[str, Any]) -> Carried:
    store.log.append(tables(lines))
    written = [json.dumps({"tenant": "t1", **command}).encode() for command in commands]
    return decide(store, read_commands(written, "commands.jsonl", "", store.clock))


def settled(store: Store, month: str = "2026-01", as_known_at: datetime | None = None) -> Statement:
    with view(store, "t1", as_known_at) as facts:
        return run_statement(facts, "desk", month)


def of(made: Statement, rule: str) -> list[Line]:
    return [each for each in made.lines if each.rule == rule]


def without_kpi() -> dict[str, Any]:
    return {**TERMS, "rules": [rule for rule in TERMS["rules"] if rule["kind"] != "kpi_score"]}


def callback(name: str, asked: str, *done: tuple[str, str], purpose: str = "complaint", vendor: str = "v1") -> list[bytes]:
    """A request, and what became of it: (``attempted`` | ``completed`` | ``cancelled``, when)."""
    due = datetime.fromisoformat(NEVER).astimezone(UTC).isoformat()
    lines = [event("callback.requested", name, asked, vendor, purpose=purpose, customer="m1", due_at=due)]
    data: dict[str, dict[str, Any]] = {
        "attempted": {"agent": "a1", "outcome": "no_answer"},
        "completed": {"agent": "a1"},
        "cancelled": {"reason": "x"},
    }
    return lines + [event(f"callback.{what}", name, when, vendor, **data[what]) for what, when in done]


def entry(call: str, *steps: tuple[str, float, dict[str, Any]], vendor: str = "v1") -> list[bytes]:
    start = datetime.fromisoformat(at("01-15"))
    return [
        event(f"call.{what}", call, (start + timedelta(seconds=after)).isoformat(), vendor, **data)
        for what, after, data in steps
    ]


def answered(call: str, after: float, agent: str, rating: bool | None = None) -> list[bytes]:
    rated = [("surveyed", 200.0, {"given": True, "satisfied": rating})] if rating is not None else []
    return entry(
        call,
        ("offered", 0, {"direction": "inbound", "channel": "phone", "hotline": "h1"}),
        ("queued", 0, {"queue": "q1"}),
        ("rung", 1, {"agent": agent}),
        ("answered", after, {"agent": agent, "queue": "q1"}),
        ("ended", 100, {"by": "customer"}),
        *rated,
    )


def lost(call: str, *, rung: bool) -> list[bytes]:
    ring = [("rung", 5.0, {"agent": "a1"})] if rung else []
    gone = {"queue": "q1", "reason": "abandoned"}
    return entry(call, ("queued", 0, {"queue": "q1"}), *ring, ("left_queue", 40, gone), ("ended", 40, {"by": "customer"}))


def evaluation(name: str, agent: str, *scores: str) -> list[bytes]:
    sampled = {"call": "c1", "method": "recorded", "form": "f", "evaluator": "eva", "agent": agent}
    lines = [event("evaluation.sampled", name, at("01-16"), **sampled)]
    for n, score in enumerate(scores):
        type_ = "evaluation.rescored" if n else "evaluation.scored"
        reason = {"reason": "r"} if n else {}
        lines.append(event(type_, name, at("01-17", f"1{n}:00:00"), items=[], score=score, **reason))
    return lines


def approval(name: str, actor: str = "chief") -> dict[str, Any]:
    return {"command": "evaluation.approve", "id": name, "actor": actor, "at": at("01-18")}


def desk_calls() -> list[bytes]:
    return [
        *answered("c1", 20, "a1", rating=True),
        *answered("c2", 21, "a1", rating=False),
        *answered("c3", 5, "a2"),
        *answered("c4", 5, "a2"),
        *lost("c5", rung=True),
        *lost("c6", rung=False),
        *evaluation("e1", "a1", "80", "88.5"),
        *evaluation("e2", "a1", "92"),
        *evaluation("e3", "a1", "10"),
        *evaluation("e4", "a2", "95"),
    ]


def award(agent: str, rule: str = "best-employee", *, revoked: bool = False) -> list[Event]:
    name = f"{agent}/{rule}"
    granted = AwardGranted("desk", rule, agent, Decimal(100), "2026-01", ())
    made = [Event(uuid5(SPACE, name), name, "t1", NOW, "decision", granted)]
    if revoked:
        made.append(Event(uuid5(SPACE, name + "/revoked"), name, "t1", NOW, "decision", AwardRevoked("r")))
    return made
