"""A cell leads to the rows behind it: exactly those, and what they add is the figure, for every metric and every report."""

from __future__ import annotations

import random
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.domain.calendar import Grain, make_period
from opsledger.domain.errors import UserError
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.measure import Facts, ask
from opsledger.projections.metrics.model import MOVES, Attribution, Fold, Metric
from opsledger.projections.metrics.query import Question, branches_of, cells_of
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.metrics.tables import TABLES
from opsledger.projections.reports import cells
from opsledger.projections.reports.behind import Found, rows_behind
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.cells import parse_ref, ref_of
from opsledger.projections.reports.fact_columns import FACT_COLUMNS
from opsledger.projections.reports.model import Request, Result, Shape
from opsledger.projections.reports.request import Job, checked
from opsledger.projections.reports.run import run_report
from tests import fact_rows, fact_tables, lead_walk

ZONE = "Europe/Berlin"
WEEK = make_period(Grain.WEEK, date(2026, 3, 29), ZONE)
"""It ends with a day of 23 hours."""
MONTH = make_period(Grain.MONTH, date(2026, 3, 1), ZONE)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    with fact_tables.engine(tmp_path_factory.mktemp("facts") / "db") as client:
        rows = fact_rows.make_rows(random.Random(11), WEEK.start - timedelta(hours=9), 9 * 86_400, 400)
        for table, some in rows.items():
            fact_tables.insert(client, table, some)
        yield Facts(client, "t1", WEEK.stop - timedelta(hours=5))


def _job(facts: Facts) -> Job:
    return checked(facts, Request("service_indicators", WEEK))


def _lists(job: Job, metric: Metric, question: Question, number: int | None) -> list[tuple[Question, Found]]:
    parts = [replace(question, cells=tuple(question.cells[i] for i in branch)) for branch in branches_of(question)]
    return [(part, rows_behind(job, metric, part, number)) for part in parts]


def _added(found: Found, place: int) -> Decimal:
    return sum((Decimal(str(row[place] or 0)) for row in found.section.rows), Decimal(0))


def _agrees(question: Question, found: Found, sums: dict[Any, Any]) -> bool:
    """Whether what the rows add is, cell by cell, what the report counted."""
    width = len(question.cells)
    for index, cell in enumerate(question.cells):
        added, figure = _added(found, index - width), sums[cell]
        if cell.amount.fold is Fold.P90 or figure is None:
            continue
        if (int(added) if cell.amount.fold is Fold.UNION else added) != figure:
            return False
    return True


@pytest.mark.parametrize("code", list(METRICS))
def test_the_rows_behind_every_metric_add_up_to_it_in_every_interval(facts: Facts, code: str) -> None:
    job, metric = _job(facts), METRICS[code]
    for asked in (None, *(a for a in MOVES if metric.movable and metric.can(a))):
        for cut in (None, Cut(WEEK, Every.DAY)):
            question = Question(cells_of([metric], asked), WEEK, (), cut)
            answers = ask(facts, question)
            for key, sums in answers[2:3] or answers[:1]:
                number = int(key[0]) if cut is not None else None
                at = dict(zip(question.cells, sums, strict=True))
                for part, found in _lists(job, metric, question, number):
                    assert _agrees(part, found, at), (code, asked, key)
                    assert not found.breaches


@pytest.mark.parametrize("code", ["talk_time", "entries", "signed_in_time", "fault_minutes", "quality_score"])
def test_a_figure_that_is_off_by_one_does_not_agree(facts: Facts, code: str) -> None:
    metric = METRICS[code]
    question = Question(cells_of([metric], None), WEEK)
    ((_, sums),) = ask(facts, question)
    wrong = {cell: Decimal(value or 0) + 1 for cell, value in zip(question.cells, sums, strict=True)}
    ((part, found),) = _lists(_job(facts), metric, question, None)
    assert found.section.rows
    assert not _agrees(part, found, wrong)


def test_a_formula_planted_beside_the_registrys_is_found_out(facts: Facts) -> None:
    """The rows of a slightly other metric do not add up to this one's figure."""
    right = METRICS["service_level"]
    wrong = replace(right, numerator=replace(right.numerator, where=right.numerator.where.replace("<=", "<")))
    question = Question(cells_of([right], None), WEEK)
    ((_, sums),) = ask(facts, question)
    other = Question(cells_of([wrong], None), WEEK)
    ((part, found),) = _lists(_job(facts), wrong, other, None)
    assert not _agrees(part, found, dict(zip(other.cells, sums, strict=True)))


