"""The agent event stream of Amazon Connect: shifts that any order of the events gives, states by name, rings by contact."""

from __future__ import annotations

from typing import Any

import pytest

from opsledger.ingest.adapters.connect_words import custom_state
from tests.foreign_records import Json, Told, agent_event, options, seconds, served, snapshot, told

DAY = 24 * 3600
SHIFT = "zhao@2026-01-05"
IDLE = snapshot("Available", 0)


def connect(*records: Any, **more: Any) -> Told:
    return told("connect", *records, **more)


def states(found: Told) -> list[tuple[float, str, str]]:
    return [(at, data["state"], data.get("reason", "")) for at, type_, data in found.facts if type_ == "shift.state_changed"]


def change(now: Json, before: Json, offset: float = 600) -> Told:
    return connect(agent_event("STATE_CHANGE", offset, now, before))


def test_a_login_signs_in_with_the_status_of_the_moment() -> None:
    found = connect(agent_event("LOGIN", 0, snapshot("Offline", 0, kind="OFFLINE"), None))
    assert found.facts == [
        (0, "shift.signed_in", {"agent": "zhao"}),
        (0, "shift.state_changed", {"agent": "zhao", "state": "away", "reason": "Offline"}),
    ]
    assert {event["subject"] for event in found.events if event["type"] != "record.kept"} == {SHIFT}


def test_a_logout_signs_out() -> None:
    found = connect(agent_event("LOGOUT", 28_800, None, snapshot("Offline", 28_790)))
    assert found.facts == [(28_800, "shift.signed_out", {"agent": "zhao"})]


def test_a_shift_is_dated_in_the_zone() -> None:
    events = connect(agent_event("LOGIN", 16 * 3600, IDLE, None), given=options(zone="Asia/Shanghai")).events
    assert {e["subject"] for e in events if e["type"] == "shift.signed_in"} == {"zhao@2026-01-06"}


@pytest.mark.parametrize(
    ("status", "kind", "state", "reason"),
    [
        ("Available", "ROUTABLE", "idle", ""),
        ("Ready", "ROUTABLE", "idle", ""),
        ("Available", "", "idle", ""),
        ("Offline", "OFFLINE", "away", "Offline"),
        ("Lunch break", "CUSTOM", "break", "Lunch break"),
        ("午餐", "CUSTOM", "break", "午餐"),
        ("Team huddle", "CUSTOM", "meeting", "Team huddle"),
        ("Coaching", "CUSTOM", "training", "Coaching"),
        ("Back office", "CUSTOM", "busy", "Back office"),
        ("Zzz", "CUSTOM", "away", "Zzz"),
    ],
)
def test_a_status_becomes_a_state_and_keeps_its_name(status: str, kind: str, state: str, reason: str) -> None:
    found = change(snapshot(status, 600, kind=kind), snapshot("Other", 0, kind="CUSTOM"))
    assert states(found) == [(600, state, reason)]


def test_words_that_only_contain_a_known_one_do_not_mislead() -> None:
    assert (custom_state("Steak"), custom_state("Tea"), custom_state("Forest")) == ("away", "break", "break")


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("CONNECTING", "ringing"),
        ("CONNECTED", "talking"),
        ("CONNECTED_ONHOLD", "holding"),
        ("ENDED", "wrap_up"),
        ("MISSED", "busy"),
    ],
)
def test_a_contact_says_what_its_agent_does(word: str, state: str) -> None:
    found = change(snapshot("Available", 0, served(word, 599)), IDLE)
    assert states(found)[0][:2] == (599, state)


def test_of_several_contacts_the_one_that_he_talks_in_counts() -> None:
    now = snapshot("Available", 0, served("ENDED", 590), served("CONNECTED", 580, "c2"), served("CONNECTED_ONHOLD", 599, "c3"))
    assert states(change(now, IDLE))[0][:2] == (580, "talking")


def test_back_from_a_contact_the_state_begins_with_the_event_and_not_with_the_old_status() -> None:
    assert states(change(IDLE, snapshot("Available", 0, served("ENDED", 500)))) == [(600, "idle", "")]


