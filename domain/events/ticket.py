"""ticket 工单: work handed on to a department. Subject = ticket id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from opsledger.domain.fields import Flag, Name, Text, Time

TicketKind = Literal["request", "complaint", "fault", "other"]


@dataclass(frozen=True, slots=True)
class TicketOpened:
    """Work is written down to be handed on."""

    TYPE: ClassVar[str] = "ticket.opened"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "工单创建"
    DECISION: ClassVar[bool] = False

    kind: TicketKind
    category: Name
    priority: Name
    department: Name | None = None
    call: Name | None = None
    customer: Name | None = None
    due_at: Time | None = None


@dataclass(frozen=True, slots=True)
class TicketDispatched:
    """The ticket goes to a department, perhaps to a person."""

    TYPE: ClassVar[str] = "ticket.dispatched"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "派单"
    DECISION: ClassVar[bool] = False

    department: Name
    assignee: Name | None = None
    due_at: Time | None = None


@dataclass(frozen=True, slots=True)
class TicketAccepted:
    """The department took the ticket."""

    TYPE: ClassVar[str] = "ticket.accepted"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "接单"
    DECISION: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class TicketReturned:
    """The department gave the ticket back."""

    TYPE: ClassVar[str] = "ticket.returned"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "退单"
    DECISION: ClassVar[bool] = False

    reason: Text


@dataclass(frozen=True, slots=True)
class TicketLocked:
    """Nobody else may work on the ticket."""

    TYPE: ClassVar[str] = "ticket.locked"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "锁定"
    DECISION: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class TicketUnlocked:
    """The ticket is free again."""

    TYPE: ClassVar[str] = "ticket.unlocked"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "解除锁定"
    DECISION: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class TicketUrged:
    """The customer asked when it will be done."""

    TYPE: ClassVar[str] = "ticket.urged"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "催单"
    DECISION: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class TicketResolved:
    """The work is done."""

    TYPE: ClassVar[str] = "ticket.resolved"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "工单完成"
    DECISION: ClassVar[bool] = False

    outcome: Name


@dataclass(frozen=True, slots=True)
class TicketChecked:
    """A checker judged how the ticket was handled."""

    TYPE: ClassVar[str] = "ticket.checked"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "工单核查"
    DECISION: ClassVar[bool] = False

    accurate: Flag
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class TicketReopened:
    """The work was not done after all."""

    TYPE: ClassVar[str] = "ticket.reopened"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "重开"
    DECISION: ClassVar[bool] = False

    reason: Text


@dataclass(frozen=True, slots=True)
class TicketCancelled:
    """The customer no longer wants it."""

    TYPE: ClassVar[str] = "ticket.cancelled"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "取消"
    DECISION: ClassVar[bool] = False

    reason: Text


@dataclass(frozen=True, slots=True)
class TicketVoided:
    """The ticket should not have been opened."""

    TYPE: ClassVar[str] = "ticket.voided"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "作废"
    DECISION: ClassVar[bool] = False

    reason: Text
