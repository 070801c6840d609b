"""The simulator's own count of what it simulated, kept apart from every report so that reports can be held against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class QueueDay:
    """One queue on one local day. Entries count on the day of queueing, legs on the day on which they end; times in ms."""

    entries: int = 0
    answered: int = 0
    within_15s: int = 0
    within_20s: int = 0
    answered_wait_ms: int = 0
    left: Counter[str] = field(default_factory=Counter)
    left_wait_ms: int = 0
    abandoned_wait_ms: int = 0
    abandoned_unrung: int = 0
    legs: int = 0
    legs_held: int = 0
    legs_transferred: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0

    @property
    def abandoned(self) -> int:
        """Callers who hung up while they waited."""
        return self.left["abandoned"]


@dataclass(slots=True)
class CallDay:
    """Contacts offered on one local day."""

    inbound: int = 0
    outbound: int = 0
    connected: int = 0
    ivr_entered: int = 0
    ivr_served: int = 0
    nodes: dict[str, int] = field(default_factory=dict)
    """``flow/node`` → times that a caller reached it in the menu at the front."""

    def reached(self, flow: str, node: str) -> None:
        """One more caller reached a node."""
        name = f"{flow}/{node}"
        self.nodes[name] = self.nodes.get(name, 0) + 1


@dataclass(slots=True)
class CampaignDay:
    """Customers dialled for one campaign on one local day, and what came of it."""

    dialled: int = 0
    reached: int = 0
    accepted: int = 0
    refused: int = 0


@dataclass(slots=True)
class Truth:
    """The whole run: by (local day ``2026-01-05``, queue; '' = answered without a queue), by local day, by type, and by (local
    day, campaign)."""

    queues: dict[tuple[str, str], QueueDay] = field(default_factory=dict)
    calls: dict[str, CallDay] = field(default_factory=dict)
    things: Counter[str] = field(default_factory=Counter)
    campaigns: dict[tuple[str, str], CampaignDay] = field(default_factory=dict)

    def campaign(self, day: str, campaign: str) -> CampaignDay:
        """The count of a campaign's day."""
        return self.campaigns.setdefault((day, campaign), CampaignDay())

    def queue(self, day: str, queue: str) -> QueueDay:
        """The count of a queue's day."""
        key = (day, queue)
        if key not in self.queues:
            self.queues[key] = QueueDay()
        return self.queues[key]

    def call(self, day: str) -> CallDay:
        """The count of a day's calls."""
        if day not in self.calls:
            self.calls[day] = CallDay()
        return self.calls[day]

    def total(self, queue: str | None = None, day: str | None = None) -> QueueDay:
        """The sum over the days and queues that are not narrowed down."""
        total = QueueDay()
        for (d, q), one in self.queues.items():
            if (day is None or d == day) and (queue is None or q == queue):
                _add(total, one)
        return total

    def as_json(self) -> dict[str, Any]:
        """A plain document: queues (with day and queue in each row), calls, things."""
        rows = [{"day": d, "queue": q, **asdict(one)} for (d, q), one in sorted(self.queues.items())]
        calls = {day: asdict(one) for day, one in sorted(self.calls.items())}
        campaigns = [{"day": d, "campaign": c, **asdict(one)} for (d, c), one in sorted(self.campaigns.items())]
        return {"queues": rows, "calls": calls, "things": dict(sorted(self.things.items())), "campaigns": campaigns}


def _add(total: QueueDay, one: QueueDay) -> None:
    for name in QueueDay.__dataclass_fields__:
        value = getattr(one, name)
        setattr(total, name, getattr(total, name) + value)