def test_a_change_of_settings_is_no_change_of_state() -> None:
    found = change(IDLE | {"Configuration": {"Username": "zhao", "RoutingProfile": {"Name": "Other"}}}, IDLE)
    assert found.types() == []
    assert found.kept[0]["CurrentAgentSnapshot"]["Configuration"]["RoutingProfile"] == {"Name": "Other"}


def test_a_heartbeat_says_nothing_new_and_a_second_one_is_the_same_event() -> None:
    beats = [agent_event("HEART_BEAT", at, IDLE, IDLE) for at in (120, 240)]
    found = connect(*beats)
    assert (found.types(), found.read, len(found.events)) == ([], 2, 2)
    assert found.events[0]["id"] == found.events[1]["id"]
    other = connect(agent_event("HEART_BEAT", 360, snapshot("Lunch", 300), IDLE))
    assert other.events[0]["id"] != found.events[0]["id"]


@pytest.mark.parametrize("kind", ["HEART_BEAT", "STATE_CHANGE"])
def test_a_shift_is_cut_at_midnight(kind: str) -> None:
    """Nine hours after 09:00 UTC plus fifteen is midnight; the state of the day before goes on."""
    midnight = 15 * 3600
    before = snapshot("Lunch", midnight - 600, kind="CUSTOM")
    now = before if kind == "HEART_BEAT" else snapshot("Available", midnight + 60)
    found = connect(agent_event(kind, midnight + 60, now, before))
    cut = [(e["subject"], e["type"], seconds(e["time"])) for e in found.events if seconds(e["time"]) == midnight]
    assert cut == [
        (SHIFT, "shift.signed_out", midnight),
        ("zhao@2026-01-06", "shift.signed_in", midnight),
        ("zhao@2026-01-06", "shift.state_changed", midnight),
    ]


def test_the_two_that_cut_a_shift_at_midnight_make_the_same_events() -> None:
    midnight = 15 * 3600
    before = snapshot("Lunch", midnight - 600, kind="CUSTOM")
    beat = connect(agent_event("HEART_BEAT", midnight + 60, before, before))
    later = connect(agent_event("STATE_CHANGE", midnight + 90, snapshot("Available", midnight + 90), before))
    cut = [{e["id"] for e in found.events if seconds(e["time"]) == midnight} for found in (beat, later)]
    assert len(cut[0]) == 3
    assert cut[0] == cut[1]


def test_who_is_offline_is_not_carried_over_midnight() -> None:
    offline = snapshot("Offline", 14 * 3600, kind="OFFLINE")
    assert connect(agent_event("HEART_BEAT", 15 * 3600 + 60, offline, offline)).types() == []


def test_what_rings_at_an_agent_belongs_to_the_call() -> None:
    found = change(snapshot("Available", 0, served("CONNECTING", 599, "c2", InitialContactId="c1")), IDLE)
    assert ("call.rung", "c1") in {(event["type"], event["subject"]) for event in found.events}


@pytest.mark.parametrize(("word", "reason"), [("MISSED", "no_answer"), ("REJECTED", "rejected")])
def test_what_an_agent_lets_pass_is_missed(word: str, reason: str) -> None:
    before = snapshot("Available", 0, served("CONNECTING", 580))
    found = change(snapshot("Available", 0, served(word, 600)), before)
    assert found.one("call.ring_missed") == (600, {"agent": "zhao", "ring_ms": 20_000, "reason": reason})
    assert found.one("call.rung") == (580, {"agent": "zhao"})


def test_a_ring_has_one_id_whichever_event_shows_it() -> None:
    ringing = snapshot("Available", 0, served("CONNECTING", 580))
    seen = [
        connect(agent_event("STATE_CHANGE", 581, ringing, IDLE)),
        connect(agent_event("HEART_BEAT", 590, ringing, ringing)),
        change(snapshot("Available", 0, served("MISSED", 600)), ringing),
    ]
    assert len({event["id"] for found in seen for event in found.events if event["type"] == "call.rung"}) == 1


def test_an_agent_without_a_user_name_goes_by_his_arn() -> None:
    found = connect(agent_event("LOGOUT", 0, None, None))
    assert found.facts == [(0, "shift.signed_out", {"agent": "a-1"})]
