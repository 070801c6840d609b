"""penalty 扣罚: money taken by a contract rule. Subject = penalty id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from opsledger.domain.events.evidence import EvidenceOf
from opsledger.domain.fields import Amount, Currency, EventIds, Month, Name, Text

Party = Literal["vendor", "agent"]


@dataclass(frozen=True, slots=True)
class PenaltyAssessed:
    """A rule takes money from a vendor or an agent; evidence = event ids, ``sources`` whose they are, in the same order."""

    TYPE: ClassVar[str] = "penalty.assessed"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "扣罚认定"
    DECISION: ClassVar[bool] = True

    contract: Name
    rule: Name
    party: Party
    party_id: Name
    quantity: Amount
    unit_amount: Amount
    amount: Amount
    currency: Currency
    period: Month
    evidence: EventIds
    sources: tuple[EvidenceOf, ...] | None = None


@dataclass(frozen=True, slots=True)
class PenaltyAppealed:
    """The party objects."""

    TYPE: ClassVar[str] = "penalty.appealed"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "扣罚申诉"
    DECISION: ClassVar[bool] = True

    reason: Text


@dataclass(frozen=True, slots=True)
class PenaltyUpheld:
    """The objection is turned down."""

    TYPE: ClassVar[str] = "penalty.upheld"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "维持扣罚"
    DECISION: ClassVar[bool] = True

    reason: Text


@dataclass(frozen=True, slots=True)
class PenaltyReduced:
    """The amount is lowered."""

    TYPE: ClassVar[str] = "penalty.reduced"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "减轻扣罚"
    DECISION: ClassVar[bool] = True

    amount: Amount
    reason: Text


@dataclass(frozen=True, slots=True)
class PenaltyWaived:
    """Nothing is to be paid."""

    TYPE: ClassVar[str] = "penalty.waived"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "免除扣罚"
    DECISION: ClassVar[bool] = True

    reason: Text


@dataclass(frozen=True, slots=True)
class PenaltySettled:
    """The amount went into a closed statement."""

    TYPE: ClassVar[str] = "penalty.settled"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "扣罚结算"
    DECISION: ClassVar[bool] = True

    period: Month
