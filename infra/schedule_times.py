"""When a schedule is due: ``daily at 07:30`` or cron's five fields, by the clock of a zone, each local time once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from croniter import CroniterBadDateError, CroniterError, croniter

from opsledger.domain.calendar import zone_of
from opsledger.domain.errors import UserError, nearest

DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})"
_DAILY = re.compile(rf"daily\s+(?:at\s+)?{_CLOCK}")
_WEEKLY = re.compile(rf"weekly\s+on\s+(?P<day>\w+)\s+(?:at\s+)?{_CLOCK}")
_MONTHLY = re.compile(rf"monthly\s+on\s+(?P<day>\d{{1,2}}|last)\s+(?:at\s+)?{_CLOCK}")
_NAMES = "mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_FIELD = re.compile(rf"(?:[\d*,/-]|{_NAMES})+", re.IGNORECASE)
_LAST_DAY_OF_ALL = 28
EXAMPLES = "'daily at 07:30', 'weekly on monday at 08:00', 'monthly on 1 at 09:00' (1 to 28, or last), or cron: '30 7 * * 1-5'"


def cron_of(text: str) -> str:
    """A schedule's ``when`` as cron's five fields (minute hour day month weekday). UserError for anything else."""
    words = " ".join(text.split()).lower()
    if match := _DAILY.fullmatch(words):
        return f"{_clock(match)} * * *"
    if match := _WEEKLY.fullmatch(words):
        if match["day"] not in DAYS:
            raise UserError(f"'{match['day']}' is not a day of the week{nearest(match['day'], DAYS)}")
        return f"{_clock(match)} * * {DAYS.index(match['day'])}"
    if match := _MONTHLY.fullmatch(words):
        day = match["day"]
        if day != "last" and not 1 <= int(day) <= _LAST_DAY_OF_ALL:
            raise UserError(f"not every month has a day {day}; give 1 to {_LAST_DAY_OF_ALL}, or last")
        return f"{_clock(match)} {'L' if day == 'last' else int(day)} * *"
    return _checked(text)


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"]), int(match["minute"])
    if hour > 23 or minute > 59:
        raise UserError(f"{match['hour']}:{match['minute']} is not a time of the day")
    return f"{minute} {hour}"


def _checked(text: str) -> str:
    fields = text.split()
    if len(fields) != 5 or not all(_FIELD.fullmatch(field) for field in fields):
        raise UserError(f"'{text}' does not say when; write {EXAMPLES}")
    try:
        croniter(text, datetime(2026, 1, 1)).get_next(datetime)  # noqa: DTZ001  only whether it can be read and ever comes
    except CroniterBadDateError:
        raise UserError(f"'{text}' never comes") from None
    except (CroniterError, ValueError) as error:
        raise UserError(f"'{text}' is not cron's minute hour day month weekday: {error}") from None
    return text


def latest(cron: str, zone: str, after: datetime, until: datetime, most: int) -> list[datetime]:
    """The latest due times (UTC) in (after, until], oldest first, at most ``most``."""
    found: list[datetime] = []
    for moment in _backwards(cron, zone, until):
        if moment <= after or len(found) == most:
            break
        found.append(moment)
    return found[::-1]


def coming(cron: str, zone: str, after: datetime, count: int) -> list[datetime]:
    """The next due times (UTC) after a moment."""
    local = after.astimezone(zone_of(zone)).replace(tzinfo=None) - timedelta(hours=3)
    times = croniter(cron, local)
    found: list[datetime] = []
    while len(found) < count:
        moment = _utc(times.get_next(datetime), zone)
        if moment > after and (not found or moment > found[-1]):
            found.append(moment)
    return found


def _backwards(cron: str, zone: str, until: datetime) -> Iterator[datetime]:
    # Some hours on: where the clock goes back, a later moment can have an earlier local time.
    local = until.astimezone(zone_of(zone)).replace(tzinfo=None) + timedelta(hours=3)
    times = croniter(cron, local)
    last = until + timedelta(microseconds=1)
    while True:
        try:
            moment = _utc(times.get_prev(datetime), zone)
        except CroniterBadDateError:
            return
        if moment < last:
            yield moment
            last = moment


def _utc(local: datetime, zone: str) -> datetime:
    """A local time as a moment: of one that comes twice the first, for one that does not come as long after the gap."""
    return local.replace(tzinfo=zone_of(zone), fold=0).astimezone(UTC)
