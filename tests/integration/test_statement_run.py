"""From events and commands to a statement: every line is recounted by hand, at the edges of days and months."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.domain.settling import Line
from opsledger.domain.statement import Statement, StatementStoppedError
from opsledger.infra.decisions import Carried, decide, read_commands
from opsledger.infra.facts import view
from opsledger.infra.statements import run_statement
from opsledger.infra.store import Store, open_store
from opsledger.ingest.terms_yaml import read_terms_file
from tests.contract_samples import complaint_rule, sample_terms
from tests.ledger_samples import line, tables

NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)
TERMS = read_terms_file(Path(__file__).parents[2] / "examples" / "contracts" / "outsourced-desk.yaml")
LAST_OF_JANUARY, FIRST_OF_FEBRUARY = "2026-01-31T23:59:59+08:00", "2026-02-01T00:00:00+08:00"
NEVER = "2026-12-31T00:00:00+08:00"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "data", clock=FixedClock(NOW)) as opened:
        yield opened


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
    written = [json.dumps(command).encode() for command in commands]
    return decide(store, read_commands(written, "commands.jsonl", "t1", store.clock))


def settled(store: Store, month: str = "2026-01", as_known_at: datetime | None = None) -> Statement:
    with view(store, "t1", as_known_at) as facts:
        return run_statement(store.client, facts, "desk", month)


def of(made: Statement, rule: str) -> list[Line]:
    return [each for each in made.lines if each.rule == rule]


def without_kpi() -> dict[str, Any]:
    return {**TERMS, "rules": [rule for rule in TERMS["rules"] if rule["kind"] != "kpi_score"]}


def test_liable_complaints_count_on_the_local_day_of_their_ruling_and_each_names_its_event(store: Store) -> None:
    carried = given(
        store,
        [*map(complaint, ("p1", "p2", "p3", "p5")), complaint("p4", "v2")],
        signing(terms=without_kpi()),
        ruling("p1", LAST_OF_JANUARY),
        ruling("p2", FIRST_OF_FEBRUARY),
        ruling("p3", at("01-20"), liable=False),
        ruling("p4", at("01-20")),
        ruling("p5", at("01-20"), "severe"),
    )
    assert carried.refused == []
    made = {e.subject: e.event_id for e in carried.events}
    minor, general, severe = of(settled(store), "complaints")
    assert [x.amount for x in (minor, general, severe)] == [Decimal("-500.00"), Decimal("0.00"), Decimal("-5000.00")]
    assert (minor.evidence[0].event_ids, severe.evidence[0].event_ids) == ((made["p1"],), (made["p5"],))
    assert minor.evidence[0].positions == (("complaint/0", 10),)
    assert [x.evidence[0].event_ids for x in of(settled(store, "2026-02"), "complaints")] == [(made["p2"],), (), ()]


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


def test_a_callback_is_missed_when_nobody_called_by_the_end_of_the_next_local_day(store: Store) -> None:
    lines = [
        *callback("in-time", at("01-10", "00:00:00"), ("attempted", at("01-11", "23:59:59"))),
        *callback("too-late", at("01-10", "23:59:59"), ("attempted", at("01-12", "00:00:00"))),
        *callback("never", at("01-10")),
        *callback("done-without-try", at("01-10"), ("completed", at("01-11"))),
        *callback("cancelled", at("01-10"), ("cancelled", at("01-10", "18:00:00"))),
        *callback("cancelled-too-late", at("01-10"), ("cancelled", at("01-12"))),
        *callback("of-new-years-eve", "2025-12-31T12:00:00+08:00"),
        *callback("for-february", at("01-31")),
        *callback("other-vendor", at("01-10"), vendor="v2"),
        *callback("promise", at("01-10"), purpose="promise"),
        *callback("message", at("01-10"), purpose="voicemail"),
        *callback("not-yet-due", at("02-27")),
    ]
    given(store, lines, signing(terms=without_kpi()))
    january, february = settled(store), settled(store, "2026-02")
    (callbacks,), (messages,) = of(january, "complaint-callbacks"), of(january, "messages")
    missed = ("too-late", "never", "cancelled-too-late", "of-new-years-eve")
    assert {subject(store, i) for i in callbacks.evidence[0].event_ids} == set(missed)
    assert (callbacks.quantity, callbacks.amount) == (4, Decimal("-200.00"))
    assert [subject(store, i) for i in messages.evidence[0].event_ids] == ["message"]
    assert [subject(store, i) for i in of(february, "complaint-callbacks")[0].evidence[0].event_ids] == ["for-february"]


def subject(store: Store, event_id: UUID) -> str:
    asked = {"id": str(event_id)}
    return str(store.client.command("SELECT subject FROM callback WHERE event_id = {id:UUID}", parameters=asked))


@pytest.mark.parametrize(
    ("handed_in", "quantity"), [("02-05T23:59:59", 0), ("02-06T00:00:00", 1), ("01-31T09:00:00", 0), (None, 1)]
)
def test_the_report_of_the_month_before_is_due_by_the_end_of_the_5th(
    store: Store, handed_in: str | None, quantity: int
) -> None:
    lines = (
        [event("report.submitted", "monthly/2026-01", f"2026-{handed_in}+08:00", report="monthly", period="2026-01")]
        if handed_in
        else []
    )
    lines.append(event("report.submitted", "monthly/2026-01", at("02-01"), "v2", report="monthly", period="2026-01"))
    given(store, lines, signing(terms=without_kpi()))
    assert of(settled(store, "2026-02"), "reports")[0].quantity == quantity
    assert of(settled(store), "reports")[0].quantity == 0  # nothing is due for a month before the contract


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


def test_the_kpi_of_an_agent_is_made_of_the_registrys_figures(store: Store) -> None:
    carried = given(store, desk_calls(), signing(), approval("e1"), approval("e2"), approval("e4"), approval("e3", "eva"))
    assert ["gave this score and may not approve it" in r for r in carried.refused] == [True]
    one, two = of(settled(store), "kpi")
    assert (one.party_id, two.party_id) == ("a1", "a2")
    speed, satisfaction, quality = one.details
    assert (speed.numerator, speed.denominator) == (3, 5)  # the abandon in which nobody was rung is left out
    assert (satisfaction.numerator, satisfaction.denominator) == (1, 2)
    assert (quality.numerator, quality.denominator, quality.figure) == (Decimal("180.5"), 2, Decimal("90.25"))
    assert [d.points for d in one.details] == [0, 0, 30]
    assert [d.points for d in two.details] == [0, 30, 30]  # no ratings: full points
    assert (one.quantity, one.unit_amount, one.amount) == (70, -70, Decimal("-4900.00"))
    assert (two.quantity, two.amount) == (40, Decimal("-2800.00"))
    approved = {e.event_id for e in carried.events if e.subject in ("e1", "e2")}
    assert set(one.evidence[2].event_ids) == approved
    assert one.evidence[0].count == 5


def test_the_figures_are_those_of_the_contracts_queues(store: Store) -> None:
    given(store, desk_calls(), signing(terms={**TERMS, "queues": ["q9"]}), approval("e1"))
    assert of(settled(store), "kpi") == []  # nobody served that queue


def test_an_agent_whose_quality_nobody_approved_stops_the_statement_with_the_reason(store: Store) -> None:
    given(store, desk_calls(), signing())
    with pytest.raises(StatementStoppedError, match=r"kpi, a2, .*Quality score"):
        settled(store)


def test_what_is_in_the_log_twice_is_paid_once(store: Store) -> None:
    commands = [signing(), approval("e1"), approval("e2"), approval("e4"), ruling("p1", at("01-20"))]
    given(store, [*desk_calls(), complaint("p1"), *callback("never", at("01-10"))], *commands)
    before = settled(store)
    given(store, [*desk_calls(), complaint("p1"), *callback("never", at("01-10"))], *commands)
    (store.path / "relay.position").unlink()
    assert given(store, [complaint("p1")], *commands).repeated == 5
    after = settled(store)
    assert after.total == before.total
    for one, two in zip(before.lines, after.lines, strict=True):
        assert (one.amount, one.details) == (two.amount, two.details)
        assert [(e.count, e.digest, e.event_ids) for e in one.evidence] == [
            (e.count, e.digest, e.event_ids) for e in two.evidence
        ]


def test_a_statement_can_be_made_as_it_was_known(tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 2, 1, tzinfo=UTC))
    with open_store(tmp_path / "data", clock=clock) as store:
        given(
            store, [*desk_calls(), *callback("never", at("01-10"))], signing(), approval("e1"), approval("e2"), approval("e4")
        )
        then = settled(store)
        clock.at = NOW
        given(store, callback("more", at("01-10")))
        assert of(settled(store), "complaint-callbacks")[0].quantity == 2
        again = settled(store, as_known_at=datetime(2026, 2, 1, tzinfo=UTC))
        assert (again.lines, again.digest) == (then.lines, then.digest)


def test_an_amendment_within_the_month_counts_from_its_day(store: Store) -> None:
    old, new = (sample_terms(rules=[complaint_rule(price)]) for price in (500, 600))
    amend = {"command": "contract.amend", "id": "desk", "actor": "ann", "at": "2025-12-21T00:00:00Z", "terms": new}
    given(
        store,
        [*map(complaint, ("p1", "p2"))],
        signing(terms=old),
        {**amend, "effective_from": at("01-20", "00:00:00")},
        ruling("p1", at("01-19", "23:59:59")),
        ruling("p2", at("01-20", "00:00:00")),
    )
    lines = [x for x in settled(store).lines if x.part == "minor"]
    assert [(x.versions, x.quantity, x.amount) for x in lines] == [((1,), 1, Decimal("-500.00")), ((2,), 1, Decimal("-600.00"))]


def test_an_unknown_contract_is_answered_with_the_nearest(store: Store) -> None:
    with view(store, "t1") as facts, pytest.raises(UserError, match="no contract has been signed"):
        run_statement(store.client, facts, "desk", "2026-01")
    given(store, [], signing())
    with view(store, "t1") as facts, pytest.raises(UserError, match="has no contract 'dask'; did you mean 'desk'"):
        run_statement(store.client, facts, "dask", "2026-01")


def test_a_wrong_line_of_a_command_file_is_named_and_what_came_before_it_is_decided(store: Store) -> None:
    lines = [json.dumps(signing()).encode(), b"", b'{"command": "contract.sing"}']
    with pytest.raises(UserError, match=r"^f.jsonl:3: unknown command 'contract.sing'; did you mean"):
        decide(store, read_commands(lines, "f.jsonl", "t1", store.clock))
    assert store.client.command("SELECT count() FROM contract") == 1
    for wrong in (b"[1]", b"{", b'{"a": NaN}' * 2, b"\xff"):
        with pytest.raises(UserError, match=r"^f.jsonl:1: not a JSON object"):
            list(read_commands([wrong], "f.jsonl", "t1", store.clock))
