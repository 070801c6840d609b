"""Days, ISO weeks and months of a time zone as half-open intervals of UTC; days of 23 and 25 hours come out right."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opsledger.domain.errors import UserError


class Grain(StrEnum):
    """How long a report's period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    SPAN = "span"
    """Any days in a row."""


@dataclass(frozen=True, slots=True)
class Period:
    """A span of local days [first, end) in a zone, with its UTC limits [start, stop)."""

    grain: Grain
    name: str
    zone: str
    first: date
    end: date

    @property
    def start(self) -> datetime:
        """First moment, UTC."""
        return local_midnight(self.first, self.zone)

    @property
    def stop(self) -> datetime:
        """First moment after it, UTC."""
        return local_midnight(self.end, self.zone)

    @property
    def days(self) -> tuple[date, ...]:
        """The local days of the period."""
        return tuple(self.first + timedelta(days=n) for n in range((self.end - self.first).days))

    def previous(self) -> Period:
        """The period of the same grain just before; before a span, as many days."""
        if self.grain is Grain.SPAN:
            return make_span(self.first - (self.end - self.first), self.first - timedelta(days=1), self.zone)
        return make_period(self.grain, self.first - timedelta(days=1), self.zone)


def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name; UserError where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError, PermissionError) as error:
        raise UserError(f"'{name}' is not a time zone; use an IANA name such as Asia/Shanghai or UTC") from error


def local_midnight(day: date, zone: str) -> datetime:
    """The UTC moment at which a local day begins (where midnight does not exist, the first moment after it)."""
    return datetime.combine(day, time(), zone_of(zone)).astimezone(UTC)


def make_period(grain: Grain, day: date, zone: str) -> Period:
    """The period of a grain that holds a local day."""
    if grain is Grain.DAY:
        return Period(grain, day.isoformat(), zone, day, day + timedelta(days=1))
    if grain is Grain.WEEK:
        first = day - timedelta(days=day.weekday())
        year, week, _ = first.isocalendar()
        return Period(grain, f"{year}-W{week:02d}", zone, first, first + timedelta(days=7))
    first = day.replace(day=1)
    return Period(grain, f"{first:%Y-%m}", zone, first, (first + timedelta(days=32)).replace(day=1))


def make_span(first: date, last: date, zone: str) -> Period:
    """The local days from ``first`` to ``last``, both included. UserError when they are the wrong way round."""
    if last < first:
        raise UserError(f"the last day {last} is before the first, {first}")
    return Period(Grain.SPAN, f"{first}..{last}", zone, first, last + timedelta(days=1))


YEARS = range(1971, 2200)
"""The years that a period may lie in: the engine's times reach further on both sides."""
_FORMS = {
    Grain.DAY: (r"\d{4}-\d{2}-\d{2}", "2026-01-05"),
    Grain.WEEK: (r"\d{4}-W\d{2}", "2026-W02"),
    Grain.MONTH: (r"\d{4}-\d{2}", "2026-01"),
}


def parse_period(grain: Grain, text: str, zone: str) -> Period:
    """``2026-01-05``, ``2026-W02`` or ``2026-01`` as a period; UserError for anything else."""
    zone_of(zone)
    pattern, example = _FORMS[grain]
    try:
        day = _first_day(grain, text) if re.fullmatch(pattern, text, re.ASCII) else None
    except ValueError:
        day = None
    if day is None:
        raise UserError(f"'{text}' is not a {grain}; write it like {example}")
    if day.year not in YEARS:
        raise UserError(f"'{text}': a year lies between {YEARS[0]} and {YEARS[-1]}")
    return make_period(grain, day, zone)


def _first_day(grain: Grain, text: str) -> date:
    if grain is Grain.WEEK:
        return date.fromisocalendar(int(text[:4]), int(text[6:]), 1)
    return date.fromisoformat(text if grain is Grain.DAY else text + "-01")
