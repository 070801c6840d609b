"""A month is settled under the terms in force on each day, line by line, and the same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from opsledger.domain.decisions.base import Command, KnownFacts, Made, events_of
from opsledger.domain.decisions.contract import RULES, AmendContract, ContractState, EndContract, SignContract
from opsledger.domain.errors import UserError
from opsledger.domain.measures import FEW, Measure, Measures, Need, digest_of, evidence_of
from opsledger.domain.settling import Line
from opsledger.domain.statement import StatementStoppedError, canonical, digest_of_lines, needs, statement, stretches
from tests.contract_samples import complaint_rule, kpi_rule, sample_terms

SEATS = {"rule": "seats", "kind": "unit_price", "title": {"en": "Seats", "zh": "席位"}, "quantity": 2, "amount": 7000}
Body = SignContract | AmendContract | EndContract


def signed(*rules: dict[str, Any], since: str = "2026-01-01") -> SignContract:
    return SignContract("v1", sample_terms(rules=list(rules)), midnight(since))


def amended(*rules: dict[str, Any], since: str) -> AmendContract:
    return AmendContract(sample_terms(rules=list(rules)), midnight(since))


def midnight(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00+08:00").astimezone(UTC)


def contract(*bodies: Body) -> ContractState:
    state = RULES.empty
    for minute, body in enumerate(bodies):
        at = (
            midnight("2026-01-20").replace(minute=minute)
            if isinstance(body, EndContract)
            else datetime(2025, 12, 1, 9, minute, tzinfo=UTC)
        )
        command = Command("t1", "desk", "ann", at, body)
        made = RULES.decide(command, state, KnownFacts())
        assert isinstance(made, Made), made
        for event in events_of(command, made):
            state = RULES.evolve(state, event)
    return state


def count(number: int, *, name: str = "x") -> Measure:
    return Measure(Decimal(number), evidence_of(name, [UUID(int=n) for n in range(number)], (("complaint/0", 77),)))


def ratio(numerator: str, denominator: str) -> Measure:
    return Measure(Decimal(numerator), evidence_of("r", []), Decimal(denominator))


def figures(state: ContractState, found: Mapping[str, Mapping[str, Measure]], month: str = "2026-01") -> Measures:
    """What was found, by the name of the measure, given for every need of the month."""
    return {need: found[need.ask.name] for need in needs(state, month)}


def complaints(minor: int = 0, general: int = 0, severe: int = 0) -> dict[str, dict[str, Measure]]:
    return {"complaints_liable": {"minor": count(minor), "general": count(general), "severe": count(severe)}}


def kpi_figures(quality: str = "900", satisfied: Measure | None = None) -> dict[str, dict[str, Measure]]:
    return {
        "agents": {"a2": count(3), "a1": count(5)},
        "service_level": {"": ratio("97", "100")},
        "satisfaction": {"a1": satisfied or ratio("9", "10")},
        "quality_score": {"a1": ratio(quality, "10"), "a2": ratio("450", "5")},
        "awards_granted": {"a1": count(2)},
    }


def amounts(lines: tuple[Line, ...]) -> list[str]:
    return [f"{line.rule}/{line.part or line.party_id}: {line.quantity} × {line.unit_amount} = {line.amount}" for line in lines]


def test_liable_complaints_cost_500_2500_and_5000_by_severity() -> None:
    state = contract(signed(complaint_rule()))
    made = statement(state, "2026-01", figures(state, complaints(minor=3, general=1)))
    assert amounts(made.lines) == [
        "complaints/minor: 3.0000 × -500.0000 = -1500.00",
        "complaints/general: 1.0000 × -2500.0000 = -2500.00",
        "complaints/severe: 0.0000 × -5000.0000 = 0.00",
    ]
    assert (made.total, made.currency, made.vendor, made.contract) == (Decimal("-4000.00"), "CNY", "v1", "desk")


def test_every_line_names_its_rule_its_terms_and_its_evidence() -> None:
    state = contract(signed(complaint_rule()))
    line = statement(state, "2026-01", figures(state, complaints(minor=3))).lines[0]
    assert (line.rule, line.kind, line.title.en, line.title.zh, line.versions) == (
        "complaints",
        "per_event",
        "Complaints",
        "投诉",
        (1,),
    )
    assert (line.first, line.last, line.party, line.party_id) == (date(2026, 1, 1), date(2026, 1, 31), "vendor", "v1")
    (evidence,) = line.evidence
    assert (evidence.count, evidence.event_ids) == (3, (UUID(int=0), UUID(int=1), UUID(int=2)))
    assert evidence.digest == digest_of(str(UUID(int=n)) for n in (2, 0, 1))
    assert evidence.positions == (("complaint/0", 77),)


def test_evidence_of_many_events_is_their_number_and_digest_alone() -> None:
    many = evidence_of("p", [UUID(int=n) for n in range(FEW + 1)])
    assert (many.count, many.event_ids) == (FEW + 1, ())
    assert many.digest != evidence_of("p", [UUID(int=n) for n in range(FEW)]).digest


def test_each_fact_counts_under_the_terms_of_its_day_when_they_change_within_the_month() -> None:
    state = contract(signed(complaint_rule(), SEATS), amended(complaint_rule(600), SEATS, since="2026-01-11"))
    first, second, seats = stretches(state, "2026-01")
    assert [(s.first, s.end, s.versions) for s in (first, second)] == [
        (date(2026, 1, 1), date(2026, 1, 11), (1,)),
        (date(2026, 1, 11), date(2026, 2, 1), (2,)),
    ]
    assert (seats.versions, seats.share) == ((1, 2), 1)  # a rule that did not change is settled as one
    found: dict[Need, Mapping[str, Measure]] = {
        need: complaints(minor=1 if need.first.day == 1 else 2)["complaints_liable"] for need in needs(state, "2026-01")
    }
    made = statement(state, "2026-01", found)
    assert [a for a in amounts(made.lines) if "minor" in a] == [
        "complaints/minor: 1.0000 × -500.0000 = -500.00",
        "complaints/minor: 2.0000 × -600.0000 = -1200.00",
    ]
    assert made.total == Decimal("14000.00") - 1700


def test_terms_that_begin_later_and_were_agreed_earlier_still_hold_from_their_day() -> None:
    state = contract(
        signed(complaint_rule()),
        amended(complaint_rule(700), since="2026-01-20"),
        amended(complaint_rule(600), since="2026-01-10"),
    )
    assert [(s.first.day, s.versions) for s in stretches(state, "2026-01")] == [(1, (1,)), (10, (3,)), (20, (2,))]


def test_a_fee_for_part_of_a_month_is_paid_by_days() -> None:
    state = contract(signed(SEATS, since="2026-01-17"))
    made = statement(state, "2026-01", {})
    assert amounts(made.lines) == ["seats/v1: 0.9677 × 7000.0000 = 6774.19"]  # 14000 × 15 / 31, rounded once
    ended = contract(signed(SEATS), EndContract("over"))
    assert [(s.first.day, s.end.day, s.share.numerator) for s in stretches(ended, "2026-01")] == [(1, 21, 20)]


@pytest.mark.parametrize("month", ["2025-12", "2026-02"])
def test_a_month_outside_the_contract_is_refused(month: str) -> None:
    state = contract(signed(SEATS), EndContract("over"))
    with pytest.raises(UserError, match=f"not in force in {month}: it began 2026-01-01 and ended 2026-01-20"):
        statement(state, month, {})


def test_agents_are_scored_one_by_one_on_the_desks_answer_rate_and_their_own_other_figures() -> None:
    state = contract(signed(kpi_rule()))
    made = statement(state, "2026-01", figures(state, kpi_figures(quality="600")))
    assert amounts(made.lines) == ["kpi/a1: 30.0000 × -70.0000 = -2100.00", "kpi/a2: 0.0000 × 10.0000 = 0.00"]
    one, two = made.lines
    assert one.party == "agent"
    assert [(d.item, d.figure, d.points) for d in one.details] == [
        ("answered", Decimal("97.0000"), Decimal("40.0000")),
        ("satisfaction", Decimal("90.0000"), Decimal("30.0000")),
        ("quality", Decimal("60.0000"), Decimal("0.0000")),
    ]
    assert [(d.item, d.figure, d.points) for d in two.details][1] == ("satisfaction", None, Decimal("30.0000"))
    assert len(one.evidence) == 3


def test_awards_add_points_on_top() -> None:
    state = contract(signed(kpi_rule(extras={"best-employee": 10})))
    made = statement(state, "2026-01", figures(state, kpi_figures()))
    assert amounts(made.lines)[0] == "kpi/a1: 20.0000 × 10.0000 = 200.00"
    assert made.lines[0].details[-1].points == 20


def test_a_pool_for_two_that_is_shared_by_others_is_noted() -> None:
    state = contract(signed(kpi_rule()))
    found = kpi_figures()
    assert statement(state, "2026-01", figures(state, found)).notes == ()
    alone = {**found, "agents": {"a1": count(5)}}
    (note,) = statement(state, "2026-01", figures(state, alone)).notes
    assert "meant for 2 agents; 1 served" in note.en


@pytest.mark.parametrize("empty", [{}, {"": ratio("0", "0")}])
def test_an_empty_denominator_stops_the_statement_with_the_reason(empty: dict[str, Measure]) -> None:
    state = contract(signed(kpi_rule()))
    found = {**kpi_figures(), "service_level": empty}
    with pytest.raises(StatementStoppedError, match=r"kpi, a1, .*Answered within 20 s .* nothing to divide by.*'answered'"):
        statement(state, "2026-01", figures(state, found))


def test_all_reasons_are_told_at_once() -> None:
    state = contract(signed(kpi_rule()))
    with pytest.raises(StatementStoppedError) as stopped:
        statement(state, "2026-01", figures(state, {**kpi_figures(), "service_level": {}, "quality_score": {}}))
    assert len(str(stopped.value).split("\n")) == 5


def test_no_ratings_give_full_points_and_terms_may_say_what_other_empty_figures_give() -> None:
    rule = kpi_rule()
    rule["items"][2]["if_empty"] = 25
    state = contract(signed(rule))
    made = statement(state, "2026-01", figures(state, {**kpi_figures(satisfied=ratio("0", "0")), "quality_score": {}}))
    assert [d.points for d in made.lines[0].details] == [40, 30, 25]


def test_the_same_input_gives_the_same_bytes_and_a_changed_line_another_digest() -> None:
    state = contract(signed(complaint_rule(), SEATS))
    one, two = (statement(state, "2026-01", figures(state, complaints(minor=n))) for n in (1, 2))
    again = statement(state, "2026-01", dict(reversed(figures(state, complaints(minor=1)).items())))
    assert (one, canonical(one)) == (again, canonical(again))
    assert one.digest == digest_of_lines(one.lines) != two.digest
    assert len(one.digest) == 64


def test_the_days_of_a_month_are_those_of_the_contracts_zone() -> None:
    late = datetime(2026, 1, 31, 16, tzinfo=UTC)  # 1 February, 00:00 in Shanghai
    state = contract(SignContract("v1", sample_terms(rules=[SEATS]), late))
    assert stretches(state, "2026-02")[0].first == date(2026, 2, 1)
    with pytest.raises(UserError, match="not in force in 2026-01"):
        stretches(state, "2026-01")
