"""What a contact of Amazon Connect means: the events of its call, with ids that say which fact of which contact they are.

A contact record and the contact events tell the same facts under the same ids. The record, which comes when all is over,
takes an event's place; an event that follows it is a duplicate.
"""

from __future__ import annotations

from typing import Any

from opsledger.ingest.adapters.connect_contact import Contact
from opsledger.ingest.adapters.connect_words import CHANNELS, ENDED_BY, LEFT, SYSTEM, direction
from opsledger.ingest.adapters.record_book import RecordBook, time_text
from opsledger.ingest.adapters.record_node import RecordRefused
from opsledger.ingest.chunk import OnChange, Reason

FLOW = "contact-flow"
"""The records do not name the flows."""
UNKNOWN = "unknown"
MAX_HOLDS = 1_000


class ContactTale:
    """Writes down the events of one contact."""

    def __init__(self, book: RecordBook, contact: Contact) -> None:
        self._book, self._c = book, contact
        self._direction = direction(contact.method, contact.channel)
        named = contact.text("queue") or UNKNOWN
        is_entry = contact.at("queued") is not None and contact.method != "OUTBOUND"
        self._queue = named if is_entry and not contact.text("queue_arn").startswith("agent/") else ""
        self._agent = contact.text("agent") if contact.at("answered") is not None else ""
        if contact.at("answered") is not None and not self._agent:
            raise RecordRefused(Reason.INVALID, "Agent.Username: is missing, and the contact was connected to an agent")

    def tell(self) -> None:
        """All events."""
        if self._c.begins:
            self._offered()
        if self._queue:
            self._queued()
        released = self._served() if self._agent else None
        self._ended(released)
        if self._agent:
            self._wrapped_up()
            self._called_back()

    def _put(self, type_: str, at_us: int, data: dict[str, Any], *part: str, policy: OnChange | None = None) -> None:
        key = (self._c.id, *part)
        self._book.put(type_, self._c.call, at_us, data, key, queue=self._queue, policy=policy)

    def _offered(self) -> None:
        c = self._c
        started = c.at("initiated")
        if started is None:
            if not c.times:
                raise RecordRefused(Reason.INVALID, "InitiationTimestamp: is missing, and so is every other time")
            started = min(c.times.values())
        hotline = c.text("hotline") or (c.full and self._book.options.hotlines.get(self._queue)) or UNKNOWN
        data = {"direction": self._direction, "channel": CHANNELS.get(c.channel, "web"), "hotline": hotline}
        if c.text("customer"):
            data["customer"] = c.text("customer")
        self._put("call.offered", started, data)
        c.placed("initiated", "hotline", "customer")
        if self._direction == "inbound":
            self._menu(started)
            if c.at("connected") == started:
                c.placed("connected")
        elif (connected := c.at("connected")) is not None:
            self._put("call.connected", connected, {})
            c.placed("connected")

    def _menu(self, started: int) -> None:
        """The flow until the contact is queued, answered or over; Connect's own words for it are the time before the queue."""
        c = self._c
        self._put("call.ivr_entered", started, {"flow": FLOW})
        for name in ("queued", "answered"):
            if (at := c.at(name)) is not None:
                self._put("call.ivr_left", at, {"outcome": "to_queue"})
                return
        if (at := c.at("disconnected")) is not None:
            outcome = "hung_up" if c.text("reason") == "CUSTOMER_DISCONNECT" else "self_served"
            self._put("call.ivr_left", at, {"outcome": "to_queue" if c.text("transferred_to") else outcome})

    def _queued(self) -> None:
        c = self._c
        self._put("call.queued", c.times["queued"], {"queue": self._queue})
        c.placed("queued", "queue")
        left = c.at("dequeued") if c.full and c.at("dequeued") is not None else c.at("disconnected")
        if self._agent:
            if c.at("dequeued") == c.at("answered"):
                c.placed("dequeued", "waited")
        elif left is not None:
            self._put("call.left_queue", left, {"queue": self._queue, "reason": self._why_left()})
            c.placed("dequeued", "waited")

    def _why_left(self) -> str:
        c = self._c
        return "diverted" if c.text("next") or c.text("transferred_to") else LEFT.get(c.text("reason"), SYSTEM)

    def _served(self) -> int | None:
        """The answer, the holds, and how the agent left; returns when that was."""
        c, agent = self._c, self._agent
        answered = c.times["answered"]
        data = {"agent": agent} | ({"queue": self._queue} if self._queue else {})
        self._put("call.answered", answered, data)
        c.placed("answered", "agent")
        released = self._holds(answered) if "talked" in c.amounts else c.at("disconnected")
        if released is None:
            return None
        self._transferred(released)
        self._put("call.released", released, {"agent": agent})
        return released

    def _holds(self, answered: int) -> int:
        """Holds are known by number and length only: they are put at the end of the conversation, a microsecond apart."""
        c = self._c
        talked, held = c.amounts["talked"] * 1000, c.amounts.get("held", 0) * 1000
        holds = c.amounts.get("holds", 0) or (1 if held else 0)
        if holds > MAX_HOLDS:
            raise RecordRefused(Reason.INVALID, f"Agent.NumberOfHolds: {holds} is more than {MAX_HOLDS}")
        at = answered + max(0, talked - max(0, holds - 1))
        for number, length in enumerate(_lengths(holds, held, c.amounts.get("longest", 0) * 1000)):
            self._put("call.held", at, {"agent": self._agent}, str(number))
            self._put("call.resumed", at + length, {"agent": self._agent}, str(number))
            at += length + 1
        c.placed("talked", "held", "holds", "longest")
        return max(answered + talked + held, at - 1 if holds else 0)

    def _transferred(self, released: int) -> None:
        """Passed on: there is a next contact or an outside number, and it was not the customer who ended this one."""
        c = self._c
        if c.text("reason") == "CUSTOMER_DISCONNECT" and not c.text("transferred_to"):
            return
        data = {"from_agent": self._agent, "mode": "blind"}
        if outside := c.text("transferred_to"):
            at = c.at("transferred")
            mode = "attended" if at is not None and at < released - 1_000_000 else "blind"
            self._put("call.transferred", released, data | {"to_kind": "external", "to": outside, "mode": mode})
            c.placed("transferred_to")
        elif following := c.text("next"):
            self._put("call.transferred", released, data | {"to_kind": "queue", "to": following})
            c.placed("next")

    def _ended(self, released: int | None) -> None:
        """The end of the contact that ends last is the end of the call."""
        c = self._c
        at = c.at("disconnected")
        if at is None:
            return
        reason = c.text("reason")
        waited = bool(self._queue) and not self._agent
        by = ENDED_BY.get(reason, SYSTEM) if reason else "customer" if waited else SYSTEM
        data = {"by": by} | ({"cause": reason} if reason else {})
        policy = OnChange.NOT_EARLIER if c.full else OnChange.LATER
        ended = max(at, released or at)
        self._book.put("call.ended", c.call, ended, data, (c.call,), queue=self._queue, policy=policy)
        if c.begins and not c.text("next") and ended == at:
            c.placed("disconnected", "reason")

    def _wrapped_up(self) -> None:
        c = self._c
        ended, wrapped = c.at("wrap_ended"), c.amounts.get("wrapped")
        started = c.at("wrap_started")
        if ended is None and started is not None and wrapped is not None:
            ended = started + wrapped * 1000
        if ended is None:
            return
        if started is None:
            started = ended - (wrapped or 0) * 1000
        data = {"agent": self._agent, "started_at": time_text(started), "nature": "other"}
        self._put("call.wrapped_up", ended, data)
        c.placed("wrap_started", "wrap_ended", *(["wrapped"] if wrapped == (ended - started) // 1000 else []))

    def _called_back(self) -> None:
        """A queued callback: an agent took it and the customer was dialled."""
        c = self._c
        if c.method != "CALLBACK" or not (c.full or c.at("connected") is not None):
            return
        outcome = "reached" if c.at("connected") is not None else "no_answer"
        data = {"agent": self._agent, "outcome": outcome, "call": c.call}
        self._book.put("callback.attempted", c.id, c.times["answered"], data, (c.id,), queue=self._queue)


def _lengths(holds: int, total: int, longest: int) -> list[int]:
    """The holds' lengths: the longest first, what is left in even parts."""
    if holds < 2:
        return [total] * holds
    first = min(longest or total // holds, total)
    even, over = divmod(total - first, holds - 1)
    return [first, *(even + (number < over) for number in range(holds - 1))]
