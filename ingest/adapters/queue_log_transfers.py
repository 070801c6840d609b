"""Transfers in a queue_log: what became of a call that an agent passed on, across call ids.

A blind transfer goes on under the call's own id: where that id enters a queue next is where it led.
An attended transfer to a queue opens with a consult: a second call, made by the agent, with an id of its own that
enters the queue. It is no contact of its own, so it is not offered, but its entry is an entry. If the agent completes
the transfer before anybody answered, the switch puts the customer in the consult's place, and from then on logs the
*first* id in a queue that it never entered. The entry stays the consult's: its wait began when the consult entered,
so its answer, talk and end are events of the consult's id, and the first id ends when the consult does.
"""

from __future__ import annotations

import re
from functools import lru_cache

from opsledger.ingest.adapters import queue_log_agents as agents
from opsledger.ingest.adapters.queue_log_book import Book
from opsledger.ingest.adapters.queue_log_lines import Entry
from opsledger.ingest.adapters.queue_log_memory import Call, Transfer

_INTERNAL_DIGITS = 6
"""Numbers of at most this many digits are taken for extensions of the switch, longer ones for outside lines."""
_HOLD_SLACK_US = 2_000_000
"""Both the entry's second and its hold time are cut to whole seconds."""
_WAITED = {"CONNECT": 0, "ABANDON": 2, "EXITWITHTIMEOUT": 2, "EXITEMPTY": 2, "WITHDRAW": 2, "EXITWITHKEY": 3}
"""Word → which data field says how many seconds the entry waited."""
_EXTENSION = re.compile(r"(?:^|/)(?:\w*?)(\d+)", re.ASCII)


def is_consult(book: Book, call: Call, caller: str) -> bool:
    """Whether a call that enters a queue is made by an agent who talks with another call: no contact of its own."""
    first = book.memory.talking.get(caller) if caller else None
    return first is not None and first != call.id


def linked(book: Book, line: Entry) -> Call:
    """The call whose queue entry a line speaks of, as far as earlier lines showed it."""
    call = book.memory.call(line.call)
    return book.memory.call(call.alias) if call.alias and call.alias_queue == line.queue else call


def entry_of(book: Book, line: Entry) -> Call:
    """The call whose queue entry a line speaks of: its own, or the consult's that it takes over by this very line."""
    call = linked(book, line)
    if call.queue == line.queue or not call.answered_us or (call.agent and call.answered_in == line.queue):
        return call
    if call.alias or (call.transfer is None and line.word != "CONNECT"):
        return call
    consult = _waiting_consult(book, line, call)
    if consult is None:
        return call
    take_over(book, line, call, consult)
    return consult


def _waiting_consult(book: Book, line: Entry, call: Call) -> Call | None:
    """The waiting entry that this call must have taken over: made by its agent, or just as old as the line says."""
    memory = book.memory
    waiting = [memory.call(id_) for id_ in list(memory.waiting.get(line.queue, ()))]
    later = [c for c in waiting if c is not call and not c.leads and c.entered_us >= call.answered_us]
    extension = extension_of(call.served_by)
    by_agent = [c for c in later if extension and c.customer == extension]
    if by_agent:
        return by_agent[0]
    waited_s = line.number(_WAITED[line.word]) if line.word in _WAITED else None
    if waited_s is None:
        return None
    as_old = [c for c in later if abs(line.at_us - waited_s * 1_000_000 - c.entered_us) <= _HOLD_SLACK_US]
    return as_old[0] if len(as_old) == 1 else None


def take_over(book: Book, line: Entry, call: Call, consult: Call) -> None:
    """From now on what is said of ``call`` in the consult's queue is said of the consult's entry."""
    call.alias, call.alias_queue = consult.id, consult.queue or line.queue
    consult.leads = call.id
    consult.withdrawn = consult.offered_id
    _correct_target(book, line, call, call.alias_queue)


