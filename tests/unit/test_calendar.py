"""Periods are local days in UTC limits, whatever the clocks do."""

from datetime import UTC, date, datetime

import pytest

from opsledger.domain.calendar import Grain, make_period, make_span, parse_period
from opsledger.domain.errors import UserError


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-10-25", "Europe/Berlin", 25),
        ("2026-01-05", "Asia/Shanghai", 24),
        ("2026-04-05", "Australia/Lord_Howe", 24.5),
        ("1999-04-02", "Asia/Jerusalem", 23),
    ],
)
def test_a_local_day_has_the_hours_that_its_zone_gives_it(day: str, zone: str, hours: float) -> None:
    period = parse_period(Grain.DAY, day, zone)
    assert (period.stop - period.start).total_seconds() / 3600 == hours


def test_a_month_in_shanghai_begins_on_the_evening_before_in_utc() -> None:
    period = parse_period(Grain.MONTH, "2026-01", "Asia/Shanghai")
    assert period.start == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert period.stop == datetime(2026, 1, 31, 16, tzinfo=UTC)
    assert len(period.days) == 31


def test_the_first_iso_week_of_2026_begins_in_2025() -> None:
    period = parse_period(Grain.WEEK, "2026-W01", "UTC")
    assert (period.first, period.end) == (date(2025, 12, 29), date(2026, 1, 5))
    assert make_period(Grain.WEEK, date(2025, 12, 31), "UTC") == period
    assert period.previous().name == "2025-W52"


def test_the_month_before_january_is_december() -> None:
    assert parse_period(Grain.MONTH, "2026-01", "UTC").previous().name == "2025-12"


@pytest.mark.parametrize(
    ("grain", "text"),
    [
        (Grain.DAY, "2026-02-30"),
        (Grain.DAY, "2026-1-5"),
        (Grain.WEEK, "2026-W54"),
        (Grain.MONTH, "2026-13"),
        (Grain.MONTH, "January"),
        (Grain.DAY, "２０２６-01-05"),
        (Grain.DAY, "0000-01-01"),
    ],
)
def test_what_is_no_period_is_refused_with_an_example(grain: Grain, text: str) -> None:
    with pytest.raises(UserError, match="write it like 2026-"):
        parse_period(grain, text, "UTC")


@pytest.mark.parametrize("zone", ["Asia/Peking", "", "../etc/passwd", "Europe"])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(UserError, match="not a time zone"):
        parse_period(Grain.DAY, "2026-01-05", zone)


def test_a_span_holds_both_its_days_and_the_one_before_it_is_as_long() -> None:
    span = make_span(date(2026, 1, 5), date(2026, 1, 9), "UTC")
    assert len(span.days) == 5
    assert span.previous().name == "2025-12-31..2026-01-04"
    with pytest.raises(UserError, match="before the first"):
        make_span(date(2026, 1, 9), date(2026, 1, 5), "UTC")
