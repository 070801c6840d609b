"""Penalties and awards: given what was decided, when a command comes, then the right events, or no, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.decisions.application import Decisions, Refused, execute
from opsledger.domain.decisions.base import KnownFacts
from opsledger.domain.decisions.commands import read_command
from opsledger.domain.envelope import Event
from opsledger.domain.events.award import AwardGranted, AwardRevoked
from opsledger.domain.events.penalty import PenaltyAppealed, PenaltyAssessed, PenaltyReduced, PenaltyWaived
from tests.contract_samples import NINE, in_memory

ID, STRANGER, SHARED = UUID(int=7), UUID(int=8), UUID(int=9)
KNOWN = KnownFacts(
    things={("t1", "complaint/cp-1"): (("crm", ID),)},
    stored={("t1", ID): ("crm",), ("t2", STRANGER): ("crm",), ("t1", SHARED): ("crm", "pbx")},
)
ASSESS = {
    "command": "penalty.assess",
    "id": "pn-1",
    "contract": "desk",
    "rule": "complaints",
    "party": "vendor",
    "party_id": "v1",
    "quantity": "3",
    "unit_amount": "166.675",
    "currency": "CNY",
    "period": "2026-01",
    "about": "complaint/cp-1",
}
APPEAL = {"command": "penalty.appeal", "id": "pn-1", "reason": "not our call"}
UPHOLD = {"command": "penalty.uphold", "id": "pn-1", "reason": "it was", "actor": "lead"}
REDUCE = {"command": "penalty.reduce", "id": "pn-1", "amount": "100", "reason": "half of it", "actor": "lead"}
WAIVE = {"command": "penalty.waive", "id": "pn-1", "reason": "our fault", "actor": "lead"}
GRANT = {
    "command": "award.grant",
    "id": "aw-1",
    "contract": "desk",
    "rule": "best",
    "agent": "a7",
    "amount": "200",
    "period": "2026-01",
}
REVOKE = {"command": "award.revoke", "id": "aw-1", "reason": "by mistake"}
Values = Mapping[str, Any]


def do(app: Decisions, values: Values, minutes: int) -> list[Event]:
    asked = read_command({"actor": "clerk", **values}, tenant="t1", now=NINE + timedelta(minutes=minutes))
    return execute(app, asked, FixedClock(NINE + timedelta(hours=1)), KNOWN)


def given(*history: Values) -> Decisions:
    app = in_memory()
    for minute, values in enumerate(history):
        do(app, values, minute)
    return app


def test_a_penalty_names_its_rule_its_amount_and_the_events_behind_it() -> None:
    (event,) = do(given(), ASSESS, 1)
    assert isinstance(event.data, PenaltyAssessed)
    assert (event.data.amount, event.data.evidence, event.vendor) == (Decimal("500.02"), (ID,), "v1")


def test_money_is_rounded_half_to_even_once() -> None:
    (event,) = do(given(), {**ASSESS, "quantity": "1", "unit_amount": "0.125"}, 1)
    assert isinstance(event.data, PenaltyAssessed)
    assert event.data.amount == Decimal("0.12")


def test_an_appeal_leads_to_a_smaller_amount_or_to_none() -> None:
    app = given(ASSESS, APPEAL)
    (reduced,) = do(app, REDUCE, 10)
    (waived,) = do(app, WAIVE, 11)
    assert isinstance(reduced.data, PenaltyReduced)
    assert isinstance(waived.data, PenaltyWaived)
    assert {reduced.vendor, waived.vendor} == {"v1"}


@pytest.mark.parametrize(
    ("history", "asked", "reason"),
    [
        ([ASSESS], {**ASSESS, "quantity": "4"}, "assessed by 'clerk' and is assessed"),
        ([], {**ASSESS, "quantity": "0"}, "more than 0"),
        ([], {**ASSESS, "about": "complaint/unheard-of"}, "nothing is known of 'complaint/unheard-of'"),
        ([], {k: v for k, v in ASSESS.items() if k != "about"}, "needs the events behind it"),
        ([], {**ASSESS, "about": None, "evidence": [str(STRANGER)]}, f"event {STRANGER} is not in the ledger"),
        ([], APPEAL, "it is not assessed"),
        ([ASSESS, APPEAL], {**APPEAL, "reason": "again"}, "it is appealed"),
        ([ASSESS], UPHOLD, "it is assessed; that may only follow when it is appealed"),
        ([ASSESS, APPEAL], {**UPHOLD, "actor": "clerk"}, "a second person is needed"),
        ([ASSESS], {**REDUCE, "amount": "500.02"}, "less than 500.02"),
        ([ASSESS], {**REDUCE, "reason": " "}, "a reason is needed"),
        ([ASSESS, WAIVE], REDUCE, "it is waived"),
        ([ASSESS, WAIVE], {**WAIVE, "reason": "twice"}, "it is waived"),
        ([GRANT], {**GRANT, "amount": "1"}, "granted already"),
        ([], {**GRANT, "amount": "-1"}, "more than 0"),
        ([], {**GRANT, "about": "call/unheard-of"}, "nothing is known"),
        ([], REVOKE, "no such award"),
        ([GRANT, REVOKE], {**REVOKE, "reason": "twice"}, "taken back already"),
    ],
)
def test_what_the_state_does_not_allow_is_refused_with_the_reason_and_changes_nothing(
    history: list[Values], asked: Values, reason: str
) -> None:
    app = given(*history)
    before = app.outbox(0, 100)
    with pytest.raises(Refused, match=reason):
        do(app, asked, 30)
    assert app.outbox(0, 100) == before


@pytest.mark.parametrize("values", [ASSESS, GRANT])
def test_the_same_command_given_again_stays_quiet(values: Values) -> None:
    app = given()
    assert len(do(app, values, 1)) == 1
    assert do(app, values, 1) == []


def test_an_award_is_granted_and_taken_back() -> None:
    app = given()
    (granted,) = do(app, {**GRANT, "about": "complaint/cp-1", "vendor": "v1"}, 1)
    (revoked,) = do(app, REVOKE, 2)
    assert isinstance(granted.data, AwardGranted)
    assert granted.data.evidence == (ID,)
    assert isinstance(revoked.data, AwardRevoked)
    assert revoked.vendor == "v1"


def test_an_appeal_needs_a_reason() -> None:
    with pytest.raises(Refused, match="a reason is needed"):
        do(given(ASSESS), {**APPEAL, "reason": ""}, 5)
    (event,) = do(given(ASSESS), APPEAL, 5)
    assert isinstance(event.data, PenaltyAppealed)
