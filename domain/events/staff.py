"""staff 人员: who works here. Subject = agent id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from opsledger.domain.fields import Name, Text


@dataclass(frozen=True, slots=True)
class StaffJoined:
    """A person joins a team."""

    TYPE: ClassVar[str] = "staff.joined"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "入职"
    DECISION: ClassVar[bool] = False

    team: Name
    name: Name | None = None
    staff_number: Name | None = None
    extension: Name | None = None


@dataclass(frozen=True, slots=True)
class StaffMoved:
    """A person changes team."""

    TYPE: ClassVar[str] = "staff.moved"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "调组"
    DECISION: ClassVar[bool] = False

    team: Name


@dataclass(frozen=True, slots=True)
class StaffLeft:
    """A person leaves."""

    TYPE: ClassVar[str] = "staff.left"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "离职"
    DECISION: ClassVar[bool] = False

    reason: Text
