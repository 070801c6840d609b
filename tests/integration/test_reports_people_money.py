"""The reports about people and money, counted by hand; what they add up to is counted twice, and an error planted is seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from opsledger.domain.calendar import Grain, Period, parse_period
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.reports import model
from opsledger.projections.reports.empties import unexplained
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.run import run_report
from tests.fact_tables import Row, engine, insert

ZONE = "Asia/Shanghai"
JANUARY = parse_period(Grain.MONTH, "2026-01", ZONE)
CUTOFF = datetime(2026, 2, 10, tzinfo=UTC)


def at(text: str) -> datetime:
    """A moment of the tenant's zone: ``01-05 08:00``."""
    return datetime.fromisoformat(f"2026-{text}:00+08:00").astimezone(UTC)


def stint(agent: str, n: int, team: str, since: str, until: str = "", began: str = "joined", ended: str = "") -> Row:
    times = {"from_at": at(since), "until_at": at(until) if until else None}
    return {"agent": agent, "n": n, "team": team, "began": began, "ended": ended, **times}


def shift(name: str, agent: str, start: str, came: str = "", went: str = "", excused: str = "") -> Row:
    times = {"starts_at": at(start), "ends_at": at(start) + timedelta(hours=8)}
    times |= {"signed_in_at": at(came) if came else None, "signed_out_at": at(went) if went else None}
    return {"shift": name, "agent": agent, "team": "early" if agent != "a3" else "late", "excused": excused, **times}


def evaluation(name: str, agent: str, score: str, *items: tuple[str, str, int], approved: bool = True, **more: Any) -> Row:
    lost = json.dumps([{"item": item, "deduction": off, "times": times} for item, off, times in items])
    times = {
        "sampled_at": at("01-06 09:00"),
        "scored_at": at("01-07 09:00"),
        "approved_at": at("01-08 09:00") if approved else None,
    }
    form = {"form": "f1", "evaluator": "m1", "method": "recorded", "items_json": lost, "score": Decimal(score)}
    return {"evaluation": name, "agent": agent, **form, **times, **more}


def penalty(
    name: str, amount: int, state: str = "assessed", currency: str = "CNY", left: int | None = None, **more: Any
) -> Row:
    amounts = {"quantity": 1, "unit_amount": amount, "assessed_amount": amount, "amount": amount if left is None else left}
    about = {
        "contract": "desk",
        "rule": "complaints",
        "party": "agent",
        "party_id": "a1",
        "currency": currency,
        "period": "2026-01",
    }
    return {"penalty": name, "assessed_at": at("01-31 23:59"), "state": state, "evidence": 1, **about, **amounts, **more}


STINTS = [
    stint("a1", 1, "early", "01-01 00:00"),
    stint("a2", 1, "early", "01-01 00:00", "01-16 12:00", ended="left"),
    stint("a3", 1, "early", "01-01 00:00", "01-16 12:00", ended="moved"),
    stint("a3", 2, "late", "01-16 12:00", began="moved"),
    stint("a4", 1, "late", "02-01 00:00"),
]
SHIFTS = [
    shift("on-time", "a1", "01-05 08:00", "01-05 07:55", "01-05 16:00"),
    shift("late", "a1", "01-06 08:00", "01-06 08:05", "01-06 16:00"),
    shift("late-excused", "a1", "01-07 08:00", "01-07 08:05", "01-07 16:00", "training"),
    shift("early", "a2", "01-05 08:00", "01-05 08:00", "01-05 15:30"),
    shift("absent", "a2", "01-06 08:00"),
    shift("sick", "a2", "01-07 08:00", excused="sick"),
    shift("leave", "a3", "01-31 23:00", excused="leave"),
    shift("of-february", "a3", "02-01 00:00"),
]
EVALUATIONS = [
    evaluation("e1", "a1", "95.5", ("greeting", "-0.5", 1), ("fillers", "-1", 4), ("closing", "-0.5", 0)),
    evaluation("e2", "a1", "98", ("fillers", "-1", 2), method="live"),
    evaluation("e3", "a2", "100", approved=False),
    evaluation("e4", "a2", "90", ("greeting", "-0.5", 20), scored_at=at("02-01 00:00")),
]
PENALTIES = [
    penalty("p1", 500),
    penalty("p2", 300, "reduced", left=100, appealed_at=at("02-01 09:00"), decided_at=at("02-02 09:00"), reason="first time"),
    penalty("p3", 50, "waived", left=0, vendor="v2"),
    penalty("p4", 999, assessed_at=at("02-01 00:00")),
]
TABLES = {"staff_stints": STINTS, "shifts": SHIFTS, "evaluations": EVALUATIONS, "penalties": PENALTIES}


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    with engine(tmp_path_factory.mktemp("people") / "data") as client:
        for table, rows in TABLES.items():
            insert(client, table, rows)
            insert(client, table, [{**row, "vendor": "theirs"} for row in rows], tenant="t2")
        award = {"award": "w1", "contract": "desk", "rule": "best", "agent": "a1", "amount": 100, "period": "2026-01"}
        insert(client, "awards", [{**award, "granted_at": at("01-31 18:00"), "evidence": 0}])
        yield Facts(client, "t1", CUTOFF)


def run(facts: Facts, code: str, period: Period = JANUARY, **more: Any) -> Result:
    return run_report(facts, Request(code, period, **more))


def by(result: Result, *names: str) -> list[tuple[Any, ...]]:
    """The values of some columns, row by row, the totals last."""
    places = [[c.name for c in result.columns].index(name) for name in names]
    return [tuple(row[i] for i in places) for row in (*result.rows, *([result.totals] if result.totals else []))]


