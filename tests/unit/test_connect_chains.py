"""Contacts of Amazon Connect that follow one another, and those that nobody dialled in for: chains, transfers, callbacks."""

from __future__ import annotations

from typing import Any

from tests.foreign_records import ARN, Json, Told, at, contact, told, without


def connect(*records: Any) -> Told:
    return told("connect", *records)


CHAIN = {"InitialContactId": "c1", "PreviousContactId": "c1"}


def moved(id_: str, offset: float, **more: Any) -> Json:
    """The contact that follows c1: queued at the offset, answered 8 s later, 300 s of talk."""
    queue = {"Name": "Orders", "EnqueueTimestamp": at(offset), "DequeueTimestamp": at(offset + 8), "Duration": 8}
    agent = {"Username": "qian", "ConnectedToAgentTimestamp": at(offset + 8), "AgentInteractionDuration": 300}
    record = contact(id_, InitiationMethod="TRANSFER", InitiationTimestamp=at(offset), Queue=queue, Agent=agent, **CHAIN)
    return record | {"DisconnectTimestamp": at(offset + 308), "DisconnectReason": "CUSTOMER_DISCONNECT"} | more


def test_a_chain_of_contacts_is_one_call_with_several_legs() -> None:
    first = contact(NextContactId="c2", DisconnectReason="AGENT_DISCONNECT")
    found = connect(first, moved("c2", 202))
    assert {event["subject"] for event in found.events} == {"c1"}
    assert [type_ for _, type_, _ in found.facts].count("call.offered") == 1
    assert found.one("call.transferred") == (202, {"from_agent": "zhao", "to_kind": "queue", "to": "c2", "mode": "blind"})
    assert [data for _, type_, data in found.facts if type_ == "call.answered"] == [
        {"agent": "zhao", "queue": "Consult"},
        {"agent": "qian", "queue": "Orders"},
    ]


def test_the_ends_of_a_chain_have_one_id_so_that_the_last_can_count() -> None:
    found = connect(contact(NextContactId="c2", DisconnectReason="AGENT_DISCONNECT"), moved("c2", 202))
    ends = [event for event in found.events if event["type"] == "call.ended"]
    assert len(ends) == 2
    assert len({event["id"] for event in ends}) == 1


def test_a_customer_who_ended_the_first_contact_was_not_transferred() -> None:
    found = connect(contact(NextContactId="c2"))
    assert "call.transferred" not in found.types()
    assert found.kept[0]["NextContactId"] == "c2"


def test_a_queue_transfer_leaves_the_one_queue_for_the_other() -> None:
    first = contact(Agent=None, NextContactId="c2", DisconnectReason="CONTACT_FLOW_DISCONNECT")
    found = connect(first, moved("c2", 60, InitiationMethod="QUEUE_TRANSFER"))
    assert found.one("call.left_queue")[1] == {"queue": "Consult", "reason": "diverted"}
    assert [data["queue"] for _, type_, data in found.facts if type_ == "call.queued"] == ["Consult", "Orders"]


def test_a_transfer_to_an_outside_number() -> None:
    record = contact(
        TransferredToEndpoint={"Address": "+4930555", "Type": "TELEPHONE_NUMBER"}, TransferCompletedTimestamp=at(202)
    )
    data = {"from_agent": "zhao", "mode": "blind", "to_kind": "external", "to": "+4930555"}
    assert connect(record).one("call.transferred") == (202, data)
    announced = connect(record | {"TransferCompletedTimestamp": at(150)})
    assert announced.one("call.transferred") == (202, data | {"mode": "attended"})
    assert announced.kept[0]["TransferCompletedTimestamp"] == at(150)


def test_a_flow_that_passes_on_to_an_outside_number_has_no_agent_who_did() -> None:
    found = connect(contact(Agent=None, Queue=None, TransferredToEndpoint={"Address": "+4930555"}))
    assert "call.transferred" not in found.types()
    assert found.one("call.ivr_left")[1] == {"outcome": "to_queue"}
    assert found.kept[0]["TransferredToEndpoint"]["Address"] == "+4930555"


def test_a_transfer_to_an_agents_own_queue_is_no_queue_entry() -> None:
    record = moved("c2", 202)
    record["Queue"] |= {"Name": None, "ARN": f"{ARN}/queue/agent/a-7"}
    found = connect(record)
    assert "call.queued" not in found.types()
    assert found.one("call.answered")[1] == {"agent": "qian"}
    assert found.kept[0]["Queue"]["EnqueueTimestamp"] == at(202)


def test_a_call_that_an_agent_makes_is_in_no_queue() -> None:
    record = contact(InitiationMethod="OUTBOUND", ConnectedToSystemTimestamp=at(9))
    found = connect(record)
    assert not {"call.queued", "call.ivr_entered"} & set(found.types())
    assert found.one("call.connected") == (9, {})
    assert found.one("call.answered")[1] == {"agent": "zhao"}


def test_a_callback_is_a_call_of_its_own_and_an_attempt() -> None:
    record = contact("c9", InitiationMethod="CALLBACK", ConnectedToSystemTimestamp=at(30), InitialContactId="c1")
    found = connect(record)
    assert {event["subject"] for event in found.events} == {"c9"}
    assert found.one("call.offered")[1]["direction"] == "outbound"
    assert found.one("callback.attempted") == (22, {"agent": "zhao", "outcome": "reached", "call": "c9"})
    nobody = connect(without(record, "ConnectedToSystemTimestamp"))
    assert nobody.one("callback.attempted")[1]["outcome"] == "no_answer"
    assert nobody.kept[0]["InitialContactId"] == "c1"


def test_a_supervisor_who_listens_serves_nobody() -> None:
    found = connect(contact("m1", InitiationMethod="MONITOR", InitialContactId="c1"))
    assert (found.types(), found.dead) == ([], [])
    assert found.kept[0]["Agent"]["Username"] == "zhao"
