"""report 报表: a report handed in. Subject = report name and period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from opsledger.domain.fields import Month, Name


@dataclass(frozen=True, slots=True)
class ReportSubmitted:
    """A report that the contract asks for was handed in."""

    TYPE: ClassVar[str] = "report.submitted"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "报表提交"
    DECISION: ClassVar[bool] = False

    report: Name
    period: Month
