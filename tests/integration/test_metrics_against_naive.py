"""Every metric counted by the engine equals the same metric counted row by row in Python, whatever the zone."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.measure import Facts, ask, measure, parts_of
from opsledger.projections.metrics.model import Attribution, Metric
from opsledger.projections.metrics.query import Question, cells_of
from opsledger.projections.metrics.registry import METRICS
from tests import fact_rows, fact_tables, naive_metrics

ZONES = [
    (Grain.DAY, date(2026, 3, 29), "Europe/Berlin"),  # 23 hours
    (Grain.DAY, date(2026, 10, 25), "Europe/Berlin"),  # 25 hours
    (Grain.DAY, date(2026, 1, 31), "Asia/Shanghai"),  # ends at 16:00 UTC
    (Grain.MONTH, date(2026, 2, 1), "Asia/Shanghai"),
    (Grain.DAY, date(2026, 7, 1), "Asia/Kolkata"),  # half-hour zone
    (Grain.DAY, date(2026, 4, 5), "Australia/Lord_Howe"),  # a change of half an hour
    (Grain.WEEK, date(2026, 11, 1), "America/New_York"),
]
ONE_DAY = 24 * 60
Rows = dict[str, list[fact_tables.Row]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, dict[str, Rows]]]:
    rows: dict[str, Rows] = {}
    with fact_tables.engine(tmp_path_factory.mktemp("facts") / "db") as client:
        for number, (grain, day, zone) in enumerate(ZONES):
            tenant = f"tenant{number}"
            period = make_period(grain, day, zone)
            start = period.start - timedelta(hours=20)
            rows[tenant] = fact_rows.make_rows(
                random.Random(number), start, int((period.stop - start).total_seconds()) + 40_000, 400
            )
            for table, some in rows[tenant].items():
                fact_tables.insert(client, table, some, tenant)
        yield client, rows


def _facts(client: Any, tenant: str, cutoff: datetime) -> Facts:
    return Facts(client, tenant, cutoff)


def _local_marks(period: Period, minutes: int) -> list[datetime]:
    """Moments at which a local interval begins, found by walking through the period minute by minute in its zone."""
    zone, found, last = ZoneInfo(period.zone), [], None
    moment = period.start
    while moment < period.stop:
        local = moment.astimezone(zone)
        key = (local.date(), *(() if minutes == ONE_DAY else (local.hour, local.minute // minutes, local.utcoffset())))
        if key != last:
            found.append(moment)
        last, moment = key, moment + timedelta(minutes=1)
    return [*found, period.stop]


def _naive(
    metric: Metric, attribution: Attribution, rows: Rows, marks: list[datetime], cutoff: datetime
) -> dict[int, list[Decimal]]:
    found: dict[int, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for side, one in enumerate(naive_metrics.metrics(cutoff)[metric.code]):
        for row in rows[one.table] if one else ():
            for moment, amount in naive_metrics.pieces(one, row, attribution.value, marks, cutoff):
                if marks[0] <= moment < marks[-1]:
                    found[max(i for i, m in enumerate(marks) if m <= moment)][side] += amount
    return {k: v for k, v in found.items() if any(v)}


def _by_engine(
    facts: Facts, metric: Metric, asked: Attribution | None, period: Period, every: Every
) -> dict[int, list[Decimal]]:
    cut = Cut(period, every)
    question = Question(cells_of([metric], asked), period, (), cut)
    found = {}
    for (number,), sums in ask(facts, question):
        (parts,) = parts_of([metric], asked, question.cells, sums)
        found[int(number)] = [Decimal(parts.numerator or 0), Decimal(parts.denominator or 0)]
    return {k: v for k, v in found.items() if any(v)}


@pytest.mark.parametrize("number", range(len(ZONES)))
@pytest.mark.parametrize("asked", [None, *(a for a in Attribution if a is not Attribution.DUE)])
def test_the_engine_counts_what_python_counts_in_every_interval(world: Any, number: int, asked: Attribution | None) -> None:
    client, rows = world
    grain, day, zone = ZONES[number]
    period = make_period(grain, day, zone)
    cutoff = period.stop - timedelta(hours=3)
    every, minutes = (Every.DAY, ONE_DAY) if grain is not Grain.DAY else (Every.HALF_HOUR, 30)
    marks = (
        _local_marks(period, minutes)
        if grain is Grain.DAY
        else [*(make_period(Grain.DAY, d, zone).start for d in period.days), period.stop]
    )
    tenant = f"tenant{number}"
    for code in naive_metrics.metrics(cutoff):
        metric = METRICS[code]
        if asked is not None and not (metric.movable and metric.can(asked)):
            continue
        expected = _naive(metric, metric.under(asked), rows[tenant], marks, cutoff)
        assert _by_engine(_facts(client, tenant, cutoff), metric, asked, period, every) == expected, (code, asked)


@pytest.mark.parametrize("number", range(len(ZONES)))
def test_the_whole_period_is_the_sum_of_the_rows_that_lie_in_it(world: Any, number: int) -> None:
    client, rows = world
    period = make_period(*ZONES[number])
    cutoff = period.stop - timedelta(hours=3)
    for code in naive_metrics.metrics(cutoff):
        metric = METRICS[code]
        expected = _naive(metric, metric.default, rows[f"tenant{number}"], [period.start, period.stop], cutoff)
        measured = measure(_facts(client, f"tenant{number}", cutoff), code, period)[""]
        assert [measured.numerator, measured.denominator or 0] == expected.get(0, [0, 0]), code


def test_overlapping_faults_count_once(world: Any) -> None:
    client, rows = world
    period = make_period(*ZONES[2])
    cutoff = period.stop
    alone = sum(
        max(0, (min(r["cleared_at"] or cutoff, period.stop) - max(r["raised_at"], period.start)).total_seconds())
        for r in rows["tenant2"]["faults"]
    )
    measured = measure(_facts(client, "tenant2", cutoff), "fault_minutes", period)[""].numerator
    assert measured == _union_ms(rows["tenant2"]["faults"], period, cutoff)
    assert measured < alone * 1000


def _union_ms(faults: list[fact_tables.Row], period: Period, cutoff: datetime) -> int:
    spans = sorted((max(r["raised_at"], period.start), min(r["cleared_at"] or cutoff, period.stop)) for r in faults)
    total, reached = timedelta(0), period.start
    for low, high in spans:
        if high > max(low, reached):
            total += high - max(low, reached)
            reached = high
    return total // timedelta(milliseconds=1)


def test_the_90th_percentile_is_interpolated_between_neighbours(world: Any) -> None:
    client, rows = world
    period = make_period(*ZONES[0])
    inside = [r for r in rows["tenant0"]["tickets"] if r["resolved_at"] and period.start <= r["resolved_at"] < period.stop]
    values = sorted((r["resolved_at"] - r["opened_at"]) // timedelta(milliseconds=1) for r in inside)
    place = (len(values) - 1) * Decimal("0.9")
    low = int(place)
    expected = values[low] + (place - low) * (values[low + 1] - values[low])
    measured = measure(_facts(client, "tenant0", period.stop), "ticket_duration_p90", period)[""].numerator
    assert abs(measured - expected) < Decimal("0.01")


def test_no_row_of_another_tenant_is_ever_counted(world: Any) -> None:
    client, _ = world
    everything = Period(Grain.DAY, "all", "UTC", date(2026, 1, 1), date(2027, 1, 1))
    assert measure(_facts(client, "somebody else", datetime(2027, 1, 1, tzinfo=UTC)), "entries", everything)[""].numerator == 0


def test_evidence_names_the_rows_behind_a_figure(world: Any) -> None:
    client, rows = world
    period = make_period(*ZONES[2])
    facts = _facts(client, "tenant2", period.stop)
    by_queue = measure(facts, "kpi_service_level", period, by="queue")
    for queue, measured in by_queue.items():
        inside = [
            r
            for r in rows["tenant2"]["legs"]
            if r["queue"] == queue
            and r["is_entry"]
            and r["outcome"] != "waiting"
            and period.start <= r["entered_at"] < period.stop
        ]
        base = [r for r in inside if not (r["outcome"] == "abandoned" and r["rings"] == 0)]
        assert measured.evidence.count == len(base) == measured.denominator
    same = measure(facts, "kpi_service_level", period, {"queue": tuple(by_queue)})[""]
    assert same.evidence.count == sum(m.evidence.count for m in by_queue.values())
    assert len({m.evidence.digest for m in by_queue.values()}) == len(by_queue)


def test_called_back_means_an_attempt_or_a_dial_within_a_day(world: Any) -> None:
    client, _ = world
    start = datetime(2026, 1, 5, 8, tzinfo=UTC)
    lost = {"is_entry": True, "entered_at": start, "left_at": start, "outcome": "abandoned", "wait_ms": 0, "leg": 0}
    customers = {"c1": "u1", "c2": "u2", "c3": "u3", "c4": "u4", "c5": ""}
    dials = {"u3": timedelta(hours=23), "u4": timedelta(hours=25), "": timedelta(hours=1), "u2": timedelta(hours=-1)}
    attempts = [{"callback": "b1", "call": "c1", "attempts": 1}, {"callback": "b2", "call": "c2", "attempts": 0}]
    calls = [{"call": f"o{u}", "direction": "outbound", "customer": u, "started_at": start + d} for u, d in dials.items()]
    fact_tables.insert(client, "legs", [{**lost, "call": c, "customer": u} for c, u in customers.items()], "lost")
    fact_tables.insert(client, "callbacks", attempts, "lost")
    fact_tables.insert(client, "calls", calls, "lost")
    measured = measure(_facts(client, "lost", start), "called_back_rate", make_period(Grain.DAY, date(2026, 1, 5), "UTC"))[""]
    assert (measured.numerator, measured.denominator) == (2, 5)


def test_a_formula_that_is_slightly_wrong_is_found_out(world: Any) -> None:
    client, rows = world
    period, metric = make_period(*ZONES[2]), METRICS["service_level"]
    right = metric.numerator
    wrong = replace(metric, numerator=replace(right, where=right.where.replace("<=", "<")))
    marks = [period.start, period.stop]
    expected = _naive(metric, metric.default, rows["tenant2"], marks, period.stop)
    facts = _facts(client, "tenant2", period.stop)
    assert _by_engine(facts, metric, None, period, Every.DAY) == expected
    assert _by_engine(facts, wrong, None, period, Every.DAY) != expected
