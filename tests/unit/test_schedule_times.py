"""When a schedule is due: by the clock of its zone, each local time once, also on days of 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.domain.errors import UserError
from opsledger.infra.schedule_times import coming, cron_of, latest

BERLIN = "Europe/Berlin"
SPRING, AUTUMN = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)
"""The days on which the clocks change."""
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "cron"),
    [
        ("daily at 07:30", "30 7 * * *"),
        ("daily 7:30", "30 7 * * *"),
        ("weekly on Monday 08:00", "0 8 * * 1"),
        ("weekly on sunday at 23:59", "59 23 * * 0"),
        ("monthly on 1 at 09:00", "0 9 1 * *"),
        ("monthly on last at 09:00", "0 9 L * *"),
        ("*/15 8-20 * * mon-fri", "*/15 8-20 * * mon-fri"),
    ],
)
def test_words_and_cron_are_read(text: str, cron: str) -> None:
    assert cron_of(text) == cron
    assert len(coming(cron, "UTC", LONG_AGO, 3)) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("daily at 24:00", "24:00 is not a time of the day"),
        ("weekly on mondey 08:00", "'mondey' is not a day of the week; did you mean 'monday'"),
        ("monthly on 31 at 09:00", "not every month has a day 31"),
        ("now and then", "does not say when; write 'daily at 07:30'"),
        ("0 0 30 2 *", "never comes"),
        ("61 * * * *", "is not cron's minute hour day month weekday"),
        ("@daily", "does not say when"),
        ("0 0 0 * * *", "does not say when"),
        ("H * * * *", "does not say when"),
    ],
)
def test_what_says_no_time_is_refused_with_what_would(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message.replace("(", "\\(")):
        cron_of(text)


def test_a_time_that_does_not_exist_comes_once_after_the_gap() -> None:
    due = coming("30 2 * * *", BERLIN, SPRING - timedelta(days=1), 3)
    assert [f"{at:%d %H:%M}" for at in due] == ["28 01:30", "29 01:30", "30 00:30"]


def test_a_time_that_exists_twice_comes_once() -> None:
    due = coming("30 2 * * *", BERLIN, AUTUMN - timedelta(days=1), 3)
    assert [f"{at:%d %H:%M}" for at in due] == ["24 00:30", "25 00:30", "26 01:30"]
    assert latest("30 2 * * *", BERLIN, AUTUMN, AUTUMN + timedelta(hours=1, minutes=30), 9) == [due[1]]


def test_a_day_of_23_hours_has_23_hourly_runs_and_one_of_25_hours_no_run_twice() -> None:
    for day, hours in ((SPRING, 23), (AUTUMN, 24)):
        start = day - (timedelta(hours=1) if day is SPRING else timedelta(hours=2))
        stop = start + timedelta(hours=23 if day is SPRING else 25)
        assert len(latest("0 * * * *", BERLIN, start - timedelta(seconds=1), stop - timedelta(seconds=1), 99)) == hours


def test_the_last_day_of_each_month_is_met() -> None:
    due = coming(cron_of("monthly on last at 09:00"), "UTC", datetime(2026, 1, 31, 10, tzinfo=UTC), 3)
    assert [f"{at:%m-%d}" for at in due] == ["02-28", "03-31", "04-30"]


def test_a_due_time_is_met_at_its_very_moment_and_not_before() -> None:
    due = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)  # 07:30 in Shanghai
    asked = ("30 7 * * *", "Asia/Shanghai", due - timedelta(hours=1))
    assert latest(*asked, due, 9) == [due]
    assert latest(*asked, due - timedelta(microseconds=1), 9) == []
    assert latest("30 7 * * *", "Asia/Shanghai", due, due, 9) == []


@given(
    st.integers(0, 366 * 24 * 60),
    st.integers(1, 72),
    st.sampled_from(["*/30 * * * *", "15 2 * * *", "0 */3 * * 1-5"]),
    st.sampled_from([BERLIN, "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"]),
)
def test_looking_back_finds_what_looking_forward_told(minute: int, hours: int, cron: str, zone: str) -> None:
    after = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    until = after + timedelta(hours=hours)
    ahead = [at for at in coming(cron, zone, after, 200) if at <= until]
    assert latest(cron, zone, after, until, 500) == ahead
