"""What Amazon Connect's words mean here: channels, directions, reasons, agent states."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

CHANNELS: Mapping[str, str] = MappingProxyType(
    {"VOICE": "phone", "CHAT": "chat", "SMS": "chat", "EMAIL": "email", "TASK": "web"}
)
"""Channel → ours; what is not in it is ``web``."""
OUTBOUND = frozenset({"OUTBOUND", "CALLBACK", "EXTERNAL_OUTBOUND"})
"""Methods by which the centre begins. ``API`` begins calls outward and chats and tasks inward."""
OWN_CALL = frozenset({"CALLBACK"})
"""Methods whose contact is a call of its own, although it names an earlier contact: the customer is called anew."""
WATCHING = frozenset({"MONITOR"})
"""Methods of contacts in which nobody serves a customer."""
ENDED_BY: Mapping[str, str] = MappingProxyType({"CUSTOMER_DISCONNECT": "customer", "AGENT_DISCONNECT": "agent"})
"""DisconnectReason → who ended; all others are the system."""
LEFT: Mapping[str, str] = MappingProxyType(
    {
        "CUSTOMER_DISCONNECT": "abandoned",
        "": "abandoned",
        "CONTACT_FLOW_DISCONNECT": "timeout",
        "EXPIRED": "timeout",
        "API": "withdrawn",
    }
)
"""DisconnectReason → why a contact left its queue unanswered; without one it was abandoned, as Connect counts it."""
SYSTEM = "system"
_STATES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (state, re.compile(words, re.IGNORECASE))
    for state, words in (
        ("training", r"train|coach|learn|onboard|nesting|课|培训|学习"),
        ("meeting", r"meet|huddle|team|brief|1:1|one.on.one|会议|例会|班前"),
        (
            "break",
            r"break|lunch|dinner|breakfast|meal|rest|pause|coffee|tea\b|restroom|toilet|休息|午餐|晚餐|用餐|吃饭|小休|洗手",
        ),
        ("busy", r"busy|admin|back.?office|paper|project|e-?mail|outbound|follow.?up|case|research|忙|后台|外呼|工单|整理"),
    )
)


def custom_state(name: str) -> str:
    """The state of a custom status, by the words in its name; ``away`` where none is known."""
    return next((state for state, words in _STATES if words.search(name)), "away")


def direction(method: str, channel: str) -> str:
    """Who began the contact."""
    return "outbound" if method in OUTBOUND or (method == "API" and channel == "VOICE") else "inbound"


def id_of_arn(arn: str) -> str:
    """What an ARN names: behind its last slash, with the agent for an agent's own queue."""
    head, _, tail = arn.rpartition("/")
    return f"agent/{tail}" if head.endswith("/queue/agent") else tail or arn
