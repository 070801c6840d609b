"""The tables of the examples as they come from elsewhere: other line ends and marks, workbooks, cut and damaged files."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from datetime import date, time
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.real_table import RealTable
from tests.tables import EXAMPLES

BANK = "anonymous_bank.calls.yaml"
HEAD = (
    "vru+line call_id customer_id priority type date vru_entry vru_exit vru_time q_start q_exit q_time outcome "
    "ser_start ser_exit ser_time server"
)
OCTOBER = (
    "AA0101 7 0 0 PS 981004 9:00:00 9:00:10 10 0:00:00 0:00:00 0 AGENT 9:00:09 9:01:39 90 RUTH",
    "AA0101 8 555 2 PS 981004 9:00:30 9:00:38 8 9:00:38 9:01:08 30 AGENT 9:01:07 9:05:07 240 RUTH",
    "AA0102 7 0 1 NE 981004 23:59:20 23:59:30 10 23:59:30 0:00:00 30 HANG 0:00:00 0:00:00 0 NO_SERVER",
    "AA0102 8 0 0 NW 981005 0:00:04 0:00:00 -4 0:00:00 0:00:00 0 HANG 0:00:00 0:00:00 0 NO_SERVER",
    "AA0103 1 0 0 PS 981005 7:00:00 7:00:09 9 7:00:09 14:00:54 25245 PHANTOM 0:00:00 0:00:00 0 NO_SERVER",
    "AA0103 2 0 0 PS 981005 8:00:00 8:00:09 9 0:00:00 0:00:00 0 AGENT 8:00:09 1:04:06 61437 ELI",
    "AA0103 3 0 0 TT 981005 8:01:00 8:01:09 9 0:00:00 0:00:00 0 AGENT 0:00:00 0:00:00 0 NO_SERVER",
)
"""An invented month in the bank's shape, with what its real months hold: service before the VRU's end, a wait until
midnight sharp, a negative VRU time, and outliers of seven and seventeen hours."""
LINES = [line.replace(" ", "\t").encode() for line in (HEAD, *OCTOBER)]
CRLF = b"".join(line + b"\r\n" for line in LINES)
LF = CRLF.replace(b"\r\n", b"\n")

DRESSES: dict[str, Callable[[], bytes]] = {
    "LF": lambda: LF,
    "no end of line at the end": lambda: LF.rstrip(b"\n"),
    "mixed ends of lines": lambda: b"".join(line + (b"\n" if i % 2 else b"\r\n") for i, line in enumerate(LINES)),
    "blank lines between": lambda: LF.replace(b"\n", b"\n\n"),
    "a byte order mark": lambda: b"\xef\xbb\xbf" + CRLF,
    "UTF-16": lambda: LF.decode().encode("utf-16"),
    "a tab replaced by blanks": lambda: LF.replace(b"\t981004", b"   981004").replace(b"PS\t", b"PS "),
    "blanks at the ends of lines": lambda: LF.replace(b"\n", b"  \n"),
    "gzip": lambda: gzip.compress(CRLF),
}


@pytest.fixture
def table(tmp_path: Path) -> RealTable:
    return RealTable(tmp_path / "data", "desk", "Asia/Jerusalem")


def kept(table: RealTable, path: Path, content: bytes, mapping: str | Path = BANK) -> tuple[int, int, int, int]:
    path.write_bytes(content)
    return table.ingest(path, mapping).kept


def test_a_table_in_another_dress_adds_nothing(table: RealTable, tmp_path: Path) -> None:
    plain = tmp_path / "october.txt"
    plain.write_bytes(CRLF)
    paths = [plain]
    for number, (dress, made) in enumerate(DRESSES.items()):
        paths.append(tmp_path / f"other{number}.txt{'.gz' * (dress == 'gzip')}")
        paths[-1].write_bytes(made())
    first, *others = [counts.kept for counts in table.ingest_all(paths, BANK)]
    assert first == (7, 7, 0, 0)
    assert dict(zip(DRESSES, others, strict=True)) == dict.fromkeys(DRESSES, (7, 0, 7, 0))


def test_the_outliers_of_a_month_come_through_to_the_reports(table: RealTable, tmp_path: Path) -> None:
    kept(table, tmp_path / "october.txt", CRLF)
    rows = {row["call"]: row for row in table.rows("call_detail", table.month("1998-10"))}
    table.close()
    assert rows["bank:AA0103-1"]["wait_ms"] == 25_245_000
    assert rows["bank:AA0103-2"]["talk_ms"] == 61_437_000
    assert rows["bank:AA0102-7"]["wait_ms"] == 30_000
    assert rows["bank:AA0102-7"]["ended_at"].isoformat() == "1998-10-04T22:00:00+00:00"
    assert "negative_ivr" in rows["bank:AA0102-8"]["contradictions"]
    assert (rows["bank:AA0103-3"]["outcome"], rows["bank:AA0103-3"]["agent"]) == ("system", None)


def test_a_row_that_lost_a_tab_for_good_is_dead_with_its_place_and_the_rest_lives(table: RealTable, tmp_path: Path) -> None:
    broken = LF.replace(b"555\t2", b"5552")
    assert kept(table, tmp_path / "october.txt", broken) == (7, 6, 0, 1)
    assert "october.txt:3  malformed: has 16 cells, the table has 17 columns" in table.run("dead-letters", "list").out


@pytest.mark.parametrize(("times", "name"), [(1, "pwc_call_center.calls.yaml"), (3_000, BANK)])
def test_lines_that_end_in_a_carriage_return_alone_are_refused_with_what_to_do(
    table: RealTable, tmp_path: Path, times: int, name: str
) -> None:
    """Also where all the file is one line of more than a line may have."""
    content = LINES[0] + b"\r" + b"\r".join(LINES[1:] * times)
    assert kept(table, tmp_path / "mac.txt", content, name) == (0, 0, 0, 0)
    said = table.counts.said
    assert said.code == 2
    assert "mac.txt: its lines end with a carriage return and no line feed; write it anew first: tr" in said.out


def cells(*lines: str) -> list[list[str]]:
    """Rows of a table, their cells parted by bars."""
    return [line.split("|") for line in lines]


CALLS = cells(
    "Call Id|Agent|Date|Time|Topic|Answered (Y/N)|Resolved|Speed of answer in seconds|AvgTalkDuration|Satisfaction rating",
    "ID1|Ann|2021-03-27|9:12:58|Bills|Y|Y|109|0:02:23|3",
    "ID2|Ben|2021-03-27|9:12:58|Bills|N|N|||",
    "ID3|Ann|2021-03-28|18:00:00|Contracts, new|Y|N|0|0:00:30|5",
)


def as_csv(rows: list[list[str]], mark: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=mark).writerows(rows)
    return out.getvalue().encode()


def workbook(path: Path, *, dated: bool) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(CALLS[0])
    for id_, agent, day, clock, topic, answered, resolved, speed, talk, rating in CALLS[1:]:
        day_cell = date.fromisoformat(day) if dated else day
        clocks = [time(*map(int, text.split(":"))) if text and dated else text or None for text in (clock, talk)]
        numbers = [int(text) if text else None for text in (speed, rating)]
        sheet.append([id_, agent, day_cell, clocks[0], topic, answered, resolved, numbers[0], clocks[1], numbers[1]])
    book.save(path)
    return path


def test_a_workbook_of_a_table_adds_nothing_to_its_csv(table: RealTable, tmp_path: Path) -> None:
    text = (EXAMPLES / "pwc_call_center.calls.yaml").read_text(encoding="utf-8")
    mapping = tmp_path / "book.yaml"
    mapping.write_text(text.replace("format: csv", "format: xlsx"), encoding="utf-8")
    assert kept(table, tmp_path / "calls.csv", as_csv(CALLS), "pwc_call_center.calls.yaml") == (3, 3, 0, 0)
    assert kept(table, tmp_path / "excel.csv", b"\xef\xbb\xbf" + as_csv(CALLS, ";"), "pwc_call_center.calls.yaml") == (
        3,
        0,
        3,
        0,
    )
    for dated in (True, False):
        assert table.ingest(workbook(tmp_path / "calls.xlsx", dated=dated), mapping).kept == (3, 0, 3, 0)


@pytest.mark.parametrize(("shown", "times"), [("h:mm:ss", {"08:12:58.000000"}), ("h:mm:ss.000", {"08:12:57.600000"})])
def test_a_part_of_a_day_is_the_time_that_the_sheet_shows(
    table: RealTable, tmp_path: Path, shown: str, times: set[str]
) -> None:
    """0.384 of a day is 9:12:57.6; a sheet without fractions shows 9:12:58, and so does its export as CSV."""
    text = (EXAMPLES / "pwc_call_center.calls.yaml").read_text(encoding="utf-8")
    mapping = tmp_path / "book.yaml"
    mapping.write_text(text.replace("format: csv", "format: xlsx"), encoding="utf-8")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(CALLS[0])
    sheet.append(["ID1", "Ann", date(2021, 3, 27), 0.384, "Bills", "Y", "Y", 109, time(0, 2, 23), 3])
    sheet.cell(2, 4).number_format = shown
    book.save(tmp_path / "calls.xlsx")
    assert table.ingest(tmp_path / "calls.xlsx", mapping).kept == (1, 1, 0, 0)
    after = kept(table, tmp_path / "calls.csv", as_csv(CALLS[:2]), "pwc_call_center.calls.yaml")
    assert after == ((1, 0, 1, 0) if shown == "h:mm:ss" else (1, 0, 0, 1)), "the CSV says the same, or contradicts"
    found = table.query("SELECT substring(toString(started_at), 12) FROM calls FINAL")
    table.close()
    assert {row[0] for row in found} == times


def test_a_workbook_under_a_csv_mapping_is_told_what_to_write(table: RealTable, tmp_path: Path) -> None:
    counts = table.ingest(workbook(tmp_path / "calls.xlsx", dated=True), "pwc_call_center.calls.yaml")
    assert (counts.kept, counts.said.code) == ((0, 0, 0, 0), 2)
    assert "calls.xlsx: is a spreadsheet (XLSX), and the mapping says format: csv; write format: xlsx" in counts.said.out


COMPLAINTS = cells(
    "Complaint ID|Date received|Product|Issue|Sub-issue|Company|Submitted via|Date sent to company|Company public response|"
    "Company response to consumer|Consumer disputed?|Consumer complaint narrative",
    '1|09/12/2016|Loans|Terms||A, Inc.|Web|09/13/2016||Closed|N/A|He said "no",\nthen\n\nhung up',
    "2|2016-09-12|Cards|Fees|Late|B|Web Referral|09/14/2016||Closed with explanation|Yes|Twice,\r\non one day",
)


def test_a_file_cut_inside_a_story_of_several_lines_loses_that_row_alone(table: RealTable, tmp_path: Path) -> None:
    whole = as_csv(COMPLAINTS)
    cut = whole[: whole.index(b"on one day")]
    assert kept(table, tmp_path / "cut.csv", cut, "cfpb.complaints.yaml") == (2, 1, 0, 1)
    assert table.counts.said.code == 3
    listed = table.run("dead-letters", "list").out
    assert (
        "cut.csv:6  malformed: the file ends inside a quoted cell of the row that starts in line 6: it was cut short" in listed
    )
    assert kept(table, tmp_path / "whole.csv", whole, "cfpb.complaints.yaml") == (2, 1, 1, 0)
    stories = dict(table.query("SELECT complaint, content FROM complaints FINAL"))
    table.close()
    assert stories["cfpb:1"] == 'Terms. He said "no",\nthen\n\nhung up'
    assert " ".join(stories["cfpb:2"].split()) == "Fees: Late. Twice, on one day"


_REST = "29/2/2016 01:16|Caller 3|Category 55|Subcategory 170|2 - High|?|code 5|29/2/2016 11:29|5/3/2016 12:00"
TICKETS = cells(
    "number|incident_state|reassignment_count|reopen_count|sys_updated_at|assignment_group|opened_at|caller_id|category|"
    "subcategory|priority|assigned_to|closed_code|resolved_at|closed_at",
    f"INC7|New|0|0|29/2/2016 01:23|Group 56|{_REST}",
    f"INC7|Active|1|0|29/2/2016 08:53|Group 70|{_REST}",
    f"INC7|Closed|1|0|5/3/2016 12:00|Group 70|{_REST}",
    "INC8|New|0|0|1/3/2016 10:00|?|1/3/2016 10:00|?|?|?|3 - Moderate|?|?|?|?",
)


def test_a_log_whose_headers_were_damaged_is_refused_by_name_until_its_mapping_is_mended(
    table: RealTable, tmp_path: Path
) -> None:
    """Somebody took "INC", "Group" and "sub" out of the whole file, its headers too: one is new, two are alike."""
    text = as_csv(TICKETS).decode()
    for prefix in ("INC", "inc", "Caller ", "Category ", "Subcategory ", "sub", "Group ", "code "):
        text = text.replace(prefix, "")
    stripped, mapping = text.encode(), (EXAMPLES / "uci_incidents.tickets.yaml").read_text(encoding="utf-8")
    mended = tmp_path / "mended.yaml"
    assert kept(table, tmp_path / "log.csv", stripped, "uci_incidents.tickets.yaml") == (0, 0, 0, 0)
    assert "column 'category' stands 2 times in the file: write category#1 or category#2" in table.counts.said.out
    mended.write_text(mapping := mapping.replace("column: category,", "column: category#1,"), encoding="utf-8")
    assert kept(table, tmp_path / "log.csv", stripped, mended) == (0, 0, 0, 0)
    assert "the file has no column 'incident_state'; did you mean 'ident_state'?" in table.counts.said.out
    assert f"mended.yaml:{1 + mapping[: mapping.index('incident_state')].count(chr(10))}: " in table.counts.said.out
    mended.write_text(mapping.replace("missing:", "columns: {ident_state: incident_state}\nmissing:", 1), encoding="utf-8")
    assert kept(table, tmp_path / "log.csv", stripped, mended) == (4, 4, 0, 0)
    found = table.query("SELECT ticket, category, department, state, locked FROM tickets FINAL ORDER BY ticket")
    table.close()
    assert found == [("incident:7", "55", "70", "resolved", True), ("incident:8", "unknown", "", "opened", False)]


@pytest.mark.parametrize("ordered", [True, False])
def test_tickets_moved_and_solved_in_one_minute_end_where_they_were_last(
    table: RealTable, tmp_path: Path, *, ordered: bool
) -> None:
    """Rows of one minute: passed on twice, reopened and solved. A log of minutes tells their order by its counts alone;
    without them (negative control) groups come in any order and the reopening comes last."""
    base = dict(zip(TICKETS[0], TICKETS[2], strict=True)) | {"sys_updated_at": "29/2/2016 11:29"}
    rows = [
        base
        | {"number": f"INC{n}", "reassignment_count": str(count), "assignment_group": f"Group {count}", "reopen_count": again}
        for n in range(20)
        for count, again in ((1, "0"), (2, "1"), (3, "1"))
    ]
    text = (EXAMPLES / "uci_incidents.tickets.yaml").read_text(encoding="utf-8")
    mapping = tmp_path / "log.yaml"
    mapping.write_text(
        text if ordered else text.replace("at: '{dispatched}'", "at: '{updated}'").replace("at: '{moved}'", "at: '{updated}'"),
        encoding="utf-8",
    )
    log = as_csv([TICKETS[0], *([row[name] for name in TICKETS[0]] for row in rows)])
    assert kept(table, tmp_path / "log.csv", log, mapping) == (60, 60, 0, 0)
    found = table.query("SELECT department, state, countIf(reopens = 1 AND dispatches = 3) FROM tickets FINAL GROUP BY 1, 2")
    table.close()
    if ordered:
        assert found == [("Group 3", "resolved", 20)]
    else:
        assert {department for department, _, _ in found} == {"Group 1", "Group 2", "Group 3"}
        assert {state for _, state, _ in found} == {"reopened"}
