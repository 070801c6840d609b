"""complaint 投诉: filed by a customer, then judged here. Subject = complaint id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from opsledger.domain.fields import Flag, Name, Text

Channel = Literal["phone", "chat", "email", "letter", "fax", "web"]
Severity = Literal["minor", "general", "severe"]


@dataclass(frozen=True, slots=True)
class ComplaintFiled:
    """A customer complains; ``internal`` = about an agent's own service."""

    TYPE: ClassVar[str] = "complaint.filed"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "投诉登记"
    DECISION: ClassVar[bool] = False

    channel: Channel
    business: Name
    content: Text
    internal: Flag
    customer: Name | None = None
    agent: Name | None = None
    department: Name | None = None
    call: Name | None = None


@dataclass(frozen=True, slots=True)
class ComplaintInvestigated:
    """What was found out."""

    TYPE: ClassVar[str] = "complaint.investigated"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "投诉调查"
    DECISION: ClassVar[bool] = False

    findings: Text


@dataclass(frozen=True, slots=True)
class ComplaintAdjudicated:
    """The complaints desk rules who is liable and how severe it is."""

    TYPE: ClassVar[str] = "complaint.adjudicated"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "投诉判定"
    DECISION: ClassVar[bool] = True

    liable: Flag
    severity: Severity
    reason: Text
    agent: Name | None = None


@dataclass(frozen=True, slots=True)
class ComplaintResolved:
    """The customer was answered."""

    TYPE: ClassVar[str] = "complaint.resolved"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "投诉处理完成"
    DECISION: ClassVar[bool] = False

    outcome: Name
    satisfied: Flag | None = None


@dataclass(frozen=True, slots=True)
class ComplaintReopened:
    """The customer was not content with the answer."""

    TYPE: ClassVar[str] = "complaint.reopened"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "投诉重开"
    DECISION: ClassVar[bool] = False

    reason: Text


@dataclass(frozen=True, slots=True)
class ComplaintWithdrawn:
    """The customer takes the complaint back."""

    TYPE: ClassVar[str] = "complaint.withdrawn"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "撤诉"
    DECISION: ClassVar[bool] = False

    reason: Text
