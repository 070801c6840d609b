"""Figures with their evidence, unions and percentiles, and what "called back" means: small cases worked by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.projections.metrics.measure import Facts, measure
from tests import fact_rows, fact_tables

DAY = make_period(Grain.DAY, date(2026, 1, 31), "Asia/Shanghai")
Rows = dict[str, list[fact_tables.Row]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Rows]]:
    with fact_tables.engine(tmp_path_factory.mktemp("facts") / "db") as client:
        start = DAY.start - timedelta(hours=20)
        rows = fact_rows.make_rows(random.Random(2), start, int((DAY.stop - start).total_seconds()) + 40_000, 400)
        for table, some in rows.items():
            fact_tables.insert(client, table, some, "tenant2")
        yield client, rows


def _facts(client: Any, tenant: str, cutoff: datetime) -> Facts:
    return Facts(client, tenant, cutoff)


def test_overlapping_faults_count_once(world: Any) -> None:
    client, rows = world
    period = DAY
    cutoff = period.stop
    alone = sum(
        max(0, (min(r["cleared_at"] or cutoff, period.stop) - max(r["raised_at"], period.start)).total_seconds())
        for r in rows["faults"]
    )
    measured = measure(_facts(client, "tenant2", cutoff), "fault_minutes", period)[""].numerator
    assert measured == _union_ms(rows["faults"], period, cutoff)
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
    period = DAY
    inside = [r for r in rows["tickets"] if r["resolved_at"] and period.start <= r["resolved_at"] < period.stop]
    values = sorted((r["resolved_at"] - r["opened_at"]) // timedelta(milliseconds=1) for r in inside)
    place = (len(values) - 1) * Decimal("0.9")
    low = int(place)
    expected = values[low] + (place - low) * (values[low + 1] - values[low])
    measured = measure(_facts(client, "tenant2", period.stop), "ticket_duration_p90", period)[""].numerator
    assert measured == expected


def test_no_row_of_another_tenant_is_ever_counted(world: Any) -> None:
    client, _ = world
    everything = Period(Grain.DAY, "all", "UTC", date(2026, 1, 1), date(2027, 1, 1))
    assert measure(_facts(client, "somebody else", datetime(2027, 1, 1, tzinfo=UTC)), "entries", everything)[""].numerator == 0


def test_evidence_names_the_rows_behind_a_figure(world: Any) -> None:
    client, rows = world
    period = DAY
    facts = _facts(client, "tenant2", period.stop)
    by_queue = measure(facts, "kpi_service_level", period, by="queue")
    for queue, measured in by_queue.items():
        inside = [
            r
            for r in rows["legs"]
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
    assert measured.numerator == 2
    assert measured.denominator == 5
