"""No CSV runs a formula, at whatever a spreadsheet splits it, and its notes are passed over by readers that know ``#``."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from unittest.mock import patch

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.projections.formats import guard
from opsledger.projections.formats.csv import to_csv
from opsledger.projections.formats.guard import guarded, line_of, note_of
from opsledger.projections.formats.statement import to_csv as statement_csv
from opsledger.projections.formats.values import clean
from opsledger.projections.formats.xlsx import to_xlsx
from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.model import Result
from tests.format_samples import rich
from tests.unit.test_statement_formats import line, sheet

ROOT = Path(__file__).resolve().parents[2]
SEPARATORS = ",;\t|"
SIGNS = "=+-@＝＋－＠"
FORMULAS = [f"a{mark}{between}{sign}1+1" for mark in ",;\t|" for between in ("", " ", '"', '; "') for sign in SIGNS]
NASTY = st.text(alphabet="".join(set(SEPARATORS + SIGNS)) + "\"'a1 \r\n\u00a0\u3000\u200b", max_size=12)


def _as_split(text: str) -> Iterator[str]:
    """The cells of a text as programs find them: at each separator, with and without an eye for quotes."""
    for mark in SEPARATORS:
        for row in csv.reader(StringIO(text, newline=""), delimiter=mark):
            yield from row
        for one in text.split("\r\n"):
            yield from one.split(mark)


def _run(text: str) -> list[str]:
    """The cells that a spreadsheet would run; a number is none."""
    found = [cell for cell in _as_split(text) if cell.lstrip(' "\u00a0\u3000').startswith(tuple(SIGNS))]
    return [cell for cell in found if not re.fullmatch(r"-[0-9]+(\.[0-9]+)?", cell)]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_is_split_is_no_formula(text: str) -> None:
    for written in (line_of(["x", guarded(text), "y"]), line_of([guarded(text)]), note_of(text), note_of(f"title: {text}")):
        assert _run(written) == [], written


def test_the_check_would_find_them() -> None:
    """Negative control: the same texts as they were written before, in quotes where the comma asks for them."""
    out = StringIO()
    csv.writer(out).writerows(["x", clean(text), "y"] for text in FORMULAS if "\t" not in text)
    found = _run(out.getvalue())
    assert {cell.lstrip(' "')[0] for cell in found} == set(SIGNS)
    assert _run(line_of(["x", "a;=1+1"])) == ['=1+1"', '=1+1"']


@settings(max_examples=2_000, deadline=None)
@given(st.lists(NASTY, min_size=1, max_size=4))
def test_no_cells_side_by_side_make_a_formula(texts: list[str]) -> None:
    written = line_of([*map(guarded, texts)])
    assert _run(written) == []
    assert next(csv.reader(StringIO(written, newline=""))) == [guarded(text) for text in texts]


@settings(max_examples=500, deadline=None)
@given(NASTY)
def test_no_note_is_a_formula_nor_anything_but_one_line(text: str) -> None:
    written = note_of(text)
    assert _run(written) == []
    assert (written[:2], written.splitlines() == [written[:-2]], '"' in written) == ("# ", True, False)


@pytest.mark.parametrize(
    "text", ["sales", "call/0=42, award/0=7", "2026-01-05T16:00:00+08:00", "20 s, rate", "a - b = c", "1;2"]
)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


def _hostile(text: str) -> Result:
    """A text in every place of a report that takes text from outside."""
    result = rich()
    column = replace(result.columns[1], title=text)
    sections = tuple(replace(each, title=text) for each in result.sections)
    footer = replace(result.footer, warnings=(text,), notes=(text,))
    rows = tuple((*row[:1], text, *row[2:]) for row in result.rows)
    columns = (*result.columns[:1], column, *result.columns[2:])
    parameters = {**result.parameters, "queue": text}
    return replace(
        result, title=text, columns=columns, rows=rows, sections=sections, footer=footer, parameters=parameters, totals=None
    )


@pytest.mark.parametrize("text", ["a;=1+1", "a|@SUM(1)", 'a;"=1+1', "a,=1+1", "a\t=1+1"])
def test_no_place_of_a_report_or_a_statement_is_forgotten(text: str) -> None:
    for written in (to_csv(_hostile(text)), to_csv(_hostile(text), header="names"), to_csv(_hostile(text), bom=True)):
        assert text[:2].strip() in written
        assert _run(written) == []
    told = sheet(line("complaints", "1.00", party_id=text, part=text))
    told = replace(told, tenant=text, warnings=(Label(text, text),))
    lines = tuple(
        replace(each, quantity=abs(each.quantity), unit_amount=abs(each.unit_amount)) for each in told.statement.lines
    )
    told = replace(told, statement=replace(told.statement, lines=lines, contract=text, vendor=text, currency=text))
    assert _run(statement_csv(told)) == []


@pytest.mark.parametrize("text", ["a;=1+1", "=1+1", "@SUM(1)", "a\t=1+1"])
def test_a_workbook_holds_texts_as_texts(text: str) -> None:
    book = openpyxl.load_workbook(BytesIO(to_xlsx(_hostile(text))))
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert clean(text) in {cell.value for cell in cells}
    assert not [cell.value for cell in cells if cell.data_type == "f"]


def test_every_text_is_asked_for_by_the_guard_of_this_module() -> None:
    """Negative control: without the guard the checks above find what would run."""
    with patch.object(guard, "_AFTER", guard.re.compile(r"(never)(?=!)")):
        assert _run(to_csv(_hostile("a;=1+1")))
    assert _run(to_csv(_hostile("a;=1+1"))) == []


def test_readers_that_know_comments_find_the_table_alone() -> None:
    """A note with a comma is no row. (Tables of several sections stay several tables in one file.)"""
    result = replace(rich(), sections=())
    assert "award/0=7, call/0=42" in to_csv(
        replace(result, footer=replace(result.footer, positions={"award/0": 7, "call/0": 42}))
    )
    rows = [row for row in csv.reader(one for one in to_csv(result).splitlines() if not one.startswith("#")) if row]
    assert len(rows) == 1 + len(result.rows) + (result.totals is not None)
    assert {len(row) for row in rows} == {len(rows[0])}


_MAY_WRITE = {"ingest/adapters/table_sheet.py", "ingest/simulator/desk_table.py"}
"""Rows of a workbook as lines of text, to be read here; an invented desk's table."""


def _csv_writers(root: Path) -> set[str]:
    found = set()
    for folder in ("domain", "ingest", "projections", "dashboards", "infra"):
        for path in (root / folder).rglob("*.py"):
            calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
            names = {
                f.attr for f in calls if isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name) and f.value.id == "csv"
            }
            if names & {"writer", "DictWriter"}:
                found.add(path.relative_to(root).as_posix())
    return found


def test_nothing_else_writes_csv(tmp_path: Path) -> None:
    assert _csv_writers(ROOT) == _MAY_WRITE
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "own.py").write_text("import csv\ncsv.writer(out).writerow(row)\n")
    assert _csv_writers(tmp_path) == {"infra/own.py"}
