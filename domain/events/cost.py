"""cost 成本: what running the centre cost. Subject = cost id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from opsledger.domain.fields import Amount, Currency, Month, Name


@dataclass(frozen=True, slots=True)
class CostRecorded:
    """A cost of a month."""

    TYPE: ClassVar[str] = "cost.recorded"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "成本登记"
    DECISION: ClassVar[bool] = False

    kind: Name
    amount: Amount
    currency: Currency
    period: Month
