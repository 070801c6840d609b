"""A workbook as a spreadsheet program opens it: numbers are numbers, text is text, everything is said on it."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from openpyxl import Workbook

from opsledger.domain.errors import UserError
from opsledger.projections.formats import xlsx
from opsledger.projections.formats.xlsx import to_xlsx
from opsledger.projections.metrics.model import Lang
from opsledger.projections.reports.model import Column, Section
from tests.format_samples import FORMULA, charts, rich


def opened(data: bytes) -> Workbook:
    return openpyxl.load_workbook(BytesIO(data))


@pytest.mark.parametrize(("lang", "names"), [("en", ["Traffic", "Penalties  all   1 2", "Definitions", "About"]),
                                             ("zh", ["话务量统计表", "扣罚  明细   1 2", "指标定义", "报表信息"])])  # fmt: skip
def test_the_sheets_are_the_tables_the_definitions_and_what_it_is_about(lang: Lang, names: list[str]) -> None:
    assert opened(to_xlsx(rich(lang))).sheetnames == names


def test_numbers_are_numbers_in_the_format_of_their_unit() -> None:
    sheet = opened(to_xlsx(rich())).worksheets[0]
    share, wait = sheet["E5"], sheet["F6"]
    assert (share.data_type, share.number_format) == ("n", '"✗ "0.00%')
    assert share.value == pytest.approx(2 / 3)
    assert wait.number_format == "[h]:mm:ss"
    assert wait.value.total_seconds() == pytest.approx(3661)
    assert sheet["D5"].value == 1234


def test_the_header_names_units_and_stays_in_sight_with_the_names_of_the_rows() -> None:
    sheet = opened(to_xlsx(rich())).worksheets[0]
    assert sheet["F4"].value == "Average speed of answer [h:mm:ss]"
    assert sheet["E4"].value == "Answered within 20 s, rate [%]"
    assert sheet.freeze_panes == "D5"
    assert sheet.auto_filter.ref == "A4:F8"
    assert sheet["A9"].value == "Total"
    assert sheet["A9"].font.bold


def test_what_a_spreadsheet_would_run_is_text() -> None:
    book = opened(to_xlsx(rich()))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    assert FORMULA in [cell.value for cell in cells]
    assert "@SUM(A1)" in [cell.value for cell in cells]


def test_a_formula_would_be_noticed() -> None:
    book = Workbook()
    book.active["A1"] = FORMULA  # type: ignore[index]  # a new workbook has a sheet
    data = BytesIO()
    book.save(data)
    assert opened(data.getvalue()).worksheets[0]["A1"].data_type == "f"


def test_the_same_result_gives_the_same_bytes_and_another_cutoff_others() -> None:
    result = replace(rich(), charts=charts())
    assert to_xlsx(result) == to_xlsx(result)
    later = replace(result, footer=replace(result.footer, cutoff=datetime(2026, 1, 6, tzinfo=UTC)))
    assert to_xlsx(later) != to_xlsx(result)


def test_definitions_have_unit_source_and_code() -> None:
    rows = [[c.value for c in row] for row in opened(to_xlsx(rich()))["Definitions"].iter_rows()]
    assert rows[0] == ["Metric", "Definition", "Unit", "Source", "Code"]
    found = {row[4]: row for row in rows[1:]}
    assert found["asa"][2] == "h:mm:ss"
    assert "÷" in str(found["service_level"][1])
    assert found["entries"][3]


def test_about_says_period_zone_profile_cutoff_positions_warnings_and_notes() -> None:
    said = {(row[0].value, row[1].value) for row in opened(to_xlsx(rich()))["About"].iter_rows(min_row=2)}
    for pair in (("Time zone", "Asia/Shanghai"), ("Profile", "Chinese hotlines"), ("Log positions", "call/0=42"),
                 ("Read with care", "12 records were refused"), ("Note", "A note")):  # fmt: skip
        assert pair in said


def test_the_charts_are_native_and_lie_on_a_sheet_with_their_data() -> None:
    data = to_xlsx(replace(rich(), charts=charts()))
    sheet = opened(data)["Charts"]
    assert len(sheet._charts) == 4  # the fifth, a heat map, is a coloured matrix
    assert sheet.conditional_formatting
    names = zipfile.ZipFile(BytesIO(data)).namelist()
    assert sum(name.startswith("xl/charts/chart") for name in names) == 4
    assert not [name for name in names if "externalLink" in name or "vba" in name.lower()]


@pytest.mark.parametrize("name", ["", "a" * 90, "[x]:*?/\\'", "History", "\x00\ud800", "Traffic"])
def test_any_title_makes_a_sheet(name: str) -> None:
    result = rich()
    book = opened(to_xlsx(replace(result, sections=(replace(result.sections[0], title=name or " "),) * 3)))
    assert len(book.sheetnames) == len({n.casefold() for n in book.sheetnames}) == 6


def test_a_change_of_a_duration_that_is_negative_can_be_read() -> None:
    section = Section("x", (Column("name", "Name", "text"), Column("change", "Change", "ms")), (("a", Decimal(-1500)),))
    cell = opened(to_xlsx(replace(rich(), sections=(section,)))).worksheets[1]["B3"]
    assert cell.value == pytest.approx(-1.5)
    assert "s" in cell.number_format


def test_what_no_spreadsheet_could_open_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_CELLS", 10)
    with pytest.raises(UserError, match="csv"):
        to_xlsx(rich())