def test_no_row_is_listed_twice_and_none_of_another_interval(facts: Facts) -> None:
    job, cut = _job(facts), Cut(WEEK, Every.DAY)
    metric = METRICS["talk_time"]
    question = Question(cells_of([metric], Attribution.SPREAD), WEEK, (), cut)
    for interval in cut.intervals[:3]:
        ((_, found),) = _lists(job, metric, question, interval.number)
        keys = [row[:2] for row in found.section.rows]
        assert len(keys) == len(set(keys))
        assert all(Decimal(str(row[-1])) >= 0 for row in found.section.rows)


@pytest.mark.parametrize("name", list(TABLES))
def test_every_key_and_dimension_of_every_fact_has_a_title_in_both_languages(name: str) -> None:
    wanted = {*TABLES[name].key, *TABLES[name].dimensions.values()}
    assert wanted <= set(FACT_COLUMNS), wanted - set(FACT_COLUMNS)


def _figures(result: Result) -> list[tuple[int, str]]:
    """Cells of the totals and of a row in the middle; where every row is another metric, of the first row as well."""
    first = [0] if "metric" in (c.name for c in result.columns) else []
    rows = [-1, *first, len(result.rows) // 2] if result.rows else []
    return [(row, c.name) for row in rows if row >= 0 or result.totals is not None for c in result.columns]


@pytest.mark.parametrize("code", [c for c, r in REPORTS.items() if r.shape in (Shape.ROWS, Shape.INDICATORS, Shape.BULLETIN)])
def test_the_reference_of_a_cell_leads_to_rows_that_make_it(facts: Facts, code: str) -> None:
    period = WEEK if Grain.WEEK in REPORTS[code].grains else MONTH
    result, seen = run_report(facts, Request(code, period, lang="zh")), 0
    names = [c.name for c in result.columns]
    for row, column in _figures(result)[:60]:
        ref = ref_of(result, row, column)
        if ref is None:
            continue
        listed = run_report(facts, Request("call_detail", parse_ref(ref).request.period, cell=ref))
        assert listed.ok, listed.footer.warnings
        assert listed.totals is not None
        figure = (result.totals if row == -1 else result.rows[row])[names.index(column)]  # type: ignore[index]  # it is there
        name = column.partition(".")[0]
        metric = METRICS[name] if name in METRICS else METRICS[str(result.rows[row][names.index("metric")])]
        if metric.additive:
            assert listed.totals[-1] == figure, (code, row, column)
        seen += 1
    assert seen or not result.rows


def test_a_figure_of_the_best_and_the_worst_leads_to_rows_that_make_it(facts: Facts) -> None:
    result, seen = run_report(facts, Request("bulletin", WEEK)), 0
    for table, row, index, ref in lead_walk.cells_of(result):
        listed = run_report(facts, Request("call_detail", WEEK, cell=ref)) if table.number is not None else result
        assert listed.ok, listed.footer.warnings
        if table.number is not None and METRICS[table.columns[index].name].additive:
            assert (listed.totals or (None,))[-1] == table.rows[row][index]
            seen += 1
    assert seen


def test_a_reference_says_all_that_was_asked_for(facts: Facts) -> None:
    asked = Request(
        "traffic",
        WEEK,
        only={"queue": ("客服", "q1")},
        threshold_ms=15_000,
        attribution="answer",
        interval="hour",
        compare="last_year",
    )
    result = run_report(replace(facts, as_known_at=WEEK.stop), asked)
    ref = ref_of(result, 0, "answered.before")
    assert ref is not None
    found = parse_ref(ref)
    assert (found.request, found.tenant, found.metric, found.part) == (asked, "t1", "answered", "before")
    assert found.known_at == WEEK.stop
    assert list(found.keys) == ["hotline", "queue"]
    assert found.interval.startswith("2026-03-2")
    assert set(ref) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_the_period_before_has_rows_of_its_own(facts: Facts) -> None:
    later = make_period(Grain.WEEK, date(2026, 4, 1), ZONE)
    result = run_report(facts, Request("traffic", later, interval="day", compare="previous"))
    names = [c.name for c in result.columns]
    assert result.totals is not None
    ref = ref_of(result, -1, "entries.before")
    listed = run_report(facts, Request("call_detail", later, cell=ref))
    assert listed.ok
    assert len(listed.rows) == result.totals[names.index("entries.before")] == ask_entries(facts)
    assert ref_of(result, -1, "entries.change") is None


def ask_entries(facts: Facts) -> Any:
    ((_, (n,)),) = ask(facts, Question(cells_of([METRICS["entries"]], None), WEEK))
    return n


def test_text_and_empty_cells_have_no_reference(facts: Facts) -> None:
    result = run_report(facts, Request("traffic", WEEK))
    assert ref_of(result, 0, "queue") is None
    assert ref_of(result, 0, "interval") is None
    assert ref_of(result, 0, "no such column") is None
    empty = [i for i, row in enumerate(result.rows) if row[[c.name for c in result.columns].index("asa")] is None]
    assert ref_of(result, empty[0], "asa") is None
    detail = run_report(facts, Request("call_detail", WEEK))
    assert ref_of(detail, 0, "talk_ms") is None


def _ref(facts: Facts) -> str:
    ref = ref_of(run_report(facts, Request("traffic", WEEK)), 0, "entries")
    assert ref is not None
    return ref


def test_a_reference_that_was_cut_or_mistyped_is_refused(facts: Facts) -> None:
    ref = _ref(facts)
    for place in range(0, len(ref), 3):
        for wrong in (ref[:place], ref[:place] + ("A" if ref[place] != "A" else "B") + ref[place + 1 :]):
            with pytest.raises(UserError):
                parse_ref(wrong)


@given(st.text(max_size=300))
def test_any_text_is_refused_politely(text: str) -> None:
    with pytest.raises(UserError):
        parse_ref(text)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=30)
    | st.sampled_from(["traffic", "2026-01", "UTC", "entries"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([*"rtpzmoasfecwkdix", "q"])


@given(st.dictionaries(NAMES, VALUES, max_size=12))
def test_any_content_with_the_right_checksum_is_read_or_refused_politely(content: dict[str, Any]) -> None:
    base = {"r": "traffic", "t": "t1", "p": "2026-01", "z": "UTC", "m": "entries"}
    data = cells.json.dumps({**base, **content}).encode()  # type: ignore[attr-defined]  # the module's own json
    text = f"{urlsafe_b64encode(data).decode().rstrip('=')}.{cells._check(data)}"
    try:
        found = parse_ref(text)
    except UserError:
        return
    assert found.metric in REPORTS[found.request.report].metrics


def _forged(**more: Any) -> str:
    base = {"r": "traffic", "t": "t1", "p": WEEK.name, "z": ZONE, "m": "entries"}
    data = cells.json.dumps({**base, **more}).encode()  # type: ignore[attr-defined]  # the module's own json
    return f"{urlsafe_b64encode(data).decode().rstrip('=')}.{cells._check(data)}"


@pytest.mark.parametrize(
    ("forged", "message"),
    [
        ({"i": "2030-01-01T00:00:00+00:00"}, "has no interval"),
        ({"x": "before"}, "was not compared"),
        ({"z": "Mars/Olympus"}, "not a time zone"),
        ({"p": "2026-13"}, "not a month"),
        ({"p": "9999-12"}, "a year lies between"),
        ({"k": "yesterday"}, "not a moment"),
        ({"k": "0001-01-01T00:00:00+14:00"}, "not a moment"),
        ({"d": {"queue": "q1"}}, "a row of traffic has hotline, queue"),
        ({"o": {"queue": ["q2"]}, "d": {"hotline": "h1", "queue": "q1"}}, "narrowed to other values"),
        ({"o": {"priority": ["1"]}}, "cannot be narrowed by priority"),
        ({"s": -5}, "a threshold lies between"),
        ({"a": "sideways"}, "there is no attribution"),
        ({"m": "attendance"}, "has no metric"),
    ],
)
def test_a_forged_reference_is_refused_like_a_wrong_request(facts: Facts, forged: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        run_report(facts, Request("call_detail", WEEK, cell=_forged(**forged)))


def test_a_list_that_lost_a_row_says_so_on_its_face(facts: Facts) -> None:
    class Losing:
        def query(self, query: str, parameters: Any) -> Any:
            rows = facts.engine.query(query, parameters=parameters).result_rows
            return SimpleNamespace(result_rows=rows[1:] if query.startswith("SELECT `call` AS c0") else rows)

    whole = run_report(facts, Request("traffic", WEEK))
    result = run_report(replace(facts, engine=Losing()), Request("call_detail", WEEK, cell=ref_of(whole, -1, "entries")))
    assert not result.ok
    assert "Law 1" in result.footer.warnings[0]
