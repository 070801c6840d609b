"""Workbooks: a sheet is read as a CSV export of it would be, real dates and times included."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook

from opsledger.ingest.adapters.table_sheet import text_of
from opsledger.ingest.mapping.plan import parse_mapping
from tests.tables import CALLS, Read, read_file

MAPPING = CALLS.replace("format: csv", "format: xlsx")
DATED = MAPPING.replace("{time: at}", "{date: day, clock: clock, format: '%d/%m/%Y'}").replace("{line}", "{talk}")


def workbook(path: Path, rows: list[list[object]], title: str = "Calls") -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.create_sheet("Other").append(["nothing", "here"])
    book.save(path)
    return path


def read(path: Path, mapping: str = MAPPING) -> Read:
    return read_file(parse_mapping(mapping), path)


def test_cells_of_every_kind(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["id", "at", "line"],
        [7, datetime(2026, 1, 5, 9, 12, 58), 955.5],  # noqa: DTZ001  a sheet's dates have no zone
        ["8", "2026-01-05 09:12:58", True],
    ]
    found = read(workbook(tmp_path / "t.xlsx", rows))
    assert found.problem is None
    assert found.dead == []
    assert [(e["subject"], e["time"], e["data"]["hotline"]) for e in found.events] == [
        ("7", "2026-01-05T01:12:58Z", "955.5"),
        ("8", "2026-01-05T01:12:58Z", "true"),
    ]


def test_date_and_clock_cells_need_no_format(tmp_path: Path) -> None:
    """The mapping's format is for text cells; a real date is a date whatever it looks like on the screen."""
    rows: list[list[object]] = [
        ["id", "day", "clock", "talk"],
        [1, date(2026, 1, 5), time(9, 12, 58), timedelta(minutes=2, seconds=23)],
        [2, "05/01/2026", "9:12:58", "0:02:23"],
    ]
    found = read(workbook(tmp_path / "t.xlsx", rows), DATED)
    assert found.dead == []
    assert {(e["time"], e["data"]["hotline"].lstrip("0:")) for e in found.events} == {("2026-01-05T01:12:58Z", "2:23")}


def test_dead_rows_have_the_sheets_row_number_and_their_cells(tmp_path: Path) -> None:
    rows: list[list[object]] = [["id", "at", "line"], [1, "x", "a,b"], [None, None, None], [2, datetime(2026, 1, 5), "c"]]  # noqa: DTZ001
    found = read(workbook(tmp_path / "t.xlsx", rows))
    assert [(d.line, d.raw, d.reason) for d in found.dead] == [(2, b'1,x,"a,b"', "invalid")]
    assert [e["subject"] for e in found.events] == ["2"]


def test_a_sheet_by_name_or_number(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", [["id", "at", "line"], [1, "2026-01-05 09:12:58", "a"]], title="通话")
    for sheet in ("通话", "1"):
        assert read(path, MAPPING.replace("format: xlsx", f"format: xlsx\nsheet: '{sheet}'")).read == 1
    problem = read(path, MAPPING.replace("format: xlsx", "format: xlsx\nsheet: Othr")).problem
    assert "has no sheet 'Othr'; did you mean 'Other'?" in str(problem)


def test_a_header_further_down(tmp_path: Path) -> None:
    rows: list[list[object]] = [["January"], [], ["id", "at", "line"], [1, "2026-01-05 09:12:58", "a"]]
    found = read(workbook(tmp_path / "t.xlsx", rows), MAPPING.replace("format: xlsx", "format: xlsx\nheader: 3"))
    assert (found.read, found.dead) == (1, [])


def test_what_is_no_workbook_is_said_so(tmp_path: Path) -> None:
    text = tmp_path / "t.xlsx"
    text.write_text("id,at,line\n", encoding="utf-8")
    assert "is not an XLSX workbook; for a text table the mapping says format: csv" in str(read(text).problem)
    path = workbook(tmp_path / "u.xlsx", [["id"]])
    assert "is a spreadsheet" in str(read(path, CALLS).problem)
    broken = tmp_path / "b.xlsx"
    broken.write_bytes(path.read_bytes()[:2000])
    assert read(broken).problem is not None


def test_a_workbook_that_unpacks_to_too_much_is_left_alone(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", [["id", "at", "line"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb.xml", b"\0" * (64 << 20))
    assert "unpacks to 64 MiB" in str(read(path).problem)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (12.0, "12"),
        (12.25, "12.25"),
        (True, "true"),
        ("", ""),
        (datetime(2026, 1, 5), "2026-01-05"),  # noqa: DTZ001
        (datetime(2026, 1, 5, 9, 12, 58, 500000), "2026-01-05T09:12:58.500000"),  # noqa: DTZ001
        (datetime(1899, 12, 31, 9, 12, 58), "09:12:58"),  # noqa: DTZ001
        (timedelta(hours=30, minutes=2, seconds=3), "30:02:03"),
    ],
)
def test_cells_as_text(cell: object, text: str) -> None:
    assert text_of(cell) == text
