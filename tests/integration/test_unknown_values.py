"""A filter that names what is not on record says so, with the nearest name; one that names what is there says nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from opsledger.domain.calendar import Grain, make_period
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.run import run_report
from tests import fact_rows, fact_tables

WEEK = make_period(Grain.WEEK, date(2026, 3, 29), "Europe/Berlin")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    with fact_tables.engine(tmp_path_factory.mktemp("facts") / "db") as client:
        for table, some in fact_rows.make_rows(random.Random(11), WEEK.start, 7 * 86_400, 200).items():
            fact_tables.insert(client, table, some)
        yield Facts(client, "t1", WEEK.stop)


def _warnings(facts: Facts, code: str, **only: Any) -> str:
    return " | ".join(run_report(facts, Request(code, WEEK, only=only)).footer.warnings)


@pytest.mark.parametrize("code", ["traffic", "lost_calls", "call_detail"])
def test_a_queue_that_is_not_there_is_answered_with_the_nearest(facts: Facts, code: str) -> None:
    queues = sorted({str(row[1]) for row in run_report(facts, Request("traffic", WEEK)).rows if row[1]})
    told = _warnings(facts, code, queue=(f"{queues[0]}x",))
    assert f"queue '{queues[0]}x' is not on record in this period; did you mean '{queues[0]}'" in told
    assert "on record: '" in _warnings(facts, code, queue=("zzzzzzzzz",))


def test_a_queue_that_is_there_is_not_doubted(facts: Facts) -> None:
    queue = next(str(row[1]) for row in run_report(facts, Request("traffic", WEEK)).rows if row[1])
    assert "on record in this period" not in _warnings(facts, "traffic", queue=(queue,))
    assert "on record in this period" not in _warnings(facts, "traffic", queue=(queue,), agent=("",))
