"""Queue logs through border, ledger and facts: waits and talks fall to the right entry."""

from __future__ import annotations

import pytest

from opsledger.infra.store import Store
from tests.queue_log_scene import LEG, T, facts, log, store, take

__all__ = ["store"]

CALLS = "call, offered, answered, entries, entries_answered, legs, wait_ms, talk_ms, transfers, ended_by, contradictions"


def test_a_call_that_waits_talks_and_ends(store: Store) -> None:
    take(store, log("0 a q1 NONE ENTERQUEUE  138 1\n12 a q1 SIP/1 CONNECT 12 a9 4\n72 a q1 SIP/1 COMPLETECALLER 12 60 1"))
    assert facts(store, LEG) == [("a", "q1", "answered", 12_000, "SIP/1", 60_000, "released")]
    assert facts(store, CALLS, "calls", "call") == [("a", True, True, 1, 1, 1, 12_000, 60_000, 0, "customer", [])]


def test_a_whole_call_within_one_second(store: Store) -> None:
    take(store, log("0 a q1 NONE ENTERQUEUE  138 1\n0 a q1 SIP/1 CONNECT 0 a9 0\n0 a q1 SIP/1 COMPLETEAGENT 0 0 1"))
    assert facts(store, LEG) == [("a", "q1", "answered", 0, "SIP/1", 0, "released")]
    assert facts(store, CALLS, "calls", "call")[0][-1] == []


def test_two_queues_within_one_second_and_back_again(store: Store) -> None:
    take(
        store,
        log("""
        0 a q1 NONE ENTERQUEUE  138 1
        0 a q1 NONE EXITWITHTIMEOUT 1 1 0
        0 a q2 NONE ENTERQUEUE  138 1
        0 a q2 NONE EXITWITHTIMEOUT 1 1 0
        0 a q1 NONE ENTERQUEUE  138 1
        0 a q1 SIP/1 CONNECT 0 a9 0
        9 a q1 SIP/1 COMPLETECALLER 0 9 1
        """),
    )
    assert facts(store, "queue, outcome, wait_ms, talk_ms") == [
        ("q1", "timeout", 0, 0),
        ("q2", "timeout", 0, 0),
        ("q1", "answered", 0, 9_000),
    ]
    assert facts(store, CALLS, "calls", "call")[0][-1] == []


def test_a_blind_transfer_to_a_queue_is_one_contact_with_two_entries(store: Store) -> None:
    take(
        store,
        log("""
        0 a q1 NONE ENTERQUEUE  138 1
        10 a q1 SIP/1 CONNECT 10 a9 4
        40 a q1 SIP/1 BLINDTRANSFER 602 from-internal 10 30 1
        41 a q2 NONE ENTERQUEUE  138 1
        46 a q2 SIP/2 CONNECT 5 a10 4
        66 a q2 SIP/2 COMPLETECALLER 5 20 1
        """),
    )
    assert facts(store, LEG) == [
        ("a", "q1", "answered", 10_000, "SIP/1", 30_000, "transfer"),
        ("a", "q2", "answered", 5_000, "SIP/2", 20_000, "released"),
    ]
    assert facts(store, "to_kind, to, mode", "transfers", "n") == [("queue", "q2", "blind")]


CONSULT = """
    0 a q1 NONE ENTERQUEUE  138 1
    10 a q1 SIP/1001 CONNECT 10 a9 4
    30 b q2 NONE ENTERQUEUE  {caller} 1
"""
BEFORE_ANSWER = (
    CONSULT
    + """
    35 a q1 SIP/1001 ATTENDEDTRANSFER APP Queue 10 25 1
    36 a q2 SIP/2001 RINGNOANSWER 5000
    45 a q2 SIP/2002 CONNECT 15 b9 3
    75 a q2 SIP/2002 COMPLETECALLER 15 30 1
"""
)


@pytest.mark.parametrize("caller", ["1001", "", "02155554444"])
def test_an_attended_transfer_before_the_answer_goes_on_in_the_consults_entry(store: Store, caller: str) -> None:
    assert take(store, log(BEFORE_ANSWER.format(caller=caller)))[3] == 0
    assert facts(store, LEG) == [
        ("a", "q1", "answered", 10_000, "SIP/1001", 25_000, "transfer"),
        ("b", "q2", "answered", 15_000, "SIP/2002", 30_000, "released"),
    ]
    first, consult = facts(store, CALLS, "calls", "call")
    assert first == ("a", True, True, 1, 1, 1, 10_000, 25_000, 1, "customer", [])
    assert consult[:2] == ("b", False), "the consult is no contact of its own"
    assert consult[-1] == []
    assert facts(store, "to_kind, to, mode", "transfers", "n") == [("queue", "q2", "attended")]


def test_without_the_link_the_wait_would_fall_to_nobody(store: Store) -> None:
    """The control: the same lines, but the first id's later lines stand in a file of their own, read without memory."""
    lines = log(BEFORE_ANSWER.format(caller="1001"))
    take(store, lines[:4])
    take(store, lines[4:])
    assert ("b", "q2", "waiting") in facts(store, "call, queue, outcome")


