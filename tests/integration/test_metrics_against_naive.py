"""Every metric counted by the engine equals the same metric counted row by row in Python, whatever the zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics import query
from opsledger.projections.metrics.model import Attribution, Metric
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.metrics.tables import TABLES
from tests import fact_tables
from tests.metric_scene import Scene, by_engine, by_python, differing, make_scene

ZONES = [
    (Grain.DAY, date(2026, 3, 29), "Europe/Berlin"),  # 23 hours
    (Grain.DAY, date(2026, 10, 25), "Europe/Berlin"),  # 25 hours
    (Grain.DAY, date(2026, 1, 31), "Asia/Shanghai"),  # ends at 16:00 UTC
    (Grain.DAY, date(2026, 7, 1), "Asia/Kolkata"),  # half-hour zone
    (Grain.DAY, date(2026, 4, 5), "Australia/Lord_Howe"),  # a change of half an hour
    (Grain.WEEK, date(2026, 11, 1), "America/New_York"),
    (Grain.WEEK, date(2026, 3, 8), "America/New_York"),
    (Grain.MONTH, date(2026, 2, 1), "Asia/Shanghai"),
    (Grain.MONTH, date(2026, 3, 1), "Europe/Berlin"),
]
ASKED = [None, *(a for a in Attribution if a is not Attribution.DUE)]
VIEW_ERRORS = [
    ("first_contacts", "AND 1 PRECEDING", "AND CURRENT ROW"),
    ("first_contacts", "if(known, matter,", "if(known, cityHash64(customer),"),
    ("first_contacts", "matter != 0 AS known", "true AS known"),
    ("first_contacts_whole", "gap <= {window_ms:Int64} * 1000", "gap <= {window_ms:Int64} * 700"),
    ("first_contacts_whole", "if(known, matter,", "if(known, cityHash64(customer),"),
    ("first_contacts_whole", "matter != 0 AS known", "true AS known"),
    # two contacts may be of the same moment
    ("first_contacts_whole", "arrayReverseFill(gap -> gap > 0, arrayPushBack(", "(arrayPushBack("),
    ("lost_entries", "INTERVAL 24 HOUR, false", "INTERVAL 20 HOUR, false"),
    # who left last is dialled back too late to be looked at
    ("lost_entries", "+ INTERVAL 24 HOUR\n", "+ INTERVAL 1 SECOND\n"),
    ("kept_schedule", "least(ifNull(span.ends_at, {cutoff:DateTime64(6, 'UTC')}), plan.plan_until)", "plan.plan_until"),
    ("seat_hours", "range(stretch.4)", "range(stretch.4 + 1)"),
    ("staff_period", "- toIntervalMicrosecond(1)", "- toIntervalHour(6)"),
    ("month_costs", "{month_starts:Array(Int64)}[indexOf", "{month_starts:Array(Int64)}[1 + indexOf"),
    (
        "month_legs",
        "ended_at < fromUnixTimestamp64Micro({months_until:Int64}, 'UTC')",
        "ended_at < {cutoff:DateTime64(6, 'UTC')}",
    ),
    ("campaign_calls", "offered AND direction", "direction"),
]
"""View (``…_whole``: its rows for sums over all of them), what stands in its .sql file, and an error planted there."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with fact_tables.engine(tmp_path_factory.mktemp("facts") / "db") as engine:
        yield engine


@pytest.fixture(scope="module")
def scenes(client: Any) -> list[Scene]:
    return [make_scene(client, f"tenant{n}", when, n, 300) for n, when in enumerate(ZONES)]


def test_every_metric_of_the_registry_has_a_naive_twin(scenes: list[Scene]) -> None:
    assert set(scenes[0].twins()) == set(METRICS)
    for code, (numerator, denominator) in scenes[0].twins().items():
        tables = (numerator.table,) if denominator is None else (numerator.table, denominator.table)
        assert tuple(a.table for a in METRICS[code].amounts) == tables, code


@pytest.mark.parametrize("number", range(len(ZONES)))
@pytest.mark.parametrize("asked", ASKED)
def test_the_engine_counts_what_python_counts_in_every_interval(
    scenes: list[Scene], number: int, asked: Attribution | None
) -> None:
    scene = scenes[number]
    assert not differing(by_engine(scene, asked), by_python(scene, asked))


@pytest.mark.parametrize("number", range(len(ZONES)))
def test_the_whole_period_is_what_the_rows_that_lie_in_it_make(scenes: list[Scene], number: int) -> None:
    scene = scenes[number]
    assert not differing(by_engine(scene, None, whole=True), by_python(scene, None, whole=True))


def test_the_made_up_rows_give_every_metric_something_to_count(scenes: list[Scene]) -> None:
    counted = [by_python(scene, None, whole=True) for scene in scenes]
    assert [code for code in METRICS if not any(found[code] for found in counted)] == []


NUMBERS = count()


