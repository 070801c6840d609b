"""Defects of data planted on purpose, each in a tenant of its own, with what is to be found of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from opsledger.domain.calendar import Grain, parse_period
from tests.ledger_samples import line

DAY = parse_period(Grain.DAY, "2026-01-05", "Asia/Shanghai")
NINE = datetime(2026, 1, 5, 1, tzinfo=UTC)
"""09:00 in Shanghai; ``at_s`` of the samples counts from 17:00."""
NINE_S = -8 * 3600
LIVE = timedelta(seconds=2)
AFTER = NINE + timedelta(hours=12)
Step = tuple[str, float, dict[str, Any]]

WHOLE: tuple[Step, ...] = (
    ("call.offered", 0, {"direction": "inbound", "channel": "phone", "hotline": "10000"}),
    ("call.queued", 1, {"queue": "sales"}),
    ("call.answered", 11, {"agent": "a1", "queue": "sales"}),
    ("call.released", 71, {"agent": "a1"}),
    ("call.ended", 72, {"by": "customer"}),
    ("call.wrapped_up", 90, {"agent": "a1", "nature": "consult"}),
)


def lines_of(tenant: str, subject: str, steps: Sequence[Step], at_s: float = 0, source: str = "sim:test") -> list[bytes]:
    """Events of one thing; ``at_s`` counts from 09:00."""
    made = []
    for n, (type_, s, data) in enumerate(steps):
        began = {"started_at": f"{NINE + timedelta(seconds=at_s + s - 18):%Y-%m-%dT%H:%M:%SZ}"}
        told = (began if type_ == "call.wrapped_up" else {}) | data
        key = f"{tenant}/{subject}/{source}/{n}/{type_}"
        made.append(line(key, subject=subject, type_=type_, at_s=NINE_S + at_s + s, tenant=tenant, data=told, source=source))
    return made


def without(*types: str) -> tuple[Step, ...]:
    return tuple(step for step in WHOLE if step[0] not in types)


@dataclass(frozen=True)
class Plant:
    """Steps of the things of one tenant beside its clean calls, and what is to be found: check → count."""

    found: Mapping[str, int]
    things: Mapping[str, Sequence[Step]] = field(default_factory=dict)
    delay: timedelta = LIVE
    backfill: bool = False
    more: Sequence[Step] = ()
    """Appended after the things, to the first of them."""


_OPENED: Step = ("ticket.opened", 100, {"kind": "fault", "category": "net", "priority": "high", "call": "c0"})
_RESOLVED: Step = ("ticket.resolved", 200, {"outcome": "done"})
_IN: Step = ("shift.signed_in", 0, {"agent": "a2"})
_STATE: Step = ("shift.state_changed", 60, {"agent": "a2", "state": "idle"})
_OUT: Step = ("shift.signed_out", 3600, {"agent": "a2"})
_ASKED: Step = (
    "callback.requested",
    10,
    {"purpose": "promise", "customer": "k", "due_at": "2026-01-06T00:00:00Z", "call": "c0"},
)
_FILED: Step = (
    "complaint.filed",
    10,
    {"channel": "phone", "business": "net", "content": "slow", "call": "c0", "internal": False},
)
_SAMPLED: Step = ("evaluation.sampled", 10, {"call": "c0", "method": "live", "form": "f", "evaluator": "e"})
_SCORED: Step = ("evaluation.scored", 20, {"score": "90", "items": []})


def moved(step: Step, s: float, **data: Any) -> Step:
    return (step[0], s, {**step[2], **data})


_RAISED: Step = ("fault.raised", 5, {"system": "crm", "kind": "slow", "severity": "minor"})
_CLEARED: Step = ("fault.cleared", 9, {})
_LEFT_IVR: Step = ("call.ivr_left", 0.5, {"outcome": "to_queue"})
_IN_IVR: Step = ("call.ivr_entered", 0.8, {"flow": "f"})
_LATER = f"{NINE + timedelta(seconds=3000 + 95):%Y-%m-%dT%H:%M:%SZ}"
_PASSED_ON = ("call.transferred", 70.0, {"from_agent": "a1", "to_kind": "agent", "to": "ghost", "mode": "blind"})
PLANTS: Mapping[str, Plant] = {
    "clean": Plant({}),
    "clean-others": Plant(
        {},
        {
            "t": (_OPENED, _RESOLVED),
            "s": (_IN, _STATE, _OUT),
            "b": (_ASKED, ("callback.completed", 60, {"agent": "a1"})),
            "k": (_FILED,),
            "e": (_SAMPLED, _SCORED),
            "f": (_RAISED, _CLEARED),
        },
    ),
    "backfill": Plant({"backfilled": 6}, {"x": WHOLE}, timedelta(days=40), backfill=True),
    "late": Plant({"late": 6}, {"x": WHOLE}, timedelta(days=40)),
    "nowhere": Plant({"answered_from_nowhere": 1}, {"x": (("call.answered", 11, {"agent": "a1"}), *WHOLE[3:])}),
    "wrap-up": Plant({"wrap_up_without_leg": 1}, {"x": (*WHOLE, moved(WHOLE[5], 95, agent="a9"))}),
    "nobody": Plant({"transfer_to_nobody": 1}, {"x": (*WHOLE[:3], _PASSED_ON, *WHOLE[4:])}),
    "somebody": Plant({}, {"x": (*WHOLE[:3], moved(_PASSED_ON, 70, to="a2"), *WHOLE[4:]), "s": (_IN, _STATE, _OUT)}),
    "offered-twice": Plant({"offered_twice": 1}, {"x": (*WHOLE[:1], moved(WHOLE[0], 0.5), *WHOLE[1:])}),
    "early-answer": Plant(
        {"answered_before_offered": 1}, {"x": (("call.answered", -5, {"agent": "a1"}), WHOLE[0], *WHOLE[3:])}
    ),
    "two-ends": Plant({"ended_twice": 1}, {"x": (*WHOLE[:5], moved(WHOLE[4], 73), *WHOLE[5:])}),
    "after-end": Plant({"event_after_end": 1}, {"x": (*WHOLE, ("call.ivr_entered", 99, {"flow": "f"}))}),
    "end-waiting": Plant({"ended_while_waiting": 1}, {"x": (*WHOLE[:2], WHOLE[4])}),
    "negative-wait": Plant({"negative_wait": 1}, {"x": (*WHOLE[:1], WHOLE[2], moved(WHOLE[1], 12), *WHOLE[3:])}),
    "end-talking": Plant({"ended_while_talking": 1, "event_after_end": 1}, {"x": (*WHOLE[:2], moved(WHOLE[4], 5), WHOLE[2])}),
    "negative-ivr": Plant({"negative_ivr": 1}, {"x": (WHOLE[0], _LEFT_IVR, _IN_IVR, *WHOLE[1:])}),
    "whole-ivr": Plant({}, {"x": (WHOLE[0], moved(_IN_IVR, 0.3), _LEFT_IVR, *WHOLE[1:])}),
    "negative-wrap-up": Plant({"negative_wrap_up": 1}, {"x": (*WHOLE[:5], moved(WHOLE[5], 90, started_at=_LATER))}),
    "open-call": Plant({"open_calls": 2}, {"x": WHOLE[:3], "y": WHOLE[:2]}),
    "no-opening": Plant({"ticket_without_opening": 1}, {"t": (_RESOLVED,)}),
    "early-ticket": Plant({"ticket_before_opening": 1, "open_tickets": 1}, {"t": (moved(_RESOLVED, 50), _OPENED)}),
    "lost-ticket": Plant({"ticket_of_unknown_call": 2}, {x: (moved(_OPENED, 9, call="none"), _RESOLVED) for x in "tu"}),
    "old-call": Plant(
        {}, {"o": tuple(moved(x, x[1] - 3 * 86_400) for x in WHOLE), "t": (moved(_OPENED, 9, call="o"), _RESOLVED)}
    ),
    "open-ticket": Plant({"open_tickets": 1}, {"t": (_OPENED,)}),
    "no-request": Plant({"callback_without_request": 1}, {"b": (("callback.completed", 60, {"agent": "a1"}),)}),
    "early-callback": Plant({"callback_before_request": 1}, {"b": (("callback.completed", 5, {"agent": "a1"}), _ASKED)}),
    "lost-callback": Plant({"callback_of_unknown_call": 1}, {"b": (moved(_ASKED, 10, call="none"),)}),
    "no-filing": Plant({"complaint_without_filing": 1}, {"k": (("complaint.investigated", 50, {"findings": "x"}),)}),
    "early-complaint": Plant({"complaint_before_filing": 1}, {"k": (("complaint.investigated", 5, {"findings": "x"}), _FILED)}),
    "lost-complaint": Plant({"complaint_of_unknown_call": 1}, {"k": (moved(_FILED, 10, call="none"),)}),
    "no-sample": Plant({"evaluation_without_sample": 1}, {"e": (_SCORED,)}),
    "early-score": Plant({"evaluation_before_sample": 1}, {"e": (moved(_SCORED, 5), _SAMPLED)}),
    "lost-sample": Plant({"evaluation_of_unknown_call": 1}, {"e": (moved(_SAMPLED, 10, call="none"), _SCORED)}),
    "early-fault": Plant(
        {"fault_before_raise": 1}, {"f": (moved(_CLEARED, 5), moved(_RAISED, 7), _CLEARED), "g": (_RAISED, _CLEARED)}
    ),
    "fault-again": Plant({}, {"f": (_RAISED, moved(_CLEARED, 6), moved(_RAISED, 7), _CLEARED)}),
    "no-raise": Plant({"fault_without_raise": 1}, {"f": (("fault.cleared", 9, {}),)}),
    "no-sign-in": Plant({"shift_without_sign_in": 1}, {"s": (_STATE, _OUT)}),
    "signed-out-first": Plant({"signed_out_first": 1, "unsigned_shifts": 1}, {"s": (moved(_OUT, -60), _IN, _STATE)}),
    "unsigned": Plant({"unsigned_shifts": 1}, {"s": (_IN, _STATE)}),
    "disorder": Plant({"out_of_order": 2}, {"x": (WHOLE[0], WHOLE[3], WHOLE[1], WHOLE[2], *WHOLE[4:])}),
    "twice": Plant({"stored_twice": 6}, {"x": WHOLE}, more=WHOLE),
    "twice-alone": Plant({"stored_twice": 1}, {"f": (_RAISED,)}, more=(_RAISED,)),
    "future": Plant({"future": 6}, {"x": WHOLE}, timedelta(minutes=-2)),
}
"""Tenant → what is planted."""
