"""penalty 扣罚, award 奖励, cost 成本 and report 报表提交: one row each, told in plain steps."""

from __future__ import annotations

from decimal import Decimal

from opsledger.domain.envelope import Event
from opsledger.domain.folds.history import History, Row, at, first_of, last_of, value

_ZERO = Decimal(0)
_DECIDED = ("penalty.upheld", "penalty.reduced", "penalty.waived")


def penalties(state: History) -> list[Row]:
    """The row of ``penalties``; none where no event counts."""
    events = state.ordered()
    if not events:
        return []
    assessed, settled = first_of(events, "penalty.assessed"), first_of(events, "penalty.settled")
    return [
        {
            "tenant": events[0].tenant,
            "vendor": events[0].vendor,
            "penalty": events[0].subject,
            **{name: value(assessed, name) for name in ("contract", "rule", "party", "party_id", "currency", "period")},
            **{name: value(assessed, name, _ZERO) for name in ("quantity", "unit_amount")},
            "assessed_amount": value(assessed, "amount", _ZERO),
            "amount": _to_be_paid(events, assessed),
            "evidence": len(value(assessed, "evidence", ())),
            "state": "settled" if settled else events[-1].type.partition(".")[2],
            "assessed_at": at(assessed),
            "appealed_at": at(first_of(events, "penalty.appealed")),
            "decided_at": at(last_of(events, *_DECIDED)),
            "settled_at": at(settled),
            "settled_period": value(settled, "period"),
            "reason": value(last_of(events, "penalty.appealed", *_DECIDED), "reason"),
        }
    ]


def _to_be_paid(events: list[Event], assessed: Event | None) -> Decimal:
    lowered = last_of(events, "penalty.reduced", "penalty.waived")
    if lowered is None:
        return Decimal(value(assessed, "amount", _ZERO))
    return Decimal(value(lowered, "amount", _ZERO))


def awards(state: History) -> list[Row]:
    """The row of ``awards``; none where no event counts."""
    events = state.ordered()
    if not events:
        return []
    granted, revoked = first_of(events, "award.granted"), first_of(events, "award.revoked")
    return [
        {
            "tenant": events[0].tenant,
            "vendor": events[0].vendor,
            "award": events[0].subject,
            **{name: value(granted, name) for name in ("contract", "rule", "agent", "period")},
            "amount": value(granted, "amount", _ZERO),
            "evidence": len(value(granted, "evidence", ())),
            "granted_at": at(granted),
            "revoked_at": at(revoked),
            "reason": value(last_of(events, "award.revoked"), "reason"),
        }
    ]


def costs(state: History) -> list[Row]:
    """The row of ``costs``, as it was recorded last; none where no event counts."""
    return [
        {
            "tenant": event.tenant,
            "vendor": event.vendor,
            "cost": event.subject,
            **{name: value(event, name) for name in ("kind", "amount", "currency", "period")},
            "recorded_at": event.occurred_at,
        }
        for event in state.ordered()[-1:]
    ]


def submissions(state: History) -> list[Row]:
    """The row of ``submissions``, by the first one; none where no event counts."""
    return [
        {
            "tenant": event.tenant,
            "vendor": event.vendor,
            "submission": event.subject,
            **{name: value(event, name) for name in ("report", "period")},
            "submitted_at": event.occurred_at,
        }
        for event in state.ordered()[:1]
    ]
