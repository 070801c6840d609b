"""The counts of single reports once more, row by row in plain Python, from their definitions in words."""

from __future__ import annotations

from typing import Any

from tests.naive_core import MS, Parts, Row, Sum, Test, at, both, leg, rows, spans

_BEGAN = at("started_at")
_RATED = at("ended_at", "started_at")


def campaign_calls(calls: list[Row]) -> list[Row]:
    """Outbound calls by campaign; by category where no call names its campaign."""
    named = any(r["campaign"] for r in calls)
    made = [r for r in calls if r["offered"] and r["direction"] == "outbound" and (r["campaign"] or not named)]
    return [{**r, "campaign": r["campaign"] or r["category"]} for r in made]


def _nature(nature: str, *tests: Test) -> Test:
    return both(lambda r: r["wrapped_up"], lambda r: r["nature"] == nature, *tests)


def _handled(r: Row) -> Any:
    return r["talk_ms"] + r["hold_ms"] + r["wrap_up_ms"]


def _steps(test: Test = lambda r: True) -> Sum:
    return rows("ivr_steps", "enter", _BEGAN, test)


def _menu() -> Parts:
    def left(outcome: str) -> Test:
        return lambda r: r["outcome"] == outcome

    def otherwise(r: Row) -> Any:
        return r["left_here"] and (not r["outcome"] or (r["outcome"] == "self_served" and r["went_on"]))

    return {
        "ivr_by_node": (rows("ivr_steps", "enter", at("at"), lambda r: r["node"]), None),
        "node_entered": (_steps(lambda r: r["entered"]), None),
        "node_served": (_steps(both(left("self_served"), lambda r: not r["went_on"])), None),
        "node_to_queue": (_steps(left("to_queue")), None),
        "node_to_voicemail": (_steps(left("voicemail")), None),
        "node_hung_up": (_steps(left("hung_up")), None),
        "node_left_otherwise": (_steps(otherwise), None),
        "node_hang_up_rate": (
            _steps(left("hung_up")),
            _steps(lambda r: r["node"] or r["entered"] or r["outcome"] == "hung_up"),
        ),
    }


def _business() -> Parts:
    consult, request = _nature("consult"), _nature("request")
    return {
        "hot_topics": (rows("calls", "enter", _BEGAN, lambda r: r["direction"] == "inbound" and r["category"]), None),
        "legs_wrapped_up": (leg(lambda r: r["wrapped_up"]), None),
        "consults": (leg(consult), None),
        "requests": (leg(request), None),
        "requests_accepted": (leg(_nature("request", lambda r: r["accepted"] is True)), None),
        "requests_refused": (leg(_nature("request", lambda r: r["accepted"] is False)), None),
        "consults_settled": (
            leg(_nature("consult", lambda r: r["resolved"] is True)),
            leg(_nature("consult", lambda r: r["resolved"] is not None)),
        ),
        "avg_consult_handle": (leg(consult, _handled), leg(consult)),
        "avg_request_handle": (leg(request, _handled), leg(request)),
        "request_rate": (leg(_nature("request", lambda r: r["accepted"] is True)), leg(lambda r: r["wrapped_up"])),
    }


def _tried(test: Test = lambda r: True) -> Sum:
    return rows("callbacks", "due", at("due_at"), both(lambda r: r["attempts"] > 0, test))


def _missed(outcome: str) -> Test:
    return lambda r: not r["reached"] and r["last_outcome"] == outcome


def _completed(test: Test) -> Sum:
    return rows("callbacks", "end", at("completed_at"), test)


def _callbacks() -> Parts:
    return {
        "callbacks_attempted": (_tried(), None),
        "callbacks_reached": (_tried(lambda r: r["reached"]), None),
        "callbacks_no_answer": (_tried(_missed("no_answer")), None),
        "callbacks_refused": (_tried(_missed("refused")), None),
        "callbacks_wrong_number": (_tried(_missed("wrong_number")), None),
        "callbacks_satisfied": (_completed(lambda r: r["satisfied"] is True), None),
        "callbacks_dissatisfied": (_completed(lambda r: r["satisfied"] is False), None),
        "callbacks_silent": (_completed(lambda r: r["satisfied"] is None), None),
        "callback_satisfaction": (
            _completed(lambda r: r["satisfied"] is True),
            _completed(lambda r: r["satisfied"] is not None),
        ),
    }


def _rated(test: Test) -> Sum:
    return rows("calls", "end", _RATED, test)


def _service() -> Parts:
    given = _rated(lambda r: r["survey_given"] is True)
    cleared = at("cleared_at")
    return {
        "surveys_asked": (_rated(lambda r: r["surveyed"]), None),
        "surveys_given": (given, None),
        "surveys_abandoned": (_rated(lambda r: r["surveyed"] and not r["survey_given"]), None),
        "surveys_satisfied": (_rated(lambda r: r["survey_given"] and r["satisfied"] is True), None),
        "surveys_dissatisfied": (_rated(lambda r: r["survey_given"] and r["satisfied"] is False), None),
        "survey_response_rate": (given, _rated(lambda r: r["surveyed"])),
        "faults_open": (rows("faults", "spread", at("raised_at"), lambda r: r["cleared_at"] is None), None),
        "fault_repair_time": (
            rows("faults", "end", cleared, cleared, lambda r: (r["cleared_at"] - r["raised_at"]) // MS),
            rows("faults", "end", cleared),
        ),
        "liability_rate": (
            rows("complaints", "end", at("adjudicated_at"), lambda r: r["liable"] is True),
            rows("complaints", "end", at("adjudicated_at"), lambda r: r["liable"] is not None),
        ),
        "states_entered": (rows("agent_spans", "spread", at("starts_at")), None),
        "state_time": (spans("agent_spans", "starts_at", "ends_at"), None),
    }


def _campaigns() -> Parts:
    def dialled(test: Test = lambda r: True, amount: Test = lambda r: 1) -> Sum:
        return rows("campaign_calls", "enter", _BEGAN, test, amount)

    def reached(r: Row) -> Any:
        return r["connected_at"] is not None and r["answered"]

    accepted = dialled(both(reached, lambda r: r["accepted"] is True))
    return {
        "campaign_dialled": (dialled(), None),
        "campaign_connected": (dialled(lambda r: r["connected_at"]), None),
        "campaign_connect_rate": (dialled(lambda r: r["connected_at"]), dialled()),
        "campaign_reached": (dialled(reached), None),
        "campaign_accepted": (accepted, None),
        "campaign_refused": (dialled(both(reached, lambda r: r["accepted"] is False)), None),
        "campaign_undecided": (dialled(both(reached, lambda r: r["accepted"] is None)), None),
        "campaign_accept_rate": (accepted, dialled(reached)),
        "campaign_avg_talk": (dialled(reached, lambda r: r["talk_ms"]), dialled(reached)),
    }


def suite() -> Parts:
    """Every count of single reports."""
    return _menu() | _business() | _callbacks() | _service() | _campaigns()
