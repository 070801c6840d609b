"""Complaints: filed, investigated, judged by a command, answered, called back about; some withdrawn or reopened."""

from __future__ import annotations

from opsledger.ingest.simulator.callbacks import Callbacks
from opsledger.ingest.simulator.chance import wheel
from opsledger.ingest.simulator.incentives import Incentives
from opsledger.ingest.simulator.journal import HOUR_MS, Value, quoted, tail
from opsledger.ingest.simulator.staff import Agent, Call, Pool
from opsledger.ingest.simulator.world import World

_WITHDRAWN, _LIABLE, _REOPENED, _ANSWERED = 0.06, 0.3, 0.06, 0.9
_SEVERITIES = wheel(("minor", 75), ("general", 21), ("severe", 4))
_OUTCOMES = wheel(("已致歉", 45), ("已退费", 25), ("已整改", 20), ("已解释", 10))
_CHANNELS = wheel((b"web", 50), (b"letter", 25), (b"email", 15), (b"fax", 10))
_CONTENTS = {
    "客服中心": ("座席态度生硬", "座席中途挂断", "等待时间过长"),
    "计费中心": ("话费与套餐不符", "未使用却产生流量费"),
    "装维中心": ("约定时间未上门", "装机超时"),
    "市场部": ("未经同意开通业务", "退订后仍扣费"),
}
_FINDINGS = ("已调取录音核实", "核对账单无误", "与客户陈述一致", "与当事座席核实")
_BUSINESS = {"客服中心": "服务", "计费中心": "账单", "装维中心": "宽带", "市场部": "套餐"}
_CLERK = tail(actor="clerk21")
_SERVED_BEFORE = wheel((0, 70), (1, 10), (2, 20))
"""Places of the pools, by how many calls they answer."""
_BOOLS = (b"false", b"true")


class Complaints:
    """Plans a complaint's whole life when it is filed. The ruling is a decision, so it is a command and not an event."""

    def __init__(self, world: World, callbacks: Callbacks, pools: tuple[Pool, ...], incentives: Incentives) -> None:
        self.world, self.callbacks, self.pools, self._incentives = world, callbacks, pools, incentives
        self._chance = world.chance("complaints")
        form = world.journal.form
        self._by_call = form("complaint.filed", "agent", "department", "call")
        self._by_customer = form("complaint.filed", "customer", "agent", "department", "call")
        self._written = form("complaint.filed", "customer", "department")
        self._investigated, self._withdrawn = form("complaint.investigated"), form("complaint.withdrawn")
        self._silent, self._answered = form("complaint.resolved"), form("complaint.resolved", "satisfied")
        self._reopened = form("complaint.reopened")

    def file(self, at: int, agent: Agent, call: Call, department: str) -> None:
        """A complaint made during a contact: about an agent's service when it goes to the service department."""
        internal = department == "客服中心"
        if internal and call.queue is not None and call.queue.spec.code == "complaint":
            agent = self._earlier_agent()
        tail_ = agent.tail if internal else b""
        code = self.world.code("p", at)
        values: list[Value] = [*self._about(call.channel.encode(), department), _BOOLS[internal]]
        names = [agent.code, quoted(department), call.code]
        if call.customer:
            self._write(at, self._by_customer, code, *values, call.customer, *names, tail_)
        else:
            self._write(at, self._by_call, code, *values, *names, tail_)
        self._handle(at, code, call.customer, tail_, agent if internal else None)

    def _earlier_agent(self) -> Agent:
        """Whom a caller of the complaints desk complains about: somebody who served before."""
        pool = self.pools[_SERVED_BEFORE[int(self._chance() * len(_SERVED_BEFORE))]]
        return pool.agents[int(self._chance() * len(pool.agents))]

    def receive(self, at: int, department: str) -> None:
        """A complaint that comes in writing; nobody's call is behind it."""
        code, chance = self.world.code("p", at), self._chance
        customer = b"m%07d" % int(chance() * 15 * self.world.options.calls_per_day)
        channel = _CHANNELS[int(chance() * len(_CHANNELS))]
        values = (*self._about(channel, department), b"false", customer, quoted(department))
        self._write(at, self._written, code, *values, b"")
        self._handle(at, code, customer, b"", None)

    def _about(self, channel: bytes, department: str) -> tuple[bytes, bytes, bytes]:
        contents = _CONTENTS.get(department, _CONTENTS["市场部"])
        content = contents[int(self._chance() * len(contents))]
        return channel, quoted(_BUSINESS.get(department, "其他")), quoted(content)

    def _handle(self, at: int, code: bytes, customer: bytes, tail_: bytes, agent: Agent | None) -> None:
        world, chance = self.world, self._chance
        world.truth.things["complaints"] += at < world.end
        looked = world.office(at + 2 * HOUR_MS + int(chance() * 20 * HOUR_MS), chance())
        self._write(looked, self._investigated, code, quoted(_FINDINGS[int(chance() * len(_FINDINGS))]), _CLERK)
        if chance() < _WITHDRAWN:
            self._write(looked + HOUR_MS, self._withdrawn, code, quoted("客户撤回"), _CLERK)
            return
        ruled = world.office(looked + HOUR_MS + int(chance() * 8 * HOUR_MS), chance())
        self._rule(ruled, code, agent)
        done = world.office(ruled + HOUR_MS + int(chance() * 20 * HOUR_MS), chance())
        self._resolve(done, code, tail_)
        world.agenda.at(done + 60_000, self._call_back, customer, code, tail_)
        if chance() < _REOPENED:
            again = world.office(done + 24 * HOUR_MS, chance())
            self._write(again, self._reopened, code, quoted("客户对处理结果不满意"), _CLERK)
            self._resolve(world.office(again + 20 * HOUR_MS, chance()), code, tail_)

    def _rule(self, at: int, code: bytes, agent: Agent | None) -> None:
        chance = self._chance
        liable = chance() < _LIABLE
        severity = _SEVERITIES[int(chance() * len(_SEVERITIES))] if liable else "minor"
        reason = "责任成立" if liable else "非我方责任"
        fields = {"liable": liable, "severity": severity, "reason": reason}
        self.world.command(at, "complaint.adjudicate", code.decode(), "judge01", fields)
        self.world.truth.things["liable"] += liable and at < self.world.end
        if liable and agent is not None:
            self._incentives.deduct(at, agent, code)

    def _resolve(self, at: int, code: bytes, tail_: bytes) -> None:
        outcome = quoted(_OUTCOMES[int(self._chance() * len(_OUTCOMES))])
        if self._chance() < _ANSWERED:
            self._write(at, self._answered, code, outcome, _BOOLS[self._chance() < 0.8], tail_)
        else:
            self._write(at, self._silent, code, outcome, tail_)

    def _call_back(self, at: int, customer: bytes, complaint: bytes, owner: bytes) -> None:
        self.callbacks.request(at, "complaint", customer, owner, complaint=complaint)

    def _write(self, at: int, form: bytes, code: bytes, *values: Value) -> None:
        if at < self.world.end:
            self.world.journal.add(at, form, code, *values)
