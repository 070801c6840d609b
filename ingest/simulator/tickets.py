"""Tickets: the work that a call hands on to a department, from opening to the last check."""

from __future__ import annotations

from typing import NamedTuple

from opsledger.ingest.simulator.callbacks import Callbacks
from opsledger.ingest.simulator.centre import Topic
from opsledger.ingest.simulator.chance import SIZE, lengths, wheel
from opsledger.ingest.simulator.journal import HOUR_MS, Value, quoted, tail
from opsledger.ingest.simulator.staff import Agent, Call
from opsledger.ingest.simulator.world import World

_DUE_H = {"urgent": 12, "high": 24, "normal": 48, "low": 96}
_PRIORITIES = wheel(("urgent", 8), ("high", 22), ("normal", 55), ("low", 15))
_KINDS = {"request": "request", "fault": "fault", "complaint": "complaint"}
_VOIDED, _CANCELLED, _RETURNED, _LOCKED, _URGED = 0.02, 0.03, 0.09, 0.05, 0.12
_CHECKED, _ACCURATE, _REOPENED, _VISITED = 0.15, 0.93, 0.06, 0.6
_BACK = ("地址不详", "非本部门职责", "信息不全")
_AGAIN = ("问题未解决", "客户不认可处理结果")
_GIVEN_UP = ("客户自行解决", "客户不再办理")
_VOID = ("重复建单", "误操作建单")
_WRONG = ("归类错误", "处理记录不完整")
_DONE = wheel(("已办结", 60), ("已上门", 25), ("远程处理", 15))
_MINUTE = 60_000


class Origin(NamedTuple):
    """Whom a ticket is for, and the tail that names whose promise a callback about it is."""

    customer: bytes
    owner: bytes


class Tickets:
    """Plans a ticket's whole life when it is opened; what would come after the span is left undone."""

    def __init__(self, world: World, callbacks: Callbacks) -> None:
        self.world, self.callbacks = world, callbacks
        self._chance = world.chance("tickets")
        self._works = lengths(16 * 3600, 0.8, 1200, 6 * 86_400)
        form = world.journal.form
        about = ("department", "call", "due_at")
        self._opened = form("ticket.opened", *about), form("ticket.opened", *about, "customer")
        self._dispatched = form("ticket.dispatched", "assignee", "due_at")
        self._wrong, self._right = form("ticket.checked", "reason"), form("ticket.checked")
        plain = ("accepted", "locked", "unlocked", "urged", "returned", "resolved", "reopened", "cancelled", "voided")
        self._forms = {name: form(f"ticket.{name}") for name in plain}
        self._clerks = [tail(actor=f"clerk{n:02d}") for n in range(1, 13)]

    def open(self, at: int, agent: Agent, call: Call, topic: Topic) -> bytes:
        """A ticket about a contact. Returns its id."""
        world, chance = self.world, self._chance
        code, clerk = world.code("t", at), self._clerks[int(chance() * len(self._clerks))]
        priority = _PRIORITIES[int(chance() * len(_PRIORITIES))]
        due = at + _DUE_H[priority] * HOUR_MS
        values: list[Value] = [_KINDS.get(topic.nature, "other").encode(), quoted(topic.category), priority.encode()]
        values += [quoted(topic.department), call.code, *([call.customer] if call.customer else [])]
        self._write(at, self._opened[bool(call.customer)], code, *values, world.journal.stamp(due), agent.tail)
        world.truth.things["tickets"] += at < world.end
        fate = chance()
        if fate < _VOIDED:
            self._say(at + 20 * _MINUTE, "voided", code, _VOID, clerk)
        else:
            self._work(at, code, topic, due, clerk, Origin(call.customer, agent.tail), cancelled=fate < _VOIDED + _CANCELLED)
        return code

    def _work(self, at: int, code: bytes, topic: Topic, due: int, clerk: bytes, origin: Origin, *, cancelled: bool) -> None:
        """Dispatch, acceptance, perhaps a return and a second dispatch, then the work itself."""
        world, chance = self.world, self._chance
        step = self._dispatch(
            world.office(at + int((5 + 50 * chance()) * _MINUTE), chance()), code, topic.department, due, clerk
        )
        if chance() < _RETURNED:
            self._say(step, "returned", code, _BACK, clerk)
            step = self._dispatch(step + int((10 + 60 * chance()) * _MINUTE), code, "客服中心", due, clerk)
        self._write(step, self._forms["accepted"], code, clerk)
        if chance() < _LOCKED:
            self._write(step + 5 * _MINUTE, self._forms["locked"], code, clerk)
            self._write(step + 35 * _MINUTE, self._forms["unlocked"], code, clerk)
        done = world.office(step + self._works[int(chance() * SIZE)], chance())
        if chance() < _URGED:
            self._write(step + int((done - step) * 0.6), self._forms["urged"], code, clerk)
        if cancelled:
            self._say(done, "cancelled", code, _GIVEN_UP, clerk)
            return
        self._resolve(done, code, clerk)
        self._afterwards(done, code, clerk, topic, origin)

    def _dispatch(self, at: int, code: bytes, department: str, due: int, clerk: bytes) -> int:
        """Sends the ticket to a department. Returns when the department looks at it."""
        assignee = b"w%03d" % (100 + int(self._chance() * 80))
        stamp = self.world.journal.stamp(due)
        self._write(at, self._dispatched, code, quoted(department), assignee, stamp, clerk)
        return self.world.office(at + int((10 + 110 * self._chance()) * _MINUTE), self._chance())

    def _resolve(self, at: int, code: bytes, clerk: bytes) -> None:
        outcome = _DONE[int(self._chance() * len(_DONE))]
        self._write(at, self._forms["resolved"], code, quoted(outcome), clerk)

    def _afterwards(self, done: int, code: bytes, clerk: bytes, topic: Topic, origin: Origin) -> None:
        """Reopening, checking, and the callback that asks whether all is well."""
        world, chance = self.world, self._chance
        if chance() < _REOPENED:
            again = world.office(done + 3 * HOUR_MS + int(chance() * 30 * HOUR_MS), chance())
            self._say(again, "reopened", code, _AGAIN, clerk)
            done = world.office(again + 2 * HOUR_MS + int(chance() * 20 * HOUR_MS), chance())
            self._resolve(done, code, clerk)
        if chance() < _CHECKED:
            self._check(world.office(done + 26 * HOUR_MS, chance()), code)
        if topic.callback and chance() < _VISITED:
            world.agenda.at(done + 10 * _MINUTE, self._visit, topic.callback, *origin, code)

    def _visit(self, at: int, purpose: str, customer: bytes, owner: bytes, ticket: bytes) -> None:
        self.callbacks.request(at, purpose, customer, owner, ticket=ticket)

    def _check(self, at: int, code: bytes) -> None:
        checker = tail(actor="check01")
        if self._chance() < _ACCURATE:
            self._write(at, self._right, code, b"true", checker)
        else:
            self._write(at, self._wrong, code, b"false", self._one(_WRONG), checker)

    def _say(self, at: int, name: str, code: bytes, reasons: tuple[str, ...], clerk: bytes) -> None:
        self._write(at, self._forms[name], code, self._one(reasons), clerk)

    def _one(self, texts: tuple[str, ...]) -> bytes:
        return quoted(texts[int(self._chance() * len(texts))])

    def _write(self, at: int, form: bytes, code: bytes, *values: Value) -> None:
        if at < self.world.end:
            self.world.journal.add(at, form, code, *values)
