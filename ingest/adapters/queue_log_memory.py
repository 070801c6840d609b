"""What has to be remembered from line to line of a queue_log, in a bounded amount of memory.

Nothing here decides whether a line is an event or what its id is: those follow from the line alone, so a log
that is read again from its middle adds nothing. Memory only links: a transfer to where it led, a pause to its shift.
"""

from __future__ import annotations

from collections import OrderedDict

CALLS_KEPT = 65_536
AGENTS_KEPT = 65_536
LINGERS_US = 60 * 1_000_000
"""So long after its last line a call that is over may still be spoken of (the work after it, for one)."""


class Call:
    """What is known of one call id. Times are microseconds since 1970 UTC; '' and 0 where not known."""

    __slots__ = (
        "agent",
        "alias",
        "alias_queue",
        "answered_in",
        "answered_us",
        "customer",
        "direction",
        "entered_us",
        "hotline",
        "id",
        "last_rank",
        "last_raw_us",
        "leads",
        "line",
        "offered_id",
        "offered_us",
        "over",
        "queue",
        "served_by",
        "shift_us",
        "since_us",
        "transfer",
        "withdrawn",
    )

    def __init__(self, id_: str, line: int = 0, since_us: int = 0) -> None:
        self.id = id_
        self.line, self.since_us = line, since_us
        """The first line that spoke of it, by number and time."""
        self.offered_id = self.hotline = self.customer = ""
        self.direction = "inbound"
        self.offered_us = self.entered_us = self.answered_us = 0
        self.queue = ""
        """Where it waits now."""
        self.agent = ""
        """Who talks with it now."""
        self.served_by = ""
        """Who talked with it last."""
        self.over = False
        self.answered_in = ""
        self.alias = self.alias_queue = ""
        """The consult's call id, whose entry in that queue this call took over."""
        self.leads = ""
        """Of a consult: the customer's call id, which ends with it."""
        self.transfer: Transfer | None = None
        self.withdrawn = ""
        """An offer found to be none, because the call is a consult: its id, for the next event to take its place."""
        self.last_raw_us = self.last_rank = -1
        self.shift_us = 0
        """How far this call's events are moved on, so that lines of one second keep their order."""


class Transfer:
    """A transfer whose target is not known for certain yet: a later line may put it right."""

    __slots__ = ("at_us", "event_id", "from_agent", "mode", "to", "vendor_queue")

    def __init__(self, event_id: str, at_us: int, from_agent: str, mode: str, to: str, vendor_queue: str) -> None:
        self.event_id, self.at_us, self.from_agent = event_id, at_us, from_agent
        self.mode, self.to, self.vendor_queue = mode, to, vendor_queue


class Session:
    """An agent signed in: the shift's subject, where he is a member, his pause, and whom he talks with."""

    __slots__ = ("calls", "line", "logged_in", "paused", "queues", "reason", "since_us", "subject")

    def __init__(self, subject: str, since_us: int) -> None:
        self.subject, self.since_us = subject, since_us
        self.line = 0
        """The line that began it."""
        self.queues: set[str] = set()
        self.logged_in = False
        self.paused = False
        self.reason = ""
        self.calls: set[str] = set()


class Memory:
    """The calls and agents met last. What falls out is forgotten: its later lines are taken for themselves."""

    def __init__(self, calls_kept: int = CALLS_KEPT, agents_kept: int = AGENTS_KEPT) -> None:
        self._calls: OrderedDict[str, Call] = OrderedDict()
        self._calls_kept, self._agents_kept = calls_kept, agents_kept
        self.sessions: OrderedDict[str, Session] = OrderedDict()
        self.waiting: dict[str, dict[str, None]] = {}
        self.callers: dict[str, str] = {}
        self.talking: dict[str, str] = {}
        """Extension of an agent → the call that he talks with now."""
        self.agent_times: dict[str, tuple[int, int, int]] = {}
        self.line = 0
        """Lines met so far, this one included."""
        self.at_us = 0
        """The time of the line at hand."""
        self.second_line = 0
        """The first of the lines that have this time."""

    def met(self, at_us: int) -> None:
        """Another line."""
        self.line += 1
        if at_us != self.at_us:
            self.at_us, self.second_line = at_us, self.line

    def needed(self, max_age_us: int) -> int:
        """The number of the earliest line without which a later one would be understood otherwise.

        What began more than ``max_age_us`` before the line at hand is not waited for any longer.
        """
        oldest, lingering = self.at_us - max_age_us, self.at_us - LINGERS_US
        calls = (c.line for c in self._calls.values() if c.since_us >= oldest and (not c.over or c.last_raw_us >= lingering))
        sessions = (s.line for s in self.sessions.values() if s.since_us >= oldest)
        return min((self.second_line, *calls, *sessions))

    def __len__(self) -> int:
        return len(self._calls)

    def call(self, id_: str) -> Call:
        """The record of a call id, made at first sight."""
        calls = self._calls
        found = calls.get(id_)
        if found is None:
            found = calls[id_] = Call(id_, self.line, self.at_us)
            if len(calls) > self._calls_kept:
                self._forget(calls.popitem(last=False)[1])
        else:
            calls.move_to_end(id_)
        return found

    def known(self, id_: str) -> Call | None:
        """The record of a call id, if it is remembered."""
        return self._calls.get(id_)

    def enter(self, call: Call, queue: str, at_us: int) -> None:
        """The call starts to wait in a queue."""
        self.leave(call)
        call.queue, call.entered_us = queue, at_us
        self.waiting.setdefault(queue, {})[call.id] = None
        if call.customer:
            self.callers[call.customer] = call.id

    def leave(self, call: Call) -> None:
        """The call waits no longer."""
        if call.queue:
            there = self.waiting.get(call.queue)
            if there is not None:
                there.pop(call.id, None)
                if not there:
                    del self.waiting[call.queue]
            call.queue = ""

    def sign_in(self, agent: str, session: Session) -> None:
        """The agent's session from now on."""
        session.line = self.line
        self.sessions[agent] = session
        self.sessions.move_to_end(agent)
        if len(self.sessions) > self._agents_kept:
            self.sessions.popitem(last=False)

    def talks(self, extension: str, call: Call) -> None:
        """The agent of an extension took a call."""
        if extension and len(self.talking) < self._agents_kept:
            self.talking[extension] = call.id

    def falls_silent(self, extension: str, call: Call) -> None:
        """The agent of an extension left a call."""
        if self.talking.get(extension) == call.id:
            del self.talking[extension]

    def note_agent(self, agent: str, times: tuple[int, int, int]) -> None:
        """When an agent's last event was by its line, how far his events are moved on, and its rank."""
        if len(self.agent_times) >= self._agents_kept and agent not in self.agent_times:
            self.agent_times.clear()
        self.agent_times[agent] = times

    def _forget(self, call: Call) -> None:
        self.leave(call)
        if self.callers.get(call.customer) == call.id:
            del self.callers[call.customer]
