"""A queue_log as a table says the same as the text, whoever exported it; the memory of a long log is bounded."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from opsledger.domain.errors import UserError
from opsledger.ingest.adapters import queue_log
from opsledger.ingest.adapters.queue_log_book import Options
from opsledger.ingest.adapters.queue_log_memory import Memory
from tests.queue_logs import OPTIONS, adapter, chunks_of, events_of, generated

TEXT = """1767600000|a|q1|NONE|ENTERQUEUE||138|1
1767600010|a|q1|SIP/1001|CONNECT|10|b|4
1767600070|a|q1|SIP/1001|COMPLETECALLER|10|60|1
1767600080|NONE|NONE|NONE|CONFIGRELOAD|
"""
SHANGHAI = Options("t1", "asterisk:pbx1", ZoneInfo("Asia/Shanghai"))
NEW_YORK = Options("t1", "asterisk:pbx1", ZoneInfo("America/New_York"))

TABLES = {
    "csv with epochs": """time,callid,queuename,agent,event,data1,data2,data3,data4,data5
1767600000,a,q1,NONE,ENTERQUEUE,,138,1,,
1767600010,a,q1,SIP/1001,CONNECT,10,b,4,,
1767600070,a,q1,SIP/1001,COMPLETECALLER,10,60,1,,
1767600080,NONE,NONE,NONE,CONFIGRELOAD,,,,,
""",
    "one data column, other order, an id": """id;event;data;agent;queuename;callid;time
1;ENTERQUEUE;|138|1;NONE;q1;a;1767600000
2;CONNECT;10|b|4;SIP/1001;q1;a;1767600010
3;COMPLETECALLER;10|60|1;SIP/1001;q1;a;1767600070
4;CONFIGRELOAD;;NONE;NONE;NONE;1767600080
""",
    "quoted, times with offsets": """"time","callid","queuename","agent","event","data1","data2","data3"
"2026-01-05 09:00:00+01","a","q1","","ENTERQUEUE","","138","1"
"2026-01-05T08:00:10Z","a","q1","SIP/1001","CONNECT","10","b","4"
"2026-01-05 16:01:10.000000+08:00","a","q1","SIP/1001","COMPLETECALLER","10","60","1"
"2026-01-05 08:01:20+00:00","NONE","NONE","NONE","CONFIGRELOAD","","",""
""",
    "tabs and nulls": "eventdate\tuniqueid\tqname\tqagent\tqevent\tinfo1\tinfo2\tinfo3\n"
    "1767600000\ta\tq1\t\\N\tENTERQUEUE\t\\N\t138\t1\n"
    "1767600010\ta\tq1\tSIP/1001\tCONNECT\t10\tb\t4\n"
    "1767600070\ta\tq1\tSIP/1001\tCOMPLETECALLER\t10\t60\t1\n"
    "1767600080\tNONE\tNONE\tNULL\tCONFIGRELOAD\tNULL\tNULL\tNULL\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_makes_the_same_events_as_the_text(name: str) -> None:
    (chunk,) = chunks_of(TABLES[name])
    assert (chunk.read, list(chunk.dead)) == (4, [])
    assert events_of([chunk]) == events_of(chunks_of(TEXT))


def test_times_without_an_offset_are_those_of_the_switch() -> None:
    table = """             time           |  callid | queuename | agent |   event    | data1 | data2 | data3
----------------------------+---------+-----------+-------+------------+-------+-------+-------
 2026-01-05 16:00:00.000000 | a       | q1        | NONE  | ENTERQUEUE |       | 138   | 1
 2026-01-05 16:00:20.5      | a       | q1        | NONE  | ABANDON    | 1     | 1     | 20
