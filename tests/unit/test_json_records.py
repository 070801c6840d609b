"""JSON records cut out of bytes: every form of an export gives the same records, and what is broken stops nothing else."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.domain.errors import UserError
from opsledger.ingest import json_records as cutter
from opsledger.ingest import json_scan
from opsledger.ingest.json_records import Piece, json_records

WRAPPERS = ("Records", "conversations")


def pieces(data: bytes, size: int = 1000) -> list[Piece]:
    return list(json_records((data[start : start + size] for start in range(0, len(data), size)), WRAPPERS))


def raws(data: bytes, size: int = 1000) -> list[bytes]:
    return [piece.raw for piece in pieces(data, size)]


TEXT = st.text(st.sampled_from('ab"\\{}[],:\n é号'), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(TEXT, VALUES, max_size=4), min_size=1, max_size=5)
FORMS = {
    "lines": lambda found: "\n".join(map(json.dumps, found)),
    "lines with CRLF and blank ones": lambda found: "\r\n\r\n".join(map(json.dumps, found)),
    "behind each other": lambda found: "".join(map(json.dumps, found)),
    "a list": json.dumps,
    "a list by hand": lambda found: json.dumps(found, indent=2, ensure_ascii=False),
    "documents by hand": lambda found: "\n".join(json.dumps(each, indent=4, ensure_ascii=False) for each in found),
    "a page": lambda found: json.dumps({"page": 1, "x": "}]", "conversations": found, "cursor": {"a": ["]}"]}}),
    "a page by hand": lambda found: json.dumps({"Records": found, "n": None}, indent="\t"),
    "a list a line": lambda found: "\n".join(json.dumps([each]) for each in found),
}


@pytest.mark.parametrize("form", list(FORMS))
@given(found=OBJECTS, size=st.integers(1, 40))
def test_every_form_gives_the_same_records_wherever_the_blocks_are_cut(form: str, found: list[Any], size: int) -> None:
    data = FORMS[form](found).encode()
    wrapped = [each for each in found if not set(each) & set(WRAPPERS)]
    assert [json.loads(raw) for raw in raws(data, size)] == wrapped


def test_the_line_is_that_of_the_records_first_byte() -> None:
    found = pieces(b'\n{"a":\n1}\n\n  {"b":2}{"c":3}\n[\n{"d":4}]', 3)
    assert [(piece.raw, piece.line) for piece in found] == [
        (b'{"a":\n1}', 2),
        (b'{"b":2}', 5),
        (b'{"c":3}', 5),
        (b'{"d":4}', 7),
    ]


BROKEN = [
    (b'{"a":1,\n{"b":2}', [b'{"a":1,', b'{"b":2}']),
    (b'{"a":"x\n{"b":2}', [b'{"a":"x', b'{"b":2}']),
    (b'{"a":{"x":1}\n{"b":2}\n{"c":3}', [b'{"a":{"x":1}', b'{"b":2}', b'{"c":3}']),
    (b'nonsense\n{"b":2}', [b"nonsense", b'{"b":2}']),
    (b'{"a":nope}\n{"b":2}', [b'{"a":nope}', b'{"b":2}']),
    (b'{"b":2}\n{"a":', [b'{"b":2}', b'{"a":']),
    (b'{"b":2}}\n{"c":3}', [b'{"b":2}', b"}", b'{"c":3}']),
    (b'[{"a":1},\n5,\n{"b":2}]', [b'{"a":1}', b"5,", b'{"b":2}']),
    (b'{"a": // {\n1},\n"b": 2}\n{"c":3}', [b'{"a": // {\n1},\n"b": 2}', b'{"c":3}']),
    (b'[\n  {"a": {"x": 1},\n  {"b": 2}\n]', [b'{"a": {"x": 1},', b'{"b": 2}']),
    (b"[5]", [b"[5]"]),
    (b'[ERROR] disk\n{"a":1}\n[', [b"[ERROR] disk", b'{"a":1}', b"["]),
    (b'"text"\n{"a":1}', [b'"text"', b'{"a":1}']),
]


@pytest.mark.parametrize(("data", "wanted"), BROKEN)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_what_is_broken_is_a_record_and_the_next_is_whole(data: bytes, wanted: list[bytes], size: int) -> None:
    assert raws(data, size) == wanted


def test_a_brace_that_begins_a_line_within_a_record_is_no_new_record() -> None:
    data = b'{"a":\n{"x":1},\n"b":[\n{"y":2}\n]}\n{"c":3}'
    assert [json.loads(raw) for raw in raws(data, 5)] == [{"a": {"x": 1}, "b": [{"y": 2}]}, {"c": 3}]


@given(
    data=st.binary(max_size=60) | st.text(st.sampled_from('{}[]",:\\ \na1'), max_size=60).map(str.encode),
    size=st.integers(1, 20),
)
def test_no_bytes_are_lost_whatever_they_are(data: bytes, size: int) -> None:
    found: list[bytes] = []
    with suppress(UserError):
        found.extend(piece.raw for piece in json_records(data[at : at + size] for at in range(0, len(data), size)))
    beside = b" \t\r\n\v\f,[]"  # blanks, commas, and the brackets of lists
    assert b"".join(found).translate(None, beside) == data.translate(None, beside)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@pytest.mark.parametrize("huge", [b'{"a":"' + b"x" * 400 + b'","b":[1]}', b'{"a":[' + b"1, " * 200 + b"1]}"])
def test_a_huge_record_is_passed_over_with_its_length_and_hash(monkeypatch: pytest.MonkeyPatch, huge: bytes, size: int) -> None:
    monkeypatch.setattr(json_scan, "MAX_RECORD_BYTES", 100)
    monkeypatch.setattr(cutter, "MAX_RECORD_BYTES", 100)
    first, middle, last = pieces(b'{"q":1}\n' + huge + b'\n{"z":1}', size)
    assert (first.raw, last.raw, last.line) == (b'{"q":1}', b'{"z":1}', 3)
    assert middle.long is not None
    assert (middle.long.length, middle.long.sha256) == (len(huge), hashlib.sha256(huge).hexdigest())
    assert middle.long.head == huge


@pytest.mark.parametrize("data", [b'[{"a":1}', b'{"Records":[{"a":1},', b'{"Records":[{"a":1}]', b'[{"a":1}\n'])
def test_a_list_that_is_not_closed_is_said_after_its_records(data: bytes) -> None:
    found: list[bytes] = []
    with pytest.raises(UserError, match="ends inside a list"):
        found.extend(piece.raw for piece in json_records([data], WRAPPERS, "x.json"))
    assert found == [b'{"a":1}']


@pytest.mark.parametrize("line", [b'{"a":"x', b'{"a":1,', b'{"a":', b'{"a":[', b'{"a":1'])
def test_many_cut_lines_cost_no_more_than_their_number(line: bytes) -> None:
    """A file of nothing but lines that broke off would else be read once for each of its lines."""
    assert raws(b"\n".join([line] * 3_000), 1 << 16) == [line] * 3_000
