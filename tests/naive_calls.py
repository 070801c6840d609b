"""Contacts, the voice menu and first contact, counted row by row from the words of their definitions."""

from __future__ import annotations

from tests.naive_core import Parts, Row, Sum, Test, always, at, both, has, leg, one, rows

_STARTED, _ENDED = at("started_at"), at("ended_at", "started_at")


def _began(test: Test = always, table: str = "calls", amount: Test = one) -> Sum:
    return rows(table, "enter", _STARTED, test, amount)


def _ended(test: Test, amount: Test = one) -> Sum:
    return rows("calls", "end", _ENDED, test, amount)


def _offered(direction: str) -> Test:
    return lambda r: r["offered"] and r["direction"] == direction


def _given(r: Row) -> bool:
    return r["survey_given"] is True


def _scored(r: Row) -> bool:
    return _given(r) and r["score"] is not None


def contacts() -> Parts:
    """Volumes and surveys."""
    satisfied = _ended(both(_given, lambda r: r["satisfied"] is True))
    connected = both(_offered("outbound"), has("connected_at"))
    return {
        "inbound_calls": (_began(_offered("inbound")), None),
        "outbound_calls": (_began(_offered("outbound")), None),
        "outbound_connected": (_began(connected), None),
        "outbound_connect_rate": (_began(connected), _began(_offered("outbound"))),
        "calls_answered": (_began(lambda r: r["answered"]), None),
        "voicemails": (_began(has("voicemail_ms")), None),
        "open_calls": (_began(lambda r: r["open"]), None),
        "contradictory_calls": (_began(lambda r: len(r["contradictions"]) > 0), None),
        "surveys_given": (_ended(_given), None),
        "satisfaction": (satisfied, _ended(_given)),
        "survey_score": (_ended(_scored, lambda r: r["score"]), _ended(_scored)),
    }


def _entered(r: Row) -> bool:
    return r["ivr_entered_at"] is not None


def _served(r: Row) -> bool:
    return _entered(r) and r["ivr_outcome"] == "self_served" and not r["first_queued_at"] and not r["answered"]


def _left_by(outcome: str) -> Test:
    return lambda r: _entered(r) and r["ivr_outcome"] == outcome


def _timed(r: Row) -> bool:
    return _entered(r) and r["ivr_ms"] is not None and r["ivr_ms"] >= 0


def menu() -> Parts:
    """The voice menu, by contact."""
    return {
        "ivr_entered": (_began(_entered), None),
        "ivr_served": (_began(_served), None),
        "ivr_self_service_rate": (_began(_served), _began(_entered)),
        "ivr_to_queue": (_began(_left_by("to_queue")), None),
        "ivr_voicemail": (_began(_left_by("voicemail")), None),
        "ivr_hung_up": (_began(_left_by("hung_up")), None),
        "ivr_open": (_began(_left_by("")), None),
        "avg_ivr_time": (_began(_timed, amount=lambda r: r["ivr_ms"]), _began(_timed)),
    }


def _wrapped(test: Test = always) -> Test:
    return lambda r: r["wrapped_up"] and test(r)


def _nature(*natures: str) -> Test:
    return _wrapped(lambda r: r["nature"] in natures)


def business() -> Parts:
    """What contacts were about, and whether the first one settled it (``first_contacts`` are made by naive_views)."""
    carried_out = both(_nature("request"), lambda r: r["accepted"] is True)
    return {
        "contacts": (_began(lambda r: r["category"]), None),
        "fcr": (
            _began(lambda r: r["judged"] and not r["came_again"], "first_contacts"),
            _began(lambda r: r["judged"], "first_contacts"),
        ),
        "fcr_unjudged": (_began(lambda r: not r["judged"], "first_contacts"), None),
        "complaints_taken": (leg(_nature("complaint")), None),
        "faults_taken": (leg(_nature("fault")), None),
        "others_taken": (leg(_nature("", "other")), None),
        "request_rate": (leg(carried_out), leg(_wrapped())),
    }
