"""What the views over the fact tables hold, made in plain Python from the rows of the tables and from the words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.naive_core import US, Row, Rows
from tests.naive_suite import campaign_calls

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Frame:
    """What a run is told: the period's limits (UTC) and zone, how far the facts go, the window of a first contact."""

    start: datetime
    stop: datetime
    zone: str
    cutoff: datetime
    window: timedelta = timedelta(days=7)


@dataclass(frozen=True)
class Doors:
    """When the centre is open: each hotline from one local minute to another on some weekdays; so many seats; since when."""

    hotlines: tuple[tuple[int, int, frozenset[int]], ...]
    seats: int
    since: datetime
    zone: str


def with_views(rows: Rows, frame: Frame, doors: tuple[Doors, ...] = ()) -> Rows:
    """The rows with those of every view beside them."""
    return rows | {
        "first_contacts": list(_first_contacts(rows["calls"], frame)),
        "lost_entries": list(lost_entries(rows)),
        "campaign_calls": campaign_calls(rows["calls"]),
        "kept_schedule": list(_kept(rows, frame)),
        "seat_hours": list(_seats(doors, frame)),
        "staff_period": [_beside(r, frame) for r in rows["staff_stints"] if _touches(r, frame)],
        "month_costs": [{**r, "month_at": at} for r in rows["costs"] for m, at, _ in _months(frame) if r["period"] == m],
        "month_legs": list(_month_legs(rows, frame)),
    }


def _first_contacts(calls: list[Row], frame: Frame) -> Iterator[Row]:
    inbound = [r for r in calls if r["direction"] == "inbound"]
    for r in inbound:
        if r["answered"]:
            known = r["customer"] and r["category"]
            same = [o for o in inbound if (o["customer"], o["category"]) == (r["customer"], r["category"])]
            again = known and any(timedelta(0) < o["started_at"] - r["started_at"] <= frame.window for o in same)
            yield {**r, "judged": bool(known and r["started_at"] + frame.window <= frame.cutoff), "came_again": again}


def lost_entries(rows: Rows) -> Iterator[Row]:
    """Queue entries that ended unanswered, each with whether the customer was called back."""
    tried = {c["call"] for c in rows["callbacks"] if c["attempts"] and c["call"]}
    for r in rows["legs"]:
        if r["is_entry"] and r["left_at"]:
            dials = [c["started_at"] for c in rows["calls"] if c["direction"] == "outbound" and _same(c, r)]
            soon = any(timedelta(0) <= dialled - r["left_at"] < timedelta(days=1) for dialled in dials)
            yield {**r, "called_back": r["call"] in tried or soon}


def _same(call: Row, entry: Row) -> bool:
    return bool(entry["customer"]) and call["customer"] == entry["customer"]


def _kept(rows: Rows, frame: Frame) -> Iterator[Row]:
    for span in rows["agent_spans"]:
        for plan in rows["shifts"]:
            start = max(span["starts_at"], plan["starts_at"])
            end = min(span["ends_at"] or frame.cutoff, plan["ends_at"])
            if span["shift"] == plan["shift"] and start < end:
                yield {**span, "kept_from": start, "kept_until": end}


def _touches(r: Row, frame: Frame) -> bool:
    return bool(r["from_at"] < frame.stop and (r["until_at"] is None or r["until_at"] > frame.start))


def _beside(r: Row, frame: Frame) -> Row:
    last = min(frame.stop, frame.cutoff) - US
    return {**r, "begins_at": frame.start, "stops_at": frame.stop, "last_at": last}


def _months(frame: Frame) -> list[tuple[str, datetime, datetime]]:
    """(name, first moment, first moment after it) of each calendar month that lies wholly in the period."""
    zone = ZoneInfo(frame.zone)
    found: list[tuple[str, datetime, datetime]] = []
    day = frame.start.astimezone(zone).date().replace(day=1)
    while True:
        after = (day + timedelta(days=32)).replace(day=1)
        start, stop = _midnight(day, zone), _midnight(after, zone)
        if stop > frame.stop:
            return found
        if start >= frame.start:
            found.append((f"{day:%Y-%m}", start, stop))
        day = after


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _month_legs(rows: Rows, frame: Frame) -> Iterator[Row]:
    known = {r["period"] for r in rows["costs"]}
    for r in rows["legs"]:
        for name, start, stop in _months(frame):
            if name in known and r["ended_at"] and start <= r["ended_at"] < stop:
                yield {**r, "month_at": start}


def _seats(doors: tuple[Doors, ...], frame: Frame) -> Iterator[Row]:
    """A row a seat and stretch, found by looking at every minute's clock."""
    opened: tuple[datetime, int] | None = None
    minute = frame.start
    while minute <= frame.stop:
        seats = _open_seats(doors, minute) if minute < frame.stop else 0
        if opened and opened[1] != seats:
            yield from ({"opens_at": opened[0], "closes_at": minute} for _ in range(opened[1]))
            opened = None
        if seats and not opened:
            opened = (minute, seats)
        minute += _MINUTE


def _open_seats(doors: tuple[Doors, ...], minute: datetime) -> int:
    in_force = [d for d in doors if d.since <= minute]
    if not in_force:
        return 0
    last = max(in_force, key=lambda d: d.since)
    local = minute.astimezone(ZoneInfo(last.zone))
    now, today = local.hour * 60 + local.minute, local.isoweekday()
    yesterday = (today + 5) % 7 + 1
    is_open = any(
        (today in days and begin <= now < end) or (yesterday in days and begin <= now + 24 * 60 < end)
        for begin, end, days in last.hotlines
    )
    return last.seats if is_open else 0
