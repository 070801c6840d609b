"""award 奖励: money given to an agent by a contract rule. Subject = award id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from opsledger.domain.events.evidence import EvidenceOf
from opsledger.domain.fields import Amount, EventIds, Month, Name, Text


@dataclass(frozen=True, slots=True)
class AwardGranted:
    """A rule gives money to an agent; ``sources`` says whose the events of its evidence are, in the same order."""

    TYPE: ClassVar[str] = "award.granted"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "奖励授予"
    DECISION: ClassVar[bool] = True

    contract: Name
    rule: Name
    agent: Name
    amount: Amount
    period: Month
    evidence: EventIds
    sources: tuple[EvidenceOf, ...] | None = None


@dataclass(frozen=True, slots=True)
class AwardRevoked:
    """The award is taken back."""

    TYPE: ClassVar[str] = "award.revoked"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "奖励撤销"
    DECISION: ClassVar[bool] = True

    reason: Text
