"""contract 合同: signed once, amended while it runs, ended once. Terms that cannot be read are refused here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from opsledger.domain.decisions.base import QUIET, Command, Known, Made, Outcome, Refusal, Rules
from opsledger.domain.envelope import IN_HOUSE, Event
from opsledger.domain.errors import UserError
from opsledger.domain.events.contract import ContractAmended, ContractEnded, ContractSigned
from opsledger.domain.fields import Document, Name, Text, Time
from opsledger.domain.plain import time_text
from opsledger.domain.terms import Terms, read_terms


@dataclass(frozen=True, slots=True)
class SignContract:
    """A vendor is taken on under terms that hold from a time."""

    NAME: ClassVar[str] = "contract.sign"

    vendor: Name
    terms: Document
    effective_from: Time


@dataclass(frozen=True, slots=True)
class AmendContract:
    """Other terms hold from a time on."""

    NAME: ClassVar[str] = "contract.amend"

    terms: Document
    effective_from: Time


@dataclass(frozen=True, slots=True)
class EndContract:
    """The contract ends now."""

    NAME: ClassVar[str] = "contract.end"

    reason: Text


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a contract's terms; ``number`` counts from 1 in the order of the decisions."""

    number: int
    terms: dict[str, Any]
    effective_from: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class ContractState:
    """A contract as its events leave it; ``vendor`` is empty until it is signed."""

    contract: str = ""
    vendor: str = ""
    versions: tuple[Version, ...] = ()
    ended_at: datetime | None = None


def evolve(state: ContractState, event: Event) -> ContractState:
    """The state after one more event of the contract."""
    data = event.data
    if isinstance(data, ContractSigned):
        first = Version(1, data.terms, data.effective_from, event.event_id)
        return ContractState(event.subject, data.vendor, (first,))
    if isinstance(data, ContractAmended):
        number = len(state.versions) + 1
        return replace(state, versions=(*state.versions, Version(number, data.terms, data.effective_from, event.event_id)))
    return replace(state, ended_at=event.occurred_at) if isinstance(data, ContractEnded) else state


def decide(command: Command, state: ContractState, known: Known) -> Outcome:
    """What follows from a command about a contract."""
    del known  # a contract depends on nothing but itself
    body = command.body
    if isinstance(body, SignContract):
        return _sign(body, state)
    if not state.vendor:
        return Refusal(f"contract '{command.subject}' has not been signed")
    if state.ended_at is not None:
        return Refusal(f"contract '{command.subject}' ended at {time_text(state.ended_at)}")
    if isinstance(body, AmendContract):
        return _amend(body, state)
    return _end(body, state) if isinstance(body, EndContract) else Refusal(f"a contract cannot '{command.name}'")


def _sign(body: SignContract, state: ContractState) -> Outcome:
    if state.vendor:
        return Refusal(f"contract '{state.contract}' is signed already, with vendor '{state.vendor}'; amend it instead")
    if body.vendor == IN_HOUSE:
        return Refusal(f"'{IN_HOUSE}' stands for no vendor; name the company that staffs the desk")
    terms = _readable(body.terms)
    if isinstance(terms, Refusal):
        return terms
    return Made((ContractSigned(body.vendor, body.terms, body.effective_from),), body.vendor)


def _amend(body: AmendContract, state: ContractState) -> Outcome:
    first, last = state.versions[0], state.versions[-1]
    if body.effective_from < first.effective_from:
        began = time_text(first.effective_from)
        return Refusal(f"the amendment would hold from before the contract itself, which began at {began}")
    if (body.terms, body.effective_from) == (last.terms, last.effective_from):
        return QUIET
    terms = _readable(body.terms)
    if isinstance(terms, Refusal):
        return terms
    old = read_terms(first.terms)
    if (terms.currency, terms.zone) != (old.currency, old.zone):
        return Refusal("an amendment cannot change the currency or the zone; end the contract and sign another")
    return Made((ContractAmended(body.terms, body.effective_from),), state.vendor)


def _end(body: EndContract, state: ContractState) -> Outcome:
    if not body.reason.strip():
        return Refusal("a reason is needed to end a contract")
    return Made((ContractEnded(body.reason),), state.vendor)


def _readable(terms: dict[str, Any]) -> Terms | Refusal:
    try:
        return read_terms(terms)
    except UserError as error:
        return Refusal(f"the terms cannot be carried out: {error}")


RULES = Rules(ContractState(), decide, evolve)
