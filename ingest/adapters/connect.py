"""Adapter of Amazon Connect: contact records, contact events and the agent event stream, mixed or apart."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from opsledger.ingest.adapters import connect_contact
from opsledger.ingest.adapters.connect_agents import AgentTale
from opsledger.ingest.adapters.connect_calls import ContactTale
from opsledger.ingest.adapters.connect_contact import Contact
from opsledger.ingest.adapters.connect_words import WATCHING
from opsledger.ingest.adapters.record_book import RecordBook, RecordOptions
from opsledger.ingest.adapters.record_node import Node, RecordRefused
from opsledger.ingest.adapters.records import Records, decoded
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import OnChange, Reason

WRAPPERS = ("Records", "records")
"""Names of lists of records: a Kinesis batch as it is given to a function or by get-records."""
ENVELOPE = "@envelope"
"""Where the remainder keeps what a transport put around the record."""


def connect(border: Border, options: RecordOptions) -> Records:
    """The adapter of ``--format connect``."""
    return Records(border, options, read, WRAPPERS)


def read(book: RecordBook, record: dict[str, Any]) -> None:
    """Write down the events of one record, whichever kind it is. RecordRefused for one that is of no kind."""
    node, envelope = unwrapped(Node(record))
    if node.has("EventType") and (node.has("AgentARN") or node.has("CurrentAgentSnapshot")):
        book.start(OnChange.KEEP_FIRST)
        AgentTale(book, node).tell()
    elif node.has("ContactId"):
        is_event = node.has("EventType")
        book.start(OnChange.KEEP_FIRST if is_event else OnChange.CORRECT)
        contact = connect_contact.of_event(node) if is_event else connect_contact.of_record(node)
        _contact(book, node, contact, envelope)
    else:
        raise RecordRefused(
            Reason.UNKNOWN_TYPE,
            "is no record of Amazon Connect: a contact record or event has a ContactId, an agent event EventType and AgentARN",
        )


def _contact(book: RecordBook, node: Node, contact: Contact, envelope: dict[str, Any]) -> None:
    if contact.method not in WATCHING:
        ContactTale(book, contact).tell()
        if contact.begins and contact.channel in ("VOICE", "CHAT", "EMAIL"):
            node.place("Channel")
    if not contact.times:
        raise RecordRefused(Reason.INVALID, "InitiationTimestamp: is missing, and so is every other time")
    rest = node.rest()
    if envelope:
        rest[ENVELOPE] = envelope
    at = contact.at("updated") or max(contact.times.values())
    book.keep("connect.contact_record" if contact.full else "connect.contact_event", contact.call, at, rest)


def unwrapped(node: Node) -> tuple[Node, dict[str, Any]]:
    """The record itself, out of an EventBridge event or a Kinesis record, and what was around it."""
    if node.has("detail") and node.has("detail-type"):
        inner = node.child("detail")
        node.place("detail")
        return inner, node.rest()
    holder = node.child("kinesis") if isinstance(node.get("kinesis"), dict) else node
    if isinstance(holder.get("data"), str) and node.get("ContactId") is None:
        inner = Node(decoded(_bytes(holder, "data")))
        holder.place("data")
        return inner, node.rest()
    return node, {}


def _bytes(holder: Node, name: str) -> bytes:
    try:
        return base64.b64decode(holder.text(name), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RecordRefused(Reason.NOT_JSON, f"{holder.path}{name}: is not base64: {error}") from None
