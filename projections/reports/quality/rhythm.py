"""Silences: how long a source paused within its working hours, and from when on that is unlike it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from opsledger.domain.calendar import Period, local_midnight, zone_of

Minutes = NDArray[np.int64]
Weights = NDArray[np.float64]
BEFORE = timedelta(days=28)
"""So much before a period is looked at, too, to learn what is usual."""
LEAST_MIN = 30
"""A silence of at most so many minutes of working time is never told of."""
MISSED_MIN = 15
"""Told of is a silence in which the source would usually have spoken in so many different minutes."""
_FEW_DAYS = 5
_ENOUGH_WEEKS = 3
_DAY_MIN = 24 * 60
_HOURS = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class Opening:
    """When a centre is open: weekdays (1 = Monday) without holidays, minutes of the local day; ``hours`` None: not said."""

    workdays: frozenset[int] = frozenset(range(1, 8))
    holidays: frozenset[str] = frozenset()
    hours: tuple[tuple[int, int], ...] | None = None

    def is_open(self, day: date) -> bool:
        """Whether a local day is a working day."""
        return day.isoweekday() in self.workdays and day.isoformat() not in self.holidays


@dataclass(frozen=True, slots=True)
class Silence:
    """A source's most striking silence in a period, in minutes of working time, with its limits (UTC).

    ``missed``: in how many minutes of it the source would usually have spoken.
    """

    minutes: int
    missed: int
    since: datetime
    until: datetime

    @property
    def is_long(self) -> bool:
        """Whether the source is not known to pause so long."""
        return self.minutes > LEAST_MIN and self.missed >= MISSED_MIN


def opening_of(calendar: str, hours: str) -> Opening:
    """The working calendar and opening hours of ``tenant.configured``; what cannot be read there is taken as not said."""
    days, lines = _object(calendar), _object(hours)
    workdays = frozenset(d for d in _list(days.get("workdays")) if isinstance(d, int)) or frozenset(range(1, 8))
    texts = [str(text) for value in lines.values() for text in (value if isinstance(value, list) else [value])]
    spans = [tuple(map(int, m.groups())) for text in texts for m in _HOURS.finditer(text)]
    found = tuple((a * 60 + b, c * 60 + d) for a, b, c, d in spans if a * 60 + b < c * 60 + d <= _DAY_MIN)
    return Opening(workdays, frozenset(map(str, _list(days.get("holidays")))), found or None)


def silence(minutes: Sequence[int] | Minutes, period: Period, known_to: datetime, opening: Opening) -> Silence | None:
    """The silence of a source, within a period as far as it is known, in which it would usually have spoken most.

    ``minutes`` (since 1970) are those in which it spoke, from some weeks before the period on: from them comes what is usual
    for an hour of a weekday. None where it never spoke before the end of what is known.
    """
    spoken = np.unique(np.asarray(minutes, np.int64))
    start, stop = _minute(period.start), min(_minute(period.stop), _minute(known_to))
    spoken = spoken[spoken < stop]
    if not len(spoken) or stop <= start:
        return None
    usual = _usual(spoken, stop, period.zone, opening)
    edges = np.append(spoken, stop) - spoken[0]
    missed, working = (_between(edges, weights) for weights in (usual, (usual > 0).astype(np.float64)))
    missed[edges[1:] + spoken[0] <= start] = -1
    at = int(np.argmax(missed))
    since, until = (_moment(int(edges[n] + spoken[0])) for n in (at, at + 1))
    return Silence(round(float(working[at])), int(missed[at] + 1e-9), since, until) if missed[at] >= 0 else None


def _between(edges: Minutes, weights: Weights) -> Weights:
    """The sum of the minutes' weights strictly between each two neighbouring edges."""
    total = np.concatenate([np.zeros(1), np.cumsum(weights)])
    found: Weights = np.maximum(total[edges[1:]] - total[np.minimum(edges[:-1] + 1, len(weights))], 0)
    return found