def test_heads_are_counted_where_they_work_at_the_end_and_over_the_month(facts: Facts) -> None:
    result = run(facts, "headcount")
    assert result.ok
    assert by(result, "team", "headcount_end", "staff_joined", "staff_left", "staff_moved") == [
        ("early", 1, 3, 1, 0),
        ("late", 1, 0, 0, 1),
        (None, 2, 3, 1, 1),
    ]
    assert [value for (value,) in by(result, "headcount")] == [2, Decimal("0.5"), Decimal("2.5")]
    assert by(result, "attrition")[-1] == (Decimal(1) / Decimal("2.5"),)
    assert [value for (value,) in by(result, "attendance")] == [Decimal(4) / 6, Decimal(0), Decimal(4) / 7]


def test_lates_early_leaves_absences_and_excuses_are_told_apart(facts: Facts) -> None:
    result = run(facts, "attendance")
    assert result.ok
    counts = ("scheduled_shifts", "shifts_attended", "shifts_late", "shifts_early", "shifts_absent")
    assert by(result, "agent", *counts) == [
        ("a1", 3, 3, 1, 0, 0),
        ("a2", 3, 1, 0, 1, 1),
        ("a3", 1, 0, 0, 0, 0),
        (None, 7, 4, 1, 1, 1),
    ]
    assert by(result, "late_time", "early_time", "excused_leave", "excused_sick", "excused_training") == [
        (300_000, 0, 0, 0, 1),
        (0, 1_800_000, 0, 1, 0),
        (0, 0, 1, 0, 0),
        (300_000, 1_800_000, 1, 1, 1),
    ]


def test_a_shift_that_begins_at_the_months_end_belongs_to_the_day_of_the_tenants_zone(facts: Facts) -> None:
    day = parse_period(Grain.DAY, "2026-01-31", ZONE)
    assert by(run(facts, "attendance", day), "agent", "excused_leave")[0] == ("a3", 1)
    february = parse_period(Grain.DAY, "2026-02-01", ZONE)
    assert by(run(facts, "attendance", february), "agent", "scheduled_shifts", "shifts_absent")[0] == ("a3", 1, 1)


def test_monitoring_counts_scores_and_the_items_lost(facts: Facts) -> None:
    result = run(facts, "monitoring")
    assert result.ok
    assert by(result, "agent", "method", "evaluations_scored", "mean_score", "quality_score", "items_lost") == [
        ("a1", "live", 1, Decimal(98), Decimal(98), 1),
        ("a1", "recorded", 1, Decimal("95.5"), Decimal("95.5"), 2),
        ("a2", "recorded", 1, Decimal(100), Decimal(90), 0),
        (None, None, 3, Decimal("293.5") / 3, Decimal("283.5") / 3, 3),
    ]
    (items,) = result.sections
    assert items.rows == (("f1", "fillers", 2, 6, Decimal(-6)), ("f1", "greeting", 1, 1, Decimal("-0.5")))
    assert items.totals is not None
    assert items.totals[2] == 3
    live = run(facts, "monitoring", only={"method": ("live",)})
    assert live.ok
    assert [row[1] for row in live.sections[0].rows] == ["fillers"]


def test_penalties_stand_one_by_one_with_their_state(facts: Facts) -> None:
    result = run(facts, "penalties")
    assert result.ok
    assert by(result, "penalty", "state", "assessed_amount", "amount", "reason") == [
        ("p1", "assessed", 500, 500, None),
        ("p2", "reduced", 300, 100, "first time"),
        ("p3", "waived", 50, 0, None),
        (None, None, 850, 600, None),
    ]
    (awards,) = result.sections
    assert [row[0] for row in awards.rows] == ["w1"]
    narrowed = run(facts, "penalties", only={"state": ("reduced", "waived"), "vendor": ("v2",)})
    assert narrowed.ok
    assert by(narrowed, "penalty", "amount") == [("p3", 0), (None, 0)]
    assert narrowed.sections == ()


def test_penalties_in_two_currencies_have_no_total(facts: Facts) -> None:
    insert(facts.engine, "penalties", [penalty("p1", 500), penalty("p2", 10, currency="USD")], tenant="t3")
    result = run(replace(facts, tenant="t3"), "penalties")
    assert result.ok
    assert by(result, "penalty", "amount")[-1] == (None, None)


PLANTED = (
    ("penalties", "penalties.sql", "    amount,\n", "    assessed_amount AS amount,\n"),
    ("penalties", "penalties.sql", "assessed_at >= {start:", "assessed_at > {stop:"),
    ("penalties", "penalties.sql", "WHERE tenant = {tenant:String}", "WHERE true"),
    ("monitoring", "items_lost.sql", "> 0", "> 1"),
    ("monitoring", "items_lost.sql", "scored_at < {stop:DateTime64(6, 'UTC')}", "true"),
)


@pytest.mark.parametrize(("code", "file", "right", "wrong"), PLANTED)
def test_an_error_planted_in_a_list_breaks_the_first_law(
    facts: Facts, monkeypatch: pytest.MonkeyPatch, code: str, file: str, right: str, wrong: str
) -> None:
    """Negative control: what the registry counts by itself tells that the rows are wrong."""
    original = model._text
    assert right in original(file)
    monkeypatch.setattr(model, "_text", lambda name: original(name).replace(right, wrong) if name == file else original(name))
    result = run(facts, code)
    assert not result.ok
    assert "1" in result.footer.warnings[0]


@pytest.mark.parametrize("code", ["headcount", "attendance", "monitoring", "penalties"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_column_is_empty_without_a_reason(facts: Facts, code: str, lang: Any) -> None:
    assert not unexplained(run(facts, code, lang=lang, charts=True))
