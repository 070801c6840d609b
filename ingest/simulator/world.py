"""What every part of the simulated centre shares: the agenda of what happens next, the days, the journal, the truth."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from heapq import heappop, heappush
from typing import Any

from opsledger.domain.calendar import local_midnight, zone_of
from opsledger.ingest.simulator.chance import stream
from opsledger.ingest.simulator.journal import DAY_MS, HOUR_MS, LEAD_DAYS, Journal
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.truth import Truth

_OFFICE_OPENS, _OFFICE_CLOSES = 8 * HOUR_MS + HOUR_MS // 2, 18 * HOUR_MS

Action = Callable[..., object]


class Agenda:
    """What is to happen, in order of time; what falls on the same millisecond keeps the order in which it was planned."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Action, tuple[Any, ...]]] = []
        self._count = 0

    def at(self, time: int, action: Action, *args: object) -> None:
        """Plans ``action(time, *args)``."""
        self._count += 1
        heappush(self._heap, (time, self._count, action, args))

    def run(self, until: int | None = None) -> None:
        """Does everything planned before ``until``; everything, when None."""
        heap = self._heap
        while heap and (until is None or heap[0][0] < until):
            time, _, action, args = heappop(heap)
            action(time, *args)


class World:
    """The simulated world. All times are the journal's (ms, UTC); local days are those of the options' zone."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.journal = Journal(options)
        self.agenda = Agenda()
        self.truth = Truth()
        self.commands: list[tuple[int, dict[str, Any]]] = []
        self.days = tuple(options.start + timedelta(days=n) for n in range(options.days))
        # Two days more on each side, so that a night shift and a call over midnight find their local day.
        calendar = [options.start + timedelta(days=n) for n in range(-2, options.days + 3)]
        self._midnights = [self.midnight(day) for day in calendar]
        self._names = [day.isoformat() for day in calendar]
        self.start, self.end = self.midnight(options.start), self.midnight(options.start + timedelta(days=options.days))
        self._codes: dict[tuple[str, str], int] = {}

    def chance(self, name: str) -> Callable[[], float]:
        """The random numbers (0 to below 1) of one concern."""
        return stream(self.options.seed, name).random

    def midnight(self, day: date) -> int:
        """When a local day begins."""
        moment = local_midnight(day, self.options.zone)
        days = (moment.date() - self.options.start).days + LEAD_DAYS
        return days * DAY_MS + (moment.hour * 3600 + moment.minute * 60 + moment.second) * 1000

    def clock(self, day: date, hours: float) -> int:
        """The moment at which a local day's clock shows an hour (24 and more: of the next day)."""
        wall = datetime.combine(day, time(), zone_of(self.options.zone)) + timedelta(hours=hours)
        passed = wall.astimezone(UTC) - self.moment(0)
        return passed // timedelta(milliseconds=1)

    def moment(self, at: int) -> datetime:
        """A time of the journal as a UTC moment."""
        return datetime.combine(self.options.start, time(), UTC) + timedelta(days=-LEAD_DAYS, milliseconds=at)

    def day_name(self, at: int) -> str:
        """The local day of a moment, ``2026-01-05``."""
        return self._names[bisect_right(self._midnights, at) - 1]

    def office(self, at: int, spread: float) -> int:
        """The same moment if offices are open then, else within the first two hours of the next office day."""
        local = (at - self._midnight_before(at)) % DAY_MS
        if _OFFICE_OPENS <= local <= _OFFICE_CLOSES:
            return at
        wait = _OFFICE_OPENS - local if local < _OFFICE_OPENS else DAY_MS - local + _OFFICE_OPENS
        return at + wait + int(spread * 2 * HOUR_MS)

    def end_of_next_day(self, at: int) -> int:
        """The last second of the local day after the moment's."""
        index = bisect_right(self._midnights, at) - 1
        if index + 2 < len(self._midnights):
            return self._midnights[index + 2] - 1000
        return self._midnight_before(at) + 2 * DAY_MS - 1000

    def _midnight_before(self, at: int) -> int:
        return self._midnights[bisect_right(self._midnights, at) - 1]

    def code(self, prefix: str, at: int) -> bytes:
        """The next id of a kind of thing on a local day: ``t20260105-0007``."""
        key = (prefix, self.day_name(at))
        number = self._codes[key] = self._codes.get(key, 0) + 1
        return f"{prefix}{key[1].replace('-', '')}-{number:04d}".encode()

    def command(self, at: int, name: str, subject: str, actor: str, fields: dict[str, Any]) -> None:
        """Keeps a decision that people of the centre take; none after the end of the span."""
        if at < self.end:
            envelope = {"command": name, "tenant": self.options.tenant, "id": subject, "actor": actor}
            self.commands.append((at, {**envelope, "at": self.journal.stamp(at).decode(), **fields}))
