"""The data of charts: the same facts and the same definitions as the figures beside them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from opsledger.domain.calendar import Grain, make_period
from opsledger.projections.metrics.measure import Facts, measure
from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.charts import charts_of
from opsledger.projections.reports.model import Chart, ChartKind, ChartPlan, Report, Request, Shape
from opsledger.projections.reports.request import checked
from tests import fact_tables
from tests.fact_rows import make_leg

WEEK = make_period(Grain.WEEK, date(2026, 1, 5), "Asia/Shanghai")
DAY = make_period(Grain.DAY, date(2026, 1, 5), "Asia/Shanghai")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    rng = random.Random(7)
    legs = [make_leg(rng, n, WEEK.start, 7 * 86_400) for n in range(400)]
    with fact_tables.engine(tmp_path_factory.mktemp("charts") / "db") as client:
        fact_tables.configure(client, '{"answer_rate": 0.5}', tenant="t1")
        fact_tables.insert(client, "legs", legs)
        yield Facts(client, "t1", datetime(2026, 3, 1, tzinfo=UTC))


def drawn(facts: Facts, kind: ChartKind, metrics: tuple[str, ...], dimension: str = "", **more: object) -> Chart | None:
    """The chart of a plan, under a report made for it."""
    import opsledger.projections.reports.catalogue as catalogue

    plan = ChartPlan(kind, Label("x", "x"), metrics, dimension)
    report = Report("x", Label("", ""), Label("x", "x"), Shape.ROWS, tuple(Grain), metrics, filters=("queue",), charts=(plan,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "REPORTS", {"x": report})
        job = checked(facts, Request("x", **{"period": WEEK, **more}))  # type: ignore[arg-type]  # a request's fields
        return next(iter(charts_of(job)), None)


def whole(facts: Facts, code: str, **only: tuple[str, ...]) -> Decimal:
    return measure(facts, code, WEEK, only)[""].numerator


def test_the_bands_of_waiting_add_up_to_the_metric_itself(facts: Facts) -> None:
    chart = drawn(facts, ChartKind.DISTRIBUTION, ("answered", "unanswered"))
    assert chart
    for code in ("answered", "unanswered"):
        assert sum(int(r[code] or 0) for r in chart.data) == whole(facts, code) > 0
    assert chart.data[0]["band"] == "0–5"
    assert chart.data[-1]["band"] == "> 300"


def test_the_bands_up_to_the_threshold_are_those_answered_in_time(facts: Facts) -> None:
    level = measure(facts, "service_level", WEEK)[""]
    chart = drawn(facts, ChartKind.DISTRIBUTION, ("answered", "service_level"))
    assert chart
    assert sum(int(r["answered"] or 0) for r in chart.data if r["in_time"]) == level.numerator
    odd = drawn(facts, ChartKind.DISTRIBUTION, ("service_level",), threshold_ms=17_000)
    assert odd
    assert "15–17" in [r["band"] for r in odd.data]


def test_a_wait_on_a_limit_lies_in_the_band_below_it(facts: Facts) -> None:
    waits = [
        int(row[0])
        for row in facts.engine.query("SELECT wait_ms FROM legs FINAL WHERE is_entry AND outcome = 'answered'", {}).result_rows
    ]
    chart = drawn(facts, ChartKind.DISTRIBUTION, ("answered",))
    assert chart
    assert waits.count(20_000) > 0
    within = {r["band"]: r["answered"] for r in chart.data}
    assert within["15–20"] == sum(15_000 < w <= 20_000 for w in waits)
    assert within["20–30"] == sum(20_000 < w <= 30_000 for w in waits)


def test_a_trend_has_a_point_a_day_and_the_target(facts: Facts) -> None:
    chart = drawn(facts, ChartKind.TREND, ("answer_rate",))
    assert chart
    assert (len(chart.data), chart.target) == (7, 0.5)
    assert chart.labels["unit"] == "ratio"
    numbers = [int(r["number"] or 0) for r in chart.data]
    assert all(a < b for a, b in pairwise(numbers))
    day = drawn(facts, ChartKind.TREND, ("answer_rate",), period=DAY)
    assert day
    assert len(day.data) == 24


def test_a_heat_map_has_every_half_hour_of_the_week_and_all_entries(facts: Facts) -> None:
    chart = drawn(facts, ChartKind.HEAT, ("entries",))
    assert chart
    assert len(chart.data) == 7 * 48
    assert sum(r["value"] or 0 for r in chart.data) == whole(facts, "entries")  # type: ignore[misc]  # numbers, all of them
    assert {str(r["hour"])[3:] for r in chart.data} == {"00", "30"}
    assert drawn(facts, ChartKind.HEAT, ("entries",), period=DAY) is None


def test_a_filter_holds_for_charts_too(facts: Facts) -> None:
    chart = drawn(facts, ChartKind.DISTRIBUTION, ("answered",), only={"queue": ("q1",)})
    assert chart
    assert (
        sum(int(r["answered"] or 0) for r in chart.data) == whole(facts, "answered", queue=("q1",)) < whole(facts, "answered")
    )


def test_where_nothing_happened_there_is_no_chart(facts: Facts) -> None:
    empty = make_period(Grain.WEEK, date(2025, 6, 2), "Asia/Shanghai")
    for kind in (ChartKind.TREND, ChartKind.DISTRIBUTION, ChartKind.HEAT, ChartKind.SERVICE):
        metrics = ("answered", "unanswered", "service_level") if kind is ChartKind.SERVICE else ("answer_rate",)
        assert drawn(facts, kind, metrics, period=empty) is None
