"""Tables as they come: encodings, ragged rows, quotes over lines, damage. Nothing is lost, every refusal has its line."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from opsledger.domain.errors import UserError
from opsledger.ingest.adapters import table_rows
from opsledger.ingest.adapters.table import Table
from opsledger.ingest.inputs import open_input
from opsledger.ingest.mapping.plan import parse_mapping
from tests.tables import CALLS, border, collect, read_file, read_text

HEAD = "id,at,line\n"
ROW = "{},2026-01-05 09:12:5{},955{}\n"
CHINESE = CALLS.replace("{line}", "{热线}")


def rows(count: int) -> str:
    return HEAD + "".join(ROW.format(i, i % 10, i % 7) for i in range(count))


def subjects(events: list[dict[str, object]]) -> list[object]:
    return [event["subject"] for event in events]


def test_rows_become_events_in_their_order(tmp_path: Path) -> None:
    read = read_text(tmp_path, rows(25_000))
    assert (read.read, read.dead) == (25_000, [])
    assert subjects(read.events) == [str(i) for i in range(25_000)]
    assert read.events[3]["time"] == "2026-01-05T01:12:53Z"
    assert read.events[3]["data"] == {"direction": "inbound", "channel": "phone", "hotline": "9553"}


def test_reading_a_file_again_gives_the_same_ids(tmp_path: Path) -> None:
    first, again = read_text(tmp_path, rows(100)), read_text(tmp_path, rows(100))
    assert [e["id"] for e in first.events] == [e["id"] for e in again.events]
    assert len({e["id"] for e in first.events}) == 100


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_are_recognised_with_either_line_end(tmp_path: Path, encoding: str) -> None:
    text = "id,at,热线\r\n" + "".join(f"{i},2026-01-05 09:12:58,客服热线{i}\r\n" for i in range(50))
    read = read_text(tmp_path, text.encode(encoding), CHINESE)
    assert read.dead == []
    assert read.events[7]["data"]["hotline"] == "客服热线7"


def test_the_mapping_may_name_the_encoding(tmp_path: Path) -> None:
    text = "id,at,line\n1,2026-01-05 09:12:58,專線\n"
    read = read_text(tmp_path, text.encode("big5"), CALLS.replace("format: csv", "format: csv\nencoding: big5"))
    assert read.events[0]["data"]["hotline"] == "專線"


def test_compressed_tables_are_read_as_they_are(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("calls.csv", rows(30))
    assert read_text(tmp_path, gzip.compress(rows(30).encode()), name="t.csv.gz").read == 30
    assert read_text(tmp_path, packed.getvalue(), name="t.zip").read == 30


def test_a_truncated_gzip_gives_what_stood_before_the_break_then_the_error(tmp_path: Path) -> None:
    packed = gzip.compress(rows(60_000).encode(), 1)
    read = read_text(tmp_path, packed[: len(packed) // 2], name="t.csv.gz")
    assert read.read > 10_000
    assert len(read.events) == read.read - len(read.dead)
    assert len(read.dead) <= 1
    assert read.problem is not None
    assert "cut short" in str(read.problem)


def test_too_few_and_too_many_cells_are_dead_with_their_line_and_text(tmp_path: Path) -> None:
    read = read_text(tmp_path, rows(2) + "7,2026-01-05 09:12:58\n" + "8,2026-01-05 09:12:58,1,2\n" + ROW.format(9, 9, 9))
    assert [(d.reason, d.line, d.raw) for d in read.dead] == [
        ("malformed", 4, b"7,2026-01-05 09:12:58"),
        ("malformed", 5, b"8,2026-01-05 09:12:58,1,2"),
    ]
    assert read.dead[0].detail == "has 2 cells, the table has 3 columns"
    assert subjects(read.events) == ["0", "1", "9"]


def test_ragged_rows_may_be_filled_up(tmp_path: Path) -> None:
    mapping = CALLS.replace("format: csv", "format: csv\nragged: pad")
    read = read_text(tmp_path, HEAD + "7,2026-01-05 09:12:58,1,,\n8,2026-01-05 09:12:58\n9,2026-01-05 09:12:58,1,,x\n", mapping)
    assert subjects(read.events) == ["7"]
    assert [(d.line, d.reason) for d in read.dead] == [(3, "invalid"), (4, "malformed")]


def test_quotes_over_lines_and_blank_lines_keep_the_line_numbers_right(tmp_path: Path) -> None:
    text = HEAD + '\n1,2026-01-05 09:12:58,"a\nb"\n\n2,x,1\n3,2026-01-05 09:12:58,"c ""d"",\ne"\n4,y,"f\ng"\n'
    read = read_text(tmp_path, text)
    assert [e["data"]["hotline"] for e in read.events] == ["a\nb", 'c "d",\ne']
    assert [(d.line, d.raw) for d in read.dead] == [(6, b"2,x,1"), (9, b'4,y,"f\ng"')]
    assert read.read == 4


def test_a_file_cut_inside_quotes_loses_only_its_last_row(tmp_path: Path) -> None:
    read = read_text(tmp_path, rows(20_005) + '77,2026-01-05 09:12:58,"half a\nsto')
    assert len(read.events) == 20_005
    (dead,) = read.dead
    assert (dead.reason, dead.line, dead.raw) == ("malformed", 20_007, b'77,2026-01-05 09:12:58,"half a\nsto')
    assert "line 20007" in dead.detail


def test_rows_after_a_broken_one_are_read(tmp_path: Path) -> None:
    read = read_text(tmp_path, HEAD + '1,2026-01-05 09:12:58,"a"b\n2,2026-01-05 09:12:58,1\n')
    assert [(d.reason, d.line) for d in read.dead] == [("malformed", 2)]
    assert subjects(read.events) == ["2"]


def test_bytes_that_are_no_text_and_zero_bytes_kill_their_row_only(tmp_path: Path) -> None:
    text = rows(200).encode() + b"x,2026-01-05 09:12:58,a\xffb\n" + b"y,2026-01-05 09:12:58,1\n"
    read = read_text(tmp_path, text)
    assert [(d.reason, d.line, d.raw) for d in read.dead] == [("not_text", 202, b"x,2026-01-05 09:12:58,a\xffb")]
    assert subjects(read.events)[-1] == "y"
    big = rows(60_000).encode() + b"x,2026-01-05 09:12:58,a\0b\n"
    assert [(d.reason, d.detail) for d in read_text(tmp_path, big).dead] == [("not_text", "cell 3 holds a zero byte")]


def test_a_huge_line_is_dead_with_its_length_and_the_next_one_lives(tmp_path: Path) -> None:
    huge = b"1,2026-01-05 09:12:58," + b"x" * (3 * table_rows.MAX_LINE_BYTES)
    read = read_text(tmp_path, HEAD.encode() + huge + b"\n2,2026-01-05 09:12:58,1\n")
    assert [(d.reason, d.line, d.length, len(d.raw)) for d in read.dead] == [("too_large", 2, len(huge), 64 * 1024)]
    assert subjects(read.events) == ["2"]


def test_a_cell_beyond_its_limit_is_refused_by_the_judge_with_column_and_value(tmp_path: Path) -> None:
    read = read_text(tmp_path, HEAD + "1,2026-01-05 09:12:58," + "y" * 300 + "\n")
    (dead,) = read.dead
    assert dead.reason == "invalid"
    assert dead.detail.startswith(
        "call.offered: data.hotline: has 300 bytes, at most 256 are allowed; column 'line' gives 'yyy"
    )


@pytest.mark.parametrize(
    ("at", "reason", "detail"),
    [
        ("x", "invalid", "call.offered: at: column 'at': 'x' is not a time in the format iso"),
        ("", "invalid", "call.offered: at: is missing; column 'at' is empty"),
        ("2026-12-01 00:00:00", "out_of_time", "call.offered: time: 2026-11-30T16:00:00+00:00 is more than 5 minutes after"),
        ("1989-12-01 00:00:00", "out_of_time", "call.offered: time: 1989-11-30T16:00:00+00:00 is before 1990"),
        ("2026-01-05T00:00:00Z", "no_offset", "call.offered: at: column 'at': two zones"),
    ],
)
def test_a_time_that_cannot_be_is_said_so(tmp_path: Path, at: str, reason: str, detail: str) -> None:
    (dead,) = read_text(tmp_path, f"{HEAD}1,{at},1\n").dead
    assert dead.reason == reason
    assert dead.detail.startswith(detail)


def test_a_row_that_no_rule_wants_is_a_dead_letter(tmp_path: Path) -> None:
    mapping = CALLS.replace("    at: '{started}'", "    when: line != '0'\n    at: '{started}'")
    read = read_text(tmp_path, HEAD + "1,2026-01-05 09:12:58,0\n2,2026-01-05 09:12:58,1\n", mapping)
    assert [(d.reason, d.line) for d in read.dead] == [("no_event", 2)]


def test_a_row_is_dead_as_a_whole_if_one_of_its_events_is(tmp_path: Path) -> None:
    mapping = CALLS + "  - type: call.queued\n    at: '{started}'\n    data: {queue: q, priority: '{line}'}\n"
    read = read_text(
        tmp_path, HEAD + "1,2026-01-05 09:12:58,a\n2,2026-01-05 09:12:58,1\n3,2026-01-05 09:12:58,9000000\n", mapping
    )
    assert [d.line for d in read.dead] == [2, 4]
    assert {e["subject"] for e in read.events} == {"2"}
    assert len(read.events) == 2


def test_an_unknown_column_stops_the_import_before_its_first_row(tmp_path: Path) -> None:
    read = read_text(tmp_path, "id,at,hotline\n1,x,y\n")
    assert read.read == 0
    assert "mapping:14: events.0.data.hotline: the file has no column 'line'" in str(read.problem)


@pytest.mark.parametrize("text", ["", "\n", HEAD, HEAD.strip()])
def test_an_empty_table_is_no_error(tmp_path: Path, text: str) -> None:
    read = read_text(tmp_path, text)
    assert (read.read, read.problem) == (0, None) or text == "\n"


def test_a_binary_file_is_no_table(tmp_path: Path) -> None:
    assert "is not text" in str(read_text(tmp_path, bytes(range(256)) * 50).problem)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(tmp_path: Path, mark: str) -> None:
    assert read_text(tmp_path, rows(5).replace(",", mark)).read == 5


def test_blanks_between_cells(tmp_path: Path) -> None:
    mapping = CALLS.replace("format: csv", "format: tsv\ndelimiter: whitespace").replace("time: at", "date: at")
    read = read_text(tmp_path, "id\tat  line\n1\t2026-01-05\t955\n2 2026-01-05   956\n3\t2026-01-05\n", mapping)
    assert subjects(read.events) == ["1", "2"]
    assert [d.line for d in read.dead] == [4]


def test_header_names_are_trimmed_and_twins_told_apart(tmp_path: Path) -> None:
    mapping = CALLS.replace("{line}", "{line#2}")
    read = read_text(tmp_path, '\ufeff id ," at",line,line\n1,2026-01-05 09:12:58,a,b\n', mapping)
    assert read.events[0]["data"]["hotline"] == "b"
    assert "stands 2 times" in str(read_text(tmp_path, "id,at,line,line\n1,2026-01-05 09:12:58,a,b\n").problem)


def test_columns_may_be_renamed_or_named_where_there_is_no_header(tmp_path: Path) -> None:
    renamed = CALLS.replace("format: csv", "format: csv\ncolumns: {Call Id: id, Début: at, Hotline: line}")
    assert read_text(tmp_path, "Call Id,Début,Hotline\n1,2026-01-05 09:12:58,a\n", renamed).read == 1
    nameless = CALLS.replace("format: csv", "format: csv\nheader: none\ncolumns: [id, at, line]")
    assert read_text(tmp_path, "1,2026-01-05 09:12:58,a\n2,2026-01-05 09:12:58,a\n", nameless).read == 2
    wrong = renamed.replace("Début", "Debut")
    assert "the file has no column 'Debut'; did you mean 'Début'?" in str(
        read_text(tmp_path, "Call Id,Début,Hotline\n1,2026-01-05 09:12:58,a\n", wrong).problem
    )


def test_a_header_further_down(tmp_path: Path) -> None:
    mapping = CALLS.replace("format: csv", "format: csv\nheader: 3")
    read = read_text(tmp_path, "Report of January\n\n" + rows(2) + "x,y\n", mapping)
    assert subjects(read.events) == ["0", "1"]
    assert [d.line for d in read.dead] == [6]


def test_identical_rows_without_a_key_are_told_apart_and_known_again(tmp_path: Path) -> None:
    mapping = CALLS.replace("key: id", "key: row")
    text = HEAD + "1,2026-01-05 09:12:58,a\n" * 3 + "1,2026-01-05 09:12:58,b\n"
    read = read_text(tmp_path, text, mapping)
    assert len({e["id"] for e in read.events}) == 4
    assert [e["id"] for e in read_text(tmp_path, text, mapping).events] == [e["id"] for e in read.events]


def test_a_key_or_a_subject_that_is_empty_refuses_the_row(tmp_path: Path) -> None:
    (dead,) = read_text(tmp_path, HEAD + ",2026-01-05 09:12:58,a\n").dead
    assert dead.detail == "call.offered: subject: is missing; column 'id' is empty"


def test_the_tenant_may_come_from_a_column(tmp_path: Path) -> None:
    mapping = CALLS.replace("tenant: t1", "tenant: '{line}'")
    read = read_text(tmp_path, HEAD + "1,2026-01-05 09:12:58,a\n1,2026-01-05 09:12:58,b\n2,2026-01-05 09:12:58,\n", mapping)
    assert [e["tenant"] for e in read.events] == ["a", "b"]
    assert read.events[0]["id"] != read.events[1]["id"]
    assert [d.line for d in read.dead] == [4]


def test_a_conflict_can_be_traced_to_its_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(rows(3) + '4,2026-01-05 09:12:58,"a\nb"\n', encoding="utf-8")
    with open_input(path) as source:
        (chunk,) = Table(parse_mapping(CALLS), border()).chunks(source)
    assert chunk.origin is not None
    assert chunk.origin(1) == (3, b"1,2026-01-05 09:12:51,9551")
    assert chunk.origin(3) == (5, b'4,2026-01-05 09:12:58,"a\nb"')


def test_a_preview_shows_rows_with_their_events_or_the_refusal(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(HEAD + "1,2026-01-05 09:12:58,a\n2,x,b\n" + rows(50)[len(HEAD) :], encoding="utf-8")
    with open_input(path) as source:
        shown = Table(parse_mapping(CALLS), border()).preview(source, 2)
    assert [p.line for p in shown] == [2, 3]
    assert shown[0].cells == {"id": "1", "at": "2026-01-05 09:12:58", "line": "a"}
    assert [e["type"] for e in shown[0].events] == ["call.offered"]
    assert shown[1].refusal.startswith("invalid: call.offered: at: column 'at': 'x'")


def test_dead_rows_are_read_again_by_a_mended_mapping(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(HEAD + '1,05/01/2026 09:12:58,"a\nb"\n2,2026-01-05 09:12:58,c\n3,2026-01-05\n', encoding="utf-8")
    table = Table(parse_mapping(CALLS), border())
    with open_input(path) as source:
        chunks = list(table.chunks(source))
    dead = [record for chunk in chunks for record in chunk.dead]
    assert [d.line for d in dead] == [2, 5]
    assert chunks[0].columns == ("id", "at", "line")
    mended = Table(parse_mapping(CALLS.replace("zone:", "dates: [iso, '%d/%m/%Y %H:%M:%S']\nzone:")), border())
    read = collect([mended.again([d.raw for d in dead], chunks[0].columns)])
    assert [(e["subject"], e["data"]["hotline"]) for e in read.events] == [("1", "a\nb")]
    assert [d.reason for d in read.dead] == ["malformed"]


def test_given_tenant_and_source_go_before_those_of_the_mapping(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(rows(1), encoding="utf-8")
    event = read_file(parse_mapping(CALLS), path, tenant="other", source="csv:other").events[0]
    assert (event["tenant"], event["source"]) == ("other", "csv:other")


def test_an_unknown_encoding_is_refused_with_the_mapping() -> None:
    with pytest.raises(UserError, match=r"mapping:4: encoding: 'utf8x' is not an encoding; did you mean 'utf-8'"):
        parse_mapping(CALLS.replace("format: csv", "format: csv\nencoding: utf8x"))
