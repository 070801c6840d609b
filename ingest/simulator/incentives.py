"""Money for single agents: a deduction for each complaint about their service, some appealed, and a monthly award."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from opsledger.domain.envelope import IN_HOUSE
from opsledger.ingest.simulator.chance import wheel
from opsledger.ingest.simulator.journal import DAY_MS, HOUR_MS
from opsledger.ingest.simulator.staff import Agent, Pool
from opsledger.ingest.simulator.world import World

_FIRST, _APPEALED = 50, 0.3
_RULED = wheel(("uphold", 50), ("reduce", 30), ("waive", 20))
_AWARDS = (150, 100, 50)
_CLERK, _LEAD = "office01", "office02"


class Incentives:
    """What is taken from and given to agents of outsourcing companies, as commands."""

    def __init__(self, world: World, pools: tuple[Pool, ...]) -> None:
        self.world = world
        self.pools = [pool for pool in pools if pool.vendor != IN_HOUSE]
        self._chance = world.chance("incentives")
        self._complaints: Counter[tuple[bytes, str]] = Counter()

    def deduct(self, at: int, agent: Agent, complaint: bytes) -> None:
        """A complaint about an agent's service was found right: 50 yuan, doubled with each further one of the month."""
        if agent.pool.vendor == IN_HOUSE:
            return
        world, month = self.world, self.world.day_name(at)[:7]
        self._complaints[agent.code, month] += 1
        amount = _FIRST * 2 ** min(self._complaints[agent.code, month] - 1, 2)
        code = world.code("pn", at).decode()
        fields = {
            "contract": self._contract(agent.pool),
            "rule": "service-complaint",
            "party": "agent",
            "party_id": agent.code.decode(),
            "quantity": "1",
            "unit_amount": str(amount),
            "currency": "CNY",
            "period": month,
            "about": f"complaint/{complaint.decode()}",
            "vendor": agent.pool.vendor,
        }
        assessed = world.office(at + 2 * HOUR_MS, self._chance())
        world.command(assessed, "penalty.assess", code, _CLERK, fields)
        world.truth.things["penalties"] += assessed < world.end
        if self._chance() < _APPEALED:
            self._appeal(assessed, code, amount)

    def _appeal(self, assessed: int, code: str, amount: int) -> None:
        world = self.world
        appealed = world.office(assessed + DAY_MS, self._chance())
        world.command(appealed, "penalty.appeal", code, "site01", {"reason": "非座席责任"})
        ruled = world.office(appealed + DAY_MS, self._chance())
        how = _RULED[int(self._chance() * len(_RULED))]
        fields = {"reason": "复核录音后认定", **({"amount": str(amount // 2)} if how == "reduce" else {})}
        world.command(ruled, f"penalty.{how}", code, _LEAD, fields)

    def reward(self, at: int) -> None:
        """On the last day of a month: the three best of each company are given an award."""
        day = self.world.day_name(at)
        for pool in self.pools:
            for rank, amount in enumerate(_AWARDS[: len(pool.agents)]):
                agent = pool.agents[int(self._chance() * len(pool.agents))]
                fields = {
                    "contract": self._contract(pool),
                    "rule": "best-employee",
                    "agent": agent.code.decode(),
                    "amount": str(amount),
                    "period": day[:7],
                    "vendor": pool.vendor,
                }
                self.world.command(
                    at + rank * 1000, "award.grant", f"{self._contract(pool)}-{day[:7]}-{rank + 1}", _LEAD, fields
                )
                self.world.truth.things["awards"] += at < self.world.end

    def open_day(self, index: int) -> None:
        """Plans what the day's date asks for."""
        day = self.world.days[index]
        if (day + timedelta(days=1)).day == 1:
            self.world.agenda.at(self.world.midnight(day) + 18 * HOUR_MS, self.reward)

    def _contract(self, pool: Pool) -> str:
        return f"{pool.vendor}-{self.world.options.start.year}"
