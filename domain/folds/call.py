"""call 通话: its row in calls, and its rows in transfers and ivr_steps, told in plain steps."""

from __future__ import annotations

from itertools import zip_longest

from opsledger.domain.envelope import Event
from opsledger.domain.folds.history import History, Row, at, count, first_of, last_of, millis, value
from opsledger.domain.folds.legs import classified, cut_legs, legs, own_doings

_COUNTED = (
    ("transfers", "call.transferred"),
    ("conferences", "call.conferenced"),
    ("rings", "call.rung"),
    ("rings_missed", "call.ring_missed"),
)


def calls(state: History) -> list[Row]:
    """The row of ``calls``; none where no event counts."""
    events = state.ordered()
    if not events:
        return []
    offer, answer = first_of(events, "call.offered"), first_of(events, "call.answered")
    parts = legs(state)
    end = first_of(events, "call.ended")
    return [
        {
            "tenant": events[0].tenant,
            "vendor": (answer or events[0]).vendor,
            "call": events[0].subject,
            "started_at": (offer or events[0]).occurred_at,
            **{name: value(offer, name) for name in ("direction", "channel", "hotline", "customer", "campaign")},
            "offered": offer is not None,
            **_ivr(events),
            "connected_at": at(first_of(events, "call.connected")),
            "first_queue": next((leg["queue"] for leg in parts if leg["is_entry"]), ""),
            "first_queued_at": at(first_of(events, "call.queued")),
            "first_agent": value(answer, "agent"),
            "answered_at": at(answer),
            "answered": answer is not None,
            "ended_at": at(end),
            "ended_by": value(end, "by"),
            "entries": sum(leg["is_entry"] for leg in parts),
            "entries_answered": sum(leg["is_entry"] and leg["outcome"] == "answered" for leg in parts),
            "legs": len(parts),
            **{n: sum(leg[n] or 0 for leg in parts) for n in ("wait_ms", "talk_ms", "hold_ms", "wrap_up_ms")},
            **{name: count(events, type_) for name, type_ in _COUNTED},
            "voicemail_ms": _voicemail_ms(events),
            **classified(last_of(events, "call.wrapped_up")),
            **_surveyed(last_of(events, "call.surveyed")),
            "open": offer is not None and end is None,
            "contradictions": contradictions(events, parts),
            "events": len(events),
        }
    ]


def _ivr(events: list[Event]) -> Row:
    entered, left = first_of(events, "call.ivr_entered"), first_of(events, "call.ivr_left")
    return {
        "ivr_entered_at": at(entered),
        "ivr_left_at": at(left),
        "ivr_outcome": value(last_of(events, "call.ivr_left"), "outcome"),
        "ivr_ms": millis(left.occurred_at - entered.occurred_at) if entered and left else None,
    }


def _voicemail_ms(events: list[Event]) -> int | None:
    lengths = [value(event, "length_ms") for event in events if event.type == "call.voicemail_left"]
    return sum(lengths) if lengths else None


def _surveyed(survey: Event | None) -> Row:
    return {
        "surveyed": survey is not None,
        "survey_given": value(survey, "given", None),
        "score": value(survey, "score", None),
        "scale": value(survey, "scale", None),
        "satisfied": value(survey, "satisfied", None),
    }


_AFTER_END = ("call.ended", "call.released", "call.voicemail_left", "call.wrapped_up", "call.surveyed")
"""What may come after a call's end without contradicting it."""


def contradictions(events: list[Event], parts: list[Row]) -> list[str]:
    """Codes of what contradicts itself in a call, in a fixed order."""
    offer, answer, end = (first_of(events, f"call.{name}") for name in ("offered", "answered", "ended"))
    ivr_ms = _ivr(events)["ivr_ms"]
    found = {
        "offered_twice": count(events, "call.offered") > 1,
        "answered_before_offered": offer and answer and answer.occurred_at < offer.occurred_at,
        "ended_twice": count(events, "call.ended") > 1,
        "event_after_end": end and any(e.occurred_at > end.occurred_at and e.type not in _AFTER_END for e in events),
        "ended_while_waiting": end and any(leg["outcome"] == "waiting" for leg in parts),
        "ended_while_talking": end and any(leg["end_kind"] == "open" for leg in parts),
        "negative_wait": any((leg["wait_ms"] or 0) < 0 for leg in parts),
        "negative_ivr": (ivr_ms or 0) < 0,
        "negative_wrap_up": any(leg["wrap_up_ms"] < 0 for leg in parts),
        "wrap_up_without_leg": count(events, "call.wrapped_up") > _wraps_of_legs(events),
    }
    return [code for code, holds in found.items() if holds]


def _wraps_of_legs(events: list[Event]) -> int:
    answers = [place for place, event in enumerate(events) if event.type == "call.answered"]
    return sum(event.type == "call.wrapped_up" for place in answers for _, event in own_doings(events, place))


def transfers(state: History) -> list[Row]:
    """The rows of ``transfers``, in order; from_queue is that of the leg that the agent had last answered."""
    events = state.ordered()
    queues = {leg.closed: leg.queue for leg in cut_legs(events) if leg.closed is not None}
    from_queues = {
        later: queues[place]
        for place, event in enumerate(events)
        if event.type == "call.answered"
        for later, doing in own_doings(events, place)
        if doing.type == "call.transferred"
    }
    made = [(place, event) for place, event in enumerate(events) if event.type == "call.transferred"]
    return [
        {
            **_step(events, event, number),
            "from_agent": value(event, "from_agent"),
            "from_queue": from_queues.get(place, ""),
            **{name: value(event, name) for name in ("to_kind", "to", "mode")},
        }
        for number, (place, event) in enumerate(made, 1)
    ]


_NEITHER = {"entered": False, "left_here": False, "outcome": ""}
"""Of a step that is neither the first nor the last of its call's."""


def ivr_steps(state: History) -> list[Row]:
    """The rows of ``ivr_steps``, in order: the nodes reached, and the entries into a flow that no node follows."""
    events = state.ordered()
    menu = [event for event in events if event.type in ("call.ivr_entered", "call.ivr_selected")]
    rows: list[Row] = []
    flow = ""
    for event, following in zip_longest(menu, menu[1:]):
        if event.type == "call.ivr_entered":
            flow = value(event, "flow")
            if following is not None and following.type == "call.ivr_selected":
                continue
        told = {"flow": flow, **{name: value(event, name) for name in ("node", "input")}}
        rows.append({**_step(events, event, len(rows) + 1), **told, **_stay(events), **_NEITHER})
    if rows:
        rows[0]["entered"] = rows[-1]["left_here"] = any(event.type == "call.ivr_entered" for event in menu)
        rows[-1]["outcome"] = value(last_of(events, "call.ivr_left"), "outcome")
    return rows


def _stay(events: list[Event]) -> Row:
    """What all rows of a call's stay in the voice menu share."""
    went_on = first_of(events, "call.queued") or first_of(events, "call.answered")
    return {"started_at": (first_of(events, "call.offered") or events[0]).occurred_at, "went_on": went_on is not None}


def _step(events: list[Event], event: Event, number: int) -> Row:
    return {
        "tenant": event.tenant,
        "vendor": event.vendor,
        "call": event.subject,
        "n": number,
        "at": event.occurred_at,
        "hotline": value(first_of(events, "call.offered"), "hotline"),
    }
