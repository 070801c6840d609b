"""Figures beside those of another period, row by row, and whether each meets the target of what its row is about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from opsledger.domain.calendar import Grain, make_period
from opsledger.projections.metrics.intervals import Interval
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.reports.model import Request, Result, Value
from opsledger.projections.reports.run import run_report
from tests import fact_tables

ZONE = "Europe/Berlin"
DAY = make_period(Grain.DAY, date(2026, 3, 29), ZONE)
"""A day of 23 hours; the one before has 24."""
MONTH = make_period(Grain.MONTH, date(2026, 2, 1), ZONE)


def _entry(call: str, queue: str, at: datetime, *, answered: bool) -> fact_tables.Row:
    over = at + timedelta(seconds=5)
    end: dict[str, Any] = {"answered_at": over, "ended_at": over, "outcome": "answered", "agent": "a1"}
    lost = {"left_at": over, "outcome": "abandoned"}
    row = {"call": call, "leg": 1, "queue": queue, "is_entry": True, "entered_at": at, "wait_ms": 5000}
    return {**row, "queued_at": at, **(end if answered else lost)}


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    now, before = datetime(2026, 3, 29, 7, tzinfo=UTC), datetime(2026, 3, 28, 8, tzinfo=UTC)
    rows = [
        *(_entry(f"n{i}", "sales", now, answered=i < 3) for i in range(4)),
        *(_entry(f"b{i}", "sales", before, answered=True) for i in range(2)),
        _entry("gone", "care", before, answered=False),
        _entry("jan31", "sales", datetime(2026, 1, 31, 9, tzinfo=UTC), answered=True),
        _entry("jan1", "sales", datetime(2026, 1, 1, 9, tzinfo=UTC), answered=True),
        _entry("feb1", "sales", datetime(2026, 2, 1, 9, tzinfo=UTC), answered=True),
    ]
    with fact_tables.engine(tmp_path_factory.mktemp("facts") / "db") as client:
        fact_tables.insert(client, "legs", rows)
        fact_tables.configure(client, json.dumps({"answer_rate": "0.9"}), zone=ZONE)
        _describe(client, "sales", {"answer_rate": "0.7"})
        _describe(client, "care", {"answer_rate": "0.5"})
        yield Facts(client, "t1", DAY.stop)


def _describe(client: Any, queue: str, targets: dict[str, str]) -> None:
    at = datetime(2020, 1, 1, tzinfo=UTC)
    row = {"tenant": "t1", "type": "queue.described", "subject": queue, "targets": json.dumps(targets)}
    row |= {"event_id": uuid4(), "effective_from": at, "occurred_at": at}  # type: ignore[dict-item]  # values of many kinds
    client.insert("queue", [list(row.values())], column_names=list(row))


def _rows(result: Result) -> dict[tuple[str, str], dict[str, Value]]:
    names, found = [c.name for c in result.columns], {}
    for row in result.rows:
        values = dict(zip(names, row, strict=True))
        interval = values["interval"]
        found[str(values["queue"]), interval.code[:13] if isinstance(interval, Interval) else ""] = values
    return found


def test_rows_are_matched_by_name_and_by_the_place_of_their_interval(facts: Facts) -> None:
    result = run_report(facts, Request("traffic", DAY, interval="hour", compare="previous"))
    assert result.ok
    rows = _rows(result)
    # the ninth hour of both days: 09:00 the day before, 10:00 on the day that has no 02:00
    assert rows["sales", "2026-03-29T09"]["entries"] == 4
    moved = rows["sales", "2026-03-29T10"]
    assert (moved["entries"], moved["entries.before"], moved["entries.change"]) == (0, 2, -2)


def test_a_row_that_was_there_only_before_is_shown_with_nothing_now(facts: Facts) -> None:
    result = run_report(facts, Request("traffic", DAY, interval="day", compare="previous"))
    gone, sales = _rows(result)["care", "2026-03-29"], _rows(result)["sales", "2026-03-29"]
    assert (gone["entries"], gone["entries.before"], gone["answer_rate"], gone["answer_rate.change"]) == (0, 1, None, None)
    assert (sales["answer_rate"], sales["answer_rate.before"]) == (Decimal("0.75"), 1)
    assert sales["answer_rate.change"] == Decimal("-0.25")
    assert result.totals is not None
    totals = dict(zip((c.name for c in result.columns), result.totals, strict=True))
    assert (totals["entries"], totals["entries.before"]) == (4, 3)


def test_days_without_a_counterpart_are_named_and_stand_in_the_totals(facts: Facts) -> None:
    result = run_report(facts, Request("traffic", MONTH, interval="day", compare="previous"))
    rows = _rows(result)
    assert (rows["sales", "2026-02-01"]["entries"], rows["sales", "2026-02-01"]["entries.before"]) == (1, 1)
    assert len(rows) == 1, "31 January has no counterpart"
    assert any("3 intervals" in note for note in result.footer.notes)
    assert result.totals is not None
    assert result.totals[[c.name for c in result.columns].index("entries.before")] == 2


def test_indicators_stand_beside_those_of_the_year_before(facts: Facts) -> None:
    result = run_report(facts, Request("service_indicators", DAY, compare="last_year"))
    names = [c.name for c in result.columns]
    assert names.index("target") < names.index("previous") < names.index("change_rate")
    row = next(r for r in result.rows if r[names.index("metric")] == "entries")
    assert (row[names.index("value")], row[names.index("previous")], row[names.index("change")]) == (4, 0, 4)
    assert result.parameters["compared_with"] == "2025-03-29"


def test_each_row_is_held_against_the_target_of_its_queue(facts: Facts) -> None:
    result = run_report(facts, Request("traffic", DAY, interval="day", compare="previous"))
    queue = [c.name for c in result.columns].index("queue")
    met = {str(result.rows[n][queue]) if n >= 0 else "": ok for (n, code), ok in result.met.items() if code == "answer_rate"}
    assert met == {"sales": True, "": False}, "0.75 reaches the queue's 0.7 and not the tenant's 0.9; care had no entry"


def test_a_report_narrowed_to_a_queue_is_held_against_that_queues_target(facts: Facts) -> None:
    narrowed = run_report(facts, Request("service_indicators", DAY, only={"queue": ("sales",)}))
    whole = run_report(facts, Request("service_indicators", DAY))
    found = [_met(result, "answer_rate") for result in (narrowed, whole)]
    assert found == [True, False]


def _met(result: Result, code: str) -> bool | None:
    at = [c.name for c in result.columns].index("metric")
    number = next(i for i, row in enumerate(result.rows) if row[at] == code)
    return result.met.get((number, "value"))
