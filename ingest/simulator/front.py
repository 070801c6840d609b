"""The front of the centre: contacts arrive, go through the voice menu, and what becomes of those whom nobody answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from opsledger.domain.calendar import zone_of
from opsledger.ingest.simulator.callbacks import Callbacks
from opsledger.ingest.simulator.centre import LINES, MENUS, WEEKDAYS, LineSpec, half_hours
from opsledger.ingest.simulator.chance import stream
from opsledger.ingest.simulator.floor import Floor
from opsledger.ingest.simulator.journal import HOUR_MS
from opsledger.ingest.simulator.staff import Call, Queue
from opsledger.ingest.simulator.world import World

_HALF_HOUR_MS = HOUR_MS // 2
SURGE_MS = 60 * 60_000
_NO_NUMBER, _HANGS_UP, _LEAVES_MESSAGE, _TIMEOUT_MESSAGE = 0.03, 0.05, 0.75, 0.4
_CUSTOMERS_PER_CALL = 15

Surges = dict[str, tuple[int, int]]


class Front:
    """Arrivals of each line (a Poisson process, thinned to the rate of the half hour) and the voice menu."""

    def __init__(self, world: World, floor: Floor, queues: dict[str, Queue], callbacks: Callbacks) -> None:
        self.world, self.floor, self.queues, self.callbacks = world, floor, queues, callbacks
        floor.left = self.left
        self.spoil: Callable[[int, Call], None] | None = None
        self._chance = world.chance("front")
        self._customers = _CUSTOMERS_PER_CALL * world.options.calls_per_day
        self._moods = stream(world.options.seed, "moods")
        self._arrivals = {line.hotline: stream(world.options.seed, f"arrivals {line.hotline}") for line in LINES}
        self._surges: Surges = {}
        self._number = 0
        self._today = b""
        form = world.journal.form
        self._offered, self._offered_by = form("call.offered"), form("call.offered", "customer")
        self._ivr_entered, self._ivr_left = form("call.ivr_entered"), form("call.ivr_left")
        self._node, self._node_key = form("call.ivr_selected"), form("call.ivr_selected", "input")
        self._voicemail, self._ended = form("call.voicemail_left"), form("call.ended")

    def open_day(self, day: date, surges: Surges) -> None:
        """Plans a local day's arrivals. ``surges``: hotline → when its calls multiply for a while, and by how much."""
        self._surges, self._number = surges, 0
        self._today = day.isoformat().replace("-", "").encode()
        mood = max(0.7, self._moods.gauss(1, 0.07))
        for line in LINES:
            arrivals = self._times(line, day, mood)
            self._next(line, arrivals)

    def _next(self, line: LineSpec, arrivals: Iterator[int]) -> None:
        at = next(arrivals, None)
        if at is not None:
            self.world.agenda.at(at, self._arrive, line, arrivals)

    def _times(self, line: LineSpec, day: date, mood: float) -> Iterator[int]:
        start, rates = self.world.midnight(day), self._rates(line, day, mood)
        stop, peak = start + len(rates) * _HALF_HOUR_MS, max(rates)
        rng, at = self._arrivals[line.hotline], float(start)
        random, gap = rng.random, rng.expovariate
        while peak > 0:
            at += gap(peak)
            if at >= stop:
                return
            if random() * peak < rates[int(at - start) // _HALF_HOUR_MS]:
                yield int(at)

    def _rates(self, line: LineSpec, day: date, mood: float) -> list[float]:
        """Arrivals per ms in each half hour from local midnight to the next, by the local clock."""
        zone, shares = zone_of(self.world.options.zone), half_hours(line.hours)
        start, stop = self.world.midnight(day), self.world.midnight(day + timedelta(days=1))
        volume = self.world.options.calls_per_day * line.share * WEEKDAYS[day.weekday()] * mood / _HALF_HOUR_MS
        surge, times = self._surges.get(line.hotline, (0, 1))
        rates = []
        for at in range(start, stop, _HALF_HOUR_MS):
            local = self.world.moment(at).astimezone(zone)
            factor = times if surge <= at < surge + SURGE_MS else 1
            rates.append(volume * shares[local.hour * 2 + local.minute // 30] * factor)
        return rates

    def _arrive(self, at: int, line: LineSpec, arrivals: Iterator[int]) -> None:
        self._next(line, arrivals)
        chance = self._chance
        customer = b"" if chance() < _NO_NUMBER else b"m%07d" % int(chance() * self._customers)
        self.offer(at, line, customer)

    def again(self, at: int, line: LineSpec, customer: bytes) -> None:
        """A customer whose matter was not settled calls again."""
        self.offer(at, line, customer)

    def offer(self, at: int, line: LineSpec, customer: bytes) -> None:
        """One contact reaches the centre."""
        world, chance = self.world, self._chance
        self._number += 1
        call = Call(b"c%b-%06d" % (self._today, self._number), customer, line.hotline, line.channel)
        hotline, channel = line.hotline.encode(), line.channel.encode()
        if customer:
            world.journal.add(at, self._offered_by, call.code, b"inbound", channel, hotline, customer, b"")
        else:
            world.journal.add(at, self._offered, call.code, b"inbound", channel, hotline, b"")
        world.truth.call(world.day_name(at)).inbound += 1
        if self.spoil is not None:
            self.spoil(at, call)
        queue = self.queues[line.queues[int(chance() * len(line.queues))]]
        if line.flow:
            self._menu(at + 300, call, line, queue)
        else:
            world.agenda.at(at + 150, self.floor.enqueue, call, queue)

    def _menu(self, at: int, call: Call, line: LineSpec, queue: Queue) -> None:
        """The way through the voice menu, to its end, a queue or a message."""
        world, chance = self.world, self._chance
        add, day = world.journal.add, world.truth.call(world.day_name(at - 300))
        day.ivr_entered += 1
        add(at, self._ivr_entered, call.code, line.flow.encode(), b"")
        ways = MENUS[line.flow]
        way = ways[int(chance() * len(ways))]
        hangs_up = chance() < _HANGS_UP
        for node, key in way[:1] if hangs_up else way:
            at += 2500 + int(chance() * 9000)
            day.reached(line.flow, node)
            if key:
                add(at, self._node_key, call.code, node.encode(), key.encode(), b"")
            else:
                add(at, self._node, call.code, node.encode(), b"")
        at += 1000 + int(chance() * 2500)
        if hangs_up:
            self._leave_menu(at, call, b"hung_up")
        elif chance() < line.self_service:
            day.ivr_served += 1
            self._leave_menu(at + 8000 + int(chance() * 40_000), call, b"self_served")
        elif not queue.opens_at <= at < queue.closes_at and chance() < _LEAVES_MESSAGE:
            add(at, self._ivr_left, call.code, b"voicemail", b"")
            self._message(at, call, queue)
        else:
            add(at, self._ivr_left, call.code, b"to_queue", b"")
            world.agenda.at(at + 40, self.floor.enqueue, call, queue)

    def _leave_menu(self, at: int, call: Call, outcome: bytes) -> None:
        self.world.journal.add(at, self._ivr_left, call.code, outcome, b"")
        self._end(at + 60, call, b"customer")

    def _end(self, at: int, call: Call, by: bytes) -> None:
        self.world.journal.add(at, self._ended, call.code, by, b"")

    def _message(self, at: int, call: Call, queue: Queue) -> None:
        """The caller leaves a message, which is to be answered by the end of the next day."""
        length = 4000 + int(self._chance() * 50_000)
        done = at + 6000 + length
        self.world.journal.add(done, self._voicemail, call.code, length, b"")
        self._end(done + 100, call, b"customer")
        self.callbacks.request(done + 2000, "voicemail", call.customer, queue.tail, call=call.code)

    def left(self, at: int, call: Call, queue: Queue, why: str) -> None:
        """What a contact does that left a queue without an answer."""
        if why == "diverted" and queue.overflow is not None:
            self.world.agenda.at(at + 60, self.floor.enqueue, call, queue.overflow)
        elif why in ("key", "closed") or (why == "timeout" and self._chance() < _TIMEOUT_MESSAGE):
            if call.channel == "phone":
                self._message(at, call, queue)
            else:
                self._end(at + 50, call, b"system")
        elif why == "callback":
            self._end(at + 4000, call, b"customer")
            self.callbacks.request(at + 3000, "promise", call.customer, queue.tail, call=call.code)
        else:
            self._end(at + 50, call, b"customer" if why in ("abandoned", "withdrawn") else b"system")