def test_a_caller_who_gives_up_after_the_transfer_abandons_the_consults_entry(store: Store) -> None:
    text = CONSULT + "35 a q1 SIP/1001 ATTENDEDTRANSFER APP Queue 10 25 1\n50 a q2 NONE ABANDON 1 1 20"
    take(store, log(text.format(caller="")))
    assert facts(store, LEG)[1] == ("b", "q2", "abandoned", 20_000, "", 0, "")
    assert [row[-2] for row in facts(store, CALLS, "calls", "call")] == ["customer", "customer"]


def test_an_attended_transfer_after_the_answer_ends_the_first_call_with_the_consult(store: Store) -> None:
    text = (
        CONSULT
        + """
        40 b q2 SIP/2002 CONNECT 10 b9 3
        50 a q1 SIP/1001 ATTENDEDTRANSFER BRIDGE 5c2f-aa 10 40 1
        90 b q2 SIP/2002 COMPLETEAGENT 10 50 1
        """
    )
    take(store, log(text.format(caller="1001")))
    assert facts(store, LEG) == [
        ("a", "q1", "answered", 10_000, "SIP/1001", 40_000, "transfer"),
        ("b", "q2", "answered", 10_000, "SIP/2002", 50_000, "released"),
    ]
    assert facts(store, "to_kind, to", "transfers", "n") == [("queue", "q2")]
    assert facts(store, "call, ended_by, toUnixTimestamp(ended_at)", "calls", "call") == [
        ("a", "agent", T + 90),
        ("b", "agent", T + 90),
    ]


def test_a_first_id_that_connects_after_its_consult_was_answered_is_no_second_entry(store: Store) -> None:
    text = (
        CONSULT
        + """
        40 b q2 SIP/2002 CONNECT 10 b9 3
        50 b q2 SIP/2002 COMPLETEAGENT 10 10 1
        50 a q1 SIP/1001 ATTENDEDTRANSFER LINK Local/7@x;1 Local/7@x;2 10 40 1
        50 a q2 SIP/2002 CONNECT 0 a12 0
        80 a q2 SIP/2002 COMPLETECALLER 0 30 1
        """
    )
    take(store, log(text.format(caller="1001")))
    assert facts(store, "call, is_entry, queue, wait_ms, agent, talk_ms") == [
        ("a", True, "q1", 10_000, "SIP/1001", 40_000),
        ("a", False, "", None, "SIP/2002", 30_000),
        ("b", True, "q2", 10_000, "SIP/2002", 10_000),
    ]


def test_a_consult_that_comes_to_nothing_leaves_the_first_call_alone(store: Store) -> None:
    text = CONSULT + "34 b q2 NONE ABANDON 1 1 4\n70 a q1 SIP/1001 COMPLETECALLER 10 60 1"
    take(store, log(text.format(caller="1001")))
    assert facts(store, LEG) == [
        ("a", "q1", "answered", 10_000, "SIP/1001", 60_000, "released"),
        ("b", "q2", "abandoned", 4_000, "", 0, ""),
    ]


def test_calls_of_others_that_wait_as_long_are_not_taken_for_the_consult(store: Store) -> None:
    text = (
        CONSULT
        + "30 c q2 NONE ENTERQUEUE  139 2\n35 a q1 SIP/1001 ATTENDEDTRANSFER APP Queue 10 25 1\n45 a q2 SIP/2 CONNECT 15 b9 3"
    )
    take(store, log(text.format(caller="")))
    assert [row[:3] for row in facts(store, LEG)][2:] == [("b", "q2", "waiting"), ("c", "q2", "waiting")]


def test_agents_time_is_idle_talking_and_break(store: Store) -> None:
    take(
        store,
        log("""
        0 MANAGER q1 SIP/1 ADDMEMBER
        0 MANAGER q2 SIP/1 ADDMEMBER
        100 a q1 NONE ENTERQUEUE  138 1
        110 a q1 SIP/1 CONNECT 10 a9 4
        140 NONE q1 SIP/1 PAUSE lunch
        170 a q1 SIP/1 COMPLETECALLER 10 60 1
        470 NONE q1 SIP/1 UNPAUSE
        500 MANAGER q1 SIP/1 REMOVEMEMBER
        600 MANAGER q2 SIP/1 REMOVEMEMBER
        """),
    )
    spans = "state, reason, toUnixTimestamp(ends_at) - toUnixTimestamp(starts_at)"
    assert facts(store, spans, "agent_spans", "starts_at") == [
        ("idle", "", 110),
        ("talking", "", 30),
        ("talking", "lunch", 30),
        ("break", "lunch", 300),
        ("idle", "", 130),
    ]


def test_a_call_taken_in_the_second_in_which_the_last_ended_is_talked_to(store: Store) -> None:
    take(
        store,
        log("""
        0 MANAGER q1 SIP/1 ADDMEMBER
        1 a q1 NONE ENTERQUEUE  138 1
        1 b q1 NONE ENTERQUEUE  139 1
        5 a q1 SIP/1 CONNECT 4 a9 4
        9 a q1 SIP/1 COMPLETEAGENT 4 4 1
        9 b q1 SIP/1 CONNECT 8 b9 0
        60 b q1 SIP/1 COMPLETECALLER 8 51 1
        """),
    )
    rows = facts(store, "state, toUnixTimestamp(starts_at)", "agent_spans", "starts_at")
    assert [(state, at - T) for state, at in rows if state == "talking"] == [("talking", 5), ("talking", 9)]
