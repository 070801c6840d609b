"""When the centre is open and with how many seats: stretches of UTC from the tenant's configurations, in their order.

``opening_hours`` gives each hotline ``"08:30-18:00"``, several stretches (``"08:30-12:00,13:00-18:00"`` or a list), or an
object by ISO weekday (``{"1": "08:30-18:00", "6": "09:00-12:00"}``). An end at or before its beginning lies on the next
day. ``calendar`` may hold ``workdays`` (ISO numbers) and ``holidays`` (dates): on other days nothing is open, unless
the hotline names its weekdays itself. Seats are open where any hotline is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from opsledger.domain.calendar import zone_of
from opsledger.domain.errors import UserError
from opsledger.projections.master.names import Engine

_SQL = (Path(__file__).parent / "opening.sql").read_text("utf-8")
_STRETCH = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*")
_DAY = timedelta(days=1)
_MIDNIGHT = 24 * 60


@dataclass(frozen=True, slots=True)
class Opening:
    """A stretch of time (UTC, half open) in which ``seats`` seats could be used."""

    opens_at: datetime
    closes_at: datetime
    seats: int


def openings_of(engine: Engine, tenant: str, start: datetime, stop: datetime) -> list[Opening]:
    """The stretches that touch [start, stop), not clipped to it, in order; none where nothing is configured. Reads the
    ledger (``tenant.configured``); what cannot be read as opening hours is passed over."""
    bound = {"tenant": tenant, "stop": stop.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")}
    rows = list(engine.query(_SQL, parameters=bound).result_rows)
    found: list[Opening] = []
    for index, (since, zone, hours, calendar, seats) in enumerate(rows):
        until = rows[index + 1][0] if index + 1 < len(rows) else stop
        low, high = max(since, start), min(until, stop)
        if low < high and seats > 0:
            found += _stretches(_document(hours), _document(calendar), zone, seats, (low, high))
    return found


def _document(text: str) -> Mapping[str, Any]:
    found = json.loads(text or "{}")
    return found if isinstance(found, dict) else {}


def _stretches(
    hours: Mapping[str, Any], calendar: Mapping[str, Any], zone: str, seats: int, within: tuple[datetime, datetime]
) -> Iterator[Opening]:
    """The openings under one configuration, those of all hotlines laid over each other, inside the time it holds."""
    try:
        place = zone_of(zone)
    except UserError:
        return
    low, high = within
    day, last = low.astimezone(place).date() - _DAY, high.astimezone(place).date()
    spans = []
    while day <= last:
        spans += [_moments(day, span, place) for of in hours.values() for span in _of_day(of, calendar, day)]
        day += _DAY
    reached = low
    for opens, closes in sorted(spans):
        begin, end = max(opens, reached), min(closes, high)
        if begin < end:
            yield Opening(begin, end, seats)
            reached = end


def _of_day(of: Any, calendar: Mapping[str, Any], day: date) -> list[tuple[int, int]]:
    """(from, to) in minutes of the local day that a hotline is open."""
    if isinstance(of, dict):
        return _read(of.get(str(day.isoweekday())))
    return _read(of) if _works(calendar, day) else []


def _works(calendar: Mapping[str, Any], day: date) -> bool:
    workdays, holidays = calendar.get("workdays"), calendar.get("holidays")
    if isinstance(holidays, list) and day.isoformat() in holidays:
        return False
    return not isinstance(workdays, list) or not workdays or day.isoweekday() in workdays


def _read(text: Any) -> list[tuple[int, int]]:
    parts = text if isinstance(text, list) else str(text or "").split(",")
    found = []
    for match in filter(None, (_STRETCH.fullmatch(str(part)) for part in parts)):
        hour, minute, to_hour, to_minute = map(int, match.groups())
        begin, end = hour * 60 + minute, to_hour * 60 + to_minute
        if begin < _MIDNIGHT and end <= _MIDNIGHT and max(minute, to_minute) < 60:
            found.append((begin, end if end > begin else end + _MIDNIGHT))
    return found


def _moments(day: date, span: tuple[int, int], zone: ZoneInfo) -> tuple[datetime, datetime]:
    begin, end = (_moment(day, minutes, zone) for minutes in span)
    return begin, end


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(minutes, _MIDNIGHT)
    return datetime.combine(day + days * _DAY, time(rest // 60, rest % 60), zone).astimezone(UTC)
