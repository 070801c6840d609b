"""What a conversation of Genesys Cloud means: the events of its call, with ids that say which session tells them.

A conversation that is read again, more complete, gives the same ids for what was known, and its new facts besides.
"""

from __future__ import annotations

from typing import Any

from opsledger.ingest.adapters.genesys_conversation import MACHINES, PEOPLE, Conversation, Segment, Session
from opsledger.ingest.adapters.genesys_service import Service
from opsledger.ingest.adapters.record_book import RecordBook

UNKNOWN = "unknown"
_LEFT = {
    "peer": "abandoned",
    "client": "abandoned",
    "endpoint": "abandoned",
    "": "abandoned",
    "timeout": "timeout",
    "noanswertransfer": "timeout",
    "transfer": "diverted",
    "forwardtransfer": "diverted",
    "notavailabletransfer": "diverted",
    "transferdnd": "diverted",
}
"""How a queue's session was disconnected → why the contact left unanswered; all others are the system."""
_BY_CUSTOMER = frozenset({"client", "endpoint"})
_BY_AGENT = frozenset({"peer", "transfer", "conferencetransfer", "consulttransfer"})
_MACHINE_ENDS = {"peer": "hung_up", "client": "hung_up", "endpoint": "hung_up"}
_CLOCKS_MS = 1_000
"""Genesys's parts differ by some milliseconds; a stated wait that differs from the times by more is not believed."""


class ConversationTale:
    """Writes down the events of one conversation."""

    def __init__(self, book: RecordBook, conversation: Conversation) -> None:
        self._book, self._c = book, conversation
        self._entries = conversation.of("acd")
        self._services = [Service(book, conversation, session) for session in conversation.of(*PEOPLE)]
        self._match()

    def tell(self) -> None:
        """All events."""
        self._offered()
        for session in self._c.of(*MACHINES):
            self._menu(session)
        for entry in self._entries:
            self._entry(entry)
        for service in self._services:
            service.tell()
        for session in self._c.of("voicemail"):
            self._voicemail(session)
        self._ended()

    def _put(self, type_: str, at_us: int, data: dict[str, Any], *part: str, queue: str = "") -> None:
        self._book.put(type_, self._c.id, at_us, data, (self._c.id, *part), queue=queue)

    def _match(self) -> None:
        """Each answer closes the latest entry of its queue that began before it and is not closed yet."""
        free = list(self._entries)
        for service in sorted((s for s in self._services if s.answer), key=lambda s: s.answered_us):
            fits = [e for e in free if _leads_to(e, service)]
            if fits:
                service.entry = fits[-1]
                free.remove(fits[-1])

    def _offered(self) -> None:
        c, customer = self._c, self._c.customer
        queue = next((entry.queue for entry in self._entries if entry.queue), "")
        ours, theirs = ("dnis", "ani") if c.direction == "inbound" else ("ani", "dnis")
        hotline = number = ""
        if customer is not None:
            hotline = _number(customer.node.text(ours)) or _number(
                customer.node.text("addressTo" if ours == "dnis" else "addressFrom")
            )
            number = _number(customer.node.text(theirs)) or _number(
                customer.node.text("addressFrom" if ours == "dnis" else "addressTo")
            )
            number = number or customer.participant.text("externalContactId")
        data = {
            "direction": c.direction,
            "channel": c.channel,
            "hotline": hotline or self._book.options.hotlines.get(queue) or queue or UNKNOWN,
        }
        if number:
            data["customer"] = number
        self._put("call.offered", c.earliest if c.started is None else c.started, data, queue=queue)
        c.node.place("originatingDirection")
        if c.direction == "outbound" and customer is not None and (talks := customer.of_kind("interact")):
            self._put("call.connected", talks[0].start, {})

    def _menu(self, session: Session) -> None:
        flow = session.node.child("flow")
        name = flow.text("flowName") or flow.text("flowId") or session.participant.text("participantName") or session.purpose
        self._put("call.ivr_entered", session.start, {"flow": name}, session.id)
        if session.end is None:
            return
        goes_on = any(
            other.start >= session.end - _CLOCKS_MS * 1000 for other in self._c.of("acd", "agent", "user", "external")
        )
        on = [s for s in self._c.of("voicemail") if s.start >= session.end - _CLOCKS_MS * 1000]
        outcome = "voicemail" if on else "to_queue" if goes_on else _MACHINE_ENDS.get(session.disconnect, "self_served")
        self._put("call.ivr_left", session.end, {"outcome": outcome}, session.id)

    def _entry(self, entry: Session) -> None:
        queue = entry.queue or UNKNOWN
        service = next((s for s in self._services if s.entry is entry), None)
        data: dict[str, Any] = {"queue": queue}
        self._put("call.queued", self._entered(entry, service), data, entry.id, queue=queue)
        if service is None and entry.end is not None:
            left = {"queue": queue, "reason": self._why_left(entry)}
            self._put("call.left_queue", entry.end, left, entry.id, queue=queue)

    def _entered(self, entry: Session, service: Service | None) -> int:
        """When the wait began: the stated wait before the answer, where that is the same but for the parts' clocks."""
        if service is None:
            return entry.start
        stated = service.session.metric("tAnswered")
        if stated is None:
            stated = entry.metric("tAcd")
        at = entry.start if stated is None else service.answered_us - stated * 1000
        return at if abs(at - entry.start) <= _CLOCKS_MS * 1000 else entry.start

    def _why_left(self, entry: Session) -> str:
        if entry.metric("tAbandon") is not None:
            return "abandoned"
        end = entry.end or entry.start
        back = any(s.media == "callback" and s.start >= end - _CLOCKS_MS * 1000 for s in self._c.sessions if s is not entry)
        if back and entry.media != "callback":
            return "callback"
        if entry.metric("tFlowOut") is not None:
            return "diverted"
        return _LEFT.get(entry.disconnect, "system")

    def _voicemail(self, session: Session) -> None:
        if session.end is None:
            return
        length = session.metric("tVoicemail")
        if length is None:
            length = sum(_length_ms(segment) for segment in session.segments)
        self._put("call.voicemail_left", session.end, {"length_ms": length}, session.id)

    def _ended(self) -> None:
        if self._c.ended is None:
            return
        customer = self._c.customer
        cause = customer.disconnect if customer is not None else ""
        by = "customer" if cause in _BY_CUSTOMER else "agent" if cause in _BY_AGENT else "system"
        self._put("call.ended", self._c.ended, {"by": by} | ({"cause": cause} if cause else {}))


def _leads_to(entry: Session, service: Service) -> bool:
    """Whether an answer may be that of a queue's session; an agent whose segments name no queue answered when it ended."""
    slack = _CLOCKS_MS * 1000
    if service.queue:
        return entry.queue == service.queue and entry.start <= service.answered_us + slack
    return entry.end is not None and abs(entry.end - service.answered_us) <= slack


def _length_ms(segment: Segment) -> int:
    return 0 if segment.end is None else max(0, segment.end - segment.start) // 1000


def _number(address: str) -> str:
    """``tel:+861012345`` without its scheme."""
    scheme, colon, rest = address.partition(":")
    return rest if colon and scheme.lower() in ("tel", "sip", "sips", "mailto") else address
