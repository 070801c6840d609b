"""call 通话: one contact from first ring to last wrap-up, on any channel. Subject = call id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from opsledger.domain.fields import Flag, Millis, Name, Rank, Score, Time

Direction = Literal["inbound", "outbound"]
Channel = Literal["phone", "chat", "email", "letter", "fax", "web"]
IvrOutcome = Literal["self_served", "to_queue", "voicemail", "hung_up"]
MissReason = Literal["no_answer", "rejected"]
TransferTarget = Literal["agent", "queue", "external", "ivr"]
TransferMode = Literal["blind", "attended"]
LeaveReason = Literal[
    "abandoned",
    "timeout",
    "key",
    "join_empty",
    "leave_empty",
    "full",
    "closed",
    "diverted",
    "callback",
    "withdrawn",
    "system",
]
EndedBy = Literal["customer", "agent", "system"]
Nature = Literal["consult", "request", "complaint", "fault", "other"]


@dataclass(frozen=True, slots=True)
class CallOffered:
    """A contact reaches the centre (inbound) or is dialled by it (outbound); with the campaign that it belongs to, if any."""

    TYPE: ClassVar[str] = "call.offered"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "来电/外呼发起"
    DECISION: ClassVar[bool] = False

    direction: Direction
    channel: Channel
    hotline: Name
    customer: Name | None = None
    campaign: Name | None = None


@dataclass(frozen=True, slots=True)
class CallIvrEntered:
    """The contact enters a flow of the voice menu."""

    TYPE: ClassVar[str] = "call.ivr_entered"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "进入IVR"
    DECISION: ClassVar[bool] = False

    flow: Name


@dataclass(frozen=True, slots=True)
class CallIvrSelected:
    """The caller reaches a node, with the key pressed where there is one."""

    TYPE: ClassVar[str] = "call.ivr_selected"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "IVR选择"
    DECISION: ClassVar[bool] = False

    node: Name
    input: Name | None = None


@dataclass(frozen=True, slots=True)
class CallIvrLeft:
    """The contact leaves the voice menu."""

    TYPE: ClassVar[str] = "call.ivr_left"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "离开IVR"
    DECISION: ClassVar[bool] = False

    outcome: IvrOutcome


@dataclass(frozen=True, slots=True)
class CallConnected:
    """Outbound: the customer answered."""

    TYPE: ClassVar[str] = "call.connected"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "外呼接通"
    DECISION: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class CallQueued:
    """The contact starts to wait in a queue for a person."""

    TYPE: ClassVar[str] = "call.queued"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "进入排队"
    DECISION: ClassVar[bool] = False

    queue: Name
    priority: Rank | None = None
    position: Rank | None = None


@dataclass(frozen=True, slots=True)
class CallRung:
    """An agent's telephone starts to ring."""

    TYPE: ClassVar[str] = "call.rung"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "振铃"
    DECISION: ClassVar[bool] = False

    agent: Name


@dataclass(frozen=True, slots=True)
class CallRingMissed:
    """It rang at an agent and was not taken."""

    TYPE: ClassVar[str] = "call.ring_missed"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "振铃未接"
    DECISION: ClassVar[bool] = False

    agent: Name
    ring_ms: Millis
    reason: MissReason


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """An agent takes the contact; with a queue where it came out of one."""

    TYPE: ClassVar[str] = "call.answered"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "人工应答"
    DECISION: ClassVar[bool] = False

    agent: Name
    queue: Name | None = None


@dataclass(frozen=True, slots=True)
class CallHeld:
    """The agent puts the customer on hold."""

    TYPE: ClassVar[str] = "call.held"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "保持"
    DECISION: ClassVar[bool] = False

    agent: Name


@dataclass(frozen=True, slots=True)
class CallResumed:
    """The agent takes the customer off hold."""

    TYPE: ClassVar[str] = "call.resumed"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "恢复通话"
    DECISION: ClassVar[bool] = False

    agent: Name


@dataclass(frozen=True, slots=True)
class CallTransferred:
    """An agent passes the contact on."""

    TYPE: ClassVar[str] = "call.transferred"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "转接"
    DECISION: ClassVar[bool] = False

    from_agent: Name
    to_kind: TransferTarget
    to: Name
    mode: TransferMode


@dataclass(frozen=True, slots=True)
class CallConferenced:
    """An agent brings a further party in."""

    TYPE: ClassVar[str] = "call.conferenced"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "三方通话"
    DECISION: ClassVar[bool] = False

    agent: Name
    party: Name


@dataclass(frozen=True, slots=True)
class CallReleased:
    """This agent left the call: transfer, conference left or hang-up."""

    TYPE: ClassVar[str] = "call.released"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "座席离开通话"
    DECISION: ClassVar[bool] = False

    agent: Name


@dataclass(frozen=True, slots=True)
class CallLeftQueue:
    """The contact leaves a queue without an answer."""

    TYPE: ClassVar[str] = "call.left_queue"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "离开排队"
    DECISION: ClassVar[bool] = False

    queue: Name
    reason: LeaveReason


@dataclass(frozen=True, slots=True)
class CallVoicemailLeft:
    """The caller left a message."""

    TYPE: ClassVar[str] = "call.voicemail_left"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "语音留言"
    DECISION: ClassVar[bool] = False

    length_ms: Millis


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The contact is over for the customer."""

    TYPE: ClassVar[str] = "call.ended"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "通话结束"
    DECISION: ClassVar[bool] = False

    by: EndedBy
    cause: Name | None = None


@dataclass(frozen=True, slots=True)
class CallWrappedUp:
    """An agent finished the work after the call and classified it."""

    TYPE: ClassVar[str] = "call.wrapped_up"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "事后处理完成"
    DECISION: ClassVar[bool] = False

    agent: Name
    started_at: Time
    nature: Nature
    category: Name | None = None
    accepted: Flag | None = None
    resolved: Flag | None = None


@dataclass(frozen=True, slots=True)
class CallSurveyed:
    """The customer was asked for a rating, and gave one or not."""

    TYPE: ClassVar[str] = "call.surveyed"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "满意度评价"
    DECISION: ClassVar[bool] = False

    given: Flag
    score: Score | None = None
    scale: Score | None = None
    satisfied: Flag | None = None
