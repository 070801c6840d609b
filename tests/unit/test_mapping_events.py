"""The column-wise path makes the events that the border itself would make of them: same ids, bytes, columns, refusals."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.domain.envelope import fact_id
from opsledger.ingest.adapters.table import RowMaker
from opsledger.ingest.adapters.table_rows import RowBatch
from opsledger.ingest.border.columns import tables_of
from opsledger.ingest.border.judge import Refusal
from opsledger.ingest.border.wire import ENCODER
from opsledger.ingest.chunk import Chunk
from opsledger.ingest.mapping import encode
from opsledger.ingest.mapping.ids import fact_ids, id_texts
from opsledger.ingest.mapping.plan import parse_mapping
from tests.tables import border

COLUMNS = ["id", "at", "vendor", "queue", "n", "dec", "kind", "text", "flag", "due", "who"]
MAPPING = """
mapping: 1
format: csv
zone: Asia/Shanghai
tenant: t1
source: 'csv:"x"%s'
vendor: '{vendor}'
subject: 'x:{id}'
key: [id]
let:
  at_: {time: at}
  due_: {time: due}
events:
  - type: call.queued
    when: kind != 'b'
    at: '{at_}'
    actor: '{who}'
    data: {queue: '{queue}', priority: '{n}'}
  - type: call.surveyed
    at: '{at_}'
    data: {given: 'true', score: '{dec}', satisfied: {column: flag, 'true': [y], 'false': [n]}}
  - type: call.ended
    at: '{at_}'
    data: {by: '{kind}', cause: '{queue}'}
  - type: call.ended
    when: kind == 'agent'
    at: '{due_}'
    data: {by: agent}
  - type: ticket.opened
    at: '{at_}'
    on_change: correct
    data: {kind: other, category: '{queue}', priority: '{n}', due_at: '{due_}'}
  - type: ticket.accepted
    when: flag is not missing
    at: '{due_}'
  - type: ticket.checked
    at: '{at_}'
    data: {accurate: 'false', reason: '{text}'}
  - type: ticket.dispatched
    when: flag == 'y'
    on_change: keep
    at: '{at_}'
    data: {department: d, assignee: '{who}'}
  - type: queue.described
    at: '{at_}'
    when: kind == 'system'
    data:
      name: '{queue}'
      effective_from: '{at_}'
      targets: {document: {answer_rate: '{dec}', 'a "b"': '{text}', n: {number: n}}}
"""
WORDS = st.one_of(
    st.sampled_from(["", "q1", "é" * 128, "é" * 129, "x" * 256, "x" * 257, '"\\\n\t', "%s", "热线", "\x7f\x01", "😀"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
NUMBERS = st.sampled_from(["", "0", "7", "-3", "1000000", "1000001", "1.5", "2.00000", "1.23456", "1E+2", "x", "99999999999"])
TIMES = st.sampled_from(
    [
        "2026-01-05 09:12:58",
        "2026-01-05 09:12:58.000001",
        "1989-12-31 23:59:59",
        "1990-01-01 08:00:00",
        "2026-12-24 00:00:00",
        "2199-01-01 00:00:00",
        "2250-01-01 00:00:00",
        "0001-01-01 00:00:00",
        "x",
        "",
    ]
)
ROWS = st.lists(
    st.tuples(
        WORDS,
        TIMES,
        WORDS,
        WORDS,
        NUMBERS,
        NUMBERS,
        st.sampled_from(["agent", "customer", "b", "system", "x", ""]),
        st.one_of(WORDS, st.sampled_from(["y" * 8192, "y" * 8193])),
        st.sampled_from(["y", "n", "", "?"]),
        TIMES,
        WORDS,
    ).map(list),
    min_size=1,
    max_size=12,
)


def chunk_of(rows: list[list[str]]) -> Chunk:
    plan = parse_mapping(MAPPING).plan(COLUMNS)
    return RowMaker(plan, border(), pad=False).chunk(RowBatch(rows, range(2, len(rows) + 2), lambda i: repr(rows[i]).encode()))


def check(rows: list[list[str]]) -> None:
    """Every event is one that the judge takes, in its own canonical bytes, and its row is the row of the border's table."""
    chunk = chunk_of(rows)
    alive: set[int] = set()
    for stream, table in chunk.events.items():
        payloads, records = table["payload"].to_pylist(), table["record"].to_pylist()
        judged = [border().judge(raw) for raw in payloads]
        assert not [v for v in judged if isinstance(v, Refusal)]
        assert [json.loads(ENCODER.encode(v)) for v in judged] == [json.loads(raw) for raw in payloads]
        expected = tables_of(judged, payloads, records)[stream]
        assert records == sorted(records)
        assert plain(table.drop_columns(["on_change"])) == plain(expected)
        alive.update(records)
    dead = {record.record for record in chunk.dead}
    assert alive | dead == set(range(len(rows)))
    assert not alive & dead


