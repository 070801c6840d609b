"""Given what was decided, when a command comes, then: the right events, or no, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.decisions.application import Decisions, Refused, execute
from opsledger.domain.decisions.base import Command, ComplaintFacts, EvaluationFacts, KnownFacts
from opsledger.domain.decisions.commands import read_command
from opsledger.domain.envelope import Event
from opsledger.domain.events.complaint import ComplaintAdjudicated
from opsledger.domain.events.contract import ContractAmended, ContractEnded, ContractSigned
from opsledger.domain.events.evaluation import EvaluationApproved
from tests.contract_samples import NINE, complaint_rule, in_memory, sample_terms

SIGN = {
    "command": "contract.sign",
    "id": "desk",
    "vendor": "v1",
    "terms": sample_terms(),
    "effective_from": "2026-01-01T00:00:00+08:00",
}
AMEND = {
    "command": "contract.amend",
    "id": "desk",
    "terms": sample_terms(rules=[complaint_rule(600)]),
    "effective_from": "2026-02-01T00:00:00+08:00",
}
END = {"command": "contract.end", "id": "desk", "reason": "moved in-house"}
JUDGE = {"command": "complaint.adjudicate", "id": "p1", "liable": True, "severity": "general", "reason": "rude"}
APPROVE = {"command": "evaluation.approve", "id": "e1"}
KNOWN = KnownFacts(
    complaints={
        ("t1", "p1"): ComplaintFacts(NINE - timedelta(days=1), vendor="v1", agent="a7"),
        ("t1", "gone"): ComplaintFacts(NINE - timedelta(days=1), withdrawn_at=NINE - timedelta(hours=1)),
    },
    evaluations={
        ("t1", "e1"): EvaluationFacts("eva", agent="a7", vendor="v1", scored_at=NINE - timedelta(hours=1)),
        ("t1", "raw"): EvaluationFacts("eva", agent="a7"),
        ("t1", "orphan"): EvaluationFacts("", scored_at=NINE - timedelta(hours=1)),
    },
)
Values = Mapping[str, Any]


def command(values: Values, *, actor: str = "clerk", minutes: int = 0) -> Command:
    return read_command({"actor": actor, **values}, tenant="t1", now=NINE + timedelta(minutes=minutes))


def given(*history: Values) -> Decisions:
    app = in_memory()
    for minute, values in enumerate(history):
        execute(app, command(values, minutes=minute), FixedClock(NINE + timedelta(hours=1)), KNOWN)
    return app


def when(app: Decisions, values: Values, *, actor: str = "clerk", minutes: int = 30, known: KnownFacts = KNOWN) -> list[Event]:
    return execute(app, command(values, actor=actor, minutes=minutes), FixedClock(NINE + timedelta(hours=1)), known)


def test_signing_gives_one_event_with_the_vendor_and_the_clerk_in_its_envelope() -> None:
    (event,) = when(given(), SIGN)
    assert isinstance(event.data, ContractSigned)
    assert (event.type, event.subject, event.tenant, event.vendor, event.actor) == (
        "contract.signed",
        "desk",
        "t1",
        "v1",
        "clerk",
    )
    assert event.source == "decision"
    assert event.event_id.version == 7
    assert event.occurred_at == NINE + timedelta(minutes=30)


def test_amending_and_ending_give_their_events_for_the_same_vendor() -> None:
    app = given(SIGN)
    (amended,), (ended,) = when(app, AMEND), when(app, END, minutes=31)
    assert isinstance(amended.data, ContractAmended)
    assert isinstance(ended.data, ContractEnded)
    assert {amended.vendor, ended.vendor} == {"v1"}


@pytest.mark.parametrize(
    ("history", "asked", "reason"),
    [
        ([SIGN], SIGN, "signed already, with vendor 'v1'"),
        ([], AMEND, "has not been signed"),
        ([], END, "has not been signed"),
        ([SIGN, END], AMEND, "ended at 2026-01-05T09:01:00"),
        ([SIGN, END], END, "ended at"),
        ([SIGN], {**END, "reason": "  "}, "a reason is needed"),
        ([SIGN], {**AMEND, "effective_from": "2025-12-31T00:00:00+08:00"}, "before the contract itself"),
        ([SIGN], {**AMEND, "terms": sample_terms(currency="USD")}, "cannot change the currency"),
        ([], {**SIGN, "vendor": "in-house"}, "stands for no vendor"),
        ([], {**SIGN, "terms": sample_terms(rules=[{**complaint_rule(), "kind": "per_evnt"}])}, "did you mean 'per_event'"),
        ([], {**JUDGE, "id": "unheard-of"}, "no complaint 'unheard-of' of tenant 't1'"),
        ([], {**JUDGE, "reason": " "}, "a reason is needed"),
        ([], {**JUDGE, "id": "gone"}, "was withdrawn at 2026-01-05T08:00:00"),
        ([], {**JUDGE, "at": "2026-01-01T00:00:00Z"}, "after the time of this ruling"),
        ([JUDGE], JUDGE, "adjudicated by 'clerk' at 2026-01-05T09:00:00"),
        ([], {**APPROVE, "id": "unheard-of"}, "no evaluation 'unheard-of'"),
        ([], {**APPROVE, "id": "raw"}, "has not been scored"),
        ([], {**APPROVE, "id": "orphan"}, "does not hold who evaluated it"),
        ([], {**APPROVE, "actor": "eva"}, "gave this score and may not approve it"),
        ([], {**APPROVE, "actor": "a7"}, "is the agent who was evaluated"),
        ([], {**APPROVE, "at": "2026-01-05T07:00:00Z"}, "after the time of this approval"),
        ([APPROVE], APPROVE, "approved by 'clerk' at 2026-01-05T09:00:00"),
        ([], {**SIGN, "at": "2026-01-05T11:00:00Z"}, "is in the future"),
    ],
)
def test_what_the_state_does_not_allow_is_refused_with_the_reason_and_changes_nothing(
    history: list[Values], asked: Values, reason: str
) -> None:
    app = given(*history)
    before = app.outbox(0, 100)
    with pytest.raises(Refused, match=reason):
        when(app, asked)
    assert app.outbox(0, 100) == before


def test_a_complaint_is_ruled_on_for_its_vendor_and_for_the_agent_it_was_filed_against() -> None:
    (event,) = when(given(), JUDGE)
    assert event.data == ComplaintAdjudicated(liable=True, severity="general", reason="rude", agent="a7")
    assert event.vendor == "v1"
    (other,) = when(given(), {**JUDGE, "agent": "a8"})
    assert isinstance(other.data, ComplaintAdjudicated)
    assert other.data.agent == "a8"


def test_a_reopened_complaint_is_ruled_on_again_once() -> None:
    app = given(JUDGE)
    reopened = KnownFacts({("t1", "p1"): ComplaintFacts(NINE - timedelta(days=1), reopened_at=NINE + timedelta(minutes=5))})
    assert len(when(app, JUDGE, known=reopened)) == 1
    with pytest.raises(Refused, match="has not been reopened since"):
        when(app, JUDGE, minutes=40, known=reopened)


def test_an_approval_is_made_by_the_one_who_approves_and_again_only_after_a_rescore() -> None:
    app = given()
    (event,) = when(app, APPROVE, minutes=0)
    assert event.data == EvaluationApproved("clerk")
    rescored = KnownFacts(evaluations={("t1", "e1"): EvaluationFacts("eva", scored_at=NINE + timedelta(minutes=5))})
    assert len(when(app, APPROVE, known=rescored)) == 1


@pytest.mark.parametrize("values", [SIGN, JUDGE, APPROVE], ids=lambda v: v["command"])
def test_the_same_command_given_again_stays_quiet(values: Values) -> None:
    app = given()
    (event,) = when(app, values)
    assert when(app, values) == []
    assert [e for _, e in app.outbox(0, 100)] == [event]


def test_an_amendment_that_changes_nothing_stays_quiet() -> None:
    app = given(SIGN, AMEND)
    assert when(app, AMEND) == []


def test_the_same_command_in_another_store_makes_the_same_event() -> None:
    assert when(given(), SIGN) == when(given(), SIGN)
    assert when(given(), SIGN)[0].event_id != when(given(), SIGN, minutes=31)[0].event_id
