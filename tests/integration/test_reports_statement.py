"""The vendor statement and the KPI sheet as reports: what the statement engine says, of one contract or of several."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.calendar import Grain, parse_period
from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.domain.settling import Line
from opsledger.domain.statement import StatementStoppedError
from opsledger.infra.cli.report_diff import _diff
from opsledger.infra.facts import view
from opsledger.infra.store import Store, open_store
from opsledger.projections.reports import settlement
from opsledger.projections.reports.empties import unexplained
from opsledger.projections.reports.model import Request, Result, Value
from opsledger.projections.reports.run import run_report
from tests.desk_samples import (
    NOW,
    TERMS,
    approval,
    at,
    callback,
    complaint,
    desk_calls,
    given,
    of,
    ruling,
    settled,
    signing,
    without_kpi,
)
from tests.new_ledger import new_ledger

JANUARY = parse_period(Grain.MONTH, "2026-01", "Asia/Shanghai")
APPROVED = (approval("e1"), approval("e2"), approval("e4"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data"), clock=FixedClock(NOW)) as opened:
        yield opened


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk's January with its contract and approvals, facts and all, to be copied."""
    folder = new_ledger(tmp_path_factory.mktemp("prepared") / "data")
    with open_store(folder, clock=FixedClock(NOW)) as opened:
        given(opened, desk_calls(), signing(), *APPROVED)
        with view(opened, "t1"):
            pass
    return folder


