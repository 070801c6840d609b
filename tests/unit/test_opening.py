"""Opening hours become stretches of time: local clocks, calendars, several hotlines, changes of configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from opsledger.projections.master.opening import Opening, openings_of

HOUR = timedelta(hours=1)


class Ledger:
    """Answers with so many configurations: (since, zone, hours per hotline, calendar, seats)."""

    def __init__(self, *told: tuple[datetime, str, dict[str, Any], dict[str, Any], int]) -> None:
        self._rows = [(since, zone, json.dumps(hours), json.dumps(days), seats) for since, zone, hours, days, seats in told]

    def query(self, query: str, parameters: Mapping[str, Any]) -> Any:
        assert parameters["tenant"] == "t1"
        return SimpleNamespace(result_rows=self._rows)


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def _hours(hours: dict[str, Any], day: str, zone: str = "Europe/Berlin", days: dict[str, Any] | None = None) -> float:
    """Hours open in 24 h of UTC from a day on."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    found = openings_of(Ledger((LONG_AGO, zone, hours, days or {}, 5)), "t1", start, start + 24 * HOUR)
    assert all(a.closes_at <= b.opens_at for a, b in pairwise(found))
    return sum((o.closes_at - o.opens_at) / HOUR for o in found)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ({"a": "08:00-18:00"}, 10),
        ({"a": "08:00-12:00,13:00-17:30"}, 8.5),
        ({"a": ["08:00-12:00", "11:00-13:00"]}, 5),
        ({"a": "08:00-12:00", "b": "10:00-14:00"}, 6),
        ({"a": "00:00-24:00"}, 24),
        ({"a": {"1": "08:00-09:00", "2": "08:00-20:00"}}, 1),
        ({"a": "25:00-26:00", "b": None, "c": "soon"}, 0),
        ({}, 0),
    ],
)
def test_seats_are_open_where_any_hotline_is(hours: dict[str, Any], expected: float) -> None:
    assert _hours(hours, "2026-01-05T00:00") == expected  # a Monday


def test_an_end_before_its_beginning_lies_on_the_next_day() -> None:
    start = datetime(2026, 1, 5, 12, tzinfo=UTC)
    (night,) = openings_of(Ledger((LONG_AGO, "UTC", {"a": "22:00-06:00"}, {}, 2)), "t1", start, start + 24 * HOUR)
    assert night == Opening(start + 10 * HOUR, start + 18 * HOUR, 2)


def test_days_on_which_nobody_works_are_closed() -> None:
    hours, days = {"a": "08:00-18:00"}, {"workdays": [1, 2, 3, 4, 5], "holidays": ["2026-01-06"]}
    assert [_hours(hours, f"2026-01-{day:02}T00:00", days=days) for day in (5, 6, 10)] == [10, 0, 0]
    assert _hours({"a": {"6": "08:00-12:00"}}, "2026-01-10T00:00", days=days) == 4  # a hotline that names its days itself


def test_clocks_that_change_make_a_day_longer_or_shorter() -> None:
    day = {"a": "00:00-24:00"}
    for start, hours in (((2026, 3, 28, 23), 23), ((2026, 10, 24, 22), 25)):
        begin = datetime(*start, tzinfo=UTC)
        found = openings_of(Ledger((LONG_AGO, "Europe/Berlin", day, {}, 1)), "t1", begin, begin + hours * HOUR)
        assert [(o.opens_at, o.closes_at) for o in found] == [(begin, begin + hours * HOUR)]


def test_a_change_takes_effect_at_its_moment() -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    change = start + 9 * HOUR + timedelta(minutes=7)
    ledger = Ledger((LONG_AGO, "UTC", {"a": "08:00-12:00"}, {}, 3), (change, "UTC", {"a": "08:00-10:00"}, {}, 1))
    assert openings_of(ledger, "t1", start, start + 24 * HOUR) == [
        Opening(start + 8 * HOUR, change, 3),
        Opening(change, start + 10 * HOUR, 1),
    ]


def test_without_seats_or_with_a_zone_that_there_is_not_nothing_is_open() -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    for zone, seats in (("UTC", 0), ("Mars/Olympus", 4)):
        assert openings_of(Ledger((LONG_AGO, zone, {"a": "08:00-12:00"}, {}, seats)), "t1", start, start + 24 * HOUR) == []
