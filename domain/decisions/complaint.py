"""complaint 投诉判定: who is liable and how severely is ruled once; only a reopened complaint is judged again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from opsledger.domain.decisions.base import Command, ComplaintFacts, Known, Made, Outcome, Refusal, Rules
from opsledger.domain.envelope import Event
from opsledger.domain.events.complaint import ComplaintAdjudicated, Severity
from opsledger.domain.fields import Flag, Name, Text
from opsledger.domain.plain import time_text


@dataclass(frozen=True, slots=True)
class AdjudicateComplaint:
    """The complaints desk rules. Without an agent, the one named when the complaint was filed stands."""

    NAME: ClassVar[str] = "complaint.adjudicate"

    liable: Flag
    severity: Severity
    reason: Text
    agent: Name | None = None


@dataclass(frozen=True, slots=True)
class Adjudication:
    """Whether, when (UTC) and by whom it was ruled last."""

    at: datetime | None = None
    by: str = ""


def evolve(state: Adjudication, event: Event) -> Adjudication:
    """The state after one more event of the complaint."""
    return Adjudication(event.occurred_at, event.actor) if isinstance(event.data, ComplaintAdjudicated) else state


def decide(command: Command, state: Adjudication, known: Known) -> Outcome:
    """What follows from a command about a complaint."""
    body, facts = command.body, known.complaint(command.tenant, command.subject)
    if not isinstance(body, AdjudicateComplaint):
        return Refusal(f"a complaint cannot '{command.name}'")
    if not body.reason.strip():
        return Refusal("a reason is needed to adjudicate a complaint")
    if facts is None:
        return Refusal(f"no complaint '{command.subject}' of tenant '{command.tenant}' has been filed in the ledger")
    if reason := _not_now(command, state, facts):
        return Refusal(reason)
    agent = body.agent or facts.agent or None
    return Made((ComplaintAdjudicated(body.liable, body.severity, body.reason, agent),), facts.vendor)


def _not_now(command: Command, state: Adjudication, facts: ComplaintFacts) -> str:
    reopened = facts.reopened_at
    if command.at < facts.filed_at:
        return f"the complaint was filed at {time_text(facts.filed_at)}, after the time of this ruling"
    if facts.withdrawn_at is not None and (reopened is None or reopened < facts.withdrawn_at):
        return f"the complaint was withdrawn at {time_text(facts.withdrawn_at)}"
    if state.at is not None and (reopened is None or reopened <= state.at):
        return f"it was adjudicated by '{state.by}' at {time_text(state.at)} and has not been reopened since"
    return ""


RULES = Rules(Adjudication(), decide, evolve)
