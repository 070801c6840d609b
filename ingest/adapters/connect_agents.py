"""The agent event stream of Amazon Connect: sign-ins, states and sign-outs, and what rang at an agent.

A shift is ``<agent>@<day>`` of the zone, and is cut at midnight: each event says by itself since when its agent is in a
state, so that no memory is needed and any order of the events gives the same shifts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from opsledger.ingest.adapters.connect_words import OWN_CALL, custom_state, id_of_arn
from opsledger.ingest.adapters.record_book import RecordBook
from opsledger.ingest.adapters.record_node import Node, RecordRefused
from opsledger.ingest.chunk import Reason

KIND = "connect.agent_event"
_STATES = {
    "CONNECTED": "talking",
    "CONNECTED_ONHOLD": "holding",
    "CONNECTING": "ringing",
    "INCOMING": "ringing",
    "PENDING": "ringing",
}
_AFTER = {"ENDED": "wrap_up", "MISSED": "busy", "REJECTED": "busy", "ERROR": "busy"}
_ORDER = ("talking", "holding", "ringing", "wrap_up", "busy")
"""Of several contacts at once the first of these counts."""
_OFFLINE = "Offline"
_RINGING = frozenset({"CONNECTING", "INCOMING"})


@dataclass(frozen=True, slots=True)
class State:
    """What an agent does, why, and since when (microseconds); ``online`` is false while the status is Offline."""

    name: str
    reason: str
    since_us: int
    online: bool = True


class AgentTale:
    """Writes down the events of one record of the stream."""

    def __init__(self, book: RecordBook, node: Node) -> None:
        self._book, self._node = book, node
        self._type = node.needed("EventType").upper()
        at = node.moment("EventTimestamp")
        if at is None:
            raise RecordRefused(Reason.INVALID, "EventTimestamp: is missing")
        self._at = at
        current, previous = node.child("CurrentAgentSnapshot"), node.child("PreviousAgentSnapshot")
        self._agent = (
            current.child("Configuration").text("Username")
            or previous.child("Configuration").text("Username")
            or id_of_arn(node.needed("AgentARN"))
        )
        self._key = (id_of_arn(node.text("AgentARN")) or self._agent, node.text("EventId") or str(at))
        self._now, self._before = _state(current), _state(previous)
        self._contacts = (previous.children("Contacts"), current.children("Contacts"))

    def tell(self) -> None:
        """All events."""
        self._over_midnight()
        if self._type == "LOGIN":
            self._shift("shift.signed_in", self._at, {})
        elif self._type == "LOGOUT":
            self._shift("shift.signed_out", self._at, {})
        if self._now and self._type in ("LOGIN", "STATE_CHANGE"):
            self._changed(self._now)
        self._rings()
        self._keep()

    def _keep(self) -> None:
        """A heartbeat that says nothing new is a duplicate: its own id and time are no news."""
        if self._type == "HEART_BEAT":
            self._node.place("EventId", "EventTimestamp")
        self._book.keep(KIND, self._agent, self._at, self._node.rest())

    def _changed(self, now: State) -> None:
        before = self._before
        if self._type == "STATE_CHANGE" and before and (before.name, before.reason) == (now.name, now.reason):
            return
        at = self._at
        if self._type == "STATE_CHANGE" and before and before.since_us < now.since_us <= at:
            at = now.since_us
        self._state(now, at, self._key)

    def _state(self, state: State, at_us: int, key: tuple[str, ...]) -> None:
        data = {"state": state.name} | ({"reason": state.reason} if state.reason else {})
        self._shift("shift.state_changed", at_us, data, key)

    def _shift(self, type_: str, at_us: int, data: dict[str, str], key: tuple[str, ...] = ()) -> None:
        subject = f"{self._agent}@{self._day(at_us)}"
        self._book.put(type_, subject, at_us, {"agent": self._agent} | data, key or self._key)

    def _day(self, at_us: int) -> str:
        return datetime.fromtimestamp(at_us // 1_000_000, self._book.options.zone).strftime("%Y-%m-%d")

    def _over_midnight(self) -> None:
        """Who was in a state before midnight and still is after it signs out of one day and into the next."""
        state = self._now if self._type == "HEART_BEAT" else self._before if self._type != "LOGIN" else None
        if state is None or not state.online or state.since_us >= (midnight := self._midnight()):
            return
        last = f"{self._agent}@{self._day(midnight - 1)}"
        key = (self._key[0], "midnight", self._day(midnight))
        self._book.put("shift.signed_out", last, midnight, {"agent": self._agent}, key)
        self._shift("shift.signed_in", midnight, {}, key)
        self._state(state, midnight, key)

    def _midnight(self) -> int:
        zone = self._book.options.zone
        day = datetime.fromtimestamp(self._at // 1_000_000, zone).date()
        start = datetime.combine(day, time(), zone).astimezone(UTC)
        return (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    def _rings(self) -> None:
        """What rings at the agent, and what he let pass, belongs to the contact's call."""
        before = {contact.text("ContactId"): contact for contact in self._contacts[0]}
        for contact in self._contacts[1]:
            state, since = contact.text("State").upper(), contact.moment("StateStartTimestamp")
            id_ = contact.text("ContactId")
            if since is None or not id_:
                continue
            if state in _RINGING:
                if id_ not in before or before[id_].text("State").upper() not in _RINGING or self._type == "HEART_BEAT":
                    self._ring(contact, since)
            elif state in ("MISSED", "REJECTED") and id_ in before:
                self._missed(contact, before[id_], since)

    def _ring(self, contact: Node, since: int) -> None:
        self._book.put(
            "call.rung", _call(contact), since, {"agent": self._agent}, (contact.text("ContactId"), self._key[0], str(since))
        )

    def _missed(self, contact: Node, before: Node, since: int) -> None:
        began = before.moment("StateStartTimestamp")
        if before.text("State").upper() not in _RINGING or began is None:
            return
        self._ring(before, began)
        reason = "rejected" if contact.text("State").upper() == "REJECTED" else "no_answer"
        data = {"agent": self._agent, "ring_ms": max(0, since - began) // 1000, "reason": reason}
        self._book.put("call.ring_missed", _call(contact), since, data, (contact.text("ContactId"), self._key[0], str(since)))


def _call(contact: Node) -> str:
    own = contact.text("ContactId")
    return own if contact.text("InitiationMethod").upper() in OWN_CALL else contact.text("InitialContactId") or own


def _state(snapshot: Node) -> State | None:
    """What a snapshot says that the agent does; None where it says nothing."""
    status = snapshot.child("AgentStatus")
    name, since = status.text("Name"), status.moment("StartTimestamp")
    found = [state for contact in snapshot.children("Contacts") if (state := _contact_state(contact))]
    if found:
        return min(found, key=lambda state: (_ORDER.index(state.name), -state.since_us))
    if not name or since is None:
        return None
    kind = status.text("Type").upper()
    if kind == "OFFLINE" or name == _OFFLINE:
        return State("away", name, since, online=False)
    if kind == "ROUTABLE" or (not kind and name == "Available"):
        return State("idle", "", since)
    return State(custom_state(name), name, since)


def _contact_state(contact: Node) -> State | None:
    word, since = contact.text("State").upper(), contact.moment("StateStartTimestamp")
    name = _STATES.get(word) or _AFTER.get(word)
    if name is None or since is None:
        return None
    return State(name, word.lower() if name == "busy" else "", since)
