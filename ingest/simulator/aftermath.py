"""What a finished conversation causes: a ticket, a complaint, a second call, an evaluation."""

from __future__ import annotations

from opsledger.ingest.simulator.centre import LINES, SERVICE, Topic
from opsledger.ingest.simulator.complaints import Complaints
from opsledger.ingest.simulator.front import Front
from opsledger.ingest.simulator.journal import HOUR_MS
from opsledger.ingest.simulator.quality import Quality
from opsledger.ingest.simulator.staff import Agent, Call
from opsledger.ingest.simulator.tickets import Tickets
from opsledger.ingest.simulator.world import World

_EVALUATED, _CALLS_AGAIN = 0.022, 0.35
_OWN_SERVICE = "客服中心"
_BLAMED = 0.08


class Aftermath:
    """Decides by the topic's chances; called at the end of each wrap-up that closes a contact."""

    def __init__(self, world: World, front: Front, tickets: Tickets, complaints: Complaints, quality: Quality) -> None:
        self.world, self.front, self.tickets, self.complaints, self.quality = world, front, tickets, complaints, quality
        self._chance = world.chance("aftermath")
        self._lines = {line.hotline: line for line in LINES}

    def after(self, at: int, agent: Agent, call: Call, topic: Topic, settled: bool) -> None:
        """Everything that follows from one conversation; ``settled``: the customer's matter is done."""
        chance = self._chance
        if chance() < _EVALUATED:
            self.quality.sample(at + 1, agent, call)
        if call.queue is None:
            return
        if chance() < topic.ticket:
            self.tickets.open(at - 1, agent, call, topic)
        if chance() < topic.complaint:
            department = _OWN_SERVICE if chance() < _BLAMED else topic.department
            self.complaints.file(at - 2, agent, call, department)
        if not settled and call.customer and chance() < _CALLS_AGAIN:
            line = self._lines.get(call.line, self._lines[SERVICE])
            again = self.world.office(at + int((1 + 70 * chance()) * HOUR_MS), chance())
            if again < self.world.end:
                self.world.agenda.at(again, self.front.again, line, call.customer)
