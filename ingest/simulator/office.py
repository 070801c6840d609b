"""The office: set-up of the tenant and its queues, faults, costs, reports handed in, switch settings, letters."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from opsledger.domain.envelope import IN_HOUSE
from opsledger.ingest.simulator.centre import OPENING_HOURS, REPAIR, SERVICE, TARGETS
from opsledger.ingest.simulator.complaints import Complaints
from opsledger.ingest.simulator.floor import Floor
from opsledger.ingest.simulator.front import Surges
from opsledger.ingest.simulator.journal import HOUR_MS, quoted, tail
from opsledger.ingest.simulator.staff import Pool, Queue, vendor_of
from opsledger.ingest.simulator.world import World

_MINUTE = 60_000
_SURGE_DAY, _OUTAGE_DAY, _SWITCH_DAY = 1, 2, 4
_FAULTS_PER_DAY, _LETTERS_PER_CALL = 0.12, 0.0012
_SYSTEMS = (("crm", "slow", "minor"), ("ivr", "no_audio", "major"), ("network", "packet_loss", "minor"))
_DEPARTMENTS = ("计费中心", "市场部", "装维中心")
_REPORT_DAY, _REPORT_DAY_LATE, _COST_DAY = 3, 6, 25
_COSTS = (("人工", 95.0), ("场地", 11.0), ("线路", 7.5), ("系统", 6.0))


class Office:
    """What happens around the calls."""

    def __init__(self, world: World, floor: Floor, queues: dict[str, Queue], pools: tuple[Pool, ...], desk: Complaints) -> None:
        self.world, self.floor, self.queues, self.pools, self.desk = world, floor, queues, pools, desk
        self._chance = world.chance("office")
        form = world.journal.form
        self._configured = form("tenant.configured", "calendar", "opening_hours", "currency", "seats")
        self._described = form("queue.described", "vendor", "hotline", "targets")
        self._described_ours = form("queue.described", "hotline", "targets")
        self._setting = form("queue.setting_changed", "value"), form("queue.setting_changed", "agent", "value")
        self._raised, self._cleared = form("fault.raised"), form("fault.cleared")
        self._cost, self._report = form("cost.recorded"), form("report.submitted")

    def set_up(self, at: int) -> None:
        """The tenant and its queues, some weeks before the simulation begins."""
        world = self.world
        seats = sum(len(pool.agents) for pool in self.pools)
        effective = world.journal.stamp(at)
        calendar = msgspec.json.encode({"workdays": [1, 2, 3, 4, 5, 6, 7], "holidays": []})
        hours = msgspec.json.encode(OPENING_HOURS)
        setting = (quoted(world.options.zone), effective, calendar, hours, b"CNY", seats, b"")
        world.journal.add(at, self._configured, quoted(world.options.tenant), *setting)
        targets = msgspec.json.encode(TARGETS)
        for n, queue in enumerate(self.queues.values(), 1):
            name, line = quoted(queue.spec.name), queue.spec.hotline.encode()
            vendor = vendor_of(queue.spec.pool, world.options)
            if vendor == IN_HOUSE:
                world.journal.add(at + n, self._described_ours, queue.code, name, effective, line, targets, b"")
            else:
                values = (name, effective, quoted(vendor), line, targets, queue.tail)
                world.journal.add(at + n, self._described, queue.code, *values)
            world.journal.add(at + 1000 + n, self._setting[0], queue.code, b"start", b"1", queue.tail)

    def open_day(self, day: date, index: int) -> Surges:
        """Opens the queues for a local day and plans its events. Returns the day's surges (by hotline)."""
        world, chance = self.world, self._chance
        for queue in self.queues.values():
            queue.opens_at, queue.closes_at = world.clock(day, queue.spec.opens), world.clock(day, queue.spec.closes)
        midnight = world.midnight(day)
        self._plan_faults(midnight, index)
        self._paperwork(day, midnight)
        if chance() < 0.2:
            self._change_setting(midnight + 3 * HOUR_MS)
        letters = int(world.options.calls_per_day * _LETTERS_PER_CALL * 2 * chance() + chance())
        for n in range(letters):
            department = _DEPARTMENTS[int(chance() * len(_DEPARTMENTS))]
            world.agenda.at(midnight + (10 + n % 6) * HOUR_MS + n, self.desk.receive, department)
        if index % 7 != _SURGE_DAY:
            return {}
        return {SERVICE: (midnight + 14 * HOUR_MS, 2), REPAIR: (midnight + 20 * HOUR_MS, 12)}

    def _plan_faults(self, midnight: int, index: int) -> None:
        chance, agenda = self._chance, self.world.agenda
        length = (8 + int(chance() * 20)) * _MINUTE
        if index % 7 == _OUTAGE_DAY:
            site = self.pools[0]
            at = midnight + 10 * HOUR_MS + int(chance() * 30) * _MINUTE
            agenda.at(at, self._fault, f"site:{site.vendor}", "power", "critical", length)
            agenda.at(at, self.floor.outage, site, length)
        if index % 7 == _SWITCH_DAY:
            agenda.at(midnight + 15 * HOUR_MS, self._fault, "acd", "restart", "major", length)
            agenda.at(midnight + 15 * HOUR_MS, self._switch_fails, length)
        if chance() < _FAULTS_PER_DAY:
            system, kind, severity = _SYSTEMS[int(chance() * len(_SYSTEMS))]
            agenda.at(midnight + int(chance() * 20) * HOUR_MS, self._fault, system, kind, severity, length * 3)

    def _fault(self, at: int, system: str, kind: str, severity: str, length: int) -> None:
        code = self.world.code("f", at)
        values = (quoted(system), kind.encode(), severity.encode(), tail(actor="monitoring"))
        self.world.journal.add(at, self._raised, code, *values)
        if at + length < self.world.end:
            self.world.journal.add(at + length, self._cleared, code, tail(actor="monitoring"))
        self.world.truth.things["faults"] += 1

    def _switch_fails(self, at: int, length: int) -> None:
        self.floor.broken_until = at + length
        for queue in self.queues.values():
            if queue.spec.hotline in (SERVICE, REPAIR):
                self.floor.drop_waiting(at + 50, queue)

    def _change_setting(self, at: int) -> None:
        queues = list(self.queues.values())
        queue = queues[int(self._chance() * len(queues))]
        plain, of_agent = self._setting
        self.world.journal.add(at, plain, queue.code, b"configuration", b"reload", queue.tail)
        pool = next(pool for pool in self.pools if queue in pool.queues)
        agent = pool.agents[int(self._chance() * len(pool.agents))]
        kind, value = (b"penalty", b"5") if self._chance() < 0.5 else (b"ring_in_use", b"no")
        self.world.journal.add(at + 500, of_agent, queue.code, kind, agent.code, value, queue.tail)

    def _paperwork(self, day: date, midnight: int) -> None:
        """Reports for the month before are due by the 5th (the second vendor is late); costs are booked on the 25th."""
        month, at = day.isoformat()[:7], midnight + 14 * HOUR_MS
        if day.day == _REPORT_DAY:
            self._submit(at, day, "complaint_summary", "", tail(actor="office01"))
        for pool in self.pools[:2]:
            due = _REPORT_DAY if pool is self.pools[0] else _REPORT_DAY_LATE
            if day.day == due and pool.vendor != IN_HOUSE:
                self._submit(at, day, "monthly", f"{pool.vendor}/", tail(pool.vendor))
        if day.day == _COST_DAY:
            for n, (kind, per_call) in enumerate(_COSTS):
                amount = round(per_call * self.world.options.calls_per_day * 0.3 * (0.95 + 0.1 * self._chance()))
                subject = f"cost-{month}-{n + 1}".encode()
                values = (quoted(kind), b"%d.00" % amount, b"CNY", month.encode(), tail(actor="office01"))
                self.world.journal.add(at + n * 1000, self._cost, subject, *values)

    def _submit(self, at: int, day: date, report: str, by: str, tail_: bytes) -> None:
        """A report for the month before is handed in."""
        month = (day.replace(day=1) - timedelta(days=1)).isoformat()[:7].encode()
        subject = quoted(f"{report}/{by}") + month
        self.world.journal.add(at, self._report, subject, report.encode(), month, tail_)
