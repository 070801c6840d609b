"""The period that a report is compared with: the one before, or the same one a year ago, whatever the calendar does."""

from __future__ import annotations

from datetime import date

import pytest

from opsledger.domain.calendar import Grain, make_period, make_span
from opsledger.projections.reports.compare import FEBRUARY_29, WEEK_53, period_compared
from opsledger.projections.reports.model import Compare

ZONE = "Europe/Berlin"


@pytest.mark.parametrize(
    ("grain", "day", "expected", "note"),
    [
        (Grain.DAY, date(2026, 3, 29), "2025-03-29", None),
        (Grain.DAY, date(2024, 2, 29), "2023-02-28", FEBRUARY_29),
        (Grain.DAY, date(2025, 2, 28), "2024-02-28", None),
        (Grain.WEEK, date(2026, 1, 7), "2025-W02", None),
        (Grain.WEEK, date(2020, 12, 31), "2019-W52", WEEK_53),
        (Grain.WEEK, date(2024, 12, 30), "2024-W01", None),
        (Grain.MONTH, date(2024, 2, 29), "2023-02", None),
        (Grain.MONTH, date(2026, 12, 1), "2025-12", None),
    ],
)
def test_a_year_ago_is_the_same_date_week_or_month(grain: Grain, day: date, expected: str, note: object) -> None:
    found = period_compared(make_period(grain, day, ZONE), Compare.LAST_YEAR)
    assert (found[0].name, found[0].grain, found[1]) == (expected, grain, note)


def test_a_span_is_compared_with_the_same_dates_of_the_year_before() -> None:
    span = make_span(date(2024, 2, 20), date(2024, 2, 29), ZONE)
    assert period_compared(span, Compare.LAST_YEAR)[0].name == "2023-02-20..2023-02-28"
    assert period_compared(span, Compare.PREVIOUS)[0].name == "2024-02-10..2024-02-19"


def test_the_period_before_a_month_is_the_month_before() -> None:
    assert period_compared(make_period(Grain.MONTH, date(2026, 3, 5), ZONE), Compare.PREVIOUS)[0].name == "2026-02"
