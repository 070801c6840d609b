"""Conversations of Genesys Cloud: what participants, sessions and segments become, and what more complete ones add."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest

from tests.foreign_records import Json, Told, at_ms, caller, conversation, options, participant, segment, told, usual


def genesys(*records: Any, **more: Any) -> Told:
    return told("genesys", *records, **more)


def agent(*segments: Json, user: str = "u1", **metrics: int) -> Json:
    return participant("agent", *segments, user=user, metrics=metrics)


def queue(start: float, end: float | None, name: str = "q1", disconnect: str = "transfer", **metrics: int) -> Json:
    more = {"queueId": name} | ({"disconnectType": disconnect} if end is not None else {})
    return participant("acd", segment("interact", start, end, **more), name=name, metrics=metrics)


def interact(start: float, end: float | None, **more: Any) -> Json:
    return segment("interact", start, end, queueId="q1", **more)


WHOLE = [
    (0, "call.offered", {"direction": "inbound", "channel": "phone", "hotline": "+492215550100", "customer": "+491715550199"}),
    (0, "call.ivr_entered", {"flow": "Main"}),
    (10, "call.ivr_left", {"outcome": "to_queue"}),
    (10, "call.queued", {"queue": "q1"}),
    (15, "call.rung", {"agent": "u1"}),
    (22, "call.answered", {"agent": "u1", "queue": "q1"}),
    (122, "call.held", {"agent": "u1"}),
    (142, "call.resumed", {"agent": "u1"}),
    (202, "call.released", {"agent": "u1"}),
    (
        232,
        "call.wrapped_up",
        {"agent": "u1", "started_at": "2026-01-05T09:03:22Z", "nature": "other", "category": "resolved-by-phone"},
    ),
    (232, "call.ended", {"by": "customer", "cause": "endpoint"}),
]


def test_a_conversation_is_a_call_from_the_menu_to_the_wrap_up() -> None:
    found = genesys(conversation())
    assert found.facts == WHOLE
    assert {event["subject"] for event in found.events} == {"k1"}


def test_participants_are_kept_as_they_came() -> None:
    (rest,) = genesys(conversation(mediaStatsMinConversationMos=4.88)).kept
    for each in (came := usual()):
        session = each["sessions"][0]
        each["sessions"] = [{name: value for name, value in session.items() if value != []}]
    assert rest == {"divisionIds": ["d-1"], "participants": came, "mediaStatsMinConversationMos": 4.88}


def test_a_conversation_without_an_end_is_open() -> None:
    found = genesys(conversation(end=None))
    assert "call.ended" not in found.types()
    assert "call.released" in found.types()


PREFIXES = [
    conversation(caller(None), end=None),
    conversation(caller(None), usual()[1], participant("acd", interact(10, None), name="Consult"), end=None),
    conversation(caller(None), *usual()[1:3], agent(segment("alert", 15, 22, queueId="q1"), interact(22, None)), end=None),
    conversation(*usual()[:3], deepcopy(usual()[3]), end=None),
    conversation(),
]


def test_a_conversation_that_is_read_again_more_complete_gives_known_ids_and_new_ones() -> None:
    told_ids = [{e["id"] for e in genesys(part).events if e["type"] != "record.kept"} for part in PREFIXES]
    for fewer, more in pairwise(told_ids):
        assert fewer < more


def test_the_wait_is_the_one_that_genesys_states_where_only_its_clocks_differ() -> None:
    record = conversation()
    record["participants"][2]["sessions"][0]["segments"][0]["segmentStart"] = at_ms(9.996)
    assert genesys(record).one("call.queued")[0] == 10
    record["participants"][2]["sessions"][0]["segments"][0]["segmentStart"] = at_ms(7)
    assert genesys(record).one("call.queued")[0] == 7, "a stated wait that differs by seconds is not believed"


@pytest.mark.parametrize(
    ("media", "channel"),
    [("voice", "phone"), ("callback", "phone"), ("chat", "chat"), ("message", "chat"), ("email", "email"), ("?", "web")],
)
def test_channels(media: str, channel: str) -> None:
    who = participant("customer", interact(0, 9), mediaType=media)
    assert genesys(conversation(who)).one("call.offered")[1]["channel"] == channel


def test_an_abandoned_conversation_left_its_queue() -> None:
    record = conversation(
        caller(50, disconnectType="endpoint"), queue(10, 50, disconnect="peer", nOffered=1, tAbandon=40_000), end=50
    )
    found = genesys(record)
    assert found.one("call.left_queue") == (50, {"queue": "q1", "reason": "abandoned"})
    assert found.one("call.ended")[1]["by"] == "customer"


@pytest.mark.parametrize(
    ("disconnect", "metrics", "reason"),
    [
        ("timeout", {}, "timeout"),
        ("transfer", {}, "diverted"),
        ("system", {}, "system"),
        ("error", {}, "system"),
        ("endpoint", {}, "abandoned"),
        ("transfer", {"tFlowOut": 4_000}, "diverted"),
        ("system", {"tAbandon": 4_000}, "abandoned"),
    ],
)
def test_why_a_conversation_left_its_queue_unanswered(disconnect: str, metrics: dict[str, int], reason: str) -> None:
    record = conversation(caller(90), queue(10, 50, disconnect=disconnect, **metrics))
    assert genesys(record).one("call.left_queue")[1]["reason"] == reason


def test_a_caller_who_asked_to_be_called_back_left_for_that() -> None:
    again = participant(
        "acd", segment("interact", 50, 900, queueId="q1", disconnectType="transfer"), name="q1", mediaType="callback"
    )
    found = genesys(conversation(caller(50), queue(10, 50), again, agent(interact(900, 950, disconnectType="client"))))
    reasons = [data["reason"] for _, type_, data in found.facts if type_ == "call.left_queue"]
    assert reasons == ["callback"]


@pytest.mark.parametrize(
    ("disconnect", "metrics", "missed"),
    [
        ("timeout", {}, "no_answer"),
        ("transfer", {}, "no_answer"),
        ("client", {}, "rejected"),
        ("peer", {}, ""),
        ("peer", {"nNotResponding": 1}, "no_answer"),
    ],
)
def test_an_alert_that_nothing_follows_was_missed_unless_the_caller_gave_up(
    disconnect: str, metrics: dict[str, int], missed: str
) -> None:
    who = agent(segment("alert", 15, 30, queueId="q1", disconnectType=disconnect), **metrics)
    found = genesys(conversation(caller(60), queue(10, 60, disconnect="peer"), who))
    assert found.one("call.rung") == (15, {"agent": "u1"})
    assert [d for _, t, d in found.facts if t == "call.ring_missed"] == (
        [{"agent": "u1", "ring_ms": 15_000, "reason": missed}] if missed else []
    )


def test_the_next_agent_answers_what_the_first_let_ring() -> None:
    first = agent(segment("alert", 12, 27, queueId="q1", disconnectType="timeout"))
    second = agent(segment("alert", 28, 30, queueId="q1"), interact(30, 90, disconnectType="client"), user="u2")
    found = genesys(conversation(caller(90, disconnectType="peer"), queue(10, 30), first, second))
    assert found.one("call.ring_missed")[1]["agent"] == "u1"
    assert found.one("call.answered") == (30, {"agent": "u2", "queue": "q1"})
    assert found.one("call.ended")[1] == {"by": "agent", "cause": "peer"}


def passed_on(disconnect: str, *following: Json, **metrics: int) -> tuple[float, Json]:
    first = agent(interact(20, 100, disconnectType=disconnect), **metrics)
    return genesys(conversation(caller(400), queue(10, 20), first, *following)).one("call.transferred")


def test_passed_on_to_a_queue() -> None:
    second = agent(segment("interact", 120, 400, queueId="q2", disconnectType="peer"), user="u2")
    at, data = passed_on("transfer", queue(100, 120, "q2"), second, nTransferred=1, nBlindTransferred=1)
    assert (at, data) == (100, {"from_agent": "u1", "to_kind": "queue", "to": "q2", "mode": "blind"})


def test_passed_on_to_an_agent_after_asking_him() -> None:
    _, data = passed_on(
        "transfer", participant("agent", segment("interact", 80, 400), user="u9"), nConsultTransferred=1, nTransferred=1
    )
    assert data == {"from_agent": "u1", "to_kind": "agent", "to": "u9", "mode": "attended"}


def test_passed_on_to_an_outside_number() -> None:
    _, data = passed_on("transfer", participant("external", segment("interact", 100, 400), name="Workshop"))
    assert data == {"from_agent": "u1", "to_kind": "external", "to": "Workshop", "mode": "blind"}


def test_two_queues_one_after_the_other_are_two_entries_with_an_answer_each() -> None:
    second = agent(segment("interact", 120, 400, queueId="q2", disconnectType="peer"), user="u2")
    first = agent(interact(20, 100, disconnectType="transfer"), nTransferred=1)
    found = genesys(conversation(caller(400), queue(10, 20), first, queue(100, 120, "q2"), second))
    assert [(t, d["queue"]) for _, t, d in found.facts if t in ("call.queued", "call.answered")] == [
        ("call.queued", "q1"),
        ("call.answered", "q1"),
        ("call.queued", "q2"),
        ("call.answered", "q2"),
    ]


def test_an_agent_whose_segments_name_no_queue_answered_the_entry_that_ended_then() -> None:
    who = participant("agent", segment("interact", 20, 90, disconnectType="client"), user="u1")
    assert genesys(conversation(caller(90), queue(10, 20), who)).one("call.answered")[1] == {"agent": "u1", "queue": "q1"}
    late = participant("agent", segment("interact", 60, 90, disconnectType="client"), user="u1")
    assert genesys(conversation(caller(90), queue(10, 20), late)).one("call.left_queue")[1]["reason"] == "diverted"


def test_a_direct_call_to_an_agent_is_an_answer_without_a_queue() -> None:
    found = genesys(
        conversation(caller(60), participant("user", segment("alert", 1, 5), segment("interact", 5, 60), user="u1"))
    )
    assert found.one("call.answered") == (5, {"agent": "u1"})


def test_a_conference_names_the_further_party() -> None:
    talk = [segment("interact", 20, 100, queueId="q1"), segment("interact", 100, 200, queueId="q1") | {"conference": True}]
    other = participant("external", segment("interact", 90, 200), name="Interpreter")
    found = genesys(conversation(caller(200), queue(10, 20), agent(*talk), other))
    assert found.one("call.conferenced") == (100, {"agent": "u1", "party": "Interpreter"})


def test_a_message_on_the_voicemail() -> None:
    box = participant(
        "voicemail", segment("voicemail", 50, 75, disconnectType="endpoint"), name="Box", metrics={"tVoicemail": 23_500}
    )
    found = genesys(conversation(caller(75), usual()[1], queue(10, 50, disconnect="transfer"), box, end=75))
    assert found.one("call.voicemail_left") == (75, {"length_ms": 23_500})


def test_a_call_that_an_agent_makes() -> None:
    who = agent(segment("contacting", 0, 2), segment("dialing", 2, 12), segment("interact", 12, 60, disconnectType="client"))
    called = participant(
        "customer", segment("dialing", 2, 12), segment("interact", 12, 60), ani="tel:+492215550100", dnis="tel:+4917155"
    )
    found = genesys(conversation(who, called, originatingDirection="outbound"))
    assert found.one("call.offered")[1] == {
        "direction": "outbound",
        "channel": "phone",
        "hotline": "+492215550100",
        "customer": "+4917155",
    }
    assert found.one("call.connected") == (12, {})
    assert not {"call.queued", "call.rung"} & set(found.types())


def test_a_menu_that_ends_the_call_served_it_unless_the_caller_hung_up() -> None:
    for disconnect, outcome in (("system", "self_served"), ("peer", "hung_up")):
        menu = participant("ivr", segment("ivr", 0, 40, disconnectType=disconnect), name="Main menu")
        found = genesys(conversation(caller(40), menu, end=40))
        assert found.one("call.ivr_left") == (40, {"outcome": outcome})
        assert found.one("call.ivr_entered")[1] == {"flow": "Main menu"}


def test_days_of_one_digit_are_understood_as_some_exports_write_them() -> None:
    record = conversation(
        participant("customer", {"segmentType": "interact", "segmentStart": "2026-1-5T09:00:00.000Z"}), end=None
    )
    assert genesys(record).one("call.offered")[0] == 0


def test_a_page_of_answers_is_its_conversations() -> None:
    page = {"totalHits": 2, "conversations": [conversation(), conversation(id_="k2")], "cursor": "abc"}
    assert {event["subject"] for event in genesys(page).events} == {"k1", "k2"}


def test_vendor_and_hotline_of_a_queue_can_be_named() -> None:
    record = conversation(participant("customer", interact(0, 202)), *usual()[2:])
    found = genesys(record, given=options("genesys", vendors={"q1": "xinhe"}, hotlines={"q1": "10000"}))
    assert found.one("call.offered")[1]["hotline"] == "10000"
    assert {e["type"]: e.get("vendor") for e in found.events}["call.answered"] == "xinhe"


def test_a_conversation_of_no_participants_is_offered_and_ended() -> None:
    record = conversation()
    record["participants"] = []
    assert genesys(record).types() == ["call.ended", "call.offered"]
