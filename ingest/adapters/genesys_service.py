"""What one agent did in a conversation of Genesys Cloud: rings, the answer, holds, passing on, and the work after it."""

from __future__ import annotations

from typing import Any

from opsledger.ingest.adapters.genesys_conversation import MACHINES, PEOPLE, Conversation, Segment, Session
from opsledger.ingest.adapters.record_book import RecordBook, time_text

_TALKS = ("interact", "hold")
_TRANSFERS = frozenset({"transfer", "consulttransfer", "conferencetransfer", "forwardtransfer", "transferdnd"})
_PASSED = {"acd": "queue", **dict.fromkeys(PEOPLE, "agent"), **dict.fromkeys(MACHINES, "ivr"), "voicemail": "ivr"}
_CLOCKS_US = 1_000_000


class Service:
    """One session of an agent. ``entry`` is the queue's session that its answer closes, if there is one."""

    def __init__(self, book: RecordBook, conversation: Conversation, session: Session) -> None:
        self._book, self._c, self.session = book, conversation, session
        self.agent = session.who
        self.answer: Segment | None = next(iter(session.of_kind("interact")), None)
        self.entry: Session | None = None

    @property
    def answered_us(self) -> int:
        """When the conversation with the agent began; of an agent that did not answer, when the session did."""
        return self.answer.start if self.answer else self.session.start

    @property
    def queue(self) -> str:
        """The queue that the agent served."""
        return (self.answer.queue if self.answer else "") or self.session.queue

    def tell(self) -> None:
        """All events."""
        self._rings()
        if self.answer is None:
            return
        queue = self.entry.queue if self.entry else ""
        self._put("call.answered", self.answered_us, {"agent": self.agent} | ({"queue": queue} if queue else {}))
        self._holds()
        self._conferenced()
        self._left()
        for number, segment in enumerate(self.session.of_kind("wrapup")):
            self._wrapped_up(segment, number)

    def _put(self, type_: str, at_us: int, data: dict[str, Any], *part: str) -> None:
        key = (self._c.id, self.session.id, *part)
        self._book.put(type_, self._c.id, at_us, data, key, queue=self.queue)

    def _rings(self) -> None:
        """An alert that no conversation follows was missed, unless the other side gave up."""
        for number, alert in enumerate(self.session.of_kind("alert")):
            part = (str(number),) if number else ()
            self._put("call.rung", alert.start, {"agent": self.agent}, *part)
            if alert.end is None or self._answers(alert) or self._given_up(alert):
                continue
            reason = "rejected" if alert.disconnect == "client" else "no_answer"
            data = {"agent": self.agent, "ring_ms": max(0, alert.end - alert.start) // 1000, "reason": reason}
            self._put("call.ring_missed", alert.end, data, *part)

    def _answers(self, alert: Segment) -> bool:
        return any(segment.start >= alert.start for segment in self.session.of_kind(*_TALKS))

    def _given_up(self, alert: Segment) -> bool:
        not_responding = self.session.metric("tNotResponding", "nNotResponding")
        return alert.disconnect in ("peer", "endpoint") and not not_responding

    def _holds(self) -> None:
        for number, hold in enumerate(self.session.of_kind("hold")):
            self._put("call.held", hold.start, {"agent": self.agent}, str(number))
            if hold.end is not None:
                self._put("call.resumed", hold.end, {"agent": self.agent}, str(number))

    def _conferenced(self) -> None:
        shared = next((segment for segment in self.session.of_kind(*_TALKS) if segment.node.flag("conference")), None)
        if shared is None:
            return
        others = [s for s in self._c.of("external", *PEOPLE) if s is not self.session and s.start <= shared.start + _CLOCKS_US]
        party = others[-1].who if others else "unknown"
        self._put("call.conferenced", shared.start, {"agent": self.agent, "party": party})

    def _left(self) -> None:
        """When the last conversation or hold ended; a session without that is going on."""
        last = self.session.of_kind(*_TALKS)[-1]
        if last.end is None:
            return
        self._transferred(last)
        self._put("call.released", last.end, {"agent": self.agent})

    def _transferred(self, last: Segment) -> None:
        session = self.session
        consulted = session.metric("nConsultTransferred") or last.disconnect in ("consulttransfer", "conferencetransfer")
        if not consulted and not session.metric("nTransferred", "nBlindTransferred") and last.disconnect not in _TRANSFERS:
            return
        kind, to = self._target(last.end or last.start)
        data = {"from_agent": self.agent, "to_kind": kind, "to": to, "mode": "attended" if consulted else "blind"}
        self._put("call.transferred", last.end or last.start, data)

    def _target(self, end: int) -> tuple[str, str]:
        """Who came next: the first to begin about when this agent left, else the last to begin before."""
        others = [
            s
            for s in self._c.of("external", *_PASSED)
            if s is not self.session and s is not self._c.customer and s.start > self.answered_us
        ]
        after = [s for s in others if s.start >= end - _CLOCKS_US]
        chosen = after[0] if after else others[-1] if others else None
        if chosen is None:
            return "external", "unknown"
        if chosen.purpose == "acd":
            return "queue", chosen.queue or "unknown"
        return _PASSED.get(chosen.purpose, "external"), chosen.who

    def _wrapped_up(self, segment: Segment, number: int) -> None:
        if segment.end is None:
            return
        data = {"agent": self.agent, "started_at": time_text(segment.start), "nature": "other"}
        if code := segment.node.text("wrapUpCode"):
            data["category"] = code
        self._put("call.wrapped_up", segment.end, data, str(number))
