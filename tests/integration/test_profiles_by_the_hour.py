"""Where a profile counts: Wazo's apportioned hours, Connect's end of contact, Genesys's end of the after-call work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from opsledger.domain.calendar import Grain, make_period
from opsledger.domain.errors import UserError
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.measure import Facts, ask, parts_of
from opsledger.projections.metrics.model import Metric
from opsledger.projections.metrics.profiles import profile
from opsledger.projections.metrics.query import Question, cells_of
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.run import run_report
from tests import fact_tables

DAY = make_period(Grain.DAY, date(2026, 1, 5), "UTC")
MIN_MS = 60_000
Hours = dict[int, int]


def at(text: str) -> datetime:
    return datetime.combine(date(2026, 1, 5), datetime.strptime(text, "%H:%M:%S").time(), UTC)  # noqa: DTZ007  made aware here


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    """Queued 09:58, answered 09:59, talks until 10:03, wraps up until 11:05; signed in 09:50–11:10, on a break 10:50–11:10."""
    leg = {"call": "c1", "leg": 1, "queue": "q", "is_entry": True, "entered_at": at("09:58:00"), "queued_at": at("09:58:00")}
    leg |= {"answered_at": at("09:59:00"), "outcome": "answered", "agent": "a1", "wait_ms": MIN_MS, "ended_at": at("10:03:00")}
    leg |= {"talk_ms": 4 * MIN_MS, "wrapped_up": True, "wrap_up_ms": 62 * MIN_MS, "end_kind": "ended"}
    leg |= {"wrap_started_at": at("10:03:00"), "wrap_ended_at": at("11:05:00")}
    lost = {"call": "c2", "leg": 1, "queue": "q", "is_entry": True, "entered_at": at("09:59:30"), "queued_at": at("09:59:30")}
    lost |= {"left_at": at("10:00:30"), "outcome": "abandoned", "wait_ms": MIN_MS}
    spans = [("idle", "09:50:00", "10:50:00"), ("break", "10:50:00", "11:10:00")]
    with fact_tables.engine(tmp_path_factory.mktemp("facts") / "db") as client:
        fact_tables.insert(client, "legs", [leg])
        fact_tables.insert(client, "legs", [lost])
        rows = [
            {"shift": "s1", "n": n, "agent": "a1", "state": state, "starts_at": at(start), "ends_at": at(end)}
            for n, (state, start, end) in enumerate(spans)
        ]
        fact_tables.insert(client, "agent_spans", rows)
        yield Facts(client, "t1", DAY.stop)


def by_hour(facts: Facts, metric: Metric, side: int = 0) -> Hours:
    question = Question(cells_of([metric], None), DAY, (), Cut(DAY, Every.HOUR))
    found: dict[int, Any] = {}
    for (hour,), sums in ask(facts, question):
        (parts,) = parts_of([metric], None, question.cells, sums)
        found[int(hour)] = (parts.numerator, parts.denominator)[side]
    return {hour: value for hour, value in found.items() if value}


@pytest.mark.parametrize(
    ("code", "hours"),
    [
        ("signed_in_time", {9: 10 * MIN_MS, 10: 60 * MIN_MS, 11: 10 * MIN_MS}),
        ("pause_time", {10: 10 * MIN_MS, 11: 10 * MIN_MS}),
        ("wrap_up_time", {10: 57 * MIN_MS, 11: 5 * MIN_MS}),
        ("talk_time", {9: 4 * MIN_MS}),
        ("legs_answered", {9: 1}),
        ("answer_rate", {9: 1}),
    ],
)
def test_wazo_splits_an_agents_time_over_hours_and_keeps_a_call_in_that_of_its_entry(
    facts: Facts, code: str, hours: Hours
) -> None:
    assert by_hour(facts, profile("wazo").metric(code)) == hours


def test_apportioned_hours_are_not_the_dictionarys(facts: Facts) -> None:
    """Negative control: by the dictionary the wrap-up counts in the hour in which the leg ended."""
    assert by_hour(facts, profile("cn-hotline").metric("wrap_up_time")) == {10: 62 * MIN_MS}
    assert by_hour(facts, replace(profile("wazo").metric("wrap_up_time"), default=profile("connect").attribution)) == {
        10: 62 * MIN_MS
    }


@pytest.mark.parametrize(
    ("code", "handled", "base"),
    [
        ("avg_handle", {"connect": {10: 66 * MIN_MS}, "genesys": {11: 66 * MIN_MS}}, {"connect": {10: 1}, "genesys": {11: 1}}),
        ("asa", {"connect": {10: MIN_MS}, "genesys": {9: MIN_MS}}, {"connect": {10: 1}, "genesys": {9: 1}}),
        ("abandon_rate", {"connect": {10: 1}, "genesys": {9: 1}}, {"connect": {10: 2}, "genesys": {9: 2}}),
        ("avg_abandon_time", {"connect": {10: MIN_MS}, "genesys": {10: MIN_MS}}, {"connect": {10: 1}, "genesys": {10: 1}}),
    ],
)
def test_connect_counts_at_the_end_of_the_contact_and_genesys_when_the_metric_is_complete(
    facts: Facts, code: str, handled: dict[str, Hours], base: dict[str, Hours]
) -> None:
    for name, hours in handled.items():
        assert by_hour(facts, profile(name).metric(code)) == hours, name
        assert by_hour(facts, profile(name).metric(code), side=1) == base[name], name


@pytest.mark.parametrize("name", ["asterisk-sl", "asterisk-sl2", "connect", "genesys", "wazo"])
@pytest.mark.parametrize("report", ["traffic", "service_indicators", "bulletin"])
@pytest.mark.parametrize("attribution", [None, "enter", "answer", "end"])
def test_both_laws_hold_under_every_profile_and_attribution(
    facts: Facts, report: str, name: str, attribution: str | None
) -> None:
    result = run_report(facts, Request(report, DAY, profile=name, attribution=attribution))
    assert result.ok, result.footer.warnings
    assert result.parameters["profile"] == name


@pytest.mark.parametrize(
    ("report", "name", "why"),
    [
        ("tickets", "connect", "Amazon Connect defines no metric of tickets; leave --profile out"),
        ("lost_calls", "wazo", "Wazo defines no metric of lost_calls; leave --profile out"),
        ("call_detail", "wazo", "has no metrics that a profile could change; leave --profile out"),
        ("traffic", "wozo", "there is no profile 'wozo'; did you mean 'wazo'"),
    ],
)
def test_a_profile_that_a_report_cannot_honour_is_refused(facts: Facts, report: str, name: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        run_report(facts, Request(report, DAY, profile=name))
