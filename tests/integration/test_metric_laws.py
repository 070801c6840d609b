"""Both laws for every metric: intervals and groups add up to the whole, under each attribution, whatever the dimension."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.measure import Row, Sum, ask
from opsledger.projections.metrics.model import MOVES, Attribution, Fold, Metric
from opsledger.projections.metrics.query import Question, cells_of
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.metrics.tables import TABLES
from opsledger.projections.reports.catalogue import IDENTITY
from opsledger.projections.reports.laws import additivity
from tests import fact_tables
from tests.metric_scene import Scene, make_scene, movable

WHEN = (Grain.WEEK, date(2026, 3, 29), "Europe/Berlin")
"""Its last day has 23 hours."""
ASKED = [None, *MOVES]
SUMS = [m for m in METRICS.values() if all(a.fold is Fold.SUM for a in m.amounts)]
"""Additive metrics, and ratios whose two parts are."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with fact_tables.engine(tmp_path_factory.mktemp("facts") / "db") as client:
        yield make_scene(client, "t1", WHEN, 5, 400)


def _breaches(scene: Scene, metrics: Sequence[Metric], asked: Attribution | None, **by: object) -> list[str]:
    cells = cells_of(metrics, asked)
    ((_, whole),) = ask(scene.facts, Question(cells, scene.period))
    assert any(whole)
    return additivity(cells, ask(scene.facts, Question(cells, scene.period, **by)), whole)  # type: ignore[arg-type]  # by keyword


def _by_table(asked: Attribution | None) -> dict[tuple[str, ...], list[Metric]]:
    found: dict[tuple[str, ...], list[Metric]] = defaultdict(list)
    for metric in movable(asked, SUMS):
        found[metric.tables].append(metric)
    return found


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("every", [Every.HALF_HOUR, Every.HOUR, Every.DAY, Every.HOUR_OF_DAY, Every.WEEKDAY_HOUR])
def test_the_intervals_of_every_sum_add_up_to_the_whole(scene: Scene, asked: Attribution | None, every: Every) -> None:
    assert _breaches(scene, movable(asked, SUMS), asked, cut=Cut(scene.period, every)) == []


@pytest.mark.parametrize("asked", ASKED)
def test_the_groups_of_every_sum_add_up_to_the_whole_by_every_dimension(scene: Scene, asked: Attribution | None) -> None:
    for tables, metrics in _by_table(asked).items():
        for dimension in set.intersection(*(set(TABLES[t].dimensions) for t in tables)):
            cells = cells_of(metrics, asked)
            ((_, whole),) = ask(scene.facts, Question(cells, scene.period))
            rows = ask(scene.facts, Question(cells, scene.period, (dimension,)))
            assert additivity(cells, rows, whole) == [], (tables, dimension)


def _identity(scene: Scene, rows: Sequence[Row], width: int) -> None:
    for key, sums in rows:
        entries, *parts = (Decimal(s or 0) for s in sums)
        assert entries == sum(parts), (scene.tenant, key[:width])


@pytest.mark.parametrize("asked", [None, Attribution.ENTER, Attribution.ANSWER, Attribution.END])
def test_every_entry_ends_in_one_way_in_every_interval_and_queue(scene: Scene, asked: Attribution | None) -> None:
    cells = cells_of([METRICS[code] for code in IDENTITY], asked)
    cut = Cut(scene.period, Every.HALF_HOUR)
    _identity(scene, ask(scene.facts, Question(cells, scene.period, ("queue",), cut)), 2)


NUMBERS = count()


@settings(max_examples=10, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Shanghai"]),
    grain=st.sampled_from([Grain.DAY, Grain.WEEK, Grain.MONTH]),
    day=st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    seed=st.integers(0, 2**32),
    rows=st.integers(1, 80),
    asked=st.sampled_from(ASKED),
)
def test_the_laws_hold_whatever_the_rows_the_zone_and_the_period(
    scene: Scene, zone: str, grain: Grain, day: date, seed: int, rows: int, asked: Attribution | None
) -> None:
    drawn = make_scene(scene.client, f"drawn{next(NUMBERS)}", (grain, day, zone), seed, rows, timedelta(hours=5))
    cells = cells_of(movable(asked, SUMS), asked)
    ((_, whole),) = ask(drawn.facts, Question(cells, drawn.period))
    assert additivity(cells, ask(drawn.facts, Question(cells, drawn.period, (), Cut(drawn.period, drawn.every))), whole) == []


def test_a_part_that_is_lost_on_the_way_is_found_out(scene: Scene) -> None:
    cells = cells_of([METRICS["talk_time"]], Attribution.SPREAD)
    ((_, whole),) = ask(scene.facts, Question(cells, scene.period))
    rows = ask(scene.facts, Question(cells, scene.period, (), Cut(scene.period, Every.HOUR)))
    lost: list[Row] = [(rows[0][0], _less(rows[0][1])), *rows[1:]]
    assert additivity(cells, rows, whole) == []
    assert len(additivity(cells, lost, whole)) == 1


def _less(sums: Sequence[Sum]) -> tuple[Sum, ...]:
    return tuple(Decimal(s or 0) - 1 for s in sums)
