"""penalty 扣罚: assessed once with its evidence, appealed once, then upheld, reduced or waived by a second person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar

from opsledger.domain.decisions.base import Command, Known, Made, Outcome, Refusal, Rules
from opsledger.domain.decisions.evidence import events_behind
from opsledger.domain.envelope import IN_HOUSE, Event
from opsledger.domain.events.penalty import (
    Party,
    PenaltyAppealed,
    PenaltyAssessed,
    PenaltyReduced,
    PenaltySettled,
    PenaltyUpheld,
    PenaltyWaived,
)
from opsledger.domain.fields import Amount, Currency, EventIds, Month, Name, Text
from opsledger.domain.money import to_money

NONE, ASSESSED, APPEALED, UPHELD, REDUCED, WAIVED, SETTLED = (
    "not assessed",
    "assessed",
    "appealed",
    "upheld",
    "reduced",
    "waived",
    "settled",
)


@dataclass(frozen=True, slots=True)
class AssessPenalty:
    """A contract's rule takes ``quantity`` × ``unit_amount`` from a party.

    The events behind it are named by id (of ``source``, where several sources have events of these ids), or as all that the
    ledger knows of one thing: ``about`` = ``complaint/cp-17``.
    ``vendor``: whose agent it is, where the party is an agent.
    """

    NAME: ClassVar[str] = "penalty.assess"

    contract: Name
    rule: Name
    party: Party
    party_id: Name
    quantity: Amount
    unit_amount: Amount
    currency: Currency
    period: Month
    about: Name | None = None
    evidence: EventIds | None = None
    source: Name | None = None
    vendor: Name | None = None


@dataclass(frozen=True, slots=True)
class AppealPenalty:
    """The party objects."""

    NAME: ClassVar[str] = "penalty.appeal"

    reason: Text


@dataclass(frozen=True, slots=True)
class UpholdPenalty:
    """The objection is turned down."""

    NAME: ClassVar[str] = "penalty.uphold"

    reason: Text


@dataclass(frozen=True, slots=True)
class ReducePenalty:
    """A smaller amount is to be paid."""

    NAME: ClassVar[str] = "penalty.reduce"

    amount: Amount
    reason: Text


@dataclass(frozen=True, slots=True)
class WaivePenalty:
    """Nothing is to be paid."""

    NAME: ClassVar[str] = "penalty.waive"

    reason: Text


COMMANDS = (AssessPenalty, AppealPenalty, UpholdPenalty, ReducePenalty, WaivePenalty)


@dataclass(frozen=True, slots=True)
class Penalty:
    """Where a penalty stands: its state, what is to be paid, who assessed it and for which vendor."""

    state: str = NONE
    amount: Decimal = Decimal(0)
    assessed_by: str = ""
    vendor: str = IN_HOUSE


def evolve(state: Penalty, event: Event) -> Penalty:
    """The state after one more event of the penalty."""
    match event.data:
        case PenaltyAssessed(amount=amount):
            return Penalty(ASSESSED, amount, event.actor, event.vendor)
        case PenaltyAppealed():
            return replace(state, state=APPEALED)
        case PenaltyUpheld():
            return replace(state, state=UPHELD)
        case PenaltyReduced(amount=amount):
            return replace(state, state=REDUCED, amount=amount)
        case PenaltyWaived():
            return replace(state, state=WAIVED, amount=Decimal(0))
        case PenaltySettled():
            return replace(state, state=SETTLED)
    return state


def decide(command: Command, state: Penalty, known: Known) -> Outcome:
    """What follows from a command about a penalty."""
    if isinstance(command.body, AssessPenalty):
        return _assess(command, command.body, state, known)
    return _judge(command, state)


def _assess(command: Command, body: AssessPenalty, state: Penalty, known: Known) -> Outcome:
    if state.state != NONE:
        return Refusal(f"it was assessed by '{state.assessed_by}' and is {state.state}")
    if body.quantity <= 0 or body.unit_amount <= 0:
        return Refusal("quantity and unit amount have to be more than 0")
    behind = events_behind(command.tenant, body, known)
    if isinstance(behind, Refusal):
        return behind
    if not behind.ids:  # every yuan has some
        return Refusal("a penalty needs the events behind it: evidence=[ids], or about=<stream>/<id>")
    amount = to_money(body.quantity * body.unit_amount)
    vendor = body.party_id if body.party == "vendor" else body.vendor or IN_HOUSE
    shared = (body.contract, body.rule, body.party, body.party_id, body.quantity, body.unit_amount)
    data = PenaltyAssessed(*shared, amount, body.currency, body.period, behind.ids, behind.sources)
    return Made((data,), vendor)


_NEXT = {
    "penalty.appeal": (ASSESSED,),
    "penalty.uphold": (APPEALED,),
    "penalty.reduce": (ASSESSED, APPEALED, UPHELD),
    "penalty.waive": (ASSESSED, APPEALED, UPHELD, REDUCED),
}
"""Command → the states that it may follow."""


def _judge(command: Command, state: Penalty) -> Outcome:
    if command.name not in _NEXT:
        return Refusal(f"a penalty cannot '{command.name}'")
    if state.state not in _NEXT[command.name]:
        return Refusal(f"it is {state.state}; that may only follow when it is {' or '.join(_NEXT[command.name])}")
    match command.body:
        case AppealPenalty(reason=reason):
            return Made((PenaltyAppealed(reason),), state.vendor) if reason.strip() else _NO_REASON
        case UpholdPenalty(reason=reason):
            return _second(command, state) or _reasoned(PenaltyUpheld(reason), reason, state)
        case WaivePenalty(reason=reason):
            return _second(command, state) or _reasoned(PenaltyWaived(reason), reason, state)
        case ReducePenalty(amount=amount, reason=reason):
            if not 0 < amount < state.amount:
                return Refusal(f"the new amount has to be more than 0 and less than {state.amount}")
            return _second(command, state) or _reasoned(PenaltyReduced(amount, reason), reason, state)
    return Refusal(f"a penalty cannot '{command.name}'")


_NO_REASON = Refusal("a reason is needed")


def _second(command: Command, state: Penalty) -> Refusal | None:
    if command.actor != state.assessed_by:
        return None
    return Refusal(f"'{command.actor}' assessed this penalty and may not judge it; a second person is needed")


def _reasoned(data: PenaltyUpheld | PenaltyWaived | PenaltyReduced, reason: str, state: Penalty) -> Outcome:
    return Made((data,), state.vendor) if reason.strip() else _NO_REASON


RULES = Rules(Penalty(), decide, evolve)
