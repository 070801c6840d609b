"""Quality monitoring: sampled calls scored on the outsourced desk's form, disputed, re-scored, approved by command."""

from __future__ import annotations

from dataclasses import dataclass

from opsledger.ingest.simulator.journal import HOUR_MS, Value, quoted, tail
from opsledger.ingest.simulator.staff import Agent, Call
from opsledger.ingest.simulator.world import World

FORM = "outsourced-desk"
_DISPUTED, _APPROVED, _FED_BACK, _LIVE = 0.1, 0.94, 0.9, 0.4
_APPROVER = "chief01"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the form: points off (tenths) each time, and how likely a fault against it is."""

    code: str
    group: str
    tenths: int
    chance: float


ITEMS: tuple[Item, ...] = (
    Item("unchecked_answer", "professional", 20, 0.14),
    Item("harmful_answer", "professional", 20, 0.01),
    Item("not_handed_on", "professional", 20, 0.06),
    Item("wrong_judgement", "professional", 20, 0.08),
    Item("hung_up", "attitude", 20, 0.008),
    Item("pushed_away", "attitude", 20, 0.04),
    Item("quarrelled", "attitude", 20, 0.008),
    Item("cold", "attitude", 20, 0.10),
    Item("fillers", "language", 10, 0.35),
    Item("forbidden_phrase", "language", 10, 0.05),
    Item("no_greeting", "language", 5, 0.18),
    Item("harsh_tone", "language", 10, 0.06),
)
GROUP_TENTHS = {"professional": 300, "attitude": 400, "language": 300}


class Quality:
    """Evaluations from sampling to feedback; the approval is a decision, so it is a command and not an event."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._chance = world.chance("quality")
        form = world.journal.form
        self._sampled = form("evaluation.sampled", "agent")
        self._scored, self._rescored = form("evaluation.scored"), form("evaluation.rescored")
        self._disputed, self._fed_back = form("evaluation.disputed"), form("evaluation.fed_back")

    def sample(self, at: int, agent: Agent, call: Call) -> None:
        """A call is chosen; everything that follows is planned."""
        world, chance = self.world, self._chance
        live = chance() < _LIVE
        chosen = at if live else world.office(at + HOUR_MS + int(chance() * 20 * HOUR_MS), chance())
        if chosen >= world.end:
            return
        code, evaluator = world.code("e", chosen), f"monitor{1 + int(chance() * 4):02d}"
        by = tail(actor=evaluator)
        # The vendor stands on every event of the evaluation: whose agent it is about.
        tails = agent.tail + by
        method = b"live" if live else b"recorded"
        self._write(chosen, self._sampled, code, call.code, method, quoted(FORM), evaluator.encode(), agent.code, tails)
        world.truth.things["evaluations"] += 1
        scored = world.office(chosen + 600_000 + int(chance() * 6 * HOUR_MS), chance())
        self._write(scored, self._scored, code, *self._score(agent), tails)
        if chance() < _DISPUTED:
            disputed = world.office(scored + 4 * HOUR_MS, chance())
            self._write(disputed, self._disputed, code, quoted("对扣分项有异议"), agent.tail)
            scored = world.office(disputed + 5 * HOUR_MS, chance())
            self._write(scored, self._rescored, code, *self._score(agent), quoted("复听录音后更正"), tails)
        self._approve(scored, code, agent)

    def _approve(self, scored: int, code: bytes, agent: Agent) -> None:
        world, chance = self.world, self._chance
        if chance() >= _APPROVED:
            return
        approved = world.office(scored + HOUR_MS + int(chance() * 40 * HOUR_MS), chance())
        world.command(approved, "evaluation.approve", code.decode(), _APPROVER, {})
        if chance() < _FED_BACK:
            self._write(world.office(approved + 3 * HOUR_MS, chance()), self._fed_back, code, agent.tail)

    def _score(self, agent: Agent) -> tuple[bytes, bytes]:
        """The items with faults and the score, as JSON and decimal text."""
        chance, lost, found = self._chance, dict.fromkeys(GROUP_TENTHS, 0), []
        for item in ITEMS:
            if chance() < item.chance * (4.0 - 1.5 * agent.grace):
                times = 1 + (chance() < 0.25)
                lost[item.group] += item.tenths * times
                found.append(b'{"item":"%b.%b","deduction":"%b","times":%d}' % self._item(item, times))
        tenths = sum(max(0, GROUP_TENTHS[group] - loss) for group, loss in lost.items())
        return b"[%b]" % b",".join(found), _decimal(tenths)

    @staticmethod
    def _item(item: Item, times: int) -> tuple[bytes, bytes, bytes, int]:
        return item.group.encode(), item.code.encode(), _decimal(item.tenths), times

    def _write(self, at: int, form: bytes, code: bytes, *values: Value) -> None:
        if at < self.world.end:
            self.world.journal.add(at, form, code, *values)


def _decimal(tenths: int) -> bytes:
    return b"%d.%d" % divmod(tenths, 10) if tenths % 10 else b"%d" % (tenths // 10)
