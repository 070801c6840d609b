"""Moments as people write them on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from opsledger.domain.calendar import zone_of
from opsledger.domain.errors import UserError

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([1-9][0-9]{0,6})([smhdw])", re.ASCII)
_LONGEST = timedelta(days=36_525)


def parse_moment(text: str, zone: str) -> datetime:
    """``2026-01-05``, ``2026-01-05 14:00`` (in the zone) or with an offset, as a moment in UTC. UserError otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        example = "2026-01-05T14:00 or 2026-01-05T06:00Z"
        raise UserError(f"'{text}' is not a moment; write it like {example}") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone_of(zone))).astimezone(UTC)


def parse_duration(text: str) -> timedelta:
    """``90s``, ``30m``, ``12h``, ``90d``, ``2w``. UserError otherwise."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise UserError(f"'{text[:40]}' is not a duration; write it like 90s, 30m, 12h, 90d or 2w")
    duration = timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    if duration > _LONGEST:
        raise UserError(f"'{text}' is beyond the calendar: at most {_LONGEST.days:,}d")
    return duration


def parse_until(text: str, zone: str, now: datetime) -> datetime:
    """A moment to come, by itself or as a duration from now. UserError for what is neither, or has passed."""
    duration = _DURATION.fullmatch(text)
    try:
        until = now + parse_duration(text) if duration else parse_moment(text, zone)
    except OverflowError:
        raise UserError(f"'{text[:40]}' is beyond the calendar") from None
    if until <= now:
        raise UserError(f"'{text[:40]}' has passed already: it is {now:%Y-%m-%d %H:%M:%S} UTC")
    return until
