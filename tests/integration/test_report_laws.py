"""Both laws of the numbers hold for every report under each attribution, and a breach is shown, not hidden."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.domain.errors import UserError
from opsledger.projections.formats.terminal import to_terminal
from opsledger.projections.metrics.measure import Facts, ask
from opsledger.projections.metrics.model import MOVES, Attribution
from opsledger.projections.metrics.query import Question, cells_of
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.reports import laws
from opsledger.projections.reports.catalogue import IDENTITY, REPORTS
from opsledger.projections.reports.model import Request, Shape
from opsledger.projections.reports.run import run_report
from tests import fact_rows, fact_tables

MONTH = make_period(Grain.MONTH, date(2026, 3, 1), "Europe/Berlin")
"""It has a day of 23 hours."""


OTHERS = (Shape.LIST, Shape.KPI, Shape.STATEMENT)
"""Lists have no sums of their own; what a contract settles is tested with contracts."""


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    with fact_tables.engine(tmp_path_factory.mktemp("facts") / "db") as client:
        rows = fact_rows.make_rows(random.Random(7), MONTH.start - timedelta(days=1), 33 * 86_400, 1500)
        for table, some in rows.items():
            fact_tables.insert(client, table, some)
        yield Facts(client, "t1", MONTH.stop)


class Lying:
    """An engine that adds one to the first sum over all rows: the totals."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def query(self, query: str, parameters: Mapping[str, Any]) -> Any:
        rows = self._engine.query(query, parameters=parameters).result_rows
        return SimpleNamespace(result_rows=[self._bent(row) for row in rows])

    def _bent(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(row) > 3 and row[-3:-1] == (0, 1) and isinstance(row[-1], list):
            return (*row[:-1], [row[-1][0] + Decimal(1), *row[-1][1:]])
        return row


def _periods(code: str) -> list[Period]:
    day = make_period(Grain.DAY, date(2026, 3, 29), MONTH.zone)
    week = make_period(Grain.WEEK, date(2026, 3, 29), MONTH.zone)
    return [p for p in (day, week, MONTH) if p.grain in REPORTS[code].grains]


@pytest.mark.parametrize("attribution", [None, *MOVES])
@pytest.mark.parametrize("code", [c for c, r in REPORTS.items() if r.shape not in OTHERS])
def test_every_report_keeps_the_laws_under_each_attribution(facts: Facts, code: str, attribution: Attribution | None) -> None:
    for period in _periods(code):
        request = Request(code, period, attribution=attribution, charts=period.grain is Grain.WEEK)
        if not _can(code, attribution):
            with pytest.raises(UserError, match=r"can be counted by|leave --attribution out"):
                run_report(facts, request)
            continue
        result = run_report(facts, request)
        assert result.ok, result.footer.warnings
        assert result.rows


def _can(code: str, attribution: Attribution | None) -> bool:
    """Whether any metric of the report can be counted so."""
    metrics = [METRICS[name] for name in REPORTS[code].metrics]
    return attribution is None or any(metric.under(attribution) is attribution for metric in metrics)


@pytest.mark.parametrize("interval", ["half_hour", "hour", "day"])
def test_cutting_time_finer_changes_no_total(facts: Facts, interval: str) -> None:
    week = make_period(Grain.WEEK, date(2026, 3, 29), MONTH.zone)
    result = run_report(facts, Request("traffic", week, interval=interval, attribution="end"))
    assert result.ok
    assert result.totals == run_report(facts, Request("traffic", week, attribution="end")).totals


def test_over_all_time_every_attribution_counts_the_same_entries(facts: Facts) -> None:
    everything = Period(Grain.DAY, "all", "UTC", date(2025, 1, 1), date(2027, 1, 1))
    metrics = [METRICS[code] for code in IDENTITY] + [METRICS["queue_time"]]
    totals = [ask(facts, Question(cells_of(metrics, a), everything)) for a in MOVES]
    assert all(total == totals[0] for total in totals[1:])


@pytest.mark.parametrize("code", [c for c, r in REPORTS.items() if r.shape is Shape.ROWS])
def test_a_total_that_is_not_the_sum_of_the_rows_is_shown_on_the_face(facts: Facts, code: str) -> None:
    lying = Facts(Lying(facts.engine), facts.tenant, facts.cutoff)
    result = run_report(lying, Request(code, MONTH))
    assert not result.ok
    assert "Law 1" in result.footer.warnings[0]
    assert "Law 1" in to_terminal(result, 120)


def test_an_entry_that_ended_in_no_known_way_breaks_the_second_law(facts: Facts) -> None:
    strange = {"call": "x", "leg": 0, "queue": "q1", "is_entry": True, "outcome": "evaporated", "wait_ms": 5}
    entered = datetime(2026, 3, 10, 9, tzinfo=MONTH.start.tzinfo)
    fact_tables.insert(facts.engine, "legs", [{**strange, "entered_at": entered, "left_at": entered}], "strange")
    for code in ("traffic", "service_indicators"):
        result = run_report(Facts(facts.engine, "strange", facts.cutoff), Request(code, MONTH, lang="zh"))
        assert not result.ok
        assert "数字定律 2 不成立" in result.footer.warnings[0]


def test_the_laws_say_by_how_much() -> None:
    (cell,) = cells_of([METRICS["entries"]], None)
    assert laws.additivity([cell], [(("q1",), (2,)), (("q2",), (3,))], [5]) == []
    (breach,) = laws.additivity([cell], [(("q1",), (2,)), (("q2",), (3,))], [6])
    assert "rows add up to 5, the total is 6" in breach
    assert laws.identity([5, 2, 3]) == []
    assert laws.identity([6, 2, 3]) == ["6 queue entries, but answered + left + still waiting make 5"]