def plain(table: pa.Table) -> dict[str, list[Any]]:
    return {name: table[name].to_pylist() for name in table.column_names}


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_the_fast_path_makes_what_the_border_makes(rows: list[list[str]]) -> None:
    check(rows)


GOOD = ["i", "2026-01-05 09:12:58", "v", "q", "7", "1.5", "agent", "text", "y", "2026-01-05 09:12:59.5", "w"]


def test_a_plain_row_makes_all_its_events_in_the_encoders_own_bytes() -> None:
    chunk = chunk_of([GOOD])
    assert not chunk.dead
    payloads = [raw for table in chunk.events.values() for raw in table["payload"].to_pylist()]
    assert len(payloads) == 8
    for raw in payloads:
        event = border().take(raw)
        assert not isinstance(event, Refusal)
        assert ENCODER.encode(event) == raw


def test_on_change_goes_with_each_event() -> None:
    (table,) = [t for s, t in chunk_of([GOOD]).events.items() if s == "ticket"]
    found = dict(zip(table["type"].to_pylist(), table["on_change"].to_pylist(), strict=True))
    assert found == {"ticket.opened": 2, "ticket.accepted": 0, "ticket.checked": 0, "ticket.dispatched": 1}


def test_control_without_the_marks_the_check_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a value that is not plain were not marked, an event that the judge refuses would get through."""
    rows = [[*GOOD[:3], "é" * 129, *GOOD[4:]]]
    check(rows)
    assert [d.reason for d in chunk_of(rows).dead] == ["invalid"]
    monkeypatch.setitem(encode._PLAIN, encode.Kind.NAME, encode._always)
    with pytest.raises(AssertionError):
        check(rows)


def test_two_events_of_one_type_from_one_row_are_told_apart() -> None:
    (call,) = [t for s, t in chunk_of([GOOD]).events.items() if s == "call"]
    ended = [json.loads(p) for p in call["payload"].to_pylist() if b"call.ended" in p]
    expected = [str(fact_id("t1", 'csv:"x"%s', "call.ended", ["i"], n)) for n in (0, 1)]
    assert [e["id"] for e in ended] == expected


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5), st.integers(0, 3)), min_size=1, max_size=5))
def test_ids_by_the_column_are_those_of_the_envelope(rows: list[tuple[str, str, int]]) -> None:
    rows = [(t.encode("utf-8", "ignore").decode(), k.encode("utf-8", "ignore").decode(), o) for t, k, o in rows]
    tenants, keys, ordinals = (list(column) for column in zip(*rows, strict=True))
    expected = [str(fact_id(t, "s", "call.ended", [k], o)) for t, k, o in rows]
    raw = [key.encode() for key in keys]
    found = id_texts(fact_ids([*tenants, "x"], "s", "call.ended", [*raw, b"x"], [*ordinals, 0]))
    assert found[:-1] == expected
    one = id_texts(fact_ids(["t"], "s", "call.ended", raw, None))
    assert one == [str(fact_id("t", "s", "call.ended", [k])) for k in keys]


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001
def test_times_are_written_as_python_writes_them(moment: datetime) -> None:
    micros = (moment - datetime(1970, 1, 1)) // (datetime.resolution)  # noqa: DTZ001
    assert encode.time_text(micros) == moment.isoformat() + "Z"
