"""callback 回访: a promise to call a customer by a time. Subject = callback id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from opsledger.domain.fields import Flag, Name, Text, Time

Purpose = Literal["complaint", "new_install", "relocation", "repair", "voicemail", "promise", "survey"]
AttemptOutcome = Literal["reached", "no_answer", "refused", "wrong_number"]


@dataclass(frozen=True, slots=True)
class CallbackRequested:
    """Somebody is to be called by a time."""

    TYPE: ClassVar[str] = "callback.requested"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "回访登记"
    DECISION: ClassVar[bool] = False

    purpose: Purpose
    customer: Name
    due_at: Time
    agent: Name | None = None
    call: Name | None = None
    ticket: Name | None = None
    complaint: Name | None = None


@dataclass(frozen=True, slots=True)
class CallbackAttempted:
    """The customer was dialled."""

    TYPE: ClassVar[str] = "callback.attempted"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "回访拨打"
    DECISION: ClassVar[bool] = False

    agent: Name
    outcome: AttemptOutcome
    call: Name | None = None


@dataclass(frozen=True, slots=True)
class CallbackCompleted:
    """The promise was kept."""

    TYPE: ClassVar[str] = "callback.completed"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "回访完成"
    DECISION: ClassVar[bool] = False

    agent: Name
    satisfied: Flag | None = None


@dataclass(frozen=True, slots=True)
class CallbackChecked:
    """A checker judged the callback."""

    TYPE: ClassVar[str] = "callback.checked"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "回访核查"
    DECISION: ClassVar[bool] = False

    accurate: Flag


@dataclass(frozen=True, slots=True)
class CallbackCancelled:
    """No call is needed any more."""

    TYPE: ClassVar[str] = "callback.cancelled"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "回访取消"
    DECISION: ClassVar[bool] = False

    reason: Text
