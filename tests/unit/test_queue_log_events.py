"""What each word of a queue_log becomes, and what becomes of a line that is none."""

from __future__ import annotations

from typing import Any

import pytest

from opsledger.ingest.adapters.queue_log import HANDLERS
from opsledger.ingest.adapters.queue_log_words import FORMS
from tests.queue_logs import CALL, CONNECT, ENTER, T, chunks_of, events_of, line

WORDS = (
    "ENTERQUEUE CONNECT COMPLETECALLER COMPLETEAGENT ABANDON EXITWITHTIMEOUT EXITWITHKEY EXITEMPTY WITHDRAW RINGNOANSWER "
    "RINGCANCELED BLINDTRANSFER ATTENDEDTRANSFER TRANSFER AGENTDUMP SYSCOMPAT ADDMEMBER REMOVEMEMBER PAUSE UNPAUSE PAUSEALL "
    "UNPAUSEALL AGENTLOGIN AGENTLOGOFF AGENTCALLBACKLOGIN AGENTCALLBACKLOGOFF PENALTY RINGINUSE OUTCALL DID CONFIGRELOAD "
    "QUEUESTART FULL CLOSED JOINEMPTY LEAVEEMPTY DIVERT_CA_RATIO DIVERT_HOLDTIME WRAPUPSTART"
)


