"""The dictionary of metrics: the only place from which a formula may be taken."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from opsledger.domain.errors import UserError, nearest
from opsledger.projections.metrics import (
    agents,
    calls,
    complaints,
    contacts,
    excuses,
    ivr,
    legs,
    money,
    people,
    quality,
    queues,
    rings,
    suite_answers,
    suite_counts,
    work,
)
from opsledger.projections.metrics.model import Label, Metric


def _about(table: str) -> tuple[Metric, ...]:
    """The further counts of one fact table."""
    return tuple(m for m in suite_answers.SERVICE if m.tables[0] == table)


GROUPS: Mapping[str, tuple[Label, tuple[Metric, ...]]] = MappingProxyType(
    {
        "calls": (Label("Contacts", "话务"), (*calls.METRICS, *_about("calls"))),
        "ivr": (Label("Voice menu", "IVR"), (*ivr.METRICS, *suite_counts.IVR)),
        "queues": (Label("Queues", "排队"), queues.METRICS),
        "rings": (Label("Rings", "振铃"), rings.METRICS),
        "legs": (Label("Handling", "接听与转接"), legs.METRICS),
        "contacts": (Label("What contacts were about", "业务与一次解决"), (*contacts.METRICS, *suite_counts.BUSINESS)),
        "campaigns": (Label("Campaigns", "专项外呼"), suite_counts.CAMPAIGNS),
        "agents": (Label("Agents", "座席"), (*agents.METRICS, *excuses.METRICS, *_about("agent_spans"))),
        "people": (Label("Head count", "人员"), people.METRICS),
        "tickets": (Label("Tickets", "工单"), work.TICKETS),
        "callbacks": (Label("Callbacks", "回访"), (*work.CALLBACKS, *suite_answers.CALLBACKS)),
        "complaints": (Label("Complaints", "投诉"), (*complaints.METRICS, *_about("complaints"))),
        "quality": (Label("Quality and faults", "质检与故障"), (*quality.METRICS, *_about("faults"))),
        "money": (Label("Money", "费用与结算"), money.METRICS),
    }
)
"""Group code → (title, metrics), in the order of docs/metrics.md."""

METRICS: Mapping[str, Metric] = MappingProxyType({m.code: m for _, group in GROUPS.values() for m in group})
"""Code → metric."""


def metric(code: str) -> Metric:
    """The metric of a code; UserError with the nearest valid code where there is none."""
    try:
        return METRICS[code]
    except KeyError:
        raise UserError(f"'{code}' is not a metric{nearest(code, tuple(METRICS))}") from None
