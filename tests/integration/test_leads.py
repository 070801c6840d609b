"""What is no metric's figure leads somewhere too: to a thing's events, to how a line was made, to what a check found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid5

import pytest

from opsledger.domain.calendar import Grain, parse_period
from opsledger.domain.clock import FixedClock
from opsledger.domain.envelope import Event
from opsledger.domain.errors import UserError
from opsledger.domain.events.award import AwardGranted
from opsledger.infra.facts import view
from opsledger.infra.statements import statement_report
from opsledger.infra.store import Store, open_store
from opsledger.ingest.border.judge import Border
from opsledger.ingest.relay import tables as relay_tables
from opsledger.projections.audit.figures import Taken
from opsledger.projections.audit.statements import Settled, settled_month
from opsledger.projections.formats.html import to_html
from opsledger.projections.formats.links import links_of
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.reports import behind_line, cells
from opsledger.projections.reports.cells import ORDER, content_of, ref_of
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.run import run_report
from opsledger.projections.reports.targets import tables_of
from tests.desk_samples import NOW, approval, at, callback, complaint, desk_calls, given, ruling, signing
from tests.lead_walk import cells_of, counted, follow
from tests.ledger_samples import SPACE
from tests.new_ledger import new_ledger

JANUARY = parse_period(Grain.MONTH, "2026-01", "Asia/Shanghai")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    with open_store(new_ledger(tmp_path_factory.mktemp("desk") / "data"), clock=FixedClock(NOW)) as store:
        lines = [*desk_calls(), complaint("p1"), *callback("never", at("01-10"))]
        given(store, lines, signing(), approval("e1"), approval("e2"), approval("e4"), ruling("p1", at("01-20")))
        _award(store)
        with view(store, "t1") as facts:
            yield facts


def _award(store: Store) -> None:
    """An award that names two events as its evidence, of which the ledger has one."""
    ids = [row[0] for row in store.client.query("SELECT event_id FROM call ORDER BY subject LIMIT 1").result_rows]
    body = AwardGranted("desk", "best-employee", "a1", Decimal(100), "2026-01", (ids[0], uuid5(SPACE, "gone")))
    event = Event(uuid5(SPACE, "award"), "w1", "t1", NOW - timedelta(days=35), "decision", body)
    store.log.append(relay_tables([event], Border(store.clock, decisions=True)))


@pytest.fixture
def settled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settle each contract's month once for all references that are followed: the facts are the same, the clock stands."""
    made: dict[tuple[object, ...], Settled] = {}

    def settled(facts: Facts, contract: str, month: str) -> Settled:
        told = facts.engine, facts.tenant, facts.cutoff, facts.as_known_at, contract, month
        if told not in made:
            made[told] = settled_month(facts, contract, month)
        return made[told]

    monkeypatch.setattr(behind_line, "settled_month", settled)


@pytest.mark.usefixtures("settled_once")
@pytest.mark.parametrize("code", ["vendor_statement", "kpi"])
def test_every_figure_of_a_settled_line_leads_to_the_facts_it_was_made_from(desk: Facts, code: str) -> None:
    result = run_report(desk, Request(code, JANUARY, only={"contract": ("desk",)}))
    seen = 0
    for table, row, index, ref in cells_of(result):
        listed = follow(desk, ref)
        assert listed.ok, (table.number, row, table.columns[index].name, listed.footer.warnings)
        if (count := counted(table, row, index, ref)) is not None:
            assert len(listed.rows) == count
        name, figure = table.columns[index].name, table.rows[row][index]
        if name in ("numerator", "denominator") and listed.totals is not None:
            assert listed.totals[-2 if name == "numerator" else -1] == figure
        seen += 1
    assert seen > 10


def test_a_line_leads_to_its_rule_its_terms_its_evidence_and_its_rows(desk: Facts) -> None:
    result = run_report(desk, Request("vendor_statement", JANUARY))
    names = [c.name for c in result.columns]
    number = next(n for n, row in enumerate(result.rows) if row[names.index("evidence")] == 1 and row[names.index("quantity")])
    listed = follow(desk, str(ref_of(result, number, "amount")))
    assert listed.rows == (result.rows[number],)
    titles = [section.title for section in listed.sections]
    assert titles[:2] == ["What each line rests on", "Terms, version 1: the rule"]
    assert titles[2].startswith("Counted: ")
    assert len(listed.sections[-1].rows) == 1
    assert listed.parameters["terms"] == "1"
    assert listed.parameters["digest"] == result.parameters["digest"]
    assert {"rule", "kind"} <= {str(row[0]) for row in listed.sections[1].rows}


