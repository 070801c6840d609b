"""Terms: what is written is what is carried out, and what cannot be carried out is refused with its place."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.decisions.commands import COMMANDS
from opsledger.domain.errors import UserError
from opsledger.domain.kpi import Bonus, Shortfall, Steps
from opsledger.domain.measures import Ask
from opsledger.domain.plain import document
from opsledger.domain.rules import KpiScore, PerEvent, UnitPrice
from opsledger.domain.terms import KINDS, LATER_KINDS, MEASURES, Terms, read_terms
from opsledger.ingest.terms_yaml import parse_terms, read_terms_file
from tests.contract_samples import complaint_rule, kpi_rule, sample_terms

EXAMPLE = Path(__file__).parents[2] / "examples" / "contracts" / "outsourced-desk.yaml"


def terms_with(rule: dict[str, Any]) -> Terms:
    return read_terms(sample_terms(rules=[rule]))


def test_the_outsourced_desk_contract_reads_as_it_was_agreed() -> None:
    terms = read_terms(read_terms_file(EXAMPLE))
    rules = {rule.rule: rule for rule in terms.rules}
    complaints, kpi = rules["complaints"], rules["kpi"]
    assert isinstance(complaints, PerEvent)
    assert dict(complaints.amounts) == {"minor": -500, "general": -2500, "severe": -5000}
    assert [rules[name].amounts for name in ("complaint-callbacks", "messages", "reports")] == [(("", Decimal(-50)),)] * 3  # type: ignore[union-attr]
    assert isinstance(kpi, KpiScore)
    assert (kpi.pool, kpi.pool_agents, kpi.fee, kpi.bonus, kpi.steps) == (2000, 2, 7000, Bonus.EXCESS, Steps.PROPORTIONAL)
    assert kpi.shortfall == Shortfall(Decimal(80), inclusive=True, rate=None)
    assert [(i.target.points, i.target.target, i.target.loss, i.target.percent, i.if_empty) for i in kpi.items] == [
        (40, 97, 2, True, None),
        (30, 90, 1, True, 30),
        (30, 90, 1, False, None),
    ]
    assert kpi.items[0].ask == Ask("service_level", (("leave_out", ("queue_abandons",)), ("within_ms", 20000)))


def test_a_document_says_the_same_after_it_was_kept_in_an_event() -> None:
    written = read_terms_file(EXAMPLE)
    assert document(written) == written
    assert read_terms(document(written)) == read_terms(written)


def test_the_other_readings_of_the_contract_are_terms() -> None:
    rule = kpi_rule(shortfall={"below": 80, "take": "20%"}, bonus="pool", steps="whole")
    (kpi,) = terms_with(rule).rules
    assert isinstance(kpi, KpiScore)
    assert (kpi.shortfall, kpi.bonus, kpi.steps) == (
        Shortfall(Decimal(80), inclusive=False, rate=Decimal(20)),
        Bonus.POOL,
        Steps.WHOLE,
    )


def test_a_unit_price_takes_a_number_or_a_count() -> None:
    base = {"rule": "calls", "kind": "unit_price", "title": {"en": "Calls", "zh": "话务"}, "amount": "0.85"}
    (counted,) = terms_with({**base, "measure": "calls_answered"}).rules
    (fixed,) = terms_with({**base, "quantity": 2}).rules
    assert isinstance(counted, UnitPrice)
    assert isinstance(fixed, UnitPrice)
    assert (counted.amount, counted.ask) == (Decimal("0.85"), Ask("calls_answered"))
    assert (fixed.quantity, fixed.ask) == (2, None)


def changed(rule: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**rule, **changes}


def item(**changes: Any) -> dict[str, Any]:
    rule = kpi_rule()
    return changed(rule, items=[{**rule["items"][0], **changes}, *rule["items"][1:]])


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (changed(complaint_rule(), kind="per_evnt"), r"rules\[0\].kind: unknown kind 'per_evnt'; did you mean 'per_event'"),
        (changed(complaint_rule(), measure="complaint_liable"), "did you mean 'complaints_liable'"),
        (changed(complaint_rule(), amont=5), "unknown name 'amont'"),
        (changed(complaint_rule(), amounts={"minor": 500, "general": 2500}), r"rules\[0\].amounts: 'severe' is missing"),
        (
            changed(complaint_rule(), amounts={"minor": 5, "general": 5, "sever": 5}),
            "'severe' is missing; is 'sever' meant to be it",
        ),
        (changed(complaint_rule(), amounts={"minor": 0.1, "general": 1, "severe": 1}), "a number with at most 4 decimal"),
        (changed(complaint_rule(), amounts={"minor": -1, "general": 1, "severe": 1}), "outside 0"),
        (changed(complaint_rule(), measure="satisfaction"), "is a ratio; per_event needs something that is counted"),
        (changed(complaint_rule(), title={"en": "x"}), r"title: 'zh' is missing"),
        (changed(complaint_rule(), effect="give"), "'give' is not one of them"),
        (kpi_rule(shortfall={"below": 80, "at_or_below": 80, "take": "20%"}), "either 'at_or_below' or 'below'"),
        (kpi_rule(shortfall={"below": 80, "take": 20}), "a percentage such as 20% is needed"),
        (kpi_rule(shortfall={"at_or_below": 100, "take": "proportional"}), "a bonus .* and a deduction at once"),
        (kpi_rule(bonus="exces"), "did you mean 'excess'"),
        (kpi_rule(steps="half"), "'half' is not one of them"),
        (kpi_rule(pool={"amount": 2000, "agents": 0}), "outside 1"),
        (item(points=41), "have to add up to 100"),
        (item(target=97), "a percentage such as 20% is needed"),
        (item(measure="complaints_liable"), "is a count; a KPI item needs a ratio"),
        (
            item(measure={"name": "service_level", "within_ms": 20000, "leave_out": ["abandons"]}),
            "did you mean 'queue_abandons'",
        ),
        (item(measure={"name": "service_level", "within": 20}), "'within_ms' is missing; is 'within' meant to be it"),
        (item(if_empty="half"), "a number with at most 4 decimal places"),
        (item(item="quality"), "two items have the same name"),
        (
            {"rule": "s", "kind": "unit_price", "title": {"en": "S", "zh": "席"}, "amount": 1},
            "either a 'quantity' or a 'measure'",
        ),
    ],
)
def test_what_cannot_be_carried_out_is_refused_with_its_place(rule: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        terms_with(rule)


@pytest.mark.parametrize("kind", LATER_KINDS)
def test_a_kind_that_is_not_settled_yet_is_refused_and_not_half_carried_out(kind: str) -> None:
    with pytest.raises(UserError, match=f"'{kind}' cannot be settled by this version"):
        terms_with(changed(complaint_rule(), kind=kind))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"terms": 2}, "reads terms of format 1, not 2"),
        ({"currency": "yuan"}, "not an ISO 4217 code"),
        ({"zone": "China"}, "is not a time zone"),
        ({"rules": []}, "at least one entry"),
        ({"rules": [complaint_rule(), complaint_rule()]}, "two rules are named 'complaints'"),
        ({"queues": ["q1", "q1"]}, "stands in it twice"),
        ({"vendor": "v1"}, "unknown name 'vendor'"),
        ({"rules": ["complaints"]}, r"rules\[0\]: an object with names is needed"),
    ],
)
def test_wrong_terms_are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        read_terms(sample_terms(**changes))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "kind: kpi_score",
            "kind: kpi_scores",
            r"rules\[5\].kind: unknown kind 'kpi_scores'; did you mean 'kpi_score'",
        ),
        ("    fee: 7000\n", "    fees: 7000\n", r"rules\[5\].fees: 'fee' is missing; is 'fees' meant"),
        ("loss: 2 ", "los: 2 ", r"rules\[5\].items\[0\].los: 'loss' is missing; is 'los' meant"),
        ("currency: CNY", "currency: CNY\ncurrency: USD", r"'currency' stands twice; the first is in line 5"),
        ("terms: 1", "terms: [1", "not YAML"),
        ("currency: CNY", "currency: &c CNY", "anchors"),
        ("amount: 50", "amount: fifty", r"rules\[2\].amount: a number"),
    ],
)
def test_an_error_in_the_file_names_its_line(old: str, new: str, problem: str) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    changed = text.replace(old, new, 1)
    line = next(n for n, (a, b) in enumerate(zip(text.split("\n"), changed.split("\n"), strict=False), 1) if a != b)
    # A name that stands twice is seen at its second place, brackets left open at the next line.
    later = line + 1 if "currency: USD" in new or "[1" in new else line
    with pytest.raises(UserError, match=rf"^desk\.yaml:({line}|{later}): .*{problem}"):
        parse_terms(changed.encode(), "desk.yaml")


def test_a_file_that_is_no_object_or_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"desk\.yaml:1: terms are an object"):
        parse_terms(b"- 1\n", "desk.yaml")
    with pytest.raises(UserError, match="cannot be read"):
        read_terms_file(tmp_path / "none.yaml")


def test_the_documentation_names_every_kind_measure_and_command() -> None:
    text = (EXAMPLE.parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| ([a-z_.]+) \|", text, re.MULTILINE)) - {"kind", "measure", "command"}
    assert listed == {*KINDS, *MEASURES, *COMMANDS}
