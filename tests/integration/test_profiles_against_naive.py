"""Every metric that a profile defines, counted by the engine, equals the same counted row by row in Python."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.measure import Facts, ask, parts_of
from opsledger.projections.metrics.model import Attribution, Metric
from opsledger.projections.metrics.profiles import DEFAULT_PROFILE, PROFILES
from opsledger.projections.metrics.query import Question, cells_of
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.run import run_report
from tests import fact_rows, fact_tables, naive_profiles
from tests.naive_core import T_MS, pieces

ZONES = [
    (Grain.DAY, date(2026, 10, 25), "Europe/Berlin"),  # 25 hours
    (Grain.DAY, date(2026, 7, 1), "Asia/Kolkata"),  # half-hour zone
    (Grain.WEEK, date(2026, 3, 8), "America/New_York"),  # ends with a day of 23 hours
]
NAIVE = naive_profiles.profiles()
CASES = [(number, profile, code) for number in range(len(ZONES)) for profile, parts in NAIVE.items() for code in parts]
Rows = dict[str, list[fact_tables.Row]]
Counted = dict[int, list[Decimal]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, list[Rows]]]:
    rows = []
    with fact_tables.engine(tmp_path_factory.mktemp("facts") / "db") as client:
        for number, (grain, day, zone) in enumerate(ZONES):
            period = make_period(grain, day, zone)
            start = period.start - timedelta(hours=20)
            span_s = int((period.stop - start).total_seconds()) + 40_000
            made = fact_rows.make_rows(random.Random(number), start, span_s, 500)
            rows.append({table: made[table] for table in ("legs", "agent_spans", "transfers", "rings")})
            for table, some in rows[number].items():
                fact_tables.insert(client, table, some, f"tenant{number}")
        yield client, rows


def _marks(period: Period) -> list[datetime]:
    """The quarter hours of a day, the days of a longer period: where its intervals begin."""
    if period.grain is not Grain.DAY:
        return [*(make_period(Grain.DAY, day, period.zone).start for day in period.days), period.stop]
    steps = (period.stop - period.start) // timedelta(minutes=30)
    return [period.start + n * timedelta(minutes=30) for n in range(steps + 1)]


def _naive(profile: str, code: str, rows: Rows, marks: Sequence[datetime], cutoff: datetime) -> Counted:
    found: Counted = defaultdict(lambda: [Decimal(0), Decimal(0)])
    attribution = naive_profiles.ATTRIBUTIONS[profile][code]
    for side, one in enumerate(NAIVE[profile][code]):
        for row in rows[one.table] if one else ():
            for moment, amount in pieces(one, row, attribution, marks, cutoff):
                if marks[0] <= moment < marks[-1]:
                    found[max(i for i, m in enumerate(marks) if m <= moment)][side] += amount
    return {k: v for k, v in found.items() if any(v)}


def _by_engine(facts: Facts, metric: Metric, period: Period) -> Counted:
    every = Every.HALF_HOUR if period.grain is Grain.DAY else Every.DAY
    question = Question(cells_of([metric], None), period, (), Cut(period, every))
    found = {}
    for (number,), sums in ask(facts, question, T_MS):
        (parts,) = parts_of([metric], None, question.cells, sums)
        found[int(number)] = [Decimal(parts.numerator or 0), Decimal(parts.denominator or 0)]
    return {k: v for k, v in found.items() if any(v)}


def _both(world: Any, number: int, profile: str, code: str, metric: Metric) -> tuple[Counted, Counted]:
    client, rows = world
    period = make_period(*ZONES[number])
    cutoff = period.stop - timedelta(hours=3)
    naive = _naive(profile, code, rows[number], _marks(period), cutoff)
    return _by_engine(Facts(client, f"tenant{number}", cutoff), metric, period), naive


@pytest.mark.parametrize(("number", "profile", "code"), CASES)
def test_the_engine_counts_what_python_counts_in_every_interval(world: Any, number: int, profile: str, code: str) -> None:
    metric = PROFILES[profile].metric(code)
    assert metric.default.value == naive_profiles.ATTRIBUTIONS[profile][code]
    engine, naive = _both(world, number, profile, code, metric)
    assert engine == naive
    assert len(naive) > 5, "too little happens in this world to prove anything"


def test_every_metric_that_a_profile_defines_is_counted_here() -> None:
    for profile in PROFILES.values():
        if profile.code != DEFAULT_PROFILE:
            assert set(profile.metrics) == set(NAIVE[profile.code]) == set(naive_profiles.ATTRIBUTIONS[profile.code])


@pytest.mark.parametrize(("profile", "code"), [(p, c) for n, p, c in CASES if n == 0])
def test_a_profiles_formula_that_is_slightly_wrong_is_found_out(world: Any, profile: str, code: str) -> None:
    metric = PROFILES[profile].metric(code)
    right = metric.amounts[-1]
    spread = metric.default is Attribution.SPREAD and right.span is not None
    other = ("ends_at", "starts_at") if right.table == "agent_spans" else ("wrap_started_at", "wrap_started_at")
    wrong = replace(right, span=other) if spread else replace(right, where=f"({right.where}) AND cityHash64(call) % 5 != 0")
    side = "numerator" if metric.denominator is None else "denominator"
    engine, naive = _both(world, 0, profile, code, replace(metric, **{side: wrong}))
    assert engine != naive


@pytest.mark.parametrize("asked", ["enter", "answer", "end"])
def test_profiles_that_count_alike_can_be_moved_alike(world: Any, asked: str) -> None:
    """--attribution moves a profile's metric as it does the dictionary's."""
    client, _ = world
    period = make_period(*ZONES[0])
    facts = Facts(client, "tenant0", period.stop)
    own, theirs = (PROFILES[name].metric("service_level") for name in ("asterisk-sl", "wazo"))
    assert own.amounts == theirs.amounts
    question = Question(cells_of([own], Attribution(asked)), period)
    ((_, sums),) = ask(facts, question, T_MS)
    (parts,) = parts_of([own], Attribution(asked), question.cells, sums)
    assert parts.denominator


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("asked", [None, "enter", "answer", "end"])
def test_both_laws_hold_over_generated_rows(world: Any, profile: str, asked: str | None) -> None:
    client, _ = world
    for number, zone in enumerate(ZONES):
        period = make_period(*zone)
        facts = Facts(client, f"tenant{number}", period.stop - timedelta(hours=3))
        result = run_report(facts, Request("traffic", period, profile=profile, attribution=asked))
        assert result.ok, result.footer.warnings
        assert len(result.rows) > 5
