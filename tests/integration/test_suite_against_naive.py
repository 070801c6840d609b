"""Every figure of every row of the suite's reports equals the same figure counted row by row in Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from opsledger.projections.metrics import query
from opsledger.projections.metrics.intervals import Every, Interval
from opsledger.projections.metrics.model import Fold
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.metrics.tables import TABLES
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.model import Listing, Result, Shape
from tests import naive_metrics, naive_suite
from tests.naive_core import MS, Parts, Row, pieces
from tests.quarter import MONTH, ZONE, Quarter, quarter

CODES = [
    *("ivr", "traffic", "agent_workload", "lost_calls", "transfers", "agent_states", "consults", "requests", "hot_topics"),
    *("complaints_by_business", "complaints_by_content", "complaints_by_department", "complaints_by_channel"),
    *("tickets", "callbacks", "callback_survey", "satisfaction", "faults", "campaign"),
]
Key = tuple[str, ...]
Figures = Mapping[Key, Decimal | None]


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quarter]:
    with quarter(tmp_path_factory) as made:
        yield made


def twins(centre: Quarter) -> Parts:
    """The metrics as Python counts them."""
    return naive_metrics.metrics(centre.facts.cutoff) | naive_suite.suite()


def _dimension(centre: Quarter, table: str, row: Row, name: str) -> str:
    column = TABLES[table].dimensions[name]
    value = row[column]
    return centre.teams.get(value, "") if name == "team" else str(value)


def _interval(every: Every | None, moment: datetime) -> Key:
    if every is None:
        return ()
    local = moment.astimezone(ZoneInfo(ZONE))
    return (f"{local:%H}:00" if every is Every.HOUR_OF_DAY else local.date().isoformat(),)


def _sums(centre: Quarter, code: str, side: int, result: Result) -> Counter[Key]:
    one = twins(centre)[code][side]
    found: Counter[Key] = Counter()
    for row in centre.rows(one.table) if one is not None else ():
        for moment, amount in pieces(one, row, METRICS[code].default.value, [MONTH.start, MONTH.stop], centre.facts.cutoff):
            if MONTH.start <= moment < MONTH.stop:
                names = [_dimension(centre, one.table, row, name) for name in REPORTS[result.report].dimensions]
                found[*names, *_interval(result.every, moment)] += amount  # type: ignore[assignment]  # a sum of decimals
    return found


def counted(centre: Quarter, code: str, result: Result) -> Figures:
    """Row → a metric's figure, as Python counts it; rows in which it is nothing are left out."""
    top, below = _sums(centre, code, 0, result), _sums(centre, code, 1, result)
    if METRICS[code].denominator is None:
        return {key: Decimal(value) for key, value in top.items() if value}
    return {key: Decimal(top[key]) * METRICS[code].per / Decimal(value) for key, value in below.items() if value}


def shown(result: Result, code: str) -> Figures:
    """Row → a metric's figure, as the report shows it."""
    width = len(REPORTS[result.report].dimensions) + (result.every is not None)
    at = [column.name for column in result.columns].index(code)
    found = {tuple(_text(value) for value in row[:width]): row[at] for row in result.rows}
    counts = METRICS[code].denominator is None
    return {key: Decimal(value) for key, value in found.items() if value is not None and (value or not counts)}  # type: ignore[arg-type]  # a number


def _text(value: Any) -> str:
    return value.code if isinstance(value, Interval) else str(value)


@pytest.mark.parametrize("code", CODES)
def test_every_row_has_the_figures_that_python_counts(centre: Quarter, code: str) -> None:
    result = centre.run(code)
    for metric in REPORTS[code].metrics:
        if METRICS[metric].numerator.fold is Fold.SUM:  # percentiles and unions are counted where they are defined
            assert shown(result, metric) == counted(centre, metric, result), (code, metric)


def test_every_report_by_row_is_among_those_compared() -> None:
    groups = ("traffic", "business", "complaints", "work", "service", "special")
    assert {r.code for r in REPORTS.values() if r.shape is Shape.ROWS and r.group.en in groups} == set(CODES)


def test_a_wrong_view_of_the_campaigns_is_found_out(centre: Quarter, monkeypatch: pytest.MonkeyPatch) -> None:
    table = TABLES["campaign_calls"]
    assert "toString(campaign), toString(category)" in table.view
    planted = replace(table, view=table.view.replace("toString(campaign), toString(category)", "toString(hotline), ''"))
    monkeypatch.setattr(query, "TABLES", MappingProxyType({**TABLES, "campaign_calls": planted}))
    result = centre.run("campaign")
    assert shown(result, "campaign_dialled") != counted(centre, "campaign_dialled", result)


def _handled(centre: Quarter) -> list[tuple[Any, ...]]:
    result = centre.run("complaint_handling")
    at = {column.name: i for i, column in enumerate(result.columns)}
    return [tuple(row[at[name]] for name in ("complaint", "resolution_ms", "liable", "resolution")) for row in result.rows]


def _filed(centre: Quarter) -> list[tuple[Any, ...]]:
    rows = [r for r in centre.rows("complaints") if r["filed_at"] and MONTH.start <= r["filed_at"] < MONTH.stop]
    return [(r["complaint"], _took(r), r["liable"], r["outcome"] or None) for r in sorted(rows, key=lambda r: r["filed_at"])]


def _took(row: Row) -> int | None:
    return None if row["resolved_at"] is None else (row["resolved_at"] - row["filed_at"]) // MS


def test_complaints_are_listed_one_by_one_in_the_order_of_filing(centre: Quarter) -> None:
    assert _handled(centre) == _filed(centre)


def test_a_wrong_list_of_complaints_is_found_out(centre: Quarter, monkeypatch: pytest.MonkeyPatch) -> None:
    text = REPORTS["complaint_handling"].listing.text  # type: ignore[union-attr]  # it is a list
    assert "filed_at < {stop" in text
    monkeypatch.setattr(Listing, "text", property(lambda _: text.replace("filed_at < {stop", "adjudicated_at < {stop")))
    assert _handled(centre) != _filed(centre)


def test_shares_are_of_their_whole_and_add_up(centre: Quarter) -> None:
    for code, within in (("complaints_by_content", None), ("hot_topics", None), ("agent_states", "agent")):
        result = centre.run(code)
        at = {column.name: i for i, column in enumerate(result.columns)}
        share = next(i for name, i in at.items() if name.endswith(".share"))
        wholes: dict[Any, Decimal] = defaultdict(Decimal)
        for row in result.rows:
            wholes[row[at[within]] if within else ""] += Decimal(str(row[share]))
        assert {round(whole, 12) for whole in wholes.values()} == {Decimal(1)}


@pytest.mark.parametrize("code", [c for c in CODES if REPORTS[c].order])
def test_the_largest_come_first_where_the_report_says_so(centre: Quarter, code: str) -> None:
    result = centre.run(code)
    at = [column.name for column in result.columns].index(REPORTS[code].order)
    values = [row[at] for row in result.rows]
    assert len(values) > 1
    assert values == sorted(values, reverse=True)  # type: ignore[type-var]  # numbers
