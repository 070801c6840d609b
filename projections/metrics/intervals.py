"""Local intervals of a period as quarter hours of UTC: zone arithmetic is done here, the engine only looks up.

Every zone's offset and every change of it since 1990 is a multiple of 15 minutes, so a quarter hour of UTC never
straddles two local intervals: days of 23 and 25 hours, half-hour zones and Lord Howe's half-hour change come out right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property

from opsledger.domain.calendar import Period, zone_of

SLOT_S = 900
_WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}


class Every(StrEnum):
    """How a period is cut into intervals."""

    HALF_HOUR = "half_hour"
    HOUR = "hour"
    DAY = "day"
    HOUR_OF_DAY = "hour_of_day"
    WEEKDAY_HOUR = "weekday_hour"
    WEEKDAY_HALF_HOUR = "weekday_half_hour"


_FLOORS: dict[Every, Callable[[datetime], datetime]] = {
    Every.HALF_HOUR: lambda t: t.replace(minute=t.minute // 30 * 30),
    Every.HOUR: lambda t: t.replace(minute=0),
    Every.DAY: lambda t: t.replace(hour=0, minute=0, fold=0),
}


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """One interval: a moment of local time that it begins at, or an hour of the day or of the week.

    ``code`` is its machine name (ISO 8601 with offset; ``09:00``; ``1 09:00`` = Monday); it sorts in time.
    """

    number: int
    code: str
    local: datetime | None = None
    ambiguous: bool = False

    def title(self, every: Every, lang: str, *, one_day: bool) -> str:
        """How it is shown: without the day where the whole report is one day."""
        if self.local is None:
            return self._pattern_title(every, lang)
        if every is Every.DAY:
            return f"{self.local:%Y-%m-%d} {_WEEKDAYS[lang][self.local.weekday()]}"
        text = f"{self.local:%H:%M}" if one_day else f"{self.local:%Y-%m-%d %H:%M}"
        return f"{text} ({self.local:%z})" if self.ambiguous else text

    def short(self, every: Every, lang: str, *, one_day: bool) -> str:
        """The title where there is little room: without the year."""
        text = self.title(every, lang, one_day=one_day)
        return text if self.local is None or (one_day and every is not Every.DAY) else text[5:]

    def _pattern_title(self, every: Every, lang: str) -> str:
        if every in _WEEKLY:
            return f"{_WEEKDAYS[lang][int(self.code[0]) - 1]} {self.code[2:]}"
        return self.code


@dataclass(frozen=True)
class Cut:
    """A period cut into intervals."""

    period: Period
    every: Every

    @cached_property
    def _found(self) -> tuple[tuple[Interval, ...], tuple[int, ...]]:
        zone = zone_of(self.period.zone)
        known: dict[object, int] = {}
        moments: list[datetime] = []
        labels: list[int] = []
        moment = self.period.start
        while moment < self.period.stop:
            local = moment.astimezone(zone)
            labels.append(known.setdefault(_key(self.every, local), len(known)))
            if len(known) > len(moments):
                moments.append(local)
            moment = (moment + timedelta(seconds=SLOT_S)).astimezone(UTC)
        return _intervals(self.every, moments), tuple(labels)

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """The intervals in the order in which they first occur."""
        return self._found[0]

    @property
    def labels(self) -> tuple[int, ...]:
        """For each quarter hour since the period's start, the number of its interval."""
        return self._found[1]


_WEEKLY = (Every.WEEKDAY_HOUR, Every.WEEKDAY_HALF_HOUR)


def _clock(every: Every, local: datetime) -> tuple[int, int]:
    """The hour and minute at which a moment's interval of the week begins."""
    return local.hour, 0 if every is Every.WEEKDAY_HOUR else local.minute // 30 * 30


def _key(every: Every, local: datetime) -> object:
    if every is Every.HOUR_OF_DAY:
        return local.hour
    if every in _WEEKLY:
        return (local.weekday(), *_clock(every, local))
    floor = _FLOORS[every](local)
    return floor.date() if every is Every.DAY else (floor.replace(tzinfo=None), local.utcoffset())


def _intervals(every: Every, moments: list[datetime]) -> tuple[Interval, ...]:
    if every is Every.HOUR_OF_DAY:
        return tuple(Interval(n, f"{m:%H}:00") for n, m in enumerate(moments))
    if every in _WEEKLY:
        clocks = [_clock(every, m) for m in moments]
        return tuple(
            Interval(n, f"{m.isoweekday()} {h:02}:{q:02}") for n, (m, (h, q)) in enumerate(zip(moments, clocks, strict=True))
        )
    if every is Every.DAY:
        return tuple(Interval(n, m.date().isoformat(), m) for n, m in enumerate(moments))
    floors = [_FLOORS[every](m) for m in moments]
    wall = [m.replace(tzinfo=None, fold=0) for m in floors]
    twice = {w for w in wall if wall.count(w) > 1} if len(set(wall)) < len(wall) else set()
    return tuple(Interval(n, m.isoformat(), m, w in twice) for n, (m, w) in enumerate(zip(floors, wall, strict=True)))
