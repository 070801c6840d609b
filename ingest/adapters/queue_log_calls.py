"""What queue_log lines about calls mean: entries, answers, exits and ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from opsledger.ingest.adapters import queue_log_agents as agents
from opsledger.ingest.adapters import queue_log_transfers as transfers
from opsledger.ingest.adapters.queue_log_book import Book
from opsledger.ingest.adapters.queue_log_lines import Entry
from opsledger.ingest.adapters.queue_log_memory import Call

_SECOND = 1_000_000
_NO_CALLER = frozenset(["anonymous", "unknown", "unavailable", "private", "restricted", "withheld"])
"""What stands for a caller whose number is not shown; taken for a customer it would make one of them all."""


def enter_queue(book: Book, line: Entry) -> None:
    """ENTERQUEUE(url|callerid|origposition[|calleridname])."""
    caller, position = _caller(line)
    call = book.memory.call(line.call)
    if call.offered_id or not transfers.is_consult(book, call, caller):
        offer(book, line, call, customer=caller)
    call.customer = call.customer or caller
    transfers.led_to_queue(book, line, call)
    _queue(book, line, call, position)


def _caller(line: Entry) -> tuple[str, int | None]:
    """The caller's number, which may hold a '|' of its own, and the position in the queue."""
    for index in range(2, len(line.data)):
        if line.data[index].isdecimal():
            return _known("|".join(line.data[1:index])), int(line.data[index])
    return _known(line.field(1)), None


def _known(caller: str) -> str:
    return "" if caller.lower() in _NO_CALLER else caller


def _queue(book: Book, line: Entry, call: Call, position: int | None = None) -> None:
    data: dict[str, object] = {"queue": line.queue}
    if position is not None:
        data["position"] = position
    book.put_call("call.queued", call, line.at_us, data, queue=line.queue)
    book.memory.enter(call, line.queue, line.at_us + call.shift_us)


def offer(book: Book, line: Entry, call: Call, *, customer: str = "", hotline: str = "", direction: str = "inbound") -> None:
    """The contact's first sight; what a later line knows better takes the first event's place."""
    if call.offered_id and not (customer and not call.customer) and hotline in ("", call.hotline):
        return
    first = not call.offered_id
    if first:
        call.direction, call.offered_us = direction, line.at_us
    call.customer = customer or call.customer
    call.hotline = hotline or call.hotline or book.options.hotlines.get(line.queue) or line.queue or "unknown"
    data = _offer_data(call)
    if first:
        call.offered_id = book.put_once("call.offered", call.id, line.at_us, data, line.queue)
        call.last_raw_us, call.last_rank = line.at_us, 0
    else:
        call.offered_id = book.put(
            "call.offered", call.id, call.offered_us, data, "better", queue=line.queue, corrects=call.offered_id
        )


def _offer_data(call: Call) -> dict[str, str]:
    data = {"direction": call.direction, "channel": "phone", "hotline": call.hotline}
    return data | {"customer": call.customer} if call.customer else data


def dialled_number(book: Book, line: Entry) -> None:
    """DID(number): the hotline that the caller dialled."""
    _offer_or_repeat(book, line, hotline="|".join(line.data))


def out_call(book: Book, line: Entry) -> None:
    """OUTCALL(number): a call made by the centre."""
    _offer_or_repeat(book, line, customer="|".join(line.data), direction="outbound")


def _offer_or_repeat(book: Book, line: Entry, *, customer: str = "", hotline: str = "", direction: str = "inbound") -> None:
    """Offer; a line that says nothing new repeats the contact's event, which is a duplicate."""
    call = book.memory.call(line.call)
    offer(book, line, call, customer=customer, hotline=hotline, direction=direction)
    if not book.events:
        book.put_once("call.offered", call.id, call.offered_us, _offer_data(call), "")


def connect(book: Book, line: Entry) -> None:
    """CONNECT(holdtime|channel|ringtime): an agent answers."""
    call = transfers.entry_of(book, line)
    ring_s = line.number(2)
    if ring_s is not None:
        _ring(book, line, call, ring_s * 1000)
    data = {"agent": line.agent}
    if not transfers.consulted_before(book, line, call):
        data["queue"] = line.queue
    book.put_call("call.answered", call, line.at_us, data, queue=line.queue)
    book.memory.leave(call)
    call.agent = call.served_by = line.agent
    call.answered_in, call.answered_us = line.queue, line.at_us
    book.memory.talks(transfers.extension_of(line.agent), call)
    agents.talks(book, line, line.agent, call.id)


def _ring(book: Book, line: Entry, call: Call, ring_ms: int) -> None:
    """The ring began its length before the line, which itself is cut to the second: never before the entry began."""
    slack_us = 0 if line.at_us % _SECOND else _SECOND
    at_us = min(line.at_us, line.at_us - max(0, ring_ms) * 1000 + slack_us)
    book.put("call.rung", call.id, max(at_us, call.entered_us), {"agent": line.agent}, queue=line.queue)


def ring_missed(book: Book, line: Entry) -> None:
    """RINGNOANSWER(ringtime in ms)."""
    call, ring_ms = transfers.entry_of(book, line), line.number(0) or 0
    _ring(book, line, call, ring_ms)
    data = {"agent": line.agent, "ring_ms": ring_ms, "reason": "no_answer"}
    book.put_call("call.ring_missed", call, line.at_us, data, queue=line.queue)


