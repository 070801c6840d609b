"""What became of each event of a request, and how the client is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from opsledger.domain.dead_letters import Outcome
from opsledger.domain.envelope import Position


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of one event: accepted has a place, dead a reason and the id of its letter, duplicate nothing more."""

    outcome: Outcome
    position: Position | None = None
    reason: str = ""
    detail: str = ""
    letter: UUID | None = None

    def told(self) -> dict[str, Any]:
        """As JSON; what is empty is left out."""
        told: dict[str, Any] = {"status": str(self.outcome)}
        if self.position is not None:
            at = self.position
            told["position"] = {"topic": at.topic, "partition": at.partition, "offset": at.offset}
        if self.letter is not None:
            told |= {"reason": self.reason, "detail": self.detail, "dead_letter": str(self.letter)}
        return told


def told_batch(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The counts, which add up (read = accepted + duplicate + dead), and each event's end in the order of the batch."""
    counts = {str(outcome): sum(v.outcome is outcome for v in verdicts) for outcome in Outcome}
    return {"read": len(verdicts), **counts, "events": [verdict.told() for verdict in verdicts]}
