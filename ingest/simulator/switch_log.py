"""The same calls as an Asterisk switch would log them: queue_log, whole seconds, what waits in queues and who serves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from typing import Any, BinaryIO

from opsledger.ingest.border.wire import DECODER
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.run import Simulation

_REFUSED = {"full": "FULL", "closed": "CLOSED", "join_empty": "JOINEMPTY", "diverted": "DIVERT_HOLDTIME"}
_LEFT = {"abandoned": "ABANDON", "timeout": "EXITWITHTIMEOUT", "leave_empty": "EXITEMPTY", "withdrawn": "WITHDRAW"}
_KEYS = {"key": "1", "callback": "2"}
_PAUSES = frozenset(["break", "training", "meeting", "away", "busy"])
_CONTEXTS = {"queue": "ext-queues", "agent": "from-internal", "external": "from-internal", "ivr": "ivr-menu"}
_SETTINGS = {"start": "QUEUESTART", "configuration": "CONFIGRELOAD", "penalty": "PENALTY", "ring_in_use": "RINGINUSE"}
_HOLD_MS = 500
"""Lines are held back this long, so that a refused entry is known before its ENTERQUEUE would be written."""


@dataclass(slots=True)
class _Stay:
    """What the switch remembers of a call while it is in a queue or with an agent who took it out of one."""

    queue: str
    entered: int
    position: int
    customer: str = ""
    agent: str = ""
    answered: int = 0
    rung: int = 0
    ringing: str = ""


def write_queue_log(options: Options, out: BinaryIO) -> int:
    """Writes the queue_log; returns its lines. Calls that only the menu or an outbound agent had are not in it.

    The log has no word for a callback from the queue (it stands as a key pressed) and none for wrap-up.
    UserError where trouble was asked for.
    """
    lines = 0
    switch = _Switch()
    for batch in Simulation(options.without_trouble("queue_log")).batches():
        for line in batch:
            if not line.startswith((b'{"type":"call.', b'{"type":"shift.s', b'{"type":"queue.s')):
                continue
            for text in switch.hear(DECODER.decode(line)):
                out.write(text.encode())
                lines += 1
    for text in switch.rest():
        out.write(text.encode())
        lines += 1
    return lines


class _Switch:
    """Turns events, in order of time, into lines, in order of time."""

    def __init__(self) -> None:
        self._stays: dict[str, _Stay] = {}
        self._offers: dict[str, tuple[str, str]] = {}
        self._paused: set[str] = set()
        self._since: dict[str, int] = {}
        self._lines: list[tuple[int, int, str]] = []
        self._count = 0

    def hear(self, event: Any) -> Iterator[str]:
        """The lines that are certain once this event is known."""
        at = _ms(event.time)
        while self._lines and self._lines[0][0] < at - _HOLD_MS:
            yield heappop(self._lines)[2]
        step = getattr(self, "_" + event.__struct_config__.tag.replace(".", "_"), None)
        if step is not None:
            step(at, event.subject, event.data)

    def rest(self) -> Iterator[str]:
        """The lines that were held back."""
        while self._lines:
            yield heappop(self._lines)[2]

    def _write(self, at: int, call: str, queue: str, agent: str, *words: object) -> None:
        self._count += 1
        names = "|".join((str(at // 1000), call, queue, agent or "NONE"))
        heappush(self._lines, (at, self._count, f"{names}|{'|'.join(map(str, words))}\n"))

    def _call_offered(self, at: int, call: str, data: Any) -> None:
        if data.direction == "inbound":
            self._offers[call] = data.hotline, data.customer or ""

    def _call_queued(self, at: int, call: str, data: Any) -> None:
        hotline, customer = self._offers.get(call, ("", ""))
        if hotline:
            self._write(at, call, data.queue, "", "DID", hotline)
            self._offers[call] = "", customer
        self._write(at, call, data.queue, "", "ENTERQUEUE", "", customer, data.position)
        self._stays[call] = _Stay(data.queue, at, data.position, customer)

    def _call_rung(self, at: int, call: str, data: Any) -> None:
        if stay := self._stays.get(call):
            stay.rung, stay.ringing = at, data.agent

    def _call_ring_missed(self, at: int, call: str, data: Any) -> None:
        if stay := self._stays.get(call):
            self._write(at, call, stay.queue, data.agent, "RINGNOANSWER", data.ring_ms)
            stay.ringing = ""

    def _call_answered(self, at: int, call: str, data: Any) -> None:
        stay = self._stays.get(call)
        if stay is None or data.queue is None:
            return
        stay.agent, stay.answered, stay.ringing = data.agent, at, ""
        ring_s = (at - stay.rung) // 1000
        self._write(at, call, stay.queue, data.agent, "CONNECT", (at - stay.entered) // 1000, f"{call}.1", ring_s)

    def _call_left_queue(self, at: int, call: str, data: Any) -> None:
        stay = self._stays.pop(call)
        wait = (at - stay.entered) // 1000
        place = (stay.position, stay.position, wait)
        if stay.ringing:
            self._write(at, call, stay.queue, stay.ringing, "RINGCANCELED", at - stay.rung)
        if data.reason in _REFUSED:
            self._unwrite(call, stay)
            self._write(at, call, stay.queue, "", _REFUSED[data.reason])
        elif data.reason in _KEYS:
            self._write(at, call, stay.queue, "", "EXITWITHKEY", _KEYS[data.reason], *place)
        elif data.reason == "system":
            self._write(at, call, stay.queue, "", "SYSCOMPAT")
        else:
            self._write(at, call, stay.queue, "", _LEFT[data.reason], *place)

    def _unwrite(self, call: str, stay: _Stay) -> None:
        """A refused call never entered: its ENTERQUEUE is still held back, and is taken out again."""
        wrong = f"|{call}|{stay.queue}|NONE|ENTERQUEUE|"
        self._lines = sorted(line for line in self._lines if wrong not in line[2])

    def _call_transferred(self, at: int, call: str, data: Any) -> None:
        stay = self._stays.get(call)
        if stay is None or stay.agent != data.from_agent:
            return
        del self._stays[call]
        times = ((stay.answered - stay.entered) // 1000, (at - stay.answered) // 1000, stay.position)
        if data.mode == "attended":
            self._write(at, call, stay.queue, stay.agent, "ATTENDEDTRANSFER", "BRIDGE", data.to, *times)
        else:
            words = ("BLINDTRANSFER", data.to, _CONTEXTS[data.to_kind], *times)
            self._write(at, call, stay.queue, stay.agent, *words)

    def _call_ended(self, at: int, call: str, data: Any) -> None:
        self._offers.pop(call, None)
        stay = self._stays.pop(call, None)
        if stay is not None and stay.agent:
            word = "COMPLETEAGENT" if data.by == "agent" else "COMPLETECALLER"
            times = ((stay.answered - stay.entered) // 1000, (at - stay.answered) // 1000, stay.position)
            self._write(at, call, stay.queue, stay.agent, word, *times)

    def _shift_signed_in(self, at: int, shift: str, data: Any) -> None:
        self._since[data.agent] = at
        self._write(at, "NONE", "NONE", data.agent, "AGENTLOGIN", f"SIP/{data.agent}")

    def _shift_signed_out(self, at: int, shift: str, data: Any) -> None:
        self._unpause(at, data.agent)
        seconds = (at - self._since.pop(data.agent, at)) // 1000
        self._write(at, "NONE", "NONE", data.agent, "AGENTLOGOFF", f"SIP/{data.agent}", seconds)

    def _shift_state_changed(self, at: int, shift: str, data: Any) -> None:
        if data.state in _PAUSES:
            if data.agent not in self._paused:
                self._paused.add(data.agent)
                self._write(at, "NONE", "NONE", data.agent, "PAUSEALL", data.reason or data.state)
        else:
            self._unpause(at, data.agent)

    def _unpause(self, at: int, agent: str) -> None:
        if agent in self._paused:
            self._paused.discard(agent)
            self._write(at, "NONE", "NONE", agent, "UNPAUSEALL")

    def _queue_setting_changed(self, at: int, queue: str, data: Any) -> None:
        words = (_SETTINGS[data.setting], *([data.value] if data.setting in ("penalty", "ring_in_use") else []))
        self._write(at, "NONE", queue, data.agent or "", *words)


def _ms(at: datetime) -> int:
    return int(at.timestamp()) * 1000 + at.microsecond // 1000
