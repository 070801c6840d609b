"""Contact records and contact events of Amazon Connect: what each field becomes, and that both tell the same facts."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.foreign_records import ARN, Json, Told, at, at_ms, contact, contact_event, options, told, without


def connect(*records: Any, **more: Any) -> Told:
    return told("connect", *records, **more)


def changed(part: str, **more: Any) -> Json:
    record = contact()
    return record | {part: record[part] | more}


WHOLE = [
    (0, "call.offered", {"direction": "inbound", "channel": "phone", "hotline": "+492215550100", "customer": "+491715550199"}),
    (0, "call.ivr_entered", {"flow": "contact-flow"}),
    (10, "call.ivr_left", {"outcome": "to_queue"}),
    (10, "call.queued", {"queue": "Consult"}),
    (22, "call.answered", {"agent": "zhao", "queue": "Consult"}),
    (182, "call.held", {"agent": "zhao"}),
    (202, "call.resumed", {"agent": "zhao"}),
    (202, "call.released", {"agent": "zhao"}),
    (202, "call.ended", {"by": "customer", "cause": "CUSTOMER_DISCONNECT"}),
    (232, "call.wrapped_up", {"agent": "zhao", "started_at": "2026-01-05T09:03:22Z", "nature": "other"}),
]


def test_a_contact_record_is_a_call_from_the_menu_to_the_wrap_up() -> None:
    assert connect(contact()).facts == WHOLE


def test_what_has_no_place_is_kept_and_what_has_one_is_not_kept_twice() -> None:
    (rest,) = connect(contact()).kept
    assert rest == {
        "AWSAccountId": "000000000000",
        "AWSContactTraceRecordFormatVersion": "2017-03-10",
        "InstanceARN": ARN,
        "InitiationMethod": "INBOUND",
        "SystemEndpoint": {"Type": "TELEPHONE_NUMBER"},
        "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER"},
        "Queue": {"ARN": f"{ARN}/queue/q-1"},
        "Agent": {
            "ARN": f"{ARN}/agent/a-1",
            "RoutingProfile": contact()["Agent"]["RoutingProfile"],
            "HierarchyGroups": contact()["Agent"]["HierarchyGroups"],
        },
        "LastUpdateTimestamp": at(240),
        "Attributes": {"product": "router", "language": "de"},
    }


def test_a_field_that_nobody_heard_of_is_kept() -> None:
    (rest,) = connect(contact(NewField={"deep": [1, {"x": "ü"}]})).kept
    assert rest["NewField"] == {"deep": [1, {"x": "ü"}]}


def test_a_remainder_beyond_the_limit_of_an_event_comes_in_parts() -> None:
    found = connect(contact(Attributes={f"a{n}": "号" * 4000 for n in range(60)}))
    parts = [e for e in found.events if e["type"] == "record.kept"]
    assert not found.dead
    assert [(e["data"]["part"], e["data"]["parts"]) for e in parts] == [(n, len(parts)) for n in range(1, len(parts) + 1)]
    assert len(parts) > 1
    assert json.loads("".join(e["sourcerecord"] for e in parts))["Attributes"]["a59"] == "号" * 4000


@pytest.mark.parametrize(
    ("method", "channel", "direction", "name"),
    [
        ("INBOUND", "VOICE", "inbound", "phone"),
        ("OUTBOUND", "VOICE", "outbound", "phone"),
        ("API", "VOICE", "outbound", "phone"),
        ("API", "CHAT", "inbound", "chat"),
        ("API", "TASK", "inbound", "web"),
        ("INBOUND", "EMAIL", "inbound", "email"),
        ("WEBRTC_API", "VOICE", "inbound", "phone"),
    ],
)
def test_direction_and_channel(method: str, channel: str, direction: str, name: str) -> None:
    _, data = connect(contact(InitiationMethod=method, Channel=channel)).one("call.offered")
    assert (data["direction"], data["channel"]) == (direction, name)


def test_an_abandoned_contact_left_the_queue_and_ended() -> None:
    record = contact(
        Agent=None, DisconnectTimestamp=at(50), Queue=contact()["Queue"] | {"DequeueTimestamp": at(50), "Duration": 40}
    )
    assert connect(record).facts[3:] == [
        (10, "call.queued", {"queue": "Consult"}),
        (50, "call.left_queue", {"queue": "Consult", "reason": "abandoned"}),
        (50, "call.ended", {"by": "customer", "cause": "CUSTOMER_DISCONNECT"}),
    ]


@pytest.mark.parametrize(
    ("reason", "left", "by"),
    [
        ("CUSTOMER_DISCONNECT", "abandoned", "customer"),
        (None, "abandoned", "customer"),
        ("CONTACT_FLOW_DISCONNECT", "timeout", "system"),
        ("EXPIRED", "timeout", "system"),
        ("API", "withdrawn", "system"),
        ("TELECOM_PROBLEM", "system", "system"),
        ("OTHER", "system", "system"),
    ],
)
def test_why_a_contact_left_its_queue(reason: str | None, left: str, by: str) -> None:
    found = connect(contact(Agent=None, DisconnectReason=reason))
    assert (found.one("call.left_queue")[1]["reason"], found.one("call.ended")[1]["by"]) == (left, by)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [("CUSTOMER_DISCONNECT", "hung_up"), ("CONTACT_FLOW_DISCONNECT", "self_served"), (None, "self_served")],
)
def test_a_contact_that_never_queued_was_served_by_the_flow_or_hung_up(reason: str | None, outcome: str) -> None:
    found = connect(contact(Agent=None, Queue=None, DisconnectReason=reason))
    assert found.types() == ["call.ended", "call.ivr_entered", "call.ivr_left", "call.offered"]
    assert found.one("call.ivr_left") == (202, {"outcome": outcome})


@pytest.mark.parametrize(
    ("number", "total", "longest"), [(3, 20, 10), (3, 20, 0), (2, 7, 7), (4, 0, 0), (1, 20, 20), (0, 5, 5)]
)
def test_holds_known_by_number_and_length_come_out_as_that_number_and_length(number: int, total: int, longest: int) -> None:
    agent = {
        "AgentInteractionDuration": 60,
        "NumberOfHolds": number,
        "CustomerHoldDuration": total,
        "LongestHoldDuration": longest,
    }
    facts = connect(changed("Agent", **agent)).facts
    held = [at for at, type_, _ in facts if type_ == "call.held"]
    resumed = [at for at, type_, _ in facts if type_ == "call.resumed"]
    lengths = [round(b - a, 6) for a, b in zip(held, resumed, strict=True)]
    assert (len(lengths), round(sum(lengths), 6)) == (number or 1, total)
    assert all(before < after for before, after in zip(resumed, held[1:], strict=False))
    assert max(lengths) == (longest or max(lengths))
    released = next(at for at, type_, _ in facts if type_ == "call.released")
    assert round(released - 22 - sum(lengths), 6) == 60
    assert not held or resumed[-1] <= released


def test_holds_in_a_conversation_without_a_word_still_count() -> None:
    facts = connect(changed("Agent", AgentInteractionDuration=0, NumberOfHolds=2, CustomerHoldDuration=20)).facts
    assert sum(type_ == "call.held" for _, type_, _ in facts) == 2


def test_an_implausible_number_of_holds_is_dead() -> None:
    (dead,) = connect(changed("Agent", NumberOfHolds=100_000)).dead
    assert (dead.reason, dead.detail) == ("invalid", "Agent.NumberOfHolds: 100000 is more than 1000")


def test_the_end_is_not_before_the_agent_was_through() -> None:
    found = connect(changed("Agent", AgentInteractionDuration=162))
    assert (found.one("call.released")[0], found.one("call.ended")[0]) == (204, 204)
    assert found.kept[0]["DisconnectTimestamp"] == at(202)


def test_a_conversation_without_its_length_ends_with_the_contact() -> None:
    record = without(contact(), "Agent.AgentInteractionDuration")
    found = connect(record)
    assert (found.one("call.released")[0], "call.held" in found.types()) == (202, False)


def test_work_after_the_call_that_goes_on_is_not_told_yet() -> None:
    record = without(contact(), "Agent.AfterContactWorkEndTimestamp", "Agent.AfterContactWorkDuration")
    assert "call.wrapped_up" not in connect(record).types()


def test_a_contact_event_tells_what_is_known_by_its_moment() -> None:
    assert connect(contact_event("INITIATED")).types() == ["call.ivr_entered", "call.offered"]
    assert connect(contact_event("QUEUED")).types() == ["call.ivr_entered", "call.ivr_left", "call.offered", "call.queued"]
    last = connect(contact_event("DISCONNECTED"))
    assert [type_ for _, type_, _ in last.facts][-3:] == ["call.answered", "call.released", "call.ended"]


def test_a_contact_event_that_ends_in_the_queue_is_an_abandonment() -> None:
    found = connect(without(contact_event("DISCONNECTED"), "agentInfo"))
    assert found.one("call.left_queue") == (202.6, {"queue": "q-1", "reason": "abandoned"})


def ids(found: Told) -> set[str]:
    return {event["id"] for event in found.events if event["type"] != "record.kept"}


@pytest.mark.parametrize("kind", ["INITIATED", "QUEUED", "CONNECTED_TO_AGENT", "DISCONNECTED"])
def test_a_contact_event_has_the_ids_of_the_record_of_its_contact(kind: str) -> None:
    assert ids(connect(contact_event(kind))) < ids(connect(contact()))


def test_another_contact_or_another_tenant_or_source_has_other_ids() -> None:
    mine = ids(connect(contact()))
    assert not mine & ids(connect(contact("c2")))
    assert not mine & ids(connect(contact(), given=options("other")))


def test_names_in_any_case_are_found_as_the_manuals_own_samples_write_them() -> None:
    event = contact_event("CONNECTED_TO_AGENT", channel="Voice")
    event["AgentInfo"] = {"AgentArn": event.pop("agentInfo")["agentArn"], "connectedToAgentTimestamp": at_ms(22)}
    assert connect(event).facts == connect(contact_event("CONNECTED_TO_AGENT")).facts


def test_an_event_in_an_eventbridge_envelope_is_the_event() -> None:
    wrapped = {
        "version": "0",
        "id": "e-1",
        "detail-type": "Amazon Connect Contact Event",
        "region": "x",
        "detail": contact_event("QUEUED"),
    }
    found, bare = connect(wrapped), connect(contact_event("QUEUED"))
    assert found.facts == bare.facts
    assert found.kept[0] == bare.kept[0] | {"@envelope": {k: v for k, v in wrapped.items() if k != "detail"}}


def test_records_in_a_kinesis_batch_are_the_records() -> None:
    data = base64.b64encode(json.dumps(contact()).encode()).decode()
    lambda_form = {"Records": [{"kinesis": {"data": data, "sequenceNumber": "1"}, "eventSource": "aws:kinesis"}]}
    plain_form = {"Records": [{"Data": data, "SequenceNumber": "1", "PartitionKey": "p"}], "MillisBehindLatest": 0}
    for form in (lambda_form, plain_form):
        assert connect(form).facts == WHOLE
    assert connect(lambda_form).kept[0]["@envelope"] == {"kinesis": {"sequenceNumber": "1"}, "eventSource": "aws:kinesis"}


@pytest.mark.parametrize("data", ["%%%", base64.b64encode(b"{nonsense").decode(), base64.b64encode(b"[1]").decode()])
def test_what_is_in_a_kinesis_record_may_be_broken(data: str) -> None:
    (dead,) = connect({"Records": [{"Data": data, "SequenceNumber": "1"}]}).dead
    assert dead.reason == "not_json"


def test_vendor_and_hotline_of_a_queue_can_be_named() -> None:
    given = options(vendors={"Consult": "xinhe"}, hotlines={"Consult": "10000"})
    found = connect(without(contact(), "SystemEndpoint"), given=given)
    vendors = {event["type"]: event.get("vendor") for event in found.events}
    assert (vendors["call.queued"], vendors["call.answered"]) == ("xinhe", "xinhe")
    assert found.one("call.offered")[1]["hotline"] == "10000"