@pytest.fixture
def desk(prepared: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copytree(prepared, tmp_path / "data", symlinks=True)
    with open_store(tmp_path / "data", clock=FixedClock(NOW)) as opened:
        yield opened


def run(store: Store, code: str, month: str = "2026-01", **more: Any) -> Result:
    with view(store, "t1") as facts:
        return run_report(facts, Request(code, parse_period(Grain.MONTH, month, "Asia/Shanghai"), **more))


def column(result: Result, name: str) -> list[Value]:
    place = [c.name for c in result.columns].index(name)
    return [row[place] for row in result.rows]


def other(terms: dict[str, Any], name: str = "desk-2", vendor: str = "v2", **more: Any) -> dict[str, Any]:
    return {**signing(terms=terms), "id": name, "vendor": vendor, **more}


def test_the_kpi_sheet_is_what_the_statement_pays(desk: Store) -> None:
    result, lines = run(desk, "kpi"), of(settled(desk), "kpi")
    assert result.ok
    assert [c.name for c in result.columns[:3]] == ["agent", "service_level", "service_level.points"] or len(
        result.columns
    ) == 9
    assert column(result, "agent") == [line.party_id for line in lines] == ["a1", "a2"]
    assert column(result, "total") == [line.score for line in lines] == [30, 60]
    assert column(result, "bonus") == [line.amount for line in lines]
    assert result.totals is not None
    assert result.totals[-1] == sum(line.amount for line in lines)
    for number, line in enumerate(lines):
        for detail in line.details:
            shown = column(result, detail.item)[number]
            reached = detail.figure / 100 if detail.percent and detail.figure is not None else detail.figure
            assert (shown, column(result, f"{detail.item}.points")[number]) == (reached, detail.points)


def test_the_vendor_statement_has_the_lines_the_total_and_the_digest_of_the_engine(store: Store) -> None:
    given(
        store,
        [*desk_calls(), complaint("p1"), *callback("never", at("01-10"))],
        signing(),
        *APPROVED,
        ruling("p1", at("01-20")),
    )
    result, made = run(store, "vendor_statement"), settled(store)
    assert result.ok
    assert column(result, "amount") == [line.amount for line in made.lines]
    assert column(result, "evidence") == [sum(e.count for e in line.evidence) for line in made.lines]
    assert result.totals is not None
    assert made.total in result.totals
    assert result.parameters["digest"] == made.digest
    assert [section.title for section in result.sections] == ["How the points were made", "What each line rests on"]


def test_two_contracts_stand_together_or_one_by_one(store: Store) -> None:
    given(store, desk_calls(), signing(), other(without_kpi()), *APPROVED)
    both = run(store, "vendor_statement")
    assert both.ok
    assert set(column(both, "contract")) == {"desk", "desk-2"}
    one = run(store, "vendor_statement", only={"contract": ("desk",)})
    assert (column(one, "amount"), "contract" in [c.name for c in one.columns]) == (
        [line.amount for line in settled(store).lines],
        False,
    )
    theirs = run(store, "vendor_statement", only={"vendor": ("v2",)})
    assert theirs.parameters["contract"].startswith("desk-2")
    kpi = run(store, "kpi")
    assert set(column(kpi, "contract")) == {"desk"}
    assert any("desk-2 have no KPI rule" in note for note in kpi.footer.notes)


def test_amounts_of_two_currencies_are_not_added_up(store: Store) -> None:
    given(store, [], signing(terms=without_kpi()), other({**without_kpi(), "currency": "USD"}))
    result = run(store, "vendor_statement")
    assert result.ok
    assert set(column(result, "currency")) == {"CNY", "USD"}
    assert result.totals is not None
    assert not any(result.totals)


def test_a_contract_that_is_not_there_or_not_in_force_is_answered_with_those_that_are(store: Store) -> None:
    with pytest.raises(UserError, match="no contract is in force in 2026-01; one is signed by a command"):
        run(store, "vendor_statement")
    given(store, [], signing(terms=without_kpi()))
    with pytest.raises(UserError, match="did you mean 'desk'"):
        run(store, "vendor_statement", only={"contract": ("dask",)})
    with pytest.raises(UserError, match=r"no contract with v9 is in force in 2026-01; in force: desk \(v1\)"):
        run(store, "kpi", only={"vendor": ("v9",)})
    with pytest.raises(UserError, match="no contract is in force in 2025-11"):
        run(store, "kpi", "2025-11")


def test_a_figure_that_the_terms_need_stops_its_own_contract_only(store: Store) -> None:
    given(store, desk_calls(), signing())
    with pytest.raises(StatementStoppedError, match="Quality score"):
        run(store, "kpi")
    given(store, [], other(without_kpi()))
    result = run(store, "vendor_statement")
    assert {str(c) for c in column(result, "rule")}
    assert "desk: no statement is made" in result.footer.warnings[0]
    assert result.parameters["contract"].startswith("desk-2")


def test_where_terms_changed_within_the_month_a_row_says_its_days(store: Store) -> None:
    kpi = next(rule for rule in TERMS["rules"] if rule["kind"] == "kpi_score")
    changed = {**TERMS, "rules": [{**kpi, "fee": 8000} if rule is kpi else rule for rule in TERMS["rules"]]}
    amend = {"command": "contract.amend", "id": "desk", "actor": "ann", "at": "2025-12-21T00:00:00Z", "terms": changed}
    carried = given(
        store,
        desk_calls(),
        signing(),
        {**amend, "effective_from": at("01-12", "00:00:00")},
        *APPROVED,
    )
    assert carried.refused == []
    lines = of(settled(store), "kpi")
    result = run(store, "kpi")
    assert column(result, "days") == ["01-12 – 01-31"] * len(lines)
    assert column(result, "bonus") == [line.amount for line in lines]


@pytest.mark.parametrize(
    "asked", [{"compare": "previous"}, {"attribution": "end"}, {"profile": "wazo"}, {"only": {"queue": ("q1",)}}]
)
def test_what_a_statement_cannot_honour_is_refused(desk: Store, asked: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        run(desk, "vendor_statement", **asked)


@pytest.mark.parametrize("code", ["kpi", "vendor_statement"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_column_is_empty_without_a_reason(desk: Store, code: str, lang: Any) -> None:
    assert not unexplained(run(desk, code, lang=lang))


@pytest.mark.parametrize("code", ["vendor_statement", "data_quality"])
def test_what_changed_names_the_late_events_that_did_it(tmp_path: Path, code: str) -> None:
    then, clock = datetime(2026, 2, 1, tzinfo=UTC), FixedClock(datetime(2026, 2, 1, tzinfo=UTC))
    with open_store(new_ledger(tmp_path / "data"), clock=clock) as store:
        given(store, [*desk_calls(), *callback("never", at("01-10"))], signing(), *APPROVED)
        settled(store)
        clock.at = NOW
        given(store, callback("more", at("01-10")))
        found = _diff(store, "t1", Request(code, JANUARY), (then, None), timedelta(hours=24))
    (events,) = found.sections
    assert {row[1] for row in events.rows} == {"more"}
    assert column(found, "value") != column(found, "previous")


def test_a_line_that_is_shown_wrong_breaks_the_first_law(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: lines that do not add up to the engine's own total are told on the report."""
    given(store, [], signing(terms=without_kpi()))
    right = settlement.line_values

    def wrong(line: Line, *more: Any) -> tuple[Value, ...]:
        return right(replace(line, amount=line.amount + Decimal("0.01")), *more)

    monkeypatch.setattr(settlement, "line_values", wrong)
    assert not run(store, "vendor_statement").ok