(2 rows)
"""
    (chunk,) = chunks_of(table, SHANGHAI)
    assert (chunk.read, list(chunk.dead)) == (2, [])
    times = [e["time"] for e in events_of([chunk])]
    assert times == ["2026-01-05T08:00:00Z"] * 2 + ["2026-01-05T08:00:20.500000Z"] * 2


HEADER = "time,callid,queuename,agent,event,data1,data2,data3\n"


@pytest.mark.parametrize(
    ("options", "row", "reason", "says"),
    [
        (OPTIONS, "2026-01-05 16:00:00,a,q1,NONE,ENTERQUEUE,,138,1", "no_offset", "name the zone"),
        (NEW_YORK, "2025-03-09 02:30:00,a,q1,NONE,ENTERQUEUE,,138,1", "no_offset", "does not exist in America/New_York"),
        (OPTIONS, "05/01/2026 16:00,a,q1,NONE,ENTERQUEUE,,138,1", "malformed", "neither seconds since 1970 nor an ISO time"),
        (OPTIONS, ",a,q1,NONE,ENTERQUEUE,,138,1", "malformed", "neither"),
        (OPTIONS, "1767600000,a,q1,NONE,ENTERQUEUE,,138", "malformed", "has 7 columns, the header 8"),
        (OPTIONS, '1767600000,a,"q1,NONE,ENTERQUEUE,,138,1', "malformed", "quoted field"),
        (OPTIONS, "1767600000,a,q1,NONE,ENTER,,138,1", "unknown_type", "did you mean 'ENTERQUEUE'"),
        (OPTIONS, "1767600000,a,q1,NONE,CONNECT,,,", "malformed", "names no agent"),
    ],
)
def test_a_row_that_is_none_is_dead_with_the_reason(options: Options, row: str, reason: str, says: str) -> None:
    (chunk,) = chunks_of(f"{HEADER}{row}\n", options)
    assert [(d.reason, d.line, d.raw.decode()) for d in chunk.dead] == [(reason, 2, row)]
    assert says in chunk.dead[0].detail
    assert (chunk.read, dict(chunk.events)) == (1, {})


def test_the_hour_that_comes_twice_is_taken_as_its_first() -> None:
    row = "2025-11-02 01:30:00,a,q1,NONE,ENTERQUEUE,,138,1"
    assert events_of(chunks_of(HEADER + row, NEW_YORK))[0]["time"] == "2025-11-02T05:30:00Z"


def test_a_table_without_a_needed_column_is_refused_whole() -> None:
    with pytest.raises(UserError, match=r"queue_log:1: the table has no column 'callid'; is 'call_idx' meant for it\?"):
        chunks_of("time,call_idx,queuename,agent,event\n1,a,q1,NONE,FULL\n")


def test_a_header_alone_or_nothing_at_all_is_no_record() -> None:
    assert [c.read for c in chunks_of(HEADER)] in ([], [0])
    assert chunks_of("") == []


def test_bytes_that_are_no_text_are_dead() -> None:
    chunk = next(iter(adapter().read([(1, b"1767600000|a|q\xff1|NONE|FULL"), (2, b"1767600000|a|q1|NONE|FULL")])))
    assert [(d.reason, d.line) for d in chunk.dead] == [("not_text", 1)]


def test_an_endless_line_is_dead_and_only_its_beginning_is_kept() -> None:
    (chunk,) = chunks_of("1767600000|a|q1|NONE|FULL\n" + "x" * 600_000 + "\n1767600001|b|q1|NONE|FULL\n")
    assert (chunk.read, [(d.reason, d.length, len(d.raw)) for d in chunk.dead]) == (3, [("too_large", 600_000, 65_536)])


def test_a_long_log_comes_in_chunks_that_miss_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(generated(50)) + "\n" + "x" * 300_000 + "\n" + TEXT
    whole = chunks_of(text)
    monkeypatch.setattr(queue_log, "CHUNK_LINES", 7)
    parts = chunks_of(text)
    assert len(parts) > 20
    assert events_of(parts) == events_of(whole)
    assert [d.line for c in parts for d in c.dead] == [d.line for c in whole for d in c.dead]
    assert sum(c.read for c in parts) == sum(c.read for c in whole)


def test_memory_holds_no_more_calls_than_it_may() -> None:
    memory = Memory(calls_kept=3)
    for n in range(10):
        call = memory.call(f"c{n}")
        call.customer = str(n)
        memory.enter(call, "q1", n)
    assert len(memory) == 3
    assert list(memory.waiting["q1"]) == ["c7", "c8", "c9"]
    assert sorted(memory.callers) == ["7", "8", "9"]


def test_a_small_memory_makes_the_same_events_of_calls_that_fit_into_it() -> None:
    text = "\n".join(generated(200))
    small = Options("t1", "asterisk:pbx1", calls_kept=1_000)
    assert events_of(chunks_of(text, small)) == events_of(chunks_of(text))
    forgetful = events_of(chunks_of(text, Options("t1", "asterisk:pbx1", calls_kept=1)))
    assert {e["id"] for e in events_of(chunks_of(text)) if e["type"] == "call.answered"} == {
        e["id"] for e in forgetful if e["type"] == "call.answered"
    }
