"""What queue_log lines about agents and queues mean: shifts, pauses, settings.

A shift's subject is ``<agent>@<local date of the sign-in>``. An agent who never signs in (a static member) has no
session: only his pauses are known, each under its own date, and no talking or idle time is made up for him.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from opsledger.ingest.adapters.queue_log_book import Book
from opsledger.ingest.adapters.queue_log_lines import Entry
from opsledger.ingest.adapters.queue_log_memory import Session

_STALE_US = 16 * 3600 * 1_000_000
"""A sign-in to a queue that was not left, this long after the first, begins a new shift."""
_SECOND = 1_000_000
_RANK = {"shift.signed_in": 0, "shift.state_changed": 1, "shift.signed_out": 2}
ALL_QUEUES = "*"
"""Subject of a setting that is not of one queue."""


def member_added(book: Book, line: Entry) -> None:
    """ADDMEMBER([PAUSED]): the agent signs in to a queue."""
    session = book.memory.sessions.get(line.agent)
    if session is None or (line.queue in session.queues and line.at_us - session.since_us > _STALE_US):
        session = _session(book, line)
    session.queues.add(line.queue)
    _put(book, line, "shift.signed_in")
    if line.field(0).upper() == "PAUSED":
        session.paused, session.reason = True, ""
        _state(book, line, line.agent, "break")


def member_removed(book: Book, line: Entry) -> None:
    """REMOVEMEMBER: the agent signs out of a queue; out of the last, the session is over."""
    _put(book, line, "shift.signed_out")
    session = book.memory.sessions.get(line.agent)
    if session is not None:
        session.queues.discard(line.queue)
        if not session.queues and not session.logged_in:
            del book.memory.sessions[line.agent]


def logged_in(book: Book, line: Entry) -> None:
    """AGENTLOGIN(channel), AGENTCALLBACKLOGIN(exten@context)."""
    session = book.memory.sessions.get(line.agent)
    if session is None or session.logged_in or line.at_us - session.since_us > _STALE_US:
        session = _session(book, line)
    session.logged_in = True
    _put(book, line, "shift.signed_in")


def logged_off(book: Book, line: Entry) -> None:
    """AGENTLOGOFF(channel|logintime), AGENTCALLBACKLOGOFF(exten@context|logintime|reason)."""
    _put(book, line, "shift.signed_out")
    book.memory.sessions.pop(line.agent, None)


def paused(book: Book, line: Entry) -> None:
    """PAUSE, PAUSEALL([reason]); somebody who talks goes on talking, his break begins after it."""
    session = book.memory.sessions.get(line.agent)
    reason = "|".join(line.data)
    if session is not None:
        session.paused, session.reason = True, reason
    _state(book, line, line.agent, "talking" if session is not None and session.calls else "break", reason)


def unpaused(book: Book, line: Entry) -> None:
    """UNPAUSE, UNPAUSEALL."""
    session = book.memory.sessions.get(line.agent)
    if session is not None:
        session.paused, session.reason = False, ""
    _state(book, line, line.agent, "talking" if session is not None and session.calls else "idle")


def talks(book: Book, line: Entry, agent: str, call: str) -> None:
    """An agent with a session took a call."""
    session = book.memory.sessions.get(agent)
    if session is not None:
        session.calls.add(call)
        _state(book, line, agent, "talking")


def falls_silent(book: Book, line: Entry, agent: str, call: str) -> None:
    """An agent with a session ended a call: back to what he was before."""
    session = book.memory.sessions.get(agent)
    if session is None:
        return
    session.calls.discard(call)
    if not session.calls:
        _rest(book, line, agent, session)


def _rest(book: Book, line: Entry, agent: str, session: Session, at_us: int | None = None, part: str = "") -> None:
    if session.paused:
        _state(book, line, agent, "break", session.reason, at_us, part)
    else:
        _state(book, line, agent, "idle", "", at_us, part)


def wraps_up(book: Book, line: Entry, seconds: int) -> None:
    """An agent with a session works after the call for some seconds."""
    session = book.memory.sessions.get(line.agent)
    if session is not None and seconds:
        _state(book, line, line.agent, "wrap_up")
        _rest(book, line, line.agent, session, line.at_us + seconds * _SECOND, "after")


def _session(book: Book, line: Entry) -> Session:
    session = Session(f"{line.agent}@{book.local_date(line.at_us)}", line.at_us)
    book.memory.sign_in(line.agent, session)
    return session


def _subject(book: Book, line: Entry, agent: str) -> str:
    session = book.memory.sessions.get(agent)
    return session.subject if session is not None else f"{agent}@{book.local_date(line.at_us)}"


def _put(book: Book, line: Entry, type_: str) -> None:
    data = {"agent": line.agent, "queue": line.queue} if line.queue else {"agent": line.agent}
    subject = _subject(book, line, line.agent)
    book.put(type_, subject, _in_order(book, line.agent, line.at_us, type_), data, queue=line.queue)


def _state(book: Book, line: Entry, agent: str, state: str, reason: str = "", at_us: int | None = None, part: str = "") -> None:
    data = {"agent": agent, "state": state}
    if reason:
        data["reason"] = reason
    when = _in_order(book, agent, line.at_us, "shift.state_changed") if at_us is None else at_us
    book.put("shift.state_changed", _subject(book, line, agent), when, data, part, queue=line.queue)


def _in_order(book: Book, agent: str, at_us: int, type_: str) -> int:
    """The line's time, moved on by a microsecond, for good, where its second would turn two of the agent's lines round.

    Readers order a shift's events by time, then sign-in, state, sign-out, so that of one second only a state after
    a state, and what follows a sign-out, has to be moved.
    """
    raw_us, shift_us, last_rank = book.memory.agent_times.get(agent, (-1, 0, -1))
    rank = _RANK[type_]
    if at_us == raw_us and (rank < last_rank or rank == last_rank == 1):
        shift_us += 1
    book.memory.note_agent(agent, (at_us, shift_us, rank))
    return at_us + shift_us


def setting(name: str) -> Callable[[Book, Entry], None]:
    """PENALTY, RINGINUSE, CONFIGRELOAD, QUEUESTART: the switch changed how a queue works, or all of them."""

    def changed(book: Book, line: Entry) -> None:
        data = {"setting": name}
        if line.agent:
            data["agent"] = line.agent
        if line.data:
            data["value"] = "|".join(line.data)
        book.put("queue.setting_changed", line.queue or ALL_QUEUES, line.at_us, data, queue=line.queue)

    return changed


HANDLERS: Mapping[str, Callable[[Book, Entry], None]] = MappingProxyType(
    {
        "ADDMEMBER": member_added,
        "REMOVEMEMBER": member_removed,
        "AGENTLOGIN": logged_in,
        "AGENTCALLBACKLOGIN": logged_in,
        "AGENTLOGOFF": logged_off,
        "AGENTCALLBACKLOGOFF": logged_off,
        "PAUSE": paused,
        "PAUSEALL": paused,
        "UNPAUSE": unpaused,
        "UNPAUSEALL": unpaused,
        "PENALTY": setting("penalty"),
        "RINGINUSE": setting("ring_in_use"),
        "CONFIGRELOAD": setting("configuration"),
        "QUEUESTART": setting("start"),
    }
)
"""Word → what it means, for the words about agents and settings."""
