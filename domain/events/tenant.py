"""tenant 甲方: the company that owns the hotlines. Subject = tenant id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from opsledger.domain.fields import Count, Currency, Document, Name, Time


@dataclass(frozen=True, slots=True)
class TenantConfigured:
    """Zone, calendar, opening hours per hotline, currency, seats and targets from a time on."""

    TYPE: ClassVar[str] = "tenant.configured"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "租户配置"
    DECISION: ClassVar[bool] = False

    zone: Name
    effective_from: Time
    calendar: Document | None = None
    opening_hours: Document | None = None
    currency: Currency | None = None
    seats: Count | None = None
    targets: Document | None = None