def _usual(spoken: Minutes, stop: int, zone: str, opening: Opening) -> Weights:
    """For each minute from the first spoken one to ``stop``: how often the source speaks in such a minute, 0 to 1.

    Such: of that hour of that weekday, or, with less than three weeks to learn from, of such an hour of working days or
    weekends; with less than five days, any minute between the first and the last of its days. 0 outside opening hours.
    """
    first = int(spoken[0])
    said = np.zeros(stop - first)
    said[spoken - first] = 1
    hours = list(_hours(first, stop, zone))
    open_ = _open(first, stop, zone, opening)
    days = {day for day, _, _, _ in hours}
    if len(days) < _FEW_DAYS:
        return _evenly(said, hours, open_)
    kind = _kind(days)
    heard: dict[tuple[int, int], list[float]] = {}
    for day, hour, low, high in hours:
        sums = heard.setdefault((kind(day), hour), [0.0, 0.0])
        sums[0] += float((said[low:high] * open_[low:high]).sum())
        sums[1] += float(open_[low:high].sum())
    usual = np.zeros(stop - first)
    for day, hour, low, high in hours:
        spoke, of = heard[kind(day), hour]
        usual[low:high] = open_[low:high] * (spoke / of if of else 0)
    return usual


def _evenly(said: Weights, hours: Sequence[_Hour], open_: Weights) -> Weights:
    """The same rate for all minutes between the first and the last spoken one of each day."""
    days: dict[date, list[int]] = {}
    for day, _, low, high in hours:
        days.setdefault(day, []).extend((np.flatnonzero(said[low:high]) + low).tolist())
    spread = np.zeros(len(said))
    for spoken in days.values():
        if spoken:
            spread[min(spoken) : max(spoken) + 1] = 1
    spread *= open_
    return spread * (float((said * spread).sum()) / max(float(spread.sum()), 1))


def _kind(days: set[date]) -> Callable[[date], int]:
    """What makes days alike: their weekday where each was there three times, else whether it is a weekend."""
    seen = Counter(day.isoweekday() for day in days)
    if len(seen) == 7 and min(seen.values()) >= _ENOUGH_WEEKS:
        return lambda day: day.isoweekday()
    return lambda day: int(day.isoweekday() > 5)


_Hour = tuple[date, int, int, int]
"""(local day, hour of the clock, first minute, minute after it), minutes counted from the first one looked at."""


def _hours(first: int, stop: int, zone: str) -> Iterator[_Hour]:
    """The hours of the clock that touch [first, stop), whatever the length of their days."""
    tz = zone_of(zone)
    day = _moment(first).astimezone(tz).date()
    while (midnight := _minute(local_midnight(day, zone))) < stop:
        starts = [max(midnight, _clock(day, hour * 60, tz)) for hour in range(24)]
        ends = [*starts[1:], _minute(local_midnight(day + timedelta(days=1), zone))]
        for hour, (start, end) in enumerate(zip(starts, ends, strict=True)):
            low, high = max(start, first) - first, min(end, stop) - first
            if low < high:
                yield day, hour, low, high
        day += timedelta(days=1)


def _open(first: int, stop: int, zone: str, opening: Opening) -> Weights:
    """1 for the minutes of [first, stop) at which the centre is open, else 0."""
    open_ = np.zeros(stop - first)
    tz = zone_of(zone)
    day = _moment(first).astimezone(tz).date()
    while _minute(local_midnight(day, zone)) < stop:
        for low, high in (opening.hours or ((0, _DAY_MIN),)) if opening.is_open(day) else ():
            a, b = (_clock(day, minute, tz) - first for minute in (low, high))
            open_[max(a, 0) : max(b, 0)] = 1
        day += timedelta(days=1)
    return open_


def _clock(day: date, minute: int, tz: ZoneInfo) -> int:
    """The minute (since 1970) at which a local day's clock shows so many minutes after midnight."""
    return _minute(datetime(day.year, day.month, day.day, tzinfo=tz) + timedelta(minutes=minute))


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // 60


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, tz=zone_of("UTC"))


def _object(text: str) -> dict[str, object]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