def ring_cancelled(book: Book, line: Entry) -> None:
    """RINGCANCELED(ringtime in ms): the caller hung up, which is not the agent's miss."""
    _ring(book, line, transfers.entry_of(book, line), line.number(0) or 0)


def agent_dumped(book: Book, line: Entry) -> None:
    """AGENTDUMP: the agent hung up during the announcement; the caller waits on."""
    call = transfers.entry_of(book, line)
    _ring(book, line, call, 0)
    data = {"agent": line.agent, "ring_ms": 0, "reason": "rejected"}
    book.put_call("call.ring_missed", call, line.at_us, data, queue=line.queue)


def complete(by: str) -> Callable[[Book, Entry], None]:
    """COMPLETEAGENT, COMPLETECALLER(holdtime|calltime|origposition)."""

    def completed(book: Book, line: Entry) -> None:
        call = transfers.linked(book, line)
        agent = line.agent or call.agent
        if agent:
            book.put_call("call.released", call, line.at_us, {"agent": agent}, queue=line.queue)
            book.memory.falls_silent(transfers.extension_of(agent), call)
            agents.falls_silent(book, line, agent, call.id)
        call.agent = ""
        _end(book, line, call, by)

    return completed


def _end(book: Book, line: Entry, call: Call, by: str, cause: str = "") -> None:
    data = {"by": by, "cause": cause} if cause else {"by": by}
    book.memory.leave(call)
    call.over = True
    book.put_call("call.ended", call, line.at_us, data, queue=line.queue)
    first = book.memory.known(call.leads) if call.leads else None
    call.leads = ""
    if first is not None and not first.over:
        first.over = True
        book.put_call("call.ended", first, line.at_us, data, "first", queue=line.queue)


def abandon(book: Book, line: Entry) -> None:
    """ABANDON(position|origposition|waittime): the caller hung up while waiting."""
    call = _left(book, line, "abandoned")
    _end(book, line, call, "customer")


def incompatible(book: Book, line: Entry) -> None:
    """SYSCOMPAT: answered, then dropped because the channels did not fit."""
    call = _left(book, line, "system")
    _end(book, line, call, "system", "SYSCOMPAT")


def _left(book: Book, line: Entry, reason: str) -> Call:
    call = transfers.entry_of(book, line)
    book.put_call("call.left_queue", call, line.at_us, {"queue": line.queue, "reason": reason}, queue=line.queue)
    book.memory.leave(call)
    return call


def leave(reason: str) -> Callable[[Book, Entry], None]:
    """EXITWITHTIMEOUT, EXITWITHKEY, EXITEMPTY, LEAVEEMPTY, WITHDRAW: the entry ends, the contact goes on."""

    def left(book: Book, line: Entry) -> None:
        _left(book, line, reason)

    return left


def refuse(reason: str) -> Callable[[Book, Entry], None]:
    """FULL, CLOSED, JOINEMPTY, DIVERT_…: not let in; an entry that lasts no time."""

    def refused(book: Book, line: Entry) -> None:
        call = book.memory.call(line.call)
        offer(book, line, call)
        transfers.led_to_queue(book, line, call)
        if call.queue != line.queue:
            _queue(book, line, call)
        _left(book, line, reason)

    return refused


def wrap_up(book: Book, line: Entry) -> None:
    """WRAPUPSTART(seconds): work after the call, from now, for that long."""
    seconds = max(0, line.number(0) or 0)
    call = transfers.linked(book, line)
    at_us = line.at_us + call.shift_us
    data = {"agent": line.agent, "started_at": book.time_text(at_us), "nature": "other"}
    book.put("call.wrapped_up", call.id, at_us + seconds * _SECOND, data, queue=line.queue)
    agents.wraps_up(book, line, seconds)


HANDLERS: Mapping[str, Callable[[Book, Entry], None]] = MappingProxyType(
    {
        "ENTERQUEUE": enter_queue,
        "CONNECT": connect,
        "COMPLETECALLER": complete("customer"),
        "COMPLETEAGENT": complete("agent"),
        "ABANDON": abandon,
        "EXITWITHTIMEOUT": leave("timeout"),
        "EXITWITHKEY": leave("key"),
        "EXITEMPTY": leave("leave_empty"),
        "LEAVEEMPTY": leave("leave_empty"),
        "WITHDRAW": leave("withdrawn"),
        "RINGNOANSWER": ring_missed,
        "RINGCANCELED": ring_cancelled,
        "BLINDTRANSFER": transfers.blind,
        "TRANSFER": transfers.blind,
        "ATTENDEDTRANSFER": transfers.attended,
        "AGENTDUMP": agent_dumped,
        "SYSCOMPAT": incompatible,
        "FULL": refuse("full"),
        "CLOSED": refuse("closed"),
        "JOINEMPTY": refuse("join_empty"),
        "DIVERT_CA_RATIO": refuse("diverted"),
        "DIVERT_HOLDTIME": refuse("diverted"),
        "WRAPUPSTART": wrap_up,
        "DID": dialled_number,
        "OUTCALL": out_call,
    }
)
"""Word → what it means, for the words about calls."""
