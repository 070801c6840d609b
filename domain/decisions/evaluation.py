"""evaluation 评分审批: a second person makes a score count; whoever gave it, or is judged by it, may not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from opsledger.domain.decisions.base import Command, EvaluationFacts, Known, Made, Outcome, Refusal, Rules
from opsledger.domain.envelope import Event
from opsledger.domain.events.evaluation import EvaluationApproved
from opsledger.domain.plain import time_text


@dataclass(frozen=True, slots=True)
class ApproveEvaluation:
    """The score counts from now on; the actor of the command is the one who approves."""

    NAME: ClassVar[str] = "evaluation.approve"


@dataclass(frozen=True, slots=True)
class Approval:
    """Whether, when (UTC) and by whom it was approved last."""

    at: datetime | None = None
    by: str = ""


def evolve(state: Approval, event: Event) -> Approval:
    """The state after one more event of the evaluation."""
    return Approval(event.occurred_at, event.data.by) if isinstance(event.data, EvaluationApproved) else state


def decide(command: Command, state: Approval, known: Known) -> Outcome:
    """What follows from a command about an evaluation."""
    facts = known.evaluation(command.tenant, command.subject)
    if not isinstance(command.body, ApproveEvaluation):
        return Refusal(f"an evaluation cannot '{command.name}'")
    if facts is None:
        return Refusal(f"no evaluation '{command.subject}' of tenant '{command.tenant}' is in the ledger")
    if reason := _not_by(command.actor, facts) or _not_now(command, state, facts):
        return Refusal(reason)
    return Made((EvaluationApproved(command.actor),), facts.vendor)


def _not_by(actor: str, facts: EvaluationFacts) -> str:
    if not facts.evaluator:
        return "the ledger does not hold who evaluated it, so nobody can be told apart from the evaluator"
    if actor == facts.evaluator:
        return f"'{actor}' gave this score and may not approve it; a second person is needed"
    return f"'{actor}' is the agent who was evaluated and may not approve the score" if actor == facts.agent else ""


def _not_now(command: Command, state: Approval, facts: EvaluationFacts) -> str:
    if facts.scored_at is None:
        return "it has not been scored"
    if state.at is not None and facts.scored_at <= state.at:
        return f"it was approved by '{state.by}' at {time_text(state.at)} and has not been re-scored since"
    if command.at < facts.scored_at:
        return f"the score was given at {time_text(facts.scored_at)}, after the time of this approval"
    return ""


RULES = Rules(Approval(), decide, evolve)
