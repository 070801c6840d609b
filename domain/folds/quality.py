"""complaint 投诉 and evaluation 质检: one row each, told in plain steps."""

from __future__ import annotations

from opsledger.domain.folds.history import History, Row, at, count, first_of, last_of, value
from opsledger.domain.folds.work import unless_undone


def complaints(state: History) -> list[Row]:
    """The row of ``complaints``; none where no event counts."""
    events = state.ordered()
    if not events:
        return []
    filed, judged = first_of(events, "complaint.filed"), last_of(events, "complaint.adjudicated")
    resolved = last_of(events, "complaint.resolved")
    named = [event for event in events if event.type == "complaint.adjudicated" and value(event, "agent")]
    return [
        {
            "tenant": events[0].tenant,
            "vendor": events[0].vendor,
            "complaint": events[0].subject,
            **{n: value(filed, n) for n in ("channel", "business", "content", "customer", "department", "call")},
            "agent": value(named[-1] if named else filed, "agent"),
            "internal": value(filed, "internal", default=False),
            "filed_at": at(filed),
            "investigated_at": at(first_of(events, "complaint.investigated")),
            "adjudicated_at": at(judged),
            "liable": value(judged, "liable", None),
            "severity": value(judged, "severity"),
            "resolved_at": at(unless_undone(events, "complaint.resolved", "complaint.reopened")),
            "outcome": value(resolved, "outcome"),
            "satisfied": value(resolved, "satisfied", None),
            "reopens": count(events, "complaint.reopened"),
            "withdrawn_at": at(first_of(events, "complaint.withdrawn")),
            "state": events[-1].type.partition(".")[2],
        }
    ]


def evaluations(state: History) -> list[Row]:
    """The row of ``evaluations``; none where no event counts. ``items_json`` is left to the engine."""
    events = state.ordered()
    if not events:
        return []
    sampled = first_of(events, "evaluation.sampled")
    scored = last_of(events, "evaluation.scored", "evaluation.rescored")
    return [
        {
            "tenant": events[0].tenant,
            "vendor": events[0].vendor,
            "evaluation": events[0].subject,
            **{name: value(sampled, name) for name in ("call", "agent", "method", "form", "evaluator")},
            "sampled_at": at(sampled),
            "scored_at": at(first_of(events, "evaluation.scored")),
            "score": value(scored, "score", None),
            "rescored": first_of(events, "evaluation.rescored") is not None,
            "approved_at": at(first_of(events, "evaluation.approved")),
            "disputed_at": at(first_of(events, "evaluation.disputed")),
        }
    ]
