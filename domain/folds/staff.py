"""staff 人员: the stints of an agent in teams, told in plain steps."""

from __future__ import annotations

from opsledger.domain.envelope import Event
from opsledger.domain.folds.history import History, Row, at, value

_NAMED = ("name", "staff_number", "extension")


def staff_stints(state: History) -> list[Row]:
    """The rows of ``staff_stints``, in order: one for each joining or moving, up to what happened next."""
    events = state.ordered()
    rows: list[Row] = []
    for place, event in enumerate(events):
        if event.type != "staff.left":
            rows.append({**_stint(events, place), "n": len(rows) + 1})
    return rows


def _stint(events: list[Event], place: int) -> Row:
    event = events[place]
    before = events[place - 1].type if place else ""
    after = events[place + 1] if place + 1 < len(events) else None
    came = before == "staff.left" or (not before and event.type == "staff.joined")
    return {
        "tenant": event.tenant,
        "vendor": event.vendor,
        "agent": event.subject,
        "team": value(event, "team"),
        **{name: _last_said(events[: place + 1], name) for name in _NAMED},
        "from_at": event.occurred_at,
        "until_at": at(after),
        "began": "joined" if came else "moved",
        "ended": "" if after is None else "left" if after.type == "staff.left" else "moved",
        "reason": value(after, "reason"),
    }


def _last_said(events: list[Event], name: str) -> str:
    return next((str(said) for event in reversed(events) if (said := value(event, name))), "")
