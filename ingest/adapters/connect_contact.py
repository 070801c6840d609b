"""A contact of Amazon Connect, as a contact record or a contact event tells of it: the same fields under other names."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsledger.ingest.adapters.connect_words import OWN_CALL, id_of_arn
from opsledger.ingest.adapters.record_node import Node

_Place = tuple[Node, str]


@dataclass(slots=True)
class Contact:
    """Times in microseconds since 1970, durations in milliseconds; '' and None are absent.

    ``call`` is the contact that began the chain: what is transferred stays one call. ``places`` says where each value
    stands in the record, so that those which go into an event are not kept a second time.
    """

    id: str
    call: str
    channel: str
    method: str
    full: bool
    """A contact record, which is told once the contact is over; an event knows what was known at its moment."""
    times: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    amounts: dict[str, int] = field(default_factory=dict)
    places: dict[str, _Place] = field(default_factory=dict)

    @property
    def begins(self) -> bool:
        """Whether it is the first of its chain."""
        return self.id == self.call

    def at(self, name: str) -> int | None:
        """A time."""
        return self.times.get(name)

    def text(self, name: str) -> str:
        """A text."""
        return self.texts.get(name, "")

    def placed(self, *names: str) -> None:
        """These values stand in an event as they are."""
        for name in names:
            if name in self.places:
                node, own = self.places[name]
                node.place(own)

    def add_time(self, name: str, node: Node, own: str) -> None:
        """Read a time."""
        value = node.moment(own)
        if value is not None:
            self.times[name], self.places[name] = value, (node, own)

    def add_text(self, name: str, node: Node, own: str) -> None:
        """Read a text; a name stays what was found first."""
        value = node.text(own)
        if value and name not in self.texts:
            self.texts[name], self.places[name] = value, (node, own)

    def add_seconds(self, name: str, node: Node, own: str) -> None:
        """Read a length in whole seconds."""
        value = node.whole(own)
        if value is not None:
            self.amounts[name], self.places[name] = value * 1000, (node, own)

    def add_arn(self, name: str, node: Node, own: str) -> None:
        """Read what an ARN names; it stays in the rest, for it says more."""
        value = node.text(own)
        if value:
            self.texts.setdefault(name, id_of_arn(value))


def of_record(node: Node) -> Contact:
    """From a contact record (CTR)."""
    contact = _contact(node, full=True)
    queue, agent = node.child("Queue"), node.child("Agent")
    contact.add_text("queue", queue, "Name")
    contact.add_arn("queue", queue, "ARN")
    contact.texts["queue_arn"] = id_of_arn(queue.text("ARN"))
    contact.add_time("queued", queue, "EnqueueTimestamp")
    contact.add_time("dequeued", queue, "DequeueTimestamp")
    contact.add_seconds("waited", queue, "Duration")
    contact.add_text("agent", agent, "Username")
    contact.add_arn("agent", agent, "ARN")
    contact.add_time("answered", agent, "ConnectedToAgentTimestamp")
    contact.add_seconds("talked", agent, "AgentInteractionDuration")
    contact.add_seconds("held", agent, "CustomerHoldDuration")
    contact.add_seconds("longest", agent, "LongestHoldDuration")
    holds = agent.whole("NumberOfHolds")
    if holds is not None:
        contact.amounts["holds"], contact.places["holds"] = holds, (agent, "NumberOfHolds")
    contact.add_time("wrap_started", agent, "AfterContactWorkStartTimestamp")
    contact.add_time("wrap_ended", agent, "AfterContactWorkEndTimestamp")
    contact.add_seconds("wrapped", agent, "AfterContactWorkDuration")
    _add_ends(contact, node)
    return contact


def _add_ends(contact: Contact, node: Node) -> None:
    contact.add_text("hotline", node.child("SystemEndpoint"), "Address")
    contact.add_text("customer", node.child("CustomerEndpoint"), "Address")
    contact.add_text("next", node, "NextContactId")
    contact.add_text("transferred_to", node.child("TransferredToEndpoint"), "Address")
    contact.add_time("transferred", node, "TransferCompletedTimestamp")
    contact.add_time("updated", node, "LastUpdateTimestamp")


def of_event(node: Node) -> Contact:
    """From a contact event."""
    contact = _contact(node, full=False)
    queue, agent = node.child("queueInfo"), node.child("agentInfo")
    contact.add_arn("queue", queue, "queueArn")
    contact.texts["queue_arn"] = contact.text("queue")
    contact.add_time("queued", queue, "enqueueTimestamp")
    contact.add_arn("agent", agent, "agentArn")
    contact.add_time("answered", agent, "connectedToAgentTimestamp")
    contact.add_text("hotline", node.child("systemEndpoint"), "address")
    contact.add_text("customer", node.child("customerEndpoint"), "address")
    return contact


def _contact(node: Node, *, full: bool) -> Contact:
    id_, method = node.needed("ContactId"), node.text("InitiationMethod").upper()
    initial = node.text("InitialContactId")
    call = initial if initial and method not in OWN_CALL else id_
    contact = Contact(id_, call, node.text("Channel").upper(), method, full)
    if contact.begins:
        node.place("ContactId")
        if initial == id_:
            node.place("InitialContactId")
    else:
        node.place("InitialContactId")
    for name, own in (
        ("initiated", "InitiationTimestamp"),
        ("connected", "ConnectedToSystemTimestamp"),
        ("disconnected", "DisconnectTimestamp"),
    ):
        contact.add_time(name, node, own)
    contact.add_text("reason", node, "DisconnectReason")
    return contact
