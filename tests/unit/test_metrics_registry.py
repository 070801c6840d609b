"""The dictionary of metrics and the suite of reports are whole: both languages, known tables, one page made from them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from opsledger.domain.events.call import LeaveReason
from opsledger.projections.facts.tables import FACTS, FactTable
from opsledger.projections.metrics.document import render_metrics_md
from opsledger.projections.metrics.model import Attribution, Label
from opsledger.projections.metrics.queues import OUTCOME_METRICS
from opsledger.projections.metrics.registry import GROUPS, METRICS
from opsledger.projections.metrics.tables import DIMENSIONS, TABLES
from opsledger.projections.reports import catalogue, codes, words
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.model import Shape

CHINESE = re.compile(r"[\u4e00-\u9fff]")
NAMES = {"IVR"}
"""Called the same in both languages."""


def _labels() -> list[tuple[str, Label]]:
    found = [(f"metric {m.code}", label) for m in METRICS.values() for label in (m.label, m.definition)]
    found += [(f"group {g}", title) for g, (title, _) in GROUPS.items()]
    found += [(f"dimension {d}", label) for d, label in DIMENSIONS.items()]
    for r in REPORTS.values():
        found += [(f"report {r.code}", r.label), (f"report {r.code}", r.group), *((r.code, c.label) for c in r.charts)]
    found += [(f"field {n}", label) for n, label in words.FIELDS.items()]
    found += [(f"attribution {n}", label) for n, label in words.BY.items()]
    lists = [r.listing for r in REPORTS.values() if r.listing]
    found += [(f"column {n}", label) for listing in lists for n, (_, label) in listing.columns.items()]
    for table in (codes.CODES, codes.PARAMETERS):
        found += [(f"code {n}.{c}", label) for n, members in table.items() for c, label in members.items()]
    return found


@pytest.mark.parametrize(("name", "label"), _labels())
def test_every_name_is_there_in_both_languages(name: str, label: Label) -> None:
    assert label.en.strip()
    assert not CHINESE.search(label.en), name
    assert CHINESE.search(label.zh) or label.zh in NAMES, name


def test_codes_are_not_given_twice() -> None:
    assert len(METRICS) == sum(len(metrics) for _, metrics in GROUPS.values())


def test_every_amount_has_a_place_under_its_own_attribution() -> None:
    for metric in METRICS.values():
        for amount in metric.amounts:
            assert amount.table in TABLES, metric.code
            spread = amount.span is not None and (metric.default is Attribution.SPREAD or not amount.times)
            assert spread or amount.times.get(metric.default), metric.code


def _without_index(facts: Iterable[FactTable]) -> set[tuple[str, str]]:
    """The (table, column) by whose moments a metric counts and that no index narrows."""
    indexed = {fact.name: fact.times for fact in facts}
    amounts = [amount for metric in METRICS.values() for amount in metric.amounts if amount.table in indexed]
    asked = {(a.table, column) for a in amounts for columns in (*a.times.values(), a.span or ()) for column in columns}
    return {(table, column) for table, column in asked if column.isidentifier() and column not in indexed[table]}


def test_every_moment_that_a_metric_counts_by_has_an_index() -> None:
    assert not _without_index(FACTS)
    assert ("ivr_steps", "started_at") in _without_index(replace(fact, times=fact.times[:1]) for fact in FACTS)


def test_only_leg_and_queue_metrics_can_be_moved() -> None:
    for metric in METRICS.values():
        if metric.movable:
            assert set(metric.tables) <= {"legs", "lost_entries"}, metric.code


_SETTLED = {Shape.KPI: {"bonus"}, Shape.STATEMENT: {"amount"}}
"""Columns of money that a statement has and no metric."""


def test_reports_name_metrics_and_dimensions_that_exist() -> None:
    for report in REPORTS.values():
        assert set(report.metrics) <= set(METRICS), report.code
        columns = set(report.listing.columns) if report.listing else _SETTLED.get(report.shape, set())
        assert set(report.headline) <= {*report.metrics, *columns}, report.code
        assert {c for chart in report.charts for c in chart.metrics} <= set(METRICS)
        assert set(report.dimensions) | set(report.filters) <= set(DIMENSIONS)
        for code in report.metrics if report.dimensions else ():
            for table in METRICS[code].tables:
                assert set(report.dimensions) | set(report.filters) <= set(TABLES[table].dimensions), (report.code, code)


def test_leaving_a_queue_means_every_reason_that_there_is() -> None:
    reasons = LeaveReason.__args__
    assert tuple(f"{reason}_entries" for reason in reasons) == OUTCOME_METRICS
    where = METRICS["left_queue"].numerator.where
    assert set(re.findall(r"'(\w+)'", where)) == set(reasons)
    assert catalogue.IDENTITY == ("entries", "answered", "left_queue", "waiting")


def test_a_formula_stands_in_one_place_only() -> None:
    formulas = {a.where for m in METRICS.values() for a in m.amounts if len(a.where) > 40}
    root = Path(catalogue.__file__).parent.parent
    outside = [p for p in root.rglob("*") if p.suffix in (".py", ".sql", ".j2") and "metrics" not in p.parts]
    assert outside
    for path in outside:
        text = path.read_text("utf-8")
        assert not [f for f in formulas if f in text], path


def test_docs_metrics_md_is_what_the_registry_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "metrics.md"
    assert page.read_text("utf-8") == render_metrics_md(), "run `make docs`"


def test_docs_metrics_md_holds_every_metric() -> None:
    page = render_metrics_md()
    for metric in METRICS.values():
        assert f"### `{metric.code}` — " in page
