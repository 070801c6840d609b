"""Ten contacts on which the profiles do not agree: the worked example of docs/profiles.md, run through the product."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact: how its stay in the queue ended (``answered`` or a reason for leaving), and how long all took (s)."""

    ended: str
    wait_s: int
    talk_s: int = 0
    hold_s: int = 0
    wrap_up_s: int = 0


CONTACTS = (
    Contact("answered", 5, 120, 0, 30),
    Contact("answered", 12, 200, 40, 0),
    Contact("answered", 18, 90, 0, 15),
    Contact("answered", 45, 300, 60, 45),
    Contact("answered", 90, 150, 0, 0),
    Contact("abandoned", 8),
    Contact("abandoned", 70),
    Contact("timeout", 120),
    Contact("callback", 15),
    Contact("full", 0),
)
FIGURES = (
    "service_level",
    "answer_rate",
    "abandon_rate",
    "asa",
    "avg_queue_time",
    "avg_abandon_time",
    "avg_wrap_up",
    "avg_handle",
)
"""The metrics of the example, in the order of the page."""
