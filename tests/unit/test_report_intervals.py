"""A period is cut by the clock on the wall: days of 23 and 25 hours, half-hour zones, hours that come twice."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.projections.metrics.intervals import SLOT_S, Cut, Every


def _day(text: str, zone: str) -> Period:
    return make_period(Grain.DAY, date.fromisoformat(text), zone)


@pytest.mark.parametrize(
    ("day", "zone", "hours", "slots"),
    [
        ("2026-01-05", "Asia/Shanghai", 24, 96),
        ("2026-03-29", "Europe/Berlin", 23, 92),
        ("2026-10-25", "Europe/Berlin", 25, 100),
        ("2026-07-01", "Asia/Kolkata", 24, 96),
        ("2026-07-01", "Asia/Kathmandu", 24, 96),
    ],
)
def test_a_day_has_as_many_hours_as_it_has(day: str, zone: str, hours: int, slots: int) -> None:
    cut = Cut(_day(day, zone), Every.HOUR)
    assert (len(cut.intervals), len(cut.labels)) == (hours, slots)
    assert len(Cut(_day(day, zone), Every.HALF_HOUR).intervals) == 2 * hours


def test_an_hour_that_comes_twice_is_two_intervals_told_apart() -> None:
    cut = Cut(_day("2026-10-25", "Europe/Berlin"), Every.HOUR)
    twice = [i for i in cut.intervals if i.local is not None and i.local.hour == 2]
    assert [i.title(Every.HOUR, "en", one_day=True) for i in twice] == ["02:00 (+0200)", "02:00 (+0100)"]
    assert len({i.code for i in cut.intervals}) == 25


def test_a_change_of_half_an_hour_keeps_hours_on_the_clock() -> None:
    cut = Cut(_day("2026-04-05", "Australia/Lord_Howe"), Every.HOUR)
    assert len(cut.labels) == 98
    assert all(i.local is not None and i.local.minute == 0 for i in cut.intervals)


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca"]
)
@pytest.mark.parametrize("every", list(Every))
def test_every_quarter_hour_lies_in_the_interval_of_its_local_time(zone: str, every: Every) -> None:
    for month in (2, 3, 4, 10, 11):
        period = make_period(Grain.MONTH, date(2026, month, 1), zone)
        cut = Cut(period, every)
        for slot, number in enumerate(cut.labels):
            local = (period.start + timedelta(seconds=slot * SLOT_S)).astimezone(ZoneInfo(zone))
            code = cut.intervals[number].code
            expected = {
                Every.DAY: f"{local:%Y-%m-%d}",
                Every.HOUR_OF_DAY: f"{local:%H}:00",
                Every.WEEKDAY_HOUR: f"{local.isoweekday()} {local:%H}:00",
                Every.WEEKDAY_HALF_HOUR: f"{local.isoweekday()} {local:%H}:{local.minute // 30 * 30:02}",
            }.get(every) or f"{local:%Y-%m-%dT%H}:{0 if every is Every.HOUR else local.minute // 30 * 30:02}"
            assert code.startswith(expected)


def test_titles_leave_out_what_the_heading_says() -> None:
    cut = Cut(_day("2026-01-05", "Asia/Shanghai"), Every.HALF_HOUR)
    assert cut.intervals[19].title(Every.HALF_HOUR, "en", one_day=True) == "09:30"
    assert cut.intervals[19].title(Every.HALF_HOUR, "en", one_day=False) == "2026-01-05 09:30"
    week = Cut(make_period(Grain.WEEK, date(2026, 1, 5), "Asia/Shanghai"), Every.DAY)
    assert week.intervals[0].title(Every.DAY, "zh", one_day=False) == "2026-01-05 周一"
    assert Cut(week.period, Every.WEEKDAY_HOUR).intervals[0].title(Every.WEEKDAY_HOUR, "zh", one_day=False) == "周一 00:00"
