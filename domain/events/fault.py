"""fault 故障: a system outage, from raised to cleared. Subject = fault id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from opsledger.domain.fields import Name

FaultSeverity = Literal["minor", "major", "critical"]


@dataclass(frozen=True, slots=True)
class FaultRaised:
    """A system stops working as it should."""

    TYPE: ClassVar[str] = "fault.raised"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "故障发生"
    DECISION: ClassVar[bool] = False

    system: Name
    kind: Name
    severity: FaultSeverity


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """It works again."""

    TYPE: ClassVar[str] = "fault.cleared"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "故障恢复"
    DECISION: ClassVar[bool] = False