def test_a_line_followed_by_another_formula_is_told_on_its_face(desk: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: rows of another measure than the settled one break the first law."""
    result = run_report(desk, Request("kpi", JANUARY))
    ref = ref_of(result, 0, "service_level")
    ref = ref or next(r for t, row, i, r in cells_of(result) if t.columns[i].name.endswith(".points"))
    assert follow(desk, ref).ok
    monkeypatch.setattr(behind_line, "taken", lambda *_: Taken("calls_answered"))
    listed = follow(desk, ref)
    assert not listed.ok
    assert "Law 1" in listed.footer.warnings[0]


def test_an_award_leads_to_its_evidence_found_or_not_and_to_its_history(desk: Facts) -> None:
    result = run_report(desk, Request("penalties", JANUARY))
    (awards,) = [t for t in tables_of(result) if t.number is not None]
    proof = follow(desk, str(ref_of(result, 0, "evidence", awards.number)))
    assert len(proof.rows) == 2 == awards.rows[0][[c.name for c in awards.columns].index("evidence")]
    assert str(proof.rows[0][2]).startswith("call.")
    assert proof.rows[1][:6] == (None,) * 6
    assert any("1 events" in note for note in proof.footer.notes)
    history = follow(desk, str(ref_of(result, 0, "award", awards.number)))
    assert [row[2] for row in history.rows] == ["award.granted"]
    assert any("opsledger history award w1 --tenant t1" in note for note in history.footer.notes)


def test_a_row_of_a_list_leads_to_its_things_history_also_where_the_list_stands_behind_a_figure(desk: Facts) -> None:
    result = run_report(desk, Request("traffic", JANUARY))
    listed = follow(desk, str(ref_of(result, -1, "entries")))
    for number, row in enumerate(listed.rows):
        history = follow(desk, str(ref_of(listed, number, "call")))
        stored = desk.engine.query(
            "SELECT count() FROM call WHERE tenant = 't1' AND subject = {s:String}", parameters={"s": row[0]}
        ).result_rows
        assert len(history.rows) == stored[0][0] > 1
    assert ref_of(listed, 0, "entered_at") is None


@pytest.mark.parametrize("code", ["penalties", "vendor_statement", "kpi", "data_quality", "bulletin", "complaint_handling"])
def test_the_parts_of_a_page_make_the_references_of_all_its_tables(desk: Facts, code: str) -> None:
    result = run_report(desk, Request(code, JANUARY, lang="zh"))
    links, page = links_of(result), to_html(result)
    cells_seen = 0
    for table, row, index, ref in cells_of(result):
        own = links[0 if table.number is None else table.number + 1]
        assert own.leads(row, index)
        merged = {**own.base, **own.rows[row], **own.columns.get(index, {}), **own.cells.get((row, index), {})}
        whole = {k: merged[k] for k in ORDER if k in merged}
        data = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
        assert f"{cells._text(data)}.{cells._check(data)}" == ref
        cells_seen += 1
    at_page = page.count("<a href=#c")
    assert at_page == cells_seen


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (("line", "desk", "nothing", "2026-01-01", "", "v1", ""), "no such line"),
        (("line", "dask", "nothing", "2026-01-01", "", "v1", ""), "did you mean 'desk'"),
        (("line", "desk"), "names no rows"),
        (("subject", "call", "nobody"), "nothing is known of call 'nobody'"),
        (("subject", "system.users", "x"), "is not one of"),
        (("proof", "call", "c1"), "is not one of penalty, award"),
        (("check", "no check; DROP TABLE call"), "there is no check"),
        (("sideways", "x"), "names no rows"),
    ],
)
def test_a_reference_to_what_is_not_there_is_refused(desk: Facts, place: tuple[str, ...], message: str) -> None:
    result = run_report(desk, Request("vendor_statement", JANUARY))
    content = {"r": "vendor_statement", "t": "t1", "p": "2026-01", "z": "Asia/Shanghai", "g": list(place)}
    data = json.dumps(content).encode()
    assert content_of(result, replace(cells.Target(), place=place)) is not None
    with pytest.raises(UserError, match=message):
        follow(desk, f"{cells._text(data)}.{cells._check(data)}")


def test_the_sheet_of_a_statement_is_that_of_its_report(desk: Facts) -> None:
    made = statement_report(desk, "desk", "2026-01", "zh")
    again = run_report(desk, Request("vendor_statement", JANUARY, only={"contract": ("desk",)}, lang="zh"))
    assert (made.columns, made.rows, made.totals, made.sections) == (again.columns, again.rows, again.totals, again.sections)
    assert made.ok
    with pytest.raises(UserError, match="did you mean 'desk'"):
        statement_report(desk, "dask", "2026-01", "en")