@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    when=st.builds(
        lambda grain, zone, day: (grain, day, zone),
        st.sampled_from([Grain.DAY, Grain.WEEK, Grain.MONTH]),
        st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Shanghai"]),
        st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    ),
    seed=st.integers(0, 2**32),
    rows=st.integers(0, 60),
    before_end=st.integers(0, 90_000),
    asked=st.sampled_from(ASKED),
)
def test_whatever_the_rows_the_zone_and_the_period(
    client: Any, when: Any, seed: int, rows: int, before_end: int, asked: Attribution | None
) -> None:
    scene = make_scene(client, f"drawn{next(NUMBERS)}", when, seed, rows, timedelta(seconds=before_end))
    assert not differing(by_engine(scene, asked), by_python(scene, asked))


def _spoiled(metric: Metric) -> Metric:
    """The metric with the smallest error in its numerator: one row more or less in the condition, else in the value."""
    amount = metric.numerator
    if amount.where:
        return replace(metric, numerator=replace(amount, where=f"NOT ({amount.where})"))
    if amount.span is not None:
        return replace(metric, numerator=replace(amount, span=(f"{amount.span[0]} + toIntervalHour(1)", amount.span[1])))
    return replace(metric, numerator=replace(amount, value=f"({amount.value}) + 1"))


def test_an_error_planted_in_any_metric_is_found_out(scenes: list[Scene]) -> None:
    unnoticed = dict(METRICS)
    for scene in scenes:
        if not unnoticed:
            break
        spoiled = {code: _spoiled(m) for code, m in unnoticed.items()}
        found = differing(by_engine(scene, None, whole=True, metrics=spoiled), by_python(scene, None, whole=True))
        unnoticed = {code: m for code, m in unnoticed.items() if code not in found}
    assert not unnoticed


@pytest.mark.parametrize(
    ("code", "right", "wrong"),
    [
        ("service_level", "wait_ms <= ", "wait_ms < "),
        ("talk_time", "talk_ms", "talk_ms + 1"),
        ("callback_timeliness", "first_attempt_at <=", "first_attempt_at >="),
        ("attrition", "'left'", "'moved'"),
        ("shifts_late", "signed_in_at <= starts_at", "signed_in_at < starts_at"),
        ("penalty_amount", "amount", "assessed_amount"),
        ("items_lost", "!= 0", "> 3"),
    ],
)
def test_a_formula_that_is_slightly_wrong_is_found_out(scenes: list[Scene], code: str, right: str, wrong: str) -> None:
    metric = METRICS[code]
    amount = metric.numerator
    bent = replace(amount, where=amount.where.replace(right, wrong), value=amount.value.replace(right, wrong))
    assert bent != amount
    spoiled = {code: replace(metric, numerator=bent)}
    assert any(by_engine(s, None, whole=True, metrics=spoiled)[code] != by_python(s, None, whole=True)[code] for s in scenes)


@pytest.mark.parametrize(("view", "right", "wrong"), VIEW_ERRORS)
def test_an_error_planted_in_a_view_is_found_out(
    scenes: list[Scene], monkeypatch: pytest.MonkeyPatch, view: str, right: str, wrong: str
) -> None:
    name, whole = view.removesuffix("_whole"), view.endswith("_whole")
    table = TABLES[name]
    text = table.whole if whole else table.view
    assert right in text
    bent = (
        replace(table, whole=text.replace(right, wrong)) if whole else replace(table, view=text.replace(right, wrong), whole="")
    )
    monkeypatch.setattr(query, "TABLES", {**TABLES, name: bent})
    made_of_it = {code: m for code, m in METRICS.items() if name in m.tables}
    found = [differing(by_engine(s, None, whole=True, metrics=made_of_it), by_python(s, None, whole=True)) for s in scenes]
    assert any(found)


@pytest.mark.parametrize("whole", [False, True])
def test_who_comes_again_after_the_period_is_not_missed(client: Any, monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    view = TABLES["first_contacts"]
    longer = "OR {stop:DateTime64(6, 'UTC')} - toIntervalMillisecond({window_ms:Int64}) > {start:DateTime64(6, 'UTC')}"
    # as for a period that is not longer than the window
    asked = replace(view, view=view.view.replace(longer, ""), whole=view.whole.replace(longer, ""))
    late = "OR matter IN", "OR matter = 0 AND matter IN"
    bent = replace(asked, view=asked.view.replace(*late), whole=asked.whole.replace(*late))
    assert len({bent.view, asked.view, view.view, bent.whole, asked.whole, view.whole}) == 6
    judged = {code: m for code, m in METRICS.items() if view.name in m.tables}
    scene = make_scene(client, f"afterwards{whole}", ZONES[2], 7, 800, timedelta(hours=-6))
    assert not differing(by_engine(scene, None, whole=whole, metrics=judged), by_python(scene, None, whole=whole))
    monkeypatch.setattr(query, "TABLES", {**TABLES, view.name: asked})
    assert not differing(by_engine(scene, None, whole=whole, metrics=judged), by_python(scene, None, whole=whole))
    monkeypatch.setattr(query, "TABLES", {**TABLES, view.name: bent})
    assert differing(by_engine(scene, None, whole=whole, metrics=judged), by_python(scene, None, whole=whole))


def test_every_view_has_an_error_planted_in_it() -> None:
    folder = Path(query.__file__).parent
    assert {view for view, _, _ in VIEW_ERRORS} == {path.stem for path in folder.glob("*.sql")}