def said(*lines: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(type, subject, data) of the events that the last line made."""
    before, after = (events_of(chunks_of("\n".join(part))) for part in (lines[:-1], lines))
    known = {event["id"] for event in before}
    return [(e["type"], e["subject"], e["data"]) for e in after if e["id"] not in known]


OFFERED = {"direction": "inbound", "channel": "phone", "hotline": "q1"}
LEFT = "call.left_queue"
SIGNED_IN = line("ADDMEMBER", agent="SIP/1001", call="MANAGER", at=T - 99)
SHIFT = "SIP/1001@2026-01-05"


def test_every_word_of_the_list_has_a_form_and_a_handler() -> None:
    assert set(FORMS) == set(HANDLERS) == set(WORDS.split(" "))


def test_entering_a_queue_is_the_offer_and_the_entry() -> None:
    assert said(ENTER) == [
        ("call.offered", CALL, {**OFFERED, "customer": "13800000000"}),
        ("call.queued", CALL, {"queue": "q1", "position": 1}),
    ]


def test_a_second_queue_is_no_second_offer() -> None:
    assert said(ENTER, line("ENTERQUEUE", "", "13800000000", 2, queue="q2")) == [
        ("call.queued", CALL, {"queue": "q2", "position": 2})
    ]


def test_an_answer_rang_before() -> None:
    events = events_of(chunks_of(f"{ENTER}\n{CONNECT}"))[2:]
    assert [(e["type"], e["time"], e["data"]) for e in events] == [
        ("call.rung", "2026-01-05T07:59:47Z", {"agent": "SIP/1001"}),
        ("call.answered", "2026-01-05T07:59:50Z", {"agent": "SIP/1001", "queue": "q1"}),
    ]


@pytest.mark.parametrize(("word", "by"), [("COMPLETECALLER", "customer"), ("COMPLETEAGENT", "agent")])
def test_completing_releases_the_agent_and_ends_the_call(word: str, by: str) -> None:
    assert said(ENTER, CONNECT, line(word, 10, 10, 1, agent="SIP/1001")) == [
        ("call.released", CALL, {"agent": "SIP/1001"}),
        ("call.ended", CALL, {"by": by}),
    ]


def test_completing_without_an_agent_takes_the_one_who_answered() -> None:
    assert said(ENTER, CONNECT, line("COMPLETEAGENT", 10, 10, 1))[0] == ("call.released", CALL, {"agent": "SIP/1001"})


def test_abandoning_leaves_the_queue_and_ends_the_call() -> None:
    assert said(ENTER, line("ABANDON", 1, 1, 20)) == [
        (LEFT, CALL, {"queue": "q1", "reason": "abandoned"}),
        ("call.ended", CALL, {"by": "customer"}),
    ]


@pytest.mark.parametrize(
    ("word", "data", "reason"),
    [
        ("EXITWITHTIMEOUT", (1, 1, 20), "timeout"),
        ("EXITWITHTIMEOUT", (1,), "timeout"),
        ("EXITWITHKEY", ("#", 1, 1, 20), "key"),
        ("EXITWITHKEY", (3, 1), "key"),
        ("EXITEMPTY", (1, 1, 20), "leave_empty"),
        ("LEAVEEMPTY", (), "leave_empty"),
        ("WITHDRAW", (1, 1, 20, "to voicemail"), "withdrawn"),
    ],
)
def test_an_exit_leaves_the_queue_while_the_contact_goes_on(word: str, data: tuple[object, ...], reason: str) -> None:
    assert said(ENTER, line(word, *data)) == [(LEFT, CALL, {"queue": "q1", "reason": reason})]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("FULL", "full"),
        ("CLOSED", "closed"),
        ("JOINEMPTY", "join_empty"),
        ("DIVERT_CA_RATIO", "diverted"),
        ("DIVERT_HOLDTIME", "diverted"),
    ],
)
def test_who_is_not_let_in_is_an_entry_of_no_length(word: str, reason: str) -> None:
    assert said(line(word)) == [
        ("call.offered", CALL, OFFERED),
        ("call.queued", CALL, {"queue": "q1"}),
        (LEFT, CALL, {"queue": "q1", "reason": reason}),
    ]
    assert said(ENTER, line(word)) == [(LEFT, CALL, {"queue": "q1", "reason": reason})]


def test_a_ring_that_nobody_took_lasted_milliseconds() -> None:
    events = events_of(chunks_of(f"{ENTER}\n{line('RINGNOANSWER', 5000, agent='SIP/1002')}"))[2:]
    assert [(e["type"], e["time"]) for e in events] == [
        ("call.rung", "2026-01-05T07:59:56Z"),
        ("call.ring_missed", "2026-01-05T08:00:00Z"),
    ]
    assert events[1]["data"] == {"agent": "SIP/1002", "ring_ms": 5000, "reason": "no_answer"}


def test_a_ring_that_the_caller_cut_short_is_no_miss() -> None:
    assert said(ENTER, line("RINGCANCELED", 5000, agent="SIP/1002")) == [("call.rung", CALL, {"agent": "SIP/1002"})]


def test_a_ring_does_not_begin_before_its_entry() -> None:
    events = events_of(chunks_of(f"{ENTER}\n{line('RINGNOANSWER', 90_000, agent='SIP/1002')}"))
    assert events[2]["time"] == events[1]["time"]


def test_an_agent_who_hangs_up_during_the_announcement_rejected_the_call() -> None:
    assert said(ENTER, line("AGENTDUMP", agent="SIP/1002"))[1] == (
        "call.ring_missed",
        CALL,
        {"agent": "SIP/1002", "ring_ms": 0, "reason": "rejected"},
    )


def test_channels_that_do_not_fit_are_the_systems_doing() -> None:
    assert said(ENTER, line("SYSCOMPAT", agent="SIP/1002")) == [
        (LEFT, CALL, {"queue": "q1", "reason": "system"}),
        ("call.ended", CALL, {"by": "system", "cause": "SYSCOMPAT"}),
    ]


@pytest.mark.parametrize("word", ["BLINDTRANSFER", "TRANSFER"])
@pytest.mark.parametrize(
    ("extension", "context", "kind"),
    [
        ("600", "from-internal", "agent"),
        ("01085551234", "from-internal", "external"),
        ("+8613800000000", "x", "external"),
        ("600", "ext-queues", "queue"),
        ("s", "ivr-3", "ivr"),
    ],
)
def test_a_blind_transfer_names_where_to(word: str, extension: str, context: str, kind: str) -> None:
    assert said(ENTER, CONNECT, line(word, extension, context, 10, 10, 1, agent="SIP/1001")) == [
        ("call.transferred", CALL, {"from_agent": "SIP/1001", "to_kind": kind, "to": extension, "mode": "blind"}),
        ("call.released", CALL, {"agent": "SIP/1001"}),
    ]


@pytest.mark.parametrize(
    ("data", "kind", "to"),
    [
        (("BRIDGE", "7d1c", 10, 10, 1), "agent", "7d1c"),
        (("APP", "Queue", 10, 10, 1), "queue", "Queue"),
        (("APP", "VoiceMail", 10, 10, 1), "agent", "VoiceMail"),
        (("LINK", "Local/1@c-1;1", "Local/1@c-1;2", 10, 10, 1), "agent", "Local/1@c-1;1"),
    ],
)
def test_an_attended_transfer_of_each_form(data: tuple[object, ...], kind: str, to: str) -> None:
    assert said(ENTER, CONNECT, line("ATTENDEDTRANSFER", *data, agent="SIP/1001"))[0] == (
        "call.transferred",
        CALL,
        {"from_agent": "SIP/1001", "to_kind": kind, "to": to, "mode": "attended"},
    )


@pytest.mark.parametrize(
    ("word", "type_", "queue"),
    [
        ("ADDMEMBER", "shift.signed_in", {"queue": "q1"}),
        ("REMOVEMEMBER", "shift.signed_out", {"queue": "q1"}),
        ("AGENTLOGIN", "shift.signed_in", {}),
        ("AGENTLOGOFF", "shift.signed_out", {}),
        ("AGENTCALLBACKLOGIN", "shift.signed_in", {}),
        ("AGENTCALLBACKLOGOFF", "shift.signed_out", {}),
    ],
)
def test_signing_in_and_out(word: str, type_: str, queue: dict[str, str]) -> None:
    where = "q1" if queue else "NONE"
    data = {"AGENTLOGOFF": ("SIP/1001", 55), "AGENTCALLBACKLOGOFF": ("1@c", 55, "CommandLogoff")}.get(word, ())
    assert said(line(word, *data, queue=where, agent="SIP/1001", call="NONE")) == [
        (type_, SHIFT, {"agent": "SIP/1001", **queue})
    ]


def test_a_member_added_paused_begins_with_a_break() -> None:
    events = said(line("ADDMEMBER", "PAUSED", agent="SIP/1001", call="REALTIME"))
    assert [(e[0], e[2].get("state")) for e in events] == [("shift.signed_in", None), ("shift.state_changed", "break")]


@pytest.mark.parametrize(
    ("word", "state"), [("PAUSE", "break"), ("PAUSEALL", "break"), ("UNPAUSE", "idle"), ("UNPAUSEALL", "idle")]
)
def test_pauses(word: str, state: str) -> None:
    assert said(SIGNED_IN, line(word, agent="SIP/1001", call="NONE")) == [
        ("shift.state_changed", SHIFT, {"agent": "SIP/1001", "state": state})
    ]


def test_a_pause_has_its_reason_even_with_a_bar_in_it() -> None:
    assert said(line("PAUSE", "tea|coffee", agent="SIP/1001", call="NONE"))[0][2]["reason"] == "tea|coffee"


def test_an_agent_with_a_session_talks_and_falls_silent() -> None:
    states = [
        e["data"]["state"]
        for e in events_of(
            chunks_of("\n".join((SIGNED_IN, ENTER, CONNECT, line("COMPLETEAGENT", 10, 10, 1, agent="SIP/1001"))))
        )
        if e["type"] == "shift.state_changed"
    ]
    assert states == ["talking", "idle"]


def test_a_pause_during_a_call_begins_after_it() -> None:
    pause = line("PAUSE", "lunch", agent="SIP/1001", call="NONE", at=T - 5)
    events = events_of(
        chunks_of("\n".join((SIGNED_IN, ENTER, CONNECT, pause, line("COMPLETEAGENT", 1, 1, 1, agent="SIP/1001"))))
    )
    states = [e["data"] for e in events if e["type"] == "shift.state_changed"]
    assert [(s["state"], s.get("reason")) for s in states] == [("talking", None), ("talking", "lunch"), ("break", "lunch")]


def test_a_static_member_has_no_time_made_up() -> None:
    assert all(not e["type"].startswith("shift.") for e in events_of(chunks_of(f"{ENTER}\n{CONNECT}")))


def test_wrap_up_lasts_its_seconds() -> None:
    raw = "\n".join((SIGNED_IN, ENTER, CONNECT, line("WRAPUPSTART", 30, agent="SIP/1001")))
    events = events_of(chunks_of(raw))
    wrapped = next(e for e in events if e["type"] == "call.wrapped_up")
    assert (wrapped["time"], wrapped["data"]["started_at"]) == ("2026-01-05T08:00:30Z", "2026-01-05T08:00:00Z")
    states = [(e["time"][11:19], e["data"]["state"]) for e in events if e["type"] == "shift.state_changed"]
    assert states[1:] == [("08:00:00", "wrap_up"), ("08:00:30", "idle")]


@pytest.mark.parametrize(
    ("raw", "subject", "data"),
    [
        (line("PENALTY", 5, agent="SIP/1", call="NONE"), "q1", {"setting": "penalty", "agent": "SIP/1", "value": "5"}),
        (line("RINGINUSE", 0, agent="SIP/1", call="NONE"), "q1", {"setting": "ring_in_use", "agent": "SIP/1", "value": "0"}),
        (line("CONFIGRELOAD", "", queue="NONE", call="NONE"), "*", {"setting": "configuration"}),
        (line("QUEUESTART", "", queue="NONE", call="NONE"), "*", {"setting": "start"}),
    ],
)
def test_settings(raw: str, subject: str, data: dict[str, str]) -> None:
    assert said(raw) == [("queue.setting_changed", subject, data)]


def test_the_dialled_number_is_the_hotline_and_the_caller_is_added_to_it() -> None:
    did = line("DID", "4008001", at=T - 30)
    assert said(did) == [("call.offered", CALL, {**OFFERED, "hotline": "4008001"})]
    first, better, _ = events_of(chunks_of(f"{did}\n{ENTER}"))
    assert better["data"] == {**OFFERED, "hotline": "4008001", "customer": "13800000000"}
    assert (better["corrects"], better["time"]) == (first["id"], first["time"])


def test_a_dialled_number_after_the_entry_puts_the_hotline_right() -> None:
    first, _, better = events_of(chunks_of(f"{ENTER}\n{line('DID', '4008001')}"))
    assert (better["data"]["hotline"], better["corrects"]) == ("4008001", first["id"])


def test_a_call_made_by_the_centre_is_outbound() -> None:
    assert said(line("OUTCALL", "13900000000")) == [
        ("call.offered", CALL, {**OFFERED, "direction": "outbound", "customer": "13900000000"})
    ]