def consulted_before(book: Book, line: Entry, call: Call) -> bool:
    """Whether this answer hands over a consult that the same agent already answered out of the same queue.

    The entry was the consult's and is answered there; the customer's own leg with that agent came out of no queue.
    """
    if call.queue == line.queue or not call.answered_us:
        return False
    consult = book.memory.known(book.memory.callers.get(extension_of(call.served_by), ""))
    if consult is None or consult is call or consult.answered_us < call.answered_us:
        return False
    return consult.answered_in == line.queue and consult.served_by == line.agent


def led_to_queue(book: Book, line: Entry, call: Call) -> None:
    """The call enters a queue: if it was transferred before, this is where to."""
    if call.transfer is not None:
        _correct_target(book, line, call, line.queue)


def _correct_target(book: Book, line: Entry, call: Call, queue: str) -> None:
    transfer, call.transfer = call.transfer, None
    if transfer is None or transfer.to == queue:
        return
    data = {"from_agent": transfer.from_agent, "to_kind": "queue", "to": queue, "mode": transfer.mode}
    book.put(
        "call.transferred", call.id, transfer.at_us, data, "target", queue=transfer.vendor_queue, corrects=transfer.event_id
    )


def blind(book: Book, line: Entry) -> None:
    """BLINDTRANSFER, TRANSFER(extension|context|holdtime|calltime|origposition)."""
    to, context = line.field(0) or "unknown", line.field(1)
    _pass_on(book, line, linked(book, line), _kind_of(to, context), to, "blind")


def _kind_of(number: str, context: str) -> str:
    """What an extension most likely is; a queue that the call enters later puts it right."""
    if "ivr" in context.lower():
        return "ivr"
    if context.lower().startswith(("ext-queue", "queue")):
        return "queue"
    digits = number.lstrip("+")
    return "external" if number.startswith("+") or len(digits) > _INTERNAL_DIGITS else "agent"


def attended(book: Book, line: Entry) -> None:
    """ATTENDEDTRANSFER(BRIDGE|bridge or APP|application or LINK|channel|channel, then holdtime|calltime|origposition)."""
    call = linked(book, line)
    agent = line.agent or call.agent
    consult = _consult_of(book, call, agent)
    if consult is None:
        in_queue = line.data[0] == "APP" and line.data[1].lower().startswith("queue")
        _pass_on(book, line, call, "queue" if in_queue else "agent", line.data[1] or line.data[0], "attended")
        return
    queue = consult.queue or consult.answered_in
    _pass_on(book, line, call, "queue", queue, "attended")
    call.transfer = None
    consult.leads = call.id
    consult.withdrawn = consult.offered_id
    if consult.queue:
        call.alias, call.alias_queue = consult.id, consult.queue


def _consult_of(book: Book, call: Call, agent: str) -> Call | None:
    """The consult that this agent made while he talked with the call, if it is still there."""
    consult = book.memory.known(book.memory.callers.get(extension_of(agent), ""))
    if consult is None or consult is call or consult.leads:
        return None
    began_later = consult.entered_us >= call.answered_us > 0
    return consult if began_later and (consult.queue or consult.agent) else None


def _pass_on(book: Book, line: Entry, call: Call, to_kind: str, to: str, mode: str) -> None:
    agent = line.agent or call.agent or "unknown"
    data = {"from_agent": agent, "to_kind": to_kind, "to": to, "mode": mode}
    event_id = book.put_call("call.transferred", call, line.at_us, data, queue=line.queue)
    book.put_call("call.released", call, line.at_us, {"agent": agent}, queue=line.queue)
    call.transfer = Transfer(event_id, line.at_us + call.shift_us, agent, mode, to, line.queue)
    call.agent = ""
    book.memory.falls_silent(extension_of(agent), call)
    agents.falls_silent(book, line, agent, call.id)


@lru_cache(maxsize=65_536)
def extension_of(agent: str) -> str:
    """The number in an agent's name or channel (``SIP/1001-00a``, ``Agent/3001``, ``Local/1001@…``, ``1001``), or ''."""
    found = _EXTENSION.search(agent)
    return found[1] if found else ""
