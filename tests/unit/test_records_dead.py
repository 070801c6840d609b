"""Records that cannot become events: each is a dead letter with its reason and place, and stops nothing."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.ingest.chunk import Reason
from tests.foreign_records import (
    Json,
    agent_event,
    chunks,
    contact,
    contact_event,
    conversation,
    served,
    snapshot,
    told,
    without,
)

BASES = {
    "contact record": ("connect", contact(TransferredToEndpoint={"Address": "+4930"})),
    "contact event": ("connect", contact_event("DISCONNECTED")),
    "agent event": (
        "connect",
        agent_event(
            "STATE_CHANGE", 60, snapshot("Lunch", 59, served("MISSED", 58)), snapshot("Available", 0, served("CONNECTING", 40))
        ),
    ),
    "conversation": ("genesys", conversation()),
}
GOOD = {"connect": contact("good"), "genesys": conversation(id_="good")}

WRONG: list[tuple[str, Any, str, str]] = [
    ("connect", b"{broken", "not_json", "is not JSON"),
    ("connect", b"[1, 2]", "not_json", "is JSON, but not an object"),
    ("connect", b'{"ContactId":"\xff\xfe"}', "not_json", "is not JSON"),
    ("connect", {}, "unknown_type", "a contact record or event has a ContactId"),
    ("connect", {"EventType": "LOGIN"}, "unknown_type", "is no record of Amazon Connect"),
    ("connect", contact(ContactId=5), "invalid", "ContactId: wants a text, has 5"),
    ("connect", contact(ContactId=""), "invalid", "ContactId: is missing"),
    ("connect", contact(Queue=[1]), "invalid", "Queue: wants an object, has [1]"),
    (
        "connect",
        contact(InitiationTimestamp="2026-01-05T09:00:00"),
        "no_offset",
        "InitiationTimestamp: '2026-01-05T09:00:00' has no offset",
    ),
    ("connect", contact(InitiationTimestamp="yesterday"), "invalid", "InitiationTimestamp: 'yesterday' is not a time"),
    ("connect", contact(InitiationTimestamp="2026-02-30T09:00:00Z"), "invalid", "is not a time: day"),
    ("connect", contact(InitiationTimestamp="2026-01-05T09:00:00+99:00"), "invalid", "is not a time"),
    ("connect", contact(DisconnectTimestamp="2099-01-05T09:00:00Z"), "out_of_time", "2099"),
    ("connect", contact(InitiationTimestamp="1970-01-05T09:00:00Z"), "out_of_time", "1970"),
    ("connect", contact(Queue=contact()["Queue"] | {"Name": "x" * 300}), "invalid", "data.queue"),
    ("connect", contact(Agent=contact()["Agent"] | {"NumberOfHolds": -1}), "invalid", "Agent.NumberOfHolds: -1 is outside"),
    (
        "connect",
        contact(Agent=contact()["Agent"] | {"AgentInteractionDuration": "5"}),
        "invalid",
        "wants a whole number, has 5",
    ),
    (
        "connect",
        contact(Agent=contact()["Agent"] | {"AgentInteractionDuration": 1.5}),
        "invalid",
        "wants a whole number, has 1.5",
    ),
    (
        "connect",
        contact(Agent={"ConnectedToAgentTimestamp": contact()["InitiationTimestamp"]}),
        "invalid",
        "Agent.Username: is missing",
    ),
    (
        "connect",
        {"ContactId": "c1", "Channel": "VOICE"},
        "invalid",
        "InitiationTimestamp: is missing, and so is every other time",
    ),
    ("connect", {"ContactId": "c1", "InitiationMethod": "MONITOR"}, "invalid", "InitiationTimestamp: is missing"),
    ("connect", agent_event("LOGIN", 0, None, None) | {"EventTimestamp": None}, "invalid", "EventTimestamp: is missing"),
    ("connect", agent_event("LOGIN", 0, {"Contacts": [5]}, None), "invalid", "Contacts: wants a list of objects, has [5]"),
    ("genesys", {"conversationId": "k"}, "invalid", "conversationStart: is missing"),
    ("genesys", {"id": "k"}, "unknown_type", "has no conversationId"),
    ("genesys", conversation() | {"participants": {}}, "invalid", "participants: wants a list of objects, has {}"),
    (
        "genesys",
        conversation({"purpose": "agent", "sessions": [{"segments": [{}]}]}),
        "invalid",
        "segments[0].segmentStart: is missing",
    ),
    (
        "genesys",
        conversation({"purpose": "agent", "sessions": [{"segments": [{"segmentStart": "x"}]}]}),
        "invalid",
        "is not a time",
    ),
]


@pytest.mark.parametrize(("format_", "bad", "reason", "detail"), WRONG)
def test_a_bad_record_is_dead_with_its_reason_and_its_neighbours_live(format_: str, bad: Any, reason: str, detail: str) -> None:
    good = GOOD[format_]
    found = told(format_, good, bad, {**good, next(iter(good)): "good2"})
    (dead,) = found.dead
    assert (found.read, dead.reason, dead.line) == (3, reason, 2)
    assert detail in dead.detail
    assert {event["subject"] for event in found.events} == {"good", "good2"}


@pytest.mark.parametrize("format_", ["connect", "genesys"])
def test_absurd_nesting_is_dead(format_: str) -> None:
    deep = b'{"ContactId":"x","conversationId":"x","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    (dead,) = told(format_, deep, GOOD[format_]).dead
    assert (dead.reason, dead.detail) == ("invalid", "is nested more than 512 levels deep")


def test_many_brackets_side_by_side_are_no_nesting() -> None:
    assert not told("connect", contact(Attributes={f"a{n}": [[]] for n in range(600)} | {"x": "]" * 600})).dead


@pytest.mark.parametrize("format_", ["connect", "genesys"])
def test_a_record_of_ten_megabytes_is_dead_and_only_its_beginning_is_kept(format_: str) -> None:
    huge = json.dumps(GOOD[format_] | {"Attributes": {"x": "y" * 10_000_000}}).encode()
    found = told(format_, huge, GOOD[format_])
    (dead,) = found.dead
    assert (found.read, dead.reason, dead.length, len(dead.raw)) == (2, "too_large", len(huge), 64 * 1024)
    assert dead.detail == f"the record has {len(huge)} bytes, at most 4194304 are allowed"


@pytest.mark.parametrize("name", list(BASES))
def test_a_record_of_one_megabyte_comes_in_whole(name: str) -> None:
    format_, record = BASES[name]
    found = told(format_, record | {"Extra": {f"n{n}": "ü" * 1000 for n in range(500)}})
    assert not found.dead
    parts = [event["sourcerecord"] for event in found.events if event["type"] == "record.kept"]
    assert len(json.loads("".join(parts))["Extra"]) == 500


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, below in inner for found in paths(below, (*path, key)))]


ODD = st.sampled_from(
    [
        None,
        "",
        "x",
        "x" * 9000,
        "\ud7ff\x00",
        0,
        -1,
        1.5,
        2**70,
        True,
        [],
        {},
        [{}],
        [None],
        {"a": 1},
        "2026-01-05T09:00:00",
        "9999-99-99T99:99:99Z",
    ]
)


def mutated(record: Json, path: tuple[Any, ...], odd: Any) -> Json:
    made = deepcopy(record)
    if not path:
        return odd if isinstance(odd, dict) else {"x": odd}
    holder: Any = made
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = odd
    return made


@pytest.mark.parametrize("name", list(BASES))
@given(data=st.data())
def test_whatever_stands_in_a_field_a_record_is_told_or_dead_and_never_lost(name: str, data: st.DataObject) -> None:
    format_, record = BASES[name]
    bad = record
    for _ in range(data.draw(st.integers(1, 3))):
        bad = mutated(bad, data.draw(st.sampled_from(paths(bad))), data.draw(ODD))
    raw = json.dumps(bad).encode()
    for chunk in chunks(format_, raw + b"\n" + json.dumps(GOOD[format_]).encode()):
        alive = {record for table in chunk.events.values() for record in table["record"].to_pylist()}
        dead = {each.record for each in chunk.dead}
        assert (alive | dead, alive & dead, 1 in alive) == ({0, 1}, set(), True)
        assert dead <= {0}
        assert all(each.reason in set(Reason) and each.detail and each.raw == raw for each in chunk.dead)


@given(data=st.data())
def test_a_cut_record_is_dead(data: st.DataObject) -> None:
    format_, record = data.draw(st.sampled_from(list(BASES.values())))
    raw = json.dumps(record).encode()
    cut = raw[: data.draw(st.integers(1, len(raw) - 1))]
    found = told(format_, GOOD[format_], cut)
    assert ([dead.reason for dead in found.dead], found.read) == (["not_json"], 2)


def test_a_record_without_a_field_that_nothing_rests_on_is_told() -> None:
    """The negative control: not every change is refused."""
    assert not told("connect", without(contact(), "Attributes", "Agent.RoutingProfile", "AWSAccountId")).dead
