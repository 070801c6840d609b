"""Runs a simulated centre hour by hour and hands its lines over in order of time; memory does not grow with the span."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO

from opsledger.domain.envelope import IN_HOUSE
from opsledger.ingest.simulator.aftermath import Aftermath
from opsledger.ingest.simulator.callbacks import Callbacks
from opsledger.ingest.simulator.complaints import Complaints
from opsledger.ingest.simulator.contracts import terms_of
from opsledger.ingest.simulator.floor import Floor
from opsledger.ingest.simulator.front import Front
from opsledger.ingest.simulator.incentives import Incentives
from opsledger.ingest.simulator.journal import DAY_MS, HOUR_MS
from opsledger.ingest.simulator.office import Office
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.quality import Quality
from opsledger.ingest.simulator.roster import Roster
from opsledger.ingest.simulator.staff import make_pools, make_queues
from opsledger.ingest.simulator.talk import Talk
from opsledger.ingest.simulator.tickets import Tickets
from opsledger.ingest.simulator.trouble import Contradictions, Delivery
from opsledger.ingest.simulator.truth import Truth
from opsledger.ingest.simulator.world import World

_SET_UP_DAYS = 30
"""The staff, the tenant and the queues are on record this many days before the span begins."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Counts:
    """What was written: lines, bytes, planted lateness and repetition, and the simulator's own truth."""

    lines: int
    bytes: int
    late: int
    duplicates: int
    truth: Truth


class Simulation:
    """One run. ``batches`` runs it, once; ``truth`` and ``commands`` are whole after that."""

    def __init__(self, options: Options, terms: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.options = options
        self.world = world = World(options)
        self.truth = world.truth
        queues = make_queues(options)
        pools = make_pools(options, queues, world.chance("people"))
        self._floor = floor = Floor(world)
        talk = Talk(world, floor, queues)
        callbacks = Callbacks(world, floor, pools[-1])
        self._incentives = incentives = Incentives(world, pools)
        complaints = Complaints(world, callbacks, pools, incentives)
        self._front = Front(world, floor, queues, callbacks)
        self._office = Office(world, floor, queues, pools, complaints)
        self._roster = Roster(world, floor, pools)
        self._callbacks = callbacks
        self.delivery = Delivery(options, world.chance("delivery"))
        floor.answered = callbacks.answer = talk.answer
        talk.after = Aftermath(world, self._front, Tickets(world, callbacks), complaints, Quality(world)).after
        if options.contradictions:
            self._front.spoil = Contradictions(world, options.contradictions).spoil
        self._terms = terms
        self._pools = pools
        self.days_done = 0

    def batches(self) -> Iterator[list[bytes]]:
        """The lines of each hour, in order; what is late or comes twice is in a later one."""
        self._begin()
        world = self.world
        starts = [world.midnight(day) for day in world.days]
        for index, (start, end) in enumerate(zip(starts, [*starts[1:], world.end], strict=True)):
            self._open_day(index)
            for hour in range(start + HOUR_MS, end + HOUR_MS, HOUR_MS):
                world.agenda.run(min(hour, end))
                yield from self._ready(min(hour, end))
            self.days_done = index + 1
        world.agenda.run()
        yield from self._ready(None)
        yield [line for _, line in self.delivery.rest()]

    def _ready(self, before: int | None) -> Iterator[list[bytes]]:
        for hour, lines in self.world.journal.take(before):
            yield [line for _, line in self.delivery.pass_on(hour, lines)]

    def _begin(self) -> None:
        before = self.world.start - _SET_UP_DAYS * DAY_MS
        self._office.set_up(before)
        self._roster.hire_all(before + HOUR_MS)
        self._roster.open_night(self.options.start - timedelta(days=1))
        self._sign(before + 2 * HOUR_MS)

    def _sign(self, at: int) -> None:
        """Each vendor's contract, in force from the first of the month in which the span begins."""
        effective = self.world.journal.stamp(self.world.midnight(self.options.start.replace(day=1))).decode()
        for pool in self._pools:
            if pool.vendor == IN_HOUSE:
                continue
            terms = terms_of(self.options, pool.vendor, len(pool.agents))
            fields = {"vendor": pool.vendor, "terms": (self._terms or {}).get(pool.vendor, terms), "effective_from": effective}
            self.world.command(at, "contract.sign", f"{pool.vendor}-{self.options.start.year}", "office01", fields)

    def _open_day(self, index: int) -> None:
        day = self.world.days[index]
        surges = self._office.open_day(day, index)
        self._roster.open_day(day, index)
        self._callbacks.open_day(day)
        self._front.open_day(day, surges)
        self._incentives.open_day(index)

    def commands(self) -> Iterator[dict[str, Any]]:
        """The decisions in order of time, as commands."""
        return (command for _, command in sorted(self.world.commands, key=lambda c: c[0]))


def simulate(options: Options) -> Iterator[bytes]:
    """The centre's facts as canonical lines, each with its line feed, in order of time."""
    for batch in Simulation(options).batches():
        yield from batch


def commands(options: Options, terms: Mapping[str, Mapping[str, Any]] | None = None) -> Iterator[dict[str, Any]]:
    """The centre's decisions as commands, in order of time. ``terms``: vendor → terms document instead of the usual one."""
    simulation = Simulation(options, terms)
    for _ in simulation.batches():
        pass
    return simulation.commands()


def write(options: Options, out: BinaryIO, progress: Progress | None = None, simulation: Simulation | None = None) -> Counts:
    """Writes the lines to a file. ``progress(days done, days)`` is called after each local day's worth of hours.

    Give a ``simulation`` to read its commands afterwards. Returns the counts; errors of the file are the caller's.
    """
    run = simulation or Simulation(options)
    lines = size = 0
    for batch in run.batches():
        data = b"".join(batch)
        out.write(data)
        lines, size = lines + len(batch), size + len(data)
        if progress is not None:
            progress(run.days_done, options.days)
    return Counts(lines, size, run.delivery.late, run.delivery.duplicates, run.truth)
