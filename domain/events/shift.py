"""shift 班次: an agent's planned and real working time. Subject = shift id, or agent and day where none is planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from opsledger.domain.fields import Name, Time

AgentState = Literal["idle", "ringing", "talking", "holding", "wrap_up", "busy", "break", "training", "meeting", "away"]
ExcuseKind = Literal["leave", "sick", "training"]


@dataclass(frozen=True, slots=True)
class ShiftScheduled:
    """An agent is to work from a time to a time."""

    TYPE: ClassVar[str] = "shift.scheduled"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "排班"
    DECISION: ClassVar[bool] = False

    agent: Name
    team: Name
    starts_at: Time
    ends_at: Time


@dataclass(frozen=True, slots=True)
class ShiftSignedIn:
    """The agent signs in."""

    TYPE: ClassVar[str] = "shift.signed_in"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "签入"
    DECISION: ClassVar[bool] = False

    agent: Name
    queue: Name | None = None


@dataclass(frozen=True, slots=True)
class ShiftStateChanged:
    """The agent's state changes; the reason is the pause code."""

    TYPE: ClassVar[str] = "shift.state_changed"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "状态变更"
    DECISION: ClassVar[bool] = False

    agent: Name
    state: AgentState
    reason: Name | None = None


@dataclass(frozen=True, slots=True)
class ShiftSignedOut:
    """The agent signs out."""

    TYPE: ClassVar[str] = "shift.signed_out"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "签出"
    DECISION: ClassVar[bool] = False

    agent: Name
    queue: Name | None = None


@dataclass(frozen=True, slots=True)
class ShiftExcused:
    """The agent need not come, for a reason on record."""

    TYPE: ClassVar[str] = "shift.excused"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "请假"
    DECISION: ClassVar[bool] = False

    agent: Name
    kind: ExcuseKind
