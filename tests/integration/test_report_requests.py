"""A report refuses what it cannot honour, says what it is not, and holds the numbers that were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from opsledger.domain.calendar import Grain, make_period
from opsledger.domain.errors import UserError
from opsledger.projections.metrics.measure import Facts, measure
from opsledger.projections.reports.model import Request, Result, Value
from opsledger.projections.reports.run import run_report
from tests import fact_tables

DAY = make_period(Grain.DAY, date(2026, 1, 5), "Asia/Shanghai")
NINE = datetime(2026, 1, 5, 1, tzinfo=UTC)
"""09:00 in Shanghai."""


def _leg(call: str, queue: str, waited_s: float, talked_s: int | None, **more: Any) -> fact_tables.Row:
    over = NINE + timedelta(seconds=waited_s)
    row = {
        "call": call,
        "leg": 1,
        "queue": queue,
        "hotline": "10000",
        "vendor": "v1",
        "is_entry": True,
        "entered_at": NINE,
        "queued_at": NINE,
        "wait_ms": round(waited_s * 1000),
        "rings": 1,
    }
    if talked_s is None:
        return {**row, "left_at": over, "outcome": "abandoned", **more}
    ended = over + timedelta(seconds=talked_s)
    return {
        **row,
        "answered_at": over,
        "ended_at": ended,
        "outcome": "answered",
        "agent": "a1",
        "talk_ms": talked_s * 1000,
        **more,
    }


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    with fact_tables.engine(tmp_path_factory.mktemp("facts") / "db") as client:
        legs = [
            _leg("c1", "sales", 20.0, 60),
            _leg("c2", "sales", 20.001, 120),
            _leg("c3", "sales", 5, None),
            _leg("c4", "sales", 7, None, rings=0),
            _leg("c5", "care", 1, 3540),
        ]
        fact_tables.insert(client, "legs", legs)
        calls = [
            {
                "call": r["call"],
                "started_at": NINE,
                "offered": True,
                "direction": "inbound",
                "hotline": "10000",
                "vendor": "v1",
                "open": r["call"] == "c5",
                "first_queue": r["queue"],
            }
            for r in legs
        ]
        fact_tables.insert(client, "calls", calls)
        fact_tables.insert(
            client, "shifts", [{"shift": "s1", "agent": "a1", "team": "red", "starts_at": NINE - timedelta(days=3)}]
        )
        yield Facts(client, "t1", DAY.stop, positions={"call/0": 7})


def _only_row(result: Result, **key: str) -> dict[str, Value]:
    names = [c.name for c in result.columns]
    rows = [dict(zip(names, row, strict=True)) for row in result.rows]
    (found,) = [r for r in rows if all(r[k] == v for k, v in key.items())]
    return found


def test_thresholds_are_inclusive_to_the_millisecond(facts: Facts) -> None:
    row = _only_row(run_report(facts, Request("traffic", DAY, interval="day")), queue="sales")
    assert (row["entries"], row["answered"], row["service_level"]) == (4, 2, Decimal("0.25"))
    looser = _only_row(run_report(facts, Request("traffic", DAY, interval="day", threshold_ms=20_001)), queue="sales")
    assert looser["service_level"] == Decimal("0.5")


def test_the_kpi_rate_leaves_out_abandons_that_the_queue_caused(facts: Facts) -> None:
    measured = measure(facts, "kpi_service_level", DAY, {"queue": ("sales",)})[""]
    assert (measured.numerator, measured.denominator, measured.evidence.count) == (1, 3, 3)


def test_a_ratio_of_totals_is_not_an_average_of_ratios(facts: Facts) -> None:
    result = run_report(facts, Request("traffic", DAY, interval="day"))
    assert result.totals is not None
    rate = [c.name for c in result.columns].index("answer_rate")
    assert result.totals[rate] == Decimal(3) / Decimal(5)
    assert [row[rate] for row in result.rows] == [1, Decimal("0.5")]


def test_nothing_divided_by_nothing_is_empty(facts: Facts) -> None:
    row = _only_row(run_report(facts, Request("traffic", DAY, interval="day")), queue="care")
    assert row["avg_abandon_time"] is None


def test_talk_is_split_over_the_intervals_that_it_covers(facts: Facts) -> None:
    result = run_report(facts, Request("agent_workload", DAY, attribution="spread", only={"team": ("red",)}))
    assert result.ok
    assert any("keep their own attribution" in note and "Average talk" in note for note in result.footer.notes)
    (measured,) = measure(facts, "talk_time", DAY).values()
    assert measured.numerator == (60 + 120 + 3540) * 1000


def test_a_team_is_that_of_the_agents_latest_shift(facts: Facts) -> None:
    result = run_report(facts, Request("agent_workload", DAY))
    assert [row[:3] for row in result.rows] == [("red", "a1", 3)]
    assert run_report(facts, Request("agent_workload", DAY, only={"team": ("blue",)})).rows == ()


def test_a_source_without_agent_states_is_named_in_a_footnote(facts: Facts) -> None:
    result = run_report(facts, Request("agent_workload", DAY))
    assert any("no agent states" in note for note in result.footer.notes)


def test_what_is_missing_is_said_on_the_face(facts: Facts) -> None:
    early = replace(facts, cutoff=NINE, dead_letters=3)
    warnings = " ".join(run_report(early, Request("traffic", DAY)).footer.warnings)
    assert "not over" in warnings
    assert "1 calls that began" in warnings
    assert "3 records were refused" in warnings
    assert run_report(facts, Request("tickets", DAY)).footer.warnings == (
        "There is nothing on record for this period and these filters.",
    )


def test_the_attribution_is_printed_and_so_is_what_could_not_be_moved(facts: Facts) -> None:
    result = run_report(facts, Request("traffic", DAY, attribution="answer"))
    assert result.parameters["attribution"] == "answer"
    assert any("Inbound calls" in note for note in result.footer.notes)


def test_an_indicator_that_does_not_know_a_filter_is_left_empty_and_named(facts: Facts) -> None:
    result = run_report(facts, Request("service_indicators", DAY, only={"queue": ("sales",)}))
    assert _only_row(result, metric="entries")["value"] == 4
    assert _only_row(result, metric="tickets_opened")["value"] is None
    assert any("tickets opened" in note for note in result.footer.notes)


def test_targets_are_met_or_not_in_the_metrics_own_direction(facts: Facts) -> None:
    fact_tables.configure(facts.engine, '{"answer_rate": "0.6", "abandon_rate": "0.1", "inbound_calls": "9"}')
    result = run_report(facts, Request("service_indicators", DAY))
    assert _only_row(result, metric="answer_rate")["met"] is True
    assert _only_row(result, metric="abandon_rate")["met"] is False
    assert _only_row(result, metric="inbound_calls")["met"] is None


def test_complaints_are_compared_with_the_month_before(facts: Facts) -> None:
    filed = [NINE, NINE, NINE - timedelta(days=20)]
    rows = [{"complaint": f"k{i}", "filed_at": at, "vendor": "v1"} for i, at in enumerate(filed)]
    fact_tables.insert(facts.engine, "complaints", rows, "other")
    month = make_period(Grain.MONTH, date(2026, 1, 1), "Asia/Shanghai")
    row = _only_row(
        run_report(Facts(facts.engine, "other", month.stop), Request("complaint_summary", month)), metric="complaints_filed"
    )
    assert (row["value"], row["previous"], row["change"], row["change_rate"]) == (2, 1, 1, 1)


def test_call_detail_lists_every_leg_and_calls_without_one(facts: Facts) -> None:
    fact_tables.insert(facts.engine, "calls", [{"call": "ivr only", "started_at": NINE, "vendor": "v1"}], "detail")
    fact_tables.insert(facts.engine, "calls", [{"call": "two legs", "started_at": NINE, "vendor": "v1"}], "detail")
    fact_tables.insert(
        facts.engine, "legs", [_leg("two legs", "sales", 1, 2), {**_leg("two legs", "care", 9, 2), "leg": 2}], "detail"
    )
    result = run_report(Facts(facts.engine, "detail", DAY.stop), Request("call_detail", DAY))
    names = [c.name for c in result.columns]
    assert [(r[names.index("call")], r[names.index("leg")]) for r in result.rows] == [
        ("ivr only", None),
        ("two legs", 1),
        ("two legs", 2),
    ]
    one = run_report(Facts(facts.engine, "detail", DAY.stop), Request("call_detail", DAY, only={"queue": ("care",)}))
    assert [r[names.index("leg")] for r in one.rows] == [2]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request("trafic", DAY), "'trafic' is not a report; did you mean 'traffic'?"),
        (Request("complaint_summary", DAY), "complaint_summary cannot be run for a day; use --month"),
        (Request("tickets", DAY, only={"queue": ("q",)}), "tickets cannot be narrowed by queue; valid: vendor, "),
        (Request("traffic", DAY, attribution="entry"), "there is no attribution 'entry'; did you mean 'enter'?"),
        (Request("traffic", DAY, attribution="due"), "there is no attribution 'due'; valid: answer, end, enter, spread"),
        (Request("call_detail", DAY, attribution="end"), "leave --attribution out"),
        (Request("traffic", DAY, interval="halfhour"), "did you mean 'half_hour'?"),
        (Request("tickets", DAY, interval="hour"), "tickets is not cut by time"),
        (Request("traffic", DAY, profile="genesis"), "there is no profile 'genesis'; did you mean 'genesys'?"),
        (Request("call_detail", DAY, profile="wazo"), "leave --profile out"),
        (Request("tickets", DAY, attribution="spread"), "no metric of tickets can be counted by 'spread'; valid: enter, end"),
        (Request("traffic", DAY, window_days=7), "leave --window out"),
        (Request("service_indicators", DAY, window_days=0), "a window lies between 1 and 366 days"),
        (Request("traffic", DAY, compare="last year"), "there is no comparison 'last year'; did you mean 'last_year'?"),
        (Request("call_detail", DAY, compare="previous"), "leave --compare out"),
        (Request("traffic", DAY, cell="x"), "the rows behind a cell are listed by call_detail"),
        (Request("call_detail", DAY, cell="x"), "this is not the reference of a cell"),
        (Request("traffic", DAY, threshold_ms=-1), "a threshold lies between 0 and 86400 seconds"),
        (Request("transfers", DAY, threshold_ms=10_000), "leave --threshold out"),
    ],
)
def test_what_a_report_cannot_honour_is_refused_with_what_it_can(facts: Facts, request_: Request, message: str) -> None:
    with pytest.raises(UserError) as error:
        run_report(facts, request_)
    assert message in str(error.value)


def test_a_metric_refuses_a_dimension_that_its_facts_do_not_have(facts: Facts) -> None:
    with pytest.raises(UserError, match="tickets_opened cannot be taken by 'queue'; valid: agent, category"):
        measure(facts, "tickets_opened", DAY, {"queue": ("q",)})
    with pytest.raises(UserError, match="'answer_rat' is not a metric; did you mean 'answer_rate'"):
        measure(facts, "answer_rat", DAY)
