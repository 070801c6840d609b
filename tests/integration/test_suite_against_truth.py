"""The suite over a simulated quarter: what the simulator counted itself, the best and the worst, and nothing left unsaid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from opsledger.domain.calendar import Grain, Period, make_period, make_span
from opsledger.projections.formats.html import to_html
from opsledger.projections.formats.terminal import to_terminal
from opsledger.projections.metrics.model import Better, Fold
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.reports.bulletin import RULES
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.empties import unexplained
from opsledger.projections.reports.model import Result
from opsledger.projections.reports.suite.service import INDICATORS, NOT_SHOWN
from tests.quarter import MONTH, ZONE, Quarter, quarter

DAY = make_period(Grain.DAY, date(2026, 2, 11), ZONE)
"""A day on which something happened for every report: small as the centre is, not every day has a complaint."""
WEEK = make_period(Grain.WEEK, date(2026, 2, 11), ZONE)
SUITE = [
    (code, period)
    for code, report in REPORTS.items()
    for period in (DAY, WEEK, MONTH)
    if period.grain in report.grains and report.group.en in ("traffic", "business", "complaints", "work", "service", "special")
]


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quarter]:
    with quarter(tmp_path_factory) as made:
        yield made


def records(result: Result) -> list[dict[str, Any]]:
    names = [column.name for column in result.columns]
    return [dict(zip(names, row, strict=True)) for row in result.rows]


def total(result: Result) -> dict[str, Any]:
    assert result.totals is not None
    return dict(zip([column.name for column in result.columns], result.totals, strict=True))


def days(period: Period) -> list[str]:
    return [day.isoformat() for day in period.days]


@pytest.mark.parametrize("period", [DAY, WEEK, MONTH], ids=lambda p: p.grain)
def test_the_menu_is_what_the_simulator_saw(centre: Quarter, period: Period) -> None:
    result, truth = centre.run("ivr", period), [centre.truth.call(day) for day in days(period)]
    found: Counter[str] = Counter()
    for row in records(result):
        found[f"{row['flow']}/{row['node']}"] += row["ivr_by_node"]
    meant = sum((Counter(day.nodes) for day in truth), Counter[str]())
    assert +found == meant
    told = total(result)
    assert (told["node_entered"], told["node_served"]) == (sum(d.ivr_entered for d in truth), sum(d.ivr_served for d in truth))
    ways = ("node_served", "node_to_queue", "node_to_voicemail", "node_hung_up", "node_left_otherwise")
    assert sum(told[way] for way in ways) == told["node_entered"]


def test_a_campaign_is_what_the_simulator_dialled(centre: Quarter) -> None:
    span = make_span(date(2026, 1, 20), date(2026, 3, 5), ZONE)
    found = {row["campaign"]: row for row in records(centre.run("campaign", span))}
    meant: dict[str, Counter[str]] = {}
    for (day, campaign), one in centre.truth.campaigns.items():
        if day in days(span):
            told = {"dialled": one.dialled, "reached": one.reached, "accepted": one.accepted, "refused": one.refused}
            meant.setdefault(campaign, Counter()).update(told)
    assert {c: {n: row[f"campaign_{n}"] for n in meant[c]} for c, row in found.items()} == meant
    assert len(meant) == 2
    assert all(one["accepted"] for one in meant.values())


def test_the_quarter_has_as_many_complaints_and_callbacks_as_were_simulated(centre: Quarter) -> None:
    months = [make_period(Grain.MONTH, date(2026, month, 1), ZONE) for month in (1, 2, 3)]
    for code in [c for c in REPORTS if c.startswith("complaints_by_")]:
        assert sum(total(centre.run(code, m))["complaints_filed"] for m in months) == centre.truth.things["complaints"]
    assert sum(len(centre.run("complaint_handling", m).rows) for m in months) == centre.truth.things["complaints"]
    assert sum(total(centre.run("callbacks", m))["callbacks_requested"] for m in months) == centre.truth.things["callbacks"]
    assert sum(total(centre.run("faults", m))["fault_count"] for m in months) == centre.truth.things["faults"]


@pytest.mark.parametrize(("code", "period"), SUITE, ids=lambda x: x if isinstance(x, str) else x.grain)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_report_can_be_read_in_both_languages_and_leaves_no_column_unexplained(
    centre: Quarter, code: str, period: Period, lang: Any
) -> None:
    result = centre.run(code, period, lang=lang, charts=period is MONTH)
    assert result.rows
    assert not unexplained(result)
    assert REPORTS[code].label.text(lang) in to_terminal(result, 200)
    if period is MONTH:
        assert REPORTS[code].label.text(lang) in to_html(result)


def test_each_list_of_the_bulletin_is_made_by_its_rule(centre: Quarter) -> None:
    result = centre.run("bulletin")
    assert len(result.sections) == 4
    for section in result.sections:
        dimension, metric, sample = section.columns[1].name, section.columns[2].name, section.columns[4].name
        rule = next(r for r in RULES[dimension] if r.metric == metric)
        assert rule.sample == sample
        assert all(row[4] >= rule.least[Grain.MONTH] for row in section.rows)  # type: ignore[operator]  # a number
        assert 0 < len(section.rows) <= 5
        assert any(section.columns[2].title.casefold() in note.casefold() for note in result.footer.notes)


def test_nobody_is_among_the_best_and_the_worst(centre: Quarter) -> None:
    best, worst, *_ = centre.run("bulletin").sections
    assert not {row[1] for row in best.rows} & {row[1] for row in worst.rows}
    values = [row[2] for row in (*best.rows, *reversed(worst.rows))]
    descending = METRICS[best.columns[2].name].better is Better.HIGHER
    assert values == sorted(values, reverse=descending)  # type: ignore[type-var]  # numbers
    assert best.rows[0][0] == 1


def test_the_bulletin_says_so_where_it_can_rank_nobody(centre: Quarter) -> None:
    result = centre.run("bulletin", DAY, only={"agent": ("nobody",)})
    assert not result.sections
    assert sum("No ranking" in note for note in result.footer.notes) == 2


def test_a_figure_that_a_filter_does_not_fit_has_its_own_reason(centre: Quarter) -> None:
    notes = centre.run("bulletin", only={"queue": ("consult",)}).footer.notes
    absent = [note for note in notes if note.startswith("Not on this page")]
    assert any("not known by queue" in note and "quality score" in note.casefold() for note in notes)
    assert not any("quality score" in note.casefold() for note in absent)


def test_every_metric_of_the_dictionary_is_an_indicator_or_it_is_said_why_not() -> None:
    shown = INDICATORS.split()
    assert len(set(shown)) == len(shown)
    more_than_counts = {m.code for m in METRICS.values() if m.denominator is not None or m.numerator.fold is not Fold.SUM}
    assert more_than_counts - set(shown) == set(NOT_SHOWN)
    assert all(NOT_SHOWN.values())
