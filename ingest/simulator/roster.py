"""The working day of the people: shifts planned, excused, begun late, ended early; breaks; who joins, moves and leaves."""

from __future__ import annotations

from datetime import date

from opsledger.ingest.simulator.floor import Floor
from opsledger.ingest.simulator.journal import HOUR_MS, quoted
from opsledger.ingest.simulator.staff import OFF, Agent, Pool, personal, shift_of
from opsledger.ingest.simulator.world import World

_EXCUSED, _ABSENT, _LATE, _EARLY, _TRAINED, _BUSY = 0.03, 0.01, 0.07, 0.03, 0.04, 0.25
_KINDS = (b"leave", b"leave", b"sick", b"training")
_REST_MS = 8 * HOUR_MS
_MINUTE = 60_000
_LEAVES_PER_DAY, _MOVES_PER_DAY = 0.0006, 0.0006
_LEAVING_DAY, _MOVING_DAY = 6, 9
"""Of every fortnight: on these days somebody leaves (of one pool after the other) or moves (in each pool) for sure."""
_REASONS = ("个人原因", "合同到期", "转岗", "不胜任")


class Roster:
    """Plans every local day for every pool."""

    def __init__(self, world: World, floor: Floor, pools: tuple[Pool, ...]) -> None:
        self.world, self.floor, self.pools = world, floor, pools
        self._chance = world.chance("roster")
        form = world.journal.form
        self._scheduled, self._excused = form("shift.scheduled"), form("shift.excused")
        self._joined, self._moved = form("staff.joined", "name", "staff_number", "extension"), form("staff.moved")
        self._left = form("staff.left")
        self._number = sum(len(pool.agents) for pool in pools)

    def hire_all(self, at: int) -> None:
        """Everybody who is there when the simulation begins, some weeks before it does."""
        number = 0
        for pool in self.pools:
            for agent in pool.agents:
                number += 1
                self._join(at + number * _MINUTE, agent, number)

    def _join(self, at: int, agent: Agent, number: int) -> None:
        self.world.journal.add(at, self._joined, agent.code, agent.team, *personal(agent, number), agent.tail)

    def open_night(self, day: date) -> None:
        """The night shifts of the day before the first, so that somebody is there when it begins."""
        for pool in self.pools:
            for seat, agent in enumerate(pool.agents):
                shift = shift_of(seat, day, pool)
                if shift is not None and shift[1] > 24:
                    self._plan(self.world.midnight(day) + 1000 + seat * 20, agent, day, *shift)

    def open_day(self, day: date, index: int) -> None:
        """Changes of staff, then the shifts of a local day."""
        midnight = self.world.midnight(day)
        for place, pool in enumerate(self.pools):
            self._change_staff(midnight + 9 * HOUR_MS, pool, index, forced=index // 14 % len(self.pools) == place)
            for seat, agent in enumerate(pool.agents):
                shift = shift_of(seat, day, pool)
                if shift is not None:
                    self._plan(midnight + 1000 + seat * 20, agent, day, *shift)

    def _change_staff(self, at: int, pool: Pool, index: int, *, forced: bool) -> None:
        chance, place = self._chance, index % 14
        size = len(pool.agents)
        if (forced and place == _LEAVING_DAY) or chance() < size * _LEAVES_PER_DAY:
            self._replace(at, pool, int(chance() * size))
        if len(pool.teams) > 1 and (place == _MOVING_DAY or chance() < size * _MOVES_PER_DAY):
            agent = pool.agents[int(chance() * size)]
            teams = [team.encode() for team in pool.teams if team.encode() != agent.team]
            agent.team = teams[int(chance() * len(teams))]
            self.world.journal.add(at + HOUR_MS, self._moved, agent.code, agent.team, agent.tail)

    def _replace(self, at: int, pool: Pool, seat: int) -> None:
        """Somebody who is not at work leaves; a newcomer takes the seat."""
        gone = pool.agents[seat]
        if gone.state != OFF or gone.rested_at > at:
            return
        reason = _REASONS[int(self._chance() * len(_REASONS))]
        self.world.journal.add(at - HOUR_MS, self._left, gone.code, quoted(reason), gone.tail)
        self._number += 1
        agent = Agent(f"a{1000 + self._number}", pool, gone.team.decode(), self._chance)
        agent.rested_at = at + 24 * HOUR_MS
        pool.agents[seat] = agent
        self._join(at, agent, self._number)

    def _plan(self, now: int, agent: Agent, day: date, start_h: float, end_h: float) -> None:
        """One shift of one agent: none within eight hours of the last one."""
        world, chance = self.world, self._chance
        start, end = world.clock(day, start_h), world.clock(day, end_h)
        if agent.rested_at > start:
            return
        agent.rested_at = end + _REST_MS
        shift = b"s%b-%b" % (day.isoformat().replace("-", "").encode(), agent.code)
        stamp = world.journal.stamp
        world.journal.add(now, self._scheduled, shift, agent.code, agent.team, stamp(start), stamp(end), agent.tail)
        fate = chance()
        if fate < _EXCUSED:
            kind = _KINDS[int(chance() * len(_KINDS))]
            world.journal.add(now + int(chance() * (start - now)), self._excused, shift, agent.code, kind, agent.tail)
        elif fate >= _EXCUSED + _ABSENT:
            self._attend(agent, shift, start, end)

    def _attend(self, agent: Agent, shift: bytes, start: int, end: int) -> None:
        agenda, floor, chance = self.world.agenda, self.floor, self._chance
        late = chance() < _LATE
        comes = start + (int((1 + 40 * chance() ** 3) * _MINUTE) if late else -int(8 * chance() * _MINUTE))
        goes = end - (int((5 + 60 * chance() ** 2) * _MINUTE) if chance() < _EARLY else -int(3 * chance() * _MINUTE))
        agenda.at(comes, floor.sign_in, agent, shift)
        agenda.at(goes, floor.shift_over, agent, shift)
        length = end - start
        breaks = [
            (start + int(length * (0.2 + 0.1 * chance())), b"break", b"rest", 10),
            (start + int(length * (0.42 + 0.16 * chance())), b"break", b"meal", 30),
            (start + int(length * (0.7 + 0.15 * chance())), b"break", b"rest", 10),
        ]
        if chance() < _TRAINED:
            breaks.append((start + int(length * 0.62), b"training", b"coaching", 40))
        if chance() < _BUSY:
            breaks.append((start + int(length * (0.1 + 0.8 * chance())), b"busy", b"paperwork", 8))
        if start // (24 * HOUR_MS) % 5 == 1:
            breaks.append((start + 12 * _MINUTE, b"meeting", b"team_meeting", 15))
        for at, state, reason, minutes in breaks:
            agenda.at(at, self._rest, agent, shift, state, reason, int(minutes * (0.85 + 0.4 * chance()) * _MINUTE))

    def _rest(self, at: int, agent: Agent, shift: bytes, state: bytes, reason: bytes, length: int) -> None:
        if agent.shift == shift:
            self.floor.pause(at, agent, state, reason, length)
