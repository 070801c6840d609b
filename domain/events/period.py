"""period 结算期: a calendar month of one contract. Subject = contract id / month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from opsledger.domain.fields import Amount, EventIds, Month, Name, Text, Time


@dataclass(frozen=True, slots=True)
class PeriodClosed:
    """Cutoff and digest are frozen by two people."""

    TYPE: ClassVar[str] = "period.closed"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "结算期关闭"
    DECISION: ClassVar[bool] = True

    contract: Name
    month: Month
    cutoff: Time
    statement_digest: Name
    maker: Name
    checker: Name


@dataclass(frozen=True, slots=True)
class PeriodAdjusted:
    """Late events changed what a closed month would have been."""

    TYPE: ClassVar[str] = "period.adjusted"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "结算期调整"
    DECISION: ClassVar[bool] = True

    contract: Name
    month: Month
    late_events: EventIds
    amount: Amount


@dataclass(frozen=True, slots=True)
class PeriodReopened:
    """A closed month is opened again."""

    TYPE: ClassVar[str] = "period.reopened"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "结算期重开"
    DECISION: ClassVar[bool] = True

    reason: Text
    by: Name
