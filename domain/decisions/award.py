"""award 奖励: granted once with what it is for, and taken back at most once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from opsledger.domain.decisions.base import Command, Known, Made, Outcome, Refusal, Rules
from opsledger.domain.decisions.evidence import events_behind
from opsledger.domain.envelope import IN_HOUSE, Event
from opsledger.domain.events.award import AwardGranted, AwardRevoked
from opsledger.domain.fields import Amount, EventIds, Month, Name, Text


@dataclass(frozen=True, slots=True)
class GrantAward:
    """A contract's rule gives an agent money (or points); ``about`` = ``call/c-17``: the thing that it is for, if one;
    ``evidence``: the events, by id, of ``source`` where several sources have events of these ids."""

    NAME: ClassVar[str] = "award.grant"

    contract: Name
    rule: Name
    agent: Name
    amount: Amount
    period: Month
    about: Name | None = None
    evidence: EventIds | None = None
    source: Name | None = None
    vendor: Name | None = None


@dataclass(frozen=True, slots=True)
class RevokeAward:
    """The award is taken back."""

    NAME: ClassVar[str] = "award.revoke"

    reason: Text


COMMANDS = (GrantAward, RevokeAward)


@dataclass(frozen=True, slots=True)
class Award:
    """Whether it was granted, for which vendor's agent, and whether it was taken back."""

    granted: bool = False
    revoked: bool = False
    vendor: str = IN_HOUSE


def evolve(state: Award, event: Event) -> Award:
    """The state after one more event of the award."""
    if isinstance(event.data, AwardGranted):
        return Award(granted=True, vendor=event.vendor)
    return replace(state, revoked=True) if isinstance(event.data, AwardRevoked) else state


def decide(command: Command, state: Award, known: Known) -> Outcome:
    """What follows from a command about an award."""
    match command.body:
        case GrantAward() as body:
            return _grant(command, body, state, known)
        case RevokeAward(reason=reason):
            if not state.granted or state.revoked:
                return Refusal("it was taken back already" if state.revoked else "no such award has been granted")
            return Made((AwardRevoked(reason),), state.vendor) if reason.strip() else Refusal("a reason is needed")
    return Refusal(f"an award cannot '{command.name}'")


def _grant(command: Command, body: GrantAward, state: Award, known: Known) -> Outcome:
    if state.granted:
        return Refusal("it has been granted already")
    if body.amount <= 0:
        return Refusal("the amount has to be more than 0")
    behind = events_behind(command.tenant, body, known)
    if isinstance(behind, Refusal):
        return behind
    data = AwardGranted(body.contract, body.rule, body.agent, body.amount, body.period, behind.ids, behind.sources)
    return Made((data,), body.vendor or IN_HOUSE)


RULES = Rules(Award(), decide, evolve)
